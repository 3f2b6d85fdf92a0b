"""spex variants: from a file of variants to tables of effects, however it is cut, stopped and started again."""

import gzip
import re
import shutil
import time

import numpy as np
import pandas as pd
import pysam
import pytest
from conftest import write_mcool
from processes import start_on_two_devices
from refusals import files_in, refuse

import spex
from spex.commands import tensors, variants
from spex.effects.variant_tables import ALLELE, COLUMNS, ROW, best_genes, best_of_each, info_entries
from spex.files import hashes
from spex.inputs import opening
from spex.models.boosters import GBTREE
from spex.runs import records

HEADER = "##fileformat=VCFv4.2\n{contigs}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
CORRECTED = ("--contact_rule", "corrected")


def write_vcf(path, rows, chroms=("chr1", "chr8", "chr9")):
    """rows: chrom, pos, id, ref, alts."""
    contigs = "".join(f"##contig=<ID={chrom}>\n" for chrom in chroms)
    text = HEADER.format(contigs=contigs) + "".join(f"{c}\t{p}\t{i}\t{r}\t{a}\t.\t.\t.\n" for c, p, i, r, a in rows)
    path.write_text(text)
    return path


def letter(world, chrom, pos, length=1):
    return world.sequences[chrom][pos - 1 : pos - 1 + length].upper()


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def snvs(world, count, seed=1, chroms=("chr1", "chr8", "chr9")):
    """Rows of SNVs at random places with a base, unsorted."""
    generator, rows = np.random.default_rng(seed), []
    while len(rows) < count:
        chrom = str(generator.choice(chroms))
        pos = int(generator.integers(1, len(world.sequences[chrom])))
        base = letter(world, chrom, pos)
        if base in "ACGT":
            rows.append((chrom, pos, f"v{len(rows)}", base, other(base)))
    return rows


@pytest.fixture
def score(filled, tmp_path, capsys):
    """Called with rows, a name of the output folder and options: the status, and the table where there is one."""
    made = filled(*CORRECTED)

    def run(rows, out="out", *options, path=None):
        path = path or write_vcf(tmp_path / f"{out}.vcf", rows)
        argv = [str(path), *made.argv, "--out", str(tmp_path / out), *map(str, options)]
        assert variants.main(argv) == 0
        capsys.readouterr()
        file = tmp_path / out / "effects.tsv"
        return pd.read_csv(file, sep="\t", keep_default_na=False, na_values=[""]) if file.exists() else None

    run.made, run.folder = made, tmp_path
    return run


def test_the_table_has_a_row_an_allele_gene_and_tissue(score, world):
    table = score(snvs(world, 30))
    assert list(table.columns) == list(COLUMNS)
    assert (table["status"] == "ok").all()
    np.testing.assert_allclose(table["effect"], table["effect_own"] + table["effect_contact"], rtol=1e-7, atol=1e-9)
    assert set(table["tissue"]) == {"Tissue 1", "Tissue 2"}
    assert (table.groupby(["variant_id", "gene_id"]).size() == 2).all()
    genes, contacts = score.made.inputs.genes.set_index("id"), score.made.inputs.contacts
    for row in table.itertuples():
        gene = genes.loc[row.gene_id]
        assert row.tss_distance == (row.pos - gene["tss"]) * (1 if gene["strand"] == "+" else -1)
        number = contacts.genes.tolist().index(row.gene_id)
        mine = slice(contacts.offsets[number], contacts.offsets[number + 1])
        starts = contacts.bins[mine].astype(int) * 1000 - 500
        touched = (starts <= row.pos - 1) & (row.pos - 1 < starts + 2000)
        assert (row.path != "own") == touched.any()
        names = [f"{row.chrom}:{start + 500}-{start + 1500}" for start in starts[touched]]
        assert (row.contact_bin if touched.any() else "") == ",".join(names)
        assert not touched.any() or row.contact_count == contacts.counts[mine][touched].sum()
    assert {"own", "contact"} <= set(table["path"])
    assert table["quantile"].isna().all()


