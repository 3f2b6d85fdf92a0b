"""How well predictions agree with observations, how sure that is, and how fits compare."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

RESAMPLES = 1000
RESAMPLES_AT_ONCE = 100
CONFIDENCE = (2.5, 97.5)
METRICS = ("rmse", "spearman", "pearson")


@dataclass(frozen=True)
class Scores:
    """Agreement over the test genes; rmse in units of ln(expression). A correlation with a constant is NaN."""

    rmse: float
    spearman: float
    spearman_p: float
    pearson: float
    pearson_p: float

    def line(self):
        """The one line that the published program reports."""
        return (
            f"rmse: {self.rmse:.4f} spearman: {self.spearman:.4f} pval: {self.spearman_p:.3g} "
            f"pearson: {self.pearson:.4f} pval: {self.pearson_p:.3g}"
        )


def score(observed, predicted):
    """Compare predictions with observations, both (n,) in ln(expression), n >= 3. Returns: Scores."""
    observed, predicted = np.asarray(observed, np.float64), np.asarray(predicted, np.float64)
    rmse = float(np.sqrt(np.mean((observed - predicted) ** 2)))
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return Scores(rmse, *[float("nan")] * 4)
    spearman, pearson = stats.spearmanr(observed, predicted), stats.pearsonr(observed, predicted)
    return Scores(rmse, *(float(x) for x in (spearman.statistic, spearman.pvalue, pearson.statistic, pearson.pvalue)))


def bootstrap_intervals(observed, predicted, seed):
    """95 % intervals of both correlations: percentiles over 1000 samples of the genes, drawn with replacement.

    observed, predicted: (n,). Returns: {"spearman": (low, high), "pearson": (low, high)}; NaN beside a constant.
    """
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return {name: (float("nan"), float("nan")) for name in ("spearman", "pearson")}
    return {
        name: _interval(observed, predicted, statistic, seed)
        for name, statistic in (("spearman", _spearman), ("pearson", _pearson))
    }


def _interval(observed, predicted, statistic, seed):
    with warnings.catch_warnings():
        # a sample of few genes can be the same gene throughout, which has no correlation and is passed over
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        samples = stats.bootstrap(
            (observed, predicted),
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=RESAMPLES_AT_ONCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    return tuple(float(edge) for edge in np.nanpercentile(samples, CONFIDENCE))


def _pearson(x, y, axis=-1):
    return stats.pearsonr(x, y, axis=axis).statistic


def _spearman(x, y, axis=-1):
    return _pearson(stats.rankdata(x, axis=axis), stats.rankdata(y, axis=axis), axis)


def summarise(results):
    """One row per target over all its fits, best Spearman first.

    results: DataFrame with target_index, target, genes_test, the metrics, and spearman_low, spearman_high,
    pearson_low, pearson_high, one row per fit.

    Returns: DataFrame with target_index, target, fits, genes_test, and for each metric its mean (named as the metric),
    then the 95 % intervals where each target has one fit, else standard deviation, minimum and maximum over the fits.
    """
    by_target = results.groupby(["target_index", "target"], sort=False)
    parts = {"fits": by_target.size(), "genes_test": by_target["genes_test"].first()}
    repeated = len(results) > len(parts["fits"])
    for metric in METRICS:
        parts[metric] = by_target[metric].mean()
        if repeated:
            for name in ("std", "min", "max"):
                parts[f"{metric}_{name}"] = by_target[metric].agg(name)
        elif metric != "rmse":
            for name in ("low", "high"):
                parts[f"{metric}_{name}"] = by_target[f"{metric}_{name}"].first()
    return pd.DataFrame(parts).reset_index().sort_values(["spearman", "target_index"], ascending=[False, True])
