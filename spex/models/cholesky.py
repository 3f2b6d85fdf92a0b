"""Cholesky factor and inverse of a large symmetric matrix, in its own upper triangle and in parts of some rows.

LAPACK's routines do the same in one call. But with two threads, OpenBLAS (as NumPy 2.4 and SciPy 1.17 have it) writes
past its buffer, and the process dies, where the products of a matrix with itself (dsyrk, which dpotrf and dpotri
consist of) have more than some 22,600 rows; with more threads the limit is higher. In parts the calls stay below it.
"""

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf, dpotri

ROWS_AT_ONCE = 1024


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
