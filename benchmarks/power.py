"""How often a comparison of contact maps is right: what is said of made data, of which the truth is known.

    python -m benchmarks.power [--world made|dense|regional] [--quick] [--genomes 100] [--sets 2] [--processes 2]
                               [--whole_chromosome_fallback] [--out power.md]

Each made genome (`benchmarks.made_genome`, or `benchmarks.dense_genome`, whose contacts are as near as real ones, and
which in the world "regional" has bins that resemble their TAD more) has one map and several expressions of each
scenario, which are fitted as tissues of one comparison, by the code that `spex compare` runs, and judged each as a
single test. The same is done without whitening, by the rule of versions before it came, for the same expression, draws
and shifts. Errors of the shares are between genomes. Finished genomes are kept in a table beside the output, by which
the next start goes on; a table of other code must be deleted by hand. Set OPENBLAS_NUM_THREADS=1 where several
processes run.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks import dense_genome, made_genome
from benchmarks.made_genome import GENES, SCENARIOS, describe
from benchmarks.measure import machine
from spex.compare.arms import DRAWS, MAP, MapArms, Tests, compare_map
from spex.compare.loco import Columns, OwnPart
from spex.compare.protocol import NO_CORRECTION
from spex.compare.statistics import adjust, draw_shifts
from spex.compare.tables import judged, make_tables
from spex.compare.verdict import ALPHA, STRENGTHS
from spex.compare.whitening import Whitening
from spex.files.atomic import whole_file, write_text
from spex.models.chromosomes import Difference

ROTATIONS, LEAST_SHIFT = 19, 60
"""The shift is a tenth of the program's at least, as the genome is of the human."""

OWN_PENALTY = 0.3
"""Times the own features: the one of those that are tried that was chosen in each of the first 43 genomes."""

NULLS = ("null", "NB", "HUB", "TIE")
NULL_SETS, DENSE_NULL_SETS = 5, 3
"""Of nothing at all there are as many times more sets than of the other scenarios."""

NOISE = ", noise: "
POWERS = (0.5, 0.6, 0.7)

SEEDS = (8, 100, 1000)
TEST_GENES, SEED_NOISE = 1000, 0.105
"""At most; the test chromosome of the published program has 990. Noise of a repeat's predictions, in their standard
deviations: Spearman's correlation over the test genes then has a standard deviation of 0.003 between repeats."""

MAPS_PUBLISHED = 32
VERDICTS = {
    "sequence": (1, 2),
    "other bins too": (3,),
    "number only": (4,),
    "harms": (5,),
    "nothing": (6,),
    "not distinguishable": (7,),
}


def run_genome(seed, sets, world="made", chromosomes=GENES, *, fallback=False):
    """Everything that is counted of one genome: DataFrame, one row a set.

    world: of `WORLDS`. chromosomes: name -> number of genes. fallback: as whole_chromosome of `draw_matched`.
    """
    genome, made = WORLDS[world]([seed, 0], [seed, 1], sets, chromosomes)
    names = [name for name, values in made.items() for _ in range(values.shape[1])]
    own, tested = own_parts(genome, np.concatenate([*made.values()], axis=1))
    draws = [genome.matched(draw, seed, whole_chromosome=fallback) for draw in range(len(DRAWS))]
    arms = MapArms("map", genome.numbers(), genome.sums(genome.contacts), draws.__getitem__)
    shifts = draw_shifts(len(own), ROTATIONS, [seed, 2], least=LEAST_SHIFT)
    whitened = compare_map(own, tested, arms, shifts=shifts)
    tests = Tests(own, arms, shifts, whitened.test_penalty)
    matched = np.mean([tests.gain(draw) for draw in draws], axis=0)
    plain = replace(whitened, gain_map=tests.gain(arms.neighbours), gain_matched=matched)
    table, before = (
        make_tables([each], list(enumerate(names)), correction="none").results for each in (whitened, plain)
    )
    table = table.assign(
        genome=seed,
        scenario=table["target"],
        **{f"{name}_before": before[name] for name in ("p_seq", "p_content")},
        **_intervals(whitened),
    )
    table = table.drop(columns=["map", "target"])
    if world != "made":
        return table
    first = names.index("null")
    welch = published_test(own, arms, [seed, 3], list(range(first, first + sets)))
    return table.merge(welch, on="target_index", how="left")


