"""What can be fitted, behind one interface: prepare once for a split, then fit every target on it.

`prepare(...)` gives a learner; `learner.fit(targets, seed=...)` yields one fit per column of `targets`; a fit has
`predict(features)`, `save(folder)`, `history` and `rounds`.
"""

import json
import warnings
from dataclasses import dataclass

import numpy as np
import xgboost

from spex.errors import InputError
from spex.storage import require_file, whole_file

PARAMETERS = {
    "gbtree": {
        "booster": "gbtree",
        "objective": "reg:squarederror",
        "tree_method": "hist",
        "base_score": 2,
        "max_depth": 6,
        "max_bin": 100,
        "eta": 0.051817108848631936,
        "alpha": 0.09838211642344241,
        "lambda": 275.1911788945532,
        "gamma": 0.4980984973194085,
        "min_child_weight": 2.9990138316074377,
        "max_delta_step": 4.636511934158108,
        "colsample_bytree": 0.5898165366422254,
        "colsample_bylevel": 0.7845488136664186,
        "colsample_bynode": 0.3190626081646857,
        "num_boost_round": 2000,
        "early_stopping_rounds": 50,
    },
}
"""Published parameters (Chiliński et al. 2023), with xgboost's own names for them."""

ROUND_PARAMETERS = ("num_boost_round", "early_stopping_rounds")
"""Parameters that `xgboost.train` takes beside those of the booster."""


def read_parameters(path, model):
    """The published parameters of a model, with those in a JSON file in place of their namesakes.

    path: JSON file that holds one object, or None for the published parameters as they are.

    Raises:
        InputError: not such a file, or a parameter that the model does not know or cannot use.
    """
    if path is None:
        return PARAMETERS[model]
    try:
        changes = json.loads(require_file(path, "--params").read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"--params {path}: not JSON ({error}); expected an object like {{'eta': 0.1}}") from error
    if not isinstance(changes, dict):
        raise InputError(f"--params {path}: found {changes!r:.60}; expected an object like {{'eta': 0.1}}")
    parameters = PARAMETERS[model] | changes
    problem = _booster_problem(parameters)
    if problem:
        raise InputError(f"--params {path}: {problem}; known beside xgboost's own: {', '.join(ROUND_PARAMETERS)}")
    return parameters


def _booster_problem(parameters):
    """What xgboost says against parameters, found by a fit of four numbers; None when it takes them all."""
    for name in ROUND_PARAMETERS:
        if not isinstance(parameters[name], int) or parameters[name] < 1:
            return f"{name} is {parameters[name]!r}, expected a whole number from 1 up"
    own = {name: value for name, value in parameters.items() if name not in ROUND_PARAMETERS}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            xgboost.train(own, xgboost.DMatrix(np.eye(4), np.arange(4)), num_boost_round=1)
        except (xgboost.core.XGBoostError, ValueError, TypeError) as error:
            return f"xgboost refuses it: {str(error).splitlines()[0]}"
    return "; ".join(str(warning.message).partition("\n")[2].strip() for warning in said) or None


def prepare(features, split, parameters):
    """Do once what does not depend on the target: quantise the features of the split's rows.

    features: float32 (n, width). split: dataset.Split over its rows. parameters: as in `PARAMETERS`.

    Returns: a learner, whose `fit(targets, seed, on_round)` yields a fit per target.
    """
    return BoosterLearner(features, split, parameters)


class BoosterLearner:
    """Boosted trees on features that are quantised once, however many targets and seeds follow."""

    def __init__(self, features, split, parameters):
        self.split = split
        self.rounds = parameters["num_boost_round"]
        self.early_stopping_rounds = parameters["early_stopping_rounds"]
        self.parameters = {name: value for name, value in parameters.items() if name not in ROUND_PARAMETERS}
        max_bin = parameters["max_bin"]
        self.train = xgboost.QuantileDMatrix(features[split.train], max_bin=max_bin)
        self.watched = xgboost.QuantileDMatrix(features[split.watched], ref=self.train, max_bin=max_bin)

    def fit(self, targets, *, seed, on_round=lambda count: None):
        """Fit one model per column of `targets`, float64 (n, t) over all rows; yields BoosterFit.

        seed: of the column sampling. on_round: called with 1 after each boosting round.
        """
        for target in np.asarray(targets).T:
            self.train.set_label(target[self.split.train])
            self.watched.set_label(target[self.split.watched])
            history = {}
            booster = xgboost.train(
                {**self.parameters, "seed": seed},
                self.train,
                num_boost_round=self.rounds,
                evals=[(self.train, "train"), (self.watched, "watched")],  # the last one decides when to stop
                callbacks=[
                    xgboost.callback.EarlyStopping(rounds=self.early_stopping_rounds, save_best=True),
                    _RoundCounter(on_round),
                ],
                evals_result=history,
                verbose_eval=False,
            )
            yield BoosterFit(booster, {name: series["rmse"] for name, series in history.items()})


class _RoundCounter(xgboost.callback.TrainingCallback):
    def __init__(self, on_round):
        super().__init__()
        self.on_round = on_round

    def after_iteration(self, model, epoch, evals_log):
        self.on_round(1)
        return False


@dataclass(frozen=True)
class BoosterFit:
    """A fitted booster that holds the kept rounds only.

    history: rmse after each round that was run, of the rows for training ("train") and of the watched ones.
    """

    booster: xgboost.Booster
    history: dict[str, list[float]]

    @property
    def rounds(self):
        """Rounds that were run and rounds that were kept."""
        return {"run": len(self.history["watched"]), "kept": self.booster.num_boosted_rounds()}

    def predict(self, features):
        """Predict float64 (n,), in ln(expression), from float32 (n, width)."""
        return self.booster.inplace_predict(features).astype(np.float64)

    def save(self, folder):
        """Write `model.ubj`, which any xgboost from 2.0 on reads."""
        with whole_file(folder / "model.ubj") as file:
            file.write(self.booster.save_raw("ubj"))
