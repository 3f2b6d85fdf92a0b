"""How well predictions agree with observations, how sure that is, and how fits compare."""

import warnings
from dataclasses import dataclass
from functools import cache
from itertools import chain, permutations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from spex.errors import InputError, shown
from spex.models.splits import FEW_GENES, LEAST_GENES
from spex.options import whole

RESAMPLES = 1000
RESAMPLES_AT_ONCE = 100
CONFIDENCE = (2.5, 97.5)
BLOCK = 40
"""Neighbouring genes that are resampled together, by their coverage in `benchmarks.bootstrap`."""

LEAST_BLOCKS = 4
"""Of fewer than so many times `BLOCK` genes, blocks are shorter."""

METRICS = ("rmse", "spearman", "pearson")
WITHIN = ("spearman_within", "spearman_within_low", "spearman_within_high")
"""What `FoldScores` have beside `Scores`."""


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


def score(
    observed: ArrayLike,
    predicted: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    genes: pd.DataFrame | None = None,
) -> Scores:
    """Compare predictions with observations.

    Parameters
    ----------
    observed, predicted
        (n,), n >= 3, in the same order of genes, both in ln(expression + pseudocount).
    resamples
        Samples of the genes, drawn with replacement, for 95 % percentile intervals of both correlations; 0 for none.
    seed
        Of these draws, a stream of their own: scores of the same genes with the same seed rest on the same draws.
    genes
        The n genes, with columns chrom and tss (bp): what is resampled are blocks of 40 neighbouring genes. Neighbours
        resemble each other, and intervals over single genes are then too narrow. Default: single genes, as published.

    Returns
    -------
    Scores
        rmse in the unit of the input; Spearman's and Pearson's correlation with two-sided p-values (SciPy; exact, by
        permutation, below ten genes) and intervals.

    Raises
    ------
    InputError
        Arrays of different lengths, of fewer than three numbers, or with some that are not finite.

    Examples
    --------
    >>> spex.score([0.1, 1.2, 2.0, 3.1], [0.3, 1.0, 2.2, 2.9]).rounded()
    'rmse: 0.2000 spearman: 1.0000 pval: 0.0833 pearson: 0.9853 pval: 0.0833'
    """
    resamples, seed = whole(0).check(resamples, "resamples"), whole(0).check(seed, "seed")
    both = isinstance(observed, pd.Series) and isinstance(predicted, pd.Series)
    if both and not observed.index.equals(predicted.index):
        raise InputError(
            "its index is not that of observed", argument="predicted", expected="the same genes in the same order"
        )
    try:
        observed, predicted = np.asarray(observed, np.float64), np.asarray(predicted, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"no numbers ({shown(error)})", argument="observed or predicted") from error
    if genes is not None and (len(genes) != len(observed) or not {"chrom", "tss"} <= set(genes)):
        raise InputError(
            f"{len(genes):,} rows with {', '.join(map(str, genes))}",
            argument="genes",
            expected=f"a table of the {len(observed):,} genes with chrom and tss",
        )
    if observed.shape != predicted.shape or observed.ndim != 1 or len(observed) < LEAST_GENES:
        raise InputError(
            f"observed has shape {observed.shape}, predicted {predicted.shape}",
            expected=f"one number per gene in both, of at least {LEAST_GENES} genes",
        )
    if not (np.isfinite(observed).all() and np.isfinite(predicted).all()):
        raise InputError("NaN or infinity in observed or predicted", hint="leave those genes out of both")
    rmse = float(np.sqrt(np.mean((observed - predicted) ** 2)))
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return Scores(rmse, *[float("nan")] * 4)
    spearman, pearson = stats.spearmanr(observed, predicted), stats.pearsonr(observed, predicted)
    p_values = spearman.pvalue, pearson.pvalue
    if len(observed) < FEW_GENES:
        ranks = stats.rankdata(observed), stats.rankdata(predicted)
        p_values = _exact_p(*ranks), _exact_p(observed, predicted)
    values = (spearman.statistic, p_values[0], pearson.statistic, p_values[1])
    if not resamples:
        return Scores(rmse, *map(float, values))
    if genes is None:
        edges = _intervals(observed, predicted, resamples, seed)
    else:
        edges = _edges(_resampled_blocks(observed, predicted, genes, resamples, seed))
    return Scores(rmse, *map(float, values), *map(float, edges))


