"""Maps against each other, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from spex.compare.pairs import PAIRS
from spex.compare.tables import make_tables
from tests.compare.test_tables import CHROMOSOMES, GENES, TARGETS, made


def test_a_pair_by_hand():
    one, other = made("one", 1, gain=0.02), made("other", 2)
    row = make_tables([one, other], TARGETS).pairs.iloc[0]
    assert list(row.index) == list(PAIRS) and (row["map"], row["other"]) == ("one", "other")
    weights = GENES / GENES.sum()
    by_chromosome = (one.rho[3] - other.rho[3]).mean(axis=1)
    mean = weights @ by_chromosome
    error = np.sqrt((weights**2 * (by_chromosome - mean) ** 2).sum() * CHROMOSOMES / (CHROMOSOMES - 1))
    widened = error * np.sqrt(1 + CHROMOSOMES / (CHROMOSOMES - 1))
    half = stats.t.ppf(0.975, CHROMOSOMES - 1) * widened
    assert row["difference"] == pytest.approx(mean, abs=1e-12)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((mean - half, mean + half))
    assert row["p"] == pytest.approx(2 * stats.t.sf(abs(mean) / widened, CHROMOSOMES - 1))


def test_what_one_map_gains_more_the_other_gains_less():
    one, other = made("one", 1, gain=0.02), made("other", 2)
    there, back = (make_tables(each, TARGETS).pairs.iloc[0] for each in ([one, other], [other, one]))
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["difference_low"] == pytest.approx(-back["difference_high"])
    assert there["p"] == pytest.approx(back["p"])


def test_pairs_are_adjusted_together_and_one_differs_where_its_interval_excludes_nothing():
    maps = [made(f"map {number}", number, gain=gain) for number, gain in enumerate((0.03, 0.0, 0.0, 0.01))]
    for one in maps:
        one.rho[0] = maps[0].rho[0]  # one baseline, as in any comparison
    table = make_tables(maps, TARGETS).pairs
    assert list(zip(table["map"], table["other"], strict=True))[:4] == [
        ("map 0", "map 1"),
        ("map 0", "map 2"),
        ("map 0", "map 3"),
        ("map 1", "map 2"),
    ]
    assert_allclose(table["q"], stats.false_discovery_control(table["p"]))
    assert (table["differ"] == (table["q"] < 0.05)).all()
    alone = make_tables(maps, TARGETS, correction="none").pairs
    outside = (alone["difference_low"] > 0) | (alone["difference_high"] < 0)
    assert (alone["differ"] == outside).all() and outside.any() and not outside.all()


def test_equal_maps_do_not_differ():
    row = make_tables([made("one"), made("its copy")], TARGETS).pairs.iloc[0]
    assert (row["difference"], row["p"], row["differ"]) == (0, 1, False)


def test_one_map_has_no_pair():
    table = make_tables([made()], TARGETS).pairs
    assert len(table) == 0 and list(table.columns) == list(PAIRS)
