"""Statistics of cells' maps to tables: one row a cell and one of all, what maps of other cells predict, and verdicts.

How often the verdicts are right was simulated: `benchmarks.cells`, `benchmarks/RESULTS.md`.
"""

from dataclasses import dataclass, replace
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd

from spex.compare.arms import BASELINE, MAP
from spex.compare.loco import chromosome_blocks
from spex.compare.protocol import NO_CORRECTION, Protocol
from spex.compare.statistics import Rotation, adjust, spearman_by_chromosome
from spex.compare.tables import PARTS, enough_chromosomes, make_tables
from spex.compare.verdict import (
    HARM,
    NO_VERDICT,
    NOTHING,
    NUMBER,
    REGION,
    SEQUENCE,
    SEQUENCE_AND_NUMBER,
    UNCLEAR,
    Evidence,
    judge,
)
from spex.compare.verdict import WORDS as WORDS_OF_MAPS

ALL = "all cells"
EXCHANGES = 19
"""Exchanges of the maps that are drawn, where there are more than those of four cells."""

WORDS = {
    NO_VERDICT: WORDS_OF_MAPS[NO_VERDICT],
    SEQUENCE_AND_NUMBER: "{strength} of cell-specific sequence information",
    SEQUENCE: "{strength} of cell-specific sequence information",
    REGION: "cell-specific information; contacted bins were not shown to add more than other bins at the same "
    "distances and than other cells' maps",
    NUMBER: "cell-specific contact-number information; cell-specific sequence information was not shown",
    HARM: "differences between maps make predictions worse",
    NOTHING: "differences between maps add less than {least_gain:g} to Spearman's correlation",
    UNCLEAR: "it cannot be decided whether differences between maps add anything",
}
OF_TWO = "; of two cells it is not shown which map belongs to which"
"""Follows the first three verdicts where there are two cells, as exchanged maps then predict the same."""

TESTS = ("p_seq", "p_seq_rank", "p_exchange", "p_less", "p_content", "p_num")
CELLS = (
    *("map", "target_index", "target", "genes", "chromosomes", "spearman_others", "different"),
    *("explained_base", "explained_map", *PARTS, "map_over_numbers"),
    *("removed", "removed_exchanged", "exchanges", "exchanges_below"),
    *(*TESTS, "q_specific", "q_content", "q_num", "q_less", "verdict", "strength", "words"),
)


@dataclass(frozen=True, eq=False)
class CellComparison:
    """What was found about the maps of some cells.

    cells: DataFrame, one row a cell, and one of all of them. exchanges: one row a map and cell. settings: dict of JSON
    values, all that the numbers follow from.
    """

    cells: pd.DataFrame
    exchanges: pd.DataFrame
    settings: dict[str, Any]


def less_others(several, place):
    """One of several arrays less the mean of the others.

    several: sequence of arrays of one shape, two or more. place: of the one, from 0. Returns: an array of their type.
    With two arrays those of either place are each other's negative.
    """
    others = [each for number, each in enumerate(several) if number != place]
    return several[place] - sum(others) / len(others)


def cell_differences(levels):
    """Expression of each cell less the mean of the others: (n, cells), as `levels`."""
    return np.stack([less_others(levels.T, cell) for cell in range(levels.shape[1])], axis=1)


def make_cell_tables(
    statistics,
    targets,
    levels,
    *,
    correction=Protocol.correction,
    least_gain=Protocol.least_gain,
    seed=Protocol.seed,
    settings=None,
):
    """The tables of cells.

    statistics: list of MapStatistics, of each cell's map and all cells' expression, both in one order. targets: of
    each cell, index and name of its tissue. levels: float64 (n, cells), expression as it is, on the logarithmic scale.
    correction, least_gain: as of `make_tables`. seed: of exchanges that are drawn.

    Returns: CellComparison. Where chromosomes are too few for a verdict, intervals and p-values are NaN.
    """
    own, names = of_own_maps(statistics), [each.name for each in statistics]
    two = len(statistics) == 2  # each other's negatives: one test, made twice
    tables = make_tables([own], targets, correction=NO_CORRECTION)
    removed = np.stack([each.gain_map for each in statistics], axis=1)  # (1 + K, maps, cells)
    single = two or correction == NO_CORRECTION
    cells = tables.results.assign(map=names, **_levels(own, levels), **_exchanged(removed, own.genes))
    cells = _judged(cells, NO_CORRECTION if single else correction, single=single, two=two, least_gain=least_gain)
    whole = tables.maps.assign(target="", map=ALL, target_index=0, **_all_exchanged(removed, own.genes, seed))
    means = ("spearman_others", "different", "explained_base", "explained_map")
    whole = whole.assign(**{name: cells[name].mean() for name in means})
    whole = _judged(whole, NO_CORRECTION, single=True, two=two, least_gain=least_gain)
    table = pd.concat([cells, whole], ignore_index=True)
    return CellComparison(table[list(CELLS)], _exchange_rows(statistics, names, targets), settings or {})


