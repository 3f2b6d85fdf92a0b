"""What a contact map contains, counted in one pass: pixels, counts by distance, contacts of genes, coverage of bins."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spex.contacts.rules import LEAST_DISTANCE, Corrected

EDGES = (0, LEAST_DISTANCE, 100_000, 500_000, 2_000_000)
"""Where each group of distances begins, in bp; the last one has no end."""

GROUPS = ("below 20 kb", "20 to 100 kb", "100 to 500 kb", "0.5 to 2 Mb", "2 Mb and more")
STEPS_PER_DOUBLING = 2
"""Of the distances that `MapSheet.by_distance` has rows for."""


@dataclass(frozen=True, eq=False)
class MapSheet:
    """What one resolution of a contact map contains.

    path, resolution (bp), resolutions (all that the file has), chromosomes (number).
    trans_pixels, trans_counts: between chromosomes, None where the format does not have them. of_distance:
    DataFrame, a row a distance in bins, 0 first: pixels, counts, and pairs, the number of pairs of bins that lie so far
    apart. genes: DataFrame (n) with id, chrom, tss, coverage (sum of the counts of the TSS bin within the chromosome),
    and of each group of distances, by its name, the pixels of the TSS bin; None without genes. genes_elsewhere: genes
    on chromosomes that the map lacks. coverage: float64, of every bin; depth: sum of the counts within the genes'
    chromosomes, or within all. accounts: what was used of the file and what was left out, as of `Account.summary`.
    """

    path: str
    resolution: int
    resolutions: list[int]
    chromosomes: int
    trans_pixels: int | None
    trans_counts: float | None
    of_distance: pd.DataFrame
    genes: pd.DataFrame | None
    genes_elsewhere: int
    coverage: np.ndarray
    depth: float
    accounts: list[dict] = field(default_factory=list)

    @property
    def cis_pixels(self) -> int:
        """Number of pixels within chromosomes."""
        return int(self.of_distance["pixels"].sum())

    @property
    def cis_counts(self) -> float:
        """Sum of the counts within chromosomes, each pair of bins once."""
        return float(self.of_distance["counts"].sum())

    @property
    def cis_share(self) -> float | None:
        """Share of the counts that lies within chromosomes; None where those between them are not known."""
        total = None if self.trans_counts is None else self.cis_counts + self.trans_counts
        return self.cis_counts / total if total else None

    def by_distance(self) -> pd.DataFrame:
        """Counts by distance, P(s): start and end in bp (half-open), pixels, counts, pairs, counts per pair of bins."""
        last = len(self.of_distance)
        powers = np.arange(0, STEPS_PER_DOUBLING * np.log2(max(last, 2)) + 1) / STEPS_PER_DOUBLING
        edges = np.unique([0, *np.rint(2**powers).astype(np.int64), last])
        edges = edges[edges <= last]
        summed = self.of_distance.groupby(np.searchsorted(edges, np.arange(last), side="right") - 1).sum()
        table = pd.DataFrame({"start": edges[:-1] * self.resolution, "end": edges[1:] * self.resolution})
        table = table.join(summed).fillna(0).astype({"pixels": np.int64, "pairs": np.int64})
        return table.assign(counts_per_pair=table["counts"] / table["pairs"].where(table["pairs"] > 0))

    def by_group(self) -> pd.DataFrame:
        """By group of distances: share of the counts within chromosomes, and the pixels of a gene's TSS bin.

        Returns: DataFrame indexed by `GROUPS` with share and, where there are genes, mean, lower, median and upper
        quartile of the pixels per gene, and the number of genes with one.
        """
        group = _group_of(np.arange(len(self.of_distance)), self.resolution)
        counts = np.bincount(group, self.of_distance["counts"], minlength=len(GROUPS))
        table = pd.DataFrame({"share": counts / counts.sum() if counts.sum() else counts}, index=list(GROUPS))
        if self.genes is not None:
            pixels = self.genes[list(GROUPS)]
            quartiles = pixels.quantile([0.25, 0.5, 0.75]).T.set_axis(["lower", "median", "upper"], axis=1)
            table = table.assign(mean=pixels.mean(), **quartiles, genes=(pixels > 0).sum())
        return table

    def summary(self) -> dict:
        """All of it in a dict of JSON values, genes and bins in quantiles."""
        summary = {
            "map": self.path,
            "resolution": self.resolution,
            "resolutions": self.resolutions,
            "chromosomes": self.chromosomes,
            "pixels": {"cis": self.cis_pixels, "trans": self.trans_pixels},
            "counts": {"cis": self.cis_counts, "trans": self.trans_counts},
            "cis_share": self.cis_share,
            "depth": self.depth,
            "coverage_of_bins": _quantiles(self.coverage),
            "accounts": self.accounts,
        }
        if self.genes is not None:
            far = self.genes[list(GROUPS[1:])].sum(axis=1)
            summary["genes"] = {
                "genes": len(self.genes),
                "on_other_chromosomes": self.genes_elsewhere,
                "without_pixel": int((self.genes[list(GROUPS)].sum(axis=1) == 0).sum()),
                "without_pixel_from_20_kb": int((far == 0).sum()),
                "coverage_of_tss_bins": _quantiles(self.genes["coverage"].to_numpy()),
            }
        distances = self.by_distance()
        summary["by_group_of_distances"] = self.by_group().rename_axis("distance").reset_index().to_dict("records")
        summary["by_distance"] = distances.astype(object).where(distances.notna(), None).to_dict("records")
        return summary

    def __repr__(self) -> str:
        return f"MapSheet({self.path}, {self.resolution} bp, {self.cis_pixels:,} pixels, {self.cis_counts:,.0f} counts)"


def count_map(map_, genes, resolution, advance, profiler=None):
    """Count what a contact map contains, in one pass.

    map_: MapReader of this resolution (bp). genes: DataFrame with id, chrom, tss (1-based), or None.
    advance: called with the number of pixels read. profiler: Profiler that is shown every pixel, or None.

    Returns: MapSheet; of genes on chromosomes that the map lacks only the number.
    """
    bins_of = {chrom: -(-length // resolution) for chrom, length in map_.chromsizes.items()}
    distances = np.zeros((3, max(bins_of.values(), default=0)))
    trans, coverage, per_gene, depth = [], [], [], 0.0
    for chrom, bins in bins_of.items():
        distances[2, :bins] += np.arange(bins, 0, -1)
        counter = _Chromosome(bins, resolution, None if genes is None else genes[genes["chrom"] == chrom])
        if profiler:
            profiler.begin(chrom, bins)
        for part in map_.all_parts(chrom, advance):
            counter.add(part)
            if profiler:
                profiler.add(part)
            trans.append((part.trans_pixels, part.trans_counts))
        distances[:2, :bins] += counter.distances
        coverage.append(counter.coverage)
        if genes is not None:
            per_gene.append(counter.table())
        if genes is None or len(per_gene[-1]):
            depth += counter.distances[1].sum()
    pixels, counts = zip(*trans, strict=True) if trans else ((None,), (None,))
    table = None if genes is None else pd.concat(per_gene).reindex(genes.index.intersection(pd.concat(per_gene).index))
    return MapSheet(
        path=str(map_.path),
        resolution=resolution,
        resolutions=map_.resolutions,
        chromosomes=len(bins_of),
        trans_pixels=_total(pixels),
        trans_counts=_total(counts),
        of_distance=pd.DataFrame(distances.T, columns=["pixels", "counts", "pairs"]),
        genes=table,
        genes_elsewhere=0 if genes is None else len(genes) - len(table),
        coverage=np.concatenate([np.empty(0), *coverage]),
        depth=float(depth),
    )


class _Chromosome:
    """Counts of one chromosome. distances: (2, bins), pixels and counts by distance in bins. coverage: (bins,)."""

    def __init__(self, bins, resolution, genes):
        self.distances, self.coverage = np.zeros((2, bins)), np.zeros(bins)
        self._bins, self._resolution, self._genes = bins, resolution, genes
        tss = np.empty(0, np.int64) if genes is None else genes["tss"].to_numpy(np.int64)
        self._tss_bins = Corrected().tss_bins(tss, resolution)
        within = np.unique(self._tss_bins[self._tss_bins < bins])
        self._place = np.full(bins, -1)
        self._place[within] = np.arange(len(within))
        self._pixels = np.zeros(len(within) * len(GROUPS), np.int64)

    def add(self, part):
        """Count some of the pixels."""
        distance = part.bin2 - part.bin1
        self.distances[0] += np.bincount(distance, minlength=self._bins)
        self.distances[1] += np.bincount(distance, part.counts, minlength=self._bins)
        apart = distance > 0  # a pixel on the diagonal has one bin
        for bins, mine in ((part.bin1, slice(None)), (part.bin2, apart)):
            self.coverage += np.bincount(bins[mine], part.counts[mine], minlength=self._bins)
            place = self._place[bins[mine]]
            known = place >= 0
            group = _group_of(distance[mine][known], self._resolution)
            self._pixels += np.bincount(place[known] * len(GROUPS) + group, minlength=len(self._pixels))

    def table(self):
        """The chromosome's genes, as of MapSheet; those past its end have nothing."""
        there = self._tss_bins < self._bins
        coverage, pixels = np.zeros(len(there)), np.zeros((len(there), len(GROUPS)), np.int64)
        coverage[there] = self.coverage[self._tss_bins[there]]
        pixels[there] = self._pixels.reshape(-1, len(GROUPS))[self._place[self._tss_bins[there]]]
        table = self._genes[["id", "chrom", "tss"]].assign(coverage=coverage)
        return table.join(pd.DataFrame(pixels, index=table.index, columns=list(GROUPS)))


def _group_of(distances, resolution):
    """Number of the group of each distance. distances: in bins."""
    return np.searchsorted(EDGES, distances * resolution, side="right") - 1


def _total(values):
    """Sum of the values that are known; None without any."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _quantiles(values):
    """Mean and quartiles, as JSON has them."""
    if not len(values):
        return None
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return {"mean": float(values.mean()), "lower": lower, "median": median, "upper": upper}
