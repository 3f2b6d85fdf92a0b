"""Files of variants: every form gives the same alleles, a copy differs in one field, what is broken is refused."""

import errno
import gzip
import hashlib
import io
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysam import bcftools
from refusals import files_in

from spex.errors import InputError
from spex.inputs import htslib, opening, variant_files
from spex.inputs.alleles import OK, PAST_THE_END, UNKNOWN_CHROMOSOME, alleles_of_table
from spex.inputs.variant_files import VariantFile
from spex.inputs.vcf import annotated_copy, check_target

CHROMSIZES = {"chr1": 120_400, "chr8": 90_000, "chrM": 16_569}
FORM = "##fileformat=VCFv4.3\n"
TITLES = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
SAMPLES = "\tFORMAT\ts1\ts2"
HEADER = (
    FORM
    + '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
    + '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    + "##contig=<ID=chr1,length=120400>\n##contig=<ID=chr8,length=90000>\n"
)
ROWS = [
    ("chr1", 5, "rs1", "A", "C"),
    ("chr1", 900, ".", "ACGT", "A,ACGTT,<DEL>"),
    ("chr1", 30_000, "rs1", "a", "g"),
    ("chr8", 70, "x;y", "T", "*"),
    ("chr8", 80_000, ".", "G", "G]chr1:9],C"),
]
SIZES = (1, 2, 3, 5, 100)


def row_text(row, info="DP=3", samples=""):
    return "\t".join(map(str, row)) + f"\t.\tPASS\t{info}{samples}\n"


def vcf_text(rows=ROWS, header=HEADER, samples=False):
    """Text of a VCF file, with two samples or none."""
    lines = (row_text(row, samples="\tGT\t0/1\t1|1" if samples else "") for row in rows)
    return header + TITLES + (SAMPLES if samples else "") + "\n" + "".join(lines)


def write(path, text, *, index=False):
    """Write a file in the form that its name says; `.gzip` is gzip that no index can be made of. Returns: the path."""
    data = text.encode() if isinstance(text, str) else text
    if path.suffix == ".gz":
        with pysam.BGZFile(str(path), "wb") as file:
            file.write(data)
    elif path.suffix == ".gzip":
        path.write_bytes(gzip.compress(data))
    elif path.suffix == ".bcf":
        plain = path.with_suffix(".draft")
        plain.write_bytes(data)
        bcftools.view("-O", "b", "-o", str(path), str(plain), catch_stdout=False)
        plain.unlink()
    else:
        path.write_bytes(data)
    if index:
        pysam.tabix_index(str(path), preset="bcf" if path.suffix == ".bcf" else "vcf")
    return path


def alleles(path, size=2, **options):
    """What of each allele stands in the file, and its row's number."""
    blocks = VariantFile(path, options.pop("chromsizes", CHROMSIZES), **options).blocks(size)
    return [(a.number, a.chrom, a.pos, a.variant_id, a.ref, a.alt) for block in blocks for a in block]


def write_annotated(source, target, size, infos):
    """A copy of a file with the entries of each block, after it was gone through."""
    list(source.blocks(size))
    with annotated_copy(source, target, size) as add:
        for entries in infos:
            add(entries)


def split(rows):
    """The alleles of rows, as `alleles` has them."""
    return [
        (number, chrom, pos, name, ref, alt)
        for number, (chrom, pos, name, ref, alts) in enumerate(rows)
        for alt in alts.split(",")
    ]


def refused(path, message, **options):
    """Reading must end in one line about the file, with nothing written beside it."""
    before = files_in(path.parent)
    with pytest.raises(InputError) as error:
        alleles(path, **options)
    told = str(error.value)
    assert re.search(message, told), told
    assert told.startswith(f"variants {path}: ") and told.isprintable() and len(told) < 600, told
    assert files_in(path.parent) == before


@pytest.fixture(autouse=True)
def _nothing_is_printed(capfd):
    yield
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("samples", [False, True])
@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz", "x.vcf.gzip", "x.bcf", "gz.txt"])
def test_every_form_gives_the_same_alleles(tmp_path, name, samples):
    path = write(tmp_path / name, vcf_text(samples=samples))
    for size in SIZES:
        assert alleles(path, size) == split(ROWS)
    source = VariantFile(path, CHROMSIZES)
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [len({a.number for a in block}) for block in source.blocks(2)] == [2, 2, 1]
    assert [[a.status for a in block] for block in source.blocks(2)] == [
        [OK, OK, OK, "symbolic"],
        [OK, "missing"],
        ["breakend", OK],
    ]


