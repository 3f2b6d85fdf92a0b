"""Control contacts against a loop over bins, and what they must keep of a map's contacts."""

from collections import Counter
from dataclasses import replace

import numpy as np
import oracles
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.contacts import controls
from spex.contacts.collect import Contacts
from spex.contacts.rules import Corrected, Published

RESOLUTION = 5000


def make_contacts(touched, tss=None, chroms=None, strands=None, rule=None, resolution=RESOLUTION):
    """Contacts from one list of bins a gene. tss: 1-based, by default in bin 100."""
    count = len(touched)
    rule = rule or Corrected()
    tss = np.full(count, 100 * resolution + 1) if tss is None else np.asarray(tss)
    strands = np.full(count, "+") if strands is None else np.asarray(strands)
    lengths = [len(bins) for bins in touched]
    bins = np.array([each for bins in touched for each in sorted(bins)], dtype=np.int32)
    beyond = bins >= np.repeat(rule.tss_bins(tss, resolution), lengths)
    return Contacts(
        genes=np.array([f"G{number}" for number in range(count)]),
        chroms=np.full(count, "chr1") if chroms is None else np.asarray(chroms),
        tss=tss,
        strands=strands,
        has_pixels=np.array(lengths) > 0,
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        bins=bins,
        counts=np.arange(2.0, 2.0 + len(bins)),
        downstream=np.where(np.repeat(strands, lengths) == "+", beyond, ~beyond),
        resolution=resolution,
        rule=rule,
    )


def random_contacts(seed, genes=30, rule=None):
    """Genes of two chromosomes, some so near the end or so crowded that all levels are needed."""
    random = np.random.default_rng(seed)
    tss = random.integers(1, 400 * RESOLUTION, genes)
    touched = []
    for place in tss:
        near = (place - 1) // RESOLUTION
        number = random.choice([0, 1, 3, 12, 60])
        bins = near + random.choice([-1, 1], number) * random.geometric(0.03, number)
        touched.append({int(each) for each in bins if each >= 0 and abs(each - near) >= 5})
    chroms = random.choice(["chr1", "chr2"], genes)
    return make_contacts(touched, tss, chroms, random.choice(["+", "-"], genes), rule)


def spans(contacts):
    return [slice(*contacts.offsets[row : row + 2]) for row in range(len(contacts.genes))]


@pytest.mark.parametrize(("narrow", "within"), [(False, (0.25, 0.5, 1, 3, 7)), (True, (0.25, 0.5, 1))])
@pytest.mark.parametrize("rule", [Corrected(), Published()])
@pytest.mark.parametrize("seed", range(4))
def test_matched_bins_are_those_of_the_loop(seed, rule, narrow, within):
    contacts = random_contacts(seed, rule=rule)
    drawn, shares = controls.draw_matched(contacts, seed, draw=1, whole_chromosome=narrow)
    levels = Counter()
    for row, span in enumerate(spans(contacts)):
        on_chrom = contacts.chroms == contacts.chroms[row]
        pool = {int(each) for each in contacts.bins[np.repeat(on_chrom, np.diff(contacts.offsets))]}
        random = np.random.default_rng([seed, 1, *controls._entropy(contacts.genes[row])])
        tss_bin = int(rule.tss_bins(contacts.tss[row], RESOLUTION))
        own = contacts.bins[span].tolist()
        turns, chances = (random.permutation(len(own)), random.random(len(own))) if own else ([], [])
        expected, of_levels = oracles.matched_bins(pool, own, tss_bin, RESOLUTION, turns, chances, within)
        levels.update(of_levels)
        told = sorted(zip(expected, contacts.counts[span], contacts.downstream[span], strict=True))
        assert list(zip(drawn.bins[span], drawn.counts[span], drawn.downstream[span], strict=True)) == told
    total = sum(levels.values())
    assert_allclose(list(shares.found.values()), [levels[level] / total for level in range(len(within) + 2)])


def test_every_level_is_met():
    found = np.array([list(controls.draw_matched(random_contacts(seed), seed)[1].found.values()) for seed in range(4)])
    assert (found.max(axis=0) > 0).all() and found[:, 0].min() > 0.38
    assert_allclose(found.sum(axis=1), 1)


def test_every_level_of_a_whole_chromosome_fallback_is_met():
    drawn = [controls.draw_matched(random_contacts(seed), seed, whole_chromosome=True)[1] for seed in range(4)]
    found = np.array([list(shares.found.values()) for shares in drawn])
    assert (found.max(axis=0) > 0).all() and found[:, 0].min() > 0.4
    assert_allclose(found.sum(axis=1), 1)


def test_matched_bins_keep_sides_numbers_and_counts():
    contacts = random_contacts(7)
    drawn, _ = controls.draw_matched(contacts, 3)
    assert drawn.table().equals(contacts.table())
    for span in spans(contacts):
        assert (np.diff(drawn.bins[span]) > 0).all()  # none twice


