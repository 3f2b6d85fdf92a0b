"""Training: ridge for every tissue at once, trees for a second tissue, tensors into a matrix.

    python -m benchmarks.training ridge   [--genes 5000] [--features 5000] [--targets 218]
    python -m benchmarks.training trees   [--genes 5000] [--features 5000] [--boosting 100]
    python -m benchmarks.training reading [--genes 22826]

One part a process, so that the peak memory is its own. Ridge: factorisation, five penalties and the choice among them
on validation rows, for all targets. Trees: with the published parameters and a fixed number of boosting rounds, a first
target (quantise the features, fit) against a second one (fit). Reading: tensors with checksums, from the page cache.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.files.sealed import save_array
from spex.models.registry import PARAMETERS, prepare
from spex.models.splits import split_by_chromosome
from spex.runs.folder import DataFolder
from spex.runs.tensors import read_features

PENALTIES = [1e2, 1e3, 1e4, 1e5, 1e6]
HIDDEN = 50
"""Directions that most of the features' variance lies in: chromatin features are collinear."""


def synthetic(genes, features, targets):
    """Collinear features, targets that depend on them, and a split with chr8 for the test and chr9 for validation."""
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(genes, HIDDEN)).astype(np.float32)
    matrix = hidden @ generator.normal(size=(HIDDEN, features)).astype(np.float32)
    matrix += generator.normal(size=matrix.shape).astype(np.float32)
    observed = hidden @ generator.normal(size=(HIDDEN, targets)) + generator.normal(size=(genes, targets))
    chroms = np.resize([f"chr{number}" for number in range(1, 23)], genes)
    return matrix, observed, split_by_chromosome(chroms, ["chr8"], ["chr9"])


def ridge(args):
    matrix, observed, split = synthetic(args.genes, args.features, args.targets)
    seconds = []
    for _ in range(args.rounds):
        start = time.perf_counter()
        learner = prepare("ridge", matrix, split, {"penalties": PENALTIES})
        fits = list(learner.fit(observed, names=[""] * args.targets, wanted=range(args.targets), seed=0))
        seconds.append(time.perf_counter() - start)
    return {
        "genes": len(split.train),
        "features": args.features,
        "fits": f"{len(fits)} targets × {len(PENALTIES)} penalties",
        "seconds": statistics.median(seconds),
        "slowest": max(seconds),
        "peak memory GB": peak_memory_gb(),
    }


def trees(args):
    matrix, observed, split = synthetic(args.genes, args.features, 2)
    parameters = PARAMETERS["gbtree"] | {"num_boost_round": args.boosting, "early_stopping_rounds": args.boosting}
    first, second = [], []
    for _ in range(args.rounds):
        start = time.perf_counter()
        learner = prepare("gbtree", matrix, split, parameters)
        fits = learner.fit(observed, names=["first", "second"], wanted=[0, 1], seed=1410)
        next(fits)
        middle = time.perf_counter()
        next(fits)
        first.append(middle - start)
        second.append(time.perf_counter() - middle)
    return {
        "genes": len(split.train),
        "features": args.features,
        "boosting rounds": args.boosting,
        "first target s": statistics.median(first),
        "second target s": statistics.median(second),
        "saved": statistics.median(1 - b / a for a, b in zip(first, second, strict=True)),
        "peak memory GB": peak_memory_gb(),
    }


def reading(args):
    width = OWN_SUMS * BELUGA.features
    ids = [f"G{number}" for number in range(args.genes)]
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as root:
        folder = DataFolder(Path(root))
        folder.tensors.mkdir()
        for gene in ids:
            save_array(folder.tensor_path(gene), generator.random(width, dtype=np.float32), durable=False)
        before, seconds = peak_memory_gb(), []
        for _ in range(args.rounds):
            start = time.perf_counter()
            matrix, _ = read_features(folder, ids, width)
            seconds.append(time.perf_counter() - start)
            size = matrix.nbytes / 1e9
            del matrix
    return {
        "tensors": args.genes,
        "features": width,
        "matrix GB": size,
        "seconds": statistics.median(seconds),
        "slowest": max(seconds),
        "peak memory above start GB": peak_memory_gb() - before,
        "in matrices": (peak_memory_gb() - before) / size,
    }


PARTS = {"ridge": ridge, "trees": trees, "reading": reading}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--genes", type=int, help="default: 5000, for reading 22826")
    parser.add_argument("--features", type=int, default=5000)
    parser.add_argument("--targets", type=int, default=218)
    parser.add_argument("--boosting", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    args.genes = args.genes or (22_826 if args.part == "reading" else 5000)
    publish(f"training_{args.part}", [PARTS[args.part](args)], args.json, command=f"benchmarks.training {args.part}")


if __name__ == "__main__":
    main()
