"""Scores chromosome by chromosome, against SciPy, cases worked by hand and one where there is nothing to predict."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose
from scipy import stats

from spex.models.chromosomes import Difference, FoldScores, score_folds, spearman
from spex.models.scores import score


def pairs(count, seed=0):
    """Observations and predictions that follow them."""
    observed, noise = np.random.default_rng(seed).normal(size=(2, count))
    return observed, 0.3 * observed + noise


def genes_of(*sizes):
    """Genes of some chromosomes, in no order along them."""
    table = pd.DataFrame({"chrom": np.repeat([f"chr{number}" for number in range(len(sizes))], sizes)})
    return table.assign(tss=np.random.default_rng(3).permutation(len(table)) * 1000)


def test_the_mean_within_chromosomes_is_weighted_by_genes_and_a_constant_is_0():
    genes, (observed, predicted) = genes_of(2, 30, 50, 20), pairs(102)
    predicted[genes["chrom"] == "chr3"] = 1.5
    expected = [stats.spearmanr(observed[rows], predicted[rows]).statistic for rows in (slice(2, 32), slice(32, 82))]
    found = score_folds(observed, predicted, genes)
    assert_allclose(found.spearman_within, (30 * expected[0] + 50 * expected[1] + 20 * 0) / 100, rtol=1e-12)
    mean = Difference.of(np.array([*expected, 0.0])[:, None], np.array([30, 50, 20]))
    assert_allclose([found.spearman_within_low, found.spearman_within_high], mean.interval(corrected=False)[:, 0])
    weights = np.array([0.3, 0.5, 0.2])
    error = np.sqrt(1.5 * (weights**2 * (np.array([*expected, 0.0]) - found.spearman_within) ** 2).sum())
    assert_allclose(found.spearman_within_high - found.spearman_within, stats.t.ppf(0.975, 2) * error)
    for bootstrap, blocks in (("blocks", genes), ("genes", None)):
        pooled = score(observed, predicted, genes=blocks)
        each = score_folds(observed, predicted, genes, bootstrap=bootstrap)
        assert {name: getattr(each, name) for name in vars(pooled)} == vars(pooled)
        assert each.spearman_within_low == found.spearman_within_low
    assert np.isnan(score_folds(observed, np.zeros(102), genes).spearman_within)
    assert np.isnan(score_folds(observed[:4], predicted[:4], genes_of(1, 2, 1)).spearman_within)
    alone = score_folds(observed[:9], predicted[:9], genes_of(9))
    assert_allclose(alone.spearman_within, alone.spearman)
    assert np.isnan(alone.spearman_within_low)


def test_where_there_is_nothing_to_predict_the_mean_within_is_0_and_the_pooled_score_is_not():
    random, genes = np.random.default_rng(0), genes_of(*[100] * 20)
    observed = random.normal(size=2000) + 0.5 * np.repeat(random.normal(size=20), 100)
    by_chromosome = observed.reshape(20, 100)
    others = (observed.sum() - by_chromosome.sum(axis=1)) / 1900  # what a fold predicts that learns its intercept only
    found = score_folds(observed, np.repeat(others, 100) + 1e-3 * random.normal(size=2000), genes)
    assert found.spearman < -0.3 and found.spearman_p < 1e-9
    assert found.spearman_within_low < 0 < found.spearman_within_high


def test_spearman_of_many_at_once_is_scipy_s_and_0_of_a_constant():
    observed, predicted = pairs(60)
    found = spearman(observed, np.stack([predicted, np.ones(60)]), axis=-1)
    assert_allclose(found, [stats.spearmanr(observed, predicted).statistic, 0], rtol=1e-12)


def test_scores_of_folds_print_the_published_line_and_what_to_report():
    found = FoldScores(
        1.0, 0.5, 1e-9, 0.4, 1e-8, spearman_within=0.6, spearman_within_low=0.55, spearman_within_high=0.65
    )
    assert found.line() == (
        "rmse: 1.0 spearman: 0.5 pval: 1e-09 pearson: 0.4 pval: 1e-08 "
        "within chromosomes, the one to report: spearman: 0.6 95 % interval: 0.55 to 0.65"
    )
    assert found.rounded().endswith("spearman within chromosomes: 0.6000")
