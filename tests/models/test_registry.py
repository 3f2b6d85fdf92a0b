"""Parameters, devices and saved fits of every model."""

import json
import sys

import pytest
import torch
from fits import FAST_TREES, data, fit_all
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.models.registry import MODELS


@pytest.mark.parametrize("model", list(MODELS))
def test_saved_fits_predict_the_same(tmp_path, split, model):
    features, observed = data(60, targets=1)
    parameters = FAST_TREES if model == "gbtree" else MODELS[model].defaults
    (fit,) = fit_all(model, features, split, observed, parameters=parameters)
    fit.save(tmp_path)
    assert_array_equal(MODELS[model].load(tmp_path).predict(features), fit.predict(features))
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match="its model cannot be read"):
        MODELS[model].load(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="its model cannot be read"):
        MODELS[model].load(tmp_path)


def test_parameters_replace_their_namesakes(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"eta": 0.5, "subsample": 0.8}))
    assert MODELS["gbtree"].read_parameters(path) == MODELS["gbtree"].defaults | {"eta": 0.5, "subsample": 0.8}
    path.write_text(json.dumps({"penalties": [3]}))
    assert MODELS["ridge"].read_parameters(path) == {"penalties": [3]}
    assert MODELS["gblinear"].read_parameters(None) == MODELS["gblinear"].defaults


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
        ("ridge", {"penalties": ["none"]}, "penalty 'none'"),
        ("ridge", {"neighbour_penalties": []}, "neighbour_penalties is []"),
        ("ridge", {"neighbour_penalties": ["some"]}, "neighbour_penalties: penalty 'some'"),
        ("ridge", {"neighbour_penalties": [0]}, 'from 1e-30 to 1e+30, or "none"'),
        ("gblinear", {"neighbour_penalties": [1]}, "neighbour_penalties"),
        ("ridge", [1], "expected an object"),
    ],
)
def test_parameters_that_cannot_be_used(tmp_path, model, content, told):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as refused:
        MODELS[model].read_parameters(path)
    assert told in str(refused.value)


def test_choice_of_device(monkeypatch):
    def set_problem(model, problem):
        monkeypatch.setattr(MODELS[model], "cuda_problem", lambda: problem)

    for model in ("gbtree", "ridge"):
        set_problem(model, None)
        assert [MODELS[model].choose_device(platform) for platform in ("CPU", "CUDA", None)] == ["cpu", "cuda", "cuda"]
        set_problem(model, "no usable GPU")
        assert MODELS[model].choose_device(None) == "cpu"
        with pytest.raises(InputError, match="device CUDA: no usable GPU"):
            MODELS[model].choose_device("CUDA")
    assert MODELS["gblinear"].choose_device(None) == "cpu"
    with pytest.raises(InputError, match="gblinear is fitted on the CPU only"):
        MODELS["gblinear"].choose_device("CUDA")


@pytest.mark.parametrize("there, problem", [(True, None), (False, "PyTorch finds no CUDA device here")])
def test_ridge_asks_pytorch_for_a_gpu(monkeypatch, there, problem):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert MODELS["ridge"].cuda_problem() == problem


def test_ridge_is_fitted_where_there_is_no_pytorch(monkeypatch):
    monkeypatch.delitem(sys.modules, "spex.models.device_products", raising=False)
    monkeypatch.delattr("spex.models.device_products", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    assert MODELS["ridge"].cuda_problem() == "PyTorch is not installed"
    assert MODELS["ridge"].choose_device(None) == "cpu"


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "not JSON"),
        (b"{'eta': 1}", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", r"found \[1\]; expected an object"),
        (b'{"etta": 0.1}', "etta"),
        (b'{"eta": "fast"}', "eta"),
        (b'{"max_depth": -3}', "max_depth"),
        (b'{"num_boost_round": 0}', "num_boost_round"),
        (b'{"eta": NaN}', "NaN is no finite number"),
        (b'{"eta": 1e999}', "1e999 is no finite number"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_files_that_hold_no_parameters(tmp_path, content, message):
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"^parameters .*p\.json: .*{message}"):
        MODELS["gbtree"].read_parameters(tmp_path / "p.json")


def test_parameters_in_the_place_of_a_files_path_are_refused():
    with pytest.raises(
        InputError, match=r"^parameters: found JSON; expected the path of a JSON file; write it into a "
    ):
        MODELS["ridge"].read_parameters('{"penalties": [1.0]}')


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"random_state": 7}, "random_state is set by seed"),
        ({"gpu_id": 0}, "gpu_id is set by device"),
        ({"n_gpus": 1}, "n_gpus is set by device"),
        ({"verbosity": 0, "etta": 1}, "verbosity cannot be set"),
        ({"validate_parameters": False, "etta": 1}, "validate_parameters cannot be set"),
        ({"scale_pos_weight": 2}, "scale_pos_weight cannot be set"),
        ({"eval_metric": "mae"}, "eval_metric is fixed at rmse"),
        ({"eval_metric": ["rmse", "mae"]}, "eval_metric is fixed at rmse"),
        ({"disable_default_eval_metric": 1}, "disable_default_eval_metric cannot be set"),
        ({"objective": "rank:pairwise"}, "objective is 'rank:pairwise', expected one for expression"),
        ({"objective": "survival:cox"}, "objective is 'survival:cox'"),
        ({"objective": "reg:gamma"}, "objective is 'reg:gamma'"),
        ({"objective": "reg:quantileerror"}, "quantile_alpha"),
        ({"objective": "reg:quantileerror", "quantile_alpha": [0.2, 0.5]}, "xgboost refuses it"),
        ({"booster": "gblinear"}, "booster is 'gblinear', but model says which"),
        ({"booster": "dart"}, "booster is 'dart', but model says which"),
        ({"eta": None}, "eta is null; expected a value"),
        ({"eta": "nan"}, "no finite numbers|xgboost refuses it"),
        ({"base_score": 1e38}, "no finite numbers, or none that can be expression"),
        ({"monotone_constraints": [1, 0]}, "xgboost refuses it"),
        ({"tree_method": "approx"}, "xgboost refuses it: .*hist"),
        ({"learning_rate": 0.1, "eta": 0.2}, "learning_rate is another name of eta, and both are there"),
        ({"n_estimators": 10}, "n_estimators"),
    ],
)
def test_parameters_without_effect_or_without_an_end_are_refused(tmp_path, parameters, message):
    (tmp_path / "p.json").write_text(json.dumps(parameters))
    with pytest.raises(InputError, match=rf"^parameters .*p\.json: .*{message}"):
        MODELS["gbtree"].read_parameters(tmp_path / "p.json")


def test_a_parameter_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "p.json").write_text('{"eta": 0.1, "eta": 0.2}')
    with pytest.raises(InputError, match=r"not JSON \(eta occurs twice"):
        MODELS["gbtree"].read_parameters(tmp_path / "p.json")
