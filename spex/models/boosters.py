"""Boosted trees and boosted linear models (xgboost)."""

import json
import math
import re
import warnings
from dataclasses import dataclass

import numpy as np
import xgboost

from spex.errors import InputError, parameter, shown
from spex.files.atomic import whole_file
from spex.files.sealed import DamagedFileError
from spex.models.matrices import column_moments
from spex.models.model import Learner, Model
from spex.models.quantised import ROWS_AT_ONCE, quantise, quantise_like
from spex.models.ridge import LINEAR, read_linear
from spex.models.splits import Split
from spex.progress import headings, progress

GBTREE = {
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
}
"""Chiliński et al. (2023)."""

GBLINEAR = {
    "booster": "gblinear",
    "objective": "reg:squarederror",
    "base_score": 2,
    "lambda": 100,
    "alpha": 0,
    "eta": 0.01,
    "nthread": 1,  # several threads race for the weights: another result each time
    "num_boost_round": 100,
}
"""Zhou et al. (2018), whose reg:linear is now called reg:squarederror."""

TRAINING_ARGUMENTS = ("num_boost_round", "early_stopping_rounds")
"""Parameters that `xgboost.train` takes beside those of the booster."""

SET_BY_ARGUMENTS = {
    "seed": "seed",
    "random_state": "seed",
    "device": "device",
    "gpu_id": "device",
    "n_gpus": "device",
}
"""Parameters of xgboost that follow from an argument of ours."""

ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
    "n_jobs": "nthread",
}
"""xgboost's second names. Of two names for one thing it takes either, so each parameter is known by its first."""

METRIC = "rmse"
OBJECTIVES = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")
"""Those that predict one number of any sign, as ln(expression) is, on the scale of the observed one."""

BEYOND_EXPRESSION = 1e6
"""No ln(expression) comes near it: who predicts more has diverged."""

NOT_TO_SET = {
    "verbosity": "it hides what xgboost says of parameters that it does not use",
    "validate_parameters": "it hides parameters that xgboost does not know",
    "disable_default_eval_metric": "early stopping and the pictures rely on the metric",
    "scale_pos_weight": "it weighs classes, and expression has none",
    "num_class": "expression has no classes",
    "num_feature": "it is the width of the tensors",
    "num_target": "targets are fitted one by one",
}
TRIED_ROUNDS, TRIED_COLUMNS = 3, 64


def _own_problems(parameters, model):
    """Yield what is wrong with parameters and xgboost would not report, or only at the end of a fit."""
    for name in parameters.keys() & SET_BY_ARGUMENTS.keys():
        yield f"{name} is set by {parameter(SET_BY_ARGUMENTS[name])}, not in the file"
    for name in parameters.keys() & NOT_TO_SET.keys():
        yield f"{name} cannot be set: {NOT_TO_SET[name]}"
    if parameters.get("eval_metric", METRIC) != METRIC:
        yield f"eval_metric is fixed at {METRIC}, on which early stopping and the pictures rely"
    if parameters["objective"] not in OBJECTIVES:
        yield f"objective is {parameters['objective']!r:.60}, expected one for expression: {', '.join(OBJECTIVES)}"
    if parameters["booster"] != model:  # nor dart: its trees change after the round that early stopping keeps
        yield f"booster is {parameters['booster']!r:.60}, but {parameter('model')} says which: {model}"
    if parameters["booster"] == "gblinear" and "early_stopping_rounds" in parameters:
        yield "gblinear runs all its rounds, so it has no early_stopping_rounds"
    for name in TRAINING_ARGUMENTS:
        value = parameters.get(name, 1)
        if type(value) is not int or value < 1:
            yield f"{name} is {value!r:.60}, expected a whole number from 1 up"


def _in_one_line(error):
    """What xgboost says of an error, without the place in its source."""
    return re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", str(error).splitlines()[0])


