"""How often two maps are called different that gain alike, and two of which one alone has the contacts that act.

    python -m benchmarks.pairs [--genomes 45] [--sets 4] [--out pairs.csv]

Each synthetic genome of both worlds (`benchmarks.made_genome`, `benchmarks.dense_genome`) has one set of contacts and
three maps of it, each with half of its contacts: two halves drawn apart ("twins": what a map and its downsampled copy
are at the same depth), and the distance-matched bins of the first half in its place ("matched": as many contacts, none
of which act). Twins gain alike whatever acts; the first half gains more than the matched bins where contacted bins act.
Finished genomes are kept in the table, by which the next start goes on. Set OPENBLAS_NUM_THREADS=1.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import dense_genome, made_genome
from benchmarks.power import LEAST_SHIFT, ROTATIONS, own_parts, share
from spex.compare.arms import BASELINE, DRAWS, MAP, MapArms, compare_map
from spex.compare.statistics import Rotation, draw_shifts
from spex.contacts.controls import draw_matched, number_columns
from spex.files.atomic import whole_file
from spex.models.chromosomes import Difference

EFFECTS = {
    "made": {"nothing": "null", "number 5 %": "C5", "region 5 %": "G5", "touched 2 %": "S2"},
    "dense": {
        "nothing": "nothing",
        "number 5 %": "number 5 %",
        "region 5 %": "TAD 5 %",
        "touched 2 %": "touched 2 %",
    },
}
PAIRS = {"twins": ("one", "other"), "matched": ("one", "matched")}
LEVEL = 0.05


def expression(world, genome, sets, seed):
    """By effect, float64 (n, sets)."""
    found = {}
    for place, (name, scenario) in enumerate(EFFECTS[world].items()):
        of = [seed, 1, place]
        if world == "made":
            found[name] = made_genome.make_expression(genome, scenario, sets, of)
        else:
            found[name] = dense_genome.make_expression(genome, scenario, "200 kb", sets, of)
    return found


def some(contacts, kept):
    """Contacts of which some are kept. kept: (contacts,) bool."""
    gene = np.repeat(np.arange(len(contacts.genes)), np.diff(contacts.offsets))[kept]
    numbers = np.bincount(gene, minlength=len(contacts.genes))
    fields = {name: getattr(contacts, name)[kept] for name in ("bins", "counts", "downstream")}
    return replace(contacts, offsets=np.concatenate([[0], np.cumsum(numbers)]), has_pixels=numbers > 0, **fields)


def maps_of(genome, seed):
    """By name, Contacts of the three maps."""
    random = np.random.default_rng([seed, 4])
    halves = [some(genome.contacts, random.random(len(genome.contacts.bins)) < 0.5) for _ in range(2)]
    return {"one": halves[0], "other": halves[1], "matched": draw_matched(halves[0], seed, len(DRAWS))[0]}


def run_genome(world, seed, sets):
    """DataFrame, one row a pair of maps and set of expression."""
    make = {"made": made_genome, "dense": dense_genome}[world].make_genome
    genome = make([seed, 0])
    found = expression(world, genome, sets, seed)
    own, tested = own_parts(genome, np.concatenate([*found.values()], axis=1))
    shifts = draw_shifts(len(own), ROTATIONS, [seed, 2], least=LEAST_SHIFT)
    statistics = {}
    for name, contacts in maps_of(genome, seed).items():
        draws = [genome.sums(draw_matched(contacts, seed, draw)[0]) for draw in range(len(DRAWS))]
        arms = MapArms(name, number_columns(contacts), genome.sums(contacts), draws.__getitem__)
        statistics[name] = compare_map(own, tested, arms, shifts=shifts)
    names = [name for name, values in found.items() for _ in range(values.shape[1])]
    rows = [
        pair_rows(statistics[one], statistics[other], names).assign(pair=pair) for pair, (one, other) in PAIRS.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(world=world, genome=seed)


def pair_rows(one, other, effects):
    """What each rule says of two maps, one row a set, and one the mean over the sets of each effect, as over tissues.

    effects: (sets,), names.
    """
    means = sorted(set(effects))
    over = np.array([[name == effect for name in effects] for effect in means], dtype=float)
    over = np.concatenate([np.eye(len(effects)), over / over.sum(axis=1, keepdims=True)]).T
    gains = [(each.of(MAP) - each.of(BASELINE)) @ over for each in (one, other)]
    difference = Difference.of(gains[0] - gains[1], one.genes)
    content = Rotation.of((one.gain_map - other.gain_map) @ over)
    sequence = Rotation.of(((one.gain_map - one.gain_matched) - (other.gain_map - other.gain_matched)) @ over)
    columns = {
        "effect": [*effects, *means],
        "of": ["one set"] * len(effects) + ["mean"] * len(means),
        "gain": (one.genes / one.genes.sum()) @ gains[0],
    }
    for name, corrected in (("plain", False), ("corrected", True)):
        columns[f"p_{name}"] = difference.p_apart(corrected)
    for name, each in (("content", content), ("sequence", sequence)):
        columns[f"p_{name}"] = 2 * np.minimum(each.p_above, each.p_below)
    return pd.DataFrame(columns)


RULES = {
    "p_plain": "t over chromosomes",
    "p_corrected": "the same, widened",
    "p_content": "shifts, any content",
    "p_sequence": "shifts, contacted bins",
}


def tabulate(rows):
    """Share of sets with p below `LEVEL` by world, pair and effect, by each rule: Markdown."""
    lines = [["world", "pair", "effect", "tested", "tests", "gain × 0.001", *RULES.values()]]
    lines.append(["---"] * len(lines[0]))
    for (world, pair, effect, of), mine in rows.groupby(["world", "pair", "effect", "of"], sort=False):
        shares = [share(mine, mine[rule] < LEVEL) for rule in RULES]
        cells = [f"{100 * value:.1f} ± {100 * error:.1f}" for value, error in shares]
        lines.append([world, pair, effect, of, str(len(mine)), f"{1000 * mine['gain'].mean():.1f}", *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genomes", type=int, default=45)
    parser.add_argument("--sets", type=int, default=4)
    parser.add_argument("--out", type=Path, default=Path("pairs.csv"))
    args = parser.parse_args(argv)
    done = [pd.read_csv(args.out)] if args.out.exists() else []
    known = set() if not done else set(zip(done[0]["world"], done[0]["genome"], strict=True))
    for seed in range(1, args.genomes + 1):
        for world in EFFECTS:
            if (world, seed) in known:
                continue
            done.append(run_genome(world, seed, args.sets))
            with whole_file(args.out) as file:
                pd.concat(done, ignore_index=True).to_csv(file, index=False)
        print(f"{seed} of {args.genomes} genomes of each world", flush=True)
    print(tabulate(pd.concat(done, ignore_index=True)))


if __name__ == "__main__":
    main()
