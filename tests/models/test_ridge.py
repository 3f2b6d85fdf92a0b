"""Ridge regression against its closed form."""

import numpy as np
import pytest
from fits import data, fit_all
from numpy.testing import assert_allclose, assert_array_equal

from spex.models.registry import PARAMETERS, prepare


def closed_form(features, observed, split, penalty):
    """Ridge by the normal equations in float64, on all training features at once."""
    train = features[split.train].astype(np.float64)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale == 0] = 1
    standardised = (train - mean) / scale
    centre = observed[split.train].mean(axis=0)
    gram = standardised.T @ standardised + penalty * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, standardised.T @ (observed[split.train] - centre))
    return (features.astype(np.float64) - mean) / scale @ weights + centre, weights


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
    learner = prepare("ridge", features, split, PARAMETERS["ridge"])
    whole = list(learner.fit(observed, names="abcd", wanted=range(4), seed=1))
    for fit, again in zip(whole[2:], learner.fit(observed, names="abcd", wanted=[2, 3], seed=1), strict=True):
        assert_array_equal(fit.coefficients, again.coefficients)
