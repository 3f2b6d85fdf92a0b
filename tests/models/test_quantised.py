"""Bins found column by column against those that xgboost finds in all columns at once."""

import weakref

import numpy as np
import pytest
import xgboost
from fits import FAST_TREES, data, fit_all
from numpy.testing import assert_array_equal

from spex.models import boosters, matrices, quantised
from spex.models.registry import MODELS

ROWS = 1500


def odd_columns():
    """float32 (ROWS, 20): constant, few values, as many as there are bins, heaps of zeros, huge and tiny numbers."""
    rng = np.random.default_rng(0)
    columns = rng.gamma(2, size=(ROWS, 20)).astype(np.float32)
    columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3] = 3, 0, -0.0, -4
    for column, values in ((4, 2), (5, 5), (6, 99), (7, 100), (8, 101), (9, 102)):
        columns[:, column] = rng.integers(0, values, ROWS)
    columns[:, 10] = rng.integers(-60, 60, ROWS)
    columns[rng.random(ROWS) < 0.99, 11] = 0
    columns[:, 12] = np.round(columns[:, 12], 1)
    columns[:, 13] *= -1
    columns[:, 14] *= np.float32(1e37)
    columns[:, 15] *= np.float32(1e-44)
    columns[0, 16] = 1e38
    columns[-1, 17] = -1e38
    columns[:, 18] = 1 + columns[:, 18] * np.float32(1e-6)
    return columns


@pytest.mark.parametrize("max_bin", [2, 3, 100, 256, 300, 5000])
@pytest.mark.parametrize("rows", [np.arange(1, ROWS, 2), np.arange(5), np.arange(1)], ids=["many", "five", "one"])
def test_bins_are_those_that_xgboost_finds_by_itself(monkeypatch, max_bin, rows):
    monkeypatch.setattr(matrices, "COLUMNS_AT_ONCE", 7)
    features = odd_columns()
    direct = xgboost.QuantileDMatrix(features[rows], max_bin=max_bin)
    ends, pattern = quantised._column_by_column(features, rows, max_bin)
    pattern = xgboost.QuantileDMatrix(pattern, max_bin=max_bin)
    found_by = [ends, pattern.get_quantile_cut()]
    for at_once in (100, 4):  # column by column where there are more rows
        monkeypatch.setattr(quantised, "ROWS_AT_ONCE", at_once)
        found_by.append(quantised.quantise(features, rows, max_bin).get_quantile_cut())
    for found in found_by:
        for part, expected in zip(found, direct.get_quantile_cut(), strict=True):
            assert_array_equal(part, expected)


@pytest.mark.parametrize("known", [True, False], ids=["bins of the pattern", "an xgboost with another rule"])
def test_the_same_model_to_the_last_byte(monkeypatch, split, known):
    features, observed = data(60, targets=1)
    own, y = boosters._booster_parameters(FAST_TREES), observed[:, 0]
    train = xgboost.QuantileDMatrix(features[split.train], y[split.train], max_bin=100)
    watched = xgboost.QuantileDMatrix(features[split.watched], y[split.watched], ref=train, max_bin=100)
    direct = xgboost.train(
        own | {"seed": 1410, "device": "cpu", "eval_metric": "rmse"},
        train,
        FAST_TREES["num_boost_round"],
        evals=[(train, "train"), (watched, "watched")],
        callbacks=[xgboost.callback.EarlyStopping(rounds=FAST_TREES["early_stopping_rounds"], save_best=True)],
        verbose_eval=False,
    )
    monkeypatch.setattr(matrices, "COLUMNS_AT_ONCE", 25)
    monkeypatch.setattr(quantised, "ROWS_AT_ONCE", 20)
    if not known:
        monkeypatch.setattr(quantised, "_pattern", lambda part, *_: part[:9])
    (fit,) = fit_all("gbtree", features, split, observed, parameters=FAST_TREES)
    assert fit.booster.save_raw("ubj") == direct.save_raw("ubj")


def test_trees_grow_without_the_features_that_were_quantised(split):
    features, observed = data(60, targets=1)
    learner = MODELS["gbtree"].prepare(features, split, FAST_TREES)
    let_go, test = weakref.ref(features), features[split.test]
    del features
    assert let_go() is None
    (fit,) = learner.fit(observed, names=["name"], wanted=[0], seed=1)
    assert len(set(fit.predict(test))) > 1
