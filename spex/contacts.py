"""Contact maps to the bins that each TSS touches, and their side of the gene.

Two rules: `published`, what the released program does, and `corrected`, what the paper means. Bins are 0-based numbers
within a chromosome; bin x covers bases x * resolution to (x + 1) * resolution, 0-based half-open.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd

from expecto import BIN_SIZE, WINDOW_SIZE
from spex.errors import InputError
from spex.storage import DamagedFileError, load_sealed, save_sealed

LEAST_DISTANCE = 20_000
"""Contacts nearer than this, in bp, are left out: the gene's own windows see that sequence."""

CHUNK_PIXELS = 4_000_000


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


class ContactMap:
    """One resolution of an `.mcool` file.

    Raises:
        InputError: not an `.mcool`, the resolution is missing (names those it has), bins of other width.
    """

    def __init__(self, path, resolution):
        self.path, self.resolution = Path(path), resolution
        self.group = f"resolutions/{resolution}"
        self._check_file()
        map_ = cooler.Cooler(f"{path}::/{self.group}")
        if map_.storage_mode != "symmetric-upper":
            raise InputError(
                f"--mcool_filename {path}: stored {map_.storage_mode}; expected symmetric-upper, each pair of bins once"
            )
        if map_.binsize != resolution:
            raise InputError(f"--mcool_filename {path}: bins of {self.group} are {map_.binsize} bp, not {resolution}")
        self.chromsizes = {name: int(length) for name, length in map_.chromsizes.items()}

    def _check_file(self):
        if not h5py.is_hdf5(self.path):
            raise InputError(f"--mcool_filename {self.path}: not an HDF5 file; expected a whole .mcool of cooler")
        try:
            found = cooler.fileops.list_coolers(str(self.path))
        except (OSError, KeyError, RuntimeError) as error:
            raise InputError(
                f"--mcool_filename {self.path}: damaged or cut short ({error}); fetch or copy it again"
            ) from error
        if f"/{self.group}" not in found:
            last = [name.rpartition("/")[2] for name in found if name.startswith("/resolutions/")]
            resolutions = sorted(int(name) for name in last if name.isdigit())
            have = f"it has {', '.join(map(str, resolutions))}" if resolutions else "it holds no resolution at all"
            raise InputError(
                f"--mcool_filename {self.path}: no resolution {self.resolution} ({have}); choose --hic_resolution among"
                f" them, or make the map with: cooler zoomify"
            )

    def pixels_of(self, chrom, tss_bins, advance):
        """Stream a chromosome's pixels and keep those that touch a TSS bin.

        tss_bins: (m,) int64 bins within the chromosome. advance: called with the number of pixels read.
        Returns: TSS bin, other bin (int64) and count (float64) of each pixel, seen from the TSS bin; a pixel between
        two TSS bins is seen from both.

        Raises:
            InputError: a count is negative or not a number.
        """
        kept = []
        with h5py.File(self.path, "r") as file:
            root = file[self.group]
            names = [name.decode() for name in root["chroms/name"][:]]
            low, high = root["indexes/chrom_offset"][names.index(chrom) :][:2]
            first, last = (int(root["indexes/bin1_offset"][edge]) for edge in (low, high))
            is_tss = np.zeros(high - low, dtype=bool)
            is_tss[tss_bins[tss_bins < high - low]] = True
            for start in range(first, last, CHUNK_PIXELS):
                part = slice(start, min(start + CHUNK_PIXELS, last))
                kept.append(self._touching(root["pixels"], part, low, high, is_tss))
                advance(part.stop - part.start)
        if not kept:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        return tuple(np.concatenate(column) for column in zip(*kept, strict=True))

    def _touching(self, pixels, part, low, high, is_tss):
        bin1, bin2 = pixels["bin1_id"][part] - low, pixels["bin2_id"][part] - low
        cis = bin2 < high - low
        from1 = is_tss[bin1] & cis
        from2 = is_tss[np.where(cis, bin2, 0)] & cis & (bin1 != bin2)
        touching = from1 | from2
        counts = np.zeros(len(bin1))
        if touching.any():
            counts = pixels["count"][part].astype(np.float64)
            if not (counts[touching] >= 0).all():
                raise InputError(
                    f"--mcool_filename {self.path}: found a count of {counts[touching].min()}; expected raw counts, "
                    f"0 or more (balanced or transformed values do not fit)"
                )
        return (
            np.concatenate([bin1[from1], bin2[from2]]),
            np.concatenate([bin2[from1], bin1[from2]]),
            np.concatenate([counts[from1], counts[from2]]),
        )

    def pixel_count(self, chroms):
        """Number of pixels that reading `chroms` streams through."""
        with h5py.File(self.path, "r") as file:
            root = file[self.group]
            names = [name.decode() for name in root["chroms/name"][:]]
            offsets, edges = root["indexes/chrom_offset"][:], root["indexes/bin1_offset"]
            places = [names.index(chrom) for chrom in chroms]
            return sum(int(edges[offsets[place + 1]] - edges[offsets[place]]) for place in places)


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


def check_maps(maps, genes, genome_sizes):
    """Refuse maps that do not belong to the genes and the genome, or to each other.

    genome_sizes: chromosome name -> bp.

    Raises:
        InputError: a gene's chromosome is not in a map, or has another length there than in the genome.
    """
    for map_ in maps:
        for chrom in genes["chrom"].unique():
            if chrom not in map_.chromsizes:
                names = ", ".join(list(map_.chromsizes)[:5])
                raise InputError(
                    f"--mcool_filename {map_.path}: no chromosome {chrom!r}, which the genes table names; it has "
                    f"{names}, ...; expected the same names in both"
                )
            if map_.chromsizes[chrom] != genome_sizes[chrom]:
                raise InputError(
                    f"--mcool_filename {map_.path}: {chrom} is {map_.chromsizes[chrom]:,} bp long there and "
                    f"{genome_sizes[chrom]:,} bp in the genome; expected a map of the same genome build"
                )


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