def own_parts(genome, observed):
    """Own features of a genome beside expression (n, t), as they are and whitened: two OwnPart."""
    chroms, tss = genome.contacts.chroms, genome.contacts.tss
    own = OwnPart.of(genome.own, chroms, observed, penalties=[OWN_PENALTY * genome.own.shape[1]])
    return own, OwnPart.of(genome.own.copy(), chroms, observed, [own.penalty], Whitening(chroms, tss))


def _made(of_genome, of_sets, sets, chromosomes):
    """A genome, and by scenario expression (n, any)."""
    genome = made_genome.make_genome(of_genome, chromosomes)
    counts = {name: sets * (NULL_SETS if name == "null" else 1) for name in SCENARIOS}
    return genome, {
        name: made_genome.make_expression(genome, name, count, [*of_sets, place])
        for place, (name, count) in enumerate(counts.items())
    }


def _dense(of_genome, of_sets, sets, chromosomes, of_tad=dense_genome.OF_TAD):
    """The same of the other worlds, whose scenarios are effects with a kind of noise each."""
    genome = dense_genome.make_genome(of_genome, chromosomes, of_tad)
    made = {}
    for place, (noise, effect) in enumerate(product(dense_genome.NOISES, dense_genome.EFFECTS)):
        count = sets * (DENSE_NULL_SETS if effect == "nothing" else 1)
        made[f"{effect}{NOISE}{noise}"] = dense_genome.make_expression(genome, effect, noise, count, [*of_sets, place])
    return genome, made


WORLDS = {"made": _made, "dense": _dense, "regional": partial(_dense, of_tad=dense_genome.MORE_OF_TAD)}


def _intervals(statistics):
    """Whether intervals of the map minus matched bins cover 0, plain and as reported, (t,) each."""
    matched = np.mean([statistics.of(draw) for draw in ("D1", "D2", "D3")], axis=0)
    covers = {}
    for kind, difference in (
        ("touched", statistics.of(MAP) - matched),
        ("gain", statistics.of(MAP) - statistics.of("B")),
    ):
        for name, corrected in (("plain", False), ("reported", True)):
            low, high = Difference.of(difference, statistics.genes).interval(corrected)
            covers[f"{kind}_{name}"] = (low <= 0) & (high >= 0)
    return covers


def published_test(own, arms, seed, columns):
    """Welch's test of repeats with other seeds, on the same test genes, of two equally useless arms.

    One penalty for all columns, no numbers of contacts; the map's sums against matched bins. Each repeat's predictions
    have noise that stands for the seed's. columns: of the expressions that are tried.

    Returns: DataFrame with target_index, and for each number of seeds the p-value and the spread between seeds.
    """
    random = np.random.default_rng(seed)
    blocks = [block for block in own.blocks if block.stop <= TEST_GENES] or own.blocks[:1]
    test = slice(0, blocks[-1].stop)
    before = own.baseline.after(own.times(own.observed[:, columns]))
    repeats = []
    for block in (arms.neighbours, arms.draws(0)):
        errors = Columns(own.baseline, block).at(own.penalty).leave_out(before)[test]
        predicted = own.observed[test, columns] - errors
        repeats.append(
            [
                _repeat(random, own.observed[test, column], each)
                for column, each in zip(columns, predicted.T, strict=True)
            ]
        )
    rows = []
    for column, one, other in zip(columns, *repeats, strict=True):
        found = {
            f"welch_{count}": stats.ttest_ind(one[:count], other[:count], equal_var=False).pvalue for count in SEEDS
        }
        rows.append({"target_index": column, "seed_spread": one.std(ddof=1), **found})
    return pd.DataFrame(rows)


def _repeat(random, observed, predicted):
    """Spearman of repeats of a prediction, (seeds,)."""
    noise = random.normal(size=(len(predicted), max(SEEDS))) * SEED_NOISE * predicted.std()
    ranks = stats.rankdata(predicted[:, None] + noise, axis=0)
    ranks -= ranks.mean(axis=0)
    wanted = stats.rankdata(observed)
    wanted -= wanted.mean()
    return wanted @ ranks / np.sqrt((wanted**2).sum() * (ranks**2).sum(axis=0))


def share(sets, found):
    """Share of sets, and its standard error between genomes.

    sets: DataFrame with genome. found: (sets,) bool.
    """
    found = np.asarray(found, dtype=float)
    value = found.mean()
    by_genome = pd.Series(found - value).groupby(sets["genome"].to_numpy()).sum()
    count = len(by_genome)
    if count < 2:
        return value, np.nan
    return value, np.sqrt((by_genome**2).sum() * count / (count - 1)) / len(found)


def share_cell(sets, found):
    value, error = share(sets, found)
    return f"{100 * value:.1f} ± {100 * error:.1f}"


