"""What a model is to the rest of the program: parameters, devices, learners, saved fits.

A model is one class here and one entry in `spex.models.registry`. It prepares a learner once for a split; the learner
then fits every target on it.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from spex.errors import InputError, parameter, shown
from spex.files.checks import require_file
from spex.files.sealed import DamagedFileError
from spex.models.splits import Split


class Fitted(Protocol):
    """One fit of one target.

    importance: float64 (width,), what each feature contributes; None of a fit that was read from disk. chosen: what
    training settled on. history: rmse of training and watched rows, by round or by penalty.
    """

    importance: np.ndarray
    chosen: dict[str, Any]
    history: dict[str, list]

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Predict float64 (n,), in ln(expression), from float32 (n, width)."""
        ...

    def save(self, folder: Path) -> None:
        """Write the file that `Model.load` reads."""
        ...


class LinearFitted(Fitted, Protocol):
    """A fit whose prediction is intercept + features @ coefficients. coefficients: float64 (width,), per unit of each
    feature. intercept: in ln(expression)."""

    coefficients: np.ndarray
    intercept: float


class Learner(ABC):
    """Features that are prepared for one split, on which any number of targets is fitted."""

    def fit(self, targets: np.ndarray, *, names: Sequence[str], wanted: Iterable[int], seed: int) -> Iterator[Fitted]:
        """Fit some of the targets.

        targets: float64 (n, t) over all rows, in ln(expression). names: of the t targets, for progress and errors.
        wanted: positions of the targets to fit. seed: of what is random.

        Yields: a fit for each wanted target, in their order.

        Raises:
            InputError: targets that are not finite, or what the model cannot fit.
        """
        finite = np.isfinite(targets).all(axis=0)
        if not finite.all():
            name = shown(names[int(finite.argmin())])
            raise InputError(f"{name}: NaN or infinity", argument="expression", expected="finite numbers")
        return self.fits(targets, names=names, wanted=list(wanted), seed=seed)

    @abstractmethod
    def fits(self, targets: np.ndarray, *, names: Sequence[str], wanted: list[int], seed: int) -> Iterator[Fitted]:
        """As `fit`, of targets that are finite."""


