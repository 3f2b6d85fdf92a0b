"""Correlations, tests and intervals against SciPy and cases worked by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.compare.statistics import Rotation, adjust, draw_shifts, rotate, spearman_by_chromosome
from spex.errors import InputError
from spex.models.chromosomes import Difference

RNG_SEED = 5


def test_spearman_with_ties_is_scipys():
    rng = np.random.default_rng(RNG_SEED)
    observed, predicted = rng.integers(0, 5, size=(40, 3)).astype(float), rng.integers(0, 9, size=(40, 3)) / 3
    blocks = [slice(0, 15), slice(15, 40)]
    expected = [
        [stats.spearmanr(observed[block, t], predicted[block, t]).statistic for t in range(3)] for block in blocks
    ]
    assert_allclose(spearman_by_chromosome(observed, predicted, blocks), expected, rtol=1e-12)


def test_a_constant_puts_nothing_in_order():
    observed, predicted = np.arange(8.0)[:, None], np.repeat([1.0, 2.0], [4, 4])[:, None]
    blocks = [slice(0, 4), slice(4, 8), slice(2, 3)]
    assert_array_equal(spearman_by_chromosome(observed, predicted, blocks), [[0], [0], [0]])


def test_with_equal_weights_the_t_is_scipys():
    differences = np.random.default_rng(RNG_SEED).normal(0.3, 1, size=(22, 4))
    found = Difference.of(differences, np.full(22, 17))
    expected = stats.ttest_1samp(differences, 0, alternative="greater")
    assert_allclose(found.p_above(), expected.pvalue, rtol=1e-12)
    interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert_allclose(found.interval(corrected=False), [interval.low, interval.high], rtol=1e-12)
    half = found.interval()[1] - found.mean
    assert_allclose(half, (interval.high - found.mean) * np.sqrt(1 + 22 / 21))
    assert np.sqrt(1 + 22 / 21) == pytest.approx(1.43, abs=0.002)


def test_a_weighted_difference_by_hand():
    found = Difference.of(np.array([[0.1], [0.3], [-0.1]]), np.array([10, 20, 70]))
    assert found.mean == pytest.approx(0.1 * 0.1 + 0.2 * 0.3 - 0.7 * 0.1)  # 0.0
    spread = 0.1**2 * 0.1**2 + 0.2**2 * 0.3**2 + 0.7**2 * 0.1**2
    assert found.error == pytest.approx(np.sqrt(spread * 3 / 2))
    assert found.p_above() == pytest.approx(0.5)


def test_no_difference_anywhere_has_p_1():
    found = Difference.of(np.zeros((5, 2)), np.arange(1, 6))
    assert_array_equal(found.p_above(), [1, 1])
    assert_array_equal(found.interval(), np.zeros((2, 2)))


def test_one_chromosome_has_no_error():
    found = Difference.of(np.array([[0.2]]), np.array([7]))
    assert found.mean == 0.2
    assert np.isnan(found.error)


def test_a_rotation_of_six_genes_by_hand():
    """In a ring of six, moved by 2, the residual of gene 0 goes to gene 2, and that of gene 5 to gene 1."""
    fitted, errors = np.array([[100.0], [200], [300], [400], [500], [600]]), np.array([[0.0], [1], [2], [3], [4], [5]])
    assert_array_equal(rotate(fitted, errors, 2)[:, 0], [104, 205, 300, 401, 502, 603])


def test_a_test_by_rotations_by_hand():
    found = Rotation.of(np.array([[5.0], [1.0], [2.0], [3.0]]))  # the rotated have mean 2 and deviation 1
    assert found.t == pytest.approx((5 - 2) / np.sqrt(4 / 3))
    assert found.p_above == pytest.approx(stats.t.sf(3 / np.sqrt(4 / 3), 2))
    assert found.p_below == pytest.approx(1 - found.p_above)
    assert found.p_rank == 1 / 4
    assert Rotation.of(np.array([[3.0], [1.0], [3.0], [2.0], [7.0]])).p_rank == 3 / 5


def test_without_spread_nothing_is_found():
    found = Rotation.of(np.zeros((20, 2)))
    assert_array_equal([found.p_above, found.p_below, found.p_rank], np.ones((3, 2)))


@pytest.mark.parametrize("correction", ["bh", "by"])
def test_correction_is_scipys_and_passes_over_nan(correction):
    p = np.random.default_rng(RNG_SEED).uniform(size=30) ** 2
    expected = stats.false_discovery_control(p, method=correction)
    assert_allclose(adjust(p, correction), expected)
    assert_allclose(adjust(np.insert(p, 4, np.nan), correction), np.insert(expected, 4, np.nan))
    assert np.isnan(adjust([np.nan], correction)).all()
    assert_array_equal(adjust(p, "none"), p)


def test_bh_by_hand():
    assert_allclose(adjust([0.01, 0.04, 0.03, 0.5], "bh"), [0.04, 0.16 / 3, 0.16 / 3, 0.5])


def test_shifts():
    shifts = draw_shifts(22_826, 19, seed=3)
    assert_array_equal(shifts, draw_shifts(22_826, 19, seed=3))
    assert shifts.dtype == np.int64
    assert len(set(shifts)) == 19
    assert shifts.min() >= 1000 and shifts.max() <= 21_826
    many = np.concatenate([draw_shifts(4100, 19, seed) for seed in range(1500)])
    assert {many.min(), many.max()} == {1000, 3100}


@pytest.mark.parametrize("genes", [36, 1999, 2000, 2001, 2002, 2010, 2100, 3999, 4000])
def test_as_many_shifts_of_few_genes_as_of_many(genes):
    shifts = draw_shifts(genes, 19, seed=0)
    assert len(set(shifts)) == 19
    assert shifts.min() >= min(1000, genes // 4) and shifts.max() <= genes - min(1000, genes // 4)


def test_shifts_of_very_few_genes():
    assert_array_equal(draw_shifts(6, 5, seed=0), [1, 2, 3, 4, 5])
    assert len(draw_shifts(20, 11, seed=0)) == 11
    message = "^rotations: 20 genes can be shifted along the genome in 11 ways; expected genes for 12 circular shifts"
    with pytest.raises(InputError, match=message):
        draw_shifts(20, 12, seed=0)