def tabulate(sets):
    """All tables, as Markdown. sets: DataFrame of `run_genome`, of any number of genomes of one world.

    Verdicts are those of the present rule, whatever it was when a genome was finished.
    """
    sets = judged(sets, NO_CORRECTION)
    head = (
        f"{sets['genome'].nunique()} genomes. % of sets ± standard error between genomes; p of the sequence test; "
        "verdicts of a single test."
    )
    parts = _tables_of_made(sets) if "welch_8" in sets else _tables_of_dense(sets)
    return "\n\n".join([head, *parts]) + "\n"


def _tables_of_made(sets):
    yield markdown([_scenario_row(name, sets[sets["scenario"] == name], describe(name)) for name in SCENARIOS])
    yield RULES
    yield markdown([_rule_row(name, sets[sets["scenario"] == name]) for name in SCENARIOS])
    yield (
        "Mean gains, Spearman × 0.001: map − baseline; of it numbers (N* − B), any bins at these distances (D − N), "
        "the touched bins (M − D). ± is the standard deviation of M − D between sets."
    )
    yield markdown([_gain_row(name, sets[sets["scenario"] == name]) for name in SCENARIOS])
    yield (
        "The published test: repeats with other seeds on the same genes of one part of the genome, two equally useless "
        "arms, Welch's test. % of sets that are called different."
    )
    yield markdown(_welch_rows(sets[sets["welch_8"].notna()]))
    yield COVERAGE
    yield markdown(
        [_coverage_row(name, sets[sets["scenario"] == name], effects) for name, effects in SCENARIOS.items()]
    )
    yield markdown(_demands(sets))


RULES = (
    "p of the sequence test, before (without whitening) and now; difference: paired. Evidence, and strong evidence: "
    "with a gain besides."
)


def _tables_of_dense(sets):
    """By effect, by noise, and what region is taken for contacted sequence where as much of that is found."""
    sets = sets.join(sets["scenario"].str.split(NOISE, expand=True).set_axis(["effect", "noise"], axis=1))
    sets["kind"] = sets["effect"].map(_kind)
    yield "By effect, over all kinds of noise. " + RULES
    yield markdown([_rule_row(name, sets[sets["effect"] == name]) for name in dense_genome.EFFECTS])
    yield "Verdicts by effect."
    yield markdown([_scenario_row(name, sets[sets["effect"] == name]) for name in dense_genome.EFFECTS])
    yield "By kind of effect and noise."
    groups = {"all": sets} | {noise: sets[sets["noise"] == noise] for noise in dense_genome.NOISES}
    rows = []
    for noise, mine in groups.items():
        rows += [{"noise": noise} | _rule_row(kind, mine[mine["kind"] == kind]) for kind in KINDS]
    yield markdown(rows)
    yield "Regional effects below the p-value below which so many of contacted sequence are."
    yield markdown([{"noise": noise} | _power_row(mine) for noise, mine in groups.items()])
    yield "Verdicts 1 and 2 by the strength of their evidence, or a greater one: of a single test."
    yield markdown([_strength_row(sets, strength) for strength in reversed(STRENGTHS)])
    yield (
        f"The same of several tests: families of {' or '.join(map(str, FAMILIES))} sets of one genome, drawn "
        f"{FAMILY_DRAWS} times from each, whose p-values are adjusted together (Benjamini and Hochberg)."
    )
    yield markdown([_family_row(sets, size, *mix) for size in FAMILIES for mix in MIXES])
    yield COVERAGE
    yield markdown(
        [_coverage_row(name, sets[sets["effect"] == name], effects) for name, effects in dense_genome.EFFECTS.items()]
    )


KINDS = ("nothing", "region", "contacted")
FAMILIES, FAMILY_DRAWS = (4, 40), 20
MIXES = ((0.0, 0.0), (0.0, 0.5), (0.1, 0.1), (0.3, 0.1), (0.6, 0.1), (1.0, 0.0))
"""Shares of a family in which contacted bins act, and in which the region does."""


def _adds(sets):
    """Whether the first two verdicts are open to a set: it gains over sequence alone, and over the numbers."""
    return (sets["gain"] > 0) & (sets["map_over_numbers"] > 0)


def _strength_row(sets, strength):
    found = (sets["p_seq"] < strength.single) & _adds(sets)
    cells = {kind: share_cell(sets[mine], found[mine]) for kind in KINDS for mine in [sets["kind"] == kind]}
    return {"": strength.name, "p <": f"{strength.single:g}"} | cells


