"""Ridge: one Cholesky factor a penalty against the eigendecomposition before it, and every chromosome left out at once.

    python -m benchmarks.ridge old   [--genes 3000] [--features 3000]     both ways in turn, one split
    python -m benchmarks.ridge folds [--genes 3000] [--features 3000]     every chromosome: together, and one by one
    python -m benchmarks.ridge full  [--cv] [--penalties 5] [--device cuda]       21,836 training genes (22,826 with
        --cv) and 24,024 features

Made features, collinear as chromatin is; 218 targets and five penalties unless said otherwise. Seconds are of the
Gram matrix, the factors, the choice of the penalty and the coefficients of every target (and fold); nothing is written.
`full` is run once, in a process of its own, says how far it is, and how busy the machine was. Where others use the
cores, OPENBLAS_NUM_THREADS=1 is faster than two threads that wait for each other.
"""

import argparse
import logging
import os
import statistics
import time

import numpy as np
from scipy.linalg import eigh

from benchmarks.measure import median_ratio, peak_memory_gb, publish
from spex.models.matrices import column_moments
from spex.models.registry import MODELS
from spex.models.splits import cross_validation_splits, split_by_chromosome

PENALTIES = [1e2, 1e3, 1e4, 1e5, 1e6]
HIDDEN = 50
GENES_BY_CHROMOSOME = {
    "chr1": 2331, "chr2": 1560, "chr3": 1265, "chr4": 915, "chr5": 1069, "chr6": 1215, "chr7": 1116, "chr8": 990,
    "chr9": 932, "chr10": 913, "chr11": 1515, "chr12": 1311, "chr13": 503, "chr14": 883, "chr15": 850, "chr16": 1178,
    "chr17": 1411, "chr18": 423, "chr19": 1600, "chr20": 632, "chr21": 328, "chr22": 547,
}  # fmt: skip
"""About as many as the published table has, scaled to the number of genes asked for."""


def synthetic(genes, features, targets):
    """Collinear features in blocks, so that no second copy is made, and targets that depend on them."""
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(genes, HIDDEN)).astype(np.float32)
    matrix = np.empty((genes, features), dtype=np.float32)
    for start in range(0, features, 1000):
        stop = min(start + 1000, features)
        block = hidden @ generator.normal(size=(HIDDEN, stop - start)).astype(np.float32)
        matrix[:, start:stop] = block + generator.standard_normal((genes, stop - start), dtype=np.float32)
    observed = hidden @ generator.normal(size=(HIDDEN, targets)) + generator.normal(size=(genes, targets))
    sizes = np.array(list(GENES_BY_CHROMOSOME.values()))
    ends = np.round(np.cumsum(sizes) / sizes.sum() * genes).astype(int)
    chroms = np.array(list(GENES_BY_CHROMOSOME))[np.searchsorted(ends, np.arange(genes), side="right")]
    return matrix, observed, chroms


def by_cholesky(matrix, observed, split, penalties=PENALTIES):
    """Coefficients of every target, (features, targets)."""
    return coefficients(MODELS["ridge"].prepare(matrix, split, {"penalties": penalties}), observed)


def coefficients(learner, observed):
    count = observed.shape[1]
    fits = learner.fit(observed, names=[""] * count, wanted=range(count), seed=0)
    return np.stack([fit.coefficients for fit in fits], axis=1)


def by_eigendecomposition(matrix, observed, split):
    """The same as version 1.0 did it: X X' = U diag(e) U', weights X' U diag(1 / (e + k)) U' y."""
    mean, scale = column_moments(matrix, split.train)
    train, watched = ((matrix[rows].astype(np.float64) - mean) / scale for rows in (split.train, split.watched))
    values, vectors = eigh(train @ train.T, overwrite_a=True, check_finite=False)
    centre = observed[split.train].mean(axis=0)
    rotated, products = vectors.T @ (observed[split.train] - centre), watched @ train.T
    errors = np.empty((len(PENALTIES), observed.shape[1]))
    for row, penalty in enumerate(PENALTIES):
        dual = vectors @ (rotated / (values[:, None] + penalty))
        errors[row] = ((observed[split.watched] - centre - products @ dual) ** 2).mean(axis=0)
    best = np.array(PENALTIES)[errors.argmin(axis=0)]
    return train.T @ (vectors @ (rotated / (values[:, None] + best))) / scale[:, None]


