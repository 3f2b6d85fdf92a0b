"""Contact maps as contacts are collected from them: what a reader of any format gives, and a downsampled map."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from spex.errors import InputError

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Two bins (int64) and counts (float64) of some pixels."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Some pixels of one chromosome, and its contacts with other chromosomes.

    bin1, bin2: int64 (n,), bins within the chromosome, bin1 <= bin2, a pair perhaps more than once. counts: float64
    (n,). trans_pixels, trans_counts: number and sum of the pixels to other chromosomes that were read with these, each
    pixel with one of its two chromosomes; None where the format has none, or does not say.
    """

    bin1: np.ndarray
    bin2: np.ndarray
    counts: np.ndarray
    trans_pixels: int | None = None
    trans_counts: float | None = None

    def seen_from(self, is_tss: np.ndarray) -> Columns:
        """TSS bin, other bin and count of the pixels of a TSS bin, once from each; on the diagonal once.

        is_tss: bool, for each bin of the chromosome.
        """
        from1, from2 = is_tss[self.bin1], is_tss[self.bin2] & (self.bin1 != self.bin2)
        return (
            np.concatenate([self.bin1[from1], self.bin2[from2]]),
            np.concatenate([self.bin2[from1], self.bin1[from2]]),
            np.concatenate([self.counts[from1], self.counts[from2]]),
        )


def joined(kept: list[Columns]) -> Columns:
    """Pieces of two bins (int64) and counts (float64), one after the other."""
    if not kept:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    one, other, counts = (np.concatenate(column) for column in zip(*kept, strict=True))
    return one, other, counts