class Model(ABC):
    """One kind of model.

    name: as options and records have it. defaults: parameters by name, those of its publication. optional: parameters
    that it has beside them. aliases: second name of a parameter -> its first. use_of_watched: what it does with the
    watched rows, in words to put before their name; None where it never looks at them. seeded: whether a seed can
    change its numbers. linear: whether its fits are LinearFitted. shares_folds: whether the folds of a cross-validation
    share work. shared_settings: what that changes in the numbers, as settings of the fits.
    """

    name: ClassVar[str]
    defaults: ClassVar[dict[str, Any]]
    optional: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[dict[str, str]] = {}
    use_of_watched: ClassVar[str | None] = None
    seeded: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    shares_folds: ClassVar[bool] = False
    shared_settings: ClassVar[dict[str, Any]] = {}

    @abstractmethod
    def learner(
        self, features: np.ndarray, split: Split, parameters: dict, device: str = "cpu", neighbours: int = 0
    ) -> Learner:
        """Do once what does not depend on the target.

        features: float32 (n, width). device: "cpu" or "cuda". neighbours: how many of the last columns are sums over
        contacted bins.
        """

    def fold_learners(
        self, features: np.ndarray, splits: list[Split], parameters: dict, device: str = "cpu", neighbours: int = 0
    ) -> list[Learner]:
        """A learner for each split, which are the folds of a cross-validation and share what they can."""
        return [self.learner(features, split, parameters, device, neighbours) for split in splits]

    @abstractmethod
    def read_fit(self, folder: Path) -> Fitted:
        """Read what a fit of it saved, which can predict, and knows nothing of its training.

        Raises:
            OSError or DamagedFileError: it cannot be read.
        """

    @abstractmethod
    def find_problem(self, parameters: dict) -> str | None:
        """What is wrong with parameters, in words; None when they can be used."""

    def find_neighbours_problem(self, parameters: dict, neighbours: int) -> tuple[str, str] | None:
        """Which parameter does not suit so many columns of contacted bins, and why; None when all do."""
        return None

    @abstractmethod
    def cuda_problem(self) -> str | None:
        """Why it cannot be fitted on a GPU here, in words; None when it can."""

    def parameters(self, changes: dict[str, Any], **about: Any) -> dict[str, Any]:
        """The default parameters with some of them changed.

        changes: name -> JSON value, by any name that the model has for it. about: where they come from, for errors.

        Raises:
            InputError: a parameter that the model does not know or cannot use.
        """
        about = {"argument": "parameters"} | about
        empty = next((name for name, value in changes.items() if value is None), None)
        if empty is not None:
            hint = "leave it out to keep the usual one"
            raise InputError(f"{shown(empty)} is null", **about, expected="a value", hint=hint)
        twice = [(other, name) for other, name in self.aliases.items() if {other, name} <= changes.keys()]
        problem = None
        if twice:
            problem = f"{twice[0][0]} is another name of {twice[0][1]}, and both are there; give one of them"
        merged = deepcopy(self.defaults) | {self.aliases.get(name, name): value for name, value in changes.items()}
        if changes:
            problem = problem or self.find_problem(merged)
        if problem:
            known = ", ".join([*self.defaults, *self.optional])
            raise InputError(problem, **about, hint=f"{parameter('model')} {self.name} has {known}")
        return merged

    def read_parameters(self, path: Path | None, given: Iterable[str] = ()) -> dict:
        """The default parameters with those in a JSON file in place of their namesakes.

        path: JSON file of one object, or None for the defaults. given: names of parameters that are given in another
        way, so that the file cannot have them too.

        Raises:
            InputError: not such a file, or a parameter that the model does not know or cannot use.
        """
        if path is None:
            return self.parameters({})
        about = {"argument": "parameters", "subject": path}
        if str(path).lstrip().startswith("{"):
            hint = "write it into a file, such as parameters.json, and give its path"
            raise InputError("found JSON", argument="parameters", expected="the path of a JSON file", hint=hint)
        changes = _read_object(require_file(path, "parameters"), about)
        twice = next((name for name in given if name in changes), None)
        if twice is not None:
            raise InputError(f"{twice} is given by {parameter(twice)} too; give one of them", **about)
        return self.parameters(changes, **about)

    def check_neighbours(self, parameters: dict, neighbours: int) -> None:
        """Refuse parameters that do not suit the features. neighbours: how many are sums over contacted bins.

        Raises:
            InputError: they do not.
        """
        problem = self.find_neighbours_problem(parameters, neighbours)
        if problem:
            raise InputError(problem[1], argument=problem[0])

    def choose_device(self, platform: str | None) -> str:
        """Where it is fitted: "cuda" or "cpu". platform: "CPU", "CUDA", or None for CUDA where it and the machine can.

        Raises:
            InputError: CUDA was asked for, and the model, this xgboost or this machine cannot.
        """
        problem = None if platform == "CPU" else self.cuda_problem()
        if platform == "CUDA" and problem:
            raise InputError(problem, argument="device", subject="CUDA", hint="leave it out to fit on the CPU")
        return "cpu" if platform == "CPU" or problem else "cuda"

    def prepare(
        self, features: np.ndarray, split: Split, parameters: dict, device: str = "cpu", neighbours: int = 0
    ) -> Learner:
        """As `learner`, once the features can be used, and the parameters suit them."""
        self._check(features, [split], parameters, neighbours)
        return self.learner(features, split, parameters, device, neighbours)

    def prepare_folds(
        self, features: np.ndarray, splits: list[Split], parameters: dict, device: str = "cpu", neighbours: int = 0
    ) -> list[Learner]:
        """As `fold_learners`, once the features can be used, and the parameters suit them."""
        self._check(features, splits, parameters, neighbours)
        return self.fold_learners(features, splits, parameters, device, neighbours)

    def _check(self, features, splits, parameters, neighbours):
        self.check_neighbours(parameters, neighbours)
        if not np.isfinite(features.sum(axis=1)).all():
            raise InputError("NaN or infinity among them", argument="features", expected="finite numbers")
        if not all(len(split.train) and len(split.watched) for split in splits):
            raise InputError("no training genes, or none to watch", argument="features", expected="one at the least")

    def load(self, folder: Path) -> Fitted:
        """Read a saved fit.

        Raises:
            InputError: its file is missing or damaged.
        """
        try:
            return self.read_fit(folder)
        except (OSError, DamagedFileError) as error:
            raise InputError(
                f"its model cannot be read ({error})", argument="fit", subject=folder, hint="fit it again"
            ) from error


def _read_object(path, about):
    """The one object of a JSON file, as a dict."""
    example = 'an object like {"eta": 0.1}'
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(
            text, parse_constant=_finite_number, parse_float=_finite_number, object_pairs_hook=_each_once
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({shown(error, 120)})", **about, expected=example) from error
    if not isinstance(found, dict):
        raise InputError(f"found {found!r:.60}", **about, expected=example)
    return found


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
