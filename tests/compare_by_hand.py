"""A made comparison of a few genes, and slow, obvious fits of its arms: every chromosome left out and all refitted."""

import numpy as np

from spex.compare.arms import MapArms

CHROMS = np.repeat(["chr1", "chr2", "chr8", "chr9", "chr10"], [14, 9, 11, 12, 10])
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


def leave_out(parts, observed):
    """Residuals of genes whose chromosome is left out, (n, t), refitting everything for each chromosome.

    parts: pairs of standardised columns (n, q) and their penalty; None leaves them out. An intercept comes with them.
    """
    there = [(columns, penalty) for columns, penalty in parts if penalty is not None]
    design = np.column_stack([np.ones(GENES), *(columns for columns, _ in there)])
    penalties = np.concatenate([[0.0], *(np.full(columns.shape[1], penalty) for columns, penalty in there)])
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