def test_by_hand():
    """TSS in bin 100; the gene touches bin 120, 20 bins away: matched bins lie 15 to 25 bins downstream."""
    others = [80, 104, 114, 115, 125, 126]
    contacts = make_contacts([[120], others], tss=[100 * RESOLUTION + 1, 500 * RESOLUTION])
    seen = Counter(int(controls.draw_matched(contacts, 0, draw)[0].bins[0]) for draw in range(60))
    assert set(seen) == {115, 125} and min(seen.values()) > 15
    # nothing within 25 %: 114 and 126 lie within 50 %
    contacts = make_contacts([[120], [80, 104, 114, 126]], tss=[100 * RESOLUTION + 1, 500 * RESOLUTION])
    drawn = [controls.draw_matched(contacts, 0, draw) for draw in range(20)]
    assert {int(each.bins[0]) for each, _ in drawn} == {114, 126}
    assert drawn[0][1].found["within 50 %"] > 0
    # within 100 %, 20 kb away: 104; then any bin, of the other side too; then its own; farther ones: below
    for pool, expected in (([80, 103, 104], 104), ([80, 103], 80), ([103], 120)):
        contacts = make_contacts([[120], pool], tss=[100 * RESOLUTION + 1, 500 * RESOLUTION])
        assert controls.draw_matched(contacts, 0)[0].bins[0] == expected


def test_farther_bins_of_the_region_come_before_any_other():
    """The gene touches bin 120, 20 bins away: bins up to 160 bins away come before those behind or upstream."""
    tss = [100 * RESOLUTION + 1, 900 * RESOLUTION]
    for pool, expected in (
        ([80, 170, 300], {170}),
        ([80, 250, 300], {250}),
        ([80, 281], {80, 281}),
        ([104, 170], {104}),
    ):
        contacts = make_contacts([[120], pool], tss=tss)
        assert {int(controls.draw_matched(contacts, 0, draw)[0].bins[0]) for draw in range(20)} == expected
    contacts = make_contacts([[120], [80, 170, 300]], tss=tss)
    narrow = [controls.draw_matched(contacts, 0, draw, whole_chromosome=True) for draw in range(40)]
    assert {int(drawn.bins[0]) for drawn, _ in narrow} == {80, 170, 300}
    assert len(narrow[0][1].found) == 5


def test_matched_bins_have_equal_chances():
    """Of ten bins in reach of two contacts each is drawn as often as any other."""
    pool = list(range(116, 126))
    contacts = make_contacts([[120, 121], pool], tss=[100 * RESOLUTION + 1, 500 * RESOLUTION])
    drawn = [each for draw in range(1500) for each in controls.draw_matched(contacts, 0, draw)[0].bins[:2].tolist()]
    counts = Counter(drawn)
    assert set(counts) == set(pool) - {120, 121}
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


@pytest.mark.parametrize("draw", [controls.draw_by_distance, lambda *of: controls.draw_matched(*of)[0]])
def test_draws_depend_on_nothing_but_the_gene_and_the_pool(draw):
    contacts = random_contacts(5)
    order = np.random.default_rng(0).permutation(len(contacts.genes))
    names = contacts.genes[order]
    expected = controls.select_genes(draw(contacts, 11), names)
    found = draw(controls.select_genes(contacts, names), 11)
    for field in ("genes", "bins", "counts", "downstream", "offsets"):
        assert_array_equal(getattr(found, field), getattr(expected, field))
    assert not np.array_equal(draw(contacts, 12).bins, draw(contacts, 11).bins)


def test_bins_drawn_by_distance():
    contacts = random_contacts(2)
    drawn = controls.draw_by_distance(contacts, 5)
    tss_bins = contacts.rule.tss_bins(contacts.tss, RESOLUTION)
    assert drawn.table()[["downstream_bins", "upstream_bins"]].equals(
        contacts.table()[["downstream_bins", "upstream_bins"]]
    )
    for row, span in enumerate(spans(contacts)):
        pool = contacts.bins[np.repeat(contacts.chroms == contacts.chroms[row], np.diff(contacts.offsets))]
        assert np.isin(drawn.bins[span], pool).all() and (np.diff(drawn.bins[span]) > 0).all()
        for sign in (-1, 1):
            own = sign * (contacts.bins[span] - tss_bins[row])
            offsets = sign * (drawn.bins[span] - tss_bins[row])
            assert (offsets > 0).sum() == (own > 0).sum()
            assert offsets.max(initial=0) <= own.max(initial=0)
            assert (offsets[offsets > 0] >= 4).all()


def test_chances_by_distance_fall_as_one_over_distance():
    """One contact 40 bins away, pool of bins 4, 8 and 40 away: 10 to 5 to 1."""
    contacts = make_contacts([[140], [104, 108]], tss=[100 * RESOLUTION + 1, 500 * RESOLUTION])
    counts = Counter(int(controls.draw_by_distance(contacts, seed).bins[0]) for seed in range(1600))
    assert_allclose([counts[104], counts[108], counts[140]], [1000, 500, 100], rtol=0.2)


