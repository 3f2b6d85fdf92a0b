"""spex elements: a table, tracks, pictures and a benchmark of a data folder's contacted bins."""

import numpy as np
import pandas as pd
import pytest
from refusals import files_in, refuse

import spex
from spex.commands import elements
from spex.effects.elements import COLUMNS
from spex.inputs.crispr import read_crispr_pairs
from spex.models.benchmark import distances, overlapping_effects, score_pairs

TRACKS = (("arcs", "bedpe"), ("arcs", "interact"), ("effects", "bedgraph"))
CORRECTED = ("--contact_rule", "corrected")


def read_table(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


@pytest.fixture
def made(filled):
    return filled(*CORRECTED)


def test_it_writes_table_and_tracks_and_the_library_tells_the_same(made, world, tmp_path, capsys):
    assert elements.main(made.argv) == 0
    out = made.folder.root / "elements"
    assert capsys.readouterr().out == f"{out / 'elements.tsv'}\n"
    table = read_table(out / "elements.tsv")
    assert list(table.columns) == list(COLUMNS)
    contacts = made.inputs.contacts
    assert len(table) == 2 * len(contacts.bins)
    names = {path.name for path in (out / "tracks").iterdir()}
    tissues = ("Tissue-1", "Tissue-2")
    assert names == {f"{kind}_{tissue}.{ending}" for tissue in tissues for kind, ending in TRACKS}
    effects = spex.element_effects(
        made.folder.root, genome=world.genome, network=world.checkpoint, cache=tmp_path / "cache", device="cpu"
    )
    pd.testing.assert_frame_equal(effects, table, check_dtype=False, rtol=1e-8)
    before = files_in(out)
    assert elements.main(made.argv) == 0
    assert files_in(out) == before


def test_genes_that_are_named_get_pictures(made, tmp_path):
    out = tmp_path / "out"
    argv = [*made.argv, "--genes", "G0", "--target", "*2", "--own_windows", "--cell_type", "GM12878", "--out", str(out)]
    assert elements.main(argv) == 0
    table = read_table(out / "elements.tsv")
    assert set(table["TargetGeneEnsemblID"]) == {"G0"} and set(table["tissue"]) == {"Tissue 2"}
    assert set(table["CellType"]) == {"GM12878"} and set(table["class"]) == {"own", "contact"}
    pictures = list((out / "pictures").iterdir())
    assert [path.suffix for path in pictures] == [".png"] and pictures[0].name.startswith("G0_2-made_ridge")


def test_a_benchmark_is_scored_beside_distance(made, tmp_path, capsys):
    touched = made.inputs.contacts.pairs().merge(made.inputs.genes[["id", "symbol"]], on="id")
    regulated = np.arange(len(touched)) % 3 == 0
    pairs = pd.DataFrame(
        {
            "chrom": touched["chrom"],
            "chromStart": touched["start"],
            "chromEnd": touched["end"],
            "measuredGeneSymbol": touched["symbol"],
            "Regulated": np.where(regulated, "TRUE", "FALSE"),
        }
    )
    pairs.to_csv(tmp_path / "crispr.tsv", sep="\t", index=False)
    assert elements.main([*made.argv, "--benchmark", str(tmp_path / "crispr.tsv"), "--out", str(tmp_path / "out")]) == 0
    scores = pd.read_csv(tmp_path / "out/benchmark.csv")
    assert set(scores["score"]) == {"effect", "distance", "difference"}
    assert set(scores["tissue"]) == {"Tissue 1", "Tissue 2"}
    whole = scores[(scores["class"] == "all") & (scores["score"] == "effect")]
    assert (whole["pairs"] == len(pairs)).all() and (whole["positives"] == regulated.sum()).all()
    assert whole["auroc"].between(0, 1).all()
    pd.DataFrame({**pairs, "measuredGeneSymbol": "NOBODY"}).to_csv(tmp_path / "other.tsv", sep="\t", index=False)
    capsys.readouterr()
    argv = [*made.argv, "--benchmark", str(tmp_path / "other.tsv")]
    refuse(capsys, elements.main, argv, "--benchmark .*other.tsv: none of its 1 genes is among the 9 of the folder")


def screen(made, path, **columns):
    """A benchmark of every contact of the folder, a third of them regulated: path as an argument."""
    touched = made.inputs.contacts.pairs().merge(made.inputs.genes[["id", "symbol"]], on="id")
    regulated = np.where(np.arange(len(touched)) % 3 == 0, "TRUE", "FALSE")
    pairs = touched.assign(measuredGeneSymbol=touched["symbol"], Regulated=regulated)
    pairs = pairs.rename(columns={"start": "chromStart", "end": "chromEnd"}).assign(**columns)
    pairs.to_csv(path, sep="\t", index=False)
    return str(path)


def test_a_benchmark_is_written_whatever_the_number_of_rows_and_an_older_one_goes(made, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    argv = [*made.argv, "--benchmark", screen(made, tmp_path / "crispr.tsv"), "--out", str(out)]
    assert elements.main(argv) == 0
    scores = (out / "benchmark.csv").read_bytes()
    table = read_table(out / "elements.tsv")
    pairs = read_crispr_pairs(tmp_path / "crispr.tsv")
    genes = made.inputs.genes.set_index("symbol").loc[pairs["gene"]].reset_index()
    pairs = pairs.assign(gene=genes["id"], distance=distances(pairs, genes["tss"]))
    written = pd.read_csv(out / "benchmark.csv")
    for fit, found in written.groupby("model"):
        effects = overlapping_effects(pairs, table[table["model"] == fit])
        expected = score_pairs(pairs.assign(effect=effects))
        pd.testing.assert_frame_equal(found[expected.columns].reset_index(drop=True), expected, rtol=1e-8)
    monkeypatch.setattr(elements, "TRACKED_ROWS", 3)
    (out / "benchmark.csv").write_text("of another run")
    assert elements.main(argv) == 0
    assert (out / "benchmark.csv").read_bytes() == scores
    assert "tracks and pictures are for fewer than 3" in capsys.readouterr().err
    assert elements.main([*made.argv, "--out", str(out)]) == 0
    assert not (out / "benchmark.csv").exists()


def test_pairs_are_those_of_genes_that_are_known_and_looked_at(made, tmp_path, capsys):
    genes = made.inputs.genes
    ids = made.inputs.contacts.pairs()["id"]
    path = screen(made, tmp_path / "crispr.tsv", measuredGeneEnsemblId=ids, measuredGeneSymbol="an old name")
    first = genes["symbol"].iloc[0]
    for options, count in (([], len(ids)), (["--genes", first], (ids == genes["id"].iloc[0]).sum())):
        assert elements.main([*made.argv, "--benchmark", path, "--out", str(tmp_path / "out"), *options]) == 0
        log = capsys.readouterr().err
        scores = pd.read_csv(tmp_path / "out/benchmark.csv")
        assert (scores.loc[scores["class"] == "all", "pairs"] == count).all()
        assert f"crispr.tsv: {count} pairs used" in log
        assert ("of genes that were not asked for" in log) == bool(options)


def test_chromosomes_of_a_benchmark_may_go_without_chr(made, tmp_path):
    contacts = made.inputs.contacts.pairs()
    for name, chrom in (("a", contacts["chrom"]), ("b", contacts["chrom"].str.removeprefix("chr"))):
        path = screen(made, tmp_path / f"{name}.tsv", chrom=chrom)
        assert elements.main([*made.argv, "--benchmark", path, "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a/benchmark.csv").read_bytes() == (tmp_path / "b/benchmark.csv").read_bytes()


def test_what_cannot_be_told_is_refused(made, filled, tmp_path, capsys):
    sequence = filled(maps=(), data="sequence")
    capsys.readouterr()
    refuse(capsys, elements.main, sequence.argv, "DATA_FOLDER .*sequence: its tensors are of sequence alone")
    refuse(capsys, elements.main, [*made.argv, "--genes", "G77"], "--genes: no gene G77 among the 9 of the folder")
    refuse(capsys, elements.main, [str(tmp_path / "nothing"), *made.argv[1:]], "DATA_FOLDER .*nothing: no such folder")
    genome = tmp_path / "other.fa"
    genome.write_text(">chr1\nACGT\n")
    argv = [*made.argv, "--genome_filename", str(genome)]
    refuse(capsys, elements.main, argv, "--genome .*other.fa: the tensors in .* were made with .*genome.fa, says")
    assert not (made.folder.root / "elements").exists()
