"""Predictions of bins, from the prediction cache, summed over a map's contacts or over their controls."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from spex.contacts.sums import sum_over_bins
from spex.errors import InputError, command, parameter
from spex.runs.cache import PredictionStore, own_keys


@dataclass(frozen=True, eq=False)
class BinPredictions:
    """Predictions of the contacted bins of one map, as the run kept them that made its tensors.

    store: PredictionStore. folder: of the tensors, for errors. given: whether they are of another model's features.
    """

    store: PredictionStore
    folder: object
    given: bool = False

    def check(self, contacts, chroms):
        """Refuse a cache that lacks bins of some chromosomes.

        Raises:
            InputError: it does; the message has their number.
        """
        starts, wanted, found = contacts.window_starts, 0, 0
        for chrom in chroms:
            of_bins = np.unique(starts[contacts.chrom == chrom], axis=0)
            wanted += len(of_bins)
            there = self.store.has("windows", chrom, of_bins.ravel())
            found += int(there.reshape(of_bins.shape).all(axis=1).sum())
        if found < wanted:
            self._refuse(wanted - found, wanted)

    def of(self, chrom, starts):
        """Predictions of windows by where they start: float32 (m, features)."""
        found, rows = self.store.get("windows", chrom, starts)
        if not found.all():
            self._refuse(int((~found).sum()), len(starts), "windows of bins")
        return rows

    def _refuse(self, missing, wanted, what="bins"):
        again = f"compute the tensors again in another {parameter('data_folder')}"
        again = f"run {command('features')} again" if self.given else again
        raise InputError(
            f"{missing:,} of {wanted:,} {what} that controls of {self.folder} are drawn from have no prediction there",
            argument="cache",
            subject=self.store.folder.parent,
            expected="the prediction cache that its tensors were made with, all of them",
            hint=f"give that one, or {again} with this cache",
        )


def neighbour_blocks(several, predictions, bins, advance):
    """Neighbour features of the same genes from several sets of contacts, each window read once.

    several: list of Contacts of the same n genes by one rule. predictions: BinPredictions. bins: numbers of a bin.
    advance: called with the number of genes that are done.

    Returns: list of float32 (n, 2 x groups x bins), each group downstream of the gene, then upstream, as in a
    tensor.
    """
    genes, sides = several[0], 2 * several[0].rule.groups
    width = sides * bins
    blocks = [np.zeros((len(genes.genes), width), np.float32) for _ in several]
    for chrom in dict.fromkeys(genes.chroms.tolist()):
        rows = np.flatnonzero(genes.chroms == chrom)
        sums = sum_over_bins(several, rows, bins, partial(predictions.of, chrom))
        for block, of_set in zip(blocks, sums, strict=True):
            block[rows] = of_set.reshape(len(rows), width)
        advance(len(rows))
    return blocks


def local_sums(store, genes, bins):
    """Plain sums over the windows of genes, which a store keeps behind the weighted ones.

    genes: DataFrame (n) with chrom, strand, tss. bins: numbers of a sum. Returns: float32 (n, bins), or None where some
    are not there.
    """
    sums = np.empty((len(genes), bins), np.float32)
    for chrom in genes["chrom"].unique():
        rows = np.flatnonzero(genes["chrom"] == chrom)
        keys = own_keys(genes.iloc[rows])
        for some in np.array_split(np.arange(len(rows)), -(-len(rows) // 256)):
            found, kept = store.get("own", chrom, keys[some])
            if not found.all():
                return None
            sums[rows[some]] = kept[:, -bins:]
    return sums
