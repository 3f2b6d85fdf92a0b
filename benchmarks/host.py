"""Everything around the network: from FASTA to tensor files with a network that costs next to nothing.

    python -m benchmarks.host [--genes 2000] [--map] [--cache] [--profile]
    python -m benchmarks.host --faked [--map] [--cache]    # what is left for the host beside a GPU
    python -m benchmarks.host --genes 22826 --map --cache      # the whole genome
    python -m benchmarks.host --genes 22826 --scattered --device cuda    # the real network, on a GPU

A window's predictions are taken from a table by a hash of its letters, so that results depend on every window and can
be compared between versions: the last figure is a checksum of all tensors. With --device it is the real network, with
random weights, on that device. With --faked what a device does, windows and the sums over local windows, is there at
once, the same for all. The genome is a made one, of chromosomes of 20 Mb; genes are spread over it as densely
as over the real one.
"""

import argparse
import cProfile
import pstats
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from benchmarks.measure import peak_memory_gb, publish
from expecto.beluga import Beluga
from expecto.network import BELUGA
from expecto.scan import Scanner
from spex.contacts.collect import Contacts
from spex.contacts.rules import Published
from spex.contacts.sums import WINDOWS_AT_ONCE
from spex.features.compute import FeatureComputer
from spex.features.devices import BLOCK_SIZE, CPU_WINDOWS_PER_PASS, DTYPES, computing, windows_per_pass
from spex.features.write import write_tensors
from spex.files.hashes import Watch
from spex.inputs.genome import Genome
from spex.runs.cache import OWN_ROWS, PredictionStore
from spex.runs.folder import DataFolder

CHROM_LENGTH = 20_000_000
GENES_PER_CHROM = 160  # 22,826 over 2.9 Gb
BINS_PER_GENE = 40
RESOLUTION = 1000
ANSWERS = 64
HASHED = 32
"""Letters of a window that its hash reads, spread over it."""


