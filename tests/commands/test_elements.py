"""spex elements: a table, tracks, pictures and a benchmark of a data folder's contacted bins."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from refusals import files_in, refuse

import spex
from spex.commands import elements
from spex.effects.elements import COLUMNS, ElementBenchmark, ElementScorer
from spex.errors import InputError
from spex.inputs.crispr import read_crispr_pairs
from spex.models.benchmark import distances, overlapping_effects, overlapping_sums, score_pairs

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
    with pytest.raises(InputError, match="genome: none is given; give the one that the tensors were made with"):
        spex.element_effects(made.folder.root, network=world.checkpoint)
    before = files_in(out)
    assert elements.main([*made.argv, "--page"]) == 0
    page = (out / "elements.html").read_text()
    assert page.count("<tr>") == len(table) + 1 and all(name in page for name in table["name"])
    assert elements.main(made.argv) == 0  # an older page goes with the older table
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


def test_a_benchmark_is_scored_beside_distance(made, sketches, tmp_path, capsys):
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
    baselines = {
        "effect_signed",
        "distance",
        "nearest_tss",
        "within_100kb",
        "power_law",
        "touched",
        "touched_distance",
        "contacts",
    }
    assert set(scores["score"]) == {"effect", *baselines}
    assert set(scores["tissue"]) == {"Tissue 1", "Tissue 2"}
    whole = scores[(scores["class"] == "all") & (scores["score"] == "effect")]
    assert (whole["pairs"] == len(pairs)).all() and (whole["positives"] == regulated.sum()).all()
    assert whole["auroc"].between(0, 1).all()
    printed = capsys.readouterr()
    assert all(name in printed.out for name in baselines) and "effect more" in printed.out
    blocks = whole["blocks"].iloc[0]
    assert f"{regulated.sum()} of {len(pairs)} pairs are regulated; they are resampled in {blocks} block" in printed.err
    models = set(scores["model"])
    assert len(models) == len({path.name for path in (tmp_path / "out").glob("benchmark_*.png")}) == 2
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


def test_pairs_have_what_baselines_need(made):
    contacts = made.inputs.contacts.pairs().merge(made.inputs.genes[["id", "symbol", "tss"]], on="id")
    far = contacts.iloc[:3].assign(start=lambda rows: rows["end"] - 1)  # overlaps the same bin
    pairs = pd.concat([contacts, far, contacts.iloc[:2].assign(start=0, end=1)], ignore_index=True)
    pairs = pairs.rename(columns={"symbol": "gene"})[["chrom", "start", "end", "gene"]].assign(regulated=True)
    pairs.attrs["account"] = {"file": "x", "left_out": {}, "notes": []}
    with made.inputs.computer("cpu") as computer:
        scorer = ElementScorer(made.inputs, computer)
        tables = list(scorer.tables(np.arange(len(made.inputs.genes)), lambda _: None))
    genes, table = made.inputs.genes, pd.concat(tables)
    for resample_by in ("locus", "gene"):
        scored = ElementBenchmark(pairs, genes, resample_by)
        assert len(list(scored.passing(tables))) == len(tables)
        found = scored.pairs(made.inputs.fits[1].name)
        own = table[table["model"] == made.inputs.fits[1].name]
        expected = overlapping_sums(found, own.assign(size=own["Score"].abs()), ["size", "count"])
        np.testing.assert_allclose(found[["effect", "contacts"]], expected)
        np.testing.assert_allclose(found["effect_signed"], overlapping_sums(found, own, ["Score"])[:, 0])
        assert found["touched"].tolist() == [True] * (len(pairs) - 2) + [False] * 2
        for row in found.itertuples():
            mine = genes[genes["chrom"] == row.chrom]
            away = (mine["tss"] - 1 - (row.start + row.end) // 2).abs()
            assert row.nearest_tss == (away[mine["id"] == row.gene].iloc[0] == away.min())
            tss = mine.loc[mine["id"] == row.gene, "tss"].iloc[0]
            assert (
                row.block
                == (genes["id"].tolist().index(row.gene), f"{row.chrom}:{tss // 2_000_000}")[resample_by == "locus"]
            )
        assert 0 < found["nearest_tss"].sum() < len(found)


def test_one_cell_type_is_scored_and_resampled_as_asked(made, sketches, tmp_path, capsys):
    contacts = made.inputs.contacts.pairs()
    types = np.where(np.arange(len(contacts)) % 2 == 0, "K562", "WTC11")
    path = screen(made, tmp_path / "crispr.tsv", CellType=types)
    argv = [*made.argv, "--benchmark", path, "--out", str(tmp_path / "out")]
    refuse(capsys, elements.main, argv, r"--cell_type: .*crispr.tsv has K562 \(\d+ pairs\), WTC11 .*; expected one of")
    assert not (tmp_path / "out").exists()
    argv += ["--cell_type", "WTC11"]
    for options, blocks in (([], contacts["chrom"]), (["--resample_by", "gene"], contacts["id"])):
        assert elements.main([*argv, *options]) == 0
        scores = pd.read_csv(tmp_path / "out/benchmark.csv")
        assert (scores.loc[scores["class"] == "all", "pairs"] == (types == "WTC11").sum()).all()
        assert (scores.loc[scores["class"] == "all", "blocks"] == blocks[types == "WTC11"].nunique()).all()
        assert "of other cell types" in capsys.readouterr().err
        assert set(read_table(tmp_path / "out/elements.tsv")["CellType"]) == {"WTC11"}


def variant_named(sequence, chrom, pos):
    """A variant's name with the genome's letter as REF, N where that is none of the four."""
    ref = sequence[pos - 1].upper()
    ref = ref if ref in "ACGT" else "N"
    return f"{chrom}_{pos}_{ref}_{'A' if ref == 'G' else 'G'}_b38"


@pytest.fixture
def sets(made, world, tmp_path):
    """Credible sets: variants at the last base of each contacted bin; and the command line."""
    contacts = made.inputs.contacts.pairs().merge(made.inputs.genes[["id", "symbol"]], on="id")
    names = [variant_named(world.sequences[row.chrom], row.chrom, row.end) for row in contacts.itertuples()]
    pip = np.resize([0.95, 0.001, 0.5, 0.009], len(contacts))
    table = pd.DataFrame({"variant": names, "gene": contacts["symbol"], "PIP": pip})
    path = tmp_path / "sets.tsv"
    table.to_csv(path, sep="\t", index=False)
    argv = [*made.argv, "--credible_sets", str(path), "--out", str(tmp_path / "out")]
    return SimpleNamespace(contacts=contacts, pip=pip, table=table, path=path, argv=argv)


def test_credible_sets_of_another_build_are_refused_and_single_ones_left_out(sets, sketches, capsys):
    parts = sets.table["variant"].str.split("_", expand=True)
    moved = parts[0] + "_" + (parts[1].astype(int) - 7).astype(str) + "_" + parts[2] + "_" + parts[3]
    sets.table.assign(variant=moved).to_csv(sets.path, sep="\t", index=False)
    refuse(capsys, elements.main, sets.argv, "--credible_sets .*sets.tsv: REF differs from the genome in .*build")
    one = int(np.flatnonzero((parts[2] != "N") & (sets.pip != 0.5))[0])
    wrong = f"{parts[0][one]}_{parts[1][one]}_{'C' if parts[2][one] != 'C' else 'T'}_G"
    table = sets.table.assign(variant=sets.table["variant"].where(sets.table.index != one, wrong))
    table.to_csv(sets.path, sep="\t", index=False)
    assert elements.main(sets.argv) == 0
    logged = capsys.readouterr().err
    assert "REF differs from the genome in 1 of the " in logged and "1 whose REF the genome has not" in logged


def test_credible_sets_are_scored_in_the_same_form(sets, made, sketches, tmp_path, capsys):
    contacts, pip, argv = sets.contacts, sets.pip, sets.argv
    assert elements.main(argv) == 0
    scores, table = pd.read_csv(tmp_path / "out/benchmark.csv"), read_table(tmp_path / "out/elements.tsv")
    assert "with a PIP from 0.01 up to 0.9" in capsys.readouterr().err
    kept = contacts[pip != 0.5]
    pairs = pd.DataFrame({"chrom": kept["chrom"], "start": kept["end"] - 1, "end": kept["end"], "gene": kept["id"]})
    genes = made.inputs.genes.set_index("id").loc[pairs["gene"]]
    pairs = pairs.assign(regulated=pip[pip != 0.5] > 0.9, block=genes["chrom"].to_numpy())
    pairs["distance"] = np.abs(pairs["end"].to_numpy() - genes["tss"].to_numpy())
    own = table[table["model"] == made.inputs.fits[0].name]
    signed = overlapping_sums(pairs, own, ["Score"])[:, 0]
    expected = score_pairs(pairs.assign(effect=np.abs(signed), effect_signed=signed))
    found = scores[(scores["model"] == made.inputs.fits[0].name) & scores["score"].isin(expected["score"])]
    pd.testing.assert_frame_equal(found[expected.columns].reset_index(drop=True), expected, rtol=1e-8)
    refuse(capsys, elements.main, [*argv, "--benchmark", "x.tsv"], "not allowed with argument")
    (tmp_path / "sets.tsv").write_text("variant\tgene\tpip\nchr1_5_A_G\tNOBODY\t1\n")
    refuse(capsys, elements.main, argv, "--credible_sets .*sets.tsv: none of its 1 genes is among the 9 of the folder")


def test_a_benchmark_is_written_whatever_the_number_of_rows_and_an_older_one_goes(
    made, sketches, tmp_path, capsys, monkeypatch
):
    out = tmp_path / "out"
    argv = [*made.argv, "--benchmark", screen(made, tmp_path / "crispr.tsv"), "--out", str(out)]
    assert elements.main(argv) == 0
    scores = (out / "benchmark.csv").read_bytes()
    table = read_table(out / "elements.tsv")
    pairs = read_crispr_pairs(tmp_path / "crispr.tsv")
    genes = made.inputs.genes.set_index("symbol").loc[pairs["gene"]].reset_index()
    pairs = pairs.assign(gene=genes["id"], distance=distances(pairs, genes["tss"]), block=genes["chrom"])
    written = pd.read_csv(out / "benchmark.csv")
    for fit, found in written.groupby("model"):
        effects = overlapping_effects(pairs, table[table["model"] == fit])
        expected = score_pairs(pairs.assign(effect=effects))
        both = found[expected.columns][found["score"].isin(expected["score"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(both, expected, rtol=1e-8)
    monkeypatch.setattr(elements, "TRACKED_ROWS", 3)
    (out / "benchmark_of_another.png").write_text("of another run")
    (out / "benchmark.csv").write_text("of another run")
    assert elements.main(argv) == 0
    assert (out / "benchmark.csv").read_bytes() == scores
    assert "pictures and a page are for fewer than 3" in capsys.readouterr().err
    assert elements.main([*made.argv, "--out", str(out)]) == 0
    assert not list(out.glob("benchmark*"))


def test_pairs_are_those_of_genes_that_are_known_and_looked_at(made, sketches, tmp_path, capsys):
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
        assert bool(list((tmp_path / "out").glob("benchmark_*.png"))) == (count > 5)


def test_chromosomes_of_a_benchmark_may_go_without_chr(made, sketches, tmp_path):
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