def summed(one: np.ndarray, other: np.ndarray, counts: np.ndarray) -> Columns:
    """Pairs of bins, int64, each once with the sum of its counts, by the first bin, then the second."""
    order = np.lexsort((other, one))
    one, other = one[order], other[order]
    new = (np.diff(one, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0)
    return one[new], other[new], np.bincount(np.cumsum(new) - 1, counts[order], minlength=new.sum())


def mark(bins: np.ndarray, count: int) -> np.ndarray:
    """Which of `count` bins are among some, bool (count,); those past the last one are ignored."""
    marked = np.zeros(count, dtype=bool)
    marked[bins[bins < count]] = True
    return marked


class MapReader(Protocol):
    """One resolution of a contact map. Readers of all formats derive from it and share what it defines.

    path: of the file. resolution: bp per bin; resolutions: all that the file has. chromsizes: name -> bp. has_lengths:
    whether the format states them; otherwise they are what its contacts reach up to, and it has `fit`, which may be
    called with what is known of the chromosomes before anything is read. has_balancing: whether the format has weights
    of bins, which `balancing` then gives. has_counts: whether its numbers are counts, and not values in other units.

    `advance` is a function that is called with the number of pixels read.
    """

    path: Path
    resolution: int
    resolutions: list[int]
    chromsizes: dict[str, int]
    has_lengths: bool = True
    has_balancing: bool = False
    has_counts: bool = True

    def accounts(self) -> list:
        """An Account of each of its files, of what has been read so far."""
        ...

    def parts(self, chrom: str, advance: Callable[[int], object]) -> Iterator[Pixels]:
        """Stream all pixels within a chromosome."""
        ...

    def all_parts(self, chrom: str, advance: Callable[[int], object]) -> Iterator[Pixels]:
        """The same, and what the format says of the pixels between the chromosome and others."""
        return self.parts(chrom, advance)

    def pixel_count(self, chroms: Iterable[str]) -> int | None:
        """Number of pixels that reading `chroms` streams through; None where the format does not say."""
        return None

    def pixels_of(self, chrom: str, tss_bins: np.ndarray, advance: Callable[[int], object]) -> Columns:
        """Stream a chromosome's pixels and keep those of a TSS bin.

        tss_bins: (m,) int64 bins within the chromosome.

        Returns: TSS bin, other bin (int64) and count (float64) of each pixel, seen from the TSS bin; a pixel between
        two TSS bins is seen from both.
        """
        is_tss = mark(tss_bins, -(-self.chromsizes[chrom] // self.resolution))
        return joined([part.seen_from(is_tss) for part in self.parts(chrom, advance)])

    def depth(self, chroms: Iterable[str], advance: Callable[[int], object]) -> float:
        """Sum of the counts within chromosomes, each pair of bins once."""
        return float(sum(part.counts.sum() for chrom in chroms for part in self.parts(chrom, advance)))

    def balancing(self, chrom: str) -> np.ndarray:
        """What balancing multiplies each bin's counts by, float64 (bins,), NaN where it left one out."""
        ...

    def close(self) -> None:
        """Let go of what was only held for reading; the map can be read again."""


class DownsampledMap(MapReader):
    """A map with fewer contacts: every one is kept with the same chance.

    share: of its contacts that are kept, above 0, at most 1. seed: from 0 up. name: of the map in the seed, so that two
    maps that are downsampled together get other draws. What a pixel gets depends on these, its chromosome and its two
    bins alone, whichever of them it is seen from.
    """

    def __init__(self, map_, share, seed, name=""):
        self.path, self.chromsizes, self.has_lengths = map_.path, map_.chromsizes, map_.has_lengths
        self._map, self._share, self._seed, self._name = map_, share, seed, name

    def pixel_count(self, chroms):
        return self._map.pixel_count(chroms)

    def accounts(self):
        return self._map.accounts()

    def close(self):
        self._map.close()

    def parts(self, chrom, advance):
        for part in self._map.parts(chrom, advance):
            yield Pixels(*self._downsample(chrom, part.bin1, part.bin2, part.counts))

    def pixels_of(self, chrom, tss_bins, advance):
        return self._downsample(chrom, *self._map.pixels_of(chrom, tss_bins, advance))

    def _downsample(self, chrom, one, other, counts):
        """Pixels with counts that are drawn binomially from theirs; those without a count are left out.

        Raises:
            InputError: a count is no whole number, as a column that the user chose may have them.
        """
        from scipy import stats  # noqa: PLC0415 (it takes half a second to load, and most maps are not thinned)

        broken = counts[counts % 1 != 0]
        if len(broken):
            raise InputError(
                f"a count of {broken[0]:g}, and contacts are drawn from whole numbers alone",
                argument="thin_to",
                subject=self.path,
                hint="make its tensors from raw counts",
            )
        chances = _uniform(f"{self._seed} {self._name} {chrom}", np.minimum(one, other), np.maximum(one, other))
        drawn = np.zeros_like(counts)
        values, of_each = np.unique(counts, return_inverse=True)
        for place, count in enumerate(values):
            mine = of_each == place
            at_most = stats.binom.cdf(np.arange(count), count, self._share)
            drawn[mine] = np.searchsorted(at_most, chances[mine])
        kept = drawn > 0
        return one[kept], other[kept], drawn[kept]


class RankedMap(MapReader):
    """The counts of a reference map in the order of a map of values, so that neither its units nor its depth matter.

    At each distance of a chromosome the pairs of bins with the highest values get the reference's counts at that
    distance, the highest value the largest count, as far as there are any; equal values are put in order at random, by
    chromosome and bins alone. A chromosome is in memory at once, in some 100 bytes a value.

    values: MapReader of values, of which a pair that comes twice has the mean, and NaN is none. reference: MapReader of
    counts, with the same names of chromosomes and all that there are. covers_all: whether pairs without a value are the
    lowest; otherwise they are unknown, and the reference's counts there are left out.
    """

    def __init__(self, values, reference, *, covers_all):
        self.path, self.resolution, self.resolutions = values.path, values.resolution, values.resolutions
        self.chromsizes, self.has_lengths = reference.chromsizes, reference.has_lengths
        self._values, self._reference, self._covers_all = values, reference, covers_all

    def accounts(self):
        return [*self._values.accounts(), *self._reference.accounts()]

    def close(self):
        self._values.close()
        self._reference.close()

    def parts(self, chrom, advance):
        if chrom not in self._values.chromsizes:
            return
        one, other, values = self._means(chrom, advance)
        first, last, counts = summed(*_columns(self._reference.parts(chrom, lambda count: None)))
        bins = max(map(int, (one.max(initial=0), other.max(initial=0), last.max(initial=0)))) + 1
        known = counts > 0
        if not self._covers_all:
            known &= np.isin(first * bins + last, one * bins + other)
        first, last, counts = first[known], last[known], counts[known]
        by_chance = _uniform(f"values {chrom}", one, other)
        order = np.lexsort((by_chance, -values, other - one))
        one, other, distance = one[order], other[order], (other - one)[order]
        order = np.lexsort((-counts, last - first))
        counts, of_counts = counts[order], (last - first)[order]
        starts, numbers = np.searchsorted(of_counts, np.arange(bins)), np.bincount(of_counts, minlength=bins)
        place = (
            np.arange(len(one)) - np.searchsorted(distance, np.arange(bins))[distance]
        )  # among those of its distance
        kept = place < numbers[distance]
        yield Pixels(one[kept], other[kept], counts[starts[distance[kept]] + place[kept]])

    def _means(self, chrom, advance):
        """The chromosome's pairs of bins that have a value, each once, and their values."""
        one, other, values = _columns(self._values.parts(chrom, advance))
        there = ~np.isnan(values)
        one, other, values = one[there], other[there], values[there]
        times = summed(one, other, np.ones(len(one)))[2]
        one, other, sums = summed(one, other, values)
        return one, other, sums / times


def _columns(parts):
    return joined([(part.bin1, part.bin2, part.counts) for part in parts])


def _uniform(seed, one, other):
    """Numbers in (0, 1) that look random, (n,) float64, each by its two whole numbers and the seed's text alone.

    The finaliser of MurmurHash3 in Stafford's variant 13, which SplitMix64 uses (Steele et al. 2014), over both.
    """
    start = np.uint64(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "little"))
    state = _mix(_mix(start + one.astype(np.uint64)) + other.astype(np.uint64))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def _mix(state):
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
