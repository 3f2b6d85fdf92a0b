"""Boosted models against direct calls of xgboost."""

import numpy as np
import pytest
import xgboost
from fits import FAST_TREES, ROWS, data, fit_all
from numpy.testing import assert_allclose, assert_array_equal

from spex.models import boosters, quantised
from spex.models.registry import MODELS
from spex.models.splits import split_by_chromosome


@pytest.mark.parametrize("model", ["gbtree", "gblinear"])
def test_boosters_equal_direct_calls(split, model):
    features, observed = data(60)
    parameters = FAST_TREES if model == "gbtree" else MODELS["gblinear"].defaults
    own = {name: value for name, value in parameters.items() if name not in boosters.TRAINING_ARGUMENTS}
    fits = fit_all(model, features, split, observed, parameters=parameters, seed=3)
    for target, fit in enumerate(fits):
        y = observed[:, target]
        if model == "gbtree":
            train = xgboost.QuantileDMatrix(features[split.train], y[split.train], max_bin=100)
            watched = xgboost.QuantileDMatrix(features[split.watched], y[split.watched], ref=train, max_bin=100)
            callbacks = [xgboost.callback.EarlyStopping(rounds=3, save_best=True)]
        else:
            train = xgboost.DMatrix(features[split.train], y[split.train])
            watched = xgboost.DMatrix(features[split.watched], y[split.watched])
            callbacks = []
        direct = xgboost.train(
            own | {"seed": 3}, train, parameters["num_boost_round"], evals=[(watched, "w")], callbacks=callbacks
        )
        assert_allclose(fit.predict(features), direct.predict(xgboost.DMatrix(features)), rtol=1e-6)
        rmse = np.sqrt(np.mean((direct.predict(xgboost.DMatrix(features[split.watched])) - y[split.watched]) ** 2))
        assert_allclose(fit.history["watched"][fit.chosen["rounds_kept"] - 1], rmse, rtol=1e-5)


def test_rows_handed_over_in_batches_give_the_same_trees(monkeypatch):
    features, observed = data(60, targets=1)
    split = split_by_chromosome(np.resize(["chr1", "chr8"], ROWS), ["chr8"])
    (whole,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES)
    monkeypatch.setattr(quantised, "ROWS_AT_ONCE", 7)
    (batched,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES)
    assert_array_equal(batched.predict(features), whole.predict(features))


def test_trees_keep_the_best_round_only():
    features, observed = data(60, targets=1)
    split = split_by_chromosome(np.resize(["chr1", "chr8"], ROWS), ["chr8"])
    observed[split.test] = -observed[split.test]  # what is learnt makes the test rows worse
    (fit,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES)
    assert fit.chosen["rounds_kept"] == 1 + int(np.argmin(fit.history["watched"]))
    assert fit.chosen["rounds_kept"] < fit.chosen["rounds_run"]


def test_quantising_changes_nothing_beside_a_plain_matrix():
    features, observed = data(60, targets=1)
    split = split_by_chromosome(np.resize(["chr1", "chr8"], ROWS), ["chr8"])
    (fit,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES | {"early_stopping_rounds": 12})
    own = {name: value for name, value in FAST_TREES.items() if name not in boosters.TRAINING_ARGUMENTS}
    plain = xgboost.DMatrix(features[split.train], observed[split.train, 0])
    direct = xgboost.train(own | {"seed": 1410}, plain, fit.chosen["rounds_kept"])
    assert_allclose(fit.predict(features), direct.predict(xgboost.DMatrix(features)), rtol=1e-6)


def test_importance_of_each_kind_of_booster(split):
    features, observed = data(60, targets=1)
    (trees,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES)
    frame = trees.booster.trees_to_dataframe()
    gains = frame[frame["Feature"] != "Leaf"].groupby("Feature")["Gain"].sum()
    expected = [gains.get(f"f{column}", 0.0) for column in range(60)]
    assert_allclose(trees.importance, expected, rtol=1e-4)
    assert trees.importance[5] == 0  # a constant column
    (linear,) = fit_all("gblinear", features, split, observed, parameters=MODELS["gblinear"].defaults)
    steps = features[:2].copy()
    steps[1] = steps[0]
    steps[1, 7] += 1
    slope = np.diff(linear.predict(steps))[0]
    assert_allclose(linear.importance[7], abs(slope) * features[split.train, 7].std(dtype=np.float64), rtol=1e-3)


def test_a_warning_of_xgboost_tells_that_a_gpu_is_missing(monkeypatch):
    monkeypatch.setattr(boosters.xgboost, "build_info", lambda: {"USE_CUDA": False})
    assert "built for the CPU" in MODELS["gbtree"].cuda_problem()


def test_quantised_in_several_batches_predicts_what_a_plain_matrix_does(monkeypatch):
    """To the last bit: the published line is compared digit by digit."""
    monkeypatch.setattr(quantised, "ROWS_AT_ONCE", 500)
    rng = np.random.default_rng(0)
    features = rng.gamma(2, size=(3000, 12)).astype(np.float32)
    observed = features[:, :3].sum(axis=1) + rng.normal(size=3000)
    split = split_by_chromosome(np.resize(["chr1", "chr1", "chr1", "chr8"], 3000), ["chr8"])
    parameters = MODELS["gbtree"].defaults | {"num_boost_round": 20, "early_stopping_rounds": 20}
    (fit,) = fit_all("gbtree", features, split, observed[:, None], parameters=parameters)
    plain = xgboost.train(
        boosters._booster_parameters(parameters) | {"seed": 1410},
        xgboost.DMatrix(features[split.train], observed[split.train]),
        num_boost_round=fit.chosen["rounds_kept"],
    )
    assert_array_equal(fit.predict(features), plain.predict(xgboost.DMatrix(features)).astype(np.float64))
