import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.errors import InputError
from spex.models.scores import Scores, _ranks, score, summarise


def slow_pearson(x, y):
    x, y = x - sum(x) / len(x), y - sum(y) / len(y)
    return sum(x * y) / (sum(x * x) * sum(y * y)) ** 0.5


def slow_ranks(x):
    """Average rank of each value, ties sharing the mean of their places."""
    return np.array([sum(other < value for other in x) + (sum(other == value for other in x) + 1) / 2 for value in x])


def pairs(count, seed=0):
    """Observations with many ties, as expression has them at zero, and predictions that follow them."""
    rng = np.random.default_rng(seed)
    observed = np.where(rng.random(count) < 0.4, np.log(0.0001), rng.normal(size=count))
    return observed, 0.3 * observed + rng.normal(size=count)


@pytest.mark.parametrize("count", [3, 10, 200])
def test_scores_equal_slow_sums_with_ties(count):
    observed, predicted = pairs(count)
    found = score(observed, predicted)
    assert_allclose(found.rmse, (sum((observed - predicted) ** 2) / count) ** 0.5, rtol=1e-12)
    assert_allclose(found.pearson, slow_pearson(observed, predicted), rtol=1e-9)
    assert_allclose(found.spearman, slow_pearson(slow_ranks(observed), slow_ranks(predicted)), rtol=1e-9)


def test_scores_by_hand():
    found = score([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0])
    assert_allclose(found.rmse, 0.5**0.5, rtol=1e-12)
    assert_allclose(found.spearman, 0.8, rtol=1e-12)  # 1 - 6 * 2 / (4 * 15)
    assert_allclose(found.spearman_p, 2 * 4 / 24, rtol=1e-9)  # 0.8 is reached by one swap of neighbours, 3, and none, 1


def test_few_genes_have_exact_p_values():
    backwards = score([1, 2, 3, 4], [4, 3, 2, 1])
    assert_allclose([backwards.spearman_p, backwards.pearson_p], 2 / 24, rtol=1e-12)
    for count in (3, 5, 7):
        observed, predicted = pairs(count, seed=4)
        found, exactly = score(observed, predicted), stats.PermutationMethod(n_resamples=np.inf)
        ranks = slow_ranks(observed), slow_ranks(predicted)
        expected = [stats.pearsonr(*pair, method=exactly).pvalue for pair in (ranks, (observed, predicted))]
        assert_allclose([found.spearman_p, found.pearson_p], expected, rtol=1e-12)


def test_from_ten_genes_on_p_values_are_the_published_ones():
    observed, predicted = pairs(10)
    found = score(observed, predicted)
    assert found.spearman_p == stats.spearmanr(observed, predicted).pvalue
    assert found.pearson_p == stats.pearsonr(observed, predicted).pvalue
    assert score(observed[:9], predicted[:9]).spearman_p != stats.spearmanr(observed[:9], predicted[:9]).pvalue


def test_p_values_of_the_published_sizes():
    # 990 genes at Spearman 0.8229 are reported with p 9.17e-245: the same formula must give that magnitude
    degrees = 988
    t = 0.8229 * (degrees / (1 - 0.8229**2)) ** 0.5
    assert_allclose(np.log10(2 * stats.t.sf(t, degrees)), -244, atol=1)


def test_the_published_line():
    line = Scores(2.27541, 0.82291, 9.17e-245, 0.8325, 0.0).line()
    assert line == "rmse: 2.27541 spearman: 0.82291 pval: 9.17e-245 pearson: 0.8325 pval: 0.0"


def test_a_constant_has_no_correlation():
    found = score([1.0, 2.0, 4.0], [2.0, 2.0, 2.0])
    assert_allclose(found.rmse, (5 / 3) ** 0.5, rtol=1e-12)
    assert np.isnan([found.spearman, found.spearman_p, found.pearson, found.pearson_p]).all()
    assert np.isnan([found.spearman_low, found.spearman_high, found.pearson_low, found.pearson_high]).all()


