"""Features, targets and quick fits for the tests of the models."""

import numpy as np

from spex.models.registry import MODELS

ROWS = 120

FAST_TREES = MODELS["gbtree"].defaults | {"num_boost_round": 12, "early_stopping_rounds": 3, "lambda": 1}


def data(width, targets=3):
    """Collinear float32 features, one column of them constant, and targets that depend on a few of them."""
    rng = np.random.default_rng(2)
    hidden = rng.normal(size=(ROWS, 4))
    features = (hidden @ rng.normal(size=(4, width)) + 0.1 * rng.normal(size=(ROWS, width)) + 3).astype(np.float32)
    features[:, 5] = 0.5
    observed = hidden @ rng.normal(size=(4, targets)) + 0.5 * rng.normal(size=(ROWS, targets)) + 2
    return features, observed


def fit_all(model, features, split, observed, *, parameters, seed=1410, neighbours=0):
    learner = MODELS[model].prepare(features, split, parameters, neighbours=neighbours)
    count = observed.shape[1]
    return list(learner.fit(observed, names=["name"] * count, wanted=range(count), seed=seed))


def closed_form(features, observed, split, penalty, neighbours=0, neighbour_penalty=None):
    """Ridge by the normal equations in float64, on all training features at once.

    neighbours: how many of the last columns have `neighbour_penalty`.
    """
    train = features[split.train].astype(np.float64)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale == 0] = 1
    standardised = (train - mean) / scale
    centre = observed[split.train].mean(axis=0)
    penalties = np.full(features.shape[1], penalty)
    if neighbours:
        penalties[-neighbours:] = neighbour_penalty
    gram = standardised.T @ standardised + np.diag(penalties)
    weights = np.linalg.solve(gram, standardised.T @ (observed[split.train] - centre))
    return (features.astype(np.float64) - mean) / scale @ weights + centre, weights
