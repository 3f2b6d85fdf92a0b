"""Ridge regression of every target at once, in its dual form: the Gram matrix once, a Cholesky factor a penalty."""

import logging
from dataclasses import dataclass
from itertools import product

import numpy as np

from spex.files.sealed import load_array, save_array
from spex.models.gram import NONE, Gram, Penalties
from spex.models.matrices import column_blocks
from spex.models.model import Learner
from spex.progress import progress

RIDGE = {"penalties": [1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]}
OWN_PENALTY = "neighbour_penalties"
"""Parameter that may be left out: penalties of the neighbour block apart, numbers or "none"."""

LINEAR = "model.npy"

logger = logging.getLogger("spex")


def choices_of(parameters):
    """Every combination of penalties: list of Penalties, the penalty rising and within it the neighbour block's."""
    penalties = sorted(set(map(float, parameters["penalties"])))
    own = parameters.get(OWN_PENALTY)
    if own is None:
        return [Penalties(penalty) for penalty in penalties]
    numbers = sorted({float(value) for value in own if value != NONE})
    return [Penalties(*pair) for pair in product(penalties, [*numbers, *([NONE] if NONE in own else [])])]


def columns_apart(parameters, neighbours):
    """How many of the last columns have a penalty of their own. neighbours: how many are sums over contacted bins."""
    return neighbours if OWN_PENALTY in parameters else 0


class Choice:
    """The penalties with the least rmse on the watched rows so far, of each of t targets, and what they gave.

    duals: float64 (n, t), all 0, for the dual weights of the chosen penalties.

    best: (t,) positions among the penalties offered. intercepts: (t,), for standardised features. train, watched: a
    list of (t,), the rmse at each penalty.
    """

    def __init__(self, duals):
        self.duals = duals
        self.best = np.zeros(duals.shape[1], dtype=int)
        self.intercepts, self.least = np.zeros(duals.shape[1]), np.full(duals.shape[1], np.inf)
        self.train, self.watched = [], []

    def offer(self, duals, intercepts, *, train, watched):
        """Take another penalty where it is better. duals: (n, t). train, watched: residuals, (rows, t)."""
        error = _rmse(watched)
        better = error < self.least
        self.best[better] = len(self.watched)
        self.least[better] = error[better]
        self.duals[:, better] = duals[:, better]
        self.intercepts[better] = intercepts[better]
        self.train.append(_rmse(train))
        self.watched.append(error)


def _rmse(residuals):
    return np.sqrt(np.mean(residuals**2, axis=0))


class RidgeLearner(Learner):
    """The Gram matrix of the training genes: memory for one float64 matrix (n, n) of n genes, beside the features."""

    def __init__(self, features, split, parameters, device="cpu", neighbours=0):
        self.split = split
        self.choices = choices_of(parameters)
        neighbours = columns_apart(parameters, neighbours)
        self.gram = Gram(features, split.train, others=split.watched, neighbours=neighbours, device=device)

    def fits(self, targets, *, names, wanted, seed):
        """Fit all targets at once, each with the penalties that have the least rmse on the watched rows.

        Those that are not wanted are computed too, so that a resumed run does the same sums. seed: not used.

        Raises:
            InputError: a penalty that is lost in rounding.
        """
        train, watched = targets[self.split.train], targets[self.split.watched]
        mean = train.mean(axis=0)
        choice = Choice(np.zeros_like(train, order="F"))
        with progress(len(self.choices), "penalties", "ridge") as advance:
            for penalties in self.choices:
                duals, predicted = self.gram.solve(penalties, train - mean)
                choice.offer(duals, mean, train=penalties.penalty * duals, watched=watched - mean - predicted)
                advance(1)
        weights = self.gram.weights(choice.duals, ratios_of(self.choices, choice))
        yield from make_fits(self.gram, self.choices, choice, weights, names=names, wanted=wanted)


def ratios_of(choices, choice):
    """Ratio of the chosen penalties of each target, (t,)."""
    return np.array([penalties.ratio for penalties in choices])[choice.best]


def make_fits(gram, choices, choice, weights, *, names, wanted):
    """Yield the RidgeFit of each wanted target, back in the units of the features.

    choices: list of Penalties. choice: Choice among them. weights: float64 (width, t), of standardised features.
    """
    _warn_of_ends("penalty", [each.penalty for each in choices], choice.best, names)
    _warn_of_ends("penalty of the neighbour block", [each.neighbour for each in choices], choice.best, names)
    for column in wanted:
        chosen = choices[choice.best[column]]
        coefficients = weights[:, column] / gram.scale
        history = {
            "penalty": [each.penalty for each in choices],
            "train": [float(rmse[column]) for rmse in choice.train],
            "watched": [float(rmse[column]) for rmse in choice.watched],
        }
        if chosen.neighbour is not None:
            history["neighbour_penalty"] = [each.neighbour for each in choices]
        yield RidgeFit(
            coefficients=coefficients,
            intercept=float(choice.intercepts[column] - gram.mean @ coefficients),
            importance=np.abs(coefficients) * gram.deviation,
            penalty=chosen.penalty,
            neighbour_penalty=chosen.neighbour,
            history=history,
        )


def _warn_of_ends(what, values, best, names):
    """Say which targets take the first or the last of several numbers: more beyond it may be better."""
    numbers = sorted({value for value in values if isinstance(value, float)})
    if len(numbers) < 2:
        return
    ends = [name for name, row in zip(names, best, strict=True) if values[row] in (numbers[0], numbers[-1])]
    if ends:
        logger.warning(
            "%d of %d targets (such as %s) fit best at an end of the range of the %s, %g to %g; a wider range, given "
            "in a file of parameters, may fit better",
            *(len(ends), len(best), ends[0], what, numbers[0], numbers[-1]),
        )


def read_linear(folder):
    """The RidgeFit that `RidgeFit.save` wrote, for predictions alone; errors as of `load_array`."""
    numbers = load_array(folder / LINEAR)
    return RidgeFit(coefficients=numbers[1:], intercept=float(numbers[0]))


@dataclass(frozen=True)
class RidgeFit:
    """A fitted ridge regression, or another linear model whose coefficients are known.

    coefficients: float64 (width,), per unit of each feature. intercept: in ln(expression). importance: (width,)
    |coefficient| per standard deviation of the feature. neighbour_penalty: a number, "none", or None where one penalty
    is for all columns. history: rmse of training and watched rows at each penalty, or combination of penalties.
    """

    coefficients: np.ndarray
    intercept: float
    importance: np.ndarray | None = None
    penalty: float | None = None
    neighbour_penalty: float | str | None = None
    history: dict[str, list] | None = None

    @property
    def chosen(self):
        own = {} if self.neighbour_penalty is None else {"neighbour_penalty": self.neighbour_penalty}
        return {"penalty": self.penalty, **own}

    def predict(self, features):
        """Predict float64 (n,), in ln(expression), from float32 (n, width)."""
        predicted = np.full(len(features), self.intercept)
        for block in column_blocks(features):
            predicted += features[:, block].astype(np.float64) @ self.coefficients[block]
        return predicted

    def save(self, folder):
        """Write `model.npy`: the intercept, then the coefficients, float64."""
        save_array(folder / LINEAR, np.concatenate([[self.intercept], self.coefficients]))
