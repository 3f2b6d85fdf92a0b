"""spex variants --haplotypes: both haplotypes of samples as a whole, against tensors of the two chromosomes."""

import numpy as np
import pandas as pd
import pysam
import pytest
from oracles import window_predictor
from refusals import files_in, refuse

from benchmarks.structural import ByFasta, Edit
from spex.commands import variants
from spex.effects.haplotypes import COLUMNS
from spex.effects.inputs import LinearModels

HEADER = "##fileformat=VCFv4.3\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\n"
TSS = 60_030
"""Of G0 on chr1; G1 has its TSS 470 bp behind."""


@pytest.fixture
def haplotypes(filled, tmp_path, capsys):
    """Called with rows of pos, ref, alt, END, GT (with FORMAT before it) of two samples, and options: the table; its
    `refused` with a message in the place of the options' effect."""
    made = filled("--contact_rule", "corrected")

    def argv_of(rows, out, options):
        path = tmp_path / f"{out}.vcf"
        lines = (
            f"chr1\t{pos}\t.\t{ref}\t{alt}\t.\t.\tEND={end or '.'}\t{calls}\n" for pos, ref, alt, end, calls in rows
        )
        path.write_text(HEADER + "".join(lines))
        return [str(path), *made.argv, "--haplotypes", "--out", str(tmp_path / out), *map(str, options)]

    def run(rows, out="out", *options):
        assert variants.main(argv_of(rows, out, options)) == 0
        run.said = capsys.readouterr().err.splitlines()
        return pd.read_csv(tmp_path / out / "haplotypes.tsv", sep="\t", dtype={"phase_set": str})

    def refused(rows, message, *options, without=None, columns=None):
        argv = [each for each in argv_of(rows, "bad", options) if each != without]
        path = tmp_path / "bad.vcf"
        lines = path.read_text().splitlines()
        path.write_text("".join("\t".join(line.split("\t")[:columns]) + "\n" for line in lines))
        before = files_in(tmp_path)
        refuse(capsys, variants.main, argv, message)
        assert files_in(tmp_path) == before

    run.argv, run.refused, run.made = argv_of, refused, made
    return run


@pytest.fixture
def truth(haplotypes, world, tmp_path):
    """Called with a table's rows of one haplotype, and the alleles that it has: they agree with tensors of the mutated
    chromosome; genes without a row have no effect."""
    inputs, predict = haplotypes.made.inputs, window_predictor(world.checkpoint)
    models = LinearModels(inputs.fits)
    by_fasta = ByFasta(inputs.genes, inputs.contacts, world.sequences, world.checkpoint, predict, models, tmp_path)
    scale = np.abs(by_fasta.before).max() * np.linalg.norm(models.coefficients, axis=1).max()

    def agrees(table, edits, only=None):
        expected = by_fasta.effects("chr1", edits)
        genes = inputs.genes["id"].tolist() if only is None else only
        for number, each in enumerate(inputs.fits):
            got = table[table["model"] == each.name].set_index("gene_id")["effect"]
            for gene in genes:
                wanted = expected[inputs.genes["id"].tolist().index(gene), number]
                assert abs(got.get(gene, 0.0) - wanted) < 1e-5 * scale, (gene, got.get(gene), wanted)
        return np.nanmax(np.abs(expected))

    return agrees


def snv(world, pos):
    """An SNV there, or at the next place with a base: position, REF, ALT."""
    letters = world.sequences["chr1"].upper()
    while letters[pos - 1] not in "ACGT":
        pos += 1
    return pos, letters[pos - 1], "ACGT"[("ACGT".index(letters[pos - 1]) + 1) % 4]


def edits_of(*rows):
    return [Edit(pos, ref, alt, end or 0) for pos, ref, alt, end, *_ in rows]


