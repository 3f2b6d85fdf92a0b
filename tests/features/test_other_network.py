"""A network other than Beluga, from a file: its tensors against slow oracles, and what is made of them."""

import json
from dataclasses import replace

import numpy as np
import oracles
import pandas as pd
import pytest
import torch
from conftest import example_genes, tensor_bytes, tensors_argv_in, write_fasta, write_mcool
from made_fits import save_made_fit
from made_network import BASES, FEATURES, NAMES, WINDOW, Padded
from numpy.testing import assert_allclose

import spex
from expecto.network import PUBLISHED
from spex.commands import tensors, train
from spex.effects.alleles import scorer_of
from spex.effects.changes import Change
from spex.effects.elements import ElementScorer
from spex.effects.inputs import Sources, open_inputs
from spex.errors import InputError
from spex.inputs.chromatin import find_chromatin_features
from spex.inputs.networks import network_of
from spex.runs.folder import DataFolder

GENES = ["G0", "G3", "G5", "G7"]


@pytest.fixture(scope="module")
def predict():
    """Predictions of the network itself, window by window, for the oracles; each window is computed once."""
    module, known = Padded(), {}

    def predict_once(windows):
        key = windows.tobytes()
        if key not in known:
            with torch.no_grad():
                known[key] = module(torch.from_numpy(windows[:, :, 0])).numpy()
        return known[key]

    with pytest.MonkeyPatch.context() as patch:  # the oracles look at this network's windows
        patch.setattr(oracles, "WINDOW", WINDOW)
        patch.setattr(oracles, "CHANNELS", BASES)
        yield predict_once


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A prediction cache for all tests but that of the cache itself: each window takes a millisecond."""
    return tmp_path_factory.mktemp("predictions")


@pytest.fixture
def argv(world, padded, cache, tmp_path):
    """Called with options: arguments of tensors.py with this network."""
    own = ("--network", padded, "--pred_cache_folder", cache)
    return lambda *extra, **given: tensors_argv_in(tmp_path, world, *own, *extra, **given)


def places():
    """Gene, chromosome, strand, TSS."""
    table = example_genes().set_index("id").loc[GENES]
    return zip(GENES, table["seqnames"], table["strand"], table["CAGE_representative_TSS"].astype(int), strict=True)


@pytest.fixture(scope="module")
def own_features(world, predict):
    """What the oracle says of each gene's own windows."""
    return {
        gene: oracles.gene_features(predict, world.sequences[chrom], tss, strand)
        for gene, chrom, strand, tss in places()
    }


