"""Features of another model as a data folder: against the network's own, slow sums, and what cannot be used."""

import json
import re
import shutil
from types import SimpleNamespace

import anndata
import numpy as np
import pandas as pd
import pybigtools
import pytest
from conftest import tensor_bytes
from given_files import bin_arrays, own_arrays, write_arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

import spex
from spex.commands.main import main
from spex.compare.folders import open_base
from spex.compare.prepare import LocalSums
from spex.runs.folder import DataFolder, contacts_of, open_made
from spex.runs.tensors import read_features

FEATURES, BINS = 50, 3

pytestmark = pytest.mark.usefixtures("sketches_of_module")


def run(*argv):
    return main([str(each) for each in argv])


@pytest.fixture(scope="module")
def given(study, tmp_path_factory):
    """What the study's folders contain, as files of another model."""
    root = tmp_path_factory.mktemp("given")
    own, bins = own_arrays(study.base, study.cache), bin_arrays(study.maps["sequence"], study.cache)
    np.savez(root / "own.npz", **own)
    np.savez(root / "bins.npz", **bins)
    random = np.random.default_rng(1)
    few = {"ids": own["ids"], "X": random.normal(size=(len(own["ids"]), FEATURES)).astype(np.float32)}
    few["names"] = np.array([f"output {number}" for number in range(FEATURES)])
    few_bins = bins | {"X": bins["X"][:, :BINS], "names": np.array(["DNase", "CTCF", "H3K27ac"])}
    np.savez(root / "few.npz", **few)
    np.savez(root / "few_bins.npz", **few_bins)
    genes = ["--genes", study.genes, "--cache", root / "cache"]
    maps = [*genes, "--maps", study.map_files["sequence"], "--resolution", 5000]
    return SimpleNamespace(root=root, own=own, bins=bins, few=few, few_bins=few_bins, genes=genes, maps=maps)


@pytest.fixture(scope="module")
def folders(given):
    """Data folders of 50 features, alone and with three numbers a contacted bin."""
    alone, contacts = given.root / "few_alone", given.root / "few_contacts"
    assert run("features", given.root / "few.npz", "--data_folder", alone, *given.genes) == 0
    bins = ["--bins", given.root / "few_bins.npz"]
    assert run("features", given.root / "few.npz", "--data_folder", contacts, *bins, *given.maps) == 0
    return alone, contacts


def contacts_in(folder):
    folder, settings = open_made(folder, "data_folder")
    return contacts_of(folder, settings, {})


def slow_sums(contacts, value_of, width):
    """Sums over each gene's contacted bins, downstream and upstream, bin by bin."""
    sums = np.zeros((len(contacts.genes), 2, width))
    for gene in range(len(contacts.genes)):
        for number in range(contacts.offsets[gene], contacts.offsets[gene + 1]):
            start = int(contacts.bins[number]) * contacts.resolution
            sums[gene, int(not contacts.downstream[number])] += value_of(contacts.chroms[gene], start)
    return sums.reshape(len(sums), -1)


def test_the_networks_own_features_given_back_are_the_same_folder(study, given, tmp_path):
    """Tensors byte for byte, and so all that is compared: the study's windows of a bin are alike."""
    base, mapped = tmp_path / "own_sequence", tmp_path / "sequence"
    genes = ["--genes", study.genes, "--cache", tmp_path / "cache"]
    assert run("features", given.root / "own.npz", "--data_folder", base, *genes) == 0
    maps = ["--maps", study.map_files["sequence"], "--resolution", 5000, "--bins", given.root / "bins.npz"]
    assert run("features", given.root / "own.npz", "--data_folder", mapped, *genes, *maps) == 0
    assert tensor_bytes(base) == tensor_bytes(study.base)
    found, expected = (
        read_features(DataFolder(each), given.own["ids"], 24_024)[0] for each in (mapped, study.maps["sequence"])
    )
    assert_allclose(found, expected, rtol=1e-6)
    genes, tables = spex.read_genes(study.genes), []
    genes = genes[genes["chrom"].isin(genes["chrom"].unique()[:10])]  # enough for a verdict
    for folders, cache in (((base, mapped), tmp_path / "cache"), ((study.base, study.maps["sequence"]), study.cache)):
        expression = spex.read_expression(study.expression, genes, targets="Tissue 1")
        compared = spex.compare_maps(folders[0], [folders[1]], expression, cache=cache, rotations=3)
        tables.append(compared.results)
    pd.testing.assert_frame_equal(*tables)
    assert tables[0]["p_seq"].notna().all()


