"""Whitened columns against the inverse root of the whole covariance, and where that has no root of its own."""

import numpy as np
import pytest
from compare_by_hand import CHROMS, GENES, TSS, own_and_observed, whitened
from numpy.testing import assert_allclose, assert_array_equal

from spex.compare.whitening import Whitening, covariance
from spex.models import matrices


@pytest.mark.parametrize("at_once", [5, 1024])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_columns_less_their_means_times_the_inverse_root(monkeypatch, at_once, dtype, rtol):
    monkeypatch.setattr(matrices, "COLUMNS_AT_ONCE", at_once)
    values = own_and_observed()[0].astype(dtype)
    expected = whitened(values - values.astype(float).mean(axis=0))
    expected[:, 4] = 0  # constant: what rounding leaves of its mean is no column
    before = values.copy()
    found = Whitening(CHROMS, TSS).whiten(values)
    assert found.dtype == dtype
    assert_allclose(found, expected, rtol=rtol, atol=rtol)
    assert not found[:, 4].any()
    assert_array_equal(values, before)
    Whitening(CHROMS, TSS).overwrite(values)
    assert_array_equal(values, found)


def test_genes_of_the_same_tss_have_a_variance_of_their_own():
    same = np.full(300, 1_234_567)
    assert_allclose(np.linalg.eigvalsh(covariance(same))[:-1], 0.8)
    found = Whitening(np.full(300, "chr1"), same).whiten(np.arange(300.0)[:, None])
    assert np.isfinite(found).all()


def test_what_takes_the_place_of_the_intercept_spans_it_whitened():
    constants = Whitening(CHROMS, TSS).constants
    assert constants.shape == (GENES, 2)
    white = whitened(np.ones(GENES))
    weights = np.linalg.lstsq(constants, white, rcond=None)[0]
    assert_allclose(constants @ weights, white)


def test_genes_too_far_apart_to_be_alike_have_the_plain_intercept():
    """Whitening changes nothing there; two columns that are the same would have no solution."""
    far = np.arange(GENES) * 50_000_000
    whitening = Whitening(CHROMS, far)
    assert_array_equal(whitening.constants, np.ones((GENES, 1)))
    values = np.arange(GENES, dtype=float)[:, None]
    assert_allclose(whitening.whiten(values), values - values.mean(), rtol=1e-12)