def _family_row(sets, size, contacted, region):
    """Shares found in families of which some are contacted and some regional. size: sets of a family."""
    counts = {"contacted": round(contacted * size), "region": round(region * size)}
    counts["nothing"] = size - sum(counts.values())
    random, drawn = np.random.default_rng([size, *counts.values()]), []
    for _, genome in sets.groupby("genome"):
        kinds = {kind: genome.index[genome["kind"] == kind] for kind in KINDS}
        for _ in range(FAMILY_DRAWS):
            family = np.concatenate([random.choice(kinds[kind], count) for kind, count in counts.items() if count])
            drawn.append(sets.loc[family].assign(q=adjust(sets.loc[family, "p_seq"], "bh")))
    drawn = pd.concat(drawn, ignore_index=True)
    row = {"tests": str(size), "contacted, region": f"{counts['contacted']}, {counts['region']}"}
    for strength in reversed(STRENGTHS):
        found = (drawn["q"] < strength.several) & _adds(drawn)
        for kind in KINDS:
            mine = drawn["kind"] == kind
            row[f"{strength.name}, q < {strength.several:g}: {kind}"] = (
                share_cell(drawn[mine], found[mine]) if mine.any() else ""
            )
    return row


def _kind(effect):
    if dense_genome.is_regional(effect):
        return "region"
    return "contacted" if "touched" in dense_genome.EFFECTS[effect] else "nothing"


def _rule_row(name, sets):
    before, now = sets["p_seq_before"], sets["p_seq"]
    change = np.asarray(now < ALPHA, dtype=float) - np.asarray(before < ALPHA, dtype=float)
    return {
        "truth": name,
        "sets": len(sets),
        f"p < {ALPHA}, before": share_cell(sets, before < ALPHA),
        "now": share_cell(sets, now < ALPHA),
        "difference": share_cell(sets, change),
        **{
            f"{each.name}, {when}": share_cell(sets, (p < each.single) & _adds(sets))
            for each in reversed(STRENGTHS)
            for when, p in (("before", before), ("now", now))
        },
    }


def _power_row(sets):
    row = {}
    contacted, region = (sets[sets["kind"] == kind] for kind in ("contacted", "region"))
    for power in POWERS:
        for name, column in (("before", "p_seq_before"), ("now", "p_seq")):
            found = region[column] < np.quantile(contacted[column], power)
            row[f"at {100 * power:.0f} %, {name}"] = share_cell(region, found)
    return row


