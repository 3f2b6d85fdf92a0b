"""Ridge regression with every chromosome left out in turn, nested blocks of columns, from one factorisation.

With K the products of the genes' own features, standardised over all genes, and k0 their penalty, let

    C = (K / k0 + I)^-1.

What is left of expression y after the ridge fit is C y. Columns Z that come with a penalty k of their own change what
makes residuals from C to M = C - T (Z'T + k I)^-1 T' with T = C Z, and further columns change M in the same way: here
an intercept without penalty, then the numbers of contacts, then a neighbour block. Where the genes g of a chromosome
are left out of the fit, their residuals are

    e_g = (M_gg)^-1 (M y)_g,

the same numbers as from fitting the others alone (the inverse of a matrix in blocks; for one gene: Allen 1974). Any
number of tissues, and of expressions with shifted residuals, are right-hand sides of the same factors. The same holds
of genes that were whitened (`spex.compare.whitening`), with two columns in the place of the intercept, as whitening
mixes no genes of different chromosomes.

The expensive steps are products of n x n and n x q matrices. They are made in the precision of their columns: neighbour
blocks, which are float32, and what they are multiplied with in float32, all else in float64, as are Cholesky factors
and what is solved with them for each chromosome. `benchmarks/RESULTS.md` says what that changes.
"""

import logging
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh, get_blas_funcs, solve_triangular

from spex.compare.triangle import load_triangle, save_triangle, upper_triangle
from spex.errors import InputError
from spex.models.gram import Gram, Penalties
from spex.models.matrices import blocks_between, column_moments
from spex.progress import progress

RELATIVE_PENALTIES = (0.03, 0.3, 3.0, 30.0)
"""Penalties of the own features that are tried, times the number of features that differ between genes."""

logger = logging.getLogger("spex")