def test_an_uncompressed_bcf(tmp_path):
    packed = write(tmp_path / "x.bcf", vcf_text())
    (tmp_path / "raw").write_bytes(gzip.decompress(packed.read_bytes()))
    assert alleles(tmp_path / "raw") == split(ROWS)
    refused(write(tmp_path / "cut", (tmp_path / "raw").read_bytes()[:-9]), "cut short after row 4 ")


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz", "x.bcf"])
def test_standard_input(tmp_path, monkeypatch, name):
    data = write(tmp_path / name, vcf_text()).read_bytes()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    source = VariantFile("-", CHROMSIZES)
    assert len(files_in(tmp_path / "spool")) == 1
    assert source.sha256 == hashlib.sha256(data).hexdigest()
    for _ in range(2):
        assert [a.pos for block in source.blocks(2) for a in block] == [row[2] for row in split(ROWS)]
    del source
    assert not files_in(tmp_path / "spool")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(InputError, match=r"^variants standard input: an empty file; expected VCF or BCF$"):
        VariantFile("-", CHROMSIZES)


@pytest.mark.parametrize(
    "there, genome, on",
    [
        (["chr1", "chrM"], ["chr1", "chrM"], ["chr1", "chrM"]),
        (["1", "MT"], ["chr1", "chrM"], ["chr1", "chrM"]),
        (["chr1", "chrM"], ["1", "MT"], ["1", "MT"]),
        (["M", "1"], ["1", "MT"], ["MT", "1"]),
        (["1", "chr1", "2", ""], ["chr1", "1"], ["1", "chr1", None, None]),
    ],
)
def test_chromosomes_by_either_name(tmp_path, there, genome, on):
    path = write(tmp_path / "x.vcf", vcf_text([(chrom, 5, ".", "A", "C") for chrom in there], FORM))
    (block,) = VariantFile(path, dict.fromkeys(genome, 9)).blocks(9)
    assert [a.on for a in block] == on
    assert [a.chrom for a in block] == there
    assert [a.status for a in block] == [OK if name else UNKNOWN_CHROMOSOME for name in on]


def test_rows_that_are_fine_or_have_a_status(tmp_path):
    rows = [
        ROWS[2],
        ROWS[0],
        ROWS[0],
        ("chr1", 0, ".", "A", "C"),
        ("chr1", 120_401, ".", "A", "C"),
        ("9", 9, "", "A", "C"),
    ]
    text = vcf_text(rows).replace("\n", "\r\n")
    read = [
        a
        for block in VariantFile(write(tmp_path / "x.vcf", "\ufeff" + text + "\r\n"), CHROMSIZES).blocks(4)
        for a in block
    ]
    assert [a.pos for a in read] == [row[1] for row in rows]
    assert [a.status for a in read] == [OK, OK, OK, PAST_THE_END, PAST_THE_END, UNKNOWN_CHROMOSOME]
    assert read[-1].variant_id == "."
    odd = vcf_text([("chr1", 7, "rs", "A", "C")]).encode().replace(b"rs", b"r\xe9s")
    assert [row[3] for row in alleles(write(tmp_path / "y.vcf", odd))] == ["r\\xe9s"]


