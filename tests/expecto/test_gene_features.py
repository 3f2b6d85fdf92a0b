"""Exponential weights and gene features, by hand and against the oracle."""

import math

import numpy as np
import oracles
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from expecto.gene_features import SHIFTS, along_gene, own_features, own_windows, transform_weights


def test_shifts_run_from_20_kb_upstream_to_19_8_kb_downstream():
    assert_array_equal(SHIFTS, oracles.SHIFTS)


def test_distances_along_the_gene():
    assert along_gene(999, 1000, "+") == along_gene(999, 1000, "-") == 0
    strands = np.array(["+", "-", "+", "-"])
    assert_array_equal(along_gene(np.array([1009, 1009, 989, 989]), np.full(4, 1000), strands), [10, -10, -10, 10])


def test_weights_by_hand():
    weights = transform_weights()
    assert weights.shape == (10, 200)
    assert weights.dtype == np.float64
    assert_allclose(weights[:, 100], np.ones(10), rtol=0)  # the TSS window counts fully on both sides
    assert_allclose(weights[0, 0], math.exp(-0.01 * 100), rtol=1e-15)
    assert_allclose(weights[4, 97], math.exp(-0.2 * 3), rtol=1e-15)
    assert_allclose(weights[8, 102], math.exp(-0.1 * 2), rtol=1e-15)
    assert not weights[:5, 101:].any()
    assert not weights[5:, :100].any()


def test_own_features_agree_with_the_oracle():
    predictions = np.random.default_rng(0).random((200, 3))
    of_centre = {30_000 + shift: row for shift, row in zip(oracles.SHIFTS, predictions, strict=True)}
    centres = iter(of_centre)

    def predict(windows):
        return of_centre[next(centres)][None]

    expected = oracles.gene_features(predict, "A" * 60_000, 30_000, "+")
    assert_allclose(own_features(predictions, transform_weights()).ravel(), expected, rtol=1e-12)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_own_windows_are_centred_on_the_shifted_tss(strand):
    first, end, starts = own_windows(50_123, strand, 2000)
    sign = 1 if strand == "+" else -1
    assert_array_equal(first + starts, [50_123 + sign * shift - 1000 for shift in oracles.SHIFTS])
    assert first == (first + starts).min()
    assert end == (first + starts).max() + 2000
    assert end - first == 41_800
