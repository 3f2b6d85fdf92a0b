"""Whether a model fitted on a GPU predicts what it predicts when it is fitted on the CPU, and how long both take."""

import time

import numpy as np

from spex.errors import InputError
from spex.models.registry import PARAMETERS, choose_device, prepare
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
        "max_delta_step": 0,  # with it gains lie so near each other that rounding chooses among them
        "alpha": 0,
        "max_depth": 4,
        "min_child_weight": 40,  # few genes are parted alike by many columns, and devices choose another one
    },
    "ridge": {"penalties": [100]},
}
"""Parameters other than the usual ones, by model: few rounds that learn much, nothing drawn at random."""

ALLOWED = {"gbtree": 0.02, "ridge": 1e-6}
"""Root mean square difference of the predictions on two devices, in standard deviations of the prediction. Trees: sums
of gradients are rounded in another order, and now and then the better of two nearly equal splits is another one."""


def problem_on_gpu(model):
    """Why a model cannot be fitted on a GPU here, in words; None when it can."""
    try:
        choose_device("CUDA", model)
    except InputError as error:
        return error.found
    return None


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
    parameters = PARAMETERS[model] | CHANGES.get(model, {})
    start = time.perf_counter()
    learner = prepare(model, features, split, parameters, device)
    fit = next(iter(learner.fit(targets, names=["check"], wanted=[0], seed=0)))
    seconds = time.perf_counter() - start
    return fit.predict(features), seconds


def difference_in_deviations(found, expected):
    """Root mean square of found - expected, in standard deviations of `expected`."""
    return float(np.sqrt(np.mean((found - expected) ** 2)) / np.std(expected))
