"""Contact maps: `.mcool` and `.cool` files, streamed."""

import contextlib
import os
import warnings
from pathlib import Path

import cooler
import h5py
import numpy as np

from spex.contacts.maps import MapReader, Pixels
from spex.errors import InputError, parameter, shown
from spex.inputs.account import Account
from spex.inputs.hdf5 import check_unlocked, check_whole, open_hdf5
from spex.inputs.kinds import BEGINNINGS, COMPRESSED, HDF5, HIC, LONGEST, kind_of, recognise
from spex.inputs.maps.cool_layout import find_group, list_resolutions, text_of
from spex.inputs.maps.reader import (
    Reading,
    check_counts,
    check_values,
    damaged,
    map_error,
    split_uri,
    whole_where_near,
)
from spex.inputs.opening import beginning

CHUNK_PIXELS = 4_000_000
WEIGHTS = "bins/weight"
COUNTS = f"pixels/{Reading.value_column}"
"""What cooler balances."""


class CoolMap(MapReader):
    """One resolution of an `.mcool` file, or a `.cool` file of that resolution.

    Raises:
        InputError: no such file, damaged, the resolution is missing (names those it has), bins of other width; on
            reading, also a count that is negative or not a finite number.
    """

    options = ("value_column",)
    has_balancing = True

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution, self._values = Path(path), resolution, f"pixels/{reading.value_column}"
        self._file, group = split_uri(path)
        self._about = {"argument": "maps", "subject": path}
        self._met = {}  # chromosome -> pixels that were read of it, and those of them within it
        check_unlocked(self._file, self._about)
        try:
            with open_hdf5(self._file, self._about) as file, self._reading():
                check_whole(file, self._about)
                self.group = find_group(file, self._file, resolution, group)
                self.resolutions = list_resolutions(file) or [resolution]
                chromsizes = cooler.Cooler(file[self.group]).chromsizes
                self.chromsizes = {text_of(name): int(length) for name, length in chromsizes.items()}
        except OSError as error:
            self._refuse_unopened(error)

    def pixel_count(self, chroms):
        with self._open() as root:
            extents = [self._extent(root, chrom) for chrom in chroms]
        return sum(last - first for _, _, first, last in extents)

    def parts(self, chrom, advance):
        within = 0
        with self._open() as root:
            low, high, first, last = self._extent(root, chrom)
            for start in range(first, last, CHUNK_PIXELS):
                part = slice(start, min(start + CHUNK_PIXELS, last))
                bin1, bin2 = self._bins(root, part, low, high)
                counts, cis = self._counts(root, part), bin2 < high - low
                cis_counts = counts[cis]
                within += len(cis_counts)
                trans = int((~cis).sum()), float(counts.sum() - cis_counts.sum())
                yield Pixels(bin1[cis], bin2[cis], cis_counts, *trans)
                advance(part.stop - part.start)
        self._met[chrom] = last - first, within

    def all_parts(self, chrom, advance):
        """As of MapReader; of a chromosome without any pixel too."""
        nothing = np.empty(0, np.int64)
        yield Pixels(nothing, nothing, np.empty(0), trans_pixels=0, trans_counts=0.0)
        yield from self.parts(chrom, advance)

    def accounts(self):
        read, within = (sum(column) for column in zip((0, 0), *self._met.values(), strict=True))
        account = Account(str(self.path), "pixels", within)
        account.leave_out("between chromosomes", read - within)
        with self._open() as root:
            pixels = len(self._find_column(root, self._values))
        others = [chrom for chrom in self.chromsizes if chrom not in self._met]
        account.leave_out("on chromosomes without genes", pixels - read, others)
        return [account]

    def balancing(self, chrom):
        """As of MapReader.

        Raises:
            InputError: the map is not balanced.
        """
        if self._values != COUNTS:
            raise map_error(
                self.path,
                f"its balancing is of {COUNTS}, but the counts are read from {self._values}",
                expected="the raw counts that were balanced",
                hint=f"leave {parameter('value_column')} out, or give another {parameter('contact_weight')}",
            )
        with self._open() as root:
            if WEIGHTS not in root:
                uri = self.path if self.group == "/" else f"{self.path}::{self.group}"
                raise map_error(
                    self.path,
                    f"not balanced: no {WEIGHTS} in {self.group}",
                    expected="weights of cooler's own balancing",
                    hint=f"balance it with: cooler balance {uri}",
                )
            low, high, _, _ = self._extent(root, chrom)
            return self._column(root, WEIGHTS, slice(low, high), kinds="f").astype(np.float64)

    def _bins(self, root, part, low, high):
        """Both bins of one part of the table, int64 from the chromosome's first; `high - low` or more is another
        chromosome's."""
        bin1, bin2 = (
            self._column(root, f"pixels/{name}", part).astype(np.int64, copy=False) - low
            for name in ("bin1_id", "bin2_id")
        )
        if bin1.min() < 0 or bin1.max() >= high - low or (bin2 < bin1).any():
            raise damaged(self.path, "pixels whose bins its index contradicts, or below the diagonal")
        return bin1, bin2

    def _counts(self, root, part):
        """Counts of one part of the table, float64, without the roundings of float32."""
        values = self._column(root, self._values, part, kinds="iuf")
        counts, stored = values.astype(np.float64), values.dtype.type
        if stored is np.float32:
            counts = whole_where_near(counts)
        if self._values == COUNTS:
            check_counts(self.path, counts, stored)
        else:
            check_values(self.path, counts, shown(self._values.removeprefix("pixels/")))
        return counts

    def _extent(self, root, chrom):
        """A chromosome's place in the map's tables: first bin, bin behind, first pixel, pixel behind."""
        place = list(self.chromsizes).index(chrom)
        low, high = self._column(root, "indexes/chrom_offset", slice(place, place + 2)).tolist()
        bins = -(-self.chromsizes[chrom] // self.resolution)
        if high - low != bins:
            self._refuse_bins(root, chrom, place, bins, high - low)
        starts = self._column(root, "bins/start", slice(low, high))
        if not np.array_equal(starts, np.arange(bins) * self.resolution):
            raise map_error(
                self.path,
                f"bins of {chrom} do not start at multiples of {self.resolution} bp, though the file says that this is "
                "their width",
                expected="bins of one width",
                hint="make the map again with cooler",
            )
        first, last = (int(self._column(root, "indexes/bin1_offset", slice(at, at + 1))[0]) for at in (low, high))
        with self._reading():
            pixels = len(self._find_column(root, self._values))
        if not 0 <= first <= last <= pixels:
            raise damaged(self.path, f"its index gives {chrom} the pixels {first:,} to {last:,} of {pixels:,}")
        return low, high, first, last

    def _refuse_bins(self, root, chrom, place, expected, found):
        """Say why a chromosome has another number of bins than its length asks for."""
        last = len(self.chromsizes)
        bins = int(self._column(root, "indexes/chrom_offset", slice(last, last + 1))[0])
        listed = self._column(root, "bins/chrom", slice(0, bins))
        if 0 < found < expected and np.count_nonzero(listed == place) == found:
            raise map_error(
                self.path,
                f"{chrom} has {found:,} bins of {self.resolution} bp, its length asks for {expected:,}: bins were left "
                "out when the map was made (HiCExplorer leaves out masked ones), so that numbers of bins give no place",
                hint="make it anew with every bin",
            )
        raise damaged(self.path, f"its index gives {chrom} {found:,} bins, its length {expected:,}")

    def _column(self, root, name, part, kinds="iu"):
        """A slice of a column, which HDF5 itself shortens silently where the column ends. kinds: of dtype, allowed."""
        with self._reading():
            values = self._find_column(root, name)[part]
        if values.dtype.kind not in kinds or values.ndim != 1:
            raise map_error(
                self.path,
                f"{name} is {values.ndim}-dimensional {values.dtype}",
                expected="one column of numbers as cooler writes it",
                hint="make the map again with cooler",
            )
        if len(values) != part.stop - part.start:
            found = f"{name} has {len(values):,} {values.dtype} from {part.start:,} to {part.stop:,}"
            raise damaged(self.path, found)
        return values

    def _find_column(self, root, name):
        """A column of the map, when it is there and compressed by what this HDF5 has."""
        if name not in root:
            raise self._lacking(root, name)
        column = root[name]
        settings = column.id.get_create_plist()
        for number in range(settings.get_nfilters()):
            code, _, _, label = settings.get_filter(number)
            if not h5py.h5z.filter_avail(code):
                raise map_error(
                    self.path,
                    f"{name} is compressed by {shown(label.decode(errors='replace')) or 'a filter'} (HDF5 filter "
                    f"{code}), which is not installed here",
                    hint="the file is whole: rewrite it where it can be read, with: h5repack -f GZIP=6 "
                    f"{self._file} new.mcool",
                )
        if len(column) and not column.id.get_storage_size():
            raise damaged(self.path, f"{name} was never written")
        return column

    def _lacking(self, root, name):
        """An error for a column that is not there."""
        others = sorted(set(root.get("pixels", {})) - {"bin1_id", "bin2_id"})
        if name == self._values and (others or name != COUNTS):
            return map_error(
                self.path,
                f"no column {shown(name.removeprefix('pixels/'))} in the pixels of {self.group}",
                expected=f"{parameter('value_column')} among {', '.join(map(shown, others)) or 'none'}",
            )
        return map_error(
            self.path,
            f"no {name} in {self.group}",
            expected="a map as cooler writes it",
            hint="fetch or make it again",
        )

    @contextlib.contextmanager
    def _reading(self):
        """A block in which whatever HDF5 and cooler raise for a damaged file is raised as the user's input."""
        try:
            with warnings.catch_warnings(action="ignore"):  # cooler warns of corrupt groups, then fails on them
                yield
        except InputError:
            raise
        except (OSError, LookupError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the file
                raise OSError(error.errno, os.strerror(error.errno), str(self._file)) from error
            raise damaged(self.path, error) from error

    @contextlib.contextmanager
    def _open(self):
        """The resolution's HDF5 group, for the length of a block."""
        with contextlib.ExitStack() as stack:
            with self._reading():
                root = stack.enter_context(open_hdf5(self._file, self._about))[self.group]
            yield root

    def _refuse_unopened(self, error):
        """Raise why HDF5 does not open the file."""
        if error.errno is not None:
            raise error
        if "signature not found" not in str(error):
            raise damaged(self.path, error) from error
        kind, hint = recognise(self._file), None
        within = kind_of(beginning(self._file, LONGEST)) if kind in COMPRESSED.values() else None
        if within in BEGINNINGS.values() and within not in (HDF5, HIC):
            kind = f"{kind}: {within}"
        elif kind in COMPRESSED.values():
            hint = "decompress it"
        elif kind is None:
            hint = "tables of loops, triplets or beads are text with tabs or blanks between 4 columns or more"
        raise map_error(
            self.path,
            f"not an HDF5 file{f' ({kind})' if kind else ''}",
            expected="a whole .mcool of cooler",
            hint=hint,
        ) from error