def test_no_row(tmp_path):
    assert alleles(write(tmp_path / "x.vcf", vcf_text([]))) == []
    assert alleles(write(tmp_path / "y.vcf", vcf_text([]).removesuffix("\n"))) == []


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "an empty file; expected VCF or BCF"),
        (gzip.compress(b"", mtime=0), "an empty file in it; expected VCF or BCF"),
        ("some words\nand more\n", "a file that begins with 'some words'; expected VCF or BCF"),
        (">chr1\nACGT\n", "a FASTA file of sequence; expected VCF or BCF; a FASTA file of sequence goes to genome"),
        ("# my variants\nchr1\t5\t.\tA\tC\n", "a line that begins with '# my variants'; .*; take lines of remarks out"),
        ("chr1\t" + "9" * 5000 + "\t5\tA\tC\n", "position '9+...' in row 1"),
        ("chr1\t1\t5\tname\n", "a BED file; expected VCF or BCF; it has no alleles: give the file that they are in"),
        (
            "chr1\t5\t5\tA/C\t+\n",
            "rows as VEP takes them, with alleles between /; .* give them as VCF",
        ),
        ("1   6   5   -/CA/G   +\n", "rows as VEP takes them"),
        ("##gff-version 3\nchr1\tx\tgene\t5\t9\n", "a file that begins with '##gff-version 3'; expected VCF or BCF"),
        (HEADER + row_text(ROWS[0]), "no line #CHROM above its rows; .*; put it there: #CHROM POS ID REF ALT"),
        (HEADER, "no line #CHROM above its rows"),
        (vcf_text().replace("\t", " "), "its titles are '#CHROM POS ID .*'; expected #CHROM POS .*, between tabs"),
        (FORM + "#CHROM\tPOS\tREF\n", "its titles are '#CHROM.*; expected #CHROM POS ID REF ALT QUAL FILTER INFO"),
        (b"PK\x03\x04" + bytes(99), "a zip archive"),
        (bytes(range(256)), "a file that begins with"),
        (b"BCF\x02\x02" + bytes(99), "damaged or cut short at its beginning"),
        (b"\x1f\x8b", "damaged or cut short at its beginning or its end"),
        (b"\x1f\x8b" + bytes(99), "damaged or cut short at its beginning or its end"),
    ],
)
def test_what_is_no_vcf(tmp_path, content, message):
    refused(write(tmp_path / "x.vcf", content), message)


FIVE = [("chr1", 5, "[known_CEBP_binding_event]", "A", "C"), *ROWS[1:]]
"""As ExPecto's example has them: without a header, and five columns."""


def columns_text(rows, count, titles=""):
    """The first columns of rows, up to all eight and two samples."""
    lines = (row_text(row, samples="\tGT\t0/1\t1|1").rstrip("\n").split("\t")[:count] for row in rows)
    return titles + "".join("\t".join(line) + "\n" for line in lines)


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gz", "x.vcf.gzip"])
@pytest.mark.parametrize("count", [5, 7, 8, 11])
@pytest.mark.parametrize("titles", ["", "#CHROM\tPOS\tID\tREF\tALT", "##source=x\n#chrom\tpos\tid\tref\talt"])
def test_tables_of_the_columns_of_vcf(tmp_path, name, count, titles):
    if titles:
        titles += "".join(f"\t{each}" for each in (TITLES + SAMPLES).split("\t")[5:count]) + "\n"
    path = write(tmp_path / name, columns_text(FIVE, count, titles))
    assert alleles(path) == split(FIVE)
    write_annotated(VariantFile(path, CHROMSIZES), tmp_path / "out.vcf", 2, ENTRIES)
    with pysam.VariantFile(str(tmp_path / "out.vcf")) as file:
        copied = [(row.chrom, row.pos, row.id or ".", row.ref, ",".join(row.alts or ".")) for row in file]
        assert copied == FIVE and len(file.header.samples) == max(count - 9, 0)


def test_regions_of_a_table_without_a_header(tmp_path):
    path = write(tmp_path / "x.vcf.gz", columns_text(FIVE, 5), index=True)
    assert alleles(path, regions=["chr8"]) == split(FIVE[3:])


def test_a_row_of_a_table_that_has_fewer_columns_than_the_first(tmp_path):
    path = write(tmp_path / "x.tsv", columns_text(FIVE, 5) + "chr1\t7\trs\tA\n")
    refused(path, "4 columns in row 6, .*; expected 5 between tabs, as row 1 has")


