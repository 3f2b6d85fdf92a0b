"""What each contact rule does with bins, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex.contacts.rules import Corrected, Published, check_resolution, make_rule
from spex.errors import InputError


@pytest.mark.parametrize("rule, centre, weight", [("published", 40_000, 5), ("corrected", 40_500, 1)])
def test_window_and_weight_of_a_contacted_bin(rule, centre, weight):
    rule = make_rule(rule)
    assert_array_equal(rule.centres(np.array([40]), 1000), [centre])
    assert rule.weight(1000) == weight


def test_tss_bins_by_hand():
    tss = np.array([1000, 1001, 1500, 2500, 2501])
    assert_array_equal(Published().tss_bins(tss, 1000), [1, 1, 2, 2, 3])
    assert_array_equal(Corrected().tss_bins(tss, 1000), [0, 1, 1, 2, 2])


def test_a_resolution_that_windows_cannot_tile_is_refused():
    with pytest.raises(InputError, match="resolution 2500: expected a multiple of 200"):
        check_resolution(2500)
