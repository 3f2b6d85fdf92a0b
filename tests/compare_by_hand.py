"""A made comparison of a few genes, and slow, obvious fits of its arms: every chromosome left out and all refitted."""

import numpy as np

from spex.compare.arms import MapArms

CHROMS = np.repeat(["chr1", "chr2", "chr8", "chr9", "chr10"], [14, 9, 11, 12, 10])
TSS = 1_000_000 + np.random.default_rng(10).integers(0, 40, len(CHROMS)).cumsum() // 10 * 40_000
"""Some genes share one."""

GENES, OWN, NUMBERS, NEIGHBOURS, TISSUES = len(CHROMS), 40, 9, 12, 3


def blocks():
    return [np.flatnonzero(chrom == CHROMS) for chrom in dict.fromkeys(CHROMS)]


def own_and_observed():
    """Collinear own features, one of them constant, and expression that follows them. float32 (n, p), (n, t)."""
    rng = np.random.default_rng(11)
    hidden = rng.normal(size=(GENES, 3))
    own = (hidden @ rng.normal(size=(3, OWN)) + 0.3 * rng.normal(size=(GENES, OWN)) + 2).astype(np.float32)
    own[:, 4] = 0.1
    return own, hidden @ rng.normal(size=(3, TISSUES)) + rng.normal(size=(GENES, TISSUES)) + 1


def map_arms(name="map", seed=12, others=("local_sum",), dtype=np.float64):
    """dtype: of neighbour blocks: float64 to be compared with what is slow, float32 as they are read."""
    rng = np.random.default_rng(seed)

    def sums():
        block = rng.gamma(2, size=(GENES, NEIGHBOURS)).astype(np.float32).astype(dtype)
        block[:, 3] = 0  # drops out
        return block

    blocks = [sums() for _ in range(4)]
    numbers = rng.poisson(4, size=(GENES, NUMBERS)).astype(float)
    return MapArms(
        name=name,
        numbers=numbers,
        neighbours=blocks[0],
        draws=lambda draw: blocks[1 + draw],
        others={other: lambda: rng.normal(size=(GENES, 5)).astype(np.float32).astype(dtype) for other in others},
        groups={"contacts": np.arange(GENES) % 3 - 1},
        group_labels={"contacts": ["few", "many"]},
    )


def standardised(values):
    values = np.asarray(values, dtype=np.float64)
    values = values[:, np.ptp(values, axis=0) > 0]
    return (values - values.mean(axis=0)) / values.std(axis=0)


def inverse_root():
    """L^-1 of V = L L', for all genes in one matrix: V is 1 with itself, 0.2 exp(-distance / 300 kb) on the same
    chromosome, 0 otherwise."""
    covariance = np.empty((GENES, GENES))
    for one in range(GENES):
        for other in range(GENES):
            near = 0.2 * np.exp(-abs(int(TSS[one]) - int(TSS[other])) / 300_000) if CHROMS[one] == CHROMS[other] else 0
            covariance[one, other] = 1 if one == other else near
    return np.linalg.inv(np.linalg.cholesky(covariance))


def whitened(values):
    return inverse_root() @ values


def whitened_columns(values):
    return standardised(whitened(standardised(values)))


def whitened_constants():
    """In the place of the intercept, (n, 2)."""
    return np.column_stack([whitened(np.ones(GENES)), np.ones(GENES)])


def leave_out(parts, observed, constants=None):
    """Residuals of genes whose chromosome is left out, (n, t), refitting everything for each chromosome.

    parts: pairs of standardised columns (n, q) and their penalty; None leaves them out. constants: (n, any), columns
    without penalty; by default an intercept.
    """
    there = [(columns, penalty) for columns, penalty in parts if penalty is not None]
    constants = np.ones((GENES, 1)) if constants is None else constants
    design = np.column_stack([constants, *(columns for columns, _ in there)])
    penalties = np.concatenate(
        [np.zeros(constants.shape[1]), *(np.full(columns.shape[1], penalty) for columns, penalty in there)]
    )
    errors = np.empty_like(observed)
    for genes in blocks():
        train = np.setdiff1d(np.arange(GENES), genes)
        normal = design[train].T @ design[train] + np.diag(penalties)
        weights = np.linalg.solve(normal, design[train].T @ observed[train])
        errors[genes] = observed[genes] - design[genes] @ weights
    return errors


def choose(candidates):
    """Per tissue and chromosome the errors with the least squares on all other chromosomes. candidates: penalty,
    errors. Returns: errors (n, t), penalties (c, t)."""
    errors = np.empty((GENES, TISSUES))
    penalties = np.empty((len(blocks()), TISSUES))
    for row, genes in enumerate(blocks()):
        others = np.setdiff1d(np.arange(GENES), genes)
        for tissue in range(TISSUES):
            penalty, best = min(candidates, key=lambda each: (each[1][others, tissue] ** 2).sum())
            errors[genes, tissue], penalties[row, tissue] = best[genes, tissue], penalty
    return errors, penalties
