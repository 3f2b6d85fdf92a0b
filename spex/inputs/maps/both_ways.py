"""Tables that list interactions in both directions, A-B and B-A: where (nearly) all do, a pair counts once."""

import numpy as np

NEARLY_ALL = 0.95
"""Share of the pairs that stand in both directions with the same count, from which on this is how a table lists."""


def count_once(tables):
    """Rows of pairs of stretches, each pair once where (nearly) every one stands in both directions with one count.

    tables: name of a chromosome -> rows with first1, last1, first2, last2 and count; a stretch with itself has no
    direction. Returns: the same without the rows that repeat another one the other way round; the number of these; the
    number of pairs that stand in both directions and stay so.
    """
    looked = {name: _look(table) for name, table in tables.items()}
    pairs, alike, both = (sum(each[place] for each in looked.values()) for place in range(3))
    if not alike or alike < NEARLY_ALL * pairs:
        return tables, 0, both
    kept = {name: table[~looked[name][3]] for name, table in tables.items()}
    return kept, sum(map(len, tables.values())) - sum(map(len, kept.values())), 0


def _look(table):
    """Pairs of different stretches: how many, those in both directions with one count, those in both at all.

    Returns: three numbers; bool (rows,), which repeat another one the other way round with its count.
    """
    one, other = (table[f"first{side}"].astype(np.int64) << 32 | table[f"last{side}"] for side in (1, 2))
    apart, again = np.flatnonzero(one != other), np.zeros(len(table), dtype=bool)
    if not len(apart):
        return 0, 0, 0, again
    low, high, turned = np.minimum(one, other), np.maximum(one, other), one > other
    order = apart[np.lexsort((turned[apart], table["count"][apart], high[apart], low[apart]))]
    new_pair = _changes(low[order]) | _changes(high[order])
    pair = np.cumsum(new_pair) - 1
    kind = np.cumsum(new_pair | _changes(table["count"][order])) - 1  # a pair with a count
    alike = _has_both(kind, turned[order])[kind]
    again[order] = alike & turned[order]
    both = _has_both(pair, turned[order])
    return len(both), len(np.unique(pair[alike])), int(both.sum()), again


def _changes(values):
    """Which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])


def _has_both(group, turned):
    """Which groups have rows in both directions. group: (rows,) from 0, ascending."""
    return (np.bincount(group, turned) > 0) & (np.bincount(group, ~turned) > 0)
