"""Ridge regression of every fold of a cross-validation from one factorisation a penalty.

With K the products of all n standardised genes, G = (K + k I)^-1 and 1 the intercept's column, which has no penalty,
let M = G - G 1 1' G / (1' G 1) and a = M y. Where a set S of genes is left out, its residuals are

    e = (M_SS)^-1 a_S,

and the dual weights of the genes that are left are those of a - M_{:,S} e (0 in S), the intercept
(1' G y - (G 1)_S' e) / (1' G 1): the same numbers as from fitting anew without S. It follows from the inverse of a
matrix in blocks (for one gene: Allen 1974, the PRESS residual). Here S is the test and the validation group of a fold:
the penalty is chosen on the second, as everywhere, and the first has no part in anything.

One thing differs from fitting every fold by itself: features are standardised over all genes at once, test and
validation genes too, in place of the fold's training genes. No expression goes into that. The mean has no effect, as
the intercept has no penalty; the standard deviations weigh the penalty between the columns a little differently, and
coefficients are as important as they are per standard deviation over all genes.
"""

from itertools import pairwise

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import dsyr

from spex.models import products
from spex.models.gram import NONE, Gram, too_small
from spex.models.model import Learner, Model
from spex.models.ridge import (
    OWN_PENALTY,
    RIDGE,
    Choice,
    RidgeLearner,
    choices_of,
    columns_apart,
    make_fits,
    ratios_of,
    read_linear,
)
from spex.options import NUMBER
from spex.progress import progress

LEAST, MOST = 1e-30, 1e30
"""Of penalties."""


class RidgeFolds:
    """The Gram matrix of all genes, and the learners of the folds, which share it and what comes of it.

    Memory, beside the features: one float64 matrix (n, n), and two of the size of all folds' coefficients.

    splits: list of Split, the folds: each gene is a test gene once, and each fold's validation genes are the test
    genes of one other fold, its training genes all the rest.

    learners: a list, one a split.
    """

    def __init__(self, features, splits, parameters, device="cpu", neighbours=0):
        self.choices = choices_of(parameters)
        neighbours = columns_apart(parameters, neighbours)
        self.order = np.concatenate([split.test for split in splits])
        self.gram = Gram(features, self.order, neighbours=neighbours, device=device)
        ends = np.cumsum([0, *(len(split.test) for split in splits)])
        parts = [slice(*pair) for pair in pairwise(ends)]
        by_chroms = {split.test_chroms: part for split, part in zip(splits, parts, strict=True)}
        pairs = [(part, by_chroms[split.validation_chroms]) for split, part in zip(splits, parts, strict=True)]
        self.learners = [_FoldLearner(self, *pair) for pair in pairs]
        self.targets = self.weights = None

    def fit(self, targets):
        """Fit every fold's every target, unless it was done already for the same array. targets: float64 (n, t)."""
        if self.targets is targets:
            return
        observed = targets[self.order]
        mean = observed.mean(axis=0)  # no effect but less rounding
        count = targets.shape[1]
        duals = np.zeros((len(observed), len(self.learners) * count), order="F")
        for fold, learner in enumerate(self.learners):
            learner.choice = Choice(duals[:, fold * count : (fold + 1) * count])
        with progress(len(self.choices), "penalties", "ridge") as advance:
            for penalties in self.choices:
                self._offer(penalties, observed - mean)
                advance(1)
        ratios = np.concatenate([ratios_of(self.choices, learner.choice) for learner in self.learners])
        weights = self.gram.weights(duals, ratios)
        for fold, learner in enumerate(self.learners):
            learner.weights = weights[:, fold * count : (fold + 1) * count]
            learner.choice.duals = None  # as large as the weights, and of no more use
            learner.choice.intercepts += mean
        self.targets = targets

    def _offer(self, penalties, observed):
        """Leave out every fold's test and validation genes at one penalty."""
        self.gram.factorise(penalties)
        solved = self.gram.products.solve(np.column_stack([observed, np.ones(len(observed))]))
        sums = solved[:, -1]  # G 1
        intercepts = solved[:, :-1].sum(axis=0) / sums.sum()
        duals = solved[:, :-1] - np.outer(sums, intercepts)
        self.gram.products.invert()
        try:
            for learner in self.learners:
                learner.offer(penalties, duals, intercepts, sums)
        except LinAlgError as error:
            raise too_small(penalties) from error


