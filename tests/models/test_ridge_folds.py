"""All folds of a cross-validation from one factorisation a penalty, against fitting each fold anew."""

import numpy as np
import pytest
from fits import ROWS, closed_form, data
from numpy.testing import assert_allclose, assert_array_equal

from spex.errors import InputError
from spex.models.layout import published_layout
from spex.models.registry import MODELS
from spex.models.splits import cross_validation_splits

CHROMS = np.resize([f"chr{number}" for number in (1, 1, 1, 2, 2, 8, 9, 10)], ROWS)
PENALTIES = [1e-1, 1e1, 1e3, 1e5]


def fit_folds(features, observed, splits, neighbours=0, **parameters):
    """Fits of every fold, a list of lists."""
    learners = MODELS["ridge"].prepare_folds(features, splits, parameters, neighbours=neighbours)
    wanted = range(observed.shape[1])
    return [list(fold.fit(observed, names="abc", wanted=wanted, seed=1)) for fold in learners]


def refit(features, observed, split, penalty, ratio=1.0, neighbours=0):
    """One fold by the normal equations with an intercept's column, over features standardised over all genes.

    Returns: predictions of all genes, and weights of the standardised features.
    """
    values = features.astype(np.float64)
    deviation = values.std(axis=0)
    values = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    with_intercept = np.column_stack([values, np.ones(len(values))])
    penalties = np.full(values.shape[1] + 1, penalty)
    penalties[values.shape[1] - neighbours : -1] = penalty / ratio
    penalties[-1] = 0
    train = with_intercept[split.train]
    weights = np.linalg.solve(train.T @ train + np.diag(penalties), train.T @ observed[split.train])
    return with_intercept @ weights, weights[:-1]


def least_error(predictions, observed, split):
    """Which of the predictions (choices, n, t) has the least rmse on the validation genes, (t,), and every rmse."""
    errors = np.sqrt(np.mean((predictions[:, split.validation] - observed[split.validation]) ** 2, axis=1))
    return errors.argmin(axis=0), errors


@pytest.mark.parametrize("width", [30, 90, 300])
@pytest.mark.parametrize("groups", [None, 3])
def test_every_fold_is_as_if_fitted_anew(width, groups):
    features, observed = data(width)
    splits = cross_validation_splits(CHROMS, groups)
    for split, fits in zip(splits, fit_folds(features, observed, splits, penalties=PENALTIES), strict=True):
        anew = [refit(features, observed, split, penalty) for penalty in PENALTIES]
        predictions, weights = (np.array(each) for each in zip(*anew, strict=True))
        best, errors = least_error(predictions, observed, split)
        for target, fit in enumerate(fits):
            assert fit.penalty == PENALTIES[best[target]]
            assert_allclose(fit.history["watched"], errors[:, target], rtol=1e-8)
            trained = predictions[:, split.train, target] - observed[split.train, target]
            assert_allclose(fit.history["train"], np.sqrt(np.mean(trained**2, axis=1)), rtol=1e-8)
            assert_allclose(fit.predict(features), predictions[best[target], :, target], rtol=1e-9)
            assert_allclose(fit.importance, abs(weights[best[target], :, target]), rtol=1e-7, atol=1e-9)
            assert fit.coefficients[5] == 0  # of the constant column


def test_no_fold_sees_the_expression_of_its_test_genes():
    features, observed = data(90)
    splits = cross_validation_splits(CHROMS)
    before = fit_folds(features, observed, splits, penalties=PENALTIES)
    changed = observed.copy()
    changed[splits[1].test] += np.random.default_rng(3).normal(size=changed[splits[1].test].shape)
    after = fit_folds(features, changed, splits, penalties=PENALTIES)
    for fit, again in zip(before[1], after[1], strict=True):
        assert fit.penalty == again.penalty
        assert_allclose(fit.coefficients, again.coefficients, rtol=1e-7, atol=1e-10)
    assert abs(before[2][0].coefficients - after[2][0].coefficients).max() > 1e-3  # which has them for training


