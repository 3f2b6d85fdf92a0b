"""A contact map whose chromosomes go by other names than in its file."""


class RenamedMap:
    """A map with its chromosomes called as the genes call them; all else is the map's own.

    map_: to be read. names: what a chromosome is called here -> in the file; those left out keep their names.
    """

    def __init__(self, map_, names):
        self._map, self._names = map_, names
        here = {theirs: ours for ours, theirs in names.items()}
        lengths = {here.get(name, name): length for name, length in (map_.chromsizes or map_.ends).items()}
        self.chromsizes, self.ends = (lengths, None) if map_.chromsizes else (None, lengths)

    def __getattr__(self, name):
        return getattr(self._map, name)

    def pixel_count(self, chroms):
        return self._map.pixel_count(self._in_file(chroms))

    def pixels_of(self, chrom, tss_bins, advance):
        return self._map.pixels_of(*self._in_file([chrom]), tss_bins, advance)

    def parts(self, chrom, advance):
        return self._map.parts(*self._in_file([chrom]), advance)

    def depth(self, chroms, advance):
        return self._map.depth(self._in_file(chroms), advance)

    def _in_file(self, chroms):
        return [self._names.get(chrom, chrom) for chrom in chroms]
