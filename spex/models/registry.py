"""What can be fitted, behind one interface: prepare once for a split, then fit every target on it.

`prepare` gives a learner. `learner.fit(targets, names=..., seed=...)` yields one fit per column of `targets`. A fit has
`predict(features)`, `save(folder)`, `importance`, `chosen` (what training settled on) and `history` (how it got there).
"""

import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

from spex.arguments import choice
from spex.errors import InputError, parameter, shown
from spex.files.checks import require_file
from spex.files.sealed import DamagedFileError
from spex.models import boosters, products, ridge, ridge_folds

PARAMETERS = {"gbtree": boosters.GBTREE, "gblinear": boosters.GBLINEAR, "ridge": ridge.RIDGE}
"""Parameters of each model: the published ones of the first two, with xgboost's own names for them."""


@dataclass(frozen=True)
class Model:
    """One kind of model.

    learner: called with features, split, parameters, device. fit: class whose `load(folder)` reads what it saved.
    find_problem: from parameters to what is wrong with them, in words, or None. aliases: second names of parameters.
    use_of_watched: what it does with the watched rows, in words to put before their name; None where it never looks at
    them. seeded: whether a seed can change its numbers. cuda_problem: tells why it cannot be fitted on a GPU here, in
    words, or None. linear: whether its fits have `coefficients` and `intercept`. optional: parameters that it has
    beside those in `PARAMETERS`. find_width_problem: from parameters and the features' width to the parameter that does
    not suit it and why, or None.

    shared_learner: called with features, splits, parameters, device where the splits are the folds of a
    cross-validation; has `learners`, one a split, which share what they can. None: each fold is prepared by itself.
    shared_settings: what that changes in the numbers, as settings of the fits.
    """

    learner: Callable
    fit: type
    find_problem: Callable
    aliases: dict
    use_of_watched: str | None
    seeded: bool
    cuda_problem: Callable
    linear: bool
    optional: tuple[str, ...] = ()
    find_width_problem: Callable | None = None
    shared_learner: Callable | None = None
    shared_settings: dict = field(default_factory=dict)


MODELS = {
    "gbtree": Model(
        learner=boosters.BoosterLearner,
        fit=boosters.BoosterFit,
        find_problem=partial(boosters.find_problem, model="gbtree"),
        aliases=boosters.ALIASES,
        use_of_watched="as published, early stopping watches",
        seeded=True,
        cuda_problem=boosters.cuda_problem,
        linear=False,
    ),
    "gblinear": Model(
        learner=boosters.BoosterLearner,
        fit=boosters.BoosterFit,
        find_problem=partial(boosters.find_problem, model="gblinear"),
        aliases=boosters.ALIASES,
        use_of_watched=None,
        seeded=True,  # by its parameter feature_selector
        cuda_problem=lambda: "gblinear is fitted on the CPU only",
        linear=True,
    ),
    "ridge": Model(
        learner=ridge.RidgeLearner,
        fit=ridge.RidgeFit,
        find_problem=ridge.find_problem,
        aliases={},
        use_of_watched="the penalty is chosen on",
        seeded=False,
        cuda_problem=products.cuda_problem,
        linear=True,
        optional=(ridge.OWN_PENALTY,),
        find_width_problem=ridge.find_width_problem,
        shared_learner=ridge_folds.RidgeFolds,
        shared_settings={"standardised_over": "all genes"},
    ),
}


