"""Contact maps: `.mcool` files, streamed."""

import contextlib
import warnings
from pathlib import Path

import cooler
import h5py
import numpy as np

from spex.errors import InputError

CHUNK_PIXELS = 4_000_000


class ContactMap:
    """One resolution of an `.mcool` file.

    Raises:
        InputError: not an `.mcool`, damaged, the resolution is missing (names those it has), bins of other width.
    """

    def __init__(self, path, resolution):
        self.path, self.resolution = Path(path), resolution
        self.group = f"resolutions/{resolution}"
        if not h5py.is_hdf5(self.path):
            raise InputError(f"--mcool_filename {path}: not an HDF5 file; expected a whole .mcool of cooler")
        with self._reading():
            found = cooler.fileops.list_coolers(str(path))
        self._check_resolution(found)
        with self._reading():
            map_ = cooler.Cooler(f"{path}::/{self.group}")
            mode, binsize = map_.storage_mode, map_.binsize
            self.chromsizes = {str(name): int(length) for name, length in map_.chromsizes.items()}
        if mode != "symmetric-upper":
            raise InputError(
                f"--mcool_filename {path}: stored {mode}; expected symmetric-upper, each pair of bins once"
            )
        if binsize != resolution:
            raise InputError(f"--mcool_filename {path}: bins of {self.group} are {binsize} bp, not {resolution}")

    def pixel_count(self, chroms):
        """Number of pixels that reading `chroms` streams through."""
        with self._open() as root:
            extents = [self._extent(root, chrom) for chrom in chroms]
        return sum(last - first for _, _, first, last in extents)

    def pixels_of(self, chrom, tss_bins, advance):
        """Stream a chromosome's pixels and keep those that touch a TSS bin.

        tss_bins: (m,) int64 bins within the chromosome. advance: called with the number of pixels read.
        Returns: TSS bin, other bin (int64) and count (float64) of each pixel, seen from the TSS bin; a pixel between
        two TSS bins is seen from both.

        Raises:
            InputError: a count is negative or not a finite number, or the map is damaged.
        """
        kept = []
        with self._open() as root:
            low, high, first, last = self._extent(root, chrom)
            is_tss = np.zeros(high - low, dtype=bool)
            is_tss[tss_bins[tss_bins < high - low]] = True
            for start in range(first, last, CHUNK_PIXELS):
                part = slice(start, min(start + CHUNK_PIXELS, last))
                kept.append(self._touching(root, part, low, high, is_tss))
                advance(part.stop - part.start)
        if not kept:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        return tuple(np.concatenate(column) for column in zip(*kept, strict=True))

    def _touching(self, root, part, low, high, is_tss):
        """The pixels of one part of the table, as `pixels_of` returns them. low, high: the chromosome's bins."""
        bin1, bin2 = (self._column(root, f"pixels/{name}", part) - low for name in ("bin1_id", "bin2_id"))
        if bin1.min() < 0 or bin1.max() >= high - low or (bin2 < bin1).any():
            raise self._damaged("pixels whose bins its index contradicts, or below the diagonal")
        cis = bin2 < high - low
        from1 = is_tss[bin1] & cis
        from2 = is_tss[np.where(cis, bin2, 0)] & cis & (bin1 != bin2)
        touching = from1 | from2
        counts = np.zeros(len(bin1))
        if touching.any():
            counts = self._column(root, "pixels/count", part, kinds="iuf").astype(np.float64)
            bad = ~(np.isfinite(counts) & (counts >= 0)) & touching
            if bad.any():
                raise InputError(
                    f"--mcool_filename {self.path}: found a count of {counts[bad][0]}; expected raw counts, 0 or more "
                    f"(balanced or transformed values do not fit)"
                )
        return (
            np.concatenate([bin1[from1], bin2[from2]]),
            np.concatenate([bin2[from1], bin1[from2]]),
            np.concatenate([counts[from1], counts[from2]]),
        )

    def _extent(self, root, chrom):
        """A chromosome's place in the map's tables: first bin, bin behind, first pixel, pixel behind."""
        place = list(self.chromsizes).index(chrom)
        low, high = self._column(root, "indexes/chrom_offset", slice(place, place + 2)).tolist()
        bins = -(-self.chromsizes[chrom] // self.resolution)
        if high - low != bins:
            raise self._damaged(f"its index gives {chrom} {high - low:,} bins, its length {bins:,}")
        first, last = (int(self._column(root, "indexes/bin1_offset", slice(at, at + 1))[0]) for at in (low, high))
        with self._reading():
            pixels = len(root["pixels/count"])
        if not 0 <= first <= last <= pixels:
            raise self._damaged(f"its index gives {chrom} the pixels {first:,} to {last:,} of {pixels:,}")
        return low, high, first, last

    def _check_resolution(self, found):
        if f"/{self.group}" not in found:
            last = [name.rpartition("/")[2] for name in found if name.startswith("/resolutions/")]
            resolutions = sorted(int(name) for name in last if name.isdigit())
            have = f"it has {', '.join(map(str, resolutions))}" if resolutions else "it holds no resolution at all"
            raise InputError(
                f"--mcool_filename {self.path}: no resolution {self.resolution} ({have}); choose --hic_resolution among"
                f" them, or make the map with: cooler zoomify"
            )

    @contextlib.contextmanager
    def _open(self):
        """The resolution's HDF5 group, for the length of a block."""
        with contextlib.ExitStack() as stack:
            with self._reading():
                root = stack.enter_context(h5py.File(self.path, "r"))[self.group]
            yield root

    def _column(self, root, name, part, kinds="iu"):
        """A slice of a column; HDF5 itself shortens it in silence where the column ends. kinds: of dtype, allowed."""
        with self._reading():
            values = root[name][part]
        if len(values) != part.stop - part.start or values.dtype.kind not in kinds:
            raise self._damaged(f"{name} holds {len(values):,} {values.dtype} from {part.start:,} to {part.stop:,}")
        return values

    @contextlib.contextmanager
    def _reading(self):
        """Tell as the user's input what HDF5 and cooler raise for a damaged file; they raise in many ways."""
        try:
            with warnings.catch_warnings(action="ignore"):  # cooler warns of corrupt groups, then fails on them
                yield
        except (OSError, LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error

    def _damaged(self, reason):
        return InputError(f"--mcool_filename {self.path}: damaged or cut short ({reason}); fetch or copy it again")


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
