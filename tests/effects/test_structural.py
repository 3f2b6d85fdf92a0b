"""Effects of structural variants and of haplotypes against tensors of the mutated chromosome."""

import numpy as np
import pytest
import torch
from oracles import beluga, predict_window

from benchmarks.structural import SYMBOLIC, ByFasta, Edit, altered, haplotype, structural_edit
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import TSS_DELETED, TSS_DUPLICATED

TSS = {"G0": 60_030, "G1": 60_500, "G2": 310, "G3": 120_390}
"""1-based, of the genes on chr1 of the small world."""


@pytest.fixture
def compare(world, made, tmp_path):
    """Called with a rule, a resolution and haplotypes: the program's effects against tensors. Returns: Effects of all,
    and of what is made."""

    def run(cases, rule=Corrected(), resolution=1000):  # noqa: B008 (frozen)
        parts = made(rule, resolution)
        state, known = torch.load(world.checkpoint, weights_only=True), {}

        def predict(letters, start):
            key = letters[max(start, 0) : start + 2000], min(start, 0)
            if key not in known:
                known[key] = predict_window(
                    lambda windows: beluga(state, torch.from_numpy(windows)).numpy(), letters, start + 1000
                )
            return known[key]

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


@pytest.mark.parametrize(("rule", "resolution"), [(Corrected(), 1000), (Published(), 1000)])
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
