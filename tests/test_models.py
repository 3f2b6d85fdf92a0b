import json

import numpy as np
import pytest
import xgboost
from numpy.testing import assert_allclose, assert_array_equal

from spex.errors import InputError
from spex.models import boosters
from spex.models.registry import PARAMETERS, choose_device, load_fit, prepare, read_parameters
from spex.models.splits import split_by_chromosome

ROWS = 120
FAST_TREES = PARAMETERS["gbtree"] | {"num_boost_round": 12, "early_stopping_rounds": 3, "lambda": 1}


@pytest.fixture(params=[[], ["chr9"]], ids=["watching the test", "watching chr9"])
def split(request):
    chroms = np.resize(["chr1", "chr2", "chr3", "chr8", "chr9"], ROWS)
    return split_by_chromosome(chroms, ["chr8"], request.param)


def data(width, targets=3):
    """Collinear float32 features, one column of them constant, and targets that depend on a few of them."""
    rng = np.random.default_rng(2)
    hidden = rng.normal(size=(ROWS, 4))
    features = (hidden @ rng.normal(size=(4, width)) + 0.1 * rng.normal(size=(ROWS, width)) + 3).astype(np.float32)
    features[:, 5] = 0.5
    observed = hidden @ rng.normal(size=(4, targets)) + 0.5 * rng.normal(size=(ROWS, targets)) + 2
    return features, observed


def fit_all(model, features, split, observed, *, parameters, seed=1410):
    learner = prepare(model, features, split, parameters)
    count = observed.shape[1]
    return list(learner.fit(observed, names=["name"] * count, wanted=range(count), seed=seed))


def closed_form(features, observed, split, penalty):
    """Ridge by the normal equations in float64, on all training features at once."""
    train = features[split.train].astype(np.float64)
    mean, scale = train.mean(axis=0), train.std(axis=0)
    scale[scale == 0] = 1
    standardised = (train - mean) / scale
    centre = observed[split.train].mean(axis=0)
    gram = standardised.T @ standardised + penalty * np.eye(features.shape[1])
    weights = np.linalg.solve(gram, standardised.T @ (observed[split.train] - centre))
    return (features.astype(np.float64) - mean) / scale @ weights + centre, weights


@pytest.mark.parametrize("width", [20, 300, 1300])
@pytest.mark.parametrize("penalty", [0.5, 100.0])
def test_ridge_equals_the_closed_form(split, width, penalty):
    features, observed = data(width)
    expected, weights = closed_form(features, observed, split, penalty)
    fits = fit_all("ridge", features, split, observed, parameters={"penalties": [penalty]})
    for target, fit in enumerate(fits):
        assert_allclose(fit.predict(features), expected[:, target], rtol=1e-6)
        assert_allclose(fit.importance, abs(weights[:, target]), rtol=1e-6, atol=1e-12)


def test_ridge_takes_the_penalty_with_the_least_error_on_the_watched_rows(split):
    features, observed = data(150)
    penalties = [1e-3, 1e-1, 1e1, 1e3, 1e5]
    fits = fit_all("ridge", features, split, observed, parameters={"penalties": penalties})
    by_penalty = np.array([closed_form(features, observed, split, penalty)[0] for penalty in penalties])
    for rows, part in ((split.watched, "watched"), (split.train, "train")):
        errors = np.sqrt(np.mean((by_penalty[:, rows] - observed[rows]) ** 2, axis=1))  # (penalties, targets)
        for target, fit in enumerate(fits):
            assert fit.history["penalty"] == penalties
            assert_allclose(fit.history[part], errors[:, target], rtol=1e-6)
            if part == "watched":
                assert fit.penalty == penalties[errors[:, target].argmin()]
                best = by_penalty[errors[:, target].argmin(), :, target]
                assert_allclose(fit.predict(features), best, rtol=1e-6)


def test_ridge_resumed_does_the_same_sums(split):
    features, observed = data(50, targets=4)
    learner = prepare("ridge", features, split, PARAMETERS["ridge"])
    whole = list(learner.fit(observed, names="abcd", wanted=range(4), seed=1))
    for fit, again in zip(whole[2:], learner.fit(observed, names="abcd", wanted=[2, 3], seed=1), strict=True):
        assert_array_equal(fit.coefficients, again.coefficients)


@pytest.mark.parametrize("model", ["gbtree", "gblinear"])
def test_boosters_equal_direct_calls(split, model):
    features, observed = data(60)
    parameters = FAST_TREES if model == "gbtree" else PARAMETERS["gblinear"]
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
    monkeypatch.setattr(boosters, "ROWS_AT_ONCE", 7)
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
    (linear,) = fit_all("gblinear", features, split, observed, parameters=PARAMETERS["gblinear"])
    steps = features[:2].copy()
    steps[1] = steps[0]
    steps[1, 7] += 1
    slope = np.diff(linear.predict(steps))[0]
    assert_allclose(linear.importance[7], abs(slope) * features[split.train, 7].std(dtype=np.float64), rtol=1e-3)


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
        ("gbtree", {"seed": 1}, "set by --seed"),
        ("gbtree", {"device": "cuda"}, "set by --compute_platform"),
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
    with pytest.raises(InputError, match="--compute_platform CUDA: no usable GPU"):
        choose_device("CUDA", "gbtree")


def test_a_warning_of_xgboost_tells_that_a_gpu_is_missing(monkeypatch):
    monkeypatch.setattr(boosters.xgboost, "build_info", lambda: {"USE_CUDA": False})
    assert "built for the CPU" in boosters.cuda_problem()


def test_quantised_in_several_batches_predicts_what_a_plain_matrix_does(monkeypatch):
    """To the last bit: the published line is compared digit by digit."""
    monkeypatch.setattr(boosters, "ROWS_AT_ONCE", 500)
    rng = np.random.default_rng(0)
    features = rng.gamma(2, size=(3000, 12)).astype(np.float32)
    observed = features[:, :3].sum(axis=1) + rng.normal(size=3000)
    split = split_by_chromosome(np.resize(["chr1", "chr1", "chr1", "chr8"], 3000), ["chr8"])
    parameters = PARAMETERS["gbtree"] | {"num_boost_round": 20, "early_stopping_rounds": 20}
    (fit,) = fit_all("gbtree", features, split, observed[:, None], parameters=parameters)
    plain = xgboost.train(
        boosters._booster_parameters(parameters) | {"seed": 1410},
        xgboost.DMatrix(features[split.train], observed[split.train]),
        num_boost_round=fit.chosen["rounds_kept"],
    )
    assert_array_equal(fit.predict(features), plain.predict(xgboost.DMatrix(features)).astype(np.float64))
