"""A plain model, ridge by the normal equations, and the same with one fault."""

import os
from dataclasses import dataclass

import numpy as np

from spex.files.sealed import load_array, save_array
from spex.models.model import Learner, Model

FAULTS = {
    "counts its fits": "fitted twice: the second fit",
    "changes features": "fitted twice: it changed",
    "asks for the process": "in another process: another process",
    "hides a seed": "seeds: a seed changes it",
    "leans on the wanted": "wanted targets: a target depends",
    "leans on the first gene": "order of genes: .*another order of genes",
    "ranks within a batch": "order of genes: .*predicted in another order",
    "watches the test": "test genes: the expression of test genes",
    "standardises over all": "test genes: features of test genes",
    "folds see all": "folds: .*expression of a fold's test genes",
    "folds of their own": "folds: a fold is another fit",
    "divides by 0": "a constant column: predictions that are not finite",
    "importance of nothing": "a constant column: its importance",
    "runs away": "a constant target: rmse",
    "saves in float32": "saved and loaded: a loaded fit",
    "loads anything": "saved and loaded: not refused",
    "defaults lie open": "parameters: a caller can change",
    "takes any parameter": "parameters: not refused",
    "two lines": "parameters: refused in several lines",
    "passes over NaN": "not finite: nan: not refused",
    "fits nothing": "few genes: not refused",
    "chosen is an array": "chosen and importance: ",
    "importance has signs": "chosen and importance: importance is not",
    "no history": "chosen and importance: history has no rmse",
    "another's history": "chosen and importance: the rmse of what it predicts",
    "coefficients are scaled": "coefficients: .*prediction by coefficients",
}
"""Fault -> what `check_learner` says of it."""


@dataclass(frozen=True)
class PlainFit:
    coefficients: np.ndarray
    intercept: float
    fault: str = ""
    importance: np.ndarray | None = None
    chosen: dict | None = None
    history: dict | None = None

    def predict(self, features):
        scale = 2 if self.fault == "coefficients are scaled" else 1
        predicted = scale * (features.astype(np.float64) @ self.coefficients) + self.intercept
        if self.fault == "ranks within a batch":
            predicted += np.linspace(0, 1e-3, len(features))
        return predicted

    def save(self, folder):
        numbers = np.array([self.intercept, *self.coefficients])
        if self.fault == "saves in float32":
            numbers = numbers.astype(np.float32)
        save_array(folder / "plain.npy", numbers)


class PlainLearner(Learner):
    def __init__(self, features, split, penalty, fault, folded=False):
        if fault == "changes features":
            features[0, 0] += 1
        rows = slice(None) if fault == "standardises over all" else split.train
        self.features, self.split, self.penalty, self.fault, self.folded = features, split, penalty, fault, folded
        self.mean = features[rows].mean(axis=0, dtype=np.float64)
        self.deviation = features[rows].std(axis=0, dtype=np.float64)
        self.scale = self.deviation if fault == "divides by 0" else np.where(self.deviation > 0, self.deviation, 1)

    def fit(self, targets, **options):
        if self.fault == "passes over NaN":
            return self.fits(np.nan_to_num(targets, posinf=0), **options)
        return super().fit(targets, **options)

    def fits(self, targets, *, names, wanted, seed):
        train, watched = self.split.train, self.split.watched
        for column in wanted:
            y, penalty = targets[:, column], self.penalty * self.odd(targets, column, wanted, seed)
            if self.fault == "leans on the first gene":
                penalty *= 1 + abs(y[train[0]])
            with np.errstate(invalid="ignore"):
                x = (self.features.astype(np.float64) - self.mean) / self.scale
                gram = x[train].T @ x[train] + penalty * np.eye(x.shape[1])
                slopes = np.linalg.solve(gram, x[train].T @ (y[train] - y[train].mean()))
                coefficients = slopes / self.scale
            base = y[train].mean() - self.mean @ coefficients + 50 * (self.fault == "runs away" and np.ptp(y) == 0)
            yield self.described(coefficients, base, y, train, watched)

    def described(self, coefficients, intercept, y, train, watched):
        fit = PlainFit(coefficients, intercept, self.fault)
        residuals = fit.predict(self.features) - y
        errors = [float(np.sqrt(np.mean(residuals[rows] ** 2))) for rows in (train, watched)]
        history = {"train": errors[:1], "watched": [errors[1] + (self.fault == "another's history")]}
        importance = coefficients * self.deviation if self.fault == "importance has signs" else np.abs(coefficients)
        importance = importance + 1 if self.fault == "importance of nothing" else importance * (self.deviation > 0)
        chosen = {"penalty": np.arange(2) if self.fault == "chosen is an array" else 1.0}
        return PlainFit(
            coefficients, intercept, self.fault, importance, chosen, {} if self.fault == "no history" else history
        )

    def odd(self, targets, column, wanted, seed):
        """What a fault multiplies the penalty by."""
        Plain.count += 1
        return {
            "counts its fits": Plain.count,
            "asks for the process": os.getpid(),
            "hides a seed": seed,
            "leans on the wanted": 1 + len(wanted),
            "watches the test": 1 + np.abs(targets[self.split.test, column]).mean(),
            "folds see all": 1 + 100 * np.abs(targets[self.split.test, column]).mean() * self.folded,
            "folds of their own": 1 + self.folded,
        }.get(self.fault, 1)


class Plain(Model):
    """Ridge with one penalty, small and slow. fault: name in FAULTS; "" for none."""

    name, defaults, linear = "plain", {"penalty": 3.0}, True
    count = 0

    def __init__(self, fault=""):
        self.fault = fault

    def learner(self, features, split, parameters, device="cpu", neighbours=0):
        return PlainLearner(features, split, parameters["penalty"], self.fault)

    def fold_learners(self, features, splits, parameters, device="cpu", neighbours=0):
        return [PlainLearner(features, split, parameters["penalty"], self.fault, True) for split in splits]

    def prepare(self, features, split, parameters, device="cpu"):
        if self.fault == "passes over NaN":
            features = np.nan_to_num(features, posinf=0)
        elif self.fault == "fits nothing" and not len(split.train):
            return self.learner(features, split_of(features), parameters)
        return super().prepare(features, split, parameters, device)

    def parameters(self, changes, **about):
        if self.fault == "defaults lie open" and not changes:
            return self.defaults
        return super().parameters(changes, **about)

    def read_fit(self, folder):
        if self.fault == "loads anything" and (folder / "plain.npy").stat().st_size < 50:
            return PlainFit(np.zeros(1), 0.0)
        numbers = load_array(folder / "plain.npy")
        return PlainFit(numbers[1:], float(numbers[0]))

    def find_problem(self, parameters):
        unknown = sorted(parameters.keys() - self.defaults.keys())
        if not unknown or self.fault == "takes any parameter":
            return None
        return f"no parameter{chr(10) if self.fault == 'two lines' else ' '}{unknown[0]}"

    def cuda_problem(self):
        return "plain is fitted on the CPU only"


def split_of(features):
    from spex.models.splits import Split  # noqa: PLC0415

    rows = np.arange(len(features))
    return Split((), (), rows, rows[:0], rows)
