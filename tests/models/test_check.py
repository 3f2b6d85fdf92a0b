"""A model fitted on two devices."""

from dataclasses import replace

import numpy as np
import pytest

from spex.models import check
from spex.models.registry import MODELS


@pytest.mark.parametrize("model", check.ALLOWED)
def test_the_made_study_is_learnt(model):
    features, targets, split = check.make_study(300, 60)
    predicted, seconds = check.fit_and_predict(model, "cpu", features, targets, split)
    assert seconds > 0
    assert np.corrcoef(predicted[split.test], targets[split.test, 0])[0, 1] > 0.6
    again, _ = check.fit_and_predict(model, "cpu", features, targets, split)
    assert check.difference_in_deviations(again, predicted) == 0


def test_difference_by_hand():
    expected = np.array([0.0, 2.0, 0.0, 2.0])  # one standard deviation is 1
    assert check.difference_in_deviations(expected + 0.5, expected) == 0.5
    assert not check.difference_in_deviations(expected * np.nan, expected) <= 1


def test_why_a_model_does_not_run_on_a_gpu(monkeypatch):
    for model in check.ALLOWED:
        for problem in ("no usable GPU", None):
            monkeypatch.setitem(MODELS, model, replace(MODELS[model], cuda_problem=lambda told=problem: told))
            assert check.problem_on_gpu(model) == problem
