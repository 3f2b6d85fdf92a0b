"""How sure ridge regression is of what its weights give: their posterior, with a Gaussian prior of the chosen penalty.

With X the standardised features of n training genes, y their expression less its mean and k the penalty, ridge's
weights are the posterior mean for noise of variance s and a prior N(0, s / k) of each weight (flat for the intercept);
the posterior covariance is s (X'X + k I)^-1. By the dual form, a change d of a standardised tensor has the variance

    s (d'd - (X d)' (X X' + k I)^-1 X d) / k.

Columns with a penalty h of their own count k / h times in both products, those that are left out not at all. The noise
variance is that of the greatest marginal likelihood at these penalties, k y' (X X' + k I)^-1 y / (n - 1), which is

    s = (n rmse^2 + k |w|^2) / (n - 1)

with the rmse on the training genes (Bishop 2006, sections 3.3 and 3.5).
"""

import numpy as np


class Posterior:
    """Of the weights of ridge at one choice of penalties, in units of the noise variance.

    gram: Gram of the training genes, whose factor it takes. penalties: Penalties.

    Raises:
        InputError: as of `Gram.factorise`.
    """

    def __init__(self, gram, penalties):
        gram.factorise(penalties)
        self._gram, self._penalty = gram, penalties.penalty
        self._ratios = np.ones(len(gram.scale))
        for block in gram.neighbour_blocks:
            self._ratios[block] = penalties.ratio

    def variances(self, changes):
        """Variance of each change of a tensor, float64 (m,). changes: float64 (m, width), in units of the features."""
        changes = (changes / self._gram.scale).T
        weighed = self._ratios[:, None] * changes
        moved = self._gram.times(weighed)
        explained = np.einsum("ij,ij->j", moved, self._gram.products.solve(moved))
        return np.maximum(np.einsum("ij,ij->j", changes, weighed) - explained, 0) / self._penalty

    def covariance(self, columns):
        """Covariance of the coefficients of some columns, a slice: float64 (columns, columns), per unit of each."""
        gram, ratios = self._gram, self._ratios[columns]
        values = gram.products.back(gram.standardised(gram.rows, columns)) * ratios
        covariance = (np.diag(ratios) - values.T @ gram.products.solve(values)) / self._penalty
        return covariance / np.outer(gram.scale[columns], gram.scale[columns])

    def noise(self, coefficients, rmse):
        """Noise variance of a target. coefficients: (width,), per unit of each feature. rmse: of the training genes."""
        count, used = len(self._gram.rows), self._ratios > 0
        weights = (coefficients * self._gram.scale)[used]
        return (count * rmse**2 + self._penalty * np.sum(weights**2 / self._ratios[used])) / (count - 1)