class CheapScanner:
    """Stands in for `expecto.scan.Scanner`: a window's row of a table, chosen by some of its letters."""

    network, genes_at_once = BELUGA, 0
    device = torch.device("cpu")

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.answers = torch.rand((ANSWERS, BELUGA.features), generator=generator)
        self.places = torch.arange(HASHED) * (BELUGA.window // HASHED)
        self.factors = torch.randint(1, 1 << 20, (HASHED,), generator=generator)

    def predict(self, codes, starts):
        letters = codes[starts[:, None] + self.places].long()
        return self.answers[(letters * self.factors).sum(1) % ANSWERS]


class FakedDevice(CheapScanner):
    """What a device would have computed, without any work: the same rows, whatever the windows."""

    def __init__(self):
        super().__init__()
        self.rows = self.answers.repeat(-(-WINDOWS_AT_ONCE // ANSWERS), 1)
        self.own = torch.rand((max(BLOCK_SIZE.values()), OWN_ROWS * BELUGA.features))

    def predict(self, codes, starts):
        return self.rows[: len(starts)]


class FakedComputer(FeatureComputer):
    """A FeatureComputer whose device sums local windows without any work."""

    overlaps = True

    def _own_rows(self, codes, starts):
        return self.scanner.own[: len(starts)]


def make_genome(folder, chroms):
    """FASTA of random chromosomes; each is the first one rotated, which is quick to make."""
    letters = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), CHROM_LENGTH)
    path = folder / "genome.fa"
    with open(path, "wb") as file:
        for number in range(chroms):
            rotated = np.roll(letters, 1_000_003 * number).reshape(-1, 100)
            lines = np.hstack([rotated, np.full((len(rotated), 1), ord("\n"), np.uint8)])
            file.write(b">chr%d\n" % (number + 1) + lines.tobytes())
    return path


def make_genes(count, scattered):
    """Genes spread evenly, 160 a chromosome, or by chance."""
    number = np.arange(count)
    tss = (number % GENES_PER_CHROM + 1) * (CHROM_LENGTH // (GENES_PER_CHROM + 2))
    if scattered:
        tss = np.random.default_rng(2).integers(1, CHROM_LENGTH, count)
    chroms = [f"chr{index + 1}" for index in number // GENES_PER_CHROM]
    strands = np.where(number % 2, "-", "+")
    return pd.DataFrame({"id": [f"G{n}" for n in number], "chrom": chroms, "strand": strands, "tss": tss})


def make_contacts(genes):
    """Forty bins a gene within 2 Mb of it, which neighbours share."""
    generator = np.random.default_rng(1)
    own = genes["tss"].to_numpy() // RESOLUTION
    bins = [np.sort(generator.choice(np.arange(max(b - 1000, 0), b + 1000), BINS_PER_GENE, replace=False)) for b in own]
    total = len(genes) * BINS_PER_GENE
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=np.ones(len(genes), dtype=bool),
        offsets=np.arange(len(genes) + 1) * BINS_PER_GENE,
        bins=np.concatenate(bins).astype(np.int32),
        counts=np.ones(total),
        downstream=generator.random(total) < 0.5,
        resolution=RESOLUTION,
        rule=Published(),
    )


def checksum(folder):
    """CRC-32 of all tensors, one after the other by name."""
    value = 0
    for path in sorted(folder.tensors.iterdir()):
        value = zlib.crc32(path.read_bytes(), value)
    return f"{value:08x}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=2000)
    parser.add_argument("--map", action="store_true", help="with contacts, 40 bins a gene")
    parser.add_argument("--cache", action="store_true", help="with a prediction cache, empty at first")
    parser.add_argument("--scattered", action="store_true", help="genes overlap here and there, as real ones do")
    parser.add_argument("--device", help="cpu or cuda: with the real network there")
    parser.add_argument("--faked", action="store_true", help="with a device that takes no time")
    parser.add_argument("--precision", choices=tuple(DTYPES), default="float32", help="of the real network")
    parser.add_argument("--profile", action="store_true", help="print the functions that take longest")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    genes = make_genes(args.genes, args.scattered)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        genome = Genome(make_genome(place, genes["chrom"].nunique()), place / "spare.fai")
        folder = DataFolder(place / "data")
        folder.tensors.mkdir(parents=True)
        scanner, at_once = FakedDevice() if args.faked else CheapScanner(), CPU_WINDOWS_PER_PASS
        if args.device:
            torch.manual_seed(0)
            scanner = Scanner(Beluga(), args.device, getattr(torch, DTYPES[args.precision]))
            at_once = windows_per_pass(args.device)
        computer = (FakedComputer if args.faked else FeatureComputer)(
            genome=genome,
            scanner=scanner,
            store=PredictionStore(place / "cache", {}) if args.cache else None,
            contacts=make_contacts(genes) if args.map else None,
            windows_per_pass=at_once,
        )
        before = peak_memory_gb()
        profile = cProfile.Profile()
        start, processor = time.perf_counter(), time.process_time()
        if args.profile:
            profile.enable()
        with computing(args.device or "cpu", args.precision):
            write_tensors(computer, folder, genes, BLOCK_SIZE[scanner.device.type], lambda *done: None, Watch())
        profile.disable()
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        row = {
            "genes": args.genes,
            "map": args.map,
            "cache": args.cache,
            "seconds": seconds,
            "ms a gene": 1000 * seconds / args.genes,
            "CPU ms a gene": 1000 * processor / args.genes,
            "windows": computer.counts["windows"],
            "peak GB": peak_memory_gb(),
            "peak GB before": before,
            "checksum": checksum(folder),
        }
    if args.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    options = [f"--{name}" for name in ("faked", "map", "cache", "scattered") if getattr(args, name)]
    options += ["--device", args.device, "--precision", args.precision] if args.device else []
    publish(
        "host", [row], args.json, command=" ".join(["python -m benchmarks.host --genes", str(args.genes), *options])
    )


if __name__ == "__main__":
    main()
