"""The effect of a locus as a module of torch, against effects of alleles."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from expecto.network import BASES
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import Change
from spex.effects.handover import effect_module
from spex.inputs.genome import Genome
from spex.inputs.regions import Interval


@pytest.mark.parametrize(
    ("rule", "gene", "place"),
    [
        (Published(), "G5", 30_900),  # no pixel: its local windows stand in for contacts
        (Corrected(distance_edges=(0.4, 0.8)), "G3", 28_500),  # a contacted bin, in one of two groups
        (None, "G2", 5),  # reads past the beginning of the chromosome
    ],
)
def test_a_substitution_has_the_effect_of_the_allele(world, made, tmp_path, rule, gene, place):
    made = made(rule)
    row = int(made.genes.index[made.genes["id"] == gene][0])
    chrom = str(made.genes["chrom"].iloc[row])
    inputs = SimpleNamespace(
        genes=made.genes,
        fits=made.fits,
        index=lambda: made.index,
        genome=lambda: Genome(world.genome, tmp_path / "again.fai"),
        sources=SimpleNamespace(network=world.checkpoint),
    )
    interval = Interval(chrom, place - 5, place + 25, "")
    module = effect_module(inputs, interval, row, BASES)
    codes = made.computer.genome.codes(chrom, interval.start, interval.end)
    known = np.flatnonzero(codes < len(BASES))[::4]
    changes = [Change(chrom, interval.start + int(at), 1, (codes[at : at + 1] + 1) % 4) for at in known]
    found = AlleleScorer(made.computer, made.genes, made.index, made.models).effects(changes)
    mine = found.genes == row
    assert mine.sum() == len(changes)
    expected = (found.own + found.contact)[mine]
    given = module.reference.repeat(len(known), 1, 1)
    given[np.arange(len(known)), :, known] = torch.eye(4)[(codes[known].astype(int) + 1) % 4]
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(module(given).numpy(), expected, rtol=0, atol=1e-4 * np.abs(expected).max())
