"""Sums of what bins hold over the contacts of genes, on each side of the gene."""

import numpy as np
from scipy.sparse import csr_array

SEGMENT_BINS = 1024
"""Contacted bins are summed segment by segment of the chromosome, on a grid that no block of genes moves: the order of
every sum, and so every bit of it, is the same however genes are split."""

BINS_AT_ONCE = 4096
"""Contacted bins whose predictions are held in memory, at least (8 KB each), in whole segments."""


def sum_by_side(sides, places, predictions, count):
    """Sum predictions of bins by gene and side, as one sparse product.

    sides, places: (contacts,) which sum each contact goes to, and its bin's row. predictions: (bins, features).
    Returns: (count, features) float64. Each sum takes its bins one after the other: no other gene changes a bit of it.
    """
    ones = np.ones(len(sides))
    return csr_array((ones, (sides, places)), shape=(count, len(predictions))) @ predictions.astype(
        np.float64, copy=False
    )


def bins_and_sums(contacts, rows):
    """The bins that some genes touch, and the sum that each goes to: 2 x place of the gene in `rows`, 1 more upstream.

    contacts: Contacts. rows: of the genes in it, at least one. Returns: two int arrays (contacts of these genes,).
    """
    spans = [slice(*contacts.offsets[row : row + 2]) for row in rows]
    upstream = ~np.concatenate([contacts.downstream[span] for span in spans])
    sums = np.repeat(2 * np.arange(len(spans)), [span.stop - span.start for span in spans]) + upstream
    return np.concatenate([contacts.bins[span] for span in spans]), sums


class SumsOverBins:
    """Sums over the contacted bins of one chromosome, for several lists of contacts that are read together.

    lists: pairs of arrays (contacts,), the bin of each contact and the sum that it goes to, 0 to count - 1. width:
    numbers per bin.

    groups: what to add, in order: lists of segments, each of the bins (m,), ascending, that any list touches there.
    totals: for each list float64 (count, width), whole when every group has been added. No other list changes a bit.
    """

    def __init__(self, lists, count, width):
        self._lists = []
        for bins, sums in lists:
            order = np.argsort(bins, kind="stable")
            self._lists.append((bins[order], sums[order]))
        self.totals = [np.zeros((count, width)) for _ in self._lists]
        self.groups = list(
            _group_segments(np.unique(np.concatenate([np.empty(0, np.int64), *(bins for bins, _ in lists)])))
        )

    def add(self, group, predictions):
        """Add what the bins of a group hold, (bins, width), in the order of its segments."""
        predictions = predictions.astype(np.float64)
        first = 0
        for segment in group:
            of_segment = predictions[first : first + len(segment)]
            first += len(segment)
            for (bins, sums), total in zip(self._lists, self.totals, strict=True):
                mine = slice(np.searchsorted(bins, segment[0]), np.searchsorted(bins, segment[-1], side="right"))
                met, rows = np.unique(sums[mine], return_inverse=True)
                total[met] += sum_by_side(rows, np.searchsorted(segment, bins[mine]), of_segment, len(met))


def sum_over_bins(lists, count, width, predict):
    """The totals of `SumsOverBins`.

    predict: function from bins, ascending (m,), to their numbers (m, width); asked for every bin once.
    """
    sums = SumsOverBins(lists, count, width)
    for group in sums.groups:
        sums.add(group, predict(np.concatenate(group)))
    return sums.totals


def _group_segments(bins):
    """Split bins (ascending) at the segments' grid, and group whole segments until a group is worth a pass."""
    edges = np.flatnonzero(np.diff(bins // SEGMENT_BINS)) + 1
    group = []
    for segment in np.split(bins, edges):
        group.append(segment)
        if sum(map(len, group)) >= BINS_AT_ONCE:
            yield group
            group = []
    if group and len(group[0]):
        yield group
