"""Contact maps: `.mcool` and `.cool` files, streamed; and what an HDF5 file is that has no map of the resolution.

`cooler.fileops` finds maps in a path too, but opens it with a lock, and does not know the files of 2016, which have
nothing but their groups.
"""

import contextlib
import os
import warnings
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd

from spex.contacts.maps import MapReader, Pixels, joined, summed
from spex.errors import InputError, listed, parameter, shown
from spex.files.atomic import temporary_path
from spex.inputs.account import Account
from spex.inputs.choices import Reading
from spex.inputs.hdf5 import check_unlocked, check_whole, open_hdf5
from spex.inputs.identify import BEGINNINGS, COMPRESSED, HDF5, HIC, LONGEST, kind_of, recognise
from spex.inputs.maps.reader import check_counts, check_values, damaged, map_error, split_uri, whole_where_near
from spex.inputs.opening import beginning

CHUNK_PIXELS = 4_000_000
WEIGHTS = "bins/weight"
COUNTS = f"pixels/{Reading.value_column}"
"""What cooler balances."""

TABLES = {"chroms", "bins", "pixels", "indexes"}
"""Groups of a cooler."""

AGAIN = "make the map again with cooler"


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
                self.group = _find_group(file, self._file, resolution, group)
                self.resolutions = _list_resolutions(file) or [resolution]
                chromsizes = cooler.Cooler(file[self.group]).chromsizes
                self.chromsizes = {_text_of(name): int(length) for name, length in chromsizes.items()}
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
            if first == last:
                yield Pixels(*joined([]), trans_pixels=0, trans_counts=0.0)
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
        names = ("pixels/bin1_id", "pixels/bin2_id")
        bin1, bin2 = (self._column(root, name, part).astype(np.int64, copy=False) - low for name in names)
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
        """A chromosome's place in the map's tables: first bin, bin after the last, first pixel, pixel after the
        last."""
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
                hint=AGAIN,
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
                hint="make it again with every bin",
            )
        raise damaged(self.path, f"its index gives {chrom} {found:,} bins, its length {expected:,}")

    def _column(self, root, name, part, kinds="iu"):
        """A slice of a column, which HDF5 itself shortens silently where the column ends. kinds: of dtype, allowed."""
        with self._reading():
            values = self._find_column(root, name)[part]
        if values.dtype.kind not in kinds or values.ndim != 1:
            found = f"{name} is {values.ndim}-dimensional {values.dtype}"
            raise map_error(self.path, found, expected="one column of numbers as cooler writes it", hint=AGAIN)
        if len(values) != part.stop - part.start:
            found = f"{name} has {len(values):,} {values.dtype} from {part.start:,} to {part.stop:,}"
            raise damaged(self.path, found)
        return values

    def _find_column(self, root, name):
        """A column of the map, when it is there and compressed by what this HDF5 has."""
        if name not in root:
            others = ", ".join(map(shown, sorted(set(root.get("pixels", {})) - {"bin1_id", "bin2_id"})))
            if name == self._values and (others or name != COUNTS):
                found = f"no column {shown(name.removeprefix('pixels/'))} in the pixels of {self.group}"
                raise map_error(self.path, found, expected=f"{parameter('value_column')} among {others or 'none'}")
            found, hint = f"no {name} in {self.group}", "fetch or make it again"
            raise map_error(self.path, found, expected="a map as cooler writes it", hint=hint)
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
        found = f"not an HDF5 file{f' ({kind})' if kind else ''}"
        raise map_error(self.path, found, expected="a whole .mcool of cooler", hint=hint) from error


