"""Sums over columns against those of a copy."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from spex.models.matrices import column_blocks, column_moments


def test_column_moments_equal_those_of_a_float64_copy():
    features = (np.random.default_rng(1).normal(size=(30, 2500)) * 100 + 1000).astype(np.float32)
    rows = np.array([0, 3, 4, 9, 20])
    mean, deviation = column_moments(features, rows)
    assert_allclose(mean, features[rows].astype(np.float64).mean(axis=0), rtol=1e-12)
    assert_allclose(deviation, features[rows].astype(np.float64).std(axis=0), rtol=1e-12)
    assert_array_equal(np.concatenate([np.arange(2500)[block] for block in column_blocks(features)]), np.arange(2500))
