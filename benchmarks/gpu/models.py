"""Whether a model fitted on a GPU predicts what it predicts when it is fitted on the CPU, and how long both take."""

import time

import numpy as np

from spex.models.registry import MODELS
from spex.models.splits import Split

VALUES = 32
"""Distinct values of a made feature: fewer than trees have bins, so that every device puts the bin edges alike."""

SIGNALS = 20
"""Features that the made target follows."""

CHANGES = {
    "gbtree": {
        "num_boost_round": 30,
        "colsample_bytree": 1,  # which columns are drawn depends on the device
        "colsample_bylevel": 1,
        "colsample_bynode": 1,
        "lambda": 1,
        "gamma": 0,
        "eta": 0.3,
        "max_depth": 4,
        "min_child_weight": 40,  # few genes are parted alike by many columns
    },
    "ridge": {"penalties": [100]},
}
"""Parameters other than the usual ones, by model: few rounds that learn much, nothing drawn at random."""


def difference_in_deviations(found, expected, observed):
    """Root mean square of found - expected, in standard deviations of `expected`. All (n,), of the test genes."""
    return float(np.sqrt(np.mean((found - expected) ** 2)) / np.std(expected))


def difference_in_rmse(found, expected, observed):
    """How far the rmse of `found` is from that of `expected`, as a share of it. All (n,), of the test genes."""
    rmse, own = (np.sqrt(np.mean((each - observed) ** 2)) for each in (expected, found))
    return float(abs(own / rmse - 1))


ALLOWED = {
    "gbtree": (difference_in_rmse, 0.05, "of the rmse on test genes"),
    "ridge": (difference_in_deviations, 1e-6, "s.d. of the predictions"),
}
"""By model: how two devices' predictions are compared, how far apart they may be, and in what unit. xgboost grows other
trees on a GPU than on the CPU (made studies: predictions 0.08 to 0.2 s.d. apart, correlations with what was observed
at most 0.003), so what counts is how well they predict."""


def make_study(count, width, seed=1):
    """A matrix of a few values and a target that follows some of its columns, for genes that do not exist.

    Returns: float32 (count, width); float64 (count, 1), in ln(expression); Split: the last fifth is for testing.
    """
    generator = np.random.default_rng(seed)
    features = (generator.integers(0, VALUES, (count, width)) / VALUES).astype(np.float32)
    weights = generator.normal(size=min(SIGNALS, width))
    target = features[:, : len(weights)] @ weights + generator.normal(scale=0.3, size=count)
    rows = np.arange(count)
    first = count - count // 5
    return features, target[:, None], Split((), (), train=rows[:first], validation=rows[:0], test=rows[first:])


def fit_and_predict(model, device, features, targets, split):
    """Fit on a device and predict every row. Returns: float64 (n,), in ln(expression); seconds of the fit."""
    parameters = MODELS[model].defaults | CHANGES.get(model, {})
    start = time.perf_counter()
    learner = MODELS[model].prepare(features, split, parameters, device)
    fit = next(iter(learner.fit(targets, names=["check"], wanted=[0], seed=0)))
    seconds = time.perf_counter() - start
    return fit.predict(features), seconds
