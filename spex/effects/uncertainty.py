"""How sure effects through ridge are: their standard deviation under its posterior, and whether its folds agree."""

import numpy as np

from spex.effects.inputs import LinearModels, filled_up
from spex.models.gram import Gram
from spex.models.ridge_posterior import Posterior


def uncertainty_of(inputs, device):
    """Uncertainty of EffectInputs; None where it was not asked for. device: of torch."""
    return None if inputs.known is None else Uncertainty(inputs.known, device)


class Uncertainty:
    """Standard deviations of effects, and shares of folds that agree with their sign.

    Memory: the features of the training genes, float32, and for each choice of penalties one float64 matrix (n, n) of n
    genes. known: list of KnownFit (t). device: of torch; on a GPU the matrices are there.

    Raises:
        InputError: the tensors of the training genes are others by now, or the memory of a GPU is full.
    """

    def __init__(self, known, device):
        self._known, self._covariances = known, {}
        self._folds = [LinearModels(each.folds) if each.folds else None for each in known]
        grams, self._posteriors = {}, {}
        for on, penalties in dict.fromkeys((each.trained_on, each.penalties) for each in known if each.trained_on):
            if on in grams:
                grams[on] = grams[on].copy()
            else:
                place = str(device) if str(device).startswith("cuda") else "cpu"
                grams[on] = Gram(on.read(), on.rows, neighbours=on.neighbours, device=place)
            self._posteriors[on, penalties] = Posterior(grams[on], penalties)

    def of(self, changes, effects, columns=None):
        """Standard deviations and shares, float64 (n, 2, t); NaN where nothing is known, and shares of effects of 0.

        changes: float64 (n, width), of tensors, or without their last columns, where nothing changes; or (n, columns),
        of some columns, a slice. effects: float64 (n, t), of these changes.
        """
        sure, variances = np.full((len(changes), 2, len(self._known)), np.nan), {}
        for number, (each, folds) in enumerate(zip(self._known, self._folds, strict=True)):
            key = each.trained_on, each.penalties
            if key in self._posteriors:
                if key not in variances:
                    variances[key] = self._variances(key, changes, columns)
                noise = self._posteriors[key].noise(each.fit.fit.coefficients, each.rmse)
                sure[:, 0, number] = np.sqrt(variances[key] * noise)
            if folds is not None:
                own = effects[:, [number]]
                agrees = np.sign(folds.effects(changes, columns)) == np.sign(own)
                sure[:, 1, number] = np.where(own[:, 0] == 0, np.nan, agrees.mean(axis=1))
        return sure

    def _variances(self, key, changes, columns):
        """Variances in units of the noise's, float64 (n,)."""
        posterior = self._posteriors[key]
        if columns is not None:
            place = key, columns.start, columns.stop
            if place not in self._covariances:
                self._covariances[place] = posterior.covariance(columns)
            return np.maximum(np.einsum("ij,ij->i", changes @ self._covariances[place], changes), 0)
        variances = np.empty(len(changes))
        for rows, filled in filled_up(changes, key[0].width):
            variances[rows] = posterior.variances(filled)[: len(variances[rows])]
        return variances
