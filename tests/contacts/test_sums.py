"""Sums over contacted bins against a loop, and what may not change them."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from spex.contacts import sums

WIDTH = 3


def predict(bins):
    return np.stack([np.sin(bins), np.cos(bins), bins / 7], axis=1).astype(np.float32)


def made_lists(count=3, contacts=200, places=9):
    random = np.random.default_rng(2)
    return [
        (random.integers(0, 5000, contacts), random.integers(0, places, contacts), random.random(contacts))
        for _ in range(count)
    ]


def test_sums_are_those_of_a_loop():
    for windows, places, weights in made_lists():
        expected = np.zeros((9, WIDTH))
        for each, place, weight in zip(windows, places, weights, strict=True):
            expected[place] += weight * predict(np.array([each]))[0].astype(np.float64)
        found = sums.sum_over_bins([(windows, places, weights)], 9, WIDTH, predict)[0]
        assert_allclose(found, expected, rtol=1e-12)


def test_lists_read_together_get_the_bits_that_each_gets_alone(monkeypatch):
    lists = made_lists()
    alone = [sums.sum_over_bins([each], 9, WIDTH, predict)[0] for each in lists]
    for at_once in (1, 4096):
        monkeypatch.setattr(sums, "WINDOWS_AT_ONCE", at_once)
        asked = []
        together = sums.sum_over_bins(lists, 9, WIDTH, lambda each: asked.append(each) or predict(each))  # noqa: B023
        assert_array_equal(together, alone)
        asked = np.concatenate(asked)
        assert (np.diff(asked) > 0).all()  # every window once, in their order


def test_nothing_to_sum():
    empty = np.empty(0, np.int64)
    assert_array_equal(sums.sum_over_bins([(empty, empty, np.empty(0))], 2, WIDTH, predict)[0], np.zeros((2, WIDTH)))
    assert sums.sum_over_bins([], 2, WIDTH, predict) == []
