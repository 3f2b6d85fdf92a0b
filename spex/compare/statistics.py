"""Rank correlations by chromosome, tests and intervals over chromosomes and over circular shifts along the genome.

Arrays end in an axis of tissues; chromosomes or shifts come before it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from spex.errors import InputError
from spex.models.scores import spearman

LEAST_SHIFT = 1000
"""Genes that residuals are moved by, at least, or a quarter of all: farther than neighbours resemble each other."""

LEVEL = 0.95


def draw_shifts(genes, count, seed, least=LEAST_SHIFT):
    """Distinct shifts, uniform on [least, genes - least], or [genes // 4, genes - genes // 4] where that is wider.

    Returns: (count,) int64 in ascending order.

    Raises:
        InputError: there are not as many.
    """
    least = max(min(least, genes // 4), 1)
    possible = np.arange(least, genes - least + 1)
    if len(possible) < count:
        raise InputError(
            f"{genes:,} genes can be shifted along the genome in {len(possible)} ways",
            argument="rotations",
            expected=f"genes for {count} circular shifts",
            hint="compare more genes, or choose fewer shifts",
        )
    return np.sort(np.random.default_rng(seed).choice(possible, size=count, replace=False)).astype(np.int64)


def rotate(fitted, errors, shift):
    """Expression with residuals moved along the genome, all chromosomes in one ring: gene i's go to gene i + shift.

    fitted, errors: (n, t), in the order of the genome.
    """
    return fitted + np.roll(errors, shift, axis=0)


def spearman_by_chromosome(observed, predicted, blocks):
    """Spearman's correlation within each chromosome, ties averaged.

    observed, predicted: (n, t). blocks: list of slices of the n genes.

    Returns: float64 (chromosomes, t); 0 where either is constant, as such a prediction puts nothing in order.
    """
    return np.stack([spearman(observed[block], predicted[block], axis=0) for block in blocks])


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


@dataclass(frozen=True)
class Rotation:
    """A statistic beside its values on shifted residuals; all (t,).

    t: distance from their mean in standard deviations of a further value. p_above, p_below: its tails by Student's t
    with one degree less than shifts. p_rank: share of values at least as large, the observed one among them.
    """

    t: np.ndarray
    p_above: np.ndarray
    p_below: np.ndarray
    p_rank: np.ndarray

    @classmethod
    def of(cls, values):
        """values: (1 + K, t), observed first, K >= 2. Without spread between shifts nothing is found: p is 1."""
        observed, rotated = values[0], values[1:]
        count = len(rotated)
        spread = rotated.std(axis=0, ddof=1) * np.sqrt(1 + 1 / count)
        away = observed - rotated.mean(axis=0)
        t = np.divide(away, spread, out=np.zeros_like(away), where=spread > 0)
        p_above, p_below = (np.where(spread > 0, tail(t, count - 1), 1.0) for tail in (stats.t.sf, stats.t.cdf))
        return cls(t, p_above, p_below, (1 + (rotated >= observed).sum(axis=0)) / (count + 1))


def adjust(p, correction):
    """p-values of one family corrected together; "none" leaves them. NaN stays and does not count.

    correction: "bh" (Benjamini and Hochberg 1995) or "by" (Benjamini and Yekutieli 2001). Returns: float64, as `p`.
    """
    p = np.asarray(p, dtype=float)
    if correction == "none":
        return p.copy()
    there = ~np.isnan(p)
    adjusted = p.copy()
    if there.any():
        adjusted[there] = stats.false_discovery_control(p[there], method=correction)
    return adjusted