@pytest.mark.parametrize(
    "text, message",
    [
        ("chr1\t5\tA\tC\nchr8\t70\tT\tG\n", "rows of chromosome, position, REF and ALT; .*: (awk .*) FILE > NEW"),
        (
            "chr1\t4\t5\tA\tC\nchr8\t69\t70\tT\tG\n",
            "rows of chromosome, start from 0, end, REF and ALT; .*: (awk .*) FILE > NEW",
        ),
        ("chr1,5,.,A,C\nchr8,70,.,T,G\n", "fields between commas; .*: (tr .*) < FILE > NEW"),
        ("chr1 5 . A C\nchr8 70 . T G\n", "fields between blanks; .*: (tr .*) < FILE > NEW"),
    ],
)
def test_what_is_advised_for_other_tables_works(tmp_path, text, message):
    path = write(tmp_path / "x.txt", text)
    with pytest.raises(InputError) as error:
        alleles(path)
    command = re.search(message, str(error.value))[1]
    made = subprocess.run(command, shell=True, input=text, capture_output=True, text=True, check=True).stdout
    read = alleles(write(tmp_path / "new.tsv", made))
    assert [row[1:] for row in read] == [("chr1", 5, ".", "A", "C"), ("chr8", 70, ".", "T", "G")]


def test_a_table_with_titles_is_for_pandas(tmp_path):
    path = write(tmp_path / "x.csv", "chrom,pos,ref,alt\nchr1,5,A,C\n")
    refused(path, "a table that begins with 'chrom,pos,ref,alt'; .*; or the table to spex.variant_effects in Python")
    assert [a.pos for a in alleles_of_table(pd.read_csv(path), CHROMSIZES)] == [5]


@pytest.mark.parametrize(
    "bad, message",
    [
        ("chr1\t7\trs\tA\n", "4 columns in row 3, 'chr1.*7.*'; expected 8 between tabs, as its header has; correct it"),
        ("chr1 7 rs A C . . .\n", "1 columns in row 3"),
        ("chr1\tx\t.\tA\tC\t.\t.\t.\n", "position 'x' in row 3, .*; expected a whole number from 0 up"),
        ("chr1\t-1\t.\tA\tC\t.\t.\t.\n", "position '-1' in row 3"),
        ("chr1\t\t.\tA\tC\t.\t.\t.\n", "position '' in row 3"),
        ("chr1\t" + "9" * 5000 + "\t.\tA\tC\t.\t.\t.\n", r"position '9+\.\.\.' in row 3"),
        (TITLES + "\n", "a header line in row 3, '#CHROM.*take it out"),
        ("\x00\x01\x02\n", "1 columns in row 3"),
    ],
)
def test_a_row_that_is_none(tmp_path, bad, message):
    good = vcf_text(ROWS[:2])
    path = write(tmp_path / "x.vcf", good + bad + row_text(ROWS[2]))
    refused(path, message)
    blocks = VariantFile(path, CHROMSIZES).blocks(1)
    assert next(blocks)[0].variant_id == "rs1"


def test_a_row_without_its_samples(tmp_path):
    text = vcf_text(samples=True)
    refused(
        write(tmp_path / "x.vcf", text.removesuffix("\t1|1\n")), "10 columns in row 5, .*; expected 11 between tabs"
    )


@pytest.mark.parametrize("name", ["x.vcf.gz", "x.vcf.gzip", "x.bcf"])
@pytest.mark.parametrize("part", [0.01, 0.5, 0.9, 0.9999])
def test_a_file_cut_short(tmp_path, name, part):
    rows = [("chr1", pos, f"rs{pos * 7919 % 10_007}", "A", "C") for pos in range(1, 9001)]
    data = write(tmp_path / name, vcf_text(rows)).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * part)])
    refused(path, "damaged or cut short .*; expected a whole file; fetch or copy it again", size=1000)


def test_bgzip_cut_between_blocks(tmp_path):
    path = write(tmp_path / "x.vcf.gz", vcf_text())
    path.write_bytes(path.read_bytes()[:-28])
    assert gzip.decompress(path.read_bytes()).decode() == vcf_text()
    refused(path, "cut short at its beginning or its end .the block that bgzip puts at the end is missing")


def test_a_flipped_byte(tmp_path):
    data = bytearray(write(tmp_path / "x.vcf.gz", vcf_text()).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "x.vcf.gz").write_bytes(data)
    refused(tmp_path / "x.vcf.gz", "damaged or cut short")


@pytest.fixture
def low_bounds(monkeypatch):
    for name, bytes_ in (("UNFOLDED", 100_000), ("LONGEST_LINE", 350_000)):
        monkeypatch.setattr(opening, name, bytes_)
        monkeypatch.setattr(htslib, name, bytes_, raising=False)


