"""Parameters, devices and saved fits of every model."""

import json

import pytest
from fits import FAST_TREES, data, fit_all
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.models import boosters
from spex.models.registry import PARAMETERS, choose_device, load_fit, read_parameters


@pytest.mark.parametrize("model", list(PARAMETERS))
def test_saved_fits_predict_the_same(tmp_path, split, model):
    features, observed = data(60, targets=1)
    parameters = FAST_TREES if model == "gbtree" else PARAMETERS[model]
    (fit,) = fit_all(model, features, split, observed, parameters=parameters)
    fit.save(tmp_path)
    assert_array_equal(load_fit(tmp_path, model).predict(features), fit.predict(features))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match="its model cannot be read"):
        load_fit(tmp_path, model)
    path.unlink()
    with pytest.raises(InputError, match="its model cannot be read"):
        load_fit(tmp_path, model)


def test_parameters_replace_their_namesakes(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"eta": 0.5, "subsample": 0.8}))
    assert read_parameters(path, "gbtree") == PARAMETERS["gbtree"] | {"eta": 0.5, "subsample": 0.8}
    path.write_text(json.dumps({"penalties": [3]}))
    assert read_parameters(path, "ridge") == {"penalties": [3]}
    assert read_parameters(None, "gblinear") == PARAMETERS["gblinear"]


@pytest.mark.parametrize(
    "model, content, told",
    [
        ("gbtree", {"etta": 0.1}, '"etta" } are not used'),
        ("gbtree", {"eta": -1}, "should be greater equal to 0"),
        ("gbtree", {"max_depth": "deep"}, "max_depth"),
        ("gbtree", {"num_boost_round": 0}, "num_boost_round is 0"),
        ("gbtree", {"num_boost_round": True}, "num_boost_round is True"),
        ("gbtree", {"early_stopping_rounds": 1.5}, "early_stopping_rounds is 1.5"),
        ("gbtree", {"seed": 1}, "seed is set by seed, not in the file"),
        ("gbtree", {"device": "cuda"}, "device is set by device, not in the file"),
        ("gblinear", {"max_depth": 3}, "max_depth"),
        ("gblinear", {"early_stopping_rounds": 5}, "gblinear runs all its rounds"),
        ("ridge", {"eta": 0.1}, "no parameter eta"),
        ("ridge", {"penalties": []}, "penalties is []"),
        ("ridge", {"penalties": [1, -1]}, "penalty -1"),
        ("ridge", {"penalties": ["1"]}, "penalty '1'"),
        ("ridge", [1], "expected an object"),
    ],
)
def test_parameters_that_cannot_be_used(tmp_path, model, content, told):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as refused:
        read_parameters(path, model)
    assert told in str(refused.value)


def test_choice_of_device(monkeypatch):
    monkeypatch.setattr(boosters, "cuda_problem", lambda: None)
    assert [choose_device(platform, "gbtree") for platform in ("CPU", "CUDA", None)] == ["cpu", "cuda", "cuda"]
    assert choose_device(None, "ridge") == "cpu"
    with pytest.raises(InputError, match="ridge is fitted on the CPU only"):
        choose_device("CUDA", "ridge")
    monkeypatch.setattr(boosters, "cuda_problem", lambda: "no usable GPU")
    assert choose_device(None, "gbtree") == "cpu"
    with pytest.raises(InputError, match="device CUDA: no usable GPU"):
        choose_device("CUDA", "gbtree")
