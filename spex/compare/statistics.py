"""Rank correlations by chromosome, tests and intervals over chromosomes and over circular shifts along the genome.

Arrays end in an axis of tissues; chromosomes or shifts come before it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from spex.compare.protocol import NO_CORRECTION
from spex.errors import InputError
from spex.models.chromosomes import spearman

LEAST_SHIFT = 1000
"""Genes that residuals are moved by, at least, or a quarter of all: farther than neighbours resemble each other."""


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
    if correction == NO_CORRECTION:
        return p.copy()
    there = ~np.isnan(p)
    adjusted = p.copy()
    if there.any():
        adjusted[there] = stats.false_discovery_control(p[there], method=correction)
    return adjusted
