"""Base codes of stretches against the letters of the FASTA, and its index."""

import gzip
import os

import pyfaidx
import pytest
from conftest import write_fasta
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from refusals import files_in

from spex.errors import InputError
from spex.inputs import genome as genome_module
from spex.inputs.agree import check_on_genome
from spex.inputs.genome import Genome

LETTERS = "acgtNNACGTRYKMn" + "GATTACA" * 30
CODES = {"A": 0, "G": 1, "C": 2, "T": 3}


@pytest.fixture(scope="module")
def fasta(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    write_fasta(path, {"chr1": LETTERS, "chr2": LETTERS[::-1]}, width=7)
    return path


@pytest.fixture(scope="module")
def genome(fasta):
    return Genome(fasta, fasta.with_suffix(".spare"))


@given(st.integers(-50, 300), st.integers(0, 350))
@settings(deadline=None)
def test_codes_of_any_stretch_with_n_past_the_ends(genome, start, length):
    codes = genome.codes("chr1", start, start + length)
    expected = [CODES.get(LETTERS[i].upper(), 4) if 0 <= i < len(LETTERS) else 4 for i in range(start, start + length)]
    assert codes.dtype == "uint8"
    assert_array_equal(codes, expected)


def test_chromsizes(genome):
    assert genome.chromsizes == {"chr1": len(LETTERS), "chr2": len(LETTERS)}


def test_the_index_lies_beside_the_genome_and_nothing_else_does(genome, fasta):
    assert {path.name for path in fasta.parent.iterdir()} == {"genome.fa", "genome.fa.fai"}


@pytest.mark.parametrize(
    "content",
    [
        ">chr1\nACGT\nAC\n>chr2\nGG",
        ">chr1\nACGT\nACGT",
        ">chr1\nACGTACGT\n",
        ">chr1\r\nACGT\r\nACGT\r\n>chr2\r\nA\r\n",
        ">chr1\nACGT\n\n>chr2 second\nGG\n",
    ],
)
def test_an_index_that_fits_is_not_made_again(tmp_path, content, monkeypatch):
    (tmp_path / "genome.fa").write_text(content, newline="")
    first = Genome(tmp_path / "genome.fa", tmp_path / "spare.fai")
    monkeypatch.setattr(genome_module, "_build_index", None)  # calling it would fail
    second = Genome(tmp_path / "genome.fa", tmp_path / "spare.fai")
    for chrom, length in first.chromsizes.items():
        assert_array_equal(first.codes(chrom, 0, length), second.codes(chrom, 0, length))


@pytest.mark.parametrize("change", ["other genome", "older", "cut short", "empty"])
def test_an_index_that_does_not_fit_is_made_again(tmp_path, change):
    path, index = tmp_path / "genome.fa", tmp_path / "genome.fa.fai"
    write_fasta(path, {"chr1": "A" * 70 + LETTERS, "chr2": LETTERS}, width=9)
    pyfaidx.Faidx(str(path)).close()
    if change == "older":
        write_fasta(path, {"chr1": LETTERS, "chr2": LETTERS}, width=11)
        os.utime(index, (1, 1))
    elif change == "other genome":
        write_fasta(path, {"chr1": LETTERS, "chr2": LETTERS}, width=9)
        os.utime(path, (1, 1))
    else:
        index.write_text(index.read_text()[:-9] if change == "cut short" else "")
        write_fasta(path, {"chr1": LETTERS, "chr2": LETTERS}, width=9)
    genome = Genome(path, tmp_path / "spare.fai")
    assert genome.chromsizes == {"chr1": len(LETTERS), "chr2": len(LETTERS)}
    assert_array_equal(genome.codes("chr2", 0, 4), [0, 2, 1, 3])


@pytest.mark.parametrize(
    "content, message",
    [
        (b"\x1f\x8b\x08\x00", "compressed .gzipped.; expected FASTA, .*; decompress it with: gunzip"),
        (b"chr1\t100\n", "text or bytes of another kind; expected FASTA"),
        (b"", "an empty file; expected FASTA"),
        (b">chr1\nACGT\nACGTACGT\nAC\n", "not usable as FASTA"),
    ],
)
def test_what_is_not_fasta_is_refused(tmp_path, content, message):
    (tmp_path / "genome.fa").write_bytes(content)
    with pytest.raises(InputError, match=message):
        Genome(tmp_path / "genome.fa", tmp_path / "spare.fai")
    assert [path.name for path in tmp_path.iterdir()] == ["genome.fa"]


def test_a_name_that_occurs_twice_is_refused(tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n>chr1\nACGT\n")
    with pytest.raises(InputError, match=r"not usable as FASTA .*chr1"):
        Genome(tmp_path / "genome.fa", tmp_path / "spare.fai")


def short_fasta(**changes):
    return "".join(f">{name}\n{letters}\n" for name, letters in {"chr8": "ACGT", "chr9": "ACGT", **changes}.items())


GENOMES = {
    "empty": (b"", "an empty file; expected FASTA"),
    "gzip": (gzip.compress(b">chr1\nACGT\n"), "compressed .gzipped.; expected FASTA, .*; decompress it with: gunzip"),
    "zip": (b"PK\x03\x04" + bytes(100), "a zip archive, .*; expected FASTA"),
    "a table": (b"chr1\t1000\n", "text or bytes of another kind; expected FASTA"),
    "two lines of different length": (b">chr1\nACGT\nACGTACGT\nAC\n", "not usable as FASTA"),
    "a name twice": (b">chr1\nACGT\n>chr1\nACGT\n", "not usable as FASTA .*chr1"),
    "no name": (b">\nACGT\n", "not usable as FASTA|which the genome lacks"),
    "names without chr": (short_fasta(chr8="A").replace("chr", "").encode(), "which the genome lacks; it has 8, 9"),
    "a chromosome is missing": (short_fasta().encode(), "names 'chr1', which the genome lacks; it has chr8, chr9"),
    "cut short": (
        short_fasta(chr1="ACGT").encode(),
        "lies past the end of chr1 .4 bp.; expected a genome of the same build",
    ),
    "bytes": (bytes(range(256)) * 99, "expected FASTA"),
}


@pytest.mark.parametrize("kind", GENOMES)
def test_a_genome_that_cannot_be_used_is_refused(tmp_path, genes, kind):
    content, message = GENOMES[kind]
    (tmp_path / "genome.fa").write_bytes(content)
    with pytest.raises(InputError, match=message):
        check_on_genome(genes, Genome(tmp_path / "genome.fa", tmp_path / "spare.fai").chromsizes)
    assert set(files_in(tmp_path)) <= {tmp_path / "genome.fa", tmp_path / "genome.fa.fai"}


FASTA_DEFECTS = {
    "a space at each end": lambda line: line + " ",
    "a tab in front": lambda line: "\t" + line,
    "numbers in front": lambda line: f"61 {line}",
    "spaces between": lambda line: f"{line[:10]} {line[10:]}",
    "a semicolon": lambda line: line[:-1] + ";",
    "a zero byte": lambda line: line[:-1] + "\0",
}


@pytest.mark.parametrize("kind", FASTA_DEFECTS)
@pytest.mark.parametrize("index", ["none", "of another program"])
def test_what_is_no_letter_in_a_sequence_is_refused(tmp_path, world, kind, index):
    lines = world.genome.read_text().splitlines()
    changed = [line if line.startswith(">") else FASTA_DEFECTS[kind](line) for line in lines]
    path = tmp_path / "genome.fa"
    path.write_text("\n".join(changed) + "\n")
    if index != "none":  # one that takes every byte for a base, as pyfaidx's does
        rows, offset = [], 0
        for line in changed:
            if line.startswith(">"):
                rows.append([line[1:], 0, offset + len(line) + 1, 0, 0])
            else:
                rows[-1][1] += len(line)
                rows[-1][3:] = rows[-1][3:] if rows[-1][3] else [len(line), len(line) + 1]
            offset += len(line) + 1
        path.with_name("genome.fa.fai").write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    what = "white space" if kind in ("a space at each end", "a tab in front", "spaces between") else "byte 0x"
    before = files_in(tmp_path)
    with pytest.raises(InputError, match=f"not usable as FASTA: {what}.* within the sequence of chr1, line 2; "):
        Genome(path, tmp_path / "spare.fai")
    assert files_in(tmp_path) == before


def test_a_blank_that_an_index_from_elsewhere_counts_as_a_base(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">chr1\n" + "ACGT" * 50 + "\n" + "ACGT" * 20 + " ACG" + "ACGT" * 29 + "\n")
    path.with_name("genome.fa.fai").write_text("chr1\t400\t6\t200\t201\n")
    genome = Genome(path, tmp_path / "spare.fai")
    with pytest.raises(InputError, match="white space within the sequence of chr1, line 3"):
        genome.codes("chr1", 0, 400)
    genome.close()
