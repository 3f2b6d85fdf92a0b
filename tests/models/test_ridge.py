"""Ridge regression against its closed form."""

import numpy as np
import pytest
from fits import closed_form, data, fit_all
from numpy.testing import assert_allclose, assert_array_equal

from spex.errors import InputError
from spex.models import ridge
from spex.models.registry import MODELS


@pytest.mark.parametrize("width", [20, 300, 1300])
@pytest.mark.parametrize("penalty", [0.5, 100.0])
def test_ridge_equals_the_closed_form(split, width, penalty):
    features, observed = data(width)
    expected, weights = closed_form(features, observed, split, penalty)
    fits = fit_all("ridge", features, split, observed, parameters={"penalties": [penalty]})
    for target, fit in enumerate(fits):
        assert_allclose(fit.predict(features), expected[:, target], rtol=1e-6)
        assert_allclose(fit.importance, abs(weights[:, target]), rtol=1e-6, atol=1e-12)


def test_ridge_takes_the_penalty_with_the_least_error_on_the_watched_rows(split):
    features, observed = data(150)
    penalties = [1e-3, 1e-1, 1e1, 1e3, 1e5]
    fits = fit_all("ridge", features, split, observed, parameters={"penalties": penalties})
    by_penalty = np.array([closed_form(features, observed, split, penalty)[0] for penalty in penalties])
    for rows, part in ((split.watched, "watched"), (split.train, "train")):
        errors = np.sqrt(np.mean((by_penalty[:, rows] - observed[rows]) ** 2, axis=1))  # (penalties, targets)
        for target, fit in enumerate(fits):
            assert fit.history["penalty"] == penalties
            assert_allclose(fit.history[part], errors[:, target], rtol=1e-6)
            if part == "watched":
                assert fit.penalty == penalties[errors[:, target].argmin()]
                best = by_penalty[errors[:, target].argmin(), :, target]
                assert_allclose(fit.predict(features), best, rtol=1e-6)


def test_ridge_resumed_does_the_same_sums(split):
    features, observed = data(50, targets=4)
    learner = MODELS["ridge"].prepare(features, split, MODELS["ridge"].defaults)
    whole = list(learner.fit(observed, names="abcd", wanted=range(4), seed=1))
    for fit, again in zip(whole[2:], learner.fit(observed, names="abcd", wanted=[2, 3], seed=1), strict=True):
        assert_array_equal(fit.coefficients, again.coefficients)


@pytest.mark.parametrize("own", [[1e-2, 1e2], [1e3, "none"], ["none"]])
def test_the_neighbour_block_has_a_penalty_of_its_own(split, own):
    features, observed = data(160)
    given = {"penalties": [10.0, 0.1], "neighbour_penalties": own}
    fits = fit_all("ridge", features, split, observed, parameters=given, neighbours=60)
    pairs = [(k, h) for k in (0.1, 10.0) for h in own]
    values = [closed_form(features, observed, split, k, 60, 1e14 if h == "none" else h) for k, h in pairs]
    errors = np.sqrt([np.mean((each[0] - observed)[split.watched] ** 2, axis=0) for each in values])
    for target, fit in enumerate(fits):
        best = errors[:, target].argmin()
        assert (fit.penalty, fit.neighbour_penalty) == pairs[best]
        assert fit.chosen == {"penalty": pairs[best][0], "neighbour_penalty": pairs[best][1]}
        assert list(zip(fit.history["penalty"], fit.history["neighbour_penalty"], strict=True)) == pairs
        assert_allclose(fit.history["watched"], errors[:, target], rtol=1e-6)
        assert_allclose(fit.predict(features), values[best][0][:, target], rtol=1e-6)
        if pairs[best][1] == "none":
            assert_array_equal(fit.coefficients[-60:], 0)


def test_equal_penalties_are_one_penalty_and_none_leaves_the_columns_out(split):
    features, observed = data(160)

    def coefficients(features, **parameters):
        return np.stack(
            [
                fit.coefficients
                for fit in fit_all("ridge", features, split, observed, parameters=parameters, neighbours=60)
            ]
        )

    shared = coefficients(features, penalties=[7.0])
    assert_allclose(coefficients(features, penalties=[7.0], neighbour_penalties=[7]), shared, rtol=1e-8, atol=1e-12)
    without = coefficients(features, penalties=[7.0], neighbour_penalties=["none"])
    assert_allclose(without[:, :-60], coefficients(features[:, :-60], penalties=[7.0]), rtol=1e-8, atol=1e-12)


def test_without_a_penalty_of_its_own_nothing_tells_of_one(split):
    features, observed = data(30)
    for fit in fit_all("ridge", features, split, observed, parameters=MODELS["ridge"].defaults):
        assert set(fit.chosen) == {"penalty"}
        assert set(fit.history) == {"penalty", "train", "watched"}


def test_neighbour_penalties_without_a_neighbour_block(split):
    features, observed = data(30)
    with pytest.raises(InputError, match=r"^neighbour_penalties: the tensors were made without contact maps"):
        fit_all("ridge", features, split, observed, parameters={"penalties": [1], "neighbour_penalties": [1]})


def test_a_penalty_that_rounding_hides_is_refused(split):
    features, observed = data(200)
    with pytest.raises(InputError, match="parameters: penalty 1e-30 is lost in rounding"):
        fit_all("ridge", features, split, observed, parameters={"penalties": [1e-30]})


def test_one_matrix_holds_products_and_factors(split):
    """The products survive any number of factorisations in the other half of their array."""
    features, _ = data(200)
    gram = MODELS["ridge"].prepare(features, split, MODELS["ridge"].defaults).gram
    products = gram.products
    matrix, before = products.matrix, np.tril(products.matrix, -1)
    for penalty in (1.0, 100.0):
        gram.factorise(ridge.Penalties(penalty))
        products.invert()
        assert products.matrix is matrix
        assert_array_equal(np.tril(matrix, -1), before)
        inverse = np.triu(matrix) + np.triu(matrix, 1).T
        whole = before + before.T + np.diag(products.diagonal + penalty)
        assert_allclose(inverse @ whole, np.eye(len(whole)), atol=1e-9)