@pytest.mark.parametrize(
    "observed, predicted, message",
    [
        ([1.0, 2.0, 3.0], [1.0, 2.0], "observed has shape .3,., predicted .2,."),
        ([1.0, 2.0], [1.0, 2.0], "at least 3 genes"),
        ([1.0, 2.0, np.nan], [1.0, 2.0, 3.0], "NaN or infinity in observed"),
    ],
)
def test_what_cannot_be_compared_is_refused(observed, predicted, message):
    with pytest.raises(InputError, match=message):
        score(observed, predicted)


def test_bootstrap_intervals_equal_a_slow_bootstrap():
    observed, predicted = pairs(80)
    found = score(observed, predicted, seed=5)
    rng = np.random.default_rng(6)
    samples = [rng.integers(0, 80, 80) for _ in range(1000)]
    pearson = np.percentile([slow_pearson(observed[rows], predicted[rows]) for rows in samples], [2.5, 97.5])
    spearman = np.percentile(
        [stats.spearmanr(observed[rows], predicted[rows]).statistic for rows in samples], [2.5, 97.5]
    )
    assert_allclose([found.pearson_low, found.pearson_high], pearson, atol=0.03)  # two draws of 1000 samples
    assert_allclose([found.spearman_low, found.spearman_high], spearman, atol=0.03)
    assert score(observed, predicted, seed=5) == found
    assert score(observed, predicted, seed=6) != found
    assert np.isnan(score(observed, predicted, resamples=0).pearson_low)


def test_intervals_are_to_the_last_digit_those_of_each_correlation_by_itself():
    observed, predicted = pairs(60)
    observed[:9], predicted[5:25] = observed[0], 0.0
    found = score(observed, predicted, seed=5)

    def spearman(x, y, axis):
        return stats.pearsonr(stats.rankdata(x, axis=axis), stats.rankdata(y, axis=axis), axis=axis).statistic

    for name, statistic in (("spearman", spearman), ("pearson", lambda *xy, axis: stats.pearsonr(*xy, axis=axis)[0])):
        samples = stats.bootstrap(
            (observed, predicted),
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=1000,
            method="percentile",
            rng=np.random.default_rng(5),
        ).bootstrap_distribution
        low, high = np.percentile(samples, [2.5, 97.5])
        assert (getattr(found, f"{name}_low"), getattr(found, f"{name}_high")) == (low, high)


def test_ranks_by_counting_are_those_by_sorting():
    numbers = np.random.default_rng(0).integers(-4, 4, size=(3, 5, 40)) / 2
    codes = np.unique(numbers, return_inverse=True)[1].reshape(numbers.shape)
    assert_array_equal(_ranks(codes), stats.rankdata(numbers, axis=-1))


def test_bootstrap_of_a_few_genes_passes_over_constant_samples():
    found = score([0.0, 1.0, 2.0], [0.1, 0.9, 1.5], seed=1)
    assert -1 <= found.pearson_low <= found.pearson_high <= 1


def results(rows):
    names = ["target_index", "target", "genes_test", "rmse", "spearman", "pearson"]
    table = pd.DataFrame(rows, columns=names)
    for metric in ("spearman", "pearson"):
        table[f"{metric}_low"], table[f"{metric}_high"] = table[metric] - 0.1, table[metric] + 0.1
    return table


def test_summary_of_single_fits_ranks_tissues_with_intervals():
    summary = summarise(results([(1, "a", 9, 2.0, 0.5, 0.6), (2, "b", 9, 1.0, 0.7, 0.8)]))
    assert list(summary["target"]) == ["b", "a"]
    assert list(summary["fits"]) == [1, 1]
    assert_allclose(summary["spearman_low"], [0.6, 0.4], rtol=1e-12)
    assert summary["spearman_std"].isna().all()


