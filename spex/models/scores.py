"""How well predictions agree with observations, how sure that is, and how fits compare."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from spex.arguments import whole_number
from spex.errors import InputError, shown

RESAMPLES = 1000
RESAMPLES_AT_ONCE = 100
CONFIDENCE = (2.5, 97.5)
METRICS = ("rmse", "spearman", "pearson")
LEAST_GENES = 3


@dataclass(frozen=True)
class Scores:
    """Agreement over the test genes; rmse in units of ln(expression). A correlation with a constant is NaN.

    spearman_p, pearson_p: two-sided p-values. spearman_low, spearman_high, pearson_low, pearson_high: 95 % bootstrap
    intervals over genes, NaN where none were drawn.
    """

    rmse: float
    spearman: float
    spearman_p: float
    pearson: float
    pearson_p: float
    spearman_low: float = float("nan")
    spearman_high: float = float("nan")
    pearson_low: float = float("nan")
    pearson_high: float = float("nan")

    def line(self) -> str:
        """The one line that the published program prints, every digit of it."""
        return (
            f"rmse: {self.rmse} spearman: {self.spearman} pval: {self.spearman_p} "
            f"pearson: {self.pearson} pval: {self.pearson_p}"
        )

    def rounded(self) -> str:
        """The same line to four decimals, for logs and tables."""
        return (
            f"rmse: {self.rmse:.4f} spearman: {self.spearman:.4f} pval: {self.spearman_p:.3g} "
            f"pearson: {self.pearson:.4f} pval: {self.pearson_p:.3g}"
        )


def score(observed: ArrayLike, predicted: ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Scores:
    """Compare predictions with observations.

    Parameters
    ----------
    observed, predicted
        (n,), n >= 3, in the same order of genes, both in ln(expression + pseudocount).
    resamples
        Samples of the genes, drawn with replacement, for 95 % percentile intervals of both correlations; 0 for none.
    seed
        Of these draws, a stream of their own: scores of the same genes with the same seed rest on the same draws.

    Returns
    -------
    Scores
        rmse in the unit of the input; Spearman's and Pearson's correlation with two-sided p-values (SciPy) and
        intervals.

    Raises
    ------
    InputError
        Arrays of different lengths, of fewer than three numbers, or with some that are not finite.
    """
    resamples, seed = whole_number(resamples, "resamples", 0), whole_number(seed, "seed", 0)
    both = isinstance(observed, pd.Series) and isinstance(predicted, pd.Series)
    if both and not observed.index.equals(predicted.index):
        raise InputError(
            "its index is not that of observed", argument="predicted", expected="the same genes in the same order"
        )
    try:
        observed, predicted = np.asarray(observed, np.float64), np.asarray(predicted, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"no numbers ({shown(error)})", argument="observed or predicted") from error
    if observed.shape != predicted.shape or observed.ndim != 1 or len(observed) < LEAST_GENES:
        raise InputError(
            f"observed has shape {observed.shape}, predicted {predicted.shape}",
            expected=f"one number per gene in both, of at least {LEAST_GENES} genes",
        )
    if not (np.isfinite(observed).all() and np.isfinite(predicted).all()):
        raise InputError("observed or predicted holds NaN or infinity", hint="leave those genes out of both")
    rmse = float(np.sqrt(np.mean((observed - predicted) ** 2)))
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return Scores(rmse, *[float("nan")] * 4)
    spearman, pearson = stats.spearmanr(observed, predicted), stats.pearsonr(observed, predicted)
    values = (spearman.statistic, spearman.pvalue, pearson.statistic, pearson.pvalue)
    edges = {}
    for name, statistic in (("spearman", _spearman), ("pearson", _pearson)) if resamples else ():
        low, high = _interval(observed, predicted, statistic, resamples, seed)
        edges |= {f"{name}_low": low, f"{name}_high": high}
    return Scores(rmse, *map(float, values), **edges)


def _interval(observed, predicted, statistic, resamples, seed):
    with warnings.catch_warnings():
        # a sample of few genes can be the same gene throughout, which has no correlation and is passed over
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        samples = stats.bootstrap(
            (observed, predicted),
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=resamples,
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

    results: DataFrame with target_index, target, genes_test, the metrics, and the ends of their intervals, one row per
    fit.

    Returns: DataFrame with target_index, target, fits, genes_test, and for each metric its mean (named as the metric),
    standard deviation, minimum and maximum over the fits (`_std`, `_min`, `_max`); for the correlations the ends of
    the 95 % interval over genes too (`_low`, `_high`), NaN for targets of several fits, as `_std` is for single ones.
    """
    by_target = results.groupby(["target_index", "target"], sort=False)
    fits = by_target.size()
    parts = {"fits": fits, "genes_test": by_target["genes_test"].first()}
    for metric in METRICS:
        parts[metric] = by_target[metric].mean()
        parts |= {f"{metric}_{name}": by_target[metric].agg(name) for name in ("std", "min", "max")}
        if metric != "rmse":
            ends = (f"{metric}_low", f"{metric}_high")
            parts |= {end: by_target[end].first().astype(float).where(fits == 1) for end in ends}
    return pd.DataFrame(parts).reset_index().sort_values(["spearman", "target_index"], ascending=[False, True])
