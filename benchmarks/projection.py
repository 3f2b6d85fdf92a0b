"""What the whole genome would take on this machine: measured per gene and per bin, multiplied.

    python -m benchmarks.projection [--genes 24] [--device cpu] [--bins 100000 1000000]

Measured: some genes from FASTA to finished tensors, with the network in memory, without contacts and with isolated
contacted bins, without a prediction cache; what is made ready once, some 2 s, counts too. Multiplied: by the 22,826
genes of the published table, and by numbers of distinct bins that a map may touch.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from benchmarks.synthetic import BINS_PER_GENE, synthetic_contacts, synthetic_genes, synthetic_genome, tensor_job
from expecto.beluga import Beluga
from spex.features.devices import make_tensors

ALL_GENES = 22_826


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=24)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bins", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    model, genes, seconds = Beluga(), synthetic_genes(args.genes), {}
    with tempfile.TemporaryDirectory() as folder:
        genome = synthetic_genome(Path(folder))
        contacts = synthetic_contacts(genes, np.random.default_rng(0))
        for name, given in (("warm-up", None), ("own", None), ("contacts", contacts)):
            job = tensor_job(Path(folder, name), genome, given)
            start = time.perf_counter()
            make_tensors(job, lambda: model, args.device, genes, lambda *counts: None)
            seconds[name] = time.perf_counter() - start
    per_gene = seconds["own"] / args.genes
    per_bin = (seconds["contacts"] - seconds["own"]) / len(np.unique(contacts.bins))
    rows = [
        {"what": "own features", "hours": ALL_GENES * per_gene / 3600, "how": f"{ALL_GENES} genes x seconds per gene"}
    ]
    for bins in args.bins:
        hours = (ALL_GENES * per_gene + bins * per_bin) / 3600
        rows.append({"what": f"with {bins} bins", "hours": hours, "how": "the same, + bins x seconds per bin"})
    publish(
        "projection",
        rows,
        args.json,
        **{
            "measured": f"{args.genes} genes, {args.genes * BINS_PER_GENE} bins",
            "seconds per gene": per_gene,
            "seconds per isolated bin": per_bin,
            "peak GB, weights included": peak_memory_gb(),
        },
    )


if __name__ == "__main__":
    main()
