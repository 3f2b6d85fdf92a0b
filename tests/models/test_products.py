"""Factor and inverse in parts: what NumPy gives in one piece, and nothing below the diagonal is touched."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import LinAlgError

from spex.models import products as in_parts

ROWS = 31


@pytest.fixture(params=[31, 13, 10, 1], ids=lambda rows: f"{rows} rows at once")
def parts(request, monkeypatch):
    monkeypatch.setattr(in_parts, "ROWS_AT_ONCE", request.param)


@pytest.fixture
def products():
    values = np.random.default_rng(0).normal(size=(ROWS, 50))
    return values @ values.T


def with_other_things_below(matrix):
    """The upper triangle of a matrix, in Fortran order, over something else that must stay."""
    return np.asfortranarray(np.triu(matrix) + np.tril(np.full(matrix.shape, 7.0), -1))


def assert_left_alone(matrix):
    assert_array_equal(matrix[np.tril_indices(ROWS, -1)], 7)


def test_the_factor(parts, products):
    matrix = with_other_things_below(products)
    in_parts.factorise(matrix)
    assert_allclose(np.triu(matrix), np.linalg.cholesky(products).T, rtol=1e-10, atol=1e-12)
    assert_left_alone(matrix)


def test_the_inverse(parts, products):
    matrix = with_other_things_below(products)
    in_parts.factorise(matrix)
    in_parts.invert(matrix)
    assert_allclose(np.triu(matrix), np.triu(np.linalg.inv(products)), rtol=1e-8, atol=1e-12)
    assert_left_alone(matrix)


@pytest.mark.parametrize("negative", [0, 12, 30])
def test_a_matrix_that_is_not_positive_definite(parts, products, negative):
    products[negative, negative] = -1
    with pytest.raises(LinAlgError, match="not positive definite"):
        in_parts.factorise(with_other_things_below(products))


@pytest.mark.parametrize("triangle, other", [(np.triu, np.tril), (np.tril, np.triu)], ids=["upper", "lower"])
def test_products_of_rows(parts, triangle, other):
    values, before = np.random.default_rng(1).normal(size=(ROWS, 5)), np.ones((ROWS, ROWS))
    matrix = before.copy(order="F")
    in_parts.add_products(matrix, values, triangle=triangle, weight=0.5)
    assert_allclose(matrix, before + triangle(values @ values.T / 2), rtol=1e-12)