def test_tabix_has_the_same_rows_by_place(score, world):
    rows = snvs(world, 12)
    plain = score(rows)
    assert score(rows, "indexed", "--tabix") is None
    path = score.folder / "indexed/effects.tsv.gz"
    found = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])
    pd.testing.assert_frame_equal(found, plain.sort_values(["chrom", "pos"], kind="stable", ignore_index=True))
    last = found.iloc[-1]
    with pysam.TabixFile(str(path)) as file:
        lines = list(file.fetch(last["chrom"], last["pos"] - 1, last["pos"]))
    assert [line.split("\t")[6] for line in lines] == found[found["pos"] == last["pos"]]["gene_id"].tolist()


def test_a_page_has_the_rows_of_the_table_and_goes_with_it(score, world):
    rows, page = snvs(world, 12), score.folder / "out/effects.html"
    table = score(rows, "out", "--page")
    assert page.read_text().count("<tr>") == len(table) + 1
    best = score(rows, "out", "--page", "--wide", "--best_per_variant")
    text = page.read_text()
    assert text.count("<tr>") == 2 * len(best) + 1 and all(
        f'<td class="text">{each}</td>' in text for each in best["variant_id"]
    )
    score(rows)
    assert not page.exists()


def test_alleles_that_cannot_be_scored_are_kept_with_the_reason(score, world):
    pos = 60_030
    while letter(world, "chr1", pos, 3).strip("ACGT"):
        pos += 1
    base = letter(world, "chr1", pos)
    rows = [
        ("chr1", pos, "multi", base, f"{other(base)},<DEL>,*"),
        ("chr1", pos, "wrong", other(base), base),
        ("chr1", pos, "breakend", base, f"{base}[chr2:100["),
        ("chr1", pos, "iupac", base, "R"),
        ("chr2", 100, "nowhere", "A", "C"),
        ("chr1", pos, "multi", base, base + "ACGT"),
    ]
    table = score(rows)
    unscored = table[table["status"] != "ok"]
    assert unscored["status"].tolist() == [
        *("symbolic", "missing", "ref_mismatch", "breakend", "not_acgt", "unknown_chromosome"),
    ]
    assert unscored[["gene_id", "effect", "tissue", "path"]].isna().all(axis=None)
    assert set(table.loc[table["status"] == "ok", "variant_id"]) == {"multi"}


def structural_vcf(world, path):
    """A file with structural variants around the TSS of G0, 60,030: some cannot be scored. One is there in both
    forms."""
    first, start, end = 58_000, 62_000, 62_012
    while set(letter(world, "chr1", start, end - start + 1)) - set("ACGT"):
        start, end = start + 1, start + 13
    rows = [
        (start, "short", letter(world, "chr1", start), "<DEL>", f"END={end}"),
        (start, "written", letter(world, "chr1", start, end - start + 1), letter(world, "chr1", start), "."),
        (first, "lost", "N", "<DEL>", "SVLEN=-5000"),
        (first, "doubled", "N", "<DUP:TANDEM>", "END=63000;SVLEN=5000"),
        (first, "inverted", "N", "<INV>", "END=63000"),
        (first, "before", "N", "<DEL>", "END=57000"),
        (first, "differs", "N", "<INV>", "END=63000;SVLEN=4000"),
        (first, "imprecise", "N", "<DEL>", "IMPRECISE"),
        (first, "inserted", "N", "<INS>", "END=58000;SVLEN=300"),
    ]
    path.write_text(
        HEADER.format(contigs="") + "".join(f"chr1\t{p}\t{i}\t{r}\t{a}\t.\t.\t{x}\n" for p, i, r, a, x in rows)
    )
    return path


