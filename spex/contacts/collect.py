"""Contact maps to the contacted bins of each TSS: their side of the gene, and the weight of each in its sum."""

import logging
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from expecto.network import PUBLISHED
from spex.contacts.maps import joined, summed
from spex.contacts.rules import EVERY_ONE, LEAST_DISTANCE, Corrected, Published, check_resolution
from spex.errors import InputError, listed
from spex.progress import progress

OF_WHOLE_MAP = ("balanced", "expected")
"""Weights that follow from all of a map, not from a contact alone."""

logger = logging.getLogger("spex")


@dataclass(frozen=True, eq=False)
class Contacts:
    """Kept contacts of n genes, gene after gene, bins ascending.

    genes: (n,) ids. chroms: (n,) names. tss: (n,) int64, 1-based. strands: (n,) "+" or "-". has_pixels: (n,) bool,
    whether the map has any pixel of the TSS bin. offsets: (n + 1,) int64, gene i has contacts offsets[i] to
    offsets[i + 1]. bins: int32, 0-based within the chromosome. counts: float64, raw, summed over maps. downstream:
    bool, the bin's side of the gene. resolution: bp per bin. rule: what kept them. chromsizes: name -> bp of these
    chromosomes as the maps have them, where known. weights: float64, what the rule's contact_weight gives each; None
    where each counts once; `weight` is what counts. accounts: an `Account.summary` of each file. window: length in bp
    of what bins are read by: the network's windows, or the bins themselves.
    """

    genes: np.ndarray
    chroms: np.ndarray
    tss: np.ndarray
    strands: np.ndarray
    has_pixels: np.ndarray
    offsets: np.ndarray
    bins: np.ndarray
    counts: np.ndarray
    downstream: np.ndarray
    resolution: int
    rule: Published | Corrected
    chromsizes: dict[str, int] | None = None
    weights: np.ndarray | None = None
    accounts: list[dict] = field(default_factory=list)
    window: int = PUBLISHED.window

    @property
    def stand_ins(self) -> np.ndarray:
        """Which genes get the plain sum of their local windows in the place of contacts, (n,) bool."""
        return ~self.has_pixels & self.rule.own_windows_stand_in

    @property
    def number(self) -> np.ndarray:
        """How many contacts each gene has, (n,) int64."""
        return np.diff(self.offsets)

    @cached_property
    def gene(self) -> np.ndarray:
        """Row of each contact's gene, (contacts,) int64."""
        return np.repeat(np.arange(len(self.genes)), self.number)

    def of_gene(self, row) -> slice:
        """The contacts of one gene, which stand together."""
        return slice(int(self.offsets[row]), int(self.offsets[row + 1]))

    @property
    def chrom(self) -> np.ndarray:
        """Chromosome of each contact, (contacts,)."""
        return self.chroms[self.gene]

    @property
    def side(self) -> np.ndarray:
        """Side of its gene that each contact's bin lies on, "downstream" or "upstream", (contacts,)."""
        return np.where(self.downstream, "downstream", "upstream")

    @property
    def tss_bins(self) -> np.ndarray:
        """Bin of each gene's TSS by the rule, (n,) int64."""
        return self.rule.tss_bins(self.tss, self.resolution)

    @property
    def distance(self) -> np.ndarray:
        """Distance of each contact's bin from the TSS bin, in whole bins, (contacts,) int64."""
        return np.abs(self.bins - self.tss_bins[self.gene])

    @property
    def start(self) -> np.ndarray:
        """Start of each contact's bin, 0-based in bp, (contacts,) int64."""
        return self.bins.astype(np.int64) * self.resolution

    def names(self, numbers) -> list[str]:
        """What the bins of some contacts are called, such as chr1:5000-6000. numbers: (m,)."""
        starts = self.bins[numbers].astype(np.int64) * self.resolution
        places = zip(self.chroms[self.gene[numbers]], starts.tolist(), strict=True)
        return [f"{chrom}:{start}-{start + self.resolution}" for chrom, start in places]

    @property
    def windows(self) -> np.ndarray:
        """Numbers of the windows that each contact's bin is read by, (contacts, tiles) int64."""
        grid = self.resolution, self.window
        return self.rule.windows(self.bins, *grid).reshape(len(self.bins), self.rule.tiles(*grid))

    @property
    def window_starts(self) -> np.ndarray:
        """Where these windows start, 0-based in bp, rising within a contact and from bin to bin."""
        return self.starts_of(self.windows)

    def starts_of(self, windows) -> np.ndarray:
        """Where windows start, 0-based in bp. windows: numbers of any shape."""
        return self.rule.starts(windows, self.resolution, self.window)

    @property
    def column(self) -> np.ndarray:
        """Which sum of its gene each contact goes to, (contacts,) int64: of each group from the nearest on downstream,
        then upstream."""
        return 2 * self.rule.groups_of(self.counts) + ~self.downstream

    @property
    def rule_weight(self) -> float:
        """How often a window of a contacted bin counts by the rule, whatever the contact's own weight."""
        return self.rule.weight(self.resolution, self.window)

    @property
    def weight(self) -> np.ndarray:
        """How often the prediction of each window of a contact's bin counts in that sum, (contacts,) float64."""
        once = float(self.rule_weight)
        return np.full(len(self.bins), once) if self.weights is None else once * self.weights

    def table(self) -> pd.DataFrame:
        """Per gene: number of kept bins and sum of their counts on each side. Returns: DataFrame (n rows)."""
        gene = self.gene
        columns = {"id": self.genes, "has_pixels": self.has_pixels.astype(int)}
        for side, mine in (("downstream", self.downstream), ("upstream", ~self.downstream)):
            columns[f"{side}_bins"] = np.bincount(gene[mine], minlength=len(self.genes))
            columns[f"{side}_count"] = np.bincount(gene[mine], self.counts[mine], minlength=len(self.genes))
        return pd.DataFrame(columns)

    def pairs(self) -> pd.DataFrame:
        """One row per kept contact: DataFrame with id, chrom, start, end, side, count.

        start, end: of the bin, in bp, 0-based half-open (the last bin may reach past the chromosome's end). side:
        "downstream" or "upstream". Where the rule has distance edges, group, from 1; where it weighs, weight.
        """
        columns = {
            "id": self.genes[self.gene],
            "chrom": self.chrom,
            "start": self.start,
            "end": self.start + self.resolution,
            "side": self.side,
            "count": self.counts,
        }
        if self.rule.distance_edges:
            columns["group"] = 1 + self.rule.groups_of(self.counts)
        if self.weights is not None:
            columns["weight"] = self.weights
        return pd.DataFrame(columns)

    def of_rows(self, rows):
        """Contacts of some genes, in the order of `rows`, (m,)."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.number[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        taken = np.repeat(self.offsets[rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
        of_genes = {name: getattr(self, name)[rows] for name in ("genes", "chroms", "tss", "strands", "has_pixels")}
        return replace(self, **self.taken(taken), **of_genes, offsets=offsets)

    def taken(self, places):
        """What is known of some contacts, by name. places: (m,) of them."""
        names = ("bins", "counts", "downstream", *(() if self.weights is None else ("weights",)))
        return {name: getattr(self, name)[places] for name in names}

    def __repr__(self) -> str:
        return f"Contacts({len(self.bins):,} contacts of {len(self.genes):,} genes, {self.resolution} bp, {self.rule})"


def read_maps(maps, genes, rule, resolution, window=PUBLISHED.window):
    """Contacts of genes, as of `collect_contacts`; logs what was used of each file, and chromosomes without a pixel.

    window: length in bp of what bins are read by.
    """
    total = count_pixels(maps, genes["chrom"].unique())
    passes = 2 if rule.contact_weight == "expected" else 1
    with progress(total and passes * total, "pixels", "contacts") as advance:
        contacts = collect_contacts(maps, genes, rule, resolution, advance)
    _report_without_pixels(maps, contacts)
    return replace(contacts, window=window, accounts=report_accounts(maps))


def count_pixels(maps, chroms):
    """Number of pixels that reading `chroms` streams through, or None where a format does not say."""
    counts = [map_.pixel_count(chroms) for map_ in maps]
    return None if None in counts else sum(counts)


def report_accounts(maps):
    """Log what was used of each file that has been read, and what was left out; close the maps.

    Returns: the same, list of dicts.
    """
    accounts = [account for map_ in maps for account in map_.accounts()]
    for account in accounts:
        account.report()
    for map_ in maps:
        map_.close()
    return [account.summary() for account in accounts]


def _report_without_pixels(maps, contacts):
    """Warn of chromosomes that have genes, none of them with a pixel: the maps may be of a part of the genome."""
    found = set(contacts.chroms[contacts.has_pixels])
    without = [chrom for chrom in dict.fromkeys(contacts.chroms.tolist()) if chrom not in found]
    if without:
        logger.warning(
            "%s: %d of %d genes lie on chromosomes where no gene has a pixel (%s); they have no contacts",
            *(", ".join(str(map_.path) for map_ in maps), np.isin(contacts.chroms, without).sum()),
            *(len(contacts.chroms), listed(without)),
        )


def collect_contacts(maps, genes, rule, resolution, advance):
    """The kept contacts of every gene, from one pass over each map, two where weights ask for it.

    maps: contact maps of this resolution; counts of several are added per pair of bins. genes: DataFrame with id,
    chrom, strand, tss. rule: Published or Corrected. advance: called with the number of pixels read.

    Returns: Contacts, in the order of `genes`.
    """
    check_resolution(resolution)
    _check_weights(rule, maps)
    bins_of = pd.Series(rule.tss_bins(genes["tss"].to_numpy(), resolution), index=genes.index)
    pieces = {}  # of a gene: whether there is a pixel, bins, counts, downstream, weights
    for chrom, on_chrom in genes.groupby("chrom", sort=False):
        wanted = bins_of[on_chrom.index]
        weigh = _weigher(rule, maps, chrom, resolution, advance)
        pixels = [map_.pixels_of(chrom, wanted.unique(), advance) for map_ in maps]
        viewpoints, others, counts = summed(*joined(pixels))
        begins, ends = (np.searchsorted(viewpoints, wanted, side) for side in ("left", "right"))
        good = (np.abs(others - viewpoints) * resolution >= LEAST_DISTANCE) & rule.keeps(counts)
        weights = np.full(len(counts), np.nan)
        if weigh is not None:
            weights[good] = weigh(viewpoints[good], others[good], counts[good])
            good &= np.isfinite(weights)
        for row, tss_bin, strand, a, b in zip(on_chrom.index, wanted, on_chrom["strand"], begins, ends, strict=True):
            kept = a + np.flatnonzero(good[a:b])
            bins = others[kept]
            downstream = bins >= tss_bin if strand == "+" else bins < tss_bin
            pieces[row] = b > a, bins.astype(np.int32), counts[kept], downstream, weights[kept]
    has_pixels, *columns = zip(*(pieces[row] for row in genes.index), strict=True)
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in columns[0]])]).astype(np.int64)
    bins, counts, downstream, weights = map(np.concatenate, columns)
    return Contacts(
        genes=genes["id"].to_numpy(dtype=str),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(dtype=np.int64),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=np.array(has_pixels),
        offsets=offsets,
        bins=bins,
        counts=counts,
        downstream=downstream,
        resolution=resolution,
        rule=rule,
        chromsizes=_chromsizes(maps, genes["chrom"].unique()),
        weights=None if rule.contact_weight == EVERY_ONE else weights,
    )


def _chromsizes(maps, chroms):
    """Lengths of the chromosomes, each of the first map that has it; None where no format has any."""
    known = [map_.chromsizes for map_ in maps if map_.has_lengths]
    lengths = {chrom: length for sizes in reversed(known) for chrom, length in sizes.items()}
    return {chrom: lengths[chrom] for chrom in chroms if chrom in lengths} if known else None


def _check_weights(rule, maps):
    """Refuse several maps, each balanced for itself, and formats that have nothing for the rule's weights."""
    about = {"argument": "contact_weight", "subject": rule.contact_weight}
    balanced = rule.contact_weight == "balanced"
    if balanced and len(maps) > 1:
        raise InputError(
            f"{len(maps)} contact maps are given, each balanced for itself; their sum is not",
            **about,
            expected="one map",
            hint="add them with: cooler merge; then balance the sum with: cooler balance",
        )
    for map_ in maps if rule.contact_weight in OF_WHOLE_MAP else ():
        if not (map_.has_balancing if balanced else map_.has_lengths):
            lacks = "keeps no weights of bins" if balanced else "does not say how many pairs of bins there are"
            expected = ".mcool or .cool files" if balanced else "maps of all pairs of bins (.mcool, .cool, .hic)"
            raise InputError(f"the format of {map_.path} {lacks}", **about, expected=expected)