LONG = vcf_text([("chr1", 5, ".", "A", "A" * 500_000)])
REPEATED = vcf_text([("chr1", 5, ".", "A", "A" * 300_000)] * 30)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("x.vcf", LONG, "a line of more than"),
        ("x.bcf", LONG, "in row 1; expected at most 0 MB"),
        ("x.vcf.gz", REPEATED, "kB of it expand to more than"),
        ("x.vcf.gzip", REPEATED, "kB of it expand to more than"),
        ("x.bcf", REPEATED, "kB of it expand to more than"),
    ],
)
def test_what_unfolds_without_bounds(tmp_path, low_bounds, name, text, message):
    refused(write(tmp_path / name, text), message)


def test_regions_and_indexes_that_unfold_without_bounds(tmp_path, low_bounds):
    path = write(tmp_path / "x.vcf.gz", REPEATED, index=True)
    refused(path, "kB of it expand to more than", regions=["chr1"])
    path = write(tmp_path / "y.vcf.gz", vcf_text(), index=True)
    path.with_name("y.vcf.gz.tbi").write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(InputError, match=r"^variants .*y.vcf.gz.tbi: .* kB of it expand to more than"):
        alleles(path, regions=["chr1"])


def test_alleles_without_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(variant_files, "MOST_ALLELES", 10)
    path = write(tmp_path / "x.vcf", vcf_text([("chr1", 5, ".", "A", ",".join("CGT" * 4))]))
    refused(path, "too many or too long alleles in row 1, .*; expected at most 10 alleles")
    path = write(tmp_path / "x.vcf", vcf_text([("chr1", 5, ".", "A", "C,G,T")] * 9))
    assert len(alleles(path, 2)) == 27
    refused(path, "too many or too long alleles in row 4", size=9)
    monkeypatch.setattr(variant_files, "MOST_LETTERS", 1000)
    path = write(tmp_path / "x.vcf", vcf_text([("chr1", 5, ".", "A" * 400, "A")] * 3))
    assert len(alleles(path, 2)) == 3
    refused(path, "too many or too long alleles in row 3", size=3)


