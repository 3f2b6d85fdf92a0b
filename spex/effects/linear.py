"""Linear models of several tissues at once: what a change of a tensor does to what each predicts."""

import numpy as np

ROWS = 64
"""Changes that go through one matrix product, filled up with zeros: BLAS chooses its way, and so its rounding, by their
number, and an effect must not depend on its company."""


class LinearModels:
    """Coefficients of linear models side by side.

    fits: list of ChosenFit (t) of one width. names, tissues: (t,) texts. coefficients: float64 (t, width), per unit of
    each feature. intercepts: float64 (t,), in ln(expression).
    """

    def __init__(self, fits):
        self.names = [each.name for each in fits]
        self.tissues = [each.tissue for each in fits]
        self.coefficients = np.stack([each.fit.coefficients for each in fits])
        self.intercepts = np.array([each.fit.intercept for each in fits])

    def __len__(self):
        return len(self.names)

    def effects(self, changes):
        """Change of ln(expression) in each tissue, float64 (n, t). changes: float64 (n, width), of tensors."""
        effects = np.empty((len(changes), len(self)))
        for start in range(0, len(changes), ROWS):
            some = changes[start : start + ROWS]
            if len(some) < ROWS:
                some = np.concatenate([some, np.zeros((ROWS - len(some), changes.shape[1]))])
            effects[start : start + ROWS] = (some @ self.coefficients.T)[: len(effects) - start]
        return effects
