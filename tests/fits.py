"""Features, targets and quick fits for the tests of the models."""

import numpy as np

from spex.models.registry import PARAMETERS, prepare

ROWS = 120

FAST_TREES = PARAMETERS["gbtree"] | {"num_boost_round": 12, "early_stopping_rounds": 3, "lambda": 1}


def data(width, targets=3):
    """Collinear float32 features, one column of them constant, and targets that depend on a few of them."""
    rng = np.random.default_rng(2)
    hidden = rng.normal(size=(ROWS, 4))
    features = (hidden @ rng.normal(size=(4, width)) + 0.1 * rng.normal(size=(ROWS, width)) + 3).astype(np.float32)
    features[:, 5] = 0.5
    observed = hidden @ rng.normal(size=(4, targets)) + 0.5 * rng.normal(size=(ROWS, targets)) + 2
    return features, observed


def fit_all(model, features, split, observed, *, parameters, seed=1410):
    learner = prepare(model, features, split, parameters)
    count = observed.shape[1]
    return list(learner.fit(observed, names=["name"] * count, wanted=range(count), seed=seed))