class Endless:
    """A stream that never ends. line: that it repeats."""

    def __init__(self, line):
        self.line, self.given = line, 0

    def read(self, size):
        self.given += size
        assert self.given < 1 << 30
        return (self.line * (size // len(self.line) + 1))[:size]


@pytest.mark.parametrize(
    "line, message", [(b"\0", "a file that begins with"), (b"y\n", "a file that begins with 'y'; expected VCF or BCF")]
)
def test_standard_input_that_is_something_else_and_never_ends(tmp_path, monkeypatch, line, message):
    stream = Endless(line)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    with pytest.raises(InputError, match=f"^variants standard input: {message}"):
        VariantFile("-", CHROMSIZES)
    assert stream.given < 1 << 22 and not files_in(tmp_path / "spool")


def test_no_such_file(tmp_path):
    refused(tmp_path / "x.vcf", "no such file; check the path")
    refused(tmp_path, "found a folder; expected a file")


def test_another_build(tmp_path):
    lengths = "##contig=<ID=1,length=120401>\n##contig=<ID=8,length=90000>\n##contig=<ID=MT,length=16571>\n"
    path = write(tmp_path / "x.vcf", vcf_text(header=FORM + lengths))
    refused(
        path,
        "1 is 120,401 bp long there and 120,400 bp in the genome; expected variants on the same genome build; is the "
        "file of another build?",
    )
    some = lengths.replace("120401", "120400")
    source = VariantFile(write(tmp_path / "y.vcf", vcf_text(header=FORM + some)), CHROMSIZES)
    assert source.doubts == [
        "its header has other lengths of 1 in 3 chromosomes (MT is 16,571 bp long there and 16,569 bp in the genome)"
    ]
    assert (
        VariantFile(write(tmp_path / "z.vcf", vcf_text(header=FORM + some.replace("MT", "X"))), CHROMSIZES).doubts == []
    )


@pytest.mark.parametrize(
    "line, named",
    [
        ("##reference=file:///data/human_g1k_v37.fasta", "hg19 (GRCh37)"),
        ("##contig=<ID=1,assembly=b37>", "hg19 (GRCh37)"),
        ("##assembly=GRCm38", "mm10 (GRCm38)"),
        ("##reference=hg38.fa", None),
        ("##reference=hg19 lifted to hg38", None),
        ("##source=made on hg19", None),
    ],
)
def test_a_header_that_names_another_build(tmp_path, line, named):
    path = write(tmp_path / "x.vcf", vcf_text(header=f"{FORM}{line}\n"))
    expected = [] if named is None else [f"its header says {named}, the genome is hg38 (GRCh38)"]
    assert VariantFile(path, {"chr1": 248_956_422, "chr8": 90_000}).doubts == expected
    assert VariantFile(path, CHROMSIZES).doubts == []  # a genome whose build is not known


@pytest.mark.parametrize("size", [1, 2, 100])
def test_no_known_chromosome(tmp_path, size):
    path = write(tmp_path / "x.vcf", vcf_text([("chrI", 5, ".", "A", "C"), ("II", 5, ".", "A", "<DEL>")], FORM))
    refused(
        path,
        "none of its chromosomes is in the genome; it has chrI, II; expected names like chr1, chr8, chrM",
        size=size,
    )


DENSE = [("chr1", pos, f"rs{pos}", "ACGT", "A") for pos in range(10, 400, 10)] + [
    ("chr1", 500, "long", "A" * 300, "A"),
    ("chr1", 700, "rs700", "A", "T"),
    ("chr8", 70, ".", "T", "C"),
]


@pytest.mark.parametrize(
    "regions",
    [
        ["chr1"],
        ["chr1:10-10"],
        ["chr1:13-13"],
        ["chr1:14-19"],
        ["chr1:100-200", "chr1:150-300"],
        ["chr8:1-2000", "chr1:790-800", "chr1:510-520", "1:600-1,000"],
        ["chr8:600000000-700000000"],
        ["chrM", "chr8"],
    ],
)
@pytest.mark.parametrize("name", ["x.vcf.gz", "x.bcf"])
def test_regions_give_each_row_once(tmp_path, name, regions):
    path = write(tmp_path / name, vcf_text(DENSE, samples=True), index=True)
    wanted = set()
    for region in regions:
        chrom, _, stretch = region.replace(",", "").partition(":")
        first, last = map(int, stretch.split("-")) if stretch else (1, 10**6)
        for row in DENSE:
            if chrom in (row[0], row[0][3:]) and row[1] <= last and row[1] + len(row[3]) > first:
                wanted.add(row)
    found = alleles(path, regions=regions)
    assert [row[0] for row in found] == list(range(len(wanted)))
    assert {row[1:] for row in found} == wanted


@pytest.mark.parametrize("name, preset", [("x.vcf.gz", "vcf"), ("x.bcf", "bcf")])
def test_regions_that_cannot_be_read(tmp_path, name, preset):
    path = write(tmp_path / name, vcf_text())
    refused(path, f"no index, by which regions are read; make one with: tabix -p {preset} {path}", regions=["chr8"])
    write(path, vcf_text(), index=True)
    index = path.with_name(path.name + (".csi" if preset == "bcf" else ".tbi"))
    os.utime(index, (1, 1))
    refused(path, f"its index {index.name} is older than it; make one with: tabix -f -p {preset} ", regions=["chr8"])
    index.write_bytes(b"no index")
    refused(path, f"its index {index.name} cannot be read .*; make one with: tabix -f -p", regions=["chr8"])


@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gzip"])
def test_regions_of_a_file_without_index(tmp_path, name):
    path = write(tmp_path / name, vcf_text())
    refused(
        path,
        "regions are read by an index, which it cannot have; compress it with bgzip, .*: tabix -p vcf FILE",
        regions=["chr8"],
    )


@pytest.mark.parametrize(
    "region, message",
    [("chr9:1-5", "no such chromosome; expected one of chr1, chr8"), ("chr8:5", "no region; .* chr8:1-2")],
)
def test_regions_that_are_none(tmp_path, region, message):
    path = write(tmp_path / "x.vcf.gz", vcf_text(), index=True)
    with pytest.raises(InputError, match=f"^regions {region}: {message}"):
        VariantFile(path, CHROMSIZES, regions=[region])


NAMES = st.text("abcXYZ019_:;.-", min_size=1, max_size=8)
ALT = st.one_of(st.text("ACGTacgtN", min_size=1, max_size=6), st.sampled_from([".", "*", "<DEL>", "G]chr8:5]", "<*>"]))
ROW = st.tuples(
    st.sampled_from(["chr1", "8", "chrUn_x", "MT"]),
    st.integers(0, 2**31 - 2),
    NAMES,
    st.text("ACGTNacgt", min_size=1, max_size=6),
    st.lists(ALT, min_size=1, max_size=3).map(",".join),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=6), st.integers(1, 4), st.sampled_from(["x.vcf", "x.vcf.gz"]))
def test_rows_written_as_text_are_read_back(rows, size, name):
    rows = [("chr1", 5, ".", "A", "C"), *rows]
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder, name), vcf_text(rows, samples=True))
        assert alleles(path, size) == split(rows)