def test_sums_equal_slow_ones_and_a_restart_the_same_bytes(given, folders):
    alone, mapped = folders
    contacts = contacts_in(mapped)
    value_of = dict(zip(zip(given.bins["chrom"], given.bins["start"], strict=True), given.few_bins["X"], strict=True))
    sums = slow_sums(contacts, lambda *place: value_of[place].astype(np.float64), BINS)
    features = spex.load_features(mapped)
    assert_array_equal(features.X[:, :FEATURES], given.few["X"])
    places = pd.Index(contacts.genes).get_indexer(features.genes["id"])
    assert_array_equal(features.X[:, FEATURES:], sums[places].astype(np.float32))
    assert features.columns[FEATURES] == ("contacts downstream", "DNase")
    assert features.columns[0] == ("own", "output 0") and spex.load_features(alone).X.shape[1] == FEATURES
    before = tensor_bytes(mapped)
    for place in sorted((mapped / "tensors").iterdir())[::3]:
        place.unlink()
    bins = ["--bins", given.root / "few_bins.npz"]
    assert run("features", given.root / "few.npz", "--data_folder", mapped, *bins, *given.maps) == 0
    assert tensor_bytes(mapped) == before
    described = json.loads((mapped / "run.json").read_text())["settings"]
    assert described["features"]["width"] == FEATURES and described["bins"]["width"] == BINS


@pytest.mark.parametrize("ending", ["npz", "h5", "zarr", "h5ad"])
def test_formats_give_the_same_folder(given, folders, tmp_path, ending):
    path, bins = tmp_path / f"few.{ending}", tmp_path / f"bins.{ending}"
    order = np.random.default_rng(2).permutation(len(given.bins["chrom"]))
    shuffled = {name: values if name == "names" else values[order] for name, values in given.few_bins.items()}
    if ending == "h5ad":
        few = given.few
        obs, var = (pd.DataFrame(index=pd.Index(few[name], dtype=object)) for name in ("ids", "names"))
        anndata.AnnData(few["X"], obs, var, obsm={"local": csr_matrix(few["X"][:, :2])}).write_h5ad(path)
        bins = tmp_path / "bins.npz"
    else:
        write_arrays(path, given.few)
    write_arrays(bins, shuffled)
    folder = tmp_path / "data"
    assert run("features", path, "--data_folder", folder, "--bins", bins, *given.maps) == 0
    assert tensor_bytes(folder) == tensor_bytes(folders[1])


def test_a_table_of_parquet_and_as_many_columns_as_models_have(given, tmp_path):
    """3,072 columns, as Enformer's trunk gives them; genes in another order."""
    pytest.importorskip("pyarrow")
    X = np.random.default_rng(4).normal(size=(len(given.few["ids"]), 3072)).astype(np.float32)
    table = pd.DataFrame(X, columns=[f"c{number}" for number in range(3072)]).assign(gene_id=given.few["ids"])
    table.iloc[::-1].to_parquet(tmp_path / "wide.parquet")
    assert run("features", tmp_path / "wide.parquet", "--data_folder", tmp_path / "data", *given.genes) == 0
    features = spex.load_features(tmp_path / "data")
    assert_array_equal(features.X, X[pd.Index(given.few["ids"]).get_indexer(features.genes["id"])])
    assert features.columns[3071] == ("own", "c3071")


def test_3072_columns(given, tmp_path):
    X = np.random.default_rng(4).normal(size=(len(given.few["ids"]), 3072)).astype(np.float32)
    np.savez(tmp_path / "wide.npz", ids=given.few["ids"], X=X)
    assert run("features", tmp_path / "wide.npz", "--data_folder", tmp_path / "data", *given.genes) == 0
    assert_array_equal(spex.load_features(tmp_path / "data").X, X)


def test_a_zarr_of_pickles_is_not_read(given, tmp_path, capsys):
    path = tmp_path / "few.zarr"
    write_arrays(path, given.few)
    metadata = path / "ids" / "zarr.json"
    content = json.loads(metadata.read_text())
    content["codecs"].append({"name": "numcodecs.pickle", "configuration": {}})
    metadata.write_text(json.dumps(content))
    assert run("features", path, "--data_folder", tmp_path / "data", *given.genes) == 2
    assert "arrays coded by numcodecs.pickle" in capsys.readouterr().err


