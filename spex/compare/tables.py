"""Statistics of maps to tables: one row a map and tissue, one a map, one a group of genes; and what was concluded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spex.compare.arms import BASELINE, DRAWS, LEFT_OUT, MAP, NUMBERS, NUMBERS_CHOSEN, UNSEEN, UNSEEN_VIEW
from spex.compare.pairs import pair_table
from spex.compare.protocol import CORRECTIONS, NO_CORRECTION, Protocol
from spex.compare.statistics import Rotation, adjust
from spex.compare.verdict import FOUND, NO_VERDICT, WORDS, Evidence, judge
from spex.models.chromosomes import Difference
from spex.options import one_of

LEAST_CHROMOSOMES, LEAST_GENES = 10, 20
"""Chromosomes with as many genes each that a verdict needs."""

OTHERS = ("shuffled", "local_sum", "coverage", "distance_only")
FAMILIES = ("seq", "content", "num", "less")
"""Tests that are corrected together with those of all maps and tissues: sequence, content, number, harm."""

P_VALUES = ("p_seq", "p_seq_rank", "p_less", "p_content", "p_num")

PARTS = (
    *("gain", "gain_low", "gain_high", "number", "number_low", "number_high", "any_bins"),
    *("touched", "touched_low", "touched_high"),
)
TESTS = (*P_VALUES, "q_seq", "q_content", "q_num", "q_less", "verdict", "strength", "words")
RESULTS = (
    *("map", "target_index", "target", "genes", "chromosomes", "spearman_base", "spearman_numbers"),
    *("spearman_numbers_chosen", "spearman_map", "spearman_matched", *PARTS, *TESTS),
    *(f"gain_{name}" for name in OTHERS),
    *("map_over_numbers", "penalty", "neighbour_penalty", "numbers_penalty"),
    *(f"spearman_base_{UNSEEN_VIEW}", f"gain_{UNSEEN_VIEW}"),
)
MAPS = (
    *("map", "folder", "tissues", "genes", "chromosomes", "contacts", "genes_with_contacts", *PARTS, *TESTS),
    *("map_over_numbers", "tissues_sequence", "tissues_region", "tissues_number"),
)
GROUPS = ("map", "view", "group", "genes", "target_index", "target", "gain", "gain_matched")


@dataclass(frozen=True, eq=False)
class Comparison:
    """What was found about some maps.

    results: DataFrame, one row a map and tissue. maps: one a map, means over tissues and the tests of these. groups:
    one a map, tissue and group of genes. pairs: one a pair of maps, whose gains are compared with each other.
    settings: dict of JSON values, all that the numbers follow from.
    """

    results: pd.DataFrame
    maps: pd.DataFrame
    groups: pd.DataFrame
    pairs: pd.DataFrame
    settings: dict[str, Any]


def make_tables(statistics, targets, *, correction=Protocol.correction, least_gain=Protocol.least_gain, settings=None):
    """The tables of a comparison.

    statistics: list of MapStatistics. targets: list of t pairs, index and name of a tissue. correction: over all maps
    and tissues together: "bh", "by", or "none", every test by itself. least_gain: of Spearman; an interval that ends
    below it means nothing. settings: dict, kept; under "maps" it may contain by map's name a dict with its folder and
    contacts, for the table of maps.

    Returns: Comparison. Where chromosomes are too few for a verdict, intervals and p-values are NaN.

    Raises:
        InputError: there is no such correction.
    """
    one_of(CORRECTIONS).check(correction, "correction")
    settings = settings or {}
    results = pd.concat([_rows(each, targets) for each in statistics], ignore_index=True)
    maps = pd.concat([_row_of_map(each, settings) for each in statistics], ignore_index=True)
    results, maps = (judged(table, correction, least_gain) for table in (results, maps))
    for kind, verdicts in FOUND.items():
        counts = results["verdict"].isin(verdicts).groupby(results["map"], sort=False).sum()
        maps[f"tissues_{kind}"] = maps["map"].map(counts).to_numpy()
    groups = pd.concat([_group_rows(each, targets) for each in statistics], ignore_index=True)
    pairs = pair_table(statistics, correction, enough=enough_chromosomes(statistics[0].genes))
    return Comparison(results[list(RESULTS)], maps[list(MAPS)], groups, pairs, settings)


def stand_alone(tests, correction):
    """Whether p-values of so many tests stand for themselves, as of `judge`: of one test, or without correction."""
    return tests == 1 or correction == NO_CORRECTION


def enough_chromosomes(genes):
    """Whether a verdict can be given. genes: (chromosomes,), how many on each."""
    return np.count_nonzero(np.asarray(genes) >= LEAST_GENES) >= LEAST_CHROMOSOMES


def _rows(statistics, targets):
    """One row a tissue, without what needs all maps: adjusted p-values and verdicts."""
    weights = statistics.genes / statistics.genes.sum()
    rho = dict(zip(statistics.arms, np.einsum("c,act->at", weights, statistics.rho), strict=True))
    matched = np.mean([rho[draw] for draw in DRAWS], axis=0)
    columns = {
        "map": statistics.name,
        "target_index": [index for index, _ in targets],
        "target": [name for _, name in targets],
        "genes": int(statistics.genes.sum()),
        "chromosomes": len(statistics.genes),
        "spearman_base": rho[BASELINE],
        "spearman_numbers": rho[NUMBERS],
        "spearman_numbers_chosen": rho[NUMBERS_CHOSEN],
        "spearman_map": rho[MAP],
        "spearman_matched": matched,
        **_parts(statistics, lambda by_chromosome: by_chromosome),
        **_tests(statistics, lambda values: values),
        "map_over_numbers": rho[MAP] - rho[NUMBERS],
        **{f"gain_{name}": rho[name] - rho[NUMBERS] if name in rho else np.nan for name in OTHERS},
        "penalty": statistics.own_penalty,
        "neighbour_penalty": _texts(statistics.map_penalty),
        "numbers_penalty": _texts(statistics.number_penalty),
        **_unseen(statistics),
    }
    return pd.DataFrame(columns)


def _row_of_map(statistics, settings):
    """One row: means over tissues, and the tests of these means."""

    def mean(values):
        return values.mean(axis=-1, keepdims=True)

    facts = settings.get("maps", {}).get(statistics.name, {})
    return pd.DataFrame(
        {
            "map": statistics.name,
            "folder": facts.get("folder"),
            "tissues": statistics.rho.shape[-1],
            "genes": int(statistics.genes.sum()),
            "chromosomes": len(statistics.genes),
            "contacts": facts.get("contacts"),
            "genes_with_contacts": facts.get("genes_with_contacts"),
            **_parts(statistics, mean),
            **_tests(statistics, mean),
            "map_over_numbers": mean(_weighted(statistics, statistics.of(MAP) - statistics.of(NUMBERS))),
        }
    )


def _parts(statistics, over_tissues):
    """Gain of the map over the baseline, and its parts. over_tissues: function of arrays (..., tissues)."""
    matched = np.mean([statistics.of(draw) for draw in DRAWS], axis=0)
    base, mapped = statistics.of(BASELINE), statistics.of(MAP)
    differences = {
        "gain": mapped - base,
        "number": statistics.of(NUMBERS_CHOSEN) - base,
        "touched": mapped - matched,
    }
    parts = {}
    for name, values in differences.items():
        difference = Difference.of(over_tissues(values), statistics.genes)
        parts[name] = difference.mean
        ends = difference.interval() if enough_chromosomes(statistics.genes) else (np.nan, np.nan)
        parts |= dict(zip((f"{name}_low", f"{name}_high"), ends, strict=True))
    parts["any_bins"] = over_tissues(_weighted(statistics, matched - statistics.of(NUMBERS)))
    return parts


def _weighted(statistics, by_chromosome):
    return statistics.genes @ by_chromosome / statistics.genes.sum()


def _tests(statistics, over_tissues):
    """p-values by name, NaN where chromosomes are too few for a verdict."""
    if not enough_chromosomes(statistics.genes):
        return dict.fromkeys(P_VALUES, np.nan)
    sequence = Rotation.of(over_tissues(statistics.gain_map - statistics.gain_matched))
    content = Rotation.of(over_tissues(statistics.gain_map))
    number = Difference.of(
        over_tissues(statistics.of(NUMBERS_CHOSEN) - statistics.of(BASELINE)), statistics.genes
    ).p_above()
    values = (sequence.p_above, sequence.p_rank, sequence.p_below, content.p_above, number)
    return dict(zip(P_VALUES, values, strict=True))


def _unseen(statistics):
    """The baseline and the map's gain on the chromosomes that the network was not trained on, NaN without them."""
    if not set(UNSEEN) <= set(statistics.chroms):
        return {f"spearman_base_{UNSEEN_VIEW}": np.nan, f"gain_{UNSEEN_VIEW}": np.nan}
    rows = [statistics.chroms.index(chrom) for chrom in UNSEEN]
    weights = statistics.genes[rows] / statistics.genes[rows].sum()
    base, mapped = (weights @ statistics.of(arm)[rows] for arm in (BASELINE, MAP))
    return {f"spearman_base_{UNSEEN_VIEW}": base, f"gain_{UNSEEN_VIEW}": mapped - base}


