"""How far the lower precisions move the final scores: the embedded example, from sequence to the published line.

    python -m benchmarks.metrics [--precision float32 bfloat16]

Runs tensors.py with contacts and train.py, as the demo does, once in each precision, and compares features and scores
with the first. tf32 needs a CUDA device. Uses, and makes where they are missing, the demo's stand-in weights.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import publish
from data.example import demo
from spex.features.devices import DTYPES
from spex.files.sealed import load_array
from spex.runs.folder import DataFolder
from spex.runs.records import read_record


def run_example(folder, weights, precision):
    """Tensors and a fit of the example. Returns: all tensors, (genes, 24024); the record of the fit."""
    shared = ("--data_folder", folder.root, *demo.GENES)
    inputs = (*demo.GENOME, *demo.MAPS, "--beluga_model_filename", weights)
    for command in (
        ("tensors.py", *shared, *inputs, "--no_pred_cache", "--precision", precision),
        ("train.py", *shared, *demo.EXPRESSION, *demo.FASTER),
    ):
        subprocess.run([sys.executable, *map(str, command)], check=True, stdout=subprocess.DEVNULL)
    ids = pd.read_csv(folder.cached_genes, sep="\t")["id"]
    (fit,) = folder.results.glob("*/")
    return np.stack([load_array(folder.tensor_path(gene)) for gene in ids]), read_record(fit)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--precision", nargs="+", choices=tuple(DTYPES), default=["float32", "bfloat16"])
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    weights = demo.stand_in_weights()
    rows, reference = [], None
    for precision in args.precision:
        with tempfile.TemporaryDirectory() as folder:
            features, record = run_example(DataFolder(Path(folder, "data")), weights, precision)
        reference = features if reference is None else reference
        present = reference != 0  # a gene whose contacts are all too near has zeros
        moved = np.abs(features - reference)[present] / reference[present]
        rows.append(
            {
                "precision": precision,
                "features, median relative": float(np.median(moved)),
                "99 %": float(np.quantile(moved, 0.99)),
                "rmse": record["scores"]["rmse"],
                "Spearman": record["scores"]["spearman"],
                "Pearson": record["scores"]["pearson"],
                "test genes": record["genes"]["test"],
            }
        )
    publish("metrics", rows, args.json, command=f"python -m benchmarks.metrics --precision {' '.join(args.precision)}")


if __name__ == "__main__":
    main()
