"""The prediction store: a second map over the same genes against the first, and the store's own speed.

    python -m benchmarks.store [--genes 6] [--rounds 5]

A synthetic chromosome and two maps that share 90 % of their contacted bins; the full-size network with random
weights. Each round starts with an empty store. Timed is making the tensors, with the network in memory.
"""

import argparse
import statistics
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from benchmarks.measure import publish
from benchmarks.synthetic import BINS_PER_GENE, synthetic_contacts, synthetic_genes, synthetic_genome, tensor_job
from expecto.beluga import Beluga
from expecto.network import BELUGA
from spex.features.devices import make_tensors
from spex.runs.cache import PredictionStore

ROWS = 20_000


def time_two_maps(folder, genome, model, genes, round_):
    """Seconds for the first map and for the second, with one store that is empty at first."""
    generator = np.random.default_rng(round_)
    first = synthetic_contacts(genes, generator)
    cache = folder / f"cache{round_}"
    seconds = []
    for number, contacts in enumerate((first, synthetic_contacts(genes, generator, keep=first))):
        job = tensor_job(folder / f"data{round_}_{number}", genome, contacts, store=(cache, {}, np.float32))
        start = time.perf_counter()
        make_tensors(job, lambda: model, "cpu", genes, lambda *counts: None)
        seconds.append(time.perf_counter() - start)
    return seconds


def time_store(folder):
    """Seconds to write and to read 20,000 rows, and to check as many checksums."""
    rows = np.random.default_rng(0).random((ROWS, BELUGA.features), dtype=np.float32)
    keys = np.arange(ROWS)
    start = time.perf_counter()
    store = PredictionStore(folder / "store", {})
    store.put("windows", "chr1", keys, rows)
    store.flush()
    written = time.perf_counter()
    PredictionStore(folder / "store", {}).get("windows", "chr1", np.random.default_rng(1).permutation(ROWS))
    read = time.perf_counter()
    for row in rows:
        zlib.crc32(row)
    return written - start, read - written, time.perf_counter() - read


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    model = Beluga()
    genes = synthetic_genes(args.genes)
    with tempfile.TemporaryDirectory() as folder:
        genome = synthetic_genome(Path(folder))
        rounds = [time_two_maps(Path(folder), genome, model, genes, number) for number in range(args.rounds)]
        write, read, checksums = time_store(Path(folder))
    megabytes = ROWS * BELUGA.features * 4 / 1e6
    row = {
        "genes": args.genes,
        "bins per gene": BINS_PER_GENE,
        "first map s": statistics.median(first for first, _ in rounds),
        "second map s": statistics.median(second for _, second in rounds),
        "second / first": statistics.median(second / first for first, second in rounds),
        "write MB/s": megabytes / write,
        "read rows/s": ROWS / read,
        "checksums, share of reading": checksums / read,
    }
    command = f"python -m benchmarks.store --genes {args.genes} --rounds {args.rounds}"
    publish("store", [row], args.json, command=command)


if __name__ == "__main__":
    main()
