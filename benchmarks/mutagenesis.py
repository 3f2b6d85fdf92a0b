"""Every SNV of 1 kb, as `spex mutagenesis` scores them, with the network of full size.

    python -m benchmarks.mutagenesis [--sample 40] [--deletions 8]

Made genome, genes, contacts, weights and models, as of benchmarks.variants. Two intervals of 1 kb, 3,000 SNVs each: a
contacted bin that no local window reads, and one by a TSS. The same SNVs by whole windows are timed on a sample of
them, in the same run; so are single deletions, which change whole windows. Seconds are of the CPU and of the clock:
others may be at work on the machine.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.measure import publish
from benchmarks.variants import WholeWindows, opened
from expecto.network import BELUGA
from spex.effects.alleles import AlleleScorer, own_reach
from spex.effects.changes import Change
from spex.inputs.choices import Blocks

BASES = 1000


def places(genes, contacts, index):
    """Where the two intervals start: name -> chromosome and first base."""
    for number in np.argsort(contacts.counts)[::-1].tolist():
        chrom, start = str(contacts.chrom[number]), int(contacts.start[number])
        tss = genes.loc[genes["chrom"] == chrom, "tss"].to_numpy()
        if np.abs(tss - start).min() > own_reach(BELUGA.window) + BASES and start > 0:
            break
    gene = genes.iloc[len(genes) // 2]
    return {"contacted bin": (chrom, start), "by a TSS": (gene["chrom"], int(gene["tss"]) - BASES // 2)}


def seconds_of(scorer, changes):
    """Seconds of the CPU and of the clock that changes take, in blocks as a run has them, and their effects."""
    size, cpu, clock, effects = 3 * Blocks.block_size, time.process_time(), time.perf_counter(), []
    for first in range(0, len(changes), size):
        effects.append(scorer.effects(changes[first : first + size]))
    taken = time.process_time() - cpu, time.perf_counter() - clock
    return *taken, np.concatenate([each.own + each.contact for each in effects])


def measure(args, folder):
    rows = []
    with opened(args, folder) as (computer, genes, contacts, index, models):
        genome, none = computer.genome, np.empty(0, np.uint8)
        whole = WholeWindows.beside(computer)
        part, whole = (AlleleScorer(each, genes, index, models) for each in (computer, whole))
        part.effects([Change("chr1", genes["tss"].iloc[0], 1, none)])  # libraries make ready
        for name, (chrom, start) in places(genes, contacts, index).items():
            codes = genome.codes(chrom, start, start + BASES).tolist()
            snvs = [
                Change(chrom, start + place, 1, np.array([base], np.uint8))
                for place, own in enumerate(codes)
                for base in range(len(BELUGA.bases))
                if own != base and own < len(BELUGA.bases)
            ]
            cpu, clock, effects = seconds_of(part, snvs)
            sample = np.linspace(0, len(snvs) - 1, args.sample, dtype=int)
            cpu_whole, _, effects_whole = seconds_of(whole, [snvs[at] for at in sample])
            reached = len(effects) // len(snvs)
            of_sample = effects.reshape(len(snvs), reached, -1)[sample].reshape(effects_whole.shape)
            some = [Change(chrom, start + int(at), 1, none) for at in np.linspace(0, BASES - 1, args.deletions)]
            cpu_deletions, *_ = seconds_of(part, [each.leftmost(genome) for each in some])
            rows.append(
                {
                    "interval": name,
                    "SNVs": len(snvs),
                    "genes reached": reached,
                    "seconds": clock,
                    "CPU seconds": cpu,
                    "whole windows": cpu_whole / len(sample) * len(snvs),
                    "times as fast": cpu_whole / len(sample) * len(snvs) / cpu,
                    "a deletion, CPU s": cpu_deletions / len(some),
                    "largest difference": float(np.abs(of_sample - effects_whole).max()),
                    "largest effect": float(np.abs(effects).max()),
                }
            )
    publish("mutagenesis", rows, args.json, command="python -m benchmarks.mutagenesis")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=40, help="SNVs that are scored by whole windows too")
    parser.add_argument("--deletions", type=int, default=8, help="that are timed")
    parser.add_argument("--device", help="of torch; the first GPU where there is one, else cpu")
    parser.add_argument("--precision")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measure(args, Path(folder))


if __name__ == "__main__":
    main()