def _try_out(parameters, device="cpu"):
    """Fit four genes as any others are fitted. Returns: the error in one line or None, and what xgboost warned of."""
    features = np.eye(4, TRIED_COLUMNS, dtype=np.float32)
    targets = np.linspace(-2.0, 3.0, 4)[:, None]
    split = Split((), (), train=np.arange(3), validation=np.arange(0), test=np.arange(1, 4))
    few = parameters | {"num_boost_round": min(parameters["num_boost_round"], TRIED_ROUNDS)}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            for fit in BoosterLearner(features, split, few, device).fit(
                targets, names=["parameters"], wanted=[0], seed=0
            ):
                if not np.abs(fit.predict(features)).max() < BEYOND_EXPRESSION:
                    return "with these parameters it predicts no finite numbers, or none that can be expression", []
        except (InputError, xgboost.core.XGBoostError, ValueError, TypeError, AttributeError, OverflowError) as error:
            return f"xgboost refuses it: {_in_one_line(error.__cause__ or error)}", []
    return None, [str(warning.message).partition("\n")[2].strip() for warning in caught]


def _booster_parameters(parameters):
    return {name: value for name, value in parameters.items() if name not in TRAINING_ARGUMENTS}


class BoosterLearner(Learner):
    """Boosting on features that are quantised (trees) or laid out (linear) once, however many targets follow."""

    def __init__(self, features, split, parameters, device="cpu"):
        self.split, self.parameters, self.device = split, parameters, device
        if parameters["booster"] == "gblinear":
            self.train = xgboost.DMatrix(features[split.train])
            self.watched = xgboost.DMatrix(features[split.watched])
            self.scale = column_moments(features, split.train)[1]
        else:
            max_bin = parameters["max_bin"]
            self.train = quantise(features, split.train, max_bin)
            self.watched = quantise_like(self.train, features, split.watched, max_bin)
            self.scale = None

    def fits(self, targets, *, names, wanted, seed):
        """Fit one model after the other. seed: of the columns that trees are offered.

        Raises:
            InputError: xgboost cannot fit: a parameter that does not suit the features, or a GPU's memory is full.
        """
        doing = headings([names[position] for position in wanted], "target")
        for position, heading in zip(wanted, doing, strict=True):
            target, history = targets[:, position], {}
            self.train.set_label(target[self.split.train])
            self.watched.set_label(target[self.split.watched])
            try:
                booster = self._boost(heading, seed, history)
            except xgboost.core.XGBoostError as error:
                raise InputError(f"xgboost cannot fit {shown(names[position])}: {_in_one_line(error)}") from error
            yield BoosterFit(booster, self.scale, {part: series[METRIC] for part, series in history.items()})

    def _boost(self, heading, seed, history):
        """Boost on the labels that are set. history: dict that gets the errors. Returns: xgboost.Booster."""
        own = {"device": self.device, "eval_metric": METRIC, "seed": seed}
        rounds, patience = (self.parameters.get(name) for name in TRAINING_ARGUMENTS)
        stopping = [] if patience is None else [xgboost.callback.EarlyStopping(rounds=patience, save_best=True)]
        with progress(rounds, "rounds", heading) as advance:
            return xgboost.train(
                _booster_parameters(self.parameters) | own,
                self.train,
                num_boost_round=rounds,
                evals=[(self.train, "train"), (self.watched, "watched")],  # the last one decides when to stop
                callbacks=[*stopping, _RoundCounter(advance, patience)],
                evals_result=history,
                verbose_eval=False,
            )


class _RoundCounter(xgboost.callback.TrainingCallback):
    """Reports how far boosting is. patience: rounds without a better one that end it; None when it runs all."""

    def __init__(self, advance, patience):
        super().__init__()
        self.advance, self.patience = advance, patience
        self.least, self.best = math.inf, 0

    def after_iteration(self, model, epoch, evals_log):
        if self.patience is None:
            self.advance(1)
            return False
        rmse = evals_log["watched"][METRIC][-1]
        if rmse < self.least:
            self.least, self.best = rmse, epoch + 1
        waited = epoch + 1 - self.best
        note = f"best rmse {self.least:.4f} after {self.best}, {waited} of {self.patience} rounds without a better one"
        self.advance(1, least=self.patience - waited, note=note)
        return False