ENTRIES = [{1: ["A|g1|Brain, left", "<DEL>|g2|x"]}, {}, {4: ["C|g|y"]}]
"""For the five rows in blocks of two."""


@pytest.mark.parametrize("samples", [False, True])
@pytest.mark.parametrize("name", ["x.vcf", "x.vcf.gzip", "x.vcf.gz"])
@pytest.mark.parametrize("target", ["out.vcf", "out.vcf.gz"])
def test_a_copy_differs_in_one_field(tmp_path, name, target, samples):
    text = vcf_text(samples=samples).replace("DP=3", "SPEX=old;DP=3", 1).replace("PASS", "0.10", 1)
    source = VariantFile(write(tmp_path / name, text), CHROMSIZES)
    write_annotated(source, tmp_path / target, 2, ENTRIES)
    data = (tmp_path / target).read_bytes()
    lines = (gzip.decompress(data) if target.endswith("gz") else data).decode().splitlines()
    added = [line for line in lines if line.startswith("##INFO=<ID=SPEX,Number=.,Type=String,Description=")]
    assert len(added) == 1
    assert [line for line in lines if line not in added] == [
        line.replace("SPEX=old;", "")
        .replace("A,ACGTT,<DEL>\t.\tPASS\tDP=3", "A,ACGTT,<DEL>\t.\tPASS\tDP=3;SPEX=A|g1|Brain%2C%20left,<DEL>|g2|x")
        .replace("C\t.\tPASS\tDP=3", "C\t.\tPASS\tDP=3;SPEX=C|g|y")
        if line.startswith("chr") and "rs1" not in line
        else line.replace("SPEX=old;", "")
        for line in text.splitlines()
    ]
    assert alleles(tmp_path / target) == split(ROWS)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, target])


def test_a_copy_of_a_copy_is_the_copy(tmp_path):
    write(tmp_path / "x.vcf", vcf_text(header=FORM))
    write_annotated(VariantFile(tmp_path / "x.vcf", CHROMSIZES), tmp_path / "once.vcf", 2, ENTRIES)
    write_annotated(VariantFile(tmp_path / "once.vcf", CHROMSIZES), tmp_path / "twice.vcf", 2, ENTRIES)
    assert "##contig=<ID=chr1,length=120400>" in (tmp_path / "once.vcf").read_text()
    assert (tmp_path / "once.vcf").read_bytes() == (tmp_path / "twice.vcf").read_bytes()
    write_annotated(VariantFile(tmp_path / "once.vcf", CHROMSIZES), tmp_path / "once.vcf", 2, ENTRIES)
    assert (tmp_path / "once.vcf").read_bytes() == (tmp_path / "twice.vcf").read_bytes()


