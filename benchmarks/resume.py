"""A run whose tensors are all there: how long tensors.py takes to find that out.

    python -m benchmarks.resume [--genes 22826] [--rounds 5]

Timed is the whole command, from an empty process, with the tensors in the page cache; each tensor's checksum is read.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measure import publish
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.files.sealed import save_array
from spex.runs.folder import DataFolder

LENGTH = 1_000_000


def prepare(folder, count):
    """A data folder with every tensor, and the inputs that tensors.py asks for."""
    generator = np.random.default_rng(0)
    tss = generator.integers(1, LENGTH, count).astype(float)
    genes = pd.DataFrame({"id": [f"G{n}" for n in range(count)], "symbol": "G", "seqnames": "chr1", "strand": "+"})
    genes.assign(TSS=tss, CAGE_representative_TSS=tss, type="protein_coding").to_csv(folder / "genes.csv", index=False)
    (folder / "genome.fa").write_text(">chr1\n" + ("ACGT" * 15 + "\n") * (LENGTH // 60 + 1))
    (folder / "weights.pth").write_bytes(bytes(1000))  # never opened as weights: there is nothing to compute
    data = DataFolder(folder / "data")
    data.tensors.mkdir(parents=True)
    for gene in genes["id"]:
        tensor = generator.random(OWN_SUMS * BELUGA.features, dtype=np.float32)
        save_array(data.tensor_path(gene), tensor, durable=False)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=22_826)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    script = Path(__file__).resolve().parents[1] / "tensors.py"
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), args.genes)
        command = [sys.executable, str(script), "--data_folder", "data", "--genes_filename", "genes.csv"]
        command += ["--genome_filename", "genome.fa", "--beluga_model_filename", "weights.pth"]
        for _ in range(args.rounds + 1):
            start = time.perf_counter()
            subprocess.run(command, cwd=folder, check=True, stderr=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - start)
    row = {"finished tensors": args.genes, "seconds": statistics.median(seconds[1:]), "slowest": max(seconds[1:])}
    publish("resume", [row], args.json, command=f"python -m benchmarks.resume --genes {args.genes}")


if __name__ == "__main__":
    main()