def read_parameters(path, model, given=()):
    """The parameters of a model, with those in a JSON file in place of their namesakes.

    path: JSON file that holds one object, or None for the parameters as they are. given: names of parameters that are
    given in another way, so that the file cannot have them too.

    Raises:
        InputError: not such a file, or a parameter that the model does not know or cannot use.
    """
    if path is None:
        return with_changes({}, model)
    example = 'an object like {"eta": 0.1}'
    about = {"argument": "parameters", "subject": path}
    file = require_file(path, "parameters")
    try:
        text = file.read_text(encoding="utf-8")
        changes = json.loads(
            text, parse_constant=_finite_number, parse_float=_finite_number, object_pairs_hook=_each_once
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({shown(error, 120)})", **about, expected=example) from error
    if not isinstance(changes, dict):
        raise InputError(f"found {changes!r:.60}", **about, expected=example)
    twice = next((name for name in given if name in changes), None)
    if twice is not None:
        raise InputError(f"{twice} is given by {parameter(twice)} too; give one of them", **about)
    return with_changes(changes, model, **about)


def with_changes(changes, model, **about):
    """The parameters of a model with some of them changed.

    changes: dict of name -> JSON value, by any name that xgboost has for it. about: where they come from, for errors.

    Raises:
        InputError: a parameter that the model does not know or cannot use.
    """
    kind = MODELS[check_model(model)]
    empty = next((name for name, value in changes.items() if value is None), None)
    if empty is not None:
        about = {"argument": "parameters"} | about
        raise InputError(
            f"{shown(empty)} is null", **about, expected="a value", hint="leave it out to keep the usual one"
        )
    twice = [(other, name) for other, name in kind.aliases.items() if {other, name} <= changes.keys()]
    problem = f"{twice[0][0]} is another name of {twice[0][1]}, and both are there; give one of them" if twice else None
    parameters = deepcopy(PARAMETERS[model]) | {kind.aliases.get(name, name): value for name, value in changes.items()}
    if changes:
        problem = problem or kind.find_problem(parameters)
    if problem:
        about = {"argument": "parameters"} | about
        known = ", ".join([*PARAMETERS[model], *kind.optional])
        raise InputError(problem, **about, hint=f"{parameter('model')} {model} has {known}")
    return parameters


def check_model(model):
    """The name of a model, when there is one of it."""
    return choice(model, "model", tuple(MODELS))


def _each_once(pairs):
    """A JSON object as a dict, when no name occurs twice in it."""
    names = [name for name, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"{shown(twice[0])} occurs twice")
    return dict(pairs)


def _finite_number(text):
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def check_width(model, parameters, width):
    """Refuse parameters that do not suit features of some width.

    Raises:
        InputError: they do not.
    """
    find_problem = MODELS[model].find_width_problem
    problem = find_problem and find_problem(parameters, width)
    if problem:
        raise InputError(problem[1], argument=problem[0])


def choose_device(platform, model):
    """Where a model is fitted: "cuda" or "cpu".

    platform: "CPU", "CUDA", or None for CUDA where the model and the machine can.

    Raises:
        InputError: CUDA was asked for, and the model, this xgboost or this machine cannot.
    """
    if platform == "CPU":
        return "cpu"
    problem = MODELS[model].cuda_problem()
    if problem is None:
        return "cuda"
    if platform == "CUDA":
        raise InputError(problem, argument="device", subject="CUDA", hint="leave it out to fit on the CPU")
    return "cpu"


def prepare(model, features, split, parameters, device="cpu"):
    """Do once what does not depend on the target: quantise, or factorise, the features of the split's rows.

    features: float32 (n, width). split: splits.Split over its rows. parameters: as in `PARAMETERS`.

    Raises:
        InputError: parameters that do not suit features of this width.
    """
    check_width(model, parameters, features.shape[1])
    return MODELS[model].learner(features, split, parameters, device)


def prepare_folds(model, features, splits, parameters, device="cpu"):
    """The folds of a cross-validation together: a learner for each split, or None where the model shares nothing.

    As `prepare`, but for splits: list of Split.
    """
    check_width(model, parameters, features.shape[1])
    shared = MODELS[model].shared_learner
    return shared and shared(features, splits, parameters, device).learners


def load_fit(folder, model):
    """Read a fit that `save` wrote. model: name in `PARAMETERS`.

    Raises:
        InputError: the model's file is missing or damaged.
    """
    try:
        return MODELS[model].fit.load(folder)
    except (OSError, DamagedFileError) as error:
        raise InputError(
            f"its model cannot be read ({error})", argument="fit", subject=folder, hint="fit it again"
        ) from error