def _weigher(rule, maps, chrom, resolution, advance):
    """What weighs the contacts of a chromosome; None where each counts once.

    Returns: function from the two bins of contacts, (n,) int64, and their counts to weights, (n,) float64: NaN where a
    bin has none, so that the contact cannot be kept.
    """
    if rule.contact_weight == EVERY_ONE:
        return None
    if rule.contact_weight == "count":
        return lambda one, other, counts: counts
    if rule.contact_weight == "log":
        return lambda one, other, counts: np.log1p(counts)
    if rule.contact_weight == "balanced":
        of_bin = maps[0].balancing(chrom)
        return lambda one, other, counts: counts * of_bin[one] * of_bin[other]
    expected = _mean_by_distance(maps, chrom, resolution, advance)
    return lambda one, other, counts: counts / expected[np.abs(one - other)]


def _mean_by_distance(maps, chrom, resolution, advance):
    """Mean count of all pairs of bins at each distance in bins, those without a pixel among them, summed over maps."""
    bins = -(-max(map_.chromsizes.get(chrom, 0) for map_ in maps) // resolution)
    sums = np.zeros(bins)
    for map_ in maps:
        for part in map_.parts(chrom, advance):
            sums += np.bincount(part.bin2 - part.bin1, part.counts, minlength=bins)
    return sums / np.arange(bins, 0, -1)  # of n bins n - d pairs are d apart