@pytest.mark.parametrize("name", ["x.vcf", "x.bcf"])
@pytest.mark.parametrize("target", ["out.bcf", "out.vcf"])
def test_a_copy_as_bcf(tmp_path, name, target):
    rows = [*ROWS[:4], ("chr9_odd", 80_000, ".", "G", "G]chr1:9],C")]
    path = write(tmp_path / "x.vcf", vcf_text(rows, samples=True, header=HEADER + "##contig=<ID=chr9_odd>\n"))
    if name == "x.bcf":
        path = write(tmp_path / name, path.read_text())
    else:  # what htslib would need to know is not declared
        path.write_text(path.read_text().replace("DP=3", "XX=3;FLAG").replace("PASS", "LOW").replace(HEADER, FORM))
    write_annotated(VariantFile(path, CHROMSIZES), tmp_path / target, 2, ENTRIES)
    with pysam.VariantFile(str(tmp_path / target)) as file:
        header, copied = str(file.header), [str(row) for row in file]
    assert "##INFO=<ID=SPEX,Number=.,Type=String" in header and "##contig=<ID=chr9_odd>" in header
    given_rows = [line for line in vcf_text(rows, samples=True).splitlines(keepends=True) if line.startswith("chr")]
    if name == "x.vcf":
        given_rows = [line.replace("DP=3", "XX=3;FLAG").replace("PASS", "LOW") for line in given_rows]
    entries = {1: ";SPEX=A|g1|Brain%2C%20left,<DEL>|g2|x", 4: ";SPEX=C|g|y"}
    assert copied == [line.replace("\tGT", entries.get(n, "") + "\tGT") for n, line in enumerate(given_rows)]
    assert len(list(tmp_path.iterdir())) == 2 + (name == "x.bcf")


def test_what_does_not_fit_into_bcf(tmp_path):
    text = vcf_text(samples=True).replace("GT\t0/1\t1|1", "GT\t0/1:1:1\t1|1")
    source = VariantFile(write(tmp_path / "x.vcf", text), CHROMSIZES)
    with pytest.raises(
        InputError, match=r"row 1 does not fit into BCF \(.*\); write VCF: give a name that ends in .vcf.gz"
    ):
        write_annotated(source, tmp_path / "out.bcf", 2, ENTRIES)
    assert [path.name for path in tmp_path.iterdir()] == ["x.vcf"]


def test_a_copy_of_regions_has_their_rows(tmp_path):
    path = write(tmp_path / "x.vcf.gz", vcf_text(), index=True)
    source = VariantFile(path, CHROMSIZES, regions=["chr8"])
    write_annotated(source, tmp_path / "out.vcf", 1, [{0: ["C|g"]}, {}])
    assert alleles(tmp_path / "out.vcf") == alleles(path, regions=["chr8"]) == split(ROWS[3:])
    assert (tmp_path / "out.vcf").read_text().count("SPEX=C|g\n") == 1


@pytest.mark.parametrize("target", ["out.vcf", "out.vcf.gz", "out.bcf"])
def test_a_copy_appears_whole_or_not(tmp_path, target):
    source = VariantFile(write(tmp_path / "x.vcf", vcf_text()), CHROMSIZES)
    with pytest.raises(ValueError, match="fewer blocks"):
        write_annotated(source, tmp_path / target, 2, ENTRIES[:2])

    def failing():
        yield {}
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_annotated(source, tmp_path / target, 2, failing())
    assert [path.name for path in tmp_path.iterdir()] == ["x.vcf"]


@pytest.mark.parametrize("target", ["out.vcf", "out.vcf.gz"])
def test_a_full_disk_is_an_error_of_the_system(tmp_path, target):
    rows = [("chr1", pos, f"rs{pos * 7919 % 10_007}", "A", "C") for pos in range(1, 9001)]
    source = VariantFile(write(tmp_path / "x.vcf", vcf_text(rows)), CHROMSIZES)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OSError) as error:
            write_annotated(source, tmp_path / target, 9000, [{}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, former)
    assert error.value.errno in (errno.EFBIG, errno.EIO)
    assert [path.name for path in tmp_path.iterdir()] == ["x.vcf"]


def test_without_pysam(tmp_path, monkeypatch):
    plain = write(tmp_path / "x.vcf", vcf_text())
    packed = write(tmp_path / "x.vcf.gz", vcf_text(), index=True)
    binary = write(tmp_path / "x.bcf", vcf_text())
    monkeypatch.setitem(sys.modules, "pysam", None)
    assert alleles(plain) == alleles(packed) == split(ROWS)
    check_target("out.vcf")
    hint = "pysam, which .*, is not installed; get it with: pip install 'spex-expression\\[variants\\]'"
    for needs in (
        lambda: VariantFile(binary, CHROMSIZES),
        lambda: VariantFile(packed, CHROMSIZES, regions=["chr8"]),
        lambda: check_target("out.vcf.gz"),
        lambda: check_target("OUT.BCF"),
    ):
        with pytest.raises(InputError, match=hint):
            needs()
