"""The Gram matrix of genes that ridge regression is solved with.

With X the standardised features (n, width) of n genes, the dual form of ridge needs X X' alone: its weights at penalty
k are X' (X X' + k I)^-1 y. They minimise |y - X w|^2 + k |w|^2. Where the last columns N have a penalty h of their own
and the others O have k, the matrix is O O' + (k / h) N N', and the weights of N are (k / h) N' of the same dual vector.
"""

import copy
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError

from spex.errors import InputError
from spex.models.matrices import blocks_between, column_moments
from spex.models.products import make_products
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
    """Products of the standardised features of n genes, float64 (n, n), and what is made of them at a penalty.

    The products of the neighbour block, of a few thousand columns, are made anew for each penalty that it has, which
    costs less than factorising does, and no memory.

    features: float32 (m, width), kept. rows: positions of the n genes in it, in the order of the matrix. others:
    positions of genes whose products with the n are wanted. neighbours: how many of the last columns have a penalty of
    their own. device: "cpu" or "cuda", where the products are.

    products: `HostProducts` or `DeviceProducts`, which solves and inverts what `factorise` left. mean, scale,
    deviation: float64 (width,) over `rows`; a column without deviation has scale 1.
    """

    def __init__(self, features, rows, *, others=(), neighbours=0, device="cpu"):
        self.features, self.rows = features, rows
        self.mean, self.deviation = column_moments(features, rows)
        self.scale = np.where(self.deviation > 0, self.deviation, 1.0)
        width = features.shape[1]
        self.own_blocks = blocks_between(0, width - neighbours)
        self.neighbour_blocks = blocks_between(width - neighbours, width)
        self.products = make_products(len(rows), device)
        self.own_others, self.neighbour_others = np.zeros((2, len(others), len(rows)))
        apart = self.neighbour_blocks if len(others) else []  # the n genes' own are made for each penalty
        with progress(len(self.own_blocks) + len(apart), "blocks", "products of features") as advance:
            for block in self.own_blocks:
                values = self.standardised(rows, block)
                self.products.add(values)
                self.own_others += self._products_of(others, block, values)
                advance(1)
            for block in apart:
                self.neighbour_others += self._products_of(others, block, self.standardised(rows, block))
                advance(1)
        self.products.complete()

    def copy(self):
        """The same, with products of its own: each has one penalty's factor."""
        other = copy.copy(self)
        other.products = copy.deepcopy(self.products)
        return other

    def times(self, values):
        """Standardised features of the n genes times values (width, m): float64 (n, m)."""
        product = np.zeros((len(self.rows), values.shape[1]))
        for block in [*self.own_blocks, *self.neighbour_blocks]:
            if values[block].any():
                product += self.products.back(self.standardised(self.rows, block) @ self.products.place(values[block]))
        return product

    def standardised(self, rows, block):
        """Features of some rows and columns in standard deviations, float64, row-major, placed for multiplying."""
        values = self.products.place(self.features[np.asarray(rows, dtype=np.intp), block])
        values -= self.products.place(self.mean[block])
        values /= self.products.place(self.scale[block])
        return values

    def _products_of(self, others, block, values):
        """Products of other genes, (others, n) float64, with the n genes' placed values of some columns."""
        return self.products.back(self.standardised(others, block) @ values.T)

    def factorise(self, penalties):
        """Make the Cholesky factor of the products plus the penalty.

        Raises:
            InputError: the penalty is lost in the rounding of the products.
        """
        self.products.renew()
        if penalties.ratio:
            for block in self.neighbour_blocks:
                self.products.add_again(self.standardised(self.rows, block), penalties.ratio)
        if penalties.penalty < np.finfo(float).eps * self.products.diagonal.sum():
            raise too_small(penalties)
        try:
            self.products.factorise(penalties.penalty)
        except LinAlgError as error:
            raise too_small(penalties) from error

    def solve(self, penalties, targets):
        """Dual weights of targets, float64 (n, t), and what they give the other genes, (others, t).

        Raises:
            InputError: as of `factorise`.
        """
        self.factorise(penalties)
        dual = self.products.solve(targets)
        return dual, self.predict_others(dual, penalties)

    def predict_others(self, dual, penalties):
        """What dual weights (n, t) give the other genes, float64 (others, t), without an intercept."""
        predicted = self.own_others @ dual
        if len(self.neighbour_blocks) and penalties.ratio:
            predicted += penalties.ratio * (self.neighbour_others @ dual)
        return predicted

    def weights(self, dual, ratios):
        """Weights of the standardised features, float64 (width, t). dual: (n, t). ratios: (t,), of the penalties."""
        weights, placed = np.empty((self.features.shape[1], dual.shape[1])), self.products.place(dual)
        for block in self.own_blocks:
            weights[block] = self.products.back(self.standardised(self.rows, block).T @ placed)
        for block in self.neighbour_blocks:
            weights[block] = self.products.back(self.standardised(self.rows, block).T @ placed) * ratios
        return weights


def too_small(penalties):
    """The error that says that rounding takes the place of a penalty."""
    return InputError(
        f"penalty {penalties.penalty:g} is lost in rounding beside these features",
        argument="parameters",
        hint="choose larger penalties",
    )
