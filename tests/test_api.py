"""The verbs of a notebook: the same numbers as the commands, and errors that speak of arguments."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
import train_inputs
from conftest import ROOT, write_mcool
from numpy.testing import assert_allclose, assert_array_equal

import spex
from spex.commands import tensors, train
from spex.files.sealed import load_array
from spex.inputs.genes import cached_genes_text, read_gene_table
from spex.runs.folder import DataFolder

SLOW_TO_LOAD = ("torch", "xgboost", "cooler", "matplotlib", "pandas", "scipy")


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_importing_loads_nothing_that_takes_time():
    code = f"import spex, sys; print([name for name in {SLOW_TO_LOAD} if name in sys.modules], spex.__version__)"
    assert run_python(code) == f"[] {spex.__version__}\n"


def test_every_name_is_there_and_others_are_not():
    assert {name for name in dir(spex) if getattr(spex, name) is not None} == set(spex.__all__)
    with pytest.raises(AttributeError, match=r"no attribute 'read_gene'"):
        _ = spex.read_gene


def test_the_library_leaves_the_process_as_it_found_it():
    code = """
import logging, os, signal, sys
import torch, xgboost  # with scikit-learn beside it, xgboost loads that, which sets variables of OpenMP
state = lambda: (dict(os.environ), logging.getLogger().handlers[:], logging.getLogger("spex").handlers[:],
    logging.getLogger("spex").propagate, signal.getsignal(signal.SIGTERM), torch.get_num_threads(),
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32, sys.stdout, sys.stderr)
before = state()
import spex
for name in dir(spex): getattr(spex, name)
import spex.features.arrays, spex.features.run, spex.models.registry, spex.reports.fit_figures, spex.runs.training
assert state() == before, (state(), before)
"""
    run_python(code)


def test_tf32_is_set_for_the_computation_alone():
    from spex.features.devices import computing  # noqa: PLC0415

    torch.backends.cuda.matmul.allow_tf32 = False
    before = torch.backends.cudnn.allow_tf32
    with pytest.raises(ZeroDivisionError), computing("cpu", "tf32"):
        assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32
        raise ZeroDivisionError
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == (before, False)


@pytest.fixture
def genes(world):
    return spex.read_genes(world.genes)


@pytest.mark.parametrize("maps", [(), (0, 1)], ids=["sequence alone", "with contacts"])
def test_features_are_those_that_tensors_py_writes(world, genes, narrow, tensors_argv, tmp_path, maps):
    """To the last bit, whatever the order, the batch and the cache; and loaded again from the data folder."""
    assert tensors.main(tensors_argv(maps=maps)) == 0
    folder = DataFolder(tmp_path / "data")
    contacts = spex.read_contacts([world.maps[index] for index in maps], genes) if maps else None
    shuffled = genes.sample(frac=1, random_state=3)
    given = {"contacts": contacts, "device": "cpu"}
    inputs = (world.genome, world.checkpoint)
    computed = [
        spex.gene_features(genes, *inputs, **given),
        spex.gene_features(shuffled, *inputs, **given, batch_size=7),
        spex.gene_features(genes, *inputs, **given, cache=tmp_path / "c"),
        spex.gene_features(genes, *inputs, **given, cache=tmp_path / "c"),
        spex.load_features(folder.root),
    ]
    for features in computed:
        assert len(features) == len(genes) and features.X.dtype == np.float32
        assert features.X.shape[1] == len(features.columns) == (24024 if maps else 20020)
        for gene, row in zip(features.genes["id"], features.X, strict=True):
            assert_array_equal(row, load_array(folder.tensor_path(gene)))
    pd.testing.assert_frame_equal(computed[-1].genes, genes.drop(columns="line"), check_dtype=False)
    assert list(computed[1].genes.index) == list(shuffled.index)


def test_a_loaded_network_serves_as_its_checkpoint(world, genes, narrow, tmp_path):
    from expecto.beluga import load_beluga  # noqa: PLC0415

    network, some = load_beluga(world.checkpoint), genes.head(2)
    by_path = spex.gene_features(some, world.genome, world.checkpoint, device="cpu")
    assert_array_equal(spex.gene_features(some, world.genome, network, device="cpu").X, by_path.X)
    with pytest.raises(spex.InputError, match=r"network: predictions are kept by the content of the checkpoint"):
        spex.gene_features(some, world.genome, network, device="cpu", cache=tmp_path)


def test_a_given_batch_size_holds(world, genes, narrow, monkeypatch):
    from expecto.scan import Scanner  # noqa: PLC0415

    seen = []
    predict = Scanner.predict
    monkeypatch.setattr(
        Scanner, "predict", lambda self, codes, starts: seen.append(starts.numel()) or predict(self, codes, starts)
    )
    for batch_size in (30, 200, 450):
        seen.clear()
        spex.gene_features(genes.head(3), world.genome, world.checkpoint, device="cpu", batch_size=batch_size)
        assert sum(seen) == 600
        assert max(seen) == max(batch_size // 200, 1) * 200  # whole genes
    seen.clear()
    given = {"device": "cpu", "precision": "bfloat16"}  # any windows
    spex.gene_features(genes.head(3), world.genome, world.checkpoint, batch_size=30, **given)
    assert sum(seen) == 600 and max(seen) == 30


def test_features_need_contacts_of_these_genes_and_of_this_build(world, genes, narrow, tmp_path):
    contacts = spex.read_contacts(world.maps[0], genes.iloc[:3])
    with pytest.raises(spex.InputError, match=r"contacts: \d of the 9 genes are not in them"):
        spex.gene_features(genes, world.genome, world.checkpoint, contacts=contacts, device="cpu")
    write_mcool(tmp_path / "other.mcool", {}, chromsizes={"chr1": 120_400, "chr8": 90_000, "chr9": 70_000})
    other = spex.read_contacts(tmp_path / "other.mcool", genes)
    with pytest.raises(spex.InputError, match=r"chr9 is 70,000 bp long in the maps and 61,000 bp in the genome"):
        spex.gene_features(genes, world.genome, world.checkpoint, contacts=other, device="cpu")
    with pytest.raises(spex.InputError, match=r"chr9 is 70,000 bp long there and 61,000 bp in the first map"):
        spex.read_contacts([world.maps[0], tmp_path / "other.mcool"], genes)
    with pytest.raises(spex.InputError, match=r"the same map as"):
        spex.read_contacts([world.maps[0], world.maps[0]], genes)
    with pytest.raises(spex.InputError, match=r"maps: none is given"):
        spex.read_contacts([], genes)


def test_pairs_by_hand(tmp_path, genes):
    gene = genes[genes["id"] == "G0"]  # chr1, +, TSS 60,030: published bin 60
    write_mcool(tmp_path / "map.mcool", {"chr1": [(20, 60, 2.0), (60, 61, 9.0), (60, 100, 3.0)]})
    pairs = spex.read_contacts(tmp_path / "map.mcool", gene).pairs()
    assert pairs.to_dict("list") == {
        "id": ["G0", "G0"],
        "chrom": ["chr1", "chr1"],
        "start": [20_000, 100_000],
        "end": [21_000, 101_000],
        "side": ["upstream", "downstream"],
        "count": [2.0, 3.0],
    }
    strong = spex.read_contacts(tmp_path / "map.mcool", gene, rule=spex.Corrected(min_count=3)).pairs()
    assert list(strong["start"]) == [100_000]


def test_rules_refuse_what_they_do_not_know():
    with pytest.raises(TypeError, match=r"min_count"):
        spex.Published(min_count=3)
    with pytest.raises(spex.InputError, match=r"max_dist: found 0; expected a number above 0"):
        spex.Published(max_dist=0)


@pytest.fixture
def trained(tmp_path):
    """A data folder with tensors, its features, and the options of train.py for it."""
    options = train_inputs.write_narrow_inputs(tmp_path)
    folder = DataFolder(options["--data_folder"])
    genes = spex.read_genes(options["--genes_filename"])
    table = read_gene_table(tmp_path / "genes.csv")
    folder.cached_genes.write_text(cached_genes_text(table, genes))
    expression = spex.read_expression(options["--gene_expression_filename"], genes)
    return options, spex.load_features(folder.root), expression


@pytest.mark.parametrize(
    "model, validation, seed",
    [("gbtree", ("chr9",), 5), ("gbtree", (), 1410), ("ridge", ("chr9",), 1), ("gblinear", (), 1)],
)
def test_a_fit_has_the_scores_that_train_py_prints(trained, tmp_path, capsys, sketches, model, validation, seed):
    options, features, expression = trained
    more = ["--validation_chroms", *validation] if validation else []
    parameters = train_inputs.FAST if model == "gbtree" else {}
    if parameters:
        more += ["--params", str(tmp_path / "fast.json")]
    assert train.main(train_inputs.argv(options, "--model", model, "--seed", str(seed), *more)) == 0
    target = train_inputs.TISSUES[0]
    fit = spex.fit_expression(
        features, expression, target, model=model, validation_chroms=validation, seed=seed, parameters=parameters
    )
    assert capsys.readouterr().out == fit.scores.line() + "\n"
    (folder,) = DataFolder(options["--data_folder"]).results.glob("1-*/")
    written = pd.read_csv(folder / "predictions.csv")
    pd.testing.assert_frame_equal(fit.predictions, written, rtol=1e-8, check_dtype=False)
    on_test = features.genes["chrom"].isin(["chr8"]).to_numpy()
    assert_allclose(fit.predict(features)[on_test], fit.predictions["predicted"], rtol=1e-12)
    assert spex.score(fit.predictions["observed"], fit.predictions["predicted"]) == fit.scores
    assert len(fit.importance) == features.X.shape[1] and fit.history["watched"]


def test_what_was_left_out_is_in_the_tables(trained):
    options, _, expression = trained
    genes = spex.read_genes(path := options["--genes_filename"])
    assert genes.attrs["account"] == {
        "file": path,
        "unit": "genes",
        "used": 47,
        "left_out": {"on chrX": 12, "with an empty cell": 1},
        "notes": [],
    }
    account = expression.attrs["account"]
    assert (account["used"], account["left_out"]) == (47, {"of genes that are not used": 13})
    assert genes.iloc[:3].attrs == genes.attrs  # and so is what is made of it
    both = pd.concat([genes, spex.read_genes(path, gene_type="pc")])
    assert len(both) > 47 and (genes == genes.copy()).all(axis=None)
    assert json.loads(json.dumps(genes.attrs)) == genes.attrs  # as Parquet keeps them


def test_genes_without_expression_are_left_out(trained):
    _, features, expression = trained
    known = expression.drop(index=features.genes["id"].iloc[:5])
    fit = spex.fit_expression(features, known, "Liver", model="ridge")
    assert len(fit.predictions) == known.index.isin(features.genes["id"][features.genes["chrom"] == "chr8"]).sum()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"target": "liver"}, r"target liver: no such column of expression; expected one of 4, nearest: Liver"),
        ({"model": "Rigde"}, r"model: found 'Rigde'; expected one of .*; did you mean ridge\?$"),
        ({"model": "forest"}, "model: found 'forest'; expected one of gbtree, gblinear, ridge"),
        ({"parameters": {"etta": 1}}, "parameters: .*etta.*; model gbtree has"),
        ({"test_chroms": ["chr7"]}, "test_chroms chr7: no test genes"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_its_argument(trained, changes, message):
    _, features, expression = trained
    asked = {"target": "Liver"} | changes
    with pytest.raises(spex.InputError, match=message):
        spex.fit_expression(features, expression, **asked)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"model": None}, "model: found None"),
        ({"test_chroms": 8}, "test_chroms: found 8; expected chromosomes by name, one or a list"),
        ({"validation_chroms": [9]}, "validation_chroms: found 9; expected a chromosome's name"),
        ({"seed": -1}, "seed: found -1; expected a whole number from 0"),
        ({"seed": 2.5}, "seed: found 2.5"),
        ({"pseudocount": 0}, "pseudocount: found 0; expected a number above 0"),
        ({"parameters": "fast.json"}, "parameters: found 'fast.json'; expected a dict"),
        ({"parameters": {"eta": None}}, "parameters: eta is null; expected a value"),
        ({"features": None}, "features: found NoneType; expected Features"),
        ({"expression": {"Liver": 1}}, "expression: found dict; expected a DataFrame"),
    ],
)
def test_arguments_of_another_kind_are_refused_before_anything_is_fitted(trained, changes, message):
    _, features, expression = trained
    asked = {"features": features, "expression": expression, "target": "Liver"} | changes
    with pytest.raises(spex.InputError, match=message):
        spex.fit_expression(**asked)


def test_one_chromosome_by_its_name(trained):
    _, features, expression = trained
    by_name = spex.fit_expression(
        features, expression, "Liver", model="ridge", test_chroms="chr8", validation_chroms="chr9"
    )
    assert by_name.scores == spex.fit_expression(features, expression, "Liver", model="ridge").scores


def test_expression_of_other_genes_is_refused(trained):
    _, features, expression = trained
    with pytest.raises(spex.InputError, match=r"expression: 0 of the 47 genes are in its index; expected"):
        spex.fit_expression(features, expression.reset_index(drop=True), "Liver")
    versioned = expression.set_axis([f"{gene}.{number}" for number, gene in enumerate(expression.index)], axis=0)
    fit = spex.fit_expression(features, versioned, "Liver", model="ridge")
    assert fit.scores == spex.fit_expression(features, expression, "Liver", model="ridge").scores


def test_contacts_of_another_place_or_strand_are_refused(world, genes, narrow):
    for moved in (genes.assign(tss=genes["tss"] + 1), genes.assign(strand=genes["strand"].map({"+": "-", "-": "+"}))):
        contacts = spex.read_contacts(world.maps, moved.iloc[3:5])
        with pytest.raises(spex.InputError, match=r"contacts: they were read for another place or strand of G"):
            spex.gene_features(genes.iloc[3:5], world.genome, world.checkpoint, contacts=contacts, device="cpu")


def test_what_a_caller_does_with_its_objects_changes_no_other(trained):
    _, features, expression = trained
    fit = spex.fit_expression(features, expression, "Liver", model="ridge")
    fit.parameters["penalties"][:] = [1.0]
    again = spex.fit_expression(features, expression, "Liver", model="ridge")
    assert again.scores == fit.scores and again != fit
    mine = features.genes.copy()
    mirrored = spex.Features(features.X, mine)
    mine["id"] = mine["id"].to_numpy()[::-1]
    assert list(mirrored.genes["id"]) == list(features.genes["id"])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"genes": None}, "genes: found NoneType; expected a DataFrame with id, chrom, strand, tss"),
        ({"genes": pd.DataFrame({"id": ["G0"]})}, "genes: no column chrom, strand, tss"),
        ({"genes": pd.DataFrame(columns=["id", "chrom", "strand", "tss"])}, "genes: no gene; expected at least one"),
        ({"device": "gpu"}, "device: found 'gpu'"),
        ({"device": "cuda:7"}, "device: found 'cuda:7'"),
        ({"precision": "float64"}, "precision: found 'float64'; expected one of float32"),
        ({"batch_size": 0}, "batch_size: found 0; expected a whole number from 1 up"),
        ({"genome": None}, "genome: found None; expected a path"),
        ({"network": 3}, "network: found 3; expected the path of a checkpoint"),
        ({"cache": 5}, "cache: found 5; expected a path"),
    ],
)
def test_arguments_of_another_kind_are_refused_before_anything_is_computed(world, genes, narrow, changes, message):
    asked = {"genes": genes, "genome": world.genome, "network": world.checkpoint, "device": "cpu"} | changes
    with pytest.raises(spex.InputError, match=message):
        spex.gene_features(**asked)


def test_readers_refuse_what_is_no_path_no_type_and_no_rule(world, genes, tmp_path):
    series = pd.Series([1.0, 2.0, 3.0])
    for read, message in (
        (lambda: spex.read_genes(None), "genes: found None; expected a path"),
        (lambda: spex.read_genes(world.genes, gene_type="mRNA"), "gene_type: found 'mRNA'; expected one of pc"),
        (lambda: spex.read_contacts(world.maps, genes, rule="published"), "rule: found 'published'; expected spex.Pub"),
        (lambda: spex.read_contacts(world.maps, genes, resolution=0), "resolution: found 0"),
        (lambda: spex.read_contacts(None, genes), "maps: found None; expected a path or a list"),
        (lambda: spex.Published("a"), "max_dist: found 'a'; expected a number above 0"),
        (lambda: spex.load_features(None), "data_folder: found None; expected a path"),
        (lambda: spex.score([1, 2, 3], [1, 2, 3], resamples=-1), "resamples: found -1"),
        (lambda: spex.score([1, 2, "a"], [1, 2, 3]), "observed or predicted: no numbers"),
        (lambda: spex.score(series, series[::-1]), "predicted: its index is not"),
        (lambda: spex.gene_features(genes.assign(strand=1), world.genome, world.checkpoint), "strand of G. is 1; exp"),
        (lambda: spex.read_contacts(world.maps, genes.assign(tss=0)), "tss of G. is 0; expected a position from 1 up"),
        (lambda: spex.read_contacts(world.maps, pd.concat([genes, genes])), "gene G. occurs twice"),
        (lambda: spex.read_genes(tmp_path / "gone.csv"), "genes .*gone.csv: no such file"),
    ):
        with pytest.raises(spex.InputError, match=message):
            read()


def test_what_was_predicted_is_kept_when_it_is_stopped(world, genes, narrow, tmp_path, monkeypatch):
    from spex.features.compute import FeatureComputer  # noqa: PLC0415

    features = FeatureComputer.features

    def stop_at_the_second(self, blocks, advance):
        yield next(features(self, blocks, advance))
        raise KeyboardInterrupt

    monkeypatch.setattr(FeatureComputer, "features", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        spex.gene_features(genes, world.genome, world.checkpoint, device="cpu", cache=tmp_path)
    assert list(tmp_path.glob("*/own/*/*.npy"))


def test_values_that_are_no_expression(trained):
    _, features, expression = trained
    expression.iloc[3, 0] = -1.0
    with pytest.raises(spex.InputError, match=r"of gene ENSG.* is -1; expected a number from 0 up"):
        spex.fit_expression(features, expression, expression.columns[0])


def test_features_of_another_width_are_not_predicted(trained):
    _, features, expression = trained
    fit = spex.fit_expression(features, expression, "Liver", model="ridge")
    with pytest.raises(spex.InputError, match=r"features of shape .2, 7.; expected .n, 2,000."):
        fit.predict(np.zeros((2, 7)))
    with pytest.raises(spex.InputError, match=r"a matrix of shape"):
        spex.Features(np.zeros((3, 7), np.float32), features.genes.head(2))


def test_tissues_by_name_pattern_and_index(trained, tmp_path):
    options, _, expression = trained
    genes = spex.read_genes(options["--genes_filename"])
    path = options["--gene_expression_filename"]
    assert list(expression.columns) == list(train_inputs.TISSUES)
    assert list(spex.read_expression(path, genes, targets="Brain*")) == list(train_inputs.TISSUES[1:3])
    assert list(spex.read_expression(path, genes, targets=["Liver", 1])) == [train_inputs.TISSUES[0], "Liver"]
    some = spex.read_expression(path, genes[genes["chrom"] == "chr8"], targets=4)
    pd.testing.assert_frame_equal(some, expression.loc[some.index, ["Liver"]])
    with pytest.raises(spex.InputError, match=r"targets 'Lever': no such tissue"):
        spex.read_expression(path, genes, targets="Lever")
    made_by_hand = pd.DataFrame(genes.to_dict())
    with pytest.raises(spex.InputError, match=r"no gene ids, and these genes are not rows of a genes table"):
        spex.read_expression(path, made_by_hand)
    for renumbered in (genes.sort_values("tss", ignore_index=True), genes.reset_index(drop=True)[::-1]):
        with pytest.raises(spex.InputError, match=r"these genes are not rows of a genes table"):
            spex.read_expression(path, renumbered)  # or numbers would go to other genes without a word
    with_ids = pd.read_csv(path, index_col=0).assign(id=pd.read_csv(options["--genes_filename"])["id"])
    with_ids.to_csv(tmp_path / "ids.csv", index=False)
    pd.testing.assert_frame_equal(
        spex.read_expression(tmp_path / "ids.csv", made_by_hand), expression, check_index_type=False
    )
    with_ids.rename(columns={"Liver": "Lung"}).assign(Lung2=1.0).rename(columns={"Lung2": "Lung"}).to_csv(
        tmp_path / "twice.csv", index=False
    )
    with pytest.raises(spex.InputError, match=r"2 columns Lung; choose one of them by its index"):
        spex.read_expression(tmp_path / "twice.csv", genes)


def test_folders_without_features(tmp_path):
    with pytest.raises(spex.InputError, match=r"data_folder .*cached_genes.tsv: no such file"):
        spex.load_features(tmp_path)
    (tmp_path / "cached_genes.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(spex.InputError, match=r"no column id, symbol, .*; the spex tensors command .* writes it again"):
        spex.load_features(tmp_path)


def test_features_as_anndata(trained):
    _, features, _ = trained
    table = features.to_anndata()
    assert table.shape == features.X.shape
    assert list(table.obs_names) == list(features.genes["id"])
    assert table.var_names[0] == "upstream, decay 0.01: 1" and table.var_names.is_unique
    assert list(table.var.columns) == ["position", "chromatin_feature"]
    assert_array_equal(table.X, features.X)


def test_without_anndata_the_message_says_how_to_get_it(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(
        spex.InputError, match=r"anndata, .*, is not installed; get it with: pip install 'spex-expression\[anndata\]'$"
    ):
        trained[1].to_anndata()
