"""Products between n genes, float64 (n, n), and what is made of them at a penalty: a Cholesky factor, then an inverse.

In the processor's memory, where one such matrix is all that there is room for, or on a GPU (`device_products`). Both
take and give NumPy arrays but for what goes in by `add`, which is where `place` puts it.
"""

from itertools import combinations_with_replacement, pairwise

import numpy as np
from scipy.linalg.lapack import dpotrs

from spex.models import cholesky
from spex.models.matrices import blocks_between


def cuda_problem():
    """Why PyTorch cannot compute on a GPU here, in words; None when it can."""
    try:
        from spex.models import device_products  # noqa: PLC0415 (torch takes seconds to load, and may be absent)
    except ModuleNotFoundError:
        return "PyTorch is not installed"
    return device_products.cuda_problem()


def make_products(count, device):
    """Products between `count` genes, all 0. device: "cpu" or "cuda"."""
    if device == "cpu":
        return HostProducts(count)
    from spex.models.device_products import DeviceProducts  # noqa: PLC0415 (as above)

    return DeviceProducts(count, device)


class HostProducts:
    """In one array of the processor's memory.

    The strictly lower triangle and the diagonal, which is kept apart, are those of the products. The upper triangle
    is the last factor, or inverse, of them with a penalty: one (n, n) array is all that any number of penalties
    needs.

    matrix: float64 (n, n), Fortran order. diagonal: float64 (n,), of the products, once `complete` was called.
    """

    def __init__(self, count):
        self.matrix = np.zeros((count, count), order="F")
        self.diagonal = None

    def place(self, values):
        """Values (any float dtype), float64, where they are multiplied."""
        return np.asarray(values, dtype=np.float64)

    def back(self, values):
        """What was computed of placed values, as a NumPy array."""
        return values

    def add(self, values):
        """Add the products of rows, placed values (n, columns)."""
        cholesky.add_products(self.matrix, values, triangle=np.tril)

    def complete(self):
        """Every product has been added."""
        self.diagonal = self.matrix.diagonal().copy()

    def renew(self):
        """Put the products in the place of what was made of them, to be added to and factorised."""
        for block in blocks_between(0, len(self.matrix)):
            self.matrix[block, block.stop :] = self.matrix[block.stop :, block].T
            corner = np.tril(self.matrix[block, block], -1)
            self.matrix[block, block] = corner + corner.T
        np.fill_diagonal(self.matrix, self.diagonal)

    def add_again(self, values, weight):
        """Add products of rows, times a weight, to what `renew` put there."""
        cholesky.add_products(self.matrix, values, weight=weight, triangle=np.triu)

    def factorise(self, penalty):
        """Put the Cholesky factor of what is there, plus the penalty on its diagonal, in its place.

        Raises:
            LinAlgError: it is not positive definite.
        """
        self.matrix[np.diag_indices(len(self.matrix))] += penalty
        cholesky.factorise(self.matrix)

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
        product = np.zeros((len(self.matrix), values.shape[1]), order="F")
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
