"""From the windows of contacted bins to the genes that hold them: an index over a data folder's contacts."""

import numpy as np

from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA


class ContactIndex:
    """The contacts of a data folder, found by the sequence that their bins are read from.

    contacts: Contacts. Contact numbers count its contacts from 0.

    genes: (contacts,) int64, row of each one's gene. positions: (contacts,) int64, which sum of the gene's tensor each
    goes to, as in `gene_features.positions`. weights: (contacts,) float64, how often the prediction of each window of
    its bin counts there. starts: (contacts, tiles) int64, where these windows start. first, end: (contacts,) int64,
    stretch of the chromosome that they cover, 0-based half-open.
    """

    def __init__(self, contacts):
        self.contacts = contacts
        self.genes, self.weights = contacts.gene, contacts.weight
        self.positions = OWN_SUMS + contacts.column
        # of the windows of a bin the first starts first and the last ends last, and both rise from bin to bin
        self.starts = contacts.window_starts
        self.first, self.end = self.starts[:, 0], self.starts[:, -1] + BELUGA.window
        of_each = contacts.chrom if len(self.genes) else np.empty(0, str)
        self._of_chrom = {}
        for chrom in np.unique(of_each):
            mine = np.flatnonzero(of_each == chrom)
            self._of_chrom[str(chrom)] = mine[np.argsort(contacts.bins[mine], kind="stable")]

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
