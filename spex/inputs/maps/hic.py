"""Contact maps: Juicer's `.hic` files, raw counts, streamed."""

import contextlib
from pathlib import Path

import numpy as np

from spex.errors import InputError, parameter, shown
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.pixels import Part, check_counts, joined, seen_from_tss, touching
from spex.inputs.maps.settings import Reading

FIRST_ROWS = 2000
BAND_PIXELS = 4_000_000
"""Pixels that are read at once, about: rows of bins are taken as many at a time as hold so many."""


class HicMap:
    """One resolution of a `.hic` file, its counts as observed: no normalisation.

    Raises:
        InputError: hictkpy is not installed; damaged, or the resolution is missing (names those it has).
    """

    options = ()

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution, self._library = Path(path), resolution, _import_library()
        with self._reading():
            self.resolutions = sorted(int(each) for each in self._library.MultiResFile(self.path).resolutions())
        if resolution not in self.resolutions:
            raise map_error(
                path,
                f"no resolution {resolution} (it has {', '.join(map(str, self.resolutions)) or 'none in bp'})",
                hint=f"choose {parameter('resolution')} among them",
            )
        with self._reading():
            self.chromsizes = {name: int(length) for name, length in self._open(resolution).chromosomes().items()}

    def pixel_count(self, chroms):
        """None: a file does not tell how many pixels it holds."""
        return None

    def parts(self, chrom, advance):
        """As of ContactMap; of what lies between chromosomes the counts are told, the pixels are not."""
        yield from self._bands(chrom, advance)
        yield Part(*joined([]), trans_counts=self._counts_to_others(chrom))

    def _bands(self, chrom, advance):
        """Stream a chromosome's pixels, a band of rows at a time. advance: called with the number of pixels read."""
        length, first, rows = self.chromsizes[chrom], 0, FIRST_ROWS
        with self._reading():
            file = self._open(self.resolution)
        while first * self.resolution < length:
            start, end = (bins * self.resolution for bins in (first, first + rows))
            with self._reading():
                band = file.fetch(
                    f"{chrom}\t{start}\t{min(end, length)}",
                    f"{chrom}\t{start}\t{length}",
                    count_type="float64",
                    query_type="BED",
                ).to_coo()
            check_counts(self.path, band.data)
            yield Part(band.row.astype(np.int64) + first, band.col.astype(np.int64) + first, band.data)
            advance(band.nnz)
            first += rows
            rows = int(np.clip(rows * BAND_PIXELS / max(band.nnz, 1), 1, 2 * rows))

    def pixels_of(self, chrom, tss_bins, advance):
        """As of ContactMap."""
        bins = -(-self.chromsizes[chrom] // self.resolution)
        is_tss = np.zeros(bins, dtype=bool)
        is_tss[tss_bins[tss_bins < bins]] = True
        kept = []
        for part in self._bands(chrom, advance):
            from1, from2 = touching(part.bin1, part.bin2, is_tss)
            kept.append(seen_from_tss(part.bin1, part.bin2, part.counts, from1, from2))
        return joined(kept)

    def depth(self, chroms, advance):
        """As of ContactMap."""
        return float(sum(part.counts.sum() for chrom in chroms for part in self._bands(chrom, advance)))

    def _counts_to_others(self, chrom):
        """Sum of the counts to the chromosomes behind this one, at the coarsest resolution, where it is the same."""
        chroms = list(self.chromsizes)
        with self._reading():
            file = self._open(self.resolutions[-1])
            behind = chroms[chroms.index(chrom) + 1 :]
            return float(sum(file.fetch(chrom, other, count_type="float64").sum() for other in behind))

    def _open(self, resolution):
        return self._library.File(self.path, resolution)

    @contextlib.contextmanager
    def _reading(self):
        """Tell as the user's input what the library raises for a damaged file."""
        try:
            yield
        except (RuntimeError, ValueError, LookupError) as error:
            raise map_error(
                self.path, f"damaged or cut short ({shown(error, 200)})", hint="fetch or copy it again"
            ) from error


def _import_library():
    try:
        import hictkpy  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise InputError(
            "hictkpy, which reads .hic files, is not installed",
            argument="maps",
            hint="get it with: pip install 'hictkpy>=1.4,<2'",
        ) from error
    return hictkpy