def _texts(penalties):
    """The median over chromosomes, (t,) texts. penalties: (c, t)."""
    ordered = np.sort(penalties, axis=0)[len(penalties) // 2]
    return ["none" if penalty == LEFT_OUT else f"{penalty:.6g}" for penalty in ordered]


def judged(table, correction, least_gain=Protocol.least_gain):
    """A table of `RESULTS` with adjusted p-values, verdicts and their sentences, in the place of others."""
    table = table.copy()
    for family in FAMILIES:
        table[f"q_{family}"] = adjust(table[f"p_{family}"], correction)
    single = stand_alone(len(table), correction)
    verdicts = [_judge_row(row, single, least_gain) for row in table.itertuples(index=False)]
    table["verdict"], table["strength"], table["words"] = (list(each) for each in zip(*verdicts, strict=True))
    return table


def _judge_row(row, single, least_gain):
    if np.isnan(row.p_seq):
        return NO_VERDICT, "", WORDS[NO_VERDICT]
    return judge(Evidence.of(row, row.q_seq), single=single, least_gain=least_gain)


def _group_rows(statistics, targets):
    """One row a group and tissue: gain of the map, and of matched bins, as a share of the error of N."""
    parts = [_group_table(statistics, targets, *each) for each in _groups(statistics)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(GROUPS))


def _groups(statistics):
    """Yield view, group, its number of genes and squared errors (3, t)."""
    for place, names in enumerate(zip(statistics.views, statistics.labels, strict=True)):
        yield *names, int(statistics.group_genes[place]), statistics.group_squares[:, place]


def _group_table(statistics, targets, view, group, genes, squares):
    base, mapped, matched = squares
    with np.errstate(invalid="ignore", divide="ignore"):  # a group without genes has no gain
        gains = [np.where(base > 0, 1 - each / base, np.nan) for each in (mapped, matched)]
    return pd.DataFrame(
        {
            "map": statistics.name,
            "view": view,
            "group": group,
            "genes": genes,
            "target_index": [index for index, _ in targets],
            "target": [name for _, name in targets],
            "gain": gains[0],
            "gain_matched": gains[1],
        }
    )
