"""Maps compared at full size: seconds and memory of the part that all maps share, and of each arm of one map.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.comparison [--penalties 1] [--maps 1]

22,826 made genes of 20,020 own features and neighbour blocks of 4,004, 218 made tissues, 3 control draws, 19 rotations:
the algebra of `spex compare` without its files. Every penalty of the own features that is tried costs as much as the
one; `spex compare` tries four, and makes the best one's factor again unless it was the last. Once: a run takes a while.
"""

import argparse
import logging
import os
import time

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from benchmarks.ridge import synthetic
from spex.compare.arms import MapArms, compare_map
from spex.compare.loco import RELATIVE_PENALTIES, OwnPart
from spex.compare.statistics import draw_shifts

ROTATIONS = 19


class Watch:
    """Rows of what was done since the last one."""

    def __init__(self):
        self.rows, self.elapsed, self.processor = [], time.perf_counter(), time.process_time()

    def note(self, step):
        elapsed, processor = time.perf_counter(), time.process_time()
        self.rows.append(
            {
                "step": step,
                "seconds": elapsed - self.elapsed,
                "CPU seconds": processor - self.processor,
                "peak GB": peak_memory_gb(),
                "load": os.getloadavg()[0],
            }
        )
        print(self.rows[-1], flush=True)
        self.elapsed, self.processor = elapsed, processor


def made_arms(name, genes, columns, seed):
    """A map's arms, each block made when it is asked for; sums over bins resemble their number."""

    def block(draw):
        generator = np.random.default_rng((seed, draw))
        numbers = generator.gamma(2, size=(genes, 1)).astype(np.float32)
        return numbers * (1 + 0.1 * generator.standard_normal((genes, columns), dtype=np.float32))

    numbers = np.random.default_rng(seed).poisson(3, size=(genes, 9)).astype(float)
    return MapArms(name, numbers, block(3), block)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=22_826)
    parser.add_argument("--features", type=int, default=20_020)
    parser.add_argument("--columns", type=int, default=4_004)
    parser.add_argument("--targets", type=int, default=218)
    parser.add_argument("--penalties", type=int, default=1, help="of the own features, tried")
    parser.add_argument("--maps", type=int, default=1)
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    features, observed, chroms = synthetic(args.genes, args.features, args.targets)
    penalties = np.array(RELATIVE_PENALTIES[-args.penalties :]) * args.features
    watch = Watch()
    own = OwnPart.of(features, chroms, observed, penalties=penalties)
    del features
    watch.note(f"own features, {args.penalties} penalties")
    shifts = draw_shifts(args.genes, ROTATIONS, 0)
    for number in range(args.maps):
        arms = made_arms(f"map {number + 1}", args.genes, args.columns, number)
        names = iter(["numbers, and rotated expression", "the map", "draw 1", "draw 2", "draw 3"])
        compare_map(
            own,
            arms,
            shifts=shifts,
            advance=lambda count, arms=arms, left=names: watch.note(f"{arms.name}: {next(left)}"),
        )
    publish("comparison", watch.rows, args.json, command=f"python -m benchmarks.comparison --maps {args.maps}")


if __name__ == "__main__":
    main()