def test_both_haplotypes_are_tensors_of_their_chromosomes(haplotypes, truth, world, tmp_path):
    one, two, three = (snv(world, TSS + away) for away in (-700, 100, 900))
    letters = world.sequences["chr1"].upper()
    pos = next(pos for pos in range(TSS + 300, TSS + 700) if set(letters[pos - 1 : pos + 1]) <= set("AGT"))
    insertion, behind = (pos, letters[pos - 1], letters[pos - 1] + "ACGTACC"), snv(world, pos + 1)
    rows = [
        (*one, None, "GT\t0|1\t1/1"),
        (*two, None, "GT\t1|0\t0/0"),
        (*insertion, None, "GT\t1|1\t0|0"),
        (*behind, None, "GT\t1|0\t0|0"),
        (*three, None, "GT:PS\t1|0:.\t0|0:."),
        (90_300, "N", "<DEL>", 100_200, "GT\t0|1\t."),
        (26_500, "N", "<INV>", 29_700, "GT\t1|0\t0|0"),
    ]
    table = haplotypes(rows)
    assert list(table.columns) == list(COLUMNS)
    first, second = (table[(table["sample"] == "S1") & (table["haplotype"] == number)] for number in (1, 2))
    assert truth(first, edits_of(*rows[1:5], rows[6])) > 0
    assert truth(second, edits_of(rows[0], rows[2], rows[5])) > 0
    assert (table[table["sample"] == "S1"]["status"] == "ok").all()
    assert first.set_index("gene_id").loc["G0", "alleles"].tolist() == [5, 5]
    assert second.set_index("gene_id").loc["G0", "alleles"].tolist() == [2, 2]
    np.testing.assert_allclose(table["effect"], table["effect_own"] + table["effect_contact"], rtol=1e-6, atol=1e-9)
    for number in (1, 2):  # homozygous without a phase; the last genotype is missing
        other = table[(table["sample"] == "S2") & (table["haplotype"] == number)]
        assert truth(other, edits_of(rows[0])) > 0
        assert dict(zip(other["gene_id"], other["status"], strict=True))["G3"] == "incomplete"
    only = haplotypes(rows, "only", "--sample", "S1")
    pd.testing.assert_frame_equal(
        only,
        table[table["sample"] == "S1"].reset_index(drop=True),
        check_dtype=False,  # no left_out is a number
    )


def test_however_it_is_cut_the_bytes_are_the_same(haplotypes, world, tmp_path, capsys):
    rows = [(*snv(world, TSS + away), None, f"GT\t{calls}") for away, calls in ((-700, "0|1\t1/1"), (100, "1|0\t0/1"))]
    haplotypes(rows)
    parts, whole = sorted((tmp_path / "out/parts").glob("*.npz")), (tmp_path / "out/haplotypes.tsv").read_bytes()
    assert len(parts) == 2  # one chromosome of two samples
    parts[0].unlink()
    parts[1].write_bytes(parts[1].read_bytes()[:-1])
    haplotypes(rows)
    assert (tmp_path / "out/haplotypes.tsv").read_bytes() == whole
    first = haplotypes.argv(rows, "cut", ["--divisor", 2, "--remainder", 1])
    assert variants.main(first) == 0 and not (tmp_path / "cut/haplotypes.tsv").exists()
    haplotypes(rows, "cut", "--divisor", 2, "--remainder", 0)
    assert (tmp_path / "cut/haplotypes.tsv").read_bytes() == whole
    assert variants.main(haplotypes.argv(rows, "cut", ["--tabix"])) == 0
    with pysam.TabixFile(str(tmp_path / "cut/haplotypes.tsv.gz")) as file:
        assert {line.split("\t")[2] for line in file.fetch("chr1", TSS - 1, TSS)} == {"G0"}
    singly = [word for word in haplotypes.argv(rows, "cut", []) if word != "--haplotypes"]
    capsys.readouterr()
    message = "effects.json: this folder has effects of haplotypes, not of alleles; give the"
    refuse(capsys, variants.main, singly, message)


