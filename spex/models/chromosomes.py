"""Scores chromosome by chromosome: their mean weighted by genes, its interval and tests, and what folds give."""

from dataclasses import asdict, dataclass, replace

import numpy as np
from scipy import stats

from spex.models.scores import RESAMPLES, WITHIN, Scores, along_genome, correlation, score
from spex.models.splits import LEAST_GENES

LEVEL = 0.95


@dataclass(frozen=True)
class FoldScores(Scores):
    """Agreement over genes whose chromosomes were each predicted without it, by a fit with an intercept of its own.

    Pooled over chromosomes, as `Scores` are, it is biased downwards where little is predicted: a fold's intercept is
    the mean of the other chromosomes, so it is low where its own chromosome is high. spearman_within: mean of
    Spearman's correlations within chromosomes, weighted by their genes, which is not; with its 95 % interval over
    chromosomes (Student's t). A chromosome with a constant counts as 0, one of fewer than three genes is left out.
    """

    spearman_within: float = float("nan")
    spearman_within_low: float = float("nan")
    spearman_within_high: float = float("nan")

    def line(self) -> str:
        """The published line, and after it the mean within chromosomes."""
        return (
            f"{super().line()} within chromosomes, the one to report: spearman: {self.spearman_within} "
            f"95 % interval: {self.spearman_within_low} to {self.spearman_within_high}"
        )

    def rounded(self) -> str:
        """The same line to four decimals, for logs and tables."""
        return f"{super().rounded()} spearman within chromosomes: {self.spearman_within:.4f}"


def score_folds(observed, predicted, genes, *, bootstrap="blocks", resamples=RESAMPLES, seed=0):
    """Compare out-of-sample predictions of genes on several chromosomes with observations.

    observed, predicted, resamples, seed: as of `score`, arrays. genes: DataFrame (n) with chrom and tss. bootstrap:
    "genes", or "blocks" of neighbours, for the intervals of what is pooled.

    Returns: FoldScores.
    """
    blocks = genes if bootstrap == "blocks" else None
    pooled = FoldScores(**asdict(score(observed, predicted, resamples=resamples, seed=seed, genes=blocks)))
    order = along_genome(genes)
    chroms = genes["chrom"].to_numpy(dtype=str)[order]
    rows = np.split(order, np.flatnonzero(chroms[1:] != chroms[:-1]) + 1)
    rows = [each for each in rows if len(each) >= LEAST_GENES]
    if np.isnan(pooled.spearman) or not rows:
        return pooled
    within = np.array([spearman(observed[each], predicted[each], axis=0) for each in rows])
    mean = Difference.of(within[:, None], np.array([len(each) for each in rows]))
    low, high = mean.interval(corrected=False)[:, 0] if len(rows) > 1 else (np.nan, np.nan)
    return replace(pooled, **dict(zip(WITHIN, map(float, (mean.mean[0], low, high)), strict=True)))


def spearman(observed, predicted, axis):
    """Spearman's correlation along an axis, ties averaged; 0 where either is constant. Arrays are broadcast."""
    ranks = [stats.rankdata(values, axis=axis) for values in np.broadcast_arrays(observed, predicted)]
    return correlation(*ranks, axis)


@dataclass(frozen=True)
class Difference:
    """Differences of chromosomes, weighted by their genes.

    mean: (t,), the weighted mean. error: (t,), its standard error, of which sqrt(chromosomes) times is the standard
    deviation when weights are equal. chromosomes: how many.
    """

    mean: np.ndarray
    error: np.ndarray
    chromosomes: int

    @classmethod
    def of(cls, differences, genes):
        """differences: (chromosomes, t). genes: (chromosomes,), how many."""
        weights = (genes / genes.sum())[:, None]
        count = len(differences)
        mean = (weights * differences).sum(axis=0)
        if count < 2:
            return cls(mean, np.full_like(mean, np.nan), count)
        spread = (weights**2 * (differences - mean) ** 2).sum(axis=0)
        return cls(mean, np.sqrt(spread * count / (count - 1)), count)

    def p_above(self):
        """One-sided p of a mean above 0, Student's t; 1 where nothing differs on any chromosome."""
        statistic = np.divide(self.mean, self.error, out=np.full_like(self.mean, -np.inf), where=self.error > 0)
        return stats.t.sf(statistic, self.chromosomes - 1)

    def p_apart(self, corrected=True):
        """p of two sides of a mean other than 0, below 1 - `LEVEL` where `interval` lies on one side of 0; 1 where
        nothing differs on any chromosome. corrected: as of `interval`."""
        error = self._widened(corrected)
        statistic = np.divide(np.abs(self.mean), error, out=np.zeros_like(self.mean), where=error > 0)
        return 2 * stats.t.sf(statistic, self.chromosomes - 1)

    def interval(self, corrected=True):
        """Ends of the 95 % interval of the mean, (2, t).

        corrected: widened because any two chromosomes' fits share nearly all of their training genes (Nadeau and
        Bengio 2003): the variance times 1 + chromosomes / (chromosomes - 1). Otherwise Student's plain interval.
        """
        half = stats.t.ppf((1 + LEVEL) / 2, self.chromosomes - 1) * self._widened(corrected)
        return np.stack([self.mean - half, self.mean + half])

    def _widened(self, corrected):
        """The standard error that an interval is made with, (t,)."""
        count = self.chromosomes
        return self.error * (np.sqrt(1 + count / (count - 1)) if corrected else 1.0)