def markdown(rows):
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([str(row[column]) for column in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _scenario_row(name, sets, added=None):
    p = sets["p_seq"]
    row = {
        "truth": name,
        **({"what is added": added} if added else {}),
        "sets": len(sets),
        "M − D covers 0, t": share_cell(sets, sets["touched_plain"]),
        "corrected": share_cell(sets, sets["touched_reported"]),
        "p < 0.05": share_cell(sets, p < 0.05),
        "p < 0.001": share_cell(sets, p < 0.001),
        STRENGTHS[0].name: share_cell(sets, sets["strength"] == STRENGTHS[0].name),
    }
    row |= {words: share_cell(sets, sets["verdict"].isin(numbers)) for words, numbers in VERDICTS.items()}
    return row | {"sequence and number": share_cell(sets, sets["verdict"] == 1)}


def _gain_row(name, sets):
    columns = ("gain", "number", "any_bins", "touched")
    means = {column: f"{1000 * sets[column].mean():.2f}" for column in columns}
    return {
        "truth": name,
        **means,
        "±": f"{1000 * sets['touched'].std():.2f}",
        "baseline": f"{sets['spearman_base'].mean():.3f}",
    }


COVERAGE = (
    "Coverage of the 95 % intervals as reported (widened after Nadeau and Bengio): % of sets whose interval contains "
    "the mean of the same scenario over all other genomes, in brackets the mean of the half widths, Spearman × 0.001. "
    "Of contacted bins, where no bins act at all: whose interval contains 0. Intervals without width, where columns "
    "are left out on every chromosome, are not counted; their share follows."
)


def _coverage_row(name, sets, effects):
    row = {"truth": name, "sets": len(sets)}
    for column, what in (("gain", "gain"), ("number", "numbers"), ("touched", "contacted bins")):
        low, high = sets[f"{column}_low"], sets[f"{column}_high"]
        wide = high > low
        truth = _of_other_genomes(sets, column)
        if column == "touched" and not {"touched", *dense_genome.REGIONAL} & set(effects):
            truth *= 0  # its penalties are then so large that widths, as values, are next to nothing in most sets
        found = (low <= truth) & (truth <= high)
        row[what] = (
            f"{share_cell(sets[wide], found[wide])} ({500 * (high - low)[wide].mean():.1f})" if wide.any() else ""
        )
        row[f"{what}: no width"] = f"{100 * (1 - wide.mean()):.0f} %"
    return row


def _of_other_genomes(sets, column):
    """The mean of a column over the sets of the same scenario of all other genomes, for each set."""
    groups = sets.groupby("scenario")[column]
    mine = sets.groupby(["scenario", "genome"])[column]
    count = groups.transform("size") - mine.transform("size")
    return (groups.transform("sum") - mine.transform("sum")) / count


def _welch_rows(sets):
    spread = f"{sets['seed_spread'].mean():.4f}"
    return [
        {
            "seeds": count,
            "p < 0.05": share_cell(sets, sets[f"welch_{count}"] < 0.05),
            f"p < 0.05 / {MAPS_PUBLISHED}": share_cell(sets, sets[f"welch_{count}"] < 0.05 / MAPS_PUBLISHED),
            "sets": len(sets),
            "standard deviation between seeds": spread,
        }
        for count in SEEDS
    ]


def _demands(sets):
    """What is asked of the tables, and what was found."""

    def row(name, what, found, least, most, slack=0.0):
        mine = sets[sets["scenario"] == name]
        value, error = (100 * each for each in share(mine, found(mine)))
        near = slack * error if slack else 0.0
        met = least - near <= value <= most + near
        asked = f"{least:g} to {most:g} %" if least < most else f"{most:g} % within {slack:g} standard errors"
        return {
            "truth": name,
            "asked": f"{what}: {asked}",
            "found": f"{value:.1f} ± {error:.1f}",
            "met": "yes" if met else "no",
        }

    def says(*verdicts):
        return lambda mine: mine["verdict"].isin(verdicts)

    return [
        row("null", "M − D interval (t) covers 0", lambda mine: mine["touched_plain"], 93, 97),
        row("null", "p_seq < 0.05", lambda mine: mine["p_seq"] < 0.05, 5, 5, slack=2),
        row("null", "p_seq < 0.001", lambda mine: mine["p_seq"] < 0.001, 0, 0.3),
        row("null", "sequence", says(1, 2), 0, 3),
        row("C5", "number only", says(4), 90, 100),
        row("C5", "sequence", says(1, 2), 0, 5),
        row("S2", "sequence", says(1, 2), 90, 100),
        row("S2C5", "sequence and number", says(1), 90, 100),
        row("G5", "other bins too", says(3), 50, 100),
        row("G5", "sequence", says(1, 2), 0, 10),
    ]


def read_sets(path):
    """What was kept of finished genomes. pandas would take "null" for a number that is missing."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _each(seeds, sets, world, processes, fallback):
    """Rows of each genome, as they are done."""
    if processes == 1:
        yield from (run_genome(seed, sets, world, fallback=fallback) for seed in seeds)
        return
    with ProcessPoolExecutor(processes) as pool:
        tasks = [pool.submit(run_genome, seed, sets, world, fallback=fallback) for seed in seeds]
        yield from (task.result() for task in as_completed(tasks))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--world", choices=WORLDS, default="made")
    parser.add_argument("--genomes", type=int, default=100)
    parser.add_argument(
        "--sets", type=int, default=2, help="of each scenario and genome; five times as many of nothing"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="4 genomes")
    parser.add_argument("--whole_chromosome_fallback", action="store_true", help="as of `spex compare`")
    parser.add_argument("--out", type=Path, default=Path("power.md"))
    args = parser.parse_args(argv)
    genomes, start = 4 if args.quick else args.genomes, time.monotonic()
    kept = args.out.with_suffix(".csv")
    done = read_sets(kept) if kept.exists() else None
    left = [seed for seed in range(1, genomes + 1) if done is None or seed not in set(done["genome"])]
    for rows in _each(left, args.sets, args.world, args.processes, args.whole_chromosome_fallback):
        done = rows if done is None else pd.concat([done, rows], ignore_index=True)
        with whole_file(kept) as file:
            done.to_csv(file, index=False)
        print(f"{done['genome'].nunique()} of {genomes} genomes, {time.monotonic() - start:.0f} s", flush=True)
    facts = ", ".join(f"{name}: {value}" for name, value in machine().items())
    write_text(
        args.out, f"{tabulate(done)}\n{time.monotonic() - start:.0f} s with {args.processes} processes; {facts}\n"
    )
    print(args.out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
