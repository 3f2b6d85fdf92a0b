"""What each contact rule does with bins, by hand."""

import numpy as np
import oracles
import pytest
from numpy.testing import assert_array_equal

from spex.contacts.rules import Corrected, Published, check_resolution, make_rule, options_of
from spex.errors import InputError


@pytest.mark.parametrize("rule, centre, weight", [("published", 40_000, 5), ("corrected", 40_500, 1)])
def test_window_and_weight_of_a_contacted_bin(rule, centre, weight):
    rule = make_rule(rule)
    assert_array_equal(rule.windows([40], 1000, 2000), [40])
    assert_array_equal(rule.centres(np.array([40]), 1000, 2000), [centre])
    assert rule.weight(1000, 2000) == weight


@pytest.mark.parametrize("resolution", [200, 1000, 2000, 2200, 3000, 5000, 10_000, 25_000, 50_000])
def test_a_bin_is_tiled_from_end_to_end(resolution):
    rule, bins = Corrected(), np.array([0, 7, 8])
    windows = rule.windows(bins, resolution, 2000)
    centres = rule.centres(windows, resolution, 2000).reshape(3, -1)
    assert centres.tolist() == [oracles.tile_centres(each, resolution) for each in bins.tolist()]
    assert centres.shape[1] * rule.weight(resolution, 2000) == pytest.approx(1) and (np.diff(windows) > 0).all()
    within = centres[1] - 7 * resolution
    assert_array_equal(within + within[::-1], resolution)  # the halves mirror each other
    if resolution > 2000:
        assert within[0] == 1000 and (np.diff(within) <= 2000).all()
    assert_array_equal(Published().windows(bins, resolution, 2000), bins)


def test_tss_bins_by_hand():
    tss = np.array([1000, 1001, 1500, 2500, 2501])
    assert_array_equal(Published().tss_bins(tss, 1000), [1, 1, 2, 2, 3])
    assert_array_equal(Corrected().tss_bins(tss, 1000), [0, 1, 1, 2, 2])


def test_groups_by_hand():
    """Counts of 25, 16, 4, 3 and 1 are 0.2, 0.25, 0.5, 0.58 and 1 apart."""
    counts = np.array([25.0, 16, 4, 3, 1, 0])
    rule = Corrected(min_count=0.5, distance_edges=[0.25, 0.5, 1])
    assert_array_equal(rule.groups_of(counts), [0, 1, 2, 2, 3, 3])
    assert_array_equal(rule.keeps(counts), [True, True, True, True, False, False])
    assert_array_equal(Corrected(min_count=4, distance_edges=[0.25, 1]).keeps(counts), [True] * 3 + [False] * 3)
    assert_array_equal(Published(distance_edges=[2]).keeps(counts), Published().keeps(counts))
    assert [Corrected().groups, rule.groups] == [1, 3]


def test_a_rule_shows_what_is_not_left_to_its_default():
    assert repr(Corrected()) == "Corrected(min_count=2)"
    shown = "Published(max_dist=1, distance_edges=(0.3,), contact_weight='log')"
    assert repr(Published(1, distance_edges=[0.3], contact_weight="log")) == shown
    assert make_rule("published", max_dist=1, distance_edges=[0.3], contact_weight="log") == eval(shown)


def test_options_are_recorded_where_they_are_asked_for():
    nothing = {"max_dist": None, "min_count": None, "distance_edges": None, "contact_weight": None}
    nothing["windows_per_bin"] = None
    assert options_of(Published(), 5000, 2000) == nothing | {"max_dist": 1.15}
    assert options_of(Corrected(), 2000, 2000) == nothing | {"min_count": 2}
    assert options_of(Corrected(distance_edges=(0.3,), contact_weight="log"), 2200, 2000) == nothing | {
        "min_count": 2,
        "distance_edges": [0.3],
        "contact_weight": "log",
        "windows_per_bin": 2,
    }


@pytest.mark.parametrize(
    "options, told",
    [
        ({"distance_edges": [0.3, 0.3]}, "distance_edges: found 0.3 0.3; expected numbers that rise, each one once"),
        ({"distance_edges": [0.0]}, "distance_edges: found 0.0; expected a number above 0"),
        ({"distance_edges": "0.3"}, "distance_edges: found '0.3'; expected numbers above 0, one or a list"),
        ({"distance_edges": [0.3, 1.2, 2]}, "distance_edges 0.3 1.2 2: the published rule keeps nothing from 1.2 on"),
        ({"contact_weight": "raw"}, "contact_weight: found 'raw'; expected one of one, count, log, balanced, expected"),
    ],
)
def test_what_no_rule_can_do_is_refused(options, told):
    with pytest.raises(InputError) as refused:
        Published(**options)
    assert str(refused.value).startswith(told)


def test_a_resolution_that_windows_cannot_tile_is_refused():
    with pytest.raises(InputError, match="resolution 2500: expected a multiple of 200"):
        check_resolution(2500)
