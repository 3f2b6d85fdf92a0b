"""From the windows of contacted bins to the genes that hold them: an index over a data folder's contacts."""

import numpy as np

from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.contacts.sums import sums_of


class ContactIndex:
    """The contacts of a data folder, found by the sequence that their bins are read from.

    contacts: Contacts. Contact numbers count its contacts from 0.

    genes: (contacts,) int64, row of each one's gene. positions: (contacts,) int64, which sum of the gene's tensor each
    goes to, as in `gene_features.positions`. weights: (contacts,) float64, how often the prediction of each window of
    its bin counts there. first, end: (contacts,) int64, stretch of the chromosome that those windows hold, 0-based
    half-open.
    """

    def __init__(self, contacts):
        self.contacts = contacts
        rule, resolution = contacts.rule, contacts.resolution
        self.genes = np.repeat(np.arange(len(contacts.genes)), np.diff(contacts.offsets))
        self.positions = OWN_SUMS + sums_of(contacts) - 2 * rule.groups * self.genes
        self.weights = np.full(len(self.genes), float(rule.weight(resolution)))
        if contacts.weights is not None:
            self.weights *= contacts.weights
        # of the windows of a bin the first starts first and the last ends last, and both rise from bin to bin
        starts = self.starts(contacts.bins)
        self.first, self.end = starts[:, 0], starts[:, -1] + BELUGA.window
        of_each = contacts.chroms[self.genes] if len(self.genes) else np.empty(0, str)
        self._of_chrom = {}
        for chrom in np.unique(of_each):
            mine = np.flatnonzero(of_each == chrom)
            self._of_chrom[str(chrom)] = mine[np.argsort(contacts.bins[mine], kind="stable")]

    def starts(self, bins):
        """Where the windows of bins start, 0-based in bp: (n,) int -> (n, tiles) int64."""
        rule, resolution = self.contacts.rule, self.contacts.resolution
        centres = rule.centres(rule.windows(bins, resolution), resolution)
        return centres.reshape(len(bins), rule.tiles(resolution)) - BELUGA.window // 2

    def touching(self, chrom, start, end):
        """Contacts whose bins' windows hold any base of a stretch, 0-based half-open; an empty one lies between bases.

        Returns: (m,) int64 contact numbers, by bin.
        """
        known = self._of_chrom.get(chrom)
        if known is None:
            return np.empty(0, np.int64)
        begin = np.searchsorted(self.end[known], start, side="right")
        stop = np.searchsorted(self.first[known], end, side="left")
        return known[begin:stop]