def compare(args, ways, check):
    """A row with the seconds of two ways, old first, taken in turn, and how far their results are apart."""
    seconds, processor, results = {name: [] for name in ways}, {name: [] for name in ways}, {}
    for _ in range(args.rounds):
        for name, way in ways.items():
            start, busy = time.perf_counter(), time.process_time()
            results[name] = way()
            seconds[name].append(time.perf_counter() - start)
            processor[name].append(time.process_time() - busy)
    slow, fast = ways
    return {
        "genes": args.genes,
        "features": args.features,
        "targets": args.targets,
        f"{slow} s": statistics.median(seconds[slow]),
        f"{fast} s": statistics.median(seconds[fast]),
        "times faster": median_ratio(seconds[slow], seconds[fast]),
        f"{slow} CPU s": statistics.median(processor[slow]),
        f"{fast} CPU s": statistics.median(processor[fast]),
        "times less CPU": median_ratio(processor[slow], processor[fast]),
        "difference": check(results[slow], results[fast]),
        "load": os.getloadavg()[0],
    }


def old(args):
    matrix, observed, chroms = synthetic(args.genes, args.features, args.targets)
    split = split_by_chromosome(chroms, ["chr8"], ["chr9"])
    ways = {
        "eigendecomposition": lambda: by_eigendecomposition(matrix, observed, split),
        "Cholesky": lambda: by_cholesky(matrix, observed, split),
    }
    return compare(args, ways, _largest_apart)


def _largest_apart(slow, fast):
    return np.abs(slow - fast).max() / np.abs(slow).max()


def folds(args):
    matrix, observed, chroms = synthetic(args.genes, args.features, args.targets)
    splits = cross_validation_splits(chroms)
    ways = {
        "one by one": lambda: [by_cholesky(matrix, observed, split) for split in splits],
        "together": lambda: together(matrix, observed, splits),
    }
    return compare(args, ways, lambda slow, fast: statistics.median(map(_median_apart, slow, fast)))


def together(matrix, observed, splits):
    learners = MODELS["ridge"].prepare_folds(matrix, splits, {"penalties": PENALTIES})
    return [coefficients(learner, observed) for learner in learners]


def _median_apart(slow, fast):
    """How far the coefficients of the median target are apart: here the standardisation differs, and with it a few
    targets' penalty."""
    return float(np.median(np.abs(slow - fast).max(axis=0) / np.abs(slow).max(axis=0)))


def full(args):
    genes = 22_826 if args.genes == 3000 else args.genes
    features = 24_024 if args.features == 3000 else args.features
    matrix, observed, chroms = synthetic(genes, features, args.targets)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parameters = {"penalties": PENALTIES[: args.penalties]}
    before, load, processor, start = peak_memory_gb(), os.getloadavg()[0], time.process_time(), time.perf_counter()
    if args.cv:
        splits = cross_validation_splits(chroms)
        learners = MODELS["ridge"].prepare_folds(matrix, splits, parameters, args.device)
    else:
        splits = [split_by_chromosome(chroms, ["chr8"])]
        learners = [MODELS["ridge"].prepare(matrix, splits[0], parameters, args.device)]
    gram, fits = time.perf_counter() - start, 0
    for learner in learners:
        fits += sum(1 for _ in learner.fit(observed, names=[""] * args.targets, wanted=range(args.targets), seed=0))
    return {
        "genes": genes if args.cv else len(splits[0].train),
        "features": features,
        "folds": len(splits),
        "fits": f"{fits} x {len(parameters['penalties'])} penalties",
        "Gram matrix s": gram,
        "seconds": time.perf_counter() - start,
        "CPU seconds": time.process_time() - processor,
        "peak memory GB": peak_memory_gb(),
        "with the features alone GB": before,
        "load before": load,
        "load after": os.getloadavg()[0],
    }


PARTS = {"old": old, "folds": folds, "full": full}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--genes", type=int, default=3000)
    parser.add_argument("--features", type=int, default=3000)
    parser.add_argument("--targets", type=int, default=218)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--penalties", type=int, default=len(PENALTIES), help="the first of them")
    parser.add_argument("--cv", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of the full one")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    logging.getLogger("spex").setLevel(logging.ERROR)  # the ends of the penalties are of no interest here
    publish(f"ridge_{args.part}", [PARTS[args.part](args)], args.json, command=f"benchmarks.ridge {args.part}")


if __name__ == "__main__":
    main()