def test_structural_variants_have_effects_or_a_reason(score, world, capsys):
    path = structural_vcf(world, score.folder / "sv.vcf")
    copy = score.folder / "copy.vcf"
    argv = [str(path), *score.made.argv, "--out", str(score.folder / "sv"), "--vcf_out", str(copy), "--page"]
    assert variants.main(argv) == 0
    lines = capsys.readouterr().err.splitlines()
    table = pd.read_csv(score.folder / "sv/effects.tsv", sep="\t")
    by_name = dict(list(table.groupby("variant_id")))
    assert (table["end"] >= table["pos"]).all() and by_name["short"]["end"].iloc[0] > by_name["short"]["pos"].iloc[0]
    statuses = {"before": "bad_end", "differs": "bad_end", "imprecise": "symbolic", "inserted": "symbolic"}
    for name, status in statuses.items():
        assert by_name[name]["status"].tolist() == [status] and by_name[name]["gene_id"].isna().all()
    short, written = (by_name[name].drop(columns=["variant_id", "ref", "alt"]) for name in ("short", "written"))
    pd.testing.assert_frame_equal(short.reset_index(drop=True), written.reset_index(drop=True))
    for name, status in (("lost", "tss_deleted"), ("doubled", "tss_duplicated"), ("inverted", "ok")):
        of_gene = by_name[name].set_index("gene_id").loc[["G0"]]
        assert (of_gene["status"] == status).all() and (of_gene["effect"].isna() == (status != "ok")).all()
    assert (table["effect"].isna() == (table["status"] != "ok")).all() and table["quantile"].isna().all()
    pairs = table[table["status"] == "tss_deleted"]["gene_id"].nunique()
    assert "sv.vcf: 3 alleles used; left out: 2 whose genes have no effect, " in lines[-1]
    assert ", 2 bad_end, 2 symbolic; contacts are held fixed" in lines[-1]
    assert f"{pairs} pairs with a gene that are tss_deleted" in lines[-1] and pairs >= 2
    assert "|G0|" in next(line for line in copy.read_text().splitlines() if "\tinverted\t" in line)
    page = (score.folder / "sv/effects.html").read_text()
    data = re.search(r'type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    assert "inverted" in page and "NaN" not in data


def test_two_deletions_of_one_row_are_two_alleles():
    """Which have one name, and lengths of their own."""
    pairs = [(0, "G0", 1.0), (0, "G1", -3.0), (1, "G0", 2.0)]
    table = pd.DataFrame(pairs, columns=[ALLELE, "gene_id", "effect"]).assign(**{ROW: 7, "alt": "<DEL>"})
    assert best_of_each(table)["effect"].tolist() == [-3, 2] == best_genes(table)["effect"].tolist()
    of_entries = table.assign(
        **dict.fromkeys(("gene_name", "tissue", "path", "quantile", "effect_sd"), 0), sign_agrees=0
    )
    assert len(info_entries(of_entries)[7]) == 3


def test_python_takes_ends_of_structural_variants_from_a_table(score, world):
    path = structural_vcf(world, score.folder / "sv.vcf")
    rows = pd.read_csv(path, sep="\t", comment="#", header=None, dtype=str)[[0, 1, 2, 3, 4, 7]]
    rows.columns = ["chrom", "pos", "id", "ref", "alt", "info"]
    rows["end"], rows["svlen"] = (
        rows["info"].str.extract(f"{name}=(-?\\d+)")[0].astype(float) for name in ("END", "SVLEN")
    )
    options = {"genome": world.genome, "network": world.checkpoint, "cache": score.made.sources.cache, "device": "cpu"}
    of_table, of_file = (spex.variant_effects(each, score.made.folder.root, **options) for each in (rows, path))
    pd.testing.assert_frame_equal(of_table, of_file)
    assert (of_table["status"] == "ok").sum() >= 10


def test_a_distal_allele_reaches_the_genes_whose_kept_bins_hold_it(world, filled, tmp_path, capsys):
    """With the pixel, and without it: then it is not listed."""
    pixels = {"chr1": [(60, 110, 5.0), (20, 60, 1.0)], "chr8": [], "chr9": []}
    write_mcool(tmp_path / "one.mcool", pixels)
    write_mcool(tmp_path / "none.mcool", {"chr1": [(60, 90, 5.0)], "chr8": [], "chr9": []})
    pos = 110_600
    while letter(world, "chr1", pos) not in "ACGT":
        pos += 1
    row = ("chr1", pos, "distal", letter(world, "chr1", pos), other(letter(world, "chr1", pos)))
    found = {}
    for name in ("one", "none"):
        made = filled(*CORRECTED, "--mcool_filename", tmp_path / f"{name}.mcool", maps=(), data=name)
        vcf = write_vcf(tmp_path / "distal.vcf", [row])
        assert variants.main([str(vcf), *made.argv, "--out", str(tmp_path / f"out_{name}")]) == 0
        table = pd.read_csv(tmp_path / f"out_{name}" / "effects.tsv", sep="\t")
        found[name] = table[table["path"] == "contact"]
    assert set(found["one"]["gene_id"]) == {"G0", "G1"}
    assert (found["one"]["effect"] != 0).all() and (found["one"]["effect_own"] == 0).all()
    assert found["none"].empty


def test_however_it_is_cut_the_bytes_are_the_same(score, world):
    rows = snvs(world, 60)
    score(rows, "whole", "--block_size", 7)
    expected = (score.folder / "whole/effects.tsv").read_bytes()
    score(rows, "other", "--block_size", 100)
    assert (score.folder / "other/effects.tsv").read_bytes() == expected
    for remainder in (2, 0, 1):
        score(rows, "shards", "--block_size", 7, "--divisor", 3, "--reminder", remainder)
    assert (score.folder / "shards/effects.tsv").read_bytes() == expected


def test_what_is_missing_or_damaged_is_made_again(score, world):
    rows = snvs(world, 40)
    score(rows, "out", "--block_size", 10)
    expected = files_in(score.folder / "out")
    parts = sorted((score.folder / "out/parts").iterdir())
    assert len(parts) == 4
    parts[1].unlink()
    parts[2].write_bytes(parts[2].read_bytes()[:-30])
    (score.folder / "out/effects.tsv").unlink()
    kept = parts[3].stat().st_mtime_ns
    score(rows, "out", "--block_size", 10)
    assert files_in(score.folder / "out") == expected
    assert parts[3].stat().st_mtime_ns == kept


def test_best_rows_and_wide_tables(score, world):
    rows = snvs(world, 40)
    long = score(rows)
    best = score(rows, "out", "--best_per_variant")
    largest = long.loc[long["effect"].abs().groupby(long["variant_id"]).idxmax()].sort_index()
    pd.testing.assert_frame_equal(best.reset_index(drop=True), largest.reset_index(drop=True))
    wide = score(rows, "out", "--wide")
    assert list(wide.columns[-2:]) == ["Tissue 1", "Tissue 2"]
    assert len(wide) == len(long) / 2
    for number in (1, 2):
        expected = long[long["tissue"] == f"Tissue {number}"]["effect"]
        np.testing.assert_allclose(wide[f"Tissue {number}"], expected, rtol=1e-8)
    both = score(rows, "out", "--wide", "--best_per_variant")
    assert set(both["variant_id"] + both["gene_id"]) == set(best["variant_id"] + best["gene_id"])


def test_parquet_holds_the_same(score, world):
    pytest.importorskip("pyarrow")
    rows = [*snvs(world, 20), ("chr1", 5, "symbolic", "N", "<DEL>")]
    long = score(rows)
    score(rows, "out", "--format", "parquet")
    found = pd.read_parquet(score.folder / "out/effects.parquet")
    assert not (score.folder / "out/effects.tsv").exists()
    pd.testing.assert_frame_equal(found, long, check_dtype=False, rtol=1e-8)


def test_the_annotated_file_names_the_tissue_with_the_largest_effect(score, world, tmp_path):
    rows = snvs(world, 12)
    long = score(rows, "out", "--vcf_out", tmp_path / "annotated.vcf.gz")
    with pysam.VariantFile(str(tmp_path / "annotated.vcf.gz")) as file:
        told = {record.id: record.info.get("SPEX", ()) for record in file}
    assert list(told) == [row[2] for row in rows]
    for name, entries in told.items():
        mine = long[long["variant_id"] == name]
        assert len(entries) == mine["gene_id"].nunique()
        for entry in entries:
            alt, gene, _, tissue, path, effect, *empty = entry.split("|")
            of_gene = mine[mine["gene_id"] == gene]
            row = of_gene.loc[of_gene["effect"].abs().idxmax()]
            assert (alt, tissue.replace("%20", " "), path, empty) == (row["alt"], row["tissue"], row["path"], [""] * 3)
            assert float(effect) == pytest.approx(row["effect"], rel=1e-5)


def test_a_file_is_opened_once_for_each_time_that_it_is_read(score, world, tmp_path, monkeypatch):
    """To see what it is and for its hash, to check its alleles, to score them, for the table, for the copy."""
    rows, opened = snvs(world, 12), []
    path = write_vcf(tmp_path / "counted.vcf", rows)

    def counting(name, *options, **others):
        opened.extend([name] if str(name) == str(path) else [])
        return open(name, *options, **others)

    for module in (opening, hashes):
        monkeypatch.setattr(module, "open", counting, raising=False)
    first = score(rows, "out", "--block_size", 5, path=path)
    assert len(opened) == 5
    again = score(rows, "out", "--block_size", 5, "--vcf_out", tmp_path / "copy.vcf", path=path)
    assert len(opened) == 5 + 5  # nothing is left to score
    pd.testing.assert_frame_equal(first, again)


def test_null_variants_give_quantiles(score, world, capsys):
    argv = [*score.made.argv, "--number", "30"]
    assert variants.main(["null", *argv]) == 0
    tables = [(place / "null_variants.tsv").read_bytes() for place in score.made.places]
    assert tables[0] != tables[1]
    table = score(snvs(world, 40))
    known = table[table["path"] != "both"]
    assert known["quantile"].between(-1, 1).all()
    one = known[known["tissue"] == "Tissue 1"]
    assert (np.sign(one["quantile"]) == np.sign(one["effect"])).mean() > 0.8
    written = [(place / "null_variants.tsv").stat().st_mtime_ns for place in score.made.places]
    assert variants.main(["null", *argv]) == 0
    assert written == [(place / "null_variants.tsv").stat().st_mtime_ns for place in score.made.places]
    assert variants.main(["null", *score.made.argv, "--number", "20"]) == 0
    kept = (score.made.places[1] / "null_variants.tsv").read_bytes()
    assert tables[1] != kept
    (score.made.places[1] / "null_variants.tsv").write_bytes(kept[:-9])
    capsys.readouterr()
    path = write_vcf(score.folder / "damaged.vcf", snvs(world, 3))
    message = (
        f"--model {score.made.places[1]}: its null variants are damaged, or a part of them is gone; make them again "
        f"with: spex variants null {score.made.folder.root}"
    )
    refuse(capsys, variants.main, [str(path), *score.made.argv, "--out", str(score.folder / "damaged")], message)
    assert variants.main(["null", *score.made.argv, "--number", "20"]) == 0
    assert (score.made.places[1] / "null_variants.tsv").read_bytes() == kept


def test_compressed_and_piped_files_give_the_same(score, world, tmp_path, monkeypatch):
    rows = snvs(world, 10)
    score(rows)
    expected = (tmp_path / "out/effects.tsv").read_bytes()
    content = (tmp_path / "out.vcf").read_bytes()
    (tmp_path / "packed.vcf.gz").write_bytes(gzip.compress(content))
    score(None, "packed", path=tmp_path / "packed.vcf.gz")
    assert (tmp_path / "packed/effects.tsv").read_bytes() == expected


@pytest.fixture
def refused(score, capsys):
    """Called with rows, options and a message: the run is refused in one line, and nothing is written."""

    def run(rows, message, *options, path=None):
        path = path or write_vcf(score.folder / "bad.vcf", rows)
        before = files_in(score.folder)
        argv = [str(path), *score.made.argv, "--out", str(score.folder / "out"), *map(str, options)]
        refuse(capsys, variants.main, argv, message)
        assert files_in(score.folder) == before

    return run


def test_variants_of_another_build_are_refused(score, world, refused):
    rows = [(c, p, i, other(r), other(other(r))) for c, p, i, r, _ in snvs(world, 30)]
    refused(rows, r"FILE .*bad.vcf: REF differs from the genome in all 30 alleles .* are they of another build\?")
    good = snvs(world, 10, seed=2)
    refused(rows + good, r"differs from the genome in 30 of the 40 alleles .* are they of another build\?")
    exchanged = [(c, p, i, a, r) for c, p, i, r, a in snvs(world, 30)]
    refused(exchanged, r"in all 30 alleles .*; REF and ALT are exchanged, by which 30 of these 30 agree: exchange them")


def test_what_is_not_scored_is_counted(score, world, tmp_path, capsys):
    good = snvs(world, 20)
    chrom, pos, _, ref, _ = good[0]
    rows = [*good, (chrom, pos, "wrong", other(other(ref)), ref), (chrom, pos, "long", ref, "<DEL>")]
    path = write_vcf(tmp_path / "some.vcf", [*rows, ("chr3", 5, "x", "A", "C,G")], chroms=())
    assert variants.main([str(path), *score.made.argv, "--out", str(tmp_path / "out")]) == 0
    told = capsys.readouterr().err.splitlines()
    table = pd.read_csv(tmp_path / "out/effects.tsv", sep="\t")
    reach = table.loc[table["status"] == "ok", "variant_id"].nunique()
    without = f"{20 - reach} that reach no gene, " if reach < 20 else ""
    assert told[-1].endswith(
        f"some.vcf: {reach} alleles used; left out: {without}1 ref_mismatch, 1 symbolic, 2 unknown_chromosome; "
        "contacts are held fixed"
    )
    warning = (
        f"some.vcf: REF differs from the genome in 1 of the 21 alleles that could be scored, first at {chrom}:{pos} "
    )
    assert sum(warning in line for line in told) == 1


def test_python_has_the_same_numbers_of_a_file_and_of_a_table(score, world):
    rows = [*snvs(world, 8), ("chr3", 5, "x", "A", "C"), ("chr1", 5, "y", "N", "<DEL>")]
    of_file = score(rows)
    made = score.made
    options = {"genome": world.genome, "network": world.checkpoint, "cache": made.sources.cache, "device": "cpu"}
    frame = pd.DataFrame(rows, columns=["chrom", "pos", "id", "ref", "alt"])
    of_frame = spex.variant_effects(frame, made.folder.root, **options)
    written = of_frame.where(of_frame.notna(), np.nan)
    pd.testing.assert_frame_equal(written, of_file, check_dtype=False, rtol=1e-8)
    path = score.folder / "out.vcf"
    again = spex.variant_effects(path, made.folder.root, **options)
    pd.testing.assert_frame_equal(again, of_frame, check_dtype=False)
    used = of_file.loc[of_file["status"] == "ok", "variant_id"].nunique()
    left_out = {"symbolic": 1, "unknown_chromosome": 1} | ({"that reach no gene": 8 - used} if used < 8 else {})
    assert of_frame.attrs["account"]["used"] == again.attrs["account"]["used"] == used
    assert of_frame.attrs["account"]["left_out"] == again.attrs["account"]["left_out"] == left_out
    assert (of_frame.attrs["account"]["file"], again.attrs["account"]["file"]) == ("variants", str(path))
    empty = spex.variant_effects(frame[:0], made.folder.root, **options)
    assert list(empty.columns) == list(COLUMNS) and empty.empty and empty.attrs["account"]["used"] == 0
    exchanged = frame.assign(ref=frame["alt"], alt=frame["ref"])
    with pytest.raises(spex.InputError, match=r"^variants: REF differs from the genome in all 8 alleles .* exchanged"):
        spex.variant_effects(exchanged, made.folder.root, **options)


def test_a_table_without_a_header_gives_the_same(score, world):
    rows = snvs(world, 8)
    expected = score(rows)
    path = score.folder / "five.tsv"
    path.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    pd.testing.assert_frame_equal(score(None, "five", path=path), expected)


def test_one_deletion_written_at_both_ends_of_a_run_has_one_row(score, world):
    letters = world.sequences["chr1"].upper()
    run = next(found for found in re.finditer(r"(?<=[ACGT])(A{4,}|C{4,}|G{4,}|T{4,})(?=[ACGT])", letters[59_000:]))
    start, end = 59_000 + run.start(), 59_000 + run.end()
    rows = [
        ("chr1", start, "left", letters[start - 1 : start + 1], letters[start - 1]),
        ("chr1", end, "right", letters[end - 1 : end + 1], letters[end]),
    ]
    table = score(rows)
    left, right = (
        table[table["variant_id"] == name].drop(columns=["variant_id", "pos", "ref", "alt", "end"])
        for name in ("left", "right")
    )
    assert len(left) > 0
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))
    genes = score.made.inputs.genes.set_index("id")
    for row in left.itertuples():
        gene = genes.loc[row.gene_id]
        assert row.tss_distance == (start + 1 - gene["tss"]) * (1 if gene["strand"] == "+" else -1)


