"""The Gram matrix of genes that ridge regression is solved with, and its factors and inverses in the same memory.

With X the standardised features (n, width) of n genes, the dual form of ridge needs X X' alone: its weights at penalty
k are X' (X X' + k I)^-1 y. They minimise |y - X w|^2 + k |w|^2. Where the last columns N have a penalty h of their own
and the others O have k, the matrix is O O' + (k / h) N N', and the weights of N are (k / h) N' of the same dual vector.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement, pairwise

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.lapack import dpotrs

from spex.errors import InputError
from spex.models import cholesky
from spex.models.matrices import COLUMNS_AT_ONCE, column_moments
from spex.progress import progress

NONE = "none"
"""In place of a penalty: the columns are left out."""


@dataclass(frozen=True)
class Penalties:
    """Of all columns, or of those outside the neighbour block, which then has one of its own.

    neighbour: a number, or `NONE`; None where one penalty is for all columns.
    """

    penalty: float
    neighbour: float | str | None = None

    @property
    def ratio(self):
        """What the products of the neighbour block are multiplied by."""
        if self.neighbour is None:
            return 1.0
        return 0.0 if self.neighbour == NONE else self.penalty / self.neighbour


class Gram:
    """Products of the standardised features of n genes, float64 (n, n), and in the same array what is made of them.

    The strictly lower triangle and the diagonal, which is kept apart, are those of the products. The upper triangle
    holds the last factor, or inverse, of them with a penalty: one (n, n) array is all that any number of penalties
    needs. The products of the neighbour block, of a few thousand columns, are made anew for each penalty that it has,
    which costs less than factorising does, and no memory.

    features: float32 (m, width), kept. rows: positions of the n genes in it, in the order of the matrix. others:
    positions of genes whose products with the n are wanted. neighbours: how many of the last columns have a penalty of
    their own.

    mean, scale, deviation: float64 (width,) over `rows`; a column without deviation has scale 1.
    """

    def __init__(self, features, rows, *, others=(), neighbours=0):
        self.features, self.rows = features, rows
        self.mean, self.deviation = column_moments(features, rows)
        self.scale = np.where(self.deviation > 0, self.deviation, 1.0)
        width = features.shape[1]
        self.own_blocks = _blocks(0, width - neighbours)
        self.neighbour_blocks = _blocks(width - neighbours, width)
        self.matrix = np.zeros((len(rows), len(rows)), order="F")
        self.own_others, self.neighbour_others = np.zeros((2, len(others), len(rows)))
        apart = self.neighbour_blocks if len(others) else []  # the n genes' own are made for each penalty
        with progress(len(self.own_blocks) + len(apart), "blocks", "products of features") as advance:
            for block in self.own_blocks:
                values = self._standardised(rows, block)
                cholesky.add_products(self.matrix, values, triangle=np.tril)
                self.own_others += self._standardised(others, block) @ values.T
                advance(1)
            for block in apart:
                self.neighbour_others += self._standardised(others, block) @ self._standardised(rows, block).T
                advance(1)
        self.diagonal = self.matrix.diagonal().copy()

    def _standardised(self, rows, block):
        """Features of some rows and columns in standard deviations, float64, row-major."""
        values = self.features[np.asarray(rows, dtype=np.intp), block].astype(np.float64)
        values -= self.mean[block]
        values /= self.scale[block]
        return values

    def factorise(self, penalties):
        """Put the Cholesky factor of the products plus the penalty in the upper triangle.

        Raises:
            InputError: the penalty is lost in the rounding of the products.
        """
        self._copy_products_up()
        np.fill_diagonal(self.matrix, self.diagonal)
        if penalties.ratio:
            for block in self.neighbour_blocks:
                values = self._standardised(self.rows, block)
                cholesky.add_products(self.matrix, values, weight=penalties.ratio, triangle=np.triu)
        self.matrix[np.diag_indices(len(self.rows))] += penalties.penalty
        if penalties.penalty < np.finfo(float).eps * self.diagonal.sum():
            raise too_small(penalties)
        try:
            cholesky.factorise(self.matrix)
        except LinAlgError as error:
            raise too_small(penalties) from error

    def _copy_products_up(self):
        """Mirror the lower triangle, a block of columns at a time."""
        for start in range(0, len(self.rows), COLUMNS_AT_ONCE):
            stop = min(start + COLUMNS_AT_ONCE, len(self.rows))
            self.matrix[start:stop, stop:] = self.matrix[stop:, start:stop].T
            corner = np.tril(self.matrix[start:stop, start:stop], -1)
            self.matrix[start:stop, start:stop] = corner + corner.T

    def solve(self, values):
        """(n, t) float64: the inverse of what was factorised, times values (n, t)."""
        return dpotrs(self.matrix, np.array(values, order="F"), lower=0, overwrite_b=1)[0]

    def invert(self):
        """Put the inverse in the factor's place."""
        cholesky.invert(self.matrix)

    def inverse_block(self, parts):
        """The inverse's rows and columns in some parts, as a copy whose upper triangle alone is right.

        parts: slices, in order.

        Returns: float64 (their sum of lengths, the same), in Fortran order.
        """
        ends = np.cumsum([0, *(part.stop - part.start for part in parts)])
        places = [slice(*pair) for pair in pairwise(ends)]
        block = np.zeros((ends[-1], ends[-1]), order="F")
        for row, column in combinations_with_replacement(range(len(parts)), 2):
            block[places[row], places[column]] = self.matrix[parts[row], parts[column]]
        return block

    def inverse_times(self, parts, values):
        """(n, t) float64: the inverse's columns in some parts, times values (their sum of lengths, t)."""
        product = np.zeros((len(self.rows), values.shape[1]), order="F")
        start = 0
        for part in parts:
            own = values[start : start + part.stop - part.start]
            upper = np.triu(self.matrix[part, part])
            product[part] += upper @ own
            product[part] += np.triu(upper, 1).T @ own
            product[: part.start] += self.matrix[: part.start, part] @ own
            product[part.stop :] += self.matrix[part, part.stop :].T @ own
            start += len(own)
        return product

    def predict_others(self, dual, penalties):
        """What dual weights (n, t) give the other genes, float64 (others, t), without an intercept."""
        predicted = self.own_others @ dual
        if len(self.neighbour_blocks) and penalties.ratio:
            predicted += penalties.ratio * (self.neighbour_others @ dual)
        return predicted

    def weights(self, dual, ratios):
        """Weights of the standardised features, float64 (width, t). dual: (n, t). ratios: (t,), of the penalties."""
        weights = np.empty((self.features.shape[1], dual.shape[1]))
        for block in self.own_blocks:
            weights[block] = self._standardised(self.rows, block).T @ dual
        for block in self.neighbour_blocks:
            weights[block] = self._standardised(self.rows, block).T @ dual * ratios
        return weights


def _blocks(start, stop):
    """Slices of columns that cover those from start to stop."""
    return [slice(each, min(each + COLUMNS_AT_ONCE, stop)) for each in range(start, stop, COLUMNS_AT_ONCE)]


def too_small(penalties):
    """The error that says that rounding takes the place of a penalty."""
    return InputError(
        f"penalty {penalties.penalty:g} is lost in rounding beside these features",
        argument="parameters",
        hint="choose larger penalties",
    )
