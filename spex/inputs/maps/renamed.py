"""A contact map with the chromosomes of the genes: called as they call them, and without pixels where it has none."""

import numpy as np

from spex.inputs.maps.pixels import Part, joined


class RenamedMap:
    """A map with its chromosomes called as the genes call them; all else is the map's own.

    map_: to be read. names: what a chromosome is called here -> in the file; those left out keep their names. absent:
    chromosomes of the genes that the file does not have, which are read as without a pixel. lengths: name here -> bp,
    in the place of the file's.
    """

    def __init__(self, map_, names, absent=(), lengths=None):
        self._map, self._names, self._absent = map_, names, frozenset(absent)
        here = {theirs: ours for ours, theirs in names.items()}
        own = {here.get(name, name): length for name, length in (map_.chromsizes or map_.ends).items()}
        own |= lengths or {}
        self.chromsizes, self.ends = (own, None) if map_.chromsizes else (None, own)

    def __getattr__(self, name):
        return getattr(self._map, name)

    def pixel_count(self, chroms):
        return self._map.pixel_count(self._in_file(chroms))

    def pixels_of(self, chrom, tss_bins, advance):
        there = self._in_file([chrom])
        return self._map.pixels_of(*there, tss_bins, advance) if there else joined([])

    def parts(self, chrom, advance):
        there = self._in_file([chrom])
        return self._map.parts(*there, advance) if there else iter([Part(*joined([]))])

    def depth(self, chroms, advance):
        return self._map.depth(self._in_file(chroms), advance)

    def balancing(self, chrom):
        there = self._in_file([chrom])
        return self._map.balancing(*there) if there else np.empty(0)

    def _in_file(self, chroms):
        """Names in the file of those that it has."""
        return [self._names.get(chrom, chrom) for chrom in chroms if chrom not in self._absent]
