"""Sums of what windows of bins contain over the contacts of genes: by gene, group of contacts, and side of the gene."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

SEGMENT_WINDOWS = 1024
"""Windows of contacted bins are summed segment by segment of the chromosome, on a grid that no block of genes moves:
the order of every sum, and so every bit of it, is the same however genes are split."""

WINDOWS_AT_ONCE = 4096
"""Windows whose predictions are in memory, at least (8 KB each), in whole segments."""


def sum_by_side(sides, places, predictions, count, weights=None):
    """Sum predictions of windows by gene, group and side, as one sparse product.

    sides, places: (contacts,) which sum each contact goes to, and its window's row. predictions: (windows, features).
    weights: (contacts,) float64, how often each counts; once without them. Returns: (count, features) float64. Each sum
    takes its windows one after the other: no other gene changes a bit of it.
    """
    data = np.ones(len(sides)) if weights is None else weights
    product = csr_array((data, (sides, places)), shape=(count, len(predictions)))
    return product @ predictions.astype(np.float64, copy=False)


class SumsOverBins:
    """The sums of some genes' contacts, for several sets of contacts that are read together.

    several: list of Contacts of the same genes by one rule. rows: of the genes, at least one, all on one chromosome.
    width: numbers per window.

    groups: what to add, in order: Windows, that any of the sets has there. No other set, and no other gene, changes a
    bit of a sum.
    """

    def __init__(self, several, rows, width):
        chosen = [contacts.of_rows(rows) for contacts in several]
        self._columns, self._weight = 2 * several[0].rule.groups, several[0].rule_weight
        self._lists = [self._laid_out(contacts) for contacts in chosen]
        self._totals = [np.zeros((self._columns * len(rows), width)) for _ in chosen]
        windows = np.unique(np.concatenate([each[0] for each in self._lists]))
        self.groups = [
            Windows(segments, several[0].starts_of(np.concatenate(segments))) for segments in _group_segments(windows)
        ]

    def _laid_out(self, contacts):
        """Of each window of each contact, in the windows' order: its number, the sum that it goes to, its weight."""
        tiles = contacts.windows.shape[1]
        weights = np.ones(len(contacts.bins)) if contacts.weights is None else contacts.weights
        windows = contacts.windows.ravel()
        sums = np.repeat(self._columns * contacts.gene + contacts.column, tiles)
        order = np.argsort(windows, kind="stable")
        return windows[order], sums[order], np.repeat(weights, tiles)[order]

    def add(self, group, predictions):
        """Add what the windows of a group contain, (windows, width), in the order of its starts."""
        predictions = predictions.astype(np.float64)
        first = 0
        for segment in group.segments:
            of_segment = predictions[first : first + len(segment)]
            first += len(segment)
            for (windows, sums, weights), total in zip(self._lists, self._totals, strict=True):
                mine = slice(np.searchsorted(windows, segment[0]), np.searchsorted(windows, segment[-1], side="right"))
                met, rows = np.unique(sums[mine], return_inverse=True)
                places = np.searchsorted(segment, windows[mine])
                total[met] += sum_by_side(rows, places, of_segment, len(met), weights[mine])

    def totals(self):
        """For each set float64 (genes, 2 x groups, width), whole when every group has been added.

        The rule's own weight, the same for all, is multiplied once at the end.
        """
        return [(total * self._weight).reshape(-1, self._columns, total.shape[1]) for total in self._totals]


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows that are added at once. starts: int64, rising, 0-based in bp. segments: their numbers, by the grid."""

    segments: list[np.ndarray]
    starts: np.ndarray


def sum_over_bins(several, rows, width, predict):
    """The totals of `SumsOverBins`.

    predict: function from starts of windows, rising (m,), to their numbers (m, width); asked for each window once.
    """
    sums = SumsOverBins(several, rows, width)
    for group in sums.groups:
        sums.add(group, predict(group.starts))
    return sums.totals()


def _group_segments(windows):
    """Split windows (ascending) at the segments' grid, and group whole segments until a group is worth a pass."""
    edges = np.flatnonzero(np.diff(windows // SEGMENT_WINDOWS)) + 1
    group = []
    for segment in np.split(windows, edges):
        group.append(segment)
        if sum(map(len, group)) >= WINDOWS_AT_ONCE:
            yield group
            group = []
    if group and len(group[0]):
        yield group
