"""Products between n genes, float64 (n, n), and what is made of them at a penalty: a Cholesky factor, then an inverse.

In the processor's memory, where one such matrix is all that there is room for, or on a GPU (`device_products`). Both
take and give NumPy arrays but for what goes in by `add`, which is where `place` puts it.

In memory the factor and the inverse are made in the matrix's own upper triangle, in parts of some rows. LAPACK's
routines do the same in one call. But with two threads, OpenBLAS (as NumPy 2.4 and SciPy 1.17 have it) writes past its
buffer, and the process dies, where the products of a matrix with itself (dsyrk, which dpotrf and dpotri consist of)
have more than some 22,600 rows; with more threads the limit is higher. In parts the calls stay below it.
"""

from itertools import combinations_with_replacement, pairwise

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from spex.models.matrices import blocks_between

ROWS_AT_ONCE = 1024


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
        add_products(self.matrix, values, triangle=np.tril)

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
        add_products(self.matrix, values, weight=weight, triangle=np.triu)

    def factorise(self, penalty):
        """Put the Cholesky factor of what is there, plus the penalty on its diagonal, in its place.

        Raises:
            LinAlgError: it is not positive definite.
        """
        self.matrix[np.diag_indices(len(self.matrix))] += penalty
        factorise(self.matrix)

    def solve(self, values):
        """(n, t) float64: the inverse of what was factorised, times values (n, t)."""
        return dpotrs(self.matrix, np.array(values, order="F"), lower=0, overwrite_b=1)[0]

    def invert(self):
        """Put the inverse in the factor's place."""
        invert(self.matrix)

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


def add_products(matrix, values, *, triangle, weight=1.0):
    """Add the products of rows, values (n, columns), times a weight to one triangle of a matrix (n, n).

    triangle: np.tril or np.triu.
    """
    for part in _parts(len(values)):
        own, later = weight * values[part], slice(part.stop, len(values))
        matrix[part, part] += triangle(own @ values[part].T)
        if triangle is np.triu:
            matrix[part, later] += (values[later] @ own.T).T
        else:
            matrix[later, part] += (own @ values[later].T).T  # in the order of the matrix


def factorise(matrix):
    """Put U, of U' U = A, in the place of A. matrix: float64 (n, n), of which the upper triangle alone is used.

    From the first part to the last; each is made from all rows above it in one product, so that what is in memory is
    gone over once.

    Raises:
        LinAlgError: A is not positive definite.
    """
    for part in _parts(len(matrix)):
        above, later = slice(0, part.start), slice(part.stop, len(matrix))
        corner = np.triu(matrix[part, part] - matrix[above, part].T @ matrix[above, part])
        factor, failed = dpotrf(corner, lower=0, clean=1)
        if failed:
            raise LinAlgError("not positive definite")
        _put_triangle(matrix, part, factor)
        right = matrix[part, later] - matrix[above, part].T @ matrix[above, later]
        matrix[part, later] = dtrsm(1.0, factor, right, trans_a=1)


def invert(matrix):
    """Put the upper triangle of A^-1 in the place of the factor U that `factorise` left.

    From the last part to the first: with U = [P Q; 0 R], T = P^-1 Q and S = (R' R)^-1, which is there already, the
    inverse is [(P' P)^-1 + T S T', -T S; ., S].
    """
    parts = _parts(len(matrix))
    for place, part in reversed(list(enumerate(parts))):
        later = slice(part.stop, len(matrix))
        factor = np.triu(matrix[part, part])
        own = np.triu(dpotri(factor, lower=0)[0])
        moved = dtrsm(1.0, factor, matrix[part, later])  # T
        for columns in parts[place + 1 :]:
            before, after = slice(part.stop, columns.start), slice(columns.stop, len(matrix))
            start, stop = columns.start - part.stop, columns.stop - part.stop
            corner = np.triu(matrix[columns, columns])
            product = moved[:, start:stop] @ (corner + np.triu(corner, 1).T)
            product += moved[:, :start] @ matrix[before, columns]
            product += moved[:, stop:] @ matrix[columns, after].T
            matrix[part, columns] = -product
        own -= matrix[part, later] @ moved.T
        _put_triangle(matrix, part, own)


def _parts(rows):
    return [slice(start, min(start + ROWS_AT_ONCE, rows)) for start in range(0, rows, ROWS_AT_ONCE)]


def _put_triangle(matrix, part, block):
    """Replace the upper triangle of a part on the diagonal, not what is below it."""
    matrix[part, part] = np.triu(block) + np.tril(matrix[part, part], -1)
