"""Effects of structural variants and of haplotypes against tensors of the mutated chromosome."""

from contextlib import closing

import numpy as np
import pytest
from conftest import write_fasta
from oracles import window_predictor

from benchmarks.structural import SYMBOLIC, ByFasta, Edit, altered, haplotype, structural_edit
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import TSS_DELETED, TSS_DUPLICATED
from spex.effects.haplotypes import applied, carried_alleles
from spex.inputs.alleles import alleles_of_row
from spex.inputs.genome import Genome
from spex.inputs.genotypes import Genotype

TSS = {"G0": 60_030, "G1": 60_500, "G2": 310, "G3": 120_390}
"""1-based, of the genes on chr1 of the small world."""


@pytest.fixture
def compare(world, made, tmp_path):
    """Called with a rule, a resolution and haplotypes: the program's effects against tensors. Returns: Effects of all,
    and of what is made."""

    def run(cases, rule=Corrected(), resolution=1000):  # noqa: B008 (frozen)
        parts = made(rule, resolution)
        predict = window_predictor(world.checkpoint)
        truth = ByFasta(parts.genes, parts.contacts, world.sequences, world.checkpoint, predict, parts.models, tmp_path)
        genome = parts.computer.genome
        scorer = AlleleScorer(parts.computer, parts.genes, parts.index, parts.models)
        found = scorer.effects([altered(genome, "chr1", edits) for edits in cases])
        scale = np.abs(truth.before).max() * np.sqrt(parts.models.coefficients.shape[1])
        largest = []
        for number, edits in enumerate(cases):
            expected, mine = truth.effects("chr1", edits), np.flatnonzero(found.alleles == number)
            got = np.zeros_like(expected)
            got[found.genes[mine]] = (found.own + found.contact)[mine]
            np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))
            assert np.nanmax(np.abs(got - expected)) < 1e-5 * scale
            largest.append(np.nanmax(np.abs(expected)))
        assert np.median(largest) > 1e-3 * scale
        return found, parts

    return run


def inside(start, end, alt):
    return [Edit(start, "N", alt, end)]


@pytest.mark.parametrize(
    ("rule", "resolution"), [(Corrected(), 1000), pytest.param(Published(), 1000, marks=pytest.mark.soak)]
)
def test_structural_variants_are_differences_of_tensors(compare, world, rule, resolution):
    generator, letters = np.random.default_rng(4), world.sequences["chr1"]
    drawn = [[structural_edit(generator, letters, alt, near=[*TSS.values()])] for alt in SYMBOLIC]
    cases = [
        *drawn,
        *(inside(90_300, 100_200, alt) for alt in SYMBOLIC),  # with whole bins of two genes alone
        *(inside(91_400, 97_300, alt) for alt in SYMBOLIC),  # which begins and ends within such bins
        inside(55_250, 70_250, "<INV>"),  # with two genes, without their bins
        inside(27_400, 70_250, "<INV>"),  # with one of their two bins
        inside(70_000, 119_500, "<DEL>"),
    ]
    found, _ = compare(cases, rule, resolution)
    contacts = [len(each) for each in found.contacts]
    assert not all(found.through_own) and max(contacts) > 3


def test_haplotypes_are_differences_of_tensors(compare, world):
    generator, letters = np.random.default_rng(8), world.sequences["chr1"]
    compare([haplotype(generator, letters, [TSS["G0"], TSS["G1"], 90_000]) for _ in range(4)])


def test_a_gene_whose_tss_is_lost_or_doubled_has_a_status(compare):
    found, parts = compare([inside(58_000, 60_200, "<DEL>"), inside(58_000, 60_200, "<DUP>")])
    ids = parts.genes["id"].to_numpy()
    for number, status in enumerate([TSS_DELETED, TSS_DUPLICATED]):
        mine = found.alleles == number
        assert dict(zip(ids[found.genes[mine]], found.status[mine], strict=True))["G0"] == status
        assert (found.status[mine] == "ok").any()
    assert (np.isnan(found.own).all(axis=1) == (found.status != "ok")).all()


OTHER = dict(zip("ACGT", "CGTA", strict=True))


def applied_by_hand(letters, rows):
    """A chromosome with alleles of rows, which lie apart, put into its text."""
    for pos, ref, alt, end in sorted(rows, key=lambda row: (row[0], len(row[1] + row[2])), reverse=True):
        start, inside = pos if alt in SYMBOLIC else pos - 1, letters[pos:end]
        put = {"<DEL>": "", "<DUP>": 2 * inside, "<INV>": inside.translate(str.maketrans("ACGT", "TGCA"))[::-1]}
        letters = letters[:start] + put.get(alt, alt) + letters[end or start + len(ref) :]
    return letters


def test_a_haplotype_is_the_text_with_its_alleles_where_they_are_written(tmp_path):
    """Also in repeats, where an insertion or deletion could be moved over the allele before it."""
    generator, letters, rows, pos = np.random.default_rng(2), "", [], 8
    while len(letters) < 6000:
        unit = "".join(generator.choice(list("ACGT"), generator.integers(1, 4)))
        letters += unit * int(generator.integers(1, 8)) + "".join(generator.choice(list("ACGT"), 3))
    while pos < len(letters) - 10:
        kind, base, size = int(generator.integers(0, 6)), letters[pos - 1], int(generator.integers(1, 5))
        put = str(generator.choice([*"ACGT", letters[pos - 4 : pos]]))
        symbolic = [(pos, base, alt, pos + size) for alt in SYMBOLIC]
        snv, insertion = (pos, base, OTHER[base], 0), (pos, base, base + put, 0)
        rows.append([*symbolic, snv, insertion, (pos, letters[pos - 1 : pos + size], base, 0)][kind])
        if kind > 3 and generator.random() < 0.3:
            rows.append(snv)  # of the base before what is put in or taken away
        pos += size + 1 if kind in (0, 1, 2, 5) else 1 + int(generator.integers(0, 4))
    write_fasta(tmp_path / "genome.fa", {"chr1": letters})
    with closing(Genome(tmp_path / "genome.fa", tmp_path / "genome.fai")) as genome:
        carried = []
        for pos, ref, alt, end in rows:
            alleles = alleles_of_row(0, ".", "1", pos, ref, alt, "chr1", len(letters), f"END={end}" if end else ".")
            carried += carried_alleles(alleles, [each.status for each in alleles], Genotype((1, 1), ""), genome)
        carried.sort(key=lambda each: (each.change.start, each.change.reach))
        altered, kept, overlapping = applied(carried, 0, None)
        expected = applied_by_hand(letters, rows)
        found = "".join("AGCTN"[code] for code in altered.codes(genome, 0, len(expected)))
        assert found == expected and len(kept) == len(rows) > 500 and not overlapping