@dataclass(frozen=True)
class BoosterFit:
    """A fitted booster, of the kept rounds only.

    scale: (width,) standard deviation of each feature over the training rows, for linear boosters; None for trees.
    history: rmse after each round that was run, of the training rows ("train") and of the watched ones ("watched").
    """

    booster: xgboost.Booster
    scale: np.ndarray | None = None
    history: dict[str, list[float]] | None = None

    @property
    def chosen(self):
        return {"rounds_run": len(self.history["watched"]), "rounds_kept": self.booster.num_boosted_rounds()}

    @property
    def importance(self):
        """What each feature contributes, float64 (width,): total gain (trees), |coefficient| in s.d. (linear)."""
        width = self.booster.num_features()
        importance = np.zeros(width)
        scores = self.booster.get_score(importance_type="total_gain" if self.scale is None else "weight")
        for name, value in scores.items():  # features are called f0, f1, ...
            importance[int(name[1:])] = value
        return importance if self.scale is None else np.abs(importance) * self.scale

    @property
    def coefficients(self):
        """Of a linear booster, float64 (width,), per unit of each feature."""
        model = json.loads(self.booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
        return np.array(model["weights"][:-1])  # the last one is its bias

    @property
    def intercept(self):
        """Of a linear booster, in ln(expression): what it predicts where every feature is 0."""
        return float(self.predict(np.zeros((1, self.booster.num_features()), np.float32))[0])

    def predict(self, features):
        """Predict float64 (n,), in ln(expression), from float32 (n, width)."""
        parts = [features[start : start + ROWS_AT_ONCE] for start in range(0, len(features), ROWS_AT_ONCE)]
        return np.concatenate([self.booster.predict(xgboost.DMatrix(part)) for part in parts]).astype(np.float64)

    def save(self, folder):
        """Write `model.ubj`, in xgboost's own format."""
        with whole_file(folder / "model.ubj") as file:
            file.write(self.booster.save_raw("ubj"))


class _Boosted(Model):
    """What both boosters have in common."""

    aliases = ALIASES
    seeded = True  # trees draw columns; linear boosters draw by their parameter feature_selector

    def learner(self, features, split, parameters, device="cpu", neighbours=0):
        return BoosterLearner(features, split, parameters, device)

    def read_fit(self, folder):
        content = bytearray((folder / "model.ubj").read_bytes())
        try:
            return BoosterFit(xgboost.Booster(model_file=content))
        except xgboost.core.XGBoostError as error:
            raise DamagedFileError(f"{folder / 'model.ubj'}: {str(error).splitlines()[0]}") from error

    def find_problem(self, parameters):
        problem = next(_own_problems(parameters, self.name), None)
        if problem:
            return problem
        error, said = _try_out(parameters)
        return error or "; ".join(said) or None


class BoostedTrees(_Boosted):
    """Gradient-boosted trees with the published parameters (Chiliński et al. 2023)."""

    name, defaults = "gbtree", GBTREE
    use_of_watched = "as published, early stopping watches"

    def cuda_problem(self):
        if not xgboost.build_info()["USE_CUDA"]:
            return "this xgboost is built for the CPU (`make setup GPU=1` installs the other)"
        error, said = _try_out(GBTREE, device="cuda")
        return "xgboost finds no usable GPU" if error or said else None


class BoostedLinear(_Boosted):
    """ExPecto's own model, a boosted linear one (Zhou et al. 2018)."""

    name, defaults, linear = "gblinear", GBLINEAR, True

    def read_fit(self, folder):
        """As of Model; what was imported without XGBoost is kept as its numbers."""
        return read_linear(folder) if (folder / LINEAR).exists() else super().read_fit(folder)

    def cuda_problem(self):
        return "gblinear is fitted on the CPU only"