def test_tracks_against_slow_means(study, given, tmp_path, capsys):
    """Two tracks, of which one has 200 values and ends within a bin; bases without a value count as 0."""
    contacts = contacts_in(study.maps["sequence"])
    random = np.random.default_rng(3)
    signals, paths, (first, *others, last) = [], [], dict.fromkeys(contacts.chroms.tolist())
    for number, chrom in ((0, first), (1, last)):
        sizes = {str(each): int(size) for each, size in contacts.chromsizes.items()}
        starts = np.unique(random.integers(0, sizes[chrom] - 3000, 200))
        ends = np.minimum(starts + random.integers(1, 3000, len(starts)), [*starts[1:], sizes[chrom]])
        values = random.random(len(starts)).astype(np.float32)
        paths.append(tmp_path / f"track{number}.bw")
        entries = [*zip([str(chrom)] * len(starts), starts.tolist(), ends.tolist(), values.tolist(), strict=True)]
        entries += [(each, size - 1, size, 0.0) for each, size in sizes.items() if each != chrom]
        pybigtools.open(str(paths[-1]), "w").write(sizes, iter(sorted(entries)))
        signals.append((chrom, np.zeros(sizes[chrom])))
        for start, end, value in zip(starts, ends, values, strict=True):
            signals[-1][1][start:end] = value

    def mean(chrom, start):
        of_bin = [signal[start : start + 5000] if chrom == on else np.zeros(1) for on, signal in signals]
        return np.array([values.sum() / len(values) for values in of_bin], np.float32).astype(np.float64)

    folder = tmp_path / "data"
    argv = ["features", given.root / "few.npz", "--data_folder", folder, *given.maps, "--tracks", *paths]
    argv += ["--exclude_chroms", *others]
    assert run(*argv) == 0
    contacts = contacts_in(folder)
    assert {*contacts.chroms} == {first, last}
    expected = slow_sums(contacts, mean, 2)
    features = spex.load_features(folder)
    places = pd.Index(contacts.genes).get_indexer(features.genes["id"])
    assert_allclose(features.X[:, FEATURES:], expected[places], rtol=1e-6, atol=1e-9)
    assert features.X[:, FEATURES:].any() and features.columns[-1] == ("contacts upstream", "track1")
    paths[0].write_bytes(paths[0].read_bytes()[:2000])
    argv[3] = tmp_path / "other"
    assert run(*argv) == 2
    assert f"--tracks {paths[0]}: damaged" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_every_command_takes_it(study, given, folders, tmp_path, capsys):
    alone, mapped = folders
    published = ["--gene_expression_filename", study.expression, "--genes_filename", study.genes]
    assert run("train", "--data_folder", mapped, *published, "--model", "ridge", "--target_index", "1") == 0
    (fit,) = (path.parent for path in (mapped / "results").glob("*/metrics.json"))
    table = pd.read_csv(fit / "importance.csv")
    assert list(table.columns) == ["feature", "share", "own", "contacts downstream", "contacts upstream"]
    assert table["feature"].tolist() == [*given.few["names"], *given.few_bins["names"]]
    assert table["share"].sum() == pytest.approx(1) and table["own"].notna().sum() == FEATURES
    groups = pd.read_csv(fit / "importance_groups.csv").set_index(["group", "name"])["share"]
    assert groups["feature", "CTCF"] == pytest.approx(table.set_index("feature")["share"]["CTCF"])
    assert groups["position"].index.tolist() == ["own", "contacts downstream", "contacts upstream"]
    out = tmp_path / "elements"
    gene = contacts_in(mapped).genes[np.argmax(contacts_in(mapped).number)]
    assert run("elements", mapped, "--cache", given.root / "cache", "--out", out, "--genes", gene) == 0
    rows = pd.read_csv(out / "elements.tsv", sep="\t")
    coefficients = np.load(fit / "model.npy")[1:][FEATURES:].reshape(2, BINS)
    values = {(c, s): x for c, s, x in zip(given.bins["chrom"], given.bins["start"], given.few_bins["X"], strict=True)}
    for row in rows.itertuples():
        expected = values[row.chr, row.start].astype(np.float64) @ coefficients[int(row.side == "upstream")]
        assert row.Score == pytest.approx(expected, rel=1e-5, abs=1e-9)
    in_python = spex.element_effects(mapped, genes=str(gene), cache=given.root / "cache")
    assert_allclose(in_python["Score"], rows["Score"], rtol=1e-8)
    capsys.readouterr()
    (tmp_path / "some.vcf").write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t1000\t.\tA\tC\n")
    for argv in (["variants", tmp_path / "some.vcf", mapped, "--out", tmp_path / "out"], ["variants", "null", mapped]):
        assert run(*argv) == 2
        assert "its features were given, and what an allele does to them cannot be computed" in capsys.readouterr().err
    assert run("elements", mapped, "--own_windows", "--out", out) == 2
    assert run("elements", mapped, "--cache", tmp_path / "empty", "--out", out) == 2
    assert "contacted bins on chr" in capsys.readouterr().err
    other = tmp_path / "other"
    shutil.copytree(fit, other)
    assert run("elements", alone, "--model", other, "--out", out) == 2
    assert "fitted on tensors of 56 features" in capsys.readouterr().err


