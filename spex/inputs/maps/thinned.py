"""A contact map as it would be with fewer contacts: every one is kept with the same chance."""

import hashlib

import numpy as np
from scipy import stats


class ThinnedMap:
    """A map whose counts are drawn binomially from another's, read through the same reader.

    map_: to be thinned. share: of its contacts that are kept, above 0, at most 1. seed: whole number from 0 up. name:
    of the map in the seed, so that two maps that are thinned together get other draws. What a pixel gets depends on
    these, its chromosome and its two bins alone, whichever of them it is seen from.
    """

    def __init__(self, map_, share, seed, name=""):
        self.path, self.chromsizes = map_.path, map_.chromsizes
        self._map, self._share, self._seed, self._name = map_, share, seed, name

    def pixel_count(self, chroms):
        return self._map.pixel_count(chroms)

    def accounts(self):
        """Of the map itself."""
        return self._map.accounts()

    def pixels_of(self, chrom, tss_bins, advance):
        """As of the map itself, pixels without a count left out."""
        viewpoints, others, counts = self._map.pixels_of(chrom, tss_bins, advance)
        thinned = self._thin(chrom, viewpoints, others, counts)
        kept = thinned > 0
        return viewpoints[kept], others[kept], thinned[kept]

    def _thin(self, chrom, one, other, counts):
        chances = _uniform(f"{self._seed} {self._name} {chrom}", np.minimum(one, other), np.maximum(one, other))
        thinned = np.zeros_like(counts)
        values, of_each = np.unique(counts, return_inverse=True)
        for place, count in enumerate(values):
            mine = of_each == place
            at_most = stats.binom.cdf(np.arange(count), count, self._share)
            thinned[mine] = np.searchsorted(at_most, chances[mine])
        return thinned


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
