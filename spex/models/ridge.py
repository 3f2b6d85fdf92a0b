"""Ridge regression of every target and every penalty from one eigendecomposition.

In its dual form: with X the standardised training features (n, p) and X X' = U diag(e) U', the weights at penalty k
are X' U diag(1 / (e + k)) U' y. They minimise |y - X w|^2 + k |w|^2.
"""

import logging
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.blas import dsyrk

from spex.files.sealed import load_array, save_array
from spex.models.matrices import column_blocks, column_moments

LEAST, MOST = 1e-30, 1e30
RIDGE = {"penalties": [1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7]}

logger = logging.getLogger("spex")


def find_problem(parameters):
    """What is wrong with parameters, in words; None when nothing is."""
    unknown = sorted(parameters.keys() - RIDGE.keys())
    if unknown:
        return f"ridge has no parameter {', '.join(unknown)}"
    penalties = parameters["penalties"]
    if not isinstance(penalties, list) or not penalties:
        return f"penalties is {penalties!r:.60}, expected a list of numbers above 0"
    bad = [k for k in penalties if isinstance(k, bool) or not isinstance(k, Real) or not LEAST <= k <= MOST]
    return f"penalty {bad[0]!r:.60}, expected a number from {LEAST:g} to {MOST:g}" if bad else None


class RidgeLearner:
    """The factorised training features: memory for two float64 matrices (n, n) of n training genes, beside them."""

    def __init__(self, features, split, parameters, device="cpu"):
        self.features = features
        self.split = split
        self.penalties = np.array(sorted(set(parameters["penalties"])), dtype=np.float64)
        self.mean, deviation = column_moments(features, split.train)
        self.scale = np.where(deviation > 0, deviation, 1.0)
        self.deviation = deviation
        products = np.zeros((len(split.train), len(split.train)), order="F")
        self.watched_products = np.zeros((len(split.watched), len(split.train)))
        for block in column_blocks(features):
            train = self._standardised(split.train, block)
            products = dsyrk(1.0, train, beta=1.0, c=products, lower=1, overwrite_c=1)
            self.watched_products += self._standardised(split.watched, block) @ train.T
        values, self.vectors = eigh(products, lower=True, overwrite_a=True, check_finite=False)
        self.values = np.maximum(values, 0)  # rounding leaves tiny negative ones

    def _standardised(self, rows, block):
        """Features of some rows and columns in standard deviations of the training rows, float64."""
        return np.asfortranarray((self.features[rows, block] - self.mean[block]) / self.scale[block])

    def fit(self, targets, *, names, wanted, seed):
        """Fit all targets at once, each with the penalty that has the least rmse on the watched rows.

        targets: float64 (n, t) over all rows. names: of the t targets. wanted: positions of the targets to hand out;
        all are computed, so that a resumed run does the same sums. seed: not used, nothing is random here.

        Yields: RidgeFit of each wanted target.
        """
        train, watched = targets[self.split.train], targets[self.split.watched]
        mean = train.mean(axis=0)
        rotated = self.vectors.T @ (train - mean)  # (n, t)
        train_rmse, watched_rmse = np.empty((2, len(self.penalties), targets.shape[1]))
        for row, penalty in enumerate(self.penalties):
            dual = self._dual(rotated, penalty)
            train_rmse[row] = _rmse(penalty * dual)  # the residuals of the training rows
            watched_rmse[row] = _rmse(watched - mean - self.watched_products @ dual)
        best = watched_rmse.argmin(axis=0)
        weights = self._weights(self._dual(rotated, self.penalties[best]))
        self._warn_of_ends(best, names)
        for column in wanted:
            row = best[column]
            coefficients = weights[:, column] / self.scale
            yield RidgeFit(
                coefficients=coefficients,
                intercept=float(mean[column] - self.mean @ coefficients),
                importance=np.abs(coefficients) * self.deviation,
                penalty=float(self.penalties[row]),
                history={
                    "penalty": self.penalties.tolist(),
                    "train": train_rmse[:, column].tolist(),
                    "watched": watched_rmse[:, column].tolist(),
                },
            )

    def _dual(self, rotated, penalty):
        """Dual weights (n, t). penalty: one number, or (t,)."""
        return self.vectors @ (rotated / (self.values[:, None] + penalty))

    def _weights(self, dual):
        """Weights (width, t) of the standardised features."""
        return np.concatenate(
            [self._standardised(self.split.train, block).T @ dual for block in column_blocks(self.features)]
        )

    def _warn_of_ends(self, best, names):
        last = len(self.penalties) - 1
        ends = [name for name, row in zip(names, best, strict=True) if row in (0, last)]
        if ends and last > 0:
            logger.warning(
                "%d of %d targets (%s, ...) take the least or the largest penalty; others can widen the range %g-%g",
                *(len(ends), len(best), ends[0], self.penalties[0], self.penalties[-1]),
            )


def _rmse(residuals):
    return np.sqrt(np.mean(residuals**2, axis=0))


@dataclass(frozen=True)
class RidgeFit:
    """A fitted ridge regression.

    coefficients: float64 (width,), per unit of each feature. intercept: in ln(expression). importance: (width,)
    |coefficient| per standard deviation of the feature. history: rmse of training and watched rows at each penalty.
    """

    coefficients: np.ndarray
    intercept: float
    importance: np.ndarray | None = None
    penalty: float | None = None
    history: dict[str, list[float]] | None = None

    @property
    def chosen(self):
        return {"penalty": self.penalty}

    def predict(self, features):
        """Predict float64 (n,), in ln(expression), from float32 (n, width)."""
        predicted = np.full(len(features), self.intercept)
        for block in column_blocks(features):
            predicted += features[:, block].astype(np.float64) @ self.coefficients[block]
        return predicted

    def save(self, folder):
        """Write `model.npy`: the intercept, then the coefficients, float64."""
        save_array(folder / "model.npy", np.concatenate([[self.intercept], self.coefficients]))

    @classmethod
    def load(cls, folder):
        """Read `model.npy`; the fit can predict, and knows nothing of its training."""
        numbers = load_array(folder / "model.npy")
        return cls(coefficients=numbers[1:], intercept=float(numbers[0]))