def change(arrays, **changes):
    return {name: values for name, values in (arrays | changes).items() if values is not None}


def with_nan(matrix):
    matrix = matrix.copy()
    matrix[4, 7 % matrix.shape[1]] = np.nan
    return matrix


@pytest.mark.parametrize(
    "of, changes, found",
    [
        ("few", lambda a: {"ids": np.array([f"x{n}" for n in range(len(a["ids"]))])}, r"none of its \d+ ids \(x0, x1"),
        ("few", lambda a: {"X": with_nan(a["X"])}, "X has nan for gene .*, column 8 of 50"),
        ("few", lambda a: {"X": a["X"].T, "names": None}, r"X is 50 x \d+ for \d+ genes: transposed"),
        ("few", lambda a: {"X": a["X"][:-1]}, r"X of shape \(\d+, 50\) for \d+ ids"),
        ("few", lambda a: {"ids": np.array([a["ids"][1], *a["ids"][1:]])}, r"1 genes twice"),
        ("few", lambda a: {"names": a["names"][:-1]}, "49 names for 50 features"),
        ("few", lambda a: {"names": np.array(["a"] * FEATURES)}, "two features are called a"),
        ("few", lambda a: {"X": a["X"].astype(str)}, "X contains <U"),
        ("few", lambda a: {"X": a["X"].astype(np.float64) * 1e39}, "X has -?inf"),
        ("few", lambda a: {"ids": None}, "arrays X, names"),
        ("few", lambda a: {"local": a["X"][:3]}, r"local of shape \(3, 50\)"),
        ("bins", lambda a: {"start": a["start"] + 1}, "starts that are no multiples of the resolution"),
        ("bins", lambda a: {"start": a["start"] * 0}, "bin 0 of chr.* twice"),
        ("bins", lambda a: {"X": with_nan(a["X"])}, "NaN or infinity in a bin of chr"),
        ("bins", lambda a: {"chrom": np.array(["chrQ"] * len(a["start"]))}, "contacted bins are not there"),
        ("bins", lambda a: {name: a[name][100:] for name in ("chrom", "start", "X")}, r"100 of [\d,]+ contacted bins"),
        ("bins", lambda a: {"X": a["X"][:, 0]}, r"X of shape"),
        ("bins", lambda a: {"X": None}, "arrays chrom, start, names"),
    ],
)
def test_what_cannot_be_used_is_one_line(given, tmp_path, capsys, of, changes, found):
    few, bins = given.few, given.few_bins
    few, bins = (change(few, **changes(few)), bins) if of == "few" else (few, change(bins, **changes(bins)))
    np.savez(tmp_path / "few.npz", **few)
    np.savez(tmp_path / "bins.npz", **bins)
    argv = ["features", tmp_path / "few.npz", "--data_folder", tmp_path / "data", *given.maps]
    assert run(*argv, "--bins", tmp_path / "bins.npz") == 2
    (line,) = (each for each in capsys.readouterr().err.splitlines() if each.startswith("spex features: error"))
    assert re.search(found, line), line
    assert not (tmp_path / "data").exists()