def test_summary_of_repeats_by_hand():
    summary = summarise(results([(1, "a", 9, 2.0, 0.5, 0.6), (1, "a", 9, 4.0, 0.7, 0.8)]))
    row = summary.iloc[0]
    assert row["fits"] == 2
    assert_allclose(row[["rmse", "rmse_std", "rmse_min", "rmse_max"]].astype(float), [3, 2**0.5, 2, 4], rtol=1e-12)
    assert_allclose(row["spearman_max"], 0.7, rtol=1e-12)
    assert np.isnan(row["spearman_low"])
    assert list(summary) == list(summarise(results([(1, "a", 9, 2.0, 0.5, 0.6)])))


def genes_of(*sizes):
    """Genes of some chromosomes, in no order."""
    table = pd.DataFrame({"chrom": np.repeat([f"chr{number}" for number in range(len(sizes))], sizes)})
    return table.assign(tss=np.random.default_rng(3).permutation(len(table)) * 1000)


@pytest.mark.parametrize("sizes, block", [((200, 90), 40), ((50, 30), 20)])
def test_block_intervals_equal_a_slow_bootstrap_of_runs_of_neighbours(sizes, block):
    genes, (observed, predicted) = genes_of(*sizes), pairs(sum(sizes))
    along = [row for chrom in ("chr0", "chr1") for row in genes[genes["chrom"] == chrom].sort_values("tss").index]
    random, samples = np.random.default_rng(0), []
    for _ in range(10):
        for starts in random.integers(len(along), size=(100, -(-len(along) // block))):
            rows = [along[(start + step) % len(along)] for start in starts for step in range(block)][: len(along)]
            x, y = observed[rows], predicted[rows]
            ranks = stats.rankdata(x), stats.rankdata(y)
            samples.append((np.corrcoef(*ranks)[0, 1], np.corrcoef(x, y)[0, 1]))
    found = score(observed, predicted, genes=genes)
    low, high = np.percentile(samples, [2.5, 97.5], axis=0)
    assert_allclose([found.spearman_low, found.pearson_low], low, rtol=1e-9)
    assert_allclose([found.spearman_high, found.pearson_high], high, rtol=1e-9)
    assert (found.spearman, found.rmse) == (score(observed, predicted).spearman, score(observed, predicted).rmse)


def test_blocks_give_wider_intervals_where_neighbours_are_alike_only():
    random = np.random.default_rng(1)
    genes = genes_of(*[200] * 10).sort_values(["chrom", "tss"], ignore_index=True)
    alone = random.normal(size=(3, 2000))
    alike = np.stack([np.convolve(np.r_[each, each[:29]], np.ones(30), "valid") for each in alone])
    for shared, one, other, wider in ((*alone, False), (*alike, True)):
        pair = shared + one, shared + other
        blocks, single = score(*pair, genes=genes), score(*pair)
        widths = [found.spearman_high - found.spearman_low for found in (blocks, single)]
        assert (widths[0] > 2 * widths[1]) == wider and widths[0] > 0.8 * widths[1]


def test_genes_of_blocks_must_be_those_of_the_scores():
    with pytest.raises(InputError, match="genes: 5 rows with chrom, tss; expected a table of the 9 genes"):
        score(*pairs(9), genes=genes_of(5))
    with pytest.raises(InputError, match="9 rows with chrom; expected"):
        score(*pairs(9), genes=genes_of(9)[["chrom"]])


def test_summary_of_folds_is_in_the_order_of_the_mean_within():
    table = results([(1, "a", 9, 2.0, 0.5, 0.6), (2, "b", 9, 1.0, 0.7, 0.8)])
    table = table.assign(spearman_within=[0.4, 0.3], spearman_within_low=0.1, spearman_within_high=0.9)
    summary = summarise(table)
    assert list(summary["target"]) == ["a", "b"]
    assert list(summary["spearman_within"]) == [0.4, 0.3] and list(summary["spearman_within_low"]) == [0.1, 0.1]