class OwnPart:
    """Own features of n genes and what leaving chromosomes out needs of them.

    inverse: float64 (n, n), Fortran order; its upper triangle is that of (K + k0 I)^-1, so C is `penalty` times it.
    penalty: k0. chroms: the chromosomes' names, in the order of the genes. blocks: list of slices, their genes.
    observed: float64 (n, t), whitened where the features are. tried: (2, penalties), each penalty tried and its mean
    over tissues of the share of variance that is missed on chromosomes left out. whitening: Whitening, or None.
    """

    def __init__(self, inverse, penalty, chroms, observed, tried, whitening=None):
        self.inverse, self.penalty, self.tried = inverse, float(penalty), np.asarray(tried)
        self.chroms, self.blocks = chromosome_blocks(chroms)
        self.whitening = whitening
        self.observed = self.prepare(np.asarray(observed, dtype=np.float64))

    @classmethod
    def of(cls, own, chroms, observed, penalties=None, whitening=None):
        """Choose the penalty that misses least of the tissues' variance on chromosomes left out.

        own: float32 (n, p); overwritten by what is whitened of it. chroms: (n,), each chromosome's genes in one
        stretch. observed: float64 (n, t), as it is. penalties: those to try; without it `RELATIVE_PENALTIES`.
        whitening: of the same genes; None leaves them as they are.

        Memory: float64 (n, n) beside `own`, one and a half times that at the end; half of it is kept.

        Raises:
            InputError: the genes lie on one chromosome alone, or no feature differs between genes.
        """
        if len(chromosome_blocks(chroms)[0]) < 2:
            raise InputError(f"all genes are on {chroms[0]}", expected="genes of two chromosomes or more")
        if whitening is not None:
            whitening.overwrite(own)
        gram = Gram(own, np.arange(len(own)))
        if penalties is None:
            penalties = [each * gram.products.diagonal.sum() / len(own) for each in RELATIVE_PENALTIES]
        if not np.all(np.asarray(penalties) > 0):
            raise InputError("no feature of the genes' local windows differs between genes")
        tried = np.array([penalties, np.full(len(penalties), np.nan)])
        with progress(len(penalties), "penalties", "own features") as advance:
            for place, penalty in enumerate(penalties):
                part = cls._at(gram, penalty, chroms, observed, tried, whitening)
                tried[1, place] = part.missed() if len(penalties) > 1 else np.nan
                advance(1)
        best = 0 if len(penalties) == 1 else int(np.argmin(tried[1]))
        if len(penalties) > 1 and best in (0, len(penalties) - 1):
            logger.warning("the %s penalty of own features fits best: %g", "last" if best else "first", penalties[best])
        if best < len(penalties) - 1:
            part = cls._at(gram, penalties[best], chroms, observed, tried, whitening)
        part.inverse = upper_triangle(part.inverse, np.float64)  # the products below it are no longer needed
        return part

    @classmethod
    def _at(cls, gram, penalty, *of_part):
        gram.factorise(Penalties(penalty))
        gram.products.invert()
        return cls(gram.products.matrix, penalty, *of_part)

    def missed(self):
        """Mean over tissues of SSE / SST of own features alone."""
        errors = self.baseline.leave_out(self.times(self.observed))
        total = ((self.observed - self.observed.mean(axis=0)) ** 2).sum(axis=0)
        squares = (errors**2).sum(axis=0)
        return float(np.divide(squares, total, out=np.ones_like(total), where=total > 0).mean())

    def __len__(self):
        return len(self.inverse)

    @property
    def genes(self):
        """Genes of each chromosome, (chromosomes,) int64."""
        return np.array([block.stop - block.start for block in self.blocks])

    def prepare(self, values):
        """Columns of the genes (n, q) as they stand beside the own features: whitened where these are."""
        return values if self.whitening is None else self.whitening.whiten(values)

    @cached_property
    def baseline(self):
        """Own features and the intercept: a `Residuals`."""
        constants = np.ones((len(self), 1)) if self.whitening is None else self.whitening.constants
        return Columns(self, constants, standardise=False).at(0.0)

    @cached_property
    def _single(self):
        return upper_triangle(self.inverse, np.float32)

    def times(self, values):
        """C times values (n, q), float32 or float64: the same type, in Fortran order."""
        inverse = self._single if values.dtype == np.float32 else self.inverse
        symm = get_blas_funcs("symm", (inverse,))
        return symm(self.penalty, inverse, np.asfortranarray(values), side=0, lower=0)

    def corner(self, block):
        """C of one chromosome's genes, float64; only its upper triangle is right."""
        return np.array(self.inverse[block, block], order="F") * self.penalty

    def save(self, path):
        """Write penalties and C: about 4 n^2 bytes."""
        head = np.array([self.penalty, *self.tried.ravel()])
        save_triangle(path, head, self.inverse)

    @classmethod
    def load(cls, path, chroms, observed, whitening=None):
        """Read what `save` wrote, for the same genes, tissues and whitening. Half of the memory is used: one triangle.

        Raises:
            DamagedFileError: cut short, or with other bytes than were written.
            FileNotFoundError: there is no such file.
        """
        head, inverse = load_triangle(path)
        return cls(inverse, head[0], chroms, observed, head[1:].reshape(2, -1), whitening)


def chromosome_blocks(chroms):
    """Names of chromosomes and slices of their genes, in order.

    Raises:
        ValueError: a chromosome's genes are apart.
    """
    chroms = np.asarray(chroms, dtype=str)
    starts = np.flatnonzero(np.concatenate([[True], chroms[1:] != chroms[:-1]]))
    names = chroms[starts].tolist()
    if len(set(names)) < len(names):
        raise ValueError("genes must be in the order of their chromosomes")
    return names, [slice(int(start), int(stop)) for start, stop in pairwise([*starts, len(chroms)])]


class Columns:
    """A block of columns Z beside all that `base` has, at any penalty.

    base: OwnPart or Residuals. values: float32 or float64 (n, q), standardised over all genes unless set otherwise;
    those without deviation drop out.

    values: (n, q), standardised, Fortran order. moved: (n, q), M Z of the base, C order; both in the type of what was
    given, float64 where columns were more than genes. products: float64 (q, q), Z' M Z; only its lower triangle is
    right.
    """

    def __init__(self, base, values, *, standardise=True):
        self.base = base
        self.values = _standardised(values) if standardise else np.asfortranarray(values)
        self.count = self.values.shape[1]
        if self.count > len(values):
            self.values = _turned(self.values)
        self.moved = np.empty(self.values.shape, dtype=self.values.dtype)
        self.products = np.zeros(2 * self.values.shape[1:], order="F")
        for places in blocks_between(0, self.values.shape[1]):
            block = self.values[:, places]
            self.moved[:, places] = base.times(block)
            self.products[places, : places.stop] = block.T @ self.moved[:, : places.stop]

    def __len__(self):
        """How many of the columns differ between genes."""
        return self.count

    def onto(self, values):
        """Z' values: (q, t)."""
        return self.values.T @ values

    def at(self, penalty):
        """What makes residuals when these columns have a penalty: a `Residuals`."""
        return Residuals(self, penalty)


