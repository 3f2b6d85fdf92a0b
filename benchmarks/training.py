"""Training: ridge for every tissue at once, trees for a second tissue, tensors into a matrix.

    python -m benchmarks.training ridge   [--genes 5000] [--features 5000] [--targets 218]
    python -m benchmarks.training trees   [--genes 5000] [--features 5000] [--boosting 100]
    python -m benchmarks.training trees_full [--genes 22826] [--boosting 10] [--device cuda]
    python -m benchmarks.training reading [--genes 22826]

One part a process, so that the peak memory is its own. Ridge: factorisation, five penalties and the choice among them
on validation rows, for all targets. Trees: with the published parameters and a fixed number of boosting rounds, a first
target (quantise the features, fit) against a second one (fit). Trees at full size, once: from tensor files through
training to the predictions, as `train.py` goes. Reading: tensors with checksums, from the page cache.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.files.sealed import save_array
from spex.models.registry import MODELS
from spex.models.splits import split_by_chromosome
from spex.runs.folder import DataFolder
from spex.runs.tensors import TensorMatrix, read_features

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
        learner = MODELS["ridge"].prepare(matrix, split, {"penalties": PENALTIES})
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
    parameters = MODELS["gbtree"].defaults | {"num_boost_round": args.boosting, "early_stopping_rounds": args.boosting}
    first, second = [], []
    for _ in range(args.rounds):
        start = time.perf_counter()
        learner = MODELS["gbtree"].prepare(matrix, split, parameters)
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


def trees_full(args):
    parameters = MODELS["gbtree"].defaults | {"num_boost_round": args.boosting, "early_stopping_rounds": args.boosting}
    generator = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as root:
        ids, observed = write_tensors(DataFolder(Path(root)), args.genes, args.features, generator)
        chroms = np.resize([f"chr{number}" for number in range(1, 23)], args.genes)
        split = split_by_chromosome(chroms, ["chr8"])
        before, marks = peak_memory_gb(), [(time.perf_counter(), time.process_time())]
        features = TensorMatrix(DataFolder(Path(root)), ids, args.features).hand_over()
        marks.append((time.perf_counter(), time.process_time()))
        learner, test = MODELS["gbtree"].prepare(features, split, parameters, args.device), features[split.test]
        del features
        marks.append((time.perf_counter(), time.process_time()))
        for fit in learner.fit(observed, names=["first", "second"], wanted=[0, 1], seed=1410):
            fit.predict(test)
            marks.append((time.perf_counter(), time.process_time()))
    row = {"genes": len(split.train), "features": args.features, "boosting rounds": args.boosting}
    parts = {"reading": 1, "bins": 1, "first target, a round": args.boosting, "second target, a round": args.boosting}
    for (name, count), start, end in zip(parts.items(), marks[:-1], marks[1:], strict=True):
        seconds, processor = ((b - a) / count for a, b in zip(start, end, strict=True))
        row |= {f"{name} s": seconds, f"{name} CPU s": processor}
    return row | {"peak memory GB": peak_memory_gb(), "before reading GB": before, "load": os.getloadavg()[0]}


def write_tensors(folder, genes, width, generator):
    """Write collinear tensors. Returns: the genes' ids, and (genes, 2) targets that depend on the tensors."""
    folder.tensors.mkdir()
    ids = [f"G{number}" for number in range(genes)]
    hidden = generator.normal(size=(genes, HIDDEN)).astype(np.float32)
    loadings = generator.normal(size=(HIDDEN, width)).astype(np.float32)
    for gene, row in zip(ids, hidden, strict=True):
        noise = generator.standard_normal(width, dtype=np.float32)
        save_array(folder.tensor_path(gene), row @ loadings + noise, durable=False)
    return ids, hidden @ generator.normal(size=(HIDDEN, 2)) + generator.normal(size=(genes, 2))


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


PARTS = {"ridge": ridge, "trees": trees, "trees_full": trees_full, "reading": reading}
FULL = ("trees_full", "reading")
"""Parts whose usual size is that of the published table."""


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--genes", type=int, help="default: 5000, for reading and trees_full 22826")
    parser.add_argument("--features", type=int, help="default: 5000, for trees_full 24024")
    parser.add_argument("--targets", type=int, default=218)
    parser.add_argument("--boosting", type=int, help="default: 100, for trees_full 10")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="of trees_full")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    args.genes = args.genes or (22_826 if args.part in FULL else 5000)
    args.features = args.features or (24_024 if args.part == "trees_full" else 5000)
    args.boosting = args.boosting or (10 if args.part == "trees_full" else 100)
    publish(f"training_{args.part}", [PARTS[args.part](args)], args.json, command=f"benchmarks.training {args.part}")


if __name__ == "__main__":
    main()
