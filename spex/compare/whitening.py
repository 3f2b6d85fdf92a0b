"""Genes that lie near each other made independent, for tests: generalised least squares along each chromosome.

What a fit leaves of expression resembles that of neighbouring genes. Shifts along the genome keep the resemblance, but
a fit that does not know of it takes what a region has in common for as many findings as it has genes. The covariance
assumed of genes i and j of a chromosome is

    V_ij = h exp(-|tss_i - tss_j| / l) for i != j, V_ii = 1,

the same for all maps and tissues, and none between chromosomes. With V = L L' columns x become L^-1 x. An own variance
of 1 - h keeps V positive definite where genes share a TSS.
"""

from functools import cached_property

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from spex.compare.loco import chromosome_blocks
from spex.models.matrices import column_blocks

SHARED, REACH = 0.2, 300_000
"""h, and l in bp. Fixed, so that a tissue's p-value does not follow from which others are compared; values chosen for
each comparison were not better (`benchmarks/RESULTS.md`)."""

LEAST_DEVIATION = 1e-6
"""Of a whitened intercept; with less all genes are as good as independent, and it is the intercept still."""


class Whitening:
    """L of each chromosome of n genes.

    blocks: list of slices, the chromosomes' genes. factors: list of float64 (genes, genes), their L.
    """

    def __init__(self, chroms, tss):
        """chroms: (n,), each chromosome's genes in one stretch. tss: (n,), in bp."""
        self.blocks = chromosome_blocks(chroms)[1]
        self.factors = [cholesky(covariance(tss[block]), lower=True) for block in self.blocks]

    def whiten(self, values):
        """L^-1 of each column less its mean, computed in float64: (n, q) of the same type. A constant column is 0."""
        white = np.empty_like(values)
        for columns in column_blocks(values):
            white[:, columns] = self._solve(self._centred(values[:, columns]))
        return white

    def overwrite(self, values):
        """`whiten`, in the place of what is given."""
        for columns in column_blocks(values):
            values[:, columns] = self.whiten(values[:, columns])

    @staticmethod
    def _centred(values):
        differ = values.min(axis=0) < values.max(axis=0)  # what rounding leaves of the others must not become columns
        centred = values.astype(np.float64)
        centred -= centred.mean(axis=0)
        centred[:, ~differ] = 0
        return centred

    def _solve(self, values):
        for block, factor in zip(self.blocks, self.factors, strict=True):
            values[block] = solve_triangular(factor, values[block], lower=True, check_finite=False)
        return values

    @cached_property
    def constants(self):
        """Columns without penalty in the place of an intercept, float64 (n, 1 or 2): 1, as columns are centred once
        more, and what is different from it in the intercept, whitened."""
        ones = np.ones((len(self), 1))
        white = self._solve(ones.copy())
        white -= white.mean()
        deviation = white.std()
        return np.hstack([ones, white / deviation]) if deviation > LEAST_DEVIATION else ones

    def __len__(self):
        return self.blocks[-1].stop


def covariance(tss):
    """V of a chromosome's genes, float64 (n, n). tss: (n,)."""
    tss = np.asarray(tss, dtype=np.float64)
    shared = SHARED * np.exp(-np.abs(tss[:, None] - tss) / REACH)
    np.fill_diagonal(shared, 1.0)
    return shared
