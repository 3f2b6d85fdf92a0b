"""Sums of what windows of bins hold over the contacts of genes: by gene, group of contacts, and side of the gene."""

import numpy as np
from scipy.sparse import csr_array

SEGMENT_WINDOWS = 1024
"""Windows of contacted bins are summed segment by segment of the chromosome, on a grid that no block of genes moves:
the order of every sum, and so every bit of it, is the same however genes are split."""

WINDOWS_AT_ONCE = 4096
"""Windows whose predictions are held in memory, at least (8 KB each), in whole segments."""


def sum_by_side(sides, places, predictions, count, weights=None):
    """Sum predictions of windows by gene, group and side, as one sparse product.

    sides, places: (contacts,) which sum each contact goes to, and its window's row. predictions: (windows, features).
    weights: (contacts,) float64, how often each counts; once without them. Returns: (count, features) float64. Each sum
    takes its windows one after the other: no other gene changes a bit of it.
    """
    data = np.ones(len(sides)) if weights is None else weights
    return csr_array((data, (sides, places)), shape=(count, len(predictions))) @ predictions.astype(
        np.float64, copy=False
    )


def sums_of(contacts):
    """Number of the sum that each contact goes to, (contacts,) int64: gene after gene, of each gene group after group
    from the nearest on, and of each group downstream, then upstream."""
    gene = np.repeat(np.arange(len(contacts.genes)), np.diff(contacts.offsets))
    group = contacts.rule.groups_of(contacts.counts)
    return 2 * (contacts.rule.groups * gene + group) + ~contacts.downstream


def windows_and_sums(contacts, rows):
    """The windows of the bins that some genes touch, the sum that each goes to, and its weight there.

    contacts: Contacts. rows: of the genes in it, at least one; sums are numbered as by `sums_of`, genes by their place
    in `rows`. Returns: two int arrays and a float64 one (windows of these genes' contacts,).
    """
    some = contacts.of_rows(rows)
    tiles = some.rule.tiles(some.resolution)
    weights = np.ones(len(some.bins)) if some.weights is None else some.weights
    return some.rule.windows(some.bins, some.resolution), np.repeat(sums_of(some), tiles), np.repeat(weights, tiles)


class SumsOverBins:
    """Sums over the contacted bins of one chromosome, for several lists of contacts that are read together.

    lists: triples of arrays (m,), as of `windows_and_sums`: windows, the sum that each goes to, 0 to count - 1, and its
    weight there. width: numbers per window.

    groups: what to add, in order: lists of segments, each of the windows (m,), ascending, that any list has there.
    totals: for each list float64 (count, width), whole when every group has been added. No other list changes a bit.
    """

    def __init__(self, lists, count, width):
        self._lists = []
        for each in lists:
            order = np.argsort(each[0], kind="stable")
            self._lists.append([part[order] for part in each])
        self.totals = [np.zeros((count, width)) for _ in self._lists]
        self.groups = list(
            _group_segments(np.unique(np.concatenate([np.empty(0, np.int64), *(each[0] for each in lists)])))
        )

    def add(self, group, predictions):
        """Add what the windows of a group hold, (windows, width), in the order of its segments."""
        predictions = predictions.astype(np.float64)
        first = 0
        for segment in group:
            of_segment = predictions[first : first + len(segment)]
            first += len(segment)
            for (windows, sums, weights), total in zip(self._lists, self.totals, strict=True):
                mine = slice(np.searchsorted(windows, segment[0]), np.searchsorted(windows, segment[-1], side="right"))
                met, rows = np.unique(sums[mine], return_inverse=True)
                places = np.searchsorted(segment, windows[mine])
                total[met] += sum_by_side(rows, places, of_segment, len(met), weights[mine])


def sum_over_bins(lists, count, width, predict):
    """The totals of `SumsOverBins`.

    predict: function from windows, ascending (m,), to their numbers (m, width); asked for every window once.
    """
    sums = SumsOverBins(lists, count, width)
    for group in sums.groups:
        sums.add(group, predict(np.concatenate(group)))
    return sums.totals


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