def _resampled_blocks(observed, predicted, genes, resamples, seed, block=BLOCK):
    """Spearman's and Pearson's correlation of samples of blocks of neighbouring genes: (2, resamples).

    A circular block bootstrap: blocks begin at any gene and run on along the chromosome, then along the next, all in
    one ring, so that each gene is drawn equally often. genes: as of `score`.
    """
    order, generator = along_genome(genes), np.random.default_rng(seed)
    x, y = observed[order], predicted[order]
    codes = [np.unique(values, return_inverse=True)[1] for values in (x, y)]
    block = max(1, min(block, len(x) // LEAST_BLOCKS))
    samples = []
    for first in range(0, resamples, RESAMPLES_AT_ONCE):
        count = min(RESAMPLES_AT_ONCE, resamples - first)
        starts = generator.integers(len(x), size=(count, -(-len(x) // block)))
        drawn = ((starts[:, :, None] + np.arange(block)).reshape(count, -1)[:, : len(x)]) % len(x)
        samples.append([correlation(*(_ranks(code[drawn]) for code in codes)), correlation(x[drawn], y[drawn])])
    return np.concatenate(samples, axis=1)


def along_genome(genes):
    """Places of genes by chromosome, then TSS: (n,). genes: DataFrame with chrom and tss."""
    return np.lexsort((genes["tss"].to_numpy(), genes["chrom"].to_numpy(dtype=str)))


def correlation(one, other, axis=-1):
    """Pearson's correlation along an axis, 0 where either is constant. Arrays of one shape."""
    one, other = (each - each.mean(axis=axis, keepdims=True) for each in (one, other))
    scale = np.sqrt((one**2).sum(axis=axis) * (other**2).sum(axis=axis))
    return np.divide((one * other).sum(axis=axis), scale, out=np.zeros(scale.shape), where=scale > 0)


def _edges(samples):
    """Ends of the 95 % percentile intervals of statistics, (statistics, samples): low and high of each in turn."""
    return np.nanpercentile(samples, CONFIDENCE, axis=-1).T.ravel()


def _exact_p(x, y):
    """Two-sided p-value of Pearson's correlation of (n,) and (n,): twice the part of all pairings that lie as far out
    on its side, as SciPy's `PermutationMethod` has it, which takes seconds for nine genes."""
    x, y = x - x.mean(), y - y.mean()
    products, found = x[_orders(len(x))] @ y, x @ y
    rounding = 1e-12 * np.linalg.norm(x) * np.linalg.norm(y)
    return min(1.0, 2 * min((products >= found - rounding).mean(), (products <= found + rounding).mean()))


@cache
def _orders(count):
    """Every order of so many things: (count!, count) int8."""
    return np.fromiter(chain.from_iterable(permutations(range(count))), np.int8).reshape(-1, count)


def _intervals(observed, predicted, resamples, seed):
    """The ends of both correlations' intervals: low and high of Spearman's, low and high of Pearson's."""
    codes = [np.unique(values, return_inverse=True)[1] for values in (observed, predicted)]
    with warnings.catch_warnings():
        # a sample of few genes can be the same gene throughout, which has no correlation and is passed over
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        samples = stats.bootstrap(
            (observed, predicted, *codes),
            _both_correlations,
            paired=True,
            vectorized=True,
            n_resamples=resamples,
            batch=RESAMPLES_AT_ONCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution
    return _edges(samples)


def _both_correlations(x, y, x_codes, y_codes, axis=-1):
    """Spearman's and Pearson's correlation, (2, ...). x_codes, y_codes: as of `_ranks`, of the same genes."""
    pairs = (_ranks(x_codes), _ranks(y_codes)), (x, y)
    return np.stack([stats.pearsonr(*pair, axis=axis).statistic for pair in pairs])


def _ranks(codes):
    """Ranks of numbers along the last axis, float64, ties as their mean: those of SciPy, by counting, without sorting.

    codes: (..., n) which of the n or fewer distinct numbers, in their order, each one is.
    """
    rows = codes.reshape(-1, codes.shape[-1])
    places = rows + rows.shape[1] * np.arange(len(rows))[:, None]
    counts = np.bincount(places.ravel(), minlength=rows.size).reshape(rows.shape)
    ranks = counts.cumsum(axis=1) - (counts - 1) / 2  # of each code
    return np.take_along_axis(ranks, rows, axis=1).reshape(codes.shape)


def summarise(results):
    """One row per target over all its fits, best Spearman first.

    results: DataFrame with target_index, target, genes_test, the metrics, and the ends of their intervals, one row per
    fit; of folds put together `WITHIN` too, by which they are then in order.

    Returns: DataFrame with target_index, target, fits, genes_test, and for each metric its mean (named as the metric),
    standard deviation, minimum and maximum over the fits (`_std`, `_min`, `_max`); for the correlations the ends of
    the 95 % interval over genes too (`_low`, `_high`), NaN for targets of several fits, as `_std` is for single ones.
    """
    by_target = results.groupby(["target_index", "target"], sort=False)
    fits = by_target.size()
    parts = {"fits": fits, "genes_test": by_target["genes_test"].first()}
    within = WITHIN[:1] if set(WITHIN) <= set(results) else ()
    for metric in (*METRICS, *within):
        parts[metric] = by_target[metric].mean()
        parts |= {f"{metric}_{name}": by_target[metric].agg(name) for name in ("std", "min", "max")}
        if metric != "rmse":
            ends = (f"{metric}_low", f"{metric}_high")
            parts |= {end: by_target[end].first().astype(float).where(fits == 1) for end in ends}
    order = [*(within or ["spearman"]), "target_index"]
    return pd.DataFrame(parts).reset_index().sort_values(order, ascending=[False, True])
