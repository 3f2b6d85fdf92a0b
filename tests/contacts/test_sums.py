"""Sums over contacted bins against a loop, and what may not change them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spex.contacts import sums
from spex.contacts.collect import Contacts
from spex.contacts.rules import Corrected, Published

WIDTH, GENES = 3, 5
RULES = {
    "published": (Published(max_dist=2.0), 1000),
    "corrected": (Corrected(min_count=1), 1000),
    "tiles": (Corrected(min_count=1), 5000),
    "groups": (Corrected(min_count=1, distance_edges=(0.5, 0.8)), 1000),
    "weights": (Corrected(min_count=1, contact_weight="count"), 1000),
}


def predict(starts):
    return np.stack([np.sin(starts), np.cos(starts), starts / 7e5], axis=1).astype(np.float32)


def contacts_of(name, seed=2):
    """Contacts of a few genes of one chromosome, at random bins; one gene has none."""
    rule, resolution = RULES[name]
    random = np.random.default_rng(seed)
    number = np.array([40, 0, 60, 7, 90])
    bins = np.concatenate([np.sort(random.choice(5000, each, replace=False)) for each in number]).astype(np.int32)
    counts = random.integers(2, 9, len(bins)).astype(float)
    return Contacts(
        genes=np.array([f"G{row}" for row in range(GENES)]),
        chroms=np.full(GENES, "chr1"),
        tss=random.integers(1, 5000 * resolution, GENES),
        strands=np.array(list("+-+-+")),
        has_pixels=number > 0,
        offsets=np.concatenate([[0], np.cumsum(number)]),
        bins=bins,
        counts=counts,
        downstream=random.random(len(bins)) < 0.5,
        resolution=resolution,
        rule=rule,
        weights=counts if rule.contact_weight == "count" else None,
    )


def by_hand(contacts):
    """Each window of each contact by itself, from the definition."""
    rule, resolution = contacts.rule, contacts.resolution
    tiles = rule.tiles(resolution, 2000)
    found = np.zeros((GENES, rule.groups, 2, WIDTH))
    for gene in range(GENES):
        for place in range(contacts.offsets[gene], contacts.offsets[gene + 1]):
            count = contacts.counts[place]
            group = int(np.searchsorted(rule.distance_edges, count**-0.5, side="right"))
            side = 0 if contacts.downstream[place] else 1
            for tile in range(tiles):
                centre = int(rule.centres(np.array([contacts.bins[place] * tiles + tile]), resolution, 2000)[0])
                once = count if rule.contact_weight == "count" else 1
                value = predict(np.array([centre - 1000]))[0].astype(np.float64)
                found[gene, group, side] += once * rule.weight(resolution, 2000) * value
    return found.reshape(GENES, -1, WIDTH)


@pytest.mark.parametrize("name", RULES)
def test_sums_are_those_of_a_loop(name):
    contacts = contacts_of(name)
    (found,) = sums.sum_over_bins([contacts], range(GENES), WIDTH, predict)
    assert_allclose(found, by_hand(contacts), rtol=1e-12, atol=1e-12)
    assert not found[1].any()
    (some,) = sums.sum_over_bins([contacts], [4, 0], WIDTH, predict)
    assert_array_equal(some, found[[4, 0]])  # no other gene changes a bit


@pytest.mark.parametrize("name", RULES)
def test_the_arrays_of_contacts_are_those_of_a_loop(name):
    contacts = contacts_of(name)
    rule, resolution = contacts.rule, contacts.resolution
    tss_bins = rule.tss_bins(contacts.tss, resolution)
    for gene in range(GENES):
        for place in range(*contacts.offsets[gene : gene + 2]):
            own = contacts.bins[place]
            assert contacts.gene[place] == gene and contacts.start[place] == own * resolution
            assert contacts.distance[place] == abs(own - tss_bins[gene])
            tiles = rule.tiles(resolution, 2000)
            centres = rule.centres(own * tiles + np.arange(tiles), resolution, 2000)
            assert_array_equal(contacts.window_starts[place], centres - 1000)
            once = contacts.counts[place] if rule.contact_weight == "count" else 1
            assert contacts.weight[place] == once * rule.weight(resolution, 2000)
        assert contacts.of_gene(gene) == slice(*contacts.offsets[gene : gene + 2].tolist())
    assert contacts.number.tolist() == [40, 0, 60, 7, 90]


def test_sets_read_together_get_the_bits_that_each_gets_alone(monkeypatch):
    several = [replace(contacts_of("corrected", seed), rule=Corrected(min_count=1)) for seed in (2, 3, 4)]
    alone = [sums.sum_over_bins([each], range(GENES), WIDTH, predict)[0] for each in several]
    for at_once in (1, 4096):
        monkeypatch.setattr(sums, "WINDOWS_AT_ONCE", at_once)
        asked = []
        together = sums.sum_over_bins(several, range(GENES), WIDTH, lambda each: asked.append(each) or predict(each))  # noqa: B023
        assert_array_equal(together, alone)
        asked = np.concatenate(asked)
        assert (np.diff(asked) > 0).all()  # every window once, in their order


def test_genes_without_contacts_have_zeros():
    (found,) = sums.sum_over_bins([contacts_of("corrected")], [1], WIDTH, predict)
    assert_array_equal(found, np.zeros((1, 2, WIDTH)))
