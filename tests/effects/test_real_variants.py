"""A public file of variants on pieces of the real genome, against the letters at each of its positions."""

import contextlib
import gzip
import re

import pytest
from conftest import ROOT

from spex.effects.changes import Agreement
from spex.inputs.genome import Genome
from spex.inputs.variant_files import VariantFile

REAL = ROOT.parent / "shared" / "real"

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")


@pytest.fixture
def laid_out(tmp_path):
    """A genome of the file's chromosomes, pieces where they lie and N elsewhere: its path, and the letters."""
    lengths = dict(line.split("\t") for line in (REAL / "hg38_lengths.tsv").read_text().splitlines())
    letters = {chrom: bytearray(b"N" * int(lengths[chrom])) for chrom in ("chr21", "chr22")}
    for record in gzip.decompress((REAL / "hg38_pieces.fa.gz").read_bytes()).decode().split(">")[1:]:
        head, sequence = record.split("\n", 1)
        chrom, start, end = re.fullmatch(r"(\w+):(\d+)-(\d+)", head).groups()
        if chrom in letters:
            letters[chrom][int(start) : int(end)] = sequence.replace("\n", "").encode()
    with open(tmp_path / "genome.fa", "wb") as file:
        for chrom, whole in letters.items():
            file.write(b">%s\n%s\n" % (chrom.encode(), whole))
    return tmp_path / "genome.fa", letters


def test_every_allele_is_judged_by_the_letters_at_its_place(laid_out, tmp_path, caplog):
    path, letters = laid_out
    expected = []
    for line in (REAL / "vep_GRCh38.vcf").read_text().splitlines():
        if not line.startswith("#"):
            chrom, pos, name, ref, alts = line.split("\t")[:5]
            there = letters[f"chr{chrom}"][int(pos) - 1 : int(pos) - 1 + len(ref)].decode().upper()
            assert set(ref) <= set("ACGT") and set(there) <= set("ACGTN")
            expected += [(name, int(pos), alt, "ok" if there == ref else "ref_mismatch") for alt in alts.split(",")]
    with contextlib.closing(Genome(path, tmp_path / "spare.fai")) as genome:
        agreement = Agreement(genome)
        file = VariantFile(REAL / "vep_GRCh38.vcf", genome.chromsizes)
        found = [
            (one.variant_id, one.pos, one.alt, agreement.status(one)) for block in file.blocks(50) for one in block
        ]
        agreement.report(file.about, file.doubts)
    assert found == expected
    assert len({(name, pos) for name, pos, _, status in found if status == "ok"}) == 10
    masked = sum(status != "ok" for *_, status in found)
    assert caplog.messages == [f"{file.about['subject']}: the genome has N at {masked} alleles, which are not scored"]
