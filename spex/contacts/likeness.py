"""How alike contact maps are: stratum-adjusted correlation, contacts of genes that they share, contacts a gene, depth.

The stratum-adjusted correlation coefficient is HiCRep's (Yang et al. 2017, Genome Research 27:1939): counts in bins of
40 kb, smoothed by the mean over the 11 x 11 bins around each pair of bins, are correlated within each distance up to
5 Mb, and the correlations averaged with the weights of the paper's equations.
"""

from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy import stats

from spex.contacts.maps import mark
from spex.contacts.rules import Corrected
from spex.contacts.sheet import EDGES, GROUPS

BIN, FARTHEST, SMOOTHING = 40_000, 5_000_000, 5
"""bp of a bin (as near as the resolution allows) and of the farthest pair; bins on each side that are averaged over.
HiCRep's authors found five bins right for bins of 40 kb."""

GENE_EDGES, GENE_GROUPS = EDGES[1:], GROUPS[1:-1]
"""Distances of the contacts of genes that are compared, in bp, half-open."""

LEAST_COUNT = Corrected.min_count
"""Of a pixel that is a contact of a gene, as by the corrected rule."""

STRIPE = 512
"""Bins that are smoothed at once."""

COLUMNS = ["one", "other", "scc", "jaccard", *(f"jaccard {group}" for group in GENE_GROUPS), "contacts_correlation"]
COLUMNS += ["depth_one", "depth_other"]


@dataclass(eq=False)
class Profile:
    """What a map is compared by, a few dozen MB of a human genome.

    name: path of the map. resolution: bp per bin; bin: of the bands. bands: chromosome -> float32 (distances, bins),
    counts of bin i with bin i + k in row k. genes: ids (n,). contacts: uint8 (n, bytes), a bit for each bin around the
    TSS, as of `np.packbits`, from 2 Mb before to 2 Mb behind. depth: counts within chromosomes.
    """

    name: str
    resolution: int
    bands: dict[str, np.ndarray] = field(default_factory=dict)
    genes: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=str))
    contacts: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.uint8))
    depth: float = 0.0

    @property
    def bin(self):
        """bp of the bands' bins."""
        return self.resolution * max(1, round(BIN / self.resolution))


def as_arrays(profiles):
    """Profiles as arrays by name, for a file."""
    found = {}
    for place, each in enumerate(profiles):
        found |= {f"{place} {name}": np.asarray(value) for name, value in vars(each).items() if name != "bands"}
        found |= {f"{place} band {chrom}": band for chrom, band in each.bands.items()}
    return found


def from_arrays(arrays):
    """The profiles that `as_arrays` was given."""
    fields = {}
    for key, value in arrays.items():
        place, _, name = key.partition(" ")
        mine = fields.setdefault(int(place), {"bands": {}})
        if name.startswith("band "):
            mine["bands"][name.removeprefix("band ")] = value
        else:
            mine[name] = value if value.ndim else value.item()
    return [Profile(**fields[place]) for place in sorted(fields)]