def of_own_maps(statistics):
    """MapStatistics in which each cell's expression is that of its own map. statistics: as of `make_cell_tables`."""

    def own(name):
        return np.stack([getattr(each, name)[..., cell] for cell, each in enumerate(statistics)], axis=-1)

    fields = ("rho", "gain_map", "gain_matched", "missed", "number_penalty", "map_penalty")
    return replace(
        statistics[0],
        name=ALL,
        **{name: own(name) for name in fields},
        **{"views": [], "labels": [], "group_genes": np.empty(0, np.int64)},
        group_squares=np.empty((3, 0, len(statistics))),
    )


def _levels(own, levels):
    """What the mean of the other cells leaves of each cell's expression, and how much of that is explained."""
    differences = cell_differences(levels)
    blocks = chromosome_blocks(np.repeat(own.chroms, own.genes))[1]
    explained = {name: 1 - own.missed[own.arms.index(arm)] for name, arm in (("base", BASELINE), ("map", MAP))}
    return {
        "spearman_others": own.genes @ spearman_by_chromosome(levels, levels - differences, blocks) / own.genes.sum(),
        "different": differences.var(axis=0) / levels.var(axis=0),
        **{f"explained_{name}": values for name, values in explained.items()},
    }


def _exchanged(removed, genes):
    """What a cell's own map takes away of the squared error beside other cells' maps, and the test of that.

    removed: (1 + K, maps, cells), as gain_map of MapStatistics.
    """
    count = removed.shape[1]
    own = np.diagonal(removed, axis1=1, axis2=2)
    others = (removed.sum(axis=1) - own) / (count - 1)
    below = (removed[0] < own[0]).sum(axis=0)
    return _exchange_columns(own, others, np.full(count, count - 1), below, count, genes)


def _all_exchanged(removed, genes, seed):
    """The same of the means over cells, beside those with maps exchanged among the cells."""
    count = removed.shape[1]
    orders = exchanges(count, seed)
    means = np.stack([removed[:, order, np.arange(count)].mean(axis=1) for order in orders], axis=1)
    own = np.diagonal(removed, axis1=1, axis2=2).mean(axis=1)
    others = (removed.sum(axis=(1, 2)) / count - own) / (count - 1)
    below = (means[0] < own[0]).sum()
    return _exchange_columns(own[:, None], others[:, None], len(orders), below, count, genes)


def _exchange_columns(own, others, exchanged, below, count, genes):
    """own, others: (1 + K, t). exchanged: how many exchanges there are, and below: how many take away less."""
    tested = count > 2 and enough_chromosomes(genes)
    return {
        "removed": own[0],
        "removed_exchanged": others[0],
        "exchanges": exchanged,
        "exchanges_below": below,
        "p_exchange": Rotation.of(own - others).p_above if tested else np.nan,
    }


def exchanges(cells, seed):
    """Exchanges of maps among cells: all there are of four or fewer, `EXCHANGES` different ones of more.

    Returns: list of lists, the map that each cell gets; none gives every cell its own.
    """
    own = tuple(range(cells))
    if factorial(cells) <= factorial(4):
        return [list(order) for order in permutations(own) if order != own]
    random, drawn = np.random.default_rng(seed), {}
    while len(drawn) < EXCHANGES:
        order = tuple(random.permutation(cells).tolist())
        if order != own:
            drawn[order] = list(order)
    return list(drawn.values())


def _judged(table, correction, *, single, two, least_gain):
    """The table with adjusted p-values, verdicts, strengths and sentences."""
    specific = table["p_seq"] if two else np.maximum(table["p_seq"], table["p_exchange"])
    adjusted = {"specific": specific, "content": table["p_content"], "num": table["p_num"], "less": table["p_less"]}
    table = table.assign(**{f"q_{name}": adjust(p, correction) for name, p in adjusted.items()})
    verdicts = [_judge(row, single=single, two=two, least_gain=least_gain) for row in table.itertuples(index=False)]
    table["verdict"], table["strength"], table["words"] = (list(each) for each in zip(*verdicts, strict=True))
    return table


def _judge(row, *, single, two, least_gain):
    if np.isnan(row.p_seq):
        return NO_VERDICT, "", WORDS[NO_VERDICT]
    best = two or row.exchanges_below == row.exchanges
    evidence = Evidence.of(row, row.q_specific if best else 1.0)
    verdict, strength, words = judge(evidence, single=single, least_gain=least_gain, words=WORDS)
    return verdict, strength, words + (OF_TWO if two and verdict in (SEQUENCE_AND_NUMBER, SEQUENCE, REGION) else "")


def _exchange_rows(statistics, names, targets):
    """One row a map and cell: what the map's differences take away of the squared error of the cell's."""
    rows = [
        {"map": each.name, "cell": name, "target": target, "removed": each.gain_map[0, cell], "own": each.name == name}
        for each in statistics
        for cell, (name, (_, target)) in enumerate(zip(names, targets, strict=True))
    ]
    return pd.DataFrame(rows)
