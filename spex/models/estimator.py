"""Ridge regression as scikit-learn has it, for pipelines of others: the same Gram matrix, the penalty chosen on groups.

from sklearn.pipeline import make_pipeline
from spex import Ridge

model = Ridge().fit(features.X, expression, groups=features.genes["chrom"])
"""

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.model_selection import LeaveOneGroupOut, check_cv
from sklearn.utils.validation import check_is_fitted, validate_data

from spex.models.gram import Gram, Penalties
from spex.models.ridge import RIDGE


class Ridge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Ridge regression of one or many targets, with the penalty of each chosen where it was not fitted.

    Features are standardised over the training rows. The Gram matrix of the n rows takes 8 n^2 bytes, whatever the
    number of columns and of targets.

    Parameters
    ----------
    penalties : list of float, default [1e1, ..., 1e7]
        To choose from. One alone is taken as it is.
    cv : int or splitter, default None
        How rows are left out to choose a penalty: one group after the other where `fit` is given groups, else five
        stretches of rows in turn.

    Attributes
    ----------
    coef_ : float64 ndarray (n_features,) or (n_targets, n_features)
        Per unit of each feature.
    intercept_ : float or ndarray (n_targets,)
    penalty_ : float or ndarray (n_targets,)

    See Also
    --------
    spex.fit_expression : The same model with its score on held-out chromosomes.

    Examples
    --------
    >>> import numpy as np
    >>> from spex import Ridge
    >>> X = np.random.default_rng(0).normal(size=(60, 200))
    >>> model = Ridge().fit(X, X[:, 0], groups=np.repeat(range(6), 10))
    >>> model.predict(X).shape
    (60,)
    """

    def __init__(self, penalties=None, cv=None):
        self.penalties = penalties
        self.cv = cv

    def fit(self, X, y, groups=None):
        """Fit the model.

        Parameters
        ----------
        X : array-like (n, n_features)
        y : array-like (n,) or (n, n_targets)
        groups : array-like (n,), optional
            Such as the chromosome of each gene.

        Returns
        -------
        Ridge
            Itself.
        """
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=[np.float32, np.float64])
        targets = np.asarray(y, np.float64).reshape(len(X), -1)
        penalties = [float(each) for each in (RIDGE["penalties"] if self.penalties is None else self.penalties)]
        best = np.zeros(targets.shape[1], dtype=int)
        if len(penalties) > 1 and len(X) > 1:
            best = self._squared_errors(X, targets, groups, penalties).argmin(axis=0)
        self.penalty_ = np.array(penalties)[best]
        gram, mean = Gram(X, np.arange(len(X))), targets.mean(axis=0)
        duals = np.zeros_like(targets)
        for penalty in np.unique(self.penalty_):
            mine = self.penalty_ == penalty
            duals[:, mine], _ = gram.solve(Penalties(float(penalty)), (targets - mean)[:, mine])
        weights = gram.weights(duals, np.ones(len(best))) / gram.scale[:, None]
        self.coef_, self.intercept_ = weights.T, mean - gram.mean @ weights
        if np.ndim(y) == 1:
            self.coef_, self.intercept_, self.penalty_ = self.coef_[0], float(self.intercept_[0]), self.penalty_[0]
        return self

    def predict(self, X):
        """Predict float64 (n,) or (n, n_targets). X : array-like (n, n_features)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64])
        return X.astype(np.float64) @ self.coef_.T + self.intercept_

    def _squared_errors(self, features, targets, groups, penalties):
        """Of rows that were left out, float64 (penalties, targets), summed over the folds."""
        splitter = LeaveOneGroupOut() if groups is not None and self.cv is None else check_cv(self.cv or 5)
        if self.cv is None and groups is None and len(features) < splitter.get_n_splits():
            splitter = check_cv(len(features))
        errors = np.zeros((len(penalties), targets.shape[1]))
        for train, left_out in splitter.split(features, targets, groups):
            gram, mean = Gram(features, train, others=left_out), targets[train].mean(axis=0)
            for place, penalty in enumerate(penalties):
                _, predicted = gram.solve(Penalties(penalty), targets[train] - mean)
                errors[place] += ((targets[left_out] - mean - predicted) ** 2).sum(axis=0)
        return errors
