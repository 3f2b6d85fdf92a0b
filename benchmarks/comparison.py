"""Maps compared at full size: seconds and memory of the part that all maps share, and of each arm of one map.

    python -m benchmarks.comparison [--penalties 1] [--maps 1] [--double]

22,826 made genes of 20,020 own features and neighbour blocks of 4,004, 218 made tissues, 3 control draws, 19 rotations,
and what stands beside the decision: the algebra of `spex compare` without its files. Every penalty of the own features
that is tried costs as much as the one; `spex compare` tries four, and makes the best one's factor again unless it was
the last; the whitened genes need one more. `--double` has the whitened own features and the last map's neighbour blocks
in float64 too, and shows how far its statistics are apart from those of float32. Once: a run takes a while.
"""

import argparse
import logging
import os
import time
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.measure import peak_memory_gb, publish
from benchmarks.ridge import synthetic
from spex.compare.arms import MapArms, compare_map
from spex.compare.loco import RELATIVE_PENALTIES, OwnPart
from spex.compare.statistics import draw_shifts
from spex.compare.tables import make_tables
from spex.compare.whitening import Whitening

ROTATIONS = 19
COMMON = 8.0
"""Standard deviation of a factor that all own features share, beside 7.1 of what they do not, as chromatin has one."""


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


def made_arms(name, genes, columns, seed, dtype=np.float32):
    """A map's arms, each block made when it is asked for; sums over bins resemble their number."""

    def block(draw, columns=columns):
        generator = np.random.default_rng((seed, draw))
        numbers = generator.gamma(2, size=(genes, 1)).astype(np.float32)
        values = numbers * (1 + 0.1 * generator.standard_normal((genes, columns), dtype=np.float32))
        return values.astype(dtype, copy=False)

    numbers = np.random.default_rng(seed).poisson(3, size=(genes, 9)).astype(float)
    widths = {"shuffled": columns, "local_sum": columns // 2, "coverage": 4, "distance_only": columns}
    others = {other: partial(block, 4 + place, width) for place, (other, width) in enumerate(widths.items())}
    return MapArms(name, numbers, block(3), block, others)


def apart(single, double):
    """How far statistics (MapStatistics) of neighbour blocks in float32 are from those of float64."""
    p_values = [
        make_tables([each], [(t, str(t)) for t in range(each.rho.shape[2])], correction="none").results["p_seq"]
        for each in (single, double)
    ]
    delta = [each.gain_map - each.gain_matched for each in (single, double)]
    return {
        "gain of the map, in s.d. over rotations": _largest(single.gain_map, double.gain_map, double.gain_map),
        "sequence statistic, in s.d. over rotations": _largest(*delta, delta[1]),
        "p of the sequence test": float(np.abs(p_values[0] - p_values[1]).max()),
        "Spearman over all chromosomes": float(
            np.abs(_overall(single, double.arms) - _overall(double, double.arms)).max()
        ),
        "chosen penalties that differ": float(np.mean(single.map_penalty != double.map_penalty)),
    }


def _largest(single, double, spread):
    return float((np.abs(single - double) / spread[1:].std(axis=0, ddof=1)).max())


def _overall(statistics, arms):
    return np.average([statistics.of(arm) for arm in arms], axis=1, weights=statistics.genes)


def compare(own, tested, arms, shifts, watch):
    """MapStatistics of a map, with a row of the watch for each step."""
    steps = iter(["numbers, and rotated expression", "the map", "draw 1", "draw 2", "draw 3", *arms.others])
    return compare_map(
        own, tested, arms, shifts=shifts, advance=lambda count: watch.note(f"{arms.name}: {next(steps)}")
    )


def made_whitening(chroms):
    """A Whitening of genes as close together as human ones."""
    gaps = np.random.default_rng(2).lognormal(np.log(50_000), 1.4, size=len(chroms))
    return Whitening(chroms, np.cumsum(gaps.astype(np.int64)))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genes", type=int, default=22_826)
    parser.add_argument("--features", type=int, default=20_020)
    parser.add_argument("--columns", type=int, default=4_004)
    parser.add_argument("--targets", type=int, default=218)
    parser.add_argument("--penalties", type=int, default=1, help="of the own features, tried")
    parser.add_argument("--maps", type=int, default=1)
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    features, observed, chroms = synthetic(args.genes, args.features, args.targets)
    features += COMMON * np.random.default_rng(1).standard_normal((args.genes, 1), dtype=np.float32)
    penalties = np.array(RELATIVE_PENALTIES[-args.penalties :]) * args.features
    watch = Watch()
    own = OwnPart.of(features, chroms, observed, penalties=penalties)
    watch.note(f"own features, {args.penalties} penalties")
    whitening, double = made_whitening(chroms), features.astype(np.float64) if args.double else None
    tested = OwnPart.of(features, chroms, observed, penalties=[own.penalty], whitening=whitening)
    del features
    watch.note("own features, whitened")
    shifts = draw_shifts(args.genes, ROTATIONS, 0)
    for number in range(args.maps):
        single = compare(own, tested, made_arms(f"map {number + 1}", args.genes, args.columns, number), shifts, watch)
    if args.double:
        arms = made_arms("in float64", args.genes, args.columns, args.maps - 1, np.float64)
        arms = replace(arms, others={})
        tested = OwnPart.of(double, chroms, observed, penalties=[own.penalty], whitening=whitening)
        differences = apart(single, compare(own, tested, arms, shifts, watch))
        publish("comparison_precision", [differences], None, command="python -m benchmarks.comparison --double")
    publish("comparison", watch.rows, args.json, command=f"python -m benchmarks.comparison --maps {args.maps}")


if __name__ == "__main__":
    main()
