"""Ridge as scikit-learn has it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge as Plain
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from spex import Ridge
from spex.models.registry import MODELS
from spex.models.splits import split_by_chromosome

PENALTIES = [0.1, 10.0, 1000.0]


@pytest.fixture
def study():
    """Features, two targets, and groups whose sizes differ."""
    rng = np.random.default_rng(4)
    features = rng.normal(size=(70, 90)) * rng.uniform(0.1, 9, 90) + 5
    targets = np.stack([features[:, :5].sum(axis=1), rng.normal(size=70)], axis=1) + rng.normal(size=(70, 2))
    return features, targets, rng.permutation(np.repeat([1, 2, 3, 4], [25, 20, 15, 10]))


def plain(penalty):
    """scikit-learn's own, on standardised features."""
    return make_pipeline(StandardScaler(), Plain(alpha=penalty))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_keeps_the_conventions_of_estimators():
    check_estimator(Ridge())


def test_one_penalty_is_that_of_scikit_learn(study):
    features, targets, _ = study
    for penalty in PENALTIES:
        model, expected = Ridge([penalty]).fit(features, targets), plain(penalty).fit(features, targets)
        assert_allclose(model.predict(features), expected.predict(features), rtol=1e-8)
        assert_allclose(Ridge([penalty]).fit(features, targets[:, 1]).coef_, model.coef_[1], rtol=1e-9)


@pytest.mark.parametrize("cv", [None, GroupKFold(2)])
def test_each_target_has_the_penalty_that_predicts_groups_best_that_were_left_out(study, cv):
    features, targets, groups = study
    errors = {penalty: np.zeros(2) for penalty in PENALTIES}
    for train, test in (cv or LeaveOneGroupOut()).split(features, targets, groups):
        for penalty in PENALTIES:
            predicted = plain(penalty).fit(features[train], targets[train]).predict(features[test])
            errors[penalty] += ((targets[test] - predicted) ** 2).sum(axis=0)
    best = [min(PENALTIES, key=lambda penalty: errors[penalty][target]) for target in range(2)]
    model = Ridge(PENALTIES, cv=cv).fit(features, targets, groups=groups)
    assert model.penalty_.tolist() == best and len(set(best)) == 2
    for target, penalty in enumerate(best):
        expected = plain(penalty).fit(features, targets[:, target]).predict(features)
        assert_allclose(model.predict(features)[:, target], expected, rtol=1e-8)


def test_it_goes_into_pipelines_and_searches(study):
    features, targets, groups = study
    model = make_pipeline(StandardScaler(), Ridge(PENALTIES))
    scores = cross_val_score(model, features, targets[:, 0], groups=groups, cv=LeaveOneGroupOut())
    assert len(scores) == 4 and scores.min() > 0
    assert clone(Ridge(PENALTIES, cv=3)).get_params() == {"penalties": PENALTIES, "cv": 3}


def test_it_is_the_model_that_train_py_fits(study):
    """To the last bit, with the penalty that is best on the same genes that were set aside."""
    features, targets, groups = study
    features = features.astype(np.float32)
    split = split_by_chromosome([f"chr{group}" for group in groups], ["chr1"], ["chr2"])
    learner = MODELS["ridge"].prepare(features, split, {"penalties": PENALTIES})
    fits = list(learner.fit(targets, names="ab", wanted=[0, 1], seed=0))
    rows = np.sort(np.concatenate([split.train, split.validation]))
    watched = PredefinedSplit(np.where(np.isin(rows, split.validation), 0, -1))
    chosen = Ridge(PENALTIES, cv=watched).fit(features[rows], targets[rows]).penalty_
    assert chosen.tolist() == [fit.penalty for fit in fits]
    for penalty in set(chosen):
        model = Ridge([penalty]).fit(features[split.train], targets[split.train])
        for target in np.flatnonzero(chosen == penalty):
            assert_array_equal(model.coef_[target], fits[target].coefficients)
            assert model.intercept_[target] == pytest.approx(fits[target].intercept, rel=1e-12)