def test_the_order_of_genes_and_the_unit_of_a_feature_have_no_effect():
    features, observed = data(60)
    shuffled = np.random.default_rng(4).permutation(ROWS)
    splits, others = (cross_validation_splits(chroms) for chroms in (CHROMS, CHROMS[shuffled]))
    units = np.where(np.arange(60) % 2, 4, 1).astype(np.float32)
    one = fit_folds(features, observed, splits, penalties=PENALTIES)
    other = fit_folds(features[shuffled] * units, observed[shuffled], others, penalties=PENALTIES)
    for fits, again in zip(one, other, strict=True):
        for fit, twin in zip(fits, again, strict=True):
            assert fit.penalty == twin.penalty
            assert_allclose(fit.coefficients, twin.coefficients * units, rtol=1e-6, atol=1e-9)
            assert_allclose(fit.importance, twin.importance, rtol=1e-6, atol=1e-9)


def test_neighbour_penalties_in_every_fold(monkeypatch):
    features, observed = data(100)
    splits = cross_validation_splits(CHROMS)
    pairs = [(k, h) for k in PENALTIES for h in (1.0, 1e4, "none")]
    folds = fit_folds(features, observed, splits, 40, penalties=PENALTIES, neighbour_penalties=[1e4, "none", 1])
    for split, fits in zip(splits, folds, strict=True):
        predictions = np.array(
            [refit(features, observed, split, k, 1e-14 if h == "none" else k / h, 40)[0] for k, h in pairs]
        )
        best, errors = least_error(predictions, observed, split)
        for target, fit in enumerate(fits):
            assert (fit.penalty, fit.neighbour_penalty) == pairs[best[target]]
            assert_allclose(fit.history["watched"], errors[:, target], rtol=1e-7)
            assert_allclose(fit.predict(features), predictions[best[target], :, target], rtol=1e-7)


def test_folds_are_fitted_once_for_all(monkeypatch):
    features, observed = data(40)
    splits = cross_validation_splits(CHROMS)
    learners = MODELS["ridge"].prepare_folds(features, splits, {"penalties": PENALTIES})
    gram = learners[0].folds.gram
    done = []
    monkeypatch.setattr(gram, "factorise", lambda each, really=gram.factorise: (done.append(each), really(each)))
    for learner in learners:
        (fit,) = learner.fit(observed, names="abc", wanted=[2], seed=1)
    assert len(done) == len(PENALTIES)
    (again,) = learners[-1].fit(observed.copy(), names="abc", wanted=[2], seed=1)
    assert len(done) == 2 * len(PENALTIES)
    assert_array_equal(fit.coefficients, again.coefficients)


def test_a_penalty_that_rounding_hides_is_refused():
    features, observed = data(200)
    with pytest.raises(InputError, match="parameters: penalty 1e-30 is lost in rounding"):
        fit_folds(features, observed, cross_validation_splits(CHROMS), penalties=[1e-30])


def test_closed_form_of_a_fold_differs_by_the_standardisation_alone():
    """What the documentation says of cross-validation: little changes against a fold that is fitted by itself."""
    features, observed = data(60)
    splits = cross_validation_splits(CHROMS)
    for split, fits in zip(splits, fit_folds(features, observed, splits, penalties=[10.0]), strict=True):
        alone = closed_form(features, observed, split, 10.0)[0]
        together = np.stack([fit.predict(features) for fit in fits], axis=1)
        assert 0 < abs(together - alone).max() < 0.1 * observed.std()
        assert np.corrcoef(together[split.test, 0], alone[split.test, 0])[0, 1] > 0.99


def test_the_width_of_the_neighbour_block():
    assert [published_layout(width).neighbours for width in (20_020, 24_024, 28_028)] == [0, 4004, 8008]
    assert published_layout(300) is None