def test_models_that_do_not_serve_are_refused(score, world, refused):
    rows = snvs(world, 3)
    place, width = score.made.folder.results / "trees", score.made.inputs.settings.width
    place.mkdir()
    (place / "model.ubj").write_bytes(b"trees")
    made = {"target": "Tissue 1", "target_index": 1, "model": "gbtree", "parameters": GBTREE, "width": width}
    records.write_record(place, settings=made | {"tensors": score.made.inputs.settings.recorded()})
    refused(rows, r"--model .*trees: gbtree is no linear model, and a tree ensemble gives exactly 0", "--model", place)
    refused(rows, "no fit of gblinear under .*; expected a folder under results/", "--model", "gblinear")
    refused(rows, "--model .*nothing: no finished and undamaged fit there", "--model", "nothing")
    refused(rows, "no finished and undamaged fit there; .*; did you mean ridge", "--model", "rigde")
    no_such_tissue = "--target: none of the models is of such a tissue; expected one of Tissue 1, Tissue 2"
    refused(rows, no_such_tissue, "--target", "X")
    refused(rows, f"{no_such_tissue}; did you mean Tissue 1", "--target", "Tisue 1")
    refused(
        rows,
        r"--rule published: the tensors .* were made with contact_rule corrected",
        "--contact_rule",
        "published",
    )