def write_cool(path, map_, check):
    """Write a map of counts as a `.cool`, which appears whole.

    map_: MapReader. check: called before it appears; raises what forbids that.

    Raises:
        InputError: its counts are no whole numbers.
    """
    sizes = pd.Series(map_.chromsizes)
    bins = cooler.binnify(sizes, map_.resolution)
    first = dict(zip(sizes.index, np.cumsum([0, *-(-sizes // map_.resolution)]).tolist(), strict=False))

    def tables():
        for chrom in sizes.index:
            parts = [(part.bin1, part.bin2, part.counts) for part in map_.parts(chrom, lambda count: None)]
            one, other, counts = summed(*joined(parts))
            check_counts(map_.path, counts)
            yield {"bin1_id": one + first[chrom], "bin2_id": other + first[chrom], "count": counts.astype(np.int32)}

    temporary = temporary_path(path)
    try:
        cooler.create_cooler(str(temporary), bins, tables(), ordered=True, mode="w")
        check()
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _find_group(file, path, resolution, group):
    """Name of the group that contains the resolution, in an `.mcool`, or in a `.cool` of it.

    file: h5py.File, open. path: of the file, for errors. group: that a URI names; the one of the resolution without it.

    Raises:
        InputError: there is none (says what the file has instead), or its pixels or bins are not as they must be.
    """
    name = group or ("/" if _is_cooler(file) else f"resolutions/{resolution}")
    if name not in file or not _is_cooler(file[name]):
        raise _no_group(file, path, group) if group else _no_resolution(file, path, resolution)
    width = _bin_size(file[name])
    if width not in (resolution, None):
        hint = f"choose {parameter('resolution')} {width}"
        if name == "/":
            found = f"no resolution {resolution} (a .cool of one resolution only, of {width} bp)"
            hint += f", or {_way_to(resolution, {width: path})}"
        elif group:
            found = f"its bins are {width} bp, not {resolution}"
        else:
            found, hint = f"bins of {name} are {width} bp, not {resolution}", None
        raise map_error(path, found, hint=hint)
    mode = _text_of(file[name].attrs.get("storage-mode", "symmetric-upper"))
    if mode != "symmetric-upper":
        hint = f"{AGAIN}, which stores it so by default"
        raise map_error(path, f"stored {shown(mode)}", expected="symmetric-upper, each pair of bins once", hint=hint)
    if width is None:
        raise map_error(
            path,
            f"bins of {name} are of no fixed width (restriction fragments?), or the file does not say which",
            expected="bins of one width",
            hint=f"make a map with bins of {resolution} bp from the pairs of reads: cooler cload, or "
            f"hicBuildMatrix --binSize {resolution}",
        )
    return name


def _list_resolutions(file):
    """Resolutions of an `.mcool`, ascending, in bp."""
    return sorted(int(key) for key in file.get("resolutions", {}) if _is_number(key))


def _is_cooler(group):
    """Whether an HDF5 group is a map as cooler lays it out."""
    return isinstance(group, h5py.Group) and set(group) >= TABLES


def _bin_size(group):
    """Width of a cooler's bins in bp, or None where they have no fixed one, or the file does not say which."""
    width = group.attrs.get("bin-size")
    if isinstance(width, (str, bytes)):
        return int(_text_of(width)) if _is_number(_text_of(width)) else None
    return int(width) if isinstance(width, (int, np.integer)) else None


def _text_of(value):
    """Text that HDF5 gives as str or, of variable length, as bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_number(name):
    return name.isascii() and name.isdigit()


def _no_group(file, path, group):
    """An error for a URI whose group is no map; names the maps that there are, two levels down."""
    names = ["/"] if _is_cooler(file) else []
    for name, outer in file.items():
        inner = outer.items() if isinstance(outer, h5py.Group) else ()
        names += [f"/{name}"] if _is_cooler(outer) else [f"/{name}/{key}" for key, each in inner if _is_cooler(each)]
    expected = f"one of {listed(names, 5)}" if names else "a .mcool or .cool of cooler"
    return map_error(path, f"no map in /{shown(group)}", expected=expected)


def _no_resolution(file, path, resolution):
    """An error that says what an HDF5 file is that lacks a resolution."""
    if resolutions := _list_resolutions(file):
        return map_error(
            path,
            f"no resolution {resolution} (it has {', '.join(map(str, resolutions))})",
            hint=f"choose {parameter('resolution')} among them, or "
            + _way_to(resolution, {each: f"{path}::resolutions/{each}" for each in resolutions}),
        )
    if "cells" in file:
        hint = f"put the cells together with: cooler merge all.cool {path}::/cells/NAME ...; then give all.cool"
        return map_error(path, f"maps of {len(file['cells'])} single cells (.scool)", expected="one map", hint=hint)
    levels = {key: _bin_size(file[key]) for key in sorted(file) if _is_number(key) and _is_cooler(file[key])}
    if levels:
        listed = ", ".join(f"/{key} ({f'{width} bp' if width else 'no fixed width'})" for key, width in levels.items())
        level = f"{path}::/{next((key for key, width in levels.items() if width == resolution), next(iter(levels)))}"
        return map_error(
            path,
            f"an old layout of zoom levels: {listed}",
            expected=f"resolutions/{resolution}",
            hint=f"give {level}, or copy that level into a file of its own with: cooler cp {level} map.cool",
        )
    names = ", ".join(map(shown, list(file)[:5])) or "nothing"
    found = f"no resolution {resolution} (it has no resolution at all); found {names} in it"
    return map_error(path, found, expected="a .mcool or .cool of cooler")


def _way_to(resolution, uris):
    """How to make a resolution that a file lacks. uris: of the resolutions that it has."""
    finer = [each for each in uris if resolution % each == 0]
    if not finer:
        widths = " and ".join(map(str, uris))
        return f"make it from the pairs of reads with cooler cload: bins of {widths} bp do not add up to {resolution}"
    return f"make the map with: cooler zoomify -r {resolution} -o map.mcool {uris[max(finer)]}"