def test_what_cannot_act_together_is_left_out_and_counted(haplotypes, truth, world):
    places = [snv(world, TSS + away) for away in (-900, -500, 100, 400, 800, 1200)]
    of_one, of_other, unphased, missing, same = (*places[:3], places[3], places[4])
    long = (of_one[0] + 20, "N", "<DEL>", of_one[0] + 60)
    inside = snv(world, of_one[0] + 30)
    rows = [
        (*of_one, None, "GT:PS\t0|1:7\t0|0"),
        (*long, "GT:PS\t0|1:7\t0|0"),
        (*inside, None, "GT:PS\t1|1:7\t0|0"),
        (*of_other, None, "GT:PS\t1|0:9\t0|0"),
        (*unphased, None, "GT\t0/1\t0|0"),
        (*missing, None, "GT\t.|1\t0|0"),
        (same[0], same[1], "N", None, "GT\t1|1\t0|0"),
        (*places[5], None, "GT\t1\t0|0"),  # one chromosome alone
        (TSS - 50_000, "N", "<CNV>", TSS - 49_000, "GT\t0|0\t0|0"),
    ]
    table = haplotypes(rows)
    assert set(table["sample"]) == {"S1"}
    by_number = {number: table[table["haplotype"] == number] for number in (1, 2)}
    truth(by_number[1], edits_of(rows[2], rows[7]), only=["G0"])
    truth(by_number[2], edits_of(rows[0], rows[1]), only=["G0"])
    usual = "1 missing_genotype, 1 not_acgt, 1 other_phase_set, 1 unphased"
    crowded = usual.replace("set,", "set, 1 overlapping,")
    of_gene = {number: each.set_index("gene_id").loc["G0"].iloc[0] for number, each in by_number.items()}
    assert of_gene[1]["left_out"] == usual and of_gene[1]["alleles"] == 2
    assert of_gene[2]["left_out"] == crowded
    assert (of_gene[2]["alleles"], of_gene[2]["phase_set"], of_gene[2]["status"]) == (2, "7", "incomplete")
    counts = ("1 missing_genotype", "1 not_acgt", "1 other_phase_set", "1 unphased")
    assert "4 alleles of samples used; left out: " in haplotypes.said[-1]
    assert all(count in haplotypes.said[-1] for count in counts)


def test_alleles_that_a_deletion_brings_to_a_gene_are_there(haplotypes, truth, world):
    """Behind its windows in the reference, 20,800 bp from its TSS."""
    rows = [
        (TSS + 15_000, "N", "<DEL>", TSS + 30_000, "GT\t1|0\t1|0"),
        (*snv(world, TSS + 32_000), None, "GT\t1|0\t0/1"),
    ]
    whole = haplotypes(rows)
    table = whole[(whole["gene_id"] == "G0") & (whole["model"] == whole["model"][0])]
    assert table["alleles"].tolist() == [2, 0, 1, 0]
    assert table["status"].tolist() == ["ok", "ok", "incomplete", "ok"]
    assert table["left_out"].tolist()[2] == "1 unphased"
    assert truth(whole[(whole["sample"] == "S1") & (whole["haplotype"] == 1)], edits_of(*rows)) > 0


def test_bad_genotypes_and_samples_are_refused(haplotypes, world):
    row = (*snv(world, TSS), None)
    good = [(*row, "GT\t0|1\t0|0")]
    haplotypes.refused([(*row, "GT\t0|2\t0|0")], "genotype '0|2' in row 1; expected alleles 0 to 1".replace("|", r"\|"))
    haplotypes.refused([(*row, "GT\t0|0\tx")], "genotype 'x' in row 1; expected alleles 0 to 1")
    haplotypes.refused(
        good, "--sample: no sample S9 among the 2 of the file; expected names like S1, S2", "--sample", "S9"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "HEADER", HEADER.replace("S2", "S1"))
        haplotypes.refused(good, "bad.vcf: several samples are called S1; expected names that differ")
    haplotypes.refused(good, "--wide: of no use with --haplotypes", "--wide")
    haplotypes.refused(good, "--samples?: of no use without --haplotypes", "--sample", "S1", without="--haplotypes")
    haplotypes.refused(good, "bad.vcf: no samples in it; expected VCF or BCF with genotypes", columns=8)