def test_a_model_of_other_features_is_refused(score, world, refused, tensors_argv, filled):
    sequence = filled(maps=(), data="sequence")
    message = "fitted on tensors of 20,020 features, those in .* have 24,024"
    refused(snvs(world, 3), message, "--model", sequence.places[0])


def test_another_file_in_the_same_folder_is_refused(score, world, capsys):
    score(snvs(world, 5))
    before = files_in(score.folder / "out")
    path = write_vcf(score.folder / "more.vcf", snvs(world, 6))
    argv = [str(path), *score.made.argv, "--out", str(score.folder / "out")]
    refuse(capsys, variants.main, argv, "effects.json: variants differ from those that this folder was made from")
    assert files_in(score.folder / "out") == before


def test_a_folder_without_contacts_is_refused_and_tensors_mends_it(score, world, refused, tensors_argv):
    (score.made.folder.root / "contacts.npz").unlink()
    refused(
        snvs(world, 3), "DATA_FOLDER .*data: no whole contacts.npz in it; expected the map's contacts; the spex tensors"
    )
    assert tensors.main(tensors_argv(*CORRECTED, maps=(0,))) == 0
    assert len(score(snvs(world, 3))) > 0
    shutil.rmtree(score.folder / "out")


def test_a_run_on_two_devices_that_is_killed_goes_on_to_the_same_bytes(score, world, tmp_path):
    rows = snvs(world, 120)
    score(rows, "whole", "--block_size", 5)
    path = write_vcf(tmp_path / "killed.vcf", rows)
    argv = [str(path), *score.made.argv, "--out", str(tmp_path / "killed"), "--block_size", "5"]
    argv += ["--precision", "float32"]
    process = start_on_two_devices("variants", argv)
    while process.poll() is None and len(list(tmp_path.glob("killed/parts/*.npz"))) < 2:
        time.sleep(0.01)
    process.kill()
    process.wait()
    made = {part.name for part in tmp_path.glob("killed/parts/*.npz")}
    assert variants.main(argv) == 0
    assert len(made) >= 2
    whole, killed = (files_in(tmp_path / name) for name in ("whole", "killed"))
    whole, killed = ({path.name: content for path, content in files.items()} for files in (whole, killed))
    about = "spex_variants_mqc.json"  # which names the file of variants
    killed[about] = killed[about].replace(b'"killed.vcf"', b'"whole.vcf"')
    assert killed == whole
