"""What it takes to keep a fit: scores with their intervals, files, results.csv and pictures.

    python -m benchmarks.keeping [--targets 20]

Ridge of many targets on made features: the model itself is ready when the first target is, and what passes from one
target to the next is the keeping. 1000 test genes. The folds of a cross-validation have no pictures of their own.
"""

import argparse
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from benchmarks.measure import publish
from expecto.network import BELUGA
from spex.commands.train import keep_record
from spex.models.layout import Layout
from spex.models.splits import split_by_chromosome
from spex.runs import records
from spex.runs.training import Training, fit_all

CHROMS = ["chr8"] * 1000 + ["chr1"] * 50
LABELS = {"cell type": 200, "assay": 150, "treatment": 3}
"""How many of each the table of chromatin features has, about."""


def made_study(results, targets):
    generator = np.random.default_rng(0)
    layout = Layout.of_network(BELUGA, 1)
    matrix = generator.random((len(CHROMS), layout.width), dtype=np.float32)
    ids = [f"ENSG{row:011d}" for row in range(len(CHROMS))]
    labels = {name: np.resize([f"{name} {number}" for number in range(n)], 2002) for name, n in LABELS.items()}
    return Training(
        results=results,
        genes=pd.DataFrame({"id": ids, "symbol": "GENE", "chrom": CHROMS}),
        features=SimpleNamespace(hand_over=lambda: matrix),
        layout=layout,
        observed=generator.normal(size=(len(CHROMS), targets)),
        targets=[(index, f"tissue {index}") for index in range(1, targets + 1)],
        model="ridge",
        parameters={"penalties": [1e3, 1e4, 1e5]},
        device="cpu",
        settings={"pseudocount": 0.0001},
        left_out={},
        chromatin=pd.DataFrame(labels),
    )


def keep(targets, are_folds):
    """A row with the median seconds between one kept fit and the next."""
    marks = []
    with tempfile.TemporaryDirectory() as root, records.results_kept_up(Path(root)) as renew:
        training = made_study(Path(root), targets)
        keep_one = partial(keep_record, training.results, renew, None)

        def on_record(record, new, count, _):
            keep_one(record, new, count, are_folds)
            marks.append((time.perf_counter(), time.process_time()))

        fit_all(training, [split_by_chromosome(CHROMS, ["chr8"])], [0], pool=False, on_record=on_record)
    seconds, processor = map(float, np.median(np.diff(marks, axis=0), axis=0))
    kind = "fold" if are_folds else "fit"
    return {"kind": kind, "fits": targets, "seconds": seconds, "CPU seconds": processor, "load": os.getloadavg()[0]}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    rows = [keep(args.targets, are_folds) for are_folds in (False, True)]
    publish("keeping", rows, args.json, command="benchmarks.keeping")


if __name__ == "__main__":
    main()