def test_missing_genes_and_bins_are_counted(given, tmp_path, capsys):
    few = change(given.few, ids=np.array(["ENSG99999999999", *given.few["ids"][1:]]))
    bins = {name: values if name == "names" else values[2:] for name, values in given.few_bins.items()}
    np.savez(tmp_path / "few.npz", **few)
    np.savez(tmp_path / "bins.npz", **bins)
    argv = ["features", tmp_path / "few.npz", "--data_folder", tmp_path / "data", *given.maps]
    assert run(*argv, "--bins", tmp_path / "bins.npz") == 0
    said = capsys.readouterr().err
    assert "left out: 1 that the genes table has not, or leaves out; 1 genes have no features" in said
    assert f"2 of {len(given.bins['chrom']):,} contacted bins are not there, and add nothing" in said
    assert len(list((tmp_path / "data" / "tensors").iterdir())) == len(few["ids"]) - 1


def test_sums_around_genes_go_by_their_ids(study, given, tmp_path):
    """Not by the TSS, which genes may share, and which is another gene's in another table with the same cache."""
    table, cache = pd.read_csv(study.genes), tmp_path / "cache"
    table.loc[1, ["TSS", "CAGE_representative_TSS"]] = table.loc[0, ["TSS", "CAGE_representative_TSS"]]
    table.loc[1, ["seqnames", "strand"]] = table.loc[0, ["seqnames", "strand"]]
    local = given.own["local"][:, :3]
    np.savez(tmp_path / "local.npz", **(given.few | {"local": local}))
    for name, order in (("one", slice(None)), ("other", slice(None, None, -1))):
        table.assign(id=table["id"].to_numpy()[order]).to_csv(tmp_path / f"{name}.csv", index=False)
        argv = ["features", tmp_path / "local.npz", "--genes", tmp_path / f"{name}.csv", "--cache", cache]
        assert run(*argv, "--data_folder", tmp_path / name) == 0
        base = open_base(tmp_path / name)
        sums = LocalSums.of(base, cache, base.genes, 3)
        assert sums.there
        assert_array_equal(sums.values, local[pd.Index(given.few["ids"]).get_indexer(base.genes["id"])])
    assert not LocalSums.of(base, cache, base.genes, 2).there  # of bins with other numbers


def test_ends_of_bins_are_looked_at_where_they_are_there(given, tmp_path, capsys):
    for ends, status in ((given.bins["start"] + 5000, 0), (given.bins["start"] + 10_000, 2)):
        np.savez(tmp_path / "bins.npz", **given.few_bins, end=ends)
        argv = ["features", given.root / "few.npz", "--data_folder", tmp_path / "data", *given.maps]
        assert run(*argv, "--bins", tmp_path / "bins.npz") == status
    assert f"{len(given.bins['chrom']):,} bins of another width, such as chr" in capsys.readouterr().err


def test_columns_without_names_in_another_file_are_warned_of(study, given, tmp_path, capsys):
    published = ["--gene_expression_filename", study.expression, "--genes_filename", study.genes]
    few = change(given.few, names=None)
    for name, X in (("one", few["X"]), ("other", few["X"][:, ::-1])):
        np.savez(tmp_path / f"{name}.npz", ids=few["ids"], X=X)
        assert run("features", tmp_path / f"{name}.npz", "--data_folder", tmp_path / name, *given.genes) == 0
    assert run("train", "--data_folder", tmp_path / "one", *published, "--model", "ridge", "--target_index", "1") == 0
    (fit,) = (path.parent for path in (tmp_path / "one/results").glob("*/metrics.json"))
    said = []
    for name in ("one", "other"):
        capsys.readouterr()
        assert run("train", "--data_folder", tmp_path / name, "--genes_filename", study.genes, "--predict", fit) == 0
        said.append("features have no names, so whether they come in the same order" in capsys.readouterr().err)
    assert said == [False, True]


@pytest.mark.parametrize(
    "extra, found",
    [
        (["--bins", "b.npz"], "--bins: is given without --maps"),
        (["--maps", "m.mcool"], "--maps: is given without --bins"),
        (["--maps", "m.mcool", "--bins", "b.npz", "--tracks", "t.bw"], "--bins: is given with --tracks"),
    ],
)
def test_bins_and_maps_come_together(given, tmp_path, capsys, extra, found):
    assert run("features", given.root / "few.npz", "--data_folder", tmp_path / "data", *given.genes, *extra) == 2
    assert found in capsys.readouterr().err


def test_another_file_for_the_same_folder_is_refused(given, folders, capsys):
    argv = ["features", given.root / "own.npz", "--data_folder", folders[0], *given.genes]
    assert run(*argv) == 2
    assert "features was" in capsys.readouterr().err