def test_share_of_drawn_bins_that_are_the_gene_s_own():
    """Two of six: the bins of another gene do not count, nor those of another chromosome."""
    contacts = make_contacts([[104, 108, 112], [116, 120, 124]], tss=[100 * RESOLUTION + 1, 101 * RESOLUTION])
    drawn = replace(contacts, bins=np.array([104, 116, 120, 112, 116, 128], np.int32))
    assert controls.share_touched(contacts, drawn) == pytest.approx(2 / 6)
    assert controls.share_touched(contacts, contacts) == 1
    nothing = make_contacts([[]])
    assert controls.share_touched(nothing, nothing) == 0


def test_contacts_are_exchanged_between_genes_with_about_as_many():
    contacts = random_contacts(3, genes=60)
    partner = controls.exchange(contacts, 4)
    numbers = np.diff(contacts.offsets)
    assert sorted(partner) == list(range(60))
    assert_array_equal(partner[numbers == 0], np.flatnonzero(numbers == 0))
    assert (partner[numbers > 0] != np.flatnonzero(numbers > 0)).all()
    assert stats.spearmanr(numbers, numbers[partner]).statistic > 0.9
    order = np.random.default_rng(1).permutation(60)
    again = controls.exchange(controls.select_genes(contacts, contacts.genes[order]), 4)
    assert_array_equal(order[again], partner[order])
    nothing = make_contacts([[], []])
    assert_array_equal(controls.exchange(nothing, 0), [0, 1])


def test_number_columns_by_hand():
    contacts = make_contacts([[90, 120, 130], []], strands=["-", "+"])
    contacts = replace(contacts, counts=np.array([2.0, 3.0, 7.0]))
    expected = [[1, 2, 2, 10, *np.log([2, 3, 3, 11]), 0], [0, 0, 0, 0, 0, 0, 0, 0, 1]]
    assert_allclose(controls.number_columns(contacts), expected)
    assert len(controls.NUMBER_COLUMNS) == 9


GROWN = Corrected(min_count=1, distance_edges=(0.2, 0.5, 1.5), contact_weight="log")


def grown_contacts(seed):
    contacts = random_contacts(seed, rule=GROWN)
    counts = np.random.default_rng(seed).integers(1, 40, len(contacts.bins)).astype(float)
    return replace(contacts, counts=counts, weights=np.log1p(counts))


def test_number_columns_of_groups_and_weights():
    contacts = grown_contacts(3)
    columns = controls.number_columns(contacts)
    assert columns.shape == (30, 2 * 3 * 2 * 3 + 1)
    for row, span in enumerate(spans(contacts)):
        expected = []
        for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 1.5)):
            for downstream in (True, False):
                mine = [
                    (1, count, weight)
                    for count, weight, side in zip(
                        contacts.counts[span], contacts.weights[span], contacts.downstream[span], strict=True
                    )
                    if side == downstream and low <= count**-0.5 < high
                ]
                expected += np.sum(mine, axis=0).tolist() if mine else [0, 0, 0]
        assert_allclose(columns[row], [*expected, *np.log1p(expected), not sum(expected)])


def test_drawn_bins_have_the_weights_and_groups_of_those_they_stand_for():
    contacts = grown_contacts(6)
    for drawn in (controls.draw_matched(contacts, 2)[0], controls.draw_by_distance(contacts, 2)):
        assert not np.array_equal(drawn.bins, contacts.bins)
        assert_array_equal(drawn.weights, np.log1p(drawn.counts))
        for field in ("counts", "weights"):
            for span in spans(contacts):
                assert_array_equal(np.sort(getattr(drawn, field)[span]), np.sort(getattr(contacts, field)[span]))
    matched = controls.draw_matched(contacts, 2)[0]
    assert_allclose(controls.number_columns(matched), controls.number_columns(contacts))
    some = controls.select_genes(contacts, contacts.genes[[5, 2]])
    assert_array_equal(some.weights, np.concatenate([contacts.weights[spans(contacts)[row]] for row in (5, 2)]))


def test_select_genes():
    contacts = random_contacts(1)
    some = controls.select_genes(contacts, contacts.genes[[7, 2]])
    assert_array_equal(some.genes, contacts.genes[[7, 2]])
    assert (
        contacts.pairs().query("id == @some.genes[0]")["start"].tolist()
        == (some.bins[: some.offsets[1]] * RESOLUTION).tolist()
    )
    assert len(some.bins) == some.offsets[-1]


def test_no_contact_at_all():
    drawn, shares = controls.draw_matched(make_contacts([[], []]), 0)
    assert len(drawn.bins) == 0 and set(shares.found.values()) == {0}
    assert len(controls.draw_by_distance(make_contacts([[]]), 0).bins) == 0
