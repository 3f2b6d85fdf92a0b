"""A model fitted on two devices."""

import numpy as np
import pytest

from benchmarks.gpu import models as check


@pytest.mark.parametrize("model", check.ALLOWED)
def test_the_made_study_is_learnt(model):
    features, targets, split = check.make_study(300, 60)
    predicted, seconds = check.fit_and_predict(model, "cpu", features, targets, split)
    assert seconds > 0
    assert np.corrcoef(predicted[split.test], targets[split.test, 0])[0, 1] > 0.6
    again, _ = check.fit_and_predict(model, "cpu", features, targets, split)
    measure, *_ = check.ALLOWED[model]
    assert measure(again[split.test], predicted[split.test], targets[split.test, 0]) == 0


def test_differences_by_hand():
    expected, observed = np.array([0.0, 2.0, 0.0, 2.0]), np.array([1.0, 1.0, 1.0, 1.0])  # one s.d. and an rmse of 1
    assert check.difference_in_deviations(expected + 0.5, expected, observed) == 0.5
    assert check.difference_in_rmse(3 * expected - 2, expected, observed) == 2
    assert check.difference_in_rmse(2 - expected, expected, observed) == 0
    for measure in (check.difference_in_deviations, check.difference_in_rmse):
        assert not measure(expected * np.nan, expected, observed) <= 1