class _FoldLearner(Learner):
    """One fold of RidgeFolds. test, validation: slices of the Gram matrix's rows."""

    def __init__(self, folds, test, validation):
        self.folds = folds
        self.parts = sorted([test, validation], key=lambda part: part.start)
        self.left_out = np.concatenate([np.arange(part.start, part.stop) for part in self.parts])
        self.watched = np.isin(self.left_out, np.arange(validation.start, validation.stop))
        self.trained = np.ones(len(folds.order), dtype=bool)
        self.trained[self.left_out] = False
        self.choice = self.weights = None

    def fits(self, targets, *, names, wanted, seed):
        """As RidgeLearner's; the first fold that is asked does the work of all."""
        self.folds.fit(targets)
        gram, choices = self.folds.gram, self.folds.choices
        yield from make_fits(gram, choices, self.choice, self.weights, names=names, wanted=wanted)

    def offer(self, penalties, duals, intercepts, sums):
        """Leave this fold's genes out at one penalty, for every target.

        duals, intercepts, sums: M y (n, t), those of y (t,) and G 1 (n,), with all genes.
        """
        products, total = self.folds.gram.products, sums.sum()
        own_sums = sums[self.left_out]
        block = dsyr(-1 / total, own_sums, a=products.inverse_block(self.parts), lower=0, overwrite_a=1)  # M_SS
        factor = cho_factor(block, lower=False, overwrite_a=True, check_finite=False)
        errors = cho_solve(factor, duals[self.left_out])
        moved = own_sums @ errors / total
        duals = duals - products.inverse_times(self.parts, errors) + np.outer(sums, moved)
        duals[self.left_out] = 0
        self.choice.offer(
            duals,
            intercepts - moved,
            train=penalties.penalty * duals[self.trained],
            watched=errors[self.watched],
        )


class RidgeModel(Model):
    """Ridge regression; the folds of a cross-validation share one factorisation."""

    name, defaults, optional = "ridge", RIDGE, (OWN_PENALTY,)
    use_of_watched = "the penalty is chosen on"
    linear = shares_folds = True
    shared_settings = {"standardised_over": "all genes"}  # noqa: RUF012 (a ClassVar of Model)

    def learner(self, features, split, parameters, device="cpu", neighbours=0):
        return RidgeLearner(features, split, parameters, device, neighbours)

    def fold_learners(self, features, splits, parameters, device="cpu", neighbours=0):
        return RidgeFolds(features, splits, parameters, device, neighbours).learners

    def read_fit(self, folder):
        return read_linear(folder)

    def find_problem(self, parameters):
        unknown = sorted(parameters.keys() - RIDGE.keys() - {OWN_PENALTY})
        if unknown:
            return f"ridge has no parameter {', '.join(unknown)}"
        for name, also, allowed in (("penalties", "", ()), (OWN_PENALTY, f', or "{NONE}"', (NONE,))):
            values = parameters.get(name, [1])
            if not isinstance(values, list) or not values:
                return f"{name} is {values!r:.60}, expected a list of numbers above 0{also}"
            for value in values:
                if value not in allowed and not (NUMBER.fits(value) and LEAST <= value <= MOST):
                    what = "penalty" if name == "penalties" else f"{name}: penalty"
                    return f"{what} {value!r:.60}, expected a number from {LEAST:g} to {MOST:g}{also}"
        return None

    def find_neighbours_problem(self, parameters, neighbours):
        if OWN_PENALTY in parameters and not neighbours:
            return OWN_PENALTY, "the tensors were made without contact maps, so they have no neighbour block"
        return None

    def cuda_problem(self):
        return products.cuda_problem()