def _standardised(values):
    """Columns that differ between genes, in standard deviations around their means, computed in float64: (n, q) of the
    same type, of float64 where they are more than genes and will be turned, in Fortran order."""
    kept = np.flatnonzero(values.min(axis=0) < values.max(axis=0))
    mean, scale = (each[kept] for each in column_moments(values, slice(None)))
    dtype = np.float64 if len(kept) > len(values) else values.dtype
    placed = np.empty((len(values), len(kept)), dtype=dtype, order="F")
    for places in blocks_between(0, len(kept)):
        placed[:, places] = (values[:, kept[places]].astype(np.float64) - mean[places]) / scale[places]
    return placed


def _turned(values):
    """No more columns than genes in the place of more: the same products between genes, hence the same fit."""
    sizes, directions = eigh(values @ values.T)
    return np.asfortranarray(directions * np.sqrt(np.maximum(sizes, 0)))


class Residuals:
    """What is left of expression after a ridge fit, and what would be were a chromosome left out.

    The matrix M of this module's head, for the last of nested blocks of columns. `before` is M y of the base, which
    arms of the same base share.
    """

    def __init__(self, columns, penalty):
        self.columns, self.base = columns, columns.base
        self.blocks = columns.base.blocks
        self.factor = None
        if len(columns):
            penalised = columns.products.copy(order="F")
            penalised[np.diag_indices(len(penalised))] += penalty
            self.factor = cho_factor(penalised, lower=True, overwrite_a=True, check_finite=False)
            self.triangle = self.factor[0].astype(columns.moved.dtype, copy=False)

    def weights(self, before):
        """Weights of the columns, float64 (q, t). before: (n, t)."""
        if self.factor is None:
            return np.zeros((0, before.shape[1]))
        onto = self.columns.onto(before).astype(np.float64, copy=False)
        return cho_solve(self.factor, onto, overwrite_b=True, check_finite=False)

    def after(self, before):
        """M y from the base's. before: (n, t). Returns: (n, t), of the same type."""
        return before - (self.columns.moved @ self._placed_weights(before)).astype(before.dtype, copy=False)

    def _placed_weights(self, before):
        return self.weights(before).astype(self.columns.moved.dtype, copy=False)

    def times(self, values):
        """M times values (n, t), from the first block on."""
        return self.after(self.base.times(values))

    def corner(self, block):
        """M of one chromosome's genes, float64; only its upper triangle is right."""
        corner = self.base.corner(block)
        if self.factor is None:
            return corner
        moved = solve_triangular(self.triangle, self.columns.moved[block].T, lower=True, check_finite=False)
        corner -= get_blas_funcs("syrk", (moved,))(1.0, moved, trans=1, lower=0)
        return corner

    def left_out(self, before):
        """Residuals of each chromosome's genes, of the fit without them. before: (n, t).

        Yields: the chromosome's slice, float64 (its genes, t).
        """
        weights = self._placed_weights(before)
        for block in self.blocks:
            yield block, self._solve(block, before[block] - self.columns.moved[block] @ weights)

    def leave_out(self, before):
        """The same for all genes, float64 (n, t)."""
        errors = np.empty(before.shape, order="F")
        for block, found in self.left_out(before):
            errors[block] = found
        return errors

    def left_out_after(self, after):
        """As `left_out`, from M y itself (n, t)."""
        for block in self.blocks:
            yield block, self._solve(block, after[block])

    def _solve(self, block, values):
        factor = cho_factor(self.corner(block), lower=False, overwrite_a=True, check_finite=False)
        return cho_solve(factor, values, check_finite=False)