@pytest.mark.parametrize("rule, resolution", [("published", 1000), ("corrected", 1000), ("corrected", 2000)])
def test_tensors_agree_with_the_oracle(world, predict, own_features, argv, tmp_path, rule, resolution):
    """Bins of 2,000 bp are wider than the window: two windows tile each."""
    pixels = {
        chrom: sorted({(one // 2, other // 2): count for one, other, count in of if count}.items())
        for chrom, of in world.pixels[0].items()
    }
    pixels = {chrom: [(*pair, count) for pair, count in of] for chrom, of in pixels.items()}
    write_mcool(tmp_path / "coarse.mcool", pixels, resolution=2000, others=())
    maps = {1000: (world.maps[0], world.pixels[0]), 2000: (tmp_path / "coarse.mcool", pixels)}
    path, pixels = maps[resolution]
    given = ("--contact_rule", rule, "--mcool_filename", path, "--hic_resolution", resolution)
    assert tensors.main(argv(*given)) == 0
    for gene, chrom, strand, tss in places():
        neighbours = oracles.neighbour_features(
            predict, world.sequences[chrom], tss, strand, [pixels[chrom]], rule=rule, resolution=resolution
        )
        found = np.load(DataFolder(tmp_path / "data").tensor_path(gene))
        assert found.shape == (12 * FEATURES,) and found.dtype == np.float32
        assert_allclose(found, np.concatenate([own_features[gene], neighbours]), rtol=1e-5)


def test_restart_batch_block_shard_and_cache_change_no_byte(argv, tmp_path):
    cache = ("--pred_cache_folder", tmp_path / "cache")
    assert tensors.main(argv(*cache, maps=[0])) == 0
    before = tensor_bytes(tmp_path / "data")
    assert len(before) == 9
    DataFolder(tmp_path / "data").tensor_path("G4").unlink()
    assert tensors.main(argv("--no_pred_cache", "--batch_size", 7, maps=[0])) == 0
    assert tensor_bytes(tmp_path / "data") == before
    for shard in (1, 0):
        given = ("--no_pred_cache", "--block_size", 2, "--divisor", 2, "--reminder", shard)
        assert tensors.main(argv(*given, maps=[0], data="shards")) == 0
    assert tensor_bytes(tmp_path / "shards") == before
    assert tensors.main(argv(*cache, maps=[0], data="cached")) == 0
    assert tensor_bytes(tmp_path / "cached") == before


def test_a_folder_is_tied_to_its_network(argv, padded, tmp_path, capsys, world):
    assert tensors.main(argv(data="data")) == 0
    settings = json.loads((tmp_path / "data/run.json").read_text())["settings"]
    assert settings["network"] == {"name": "padded", "window": WINDOW, "features": FEATURES, "bases": BASES}
    other = json.loads(padded.read_text()) | {"file": str(padded.with_suffix(".pt2")), "bases": "TGCA"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    for given in (["--network", tmp_path / "other.json"], ["--network", world.checkpoint]):
        assert tensors.main([*argv(data="data"), *map(str, given)]) == 2
        assert "--beluga_model_filename was" in capsys.readouterr().err.splitlines()[-1]


def test_a_precision_that_it_cannot_compute_in_is_refused_before_anything_is_written(argv, tmp_path, capsys):
    assert tensors.main(argv("--precision", "bfloat16")) == 2
    assert "--precision bfloat16: a network from a description computes in float32" in capsys.readouterr().err
    assert not (tmp_path / "data/run.json").exists() and not (tmp_path / "data/tensors").exists()


def test_features_in_python_are_those_of_the_command(argv, world, padded, genes, tmp_path):
    assert tensors.main(argv(maps=[0])) == 0
    contacts = spex.read_contacts(world.maps[:1], genes)
    found = spex.gene_features(genes, world.genome, padded, contacts=contacts, device="cpu")
    kept = spex.load_features(tmp_path / "data")
    assert found.columns.equals(kept.columns) and len(found.columns) == 12 * FEATURES
    assert found.X.tobytes() == kept.X.tobytes() and found.groups == 1
    with pytest.raises(InputError, match="expected the path of a checkpoint or of a description"):
        spex.gene_features(genes, world.genome, 3)


def test_names_of_a_description_name_features(padded, tmp_path):
    found = find_chromatin_features(None, tmp_path / "none.tsv", None, [])
    assert found is None
    network = network_of(padded)
    assert find_chromatin_features(None, padded, network, [padded])["assay"].tolist() == NAMES
    assert find_chromatin_features(None, padded, network, []) is None
    table = pd.DataFrame({"cell type": "K562", "assay": NAMES, "treatment": "None"})
    table.to_csv(tmp_path / "names.tsv", sep="\t", index=False)
    assert find_chromatin_features(tmp_path / "names.tsv", padded, network, [])["assay"].tolist() == NAMES
    with pytest.raises(InputError, match="7 rows of 3 columns; expected a table of the network's 2002"):
        find_chromatin_features(tmp_path / "names.tsv", padded, PUBLISHED, [])


# --- effects ---


@pytest.fixture
def filled(argv, world, padded, cache, tmp_path):
    """Effect inputs of a data folder with two made linear fits."""
    assert tensors.main(argv("--contact_rule", "corrected", maps=[0])) == 0
    folder = DataFolder(tmp_path / "data")
    fits = [save_made_fit(folder, seed)[1] for seed in (1, 2)]
    sources = Sources(world.genome, padded, cache, ["cpu"])
    return open_inputs(folder.root, sources, linear=True), np.stack([fit.coefficients for fit in fits])


def tensors_of(inputs):
    return np.stack([np.load(inputs.folder.tensor_path(gene)) for gene in inputs.genes["id"]]).astype(np.float64)


def test_elements_and_own_windows_add_up_to_the_prediction(filled):
    inputs, coefficients = filled
    with inputs.computer("cpu") as computer:
        scorer = ElementScorer(inputs, computer, own_windows=True)
        table = pd.concat(scorer.tables(np.arange(len(inputs.genes)), lambda _: None))
    expected = tensors_of(inputs) @ coefficients.T
    for number, tissue in enumerate(("Tissue 1", "Tissue 2")):
        sums = table[table["tissue"] == tissue].groupby("TargetGeneEnsemblID")["Score"].sum()
        assert_allclose(sums.loc[inputs.genes["id"]], expected[:, number], atol=1e-5 * np.abs(expected).max())


ALLELES = [("chr1", 45_010, 3), ("chr8", 45_400, 1)]


def test_effects_of_substitutions_are_differences_of_tensors(filled, world, padded, tmp_path):
    """Tensors of the changed genome, with the same contacts: no base moves."""
    inputs, coefficients = filled
    changes = []
    for chrom, pos, length in ALLELES:
        ref = world.sequences[chrom][pos - 1 : pos - 1 + length].upper()
        changes.append((chrom, pos, ref, ref.translate(str.maketrans("ACGTNRY", "CGTAACG"))))
    with inputs.computer("cpu") as computer:
        assert not computer.substitutes
        found = scorer_of(inputs, computer).effects([Change.of(*change) for change in changes])
    reached = 0
    for number, (chrom, pos, ref, alt) in enumerate(changes):
        letters = world.sequences[chrom]
        changed = {**world.sequences, chrom: letters[: pos - 1] + alt + letters[pos - 1 + len(ref) :]}
        write_fasta(tmp_path / "changed.fa", changed)
        contacts = replace(inputs.contacts, chromsizes=None)
        after = spex.gene_features(inputs.genes, tmp_path / "changed.fa", padded, contacts=contacts, device="cpu").X
        expected = (after - tensors_of(inputs)) @ coefficients.T
        effects = np.zeros_like(expected)
        mine = found.alleles == number
        effects[found.genes[mine]] = (found.own + found.contact)[mine]
        assert_allclose(effects, expected, atol=2e-5 * np.abs(tensors_of(inputs)).max())
        assert np.abs(expected).max() > 1e-3
        reached += mine.sum()
        (tmp_path / "changed.fa").unlink()
        (tmp_path / "changed.fa.fai").unlink()
    assert reached > len(ALLELES)


def test_it_is_trained_on(argv, world, tmp_path, sketches):
    assert tensors.main(argv(maps=[0])) == 0
    table = pd.DataFrame({"id": [f"G{number}" for number in range(9)], "Liver": np.arange(9.0)})
    table.to_csv(tmp_path / "expression.csv", index=False)
    given = ["--data_folder", tmp_path / "data", "--gene_expression_filename", tmp_path / "expression.csv"]
    given += ["--target", "Liver", "--model", "ridge", "--test_chroms", "chr8"]
    assert train.main([*map(str, given)]) == 0
    (importance,) = (tmp_path / "data/results").glob("*/importance.csv")
    found = pd.read_csv(importance)
    assert found["assay"].tolist() == NAMES and len(found.columns) == 3 + 12
