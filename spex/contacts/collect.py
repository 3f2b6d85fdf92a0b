"""Contact maps to the bins that each TSS touches, and their side of the gene.

Two rules: `published`, what the released program does, and `corrected`, what the paper means. Bins are 0-based numbers
within a chromosome; bin x covers bases x * resolution to (x + 1) * resolution, 0-based half-open.
"""

import io
import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from expecto import BIN_SIZE, WINDOW_SIZE
from spex.errors import InputError
from spex.files.storage import DamagedFileError, load_sealed, save_sealed

LEAST_DISTANCE = 20_000
"""Contacts nearer than this, in bp, are left out: the gene's own windows see that sequence."""


@dataclass(frozen=True)
class ContactRule:
    """How contacted bins are chosen and where their sequence is taken.

    name: "published" or "corrected". resolution: bp per bin. max_dist: published rule, keep bins with
    1/sqrt(count) < max_dist. min_count: corrected rule, keep bins with count >= min_count.
    """

    name: str
    resolution: int
    max_dist: float
    min_count: float

    def __post_init__(self):
        if self.resolution % BIN_SIZE:
            raise InputError(
                f"--hic_resolution {self.resolution}: expected a multiple of {BIN_SIZE}, the distance of the windows"
            )

    def tss_bins(self, tss):
        """Bin of each TSS. tss: (n,) int64, 1-based. Returns: (n,) int64; may be one past the chromosome's last bin.

        The published rule takes the nearest bin edge, halves to even, not the bin that holds the TSS.
        """
        if self.name == "published":
            return np.rint(np.asarray(tss) / self.resolution).astype(np.int64)
        return (np.asarray(tss) - 1) // self.resolution

    def keeps(self, counts):
        """Which contacts are strong enough. counts: (n,) float64. Returns: (n,) bool."""
        if self.name == "published":
            with np.errstate(divide="ignore"):
                return 1 / np.sqrt(counts) < self.max_dist
        return counts >= self.min_count

    @property
    def weight(self):
        """What each kept bin's prediction is multiplied by.

        The published program means to tile the bin with windows, and takes the one on its start as often.
        """
        return self.resolution // BIN_SIZE if self.name == "published" else 1

    @property
    def own_windows_stand_in(self):
        """Whether a gene without any pixel gets the plain sum of its own windows instead of zeros."""
        return self.name == "published"

    def window_starts(self, bins):
        """First base (0-based) of the window that stands for each bin. bins: (n,) int64. Returns: (n,) int64."""
        middle = 0 if self.name == "published" else self.resolution // 2
        return np.asarray(bins) * self.resolution + middle - WINDOW_SIZE // 2

    def settings(self):
        """What determines the rule's numbers, for run.json."""
        published = self.name == "published"
        return {
            "contact_rule": self.name,
            "hic_resolution": self.resolution,
            "max_dist": self.max_dist if published else None,
            "min_count": None if published else self.min_count,
        }


@dataclass(frozen=True)
class Contacts:
    """Kept contacts of n genes, gene after gene, bins ascending.

    genes: (n,) ids. has_pixels: (n,) bool, whether the map holds any pixel of the TSS bin. offsets: (n + 1,) int64,
    gene i has contacts offsets[i] to offsets[i + 1]. bins: int32. counts: float64, raw, summed over maps.
    downstream: bool, the bin's side of the gene.
    """

    genes: np.ndarray
    has_pixels: np.ndarray
    offsets: np.ndarray
    bins: np.ndarray
    counts: np.ndarray
    downstream: np.ndarray

    def table(self):
        """Per gene: number of kept bins and sum of their counts on each side. Returns: DataFrame."""
        gene = np.repeat(np.arange(len(self.genes)), np.diff(self.offsets))
        columns = {"id": self.genes, "has_pixels": self.has_pixels.astype(int)}
        for side, mine in (("downstream", self.downstream), ("upstream", ~self.downstream)):
            columns[f"{side}_bins"] = np.bincount(gene[mine], minlength=len(self.genes))
            columns[f"{side}_count"] = np.bincount(gene[mine], self.counts[mine], minlength=len(self.genes))
        return pd.DataFrame(columns)


def collect_contacts(maps, genes, rule, advance):
    """The kept contacts of every gene, from one pass over each map.

    maps: ContactMaps; counts of several are added per pair of bins. genes: DataFrame of `genes.keep_genes`.
    advance: called with the number of pixels read. Returns: Contacts, in the order of `genes`.
    """
    bins_of = pd.Series(rule.tss_bins(genes["tss"].to_numpy()), index=genes.index)
    per_gene = {}
    for chrom, on_chrom in genes.groupby("chrom", sort=False):
        wanted = bins_of[on_chrom.index]
        viewpoints, others, counts = _sum_over_maps(maps, chrom, wanted.unique(), advance)
        begins, ends = (np.searchsorted(viewpoints, wanted, side) for side in ("left", "right"))
        far = np.abs(others - viewpoints) * rule.resolution >= LEAST_DISTANCE
        good = far & rule.keeps(counts)
        for row, tss_bin, strand, a, b in zip(on_chrom.index, wanted, on_chrom["strand"], begins, ends, strict=True):
            bins, mine = others[a:b][good[a:b]], counts[a:b][good[a:b]]
            downstream = bins >= tss_bin if strand == "+" else bins < tss_bin
            per_gene[row] = (b > a, bins.astype(np.int32), mine, downstream)
    has_pixels, bins, counts, downstream = zip(*(per_gene[row] for row in genes.index), strict=True)
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        has_pixels=np.array(has_pixels),
        offsets=np.concatenate([[0], np.cumsum([len(part) for part in bins])]).astype(np.int64),
        bins=np.concatenate(bins),
        counts=np.concatenate(counts),
        downstream=np.concatenate(downstream),
    )


def _sum_over_maps(maps, chrom, tss_bins, advance):
    """Pixels of the TSS bins, summed over maps. Returns: viewpoint, bin, count, sorted by viewpoint, then bin."""
    parts = [map_.pixels_of(chrom, tss_bins, advance) for map_ in maps]
    viewpoints, others, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((others, viewpoints))
    viewpoints, others, counts = viewpoints[order], others[order], counts[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (viewpoints[1:] != viewpoints[:-1]) | (others[1:] != others[:-1])
    begins = np.flatnonzero(first)
    summed = np.add.reduceat(counts, begins) if len(begins) else counts
    return viewpoints[first], others[first], summed


def save_contacts(path, contacts, identity):
    """Keep contacts for a restart. identity: dict of JSON values that says what they were made from."""
    buffer = io.BytesIO()
    np.savez(buffer, identity=np.array(json.dumps(identity, sort_keys=True)), **vars(contacts))
    save_sealed(path, buffer.getbuffer())


def load_contacts(path, identity):
    """Contacts that `save_contacts` kept under the same identity; None when there are none, or they are damaged."""
    try:
        content = load_sealed(path)
    except (FileNotFoundError, DamagedFileError):
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        if str(stored["identity"]) != json.dumps(identity, sort_keys=True):
            return None
        return Contacts(**{name: stored[name] for name in Contacts.__dataclass_fields__})