class Profiler:
    """Counts a map's profile while its pixels are read, chromosome by chromosome."""

    def __init__(self, name, resolution, genes):
        self.profile = Profile(str(name), resolution)
        self._genes, self._contacts = genes, []
        self._reach = GENE_EDGES[-1] // resolution

    def begin(self, chrom, bins):
        """Begin a chromosome of so many bins of the map."""
        self._finish_genes()
        self._factor = self.profile.bin // self.profile.resolution
        rows = FARTHEST // self.profile.bin + 1 + 2 * SMOOTHING  # those beyond are smoothed into the farthest
        self._band = self.profile.bands[chrom] = np.zeros((rows, -(-bins // self._factor)), np.float32)
        if self._genes is not None:
            mine = self._genes[self._genes["chrom"] == chrom]
            tss = Corrected().tss_bins(mine["tss"].to_numpy(np.int64), self.profile.resolution)
            self._ids, self._tss, self._bins = mine["id"].to_numpy(dtype=str), tss, bins
            self._places, self._place = np.unique(tss[tss < bins]), np.full(bins, -1)
            self._place[self._places] = np.arange(len(self._places))
            self._counts = np.zeros((len(self._places), 2 * self._reach + 1), np.float32)

    def add(self, part):
        """Count some Pixels."""
        self.profile.depth += float(part.counts.sum())
        one, other = part.bin1 // self._factor, part.bin2 // self._factor
        near = other - one < len(self._band)
        np.add.at(self._band, ((other - one)[near], one[near]), part.counts[near])
        if self._genes is not None and len(self._places):
            tss, other, counts = part.seen_from(mark(self._places, self._bins))
            near = np.abs(other - tss) <= self._reach
            tss, other, counts = tss[near], other[near], counts[near]
            np.add.at(self._counts, (self._place[tss], other - tss + self._reach), counts)

    def finish(self):
        """The Profile, when all chromosomes were read."""
        self._finish_genes()
        if self._contacts:
            ids, contacts = zip(*self._contacts, strict=True)
            self.profile.genes, self.profile.contacts = np.concatenate(ids), np.concatenate(contacts)
        return self.profile

    def _finish_genes(self):
        """Keep the contacts of the genes of the chromosome that was read last."""
        if self._genes is None or not self.profile.bands:
            return
        bits = np.packbits(self._counts >= LEAST_COUNT, axis=1)
        there = self._tss < self._bins
        contacts = np.zeros((len(there), bits.shape[1]), np.uint8)
        contacts[there] = bits[self._place[self._tss[there]]]
        self._contacts.append((self._ids, contacts))


def compare_profiles(profiles):
    """Compare contact maps, each with each.

    profiles: list of Profile.

    Returns: DataFrame with a row for each pair and the columns of `COLUMNS`: one, other, names; scc, the mean of the
    chromosomes' stratum-adjusted correlations, weighted by their bins; jaccard, the contacts that both have as a share
    of those that either has, over all genes of both, in all and by distance; contacts_correlation, Spearman's, of the
    genes' numbers of contacts; depth_one, depth_other. NaN where it is not defined: bins of other sizes, no common
    chromosome, no contact.
    """
    pairs = list(combinations(range(len(profiles)), 2))
    correlations = _correlations(profiles, pairs)
    rows = []
    for pair in pairs:
        one, other = (profiles[place] for place in pair)
        row = {"one": one.name, "other": other.name, "scc": correlations[pair], **_shared(one, other)}
        rows.append(row | {"depth_one": one.depth, "depth_other": other.depth})
    return pd.DataFrame(rows, columns=COLUMNS)


def _correlations(profiles, pairs):
    """Stratum-adjusted correlation of each pair: pair -> float. A chromosome's bands are smoothed once for all."""
    sums, weights = dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 0)
    for chrom in dict.fromkeys(chrom for profile in profiles for chrom in profile.bands):
        mine = {place: each.bands[chrom] for place, each in enumerate(profiles) if chrom in each.bands}
        if len(mine) < 2:
            continue
        bins = max(band.shape[1] for band in mine.values())
        smooth = {place: smoothed(np.pad(each, ((0, 0), (0, bins - each.shape[1])))) for place, each in mine.items()}
        for one, other in pairs:
            if one in smooth and other in smooth and profiles[one].bin == profiles[other].bin:
                found = stratum_adjusted(smooth[one], smooth[other])
                if not np.isnan(found):
                    sums[one, other] += bins * found
                    weights[one, other] += bins
    return {pair: sums[pair] / weights[pair] if weights[pair] else float("nan") for pair in pairs}


def smoothed(band, around=SMOOTHING):
    """Each count's mean over the square of bins around it, those past the chromosome's ends left out.

    band: (distances + 2 * around, bins), counts of bin i with bin i + k in row k. Returns: float64 (distances, bins).
    """
    rows, bins = len(band) - 2 * around, band.shape[1]
    found = np.zeros((rows, bins))
    for start in range(0, bins, STRIPE):
        ones = np.arange(start - around, min(start + STRIPE, bins) + around)
        others = np.arange(start - around, ones[-1] + rows)
        apart, first = np.abs(others - ones[:, None]), np.minimum(others, ones[:, None])
        inside = (ones >= 0)[:, None] & (ones < bins)[:, None] & (others >= 0) & (others < bins)
        known = inside & (apart < len(band))
        counts = np.where(known, band[np.where(known, apart, 0), np.where(known, first, 0)], 0.0)
        means = _box(counts, around) / np.maximum(_box(inside.astype(float), around), 1)
        place = np.arange(len(means))
        for distance in range(rows):
            found[distance, start + place] = means[place, place + distance]
    return found


def _box(values, around):
    """Sums over the squares around the inner cells, by adding: nothing but zeros gives exactly 0."""
    for _ in range(2):
        length = len(values) - 2 * around
        values = sum(values[shift : shift + length] for shift in range(2 * around + 1)).T
    return values


def stratum_adjusted(one, other):
    """HiCRep's coefficient of two smoothed bands, (distances, bins) each; NaN where no distance has a correlation.

    At each distance, of the N pairs of bins where not both are 0: Pearson's correlation, weighted by N times the
    product of the standard deviations of ranks / N.
    """
    total, weights = 0.0, 0.0
    bins = one.shape[1]
    for distance in range(min(len(one), bins)):
        x, y = one[distance, : bins - distance], other[distance, : bins - distance]
        kept = (x > 0) | (y > 0)
        x, y = x[kept], y[kept]
        if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        weight = len(x) * np.std(stats.rankdata(x) / len(x)) * np.std(stats.rankdata(y) / len(y))
        x, y = x - x.mean(), y - y.mean()
        total += weight * (x @ y) / np.sqrt((x @ x) * (y @ y))
        weights += weight
    return total / weights if weights else float("nan")


def _shared(one, other):
    """Shares of the contacts of genes that two maps have in common, and the correlation of their numbers."""
    nothing = dict.fromkeys(COLUMNS[3:8], float("nan"))
    ids, mine, theirs = np.intersect1d(one.genes, other.genes, return_indices=True)
    if one.resolution != other.resolution or not len(ids):
        return nothing
    bits = one.contacts[mine], other.contacts[theirs]
    found, both, either, numbers = {}, 0, 0, 0
    for group, mask in zip(GENE_GROUPS, _masks(one.resolution), strict=True):
        of_group = [np.bitwise_count(each & mask).sum(axis=1, dtype=np.int64) for each in bits]
        shared = int(np.bitwise_count(bits[0] & bits[1] & mask).sum(dtype=np.int64))
        any_ = int(sum(of_group).sum()) - shared
        found[f"jaccard {group}"] = shared / any_ if any_ else float("nan")
        both, either, numbers = both + shared, either + any_, numbers + np.stack(of_group)
    constant = (np.ptp(numbers, axis=1) == 0).any()
    correlation = float("nan") if constant else stats.spearmanr(*numbers).statistic
    return {"jaccard": both / either if either else float("nan"), **found, "contacts_correlation": float(correlation)}


def _masks(resolution):
    """Bits of the bins around a TSS that lie in each of `GENE_GROUPS`: uint8 (bytes,) each."""
    reach = GENE_EDGES[-1] // resolution
    distances = np.abs(np.arange(-reach, reach + 1)) * resolution
    return [np.packbits((distances >= low) & (distances < high)) for low, high in pairwise(GENE_EDGES)]
