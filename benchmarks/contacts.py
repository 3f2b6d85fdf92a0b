"""Reading a large contact map: the pixels that touch a TSS, streamed.

    python -m benchmarks.contacts [--pixels 100000000] [--genes ../shared/geneanno_GRCh38.csv]

Makes a synthetic map of 200,000 bins of 1000 bp (in the given folder, some 500 MB for 10^8 pixels), then reads it as
tensors.py does. Without a genes table, 22,826 TSS are drawn at random.
"""

import argparse
import time
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd

from benchmarks.measure import peak_memory_gb, publish
from spex.contacts.collect import collect_contacts
from spex.contacts.rules import Published
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.maps.cool import CoolMap

RESOLUTION = 1000
BINS = 200_000
CHROMOSOMES = 22
CHUNK = 5_000_000
GENES = 22_826


def make_map(path, pixels):
    """A map whose bins each touch the same number of bins after them, at distances that grow steadily."""
    per_bin = pixels // BINS
    sizes = pd.Series({f"chr{n}": BINS // CHROMOSOMES * RESOLUTION for n in range(1, CHROMOSOMES + 1)})
    bins = cooler.binnify(sizes, RESOLUTION)
    distances = np.sort(np.random.default_rng(0).choice(BINS // CHROMOSOMES // 2, per_bin, replace=False))

    def chunks():
        rows = max(CHUNK // per_bin, 1)
        for first in range(0, len(bins), rows):
            bin1 = np.repeat(np.arange(first, min(first + rows, len(bins))), per_bin)
            bin2 = bin1 + np.tile(distances, len(bin1) // per_bin)
            keep = bin2 < len(bins)
            yield {"bin1_id": bin1[keep], "bin2_id": bin2[keep], "count": 1 + bin1[keep] % 3}

    cooler.create_cooler(f"{path}::/resolutions/{RESOLUTION}", bins, chunks(), ordered=True, mode="w")


def genes_on(sizes, table):
    """Genes on the synthetic chromosomes: of the table, positions taken modulo the length, or drawn at random."""
    if table:
        genes = keep_genes(read_gene_table(table))
        return genes.assign(tss=genes["tss"] % min(sizes.values()) + 1)
    generator = np.random.default_rng(1)
    chroms = generator.choice(list(sizes), GENES)
    return pd.DataFrame(
        {
            "id": np.arange(GENES).astype(str),
            "chrom": chroms,
            "strand": "+",
            "tss": generator.integers(1, 9_000_000, GENES),
        }
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", type=int, default=100_000_000)
    parser.add_argument("--genes", help="a genes table; its TSS are folded onto the synthetic chromosomes")
    parser.add_argument("--folder", default="data/demo", help="where the synthetic map is kept")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    path = Path(args.folder) / f"synthetic_{args.pixels}.mcool"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        make_map(path.with_suffix(".part"), args.pixels)
        path.with_suffix(".part").rename(path)
        print(f"made {path}; run the same command again, so that making it does not count as memory used")
        return
    map_ = CoolMap(path, RESOLUTION)
    genes = genes_on(map_.chromsizes, args.genes)
    before = peak_memory_gb()
    start = time.perf_counter()
    contacts = collect_contacts([map_], genes, Published(), RESOLUTION, lambda count: None)
    seconds = time.perf_counter() - start
    with h5py.File(path) as file:
        pixels = len(file[f"resolutions/{RESOLUTION}/pixels/count"])
    row = {
        "pixels": pixels,
        "genes": len(genes),
        "contacts kept": len(contacts.bins),
        "seconds": seconds,
        "M pixels/s": pixels / seconds / 1e6,
        "peak GB": peak_memory_gb(),
        "peak GB before": before,
    }
    publish("contacts", [row], args.json, command=f"python -m benchmarks.contacts --pixels {args.pixels}")


if __name__ == "__main__":
    main()
