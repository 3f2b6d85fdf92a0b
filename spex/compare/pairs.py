"""Maps against each other: by how much the gain of one exceeds that of another, on the same genes.

Gains of two maps over the same baseline differ by what their arms M differ, so each pair is compared chromosome by
chromosome: what all maps have in common, such as a chromosome that is hard to predict, falls out.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from spex.compare.arms import MAP
from spex.compare.statistics import adjust
from spex.models.chromosomes import LEVEL, Difference

BOUND = 1 - LEVEL
"""What the adjusted p of a pair must be below: one pair differs where its interval excludes 0."""

PAIRS = ("map", "other", "difference", "difference_low", "difference_high", "p", "q", "differ")


def pair_table(statistics, correction, *, enough):
    """One row a pair of maps.

    statistics: list of MapStatistics of one comparison. correction: over all pairs together. enough: whether there are
    chromosomes enough for tests.

    Returns: DataFrame of `PAIRS`: the gain of a map less that of the other, mean over tissues, with its interval,
    p-value of two sides, the same adjusted over pairs, and whether that is below `BOUND`.
    """
    rows = [_row(one, other, enough) for one, other in combinations(statistics, 2)]
    table = pd.DataFrame(rows, columns=list(PAIRS))
    table["q"] = adjust(table["p"], correction)
    table["differ"] = table["q"] < BOUND
    return table


def _row(one, other, enough):
    by_chromosome = (one.of(MAP) - other.of(MAP)).mean(axis=1, keepdims=True)
    difference = Difference.of(by_chromosome, one.genes)
    low, high, p = np.nan, np.nan, np.nan
    if enough:
        (low,), (high,) = difference.interval()
        (p,) = difference.p_apart()
    names = {"map": one.name, "other": other.name, "difference": difference.mean[0]}
    return names | {"difference_low": low, "difference_high": high, "p": p}
