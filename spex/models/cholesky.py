"""Cholesky factor and inverse of a large symmetric matrix, in its own upper triangle and in parts of some rows.

LAPACK's routines do the same in one call. But with two threads, OpenBLAS (as NumPy 2.4 and SciPy 1.17 have it) writes
past its buffer, and the process dies, where the products of a matrix with itself (dsyrk, which dpotrf and dpotri
consist of) have more than some 22,600 rows; with more threads the limit is higher. In parts the calls stay below it.
"""

from itertools import combinations_with_replacement

import numpy as np
from scipy.linalg import LinAlgError
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf, dpotri

ROWS_AT_ONCE = 1024


def add_products(matrix, values, *, triangle, weight=1.0):
    """Add the products of rows, values (n, columns), times a weight to one triangle of a matrix (n, n).

    triangle: np.tril or np.triu.
    """
    for first, second in combinations_with_replacement(_parts(len(values)), 2):
        rows, columns = (first, second) if triangle is np.triu else (second, first)
        products = weight * (values[rows] @ values[columns].T)
        matrix[rows, columns] += triangle(products) if rows is columns else products


def factorise(matrix):
    """Put U, of U' U = A, in the place of A. matrix: float64 (n, n), of which the upper triangle alone is used.

    Raises:
        LinAlgError: A is not positive definite.
    """
    parts = _parts(len(matrix))
    for place, part in enumerate(parts):
        factor, failed = dpotrf(np.triu(matrix[part, part]), lower=0, clean=1)
        if failed:
            raise LinAlgError("not positive definite")
        _put_triangle(matrix, part, factor)
        later = parts[place + 1 :]
        for columns in later:
            matrix[part, columns] = dtrsm(1.0, factor, matrix[part, columns], trans_a=1)
        for first, second in combinations_with_replacement(later, 2):
            products = matrix[part, first].T @ matrix[part, second]
            matrix[first, second] -= np.triu(products) if first is second else products


def invert(matrix):
    """Put the upper triangle of A^-1 in the place of the factor U that `factorise` left.

    From the last part to the first: with U = [P Q; 0 R], T = P^-1 Q and S = (R' R)^-1, which is there already, the
    inverse is [(P' P)^-1 + T S T', -T S; ., S].
    """
    parts = _parts(len(matrix))
    for place, part in reversed(list(enumerate(parts))):
        factor = np.triu(matrix[part, part])
        own = np.triu(dpotri(factor, lower=0)[0])
        later = parts[place + 1 :]
        moved = [dtrsm(1.0, factor, matrix[part, columns]) for columns in later]  # T
        for columns in later:
            matrix[part, columns] = 0
        for (number, first), (other, second) in combinations_with_replacement(list(enumerate(later)), 2):
            block = matrix[first, second]
            if first is second:
                matrix[part, first] -= moved[number] @ (np.triu(block) + np.triu(block, 1).T)
            else:
                matrix[part, second] -= moved[number] @ block
                matrix[part, first] -= moved[other] @ block.T
        for each, columns in zip(moved, later, strict=True):
            own -= matrix[part, columns] @ each.T
        _put_triangle(matrix, part, own)


def _parts(rows):
    return [slice(start, min(start + ROWS_AT_ONCE, rows)) for start in range(0, rows, ROWS_AT_ONCE)]


def _put_triangle(matrix, part, block):
    """Replace the upper triangle of a part on the diagonal, not what is below it."""
    matrix[part, part] = np.triu(block) + np.tril(matrix[part, part], -1)
