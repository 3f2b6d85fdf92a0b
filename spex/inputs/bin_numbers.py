"""Numbers of a genome's bins, from any model or from measured tracks: what a contacted bin adds to a gene's sums."""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, not_installed, shown
from spex.files.checks import require_file, require_given
from spex.inputs.account import FEW, Account
from spex.inputs.array_files import as_float32, as_texts, open_arrays
from spex.inputs.identify import BIGWIG, OF_NO_KIND, recognise
from spex.inputs.normalise import names_in

ROWS_AT_ONCE = 4096
BASES_AT_ONCE = 1 << 22
EXPECTED = "chrom (n), start (n, 0-based, in bp), X (n, g), and perhaps end, in .npz, HDF5 or zarr"


@dataclass(frozen=True, eq=False)
class BinNumbers:
    """Numbers of some bins.

    bins: chromosome -> (m,) int64 numbers of bins, rising. values: chromosome -> float32 (m, width). names: of the
    numbers, empty without them. accounts: an Account of each file.
    """

    bins: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
    names: tuple[str, ...]
    accounts: list[Account]

    @property
    def width(self):
        return next(iter(self.values.values())).shape[1]

    @property
    def sha256(self):
        """Of all of them: hexadecimal."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        for chrom in sorted(self.bins):
            digest.update(chrom.encode())
            digest.update(self.bins[chrom].astype("<i8"))
            digest.update(np.ascontiguousarray(self.values[chrom], "<f4"))
        return digest.hexdigest()


def read_bin_table(path, wanted, resolution):
    """Read the numbers of bins from a table of them.

    path: arrays chrom, start and X, and perhaps end and names, in .npz, HDF5 or zarr, in any order; rows of other bins
    than those asked for are not read into memory at once. wanted: chromosome -> (m,) int64 numbers of bins, rising.
    resolution: bp per bin.

    Returns: BinNumbers; bins that the table lacks are zeros, and counted.

    Raises:
        InputError: another file, starts that are not on the grid, a bin twice, values that are no finite numbers, or
            more than 1 % of the bins are missing.
    """
    path = require_given(path, "bins")
    about = {"argument": "bins", "subject": path}
    account = Account(str(path), "bins")
    with open_arrays(path, about) as arrays:
        if not {"chrom", "start", "X"} <= arrays.keys():
            raise InputError(f"arrays {listed(arrays) or 'none'}", **about, expected=EXPECTED)
        chroms, starts, matrix = as_texts(arrays["chrom"]), np.asarray(arrays["start"][:]), arrays["X"]
        names = tuple(as_texts(arrays["names"]).tolist()) if "names" in arrays else ()
        shape = np.shape(matrix)
        if len(shape) != 2 or not len(chroms) == len(starts) == shape[0] or len(names) not in (0, shape[1]):
            found = f"X of shape {shape}, {len(chroms):,} chromosomes, {len(starts):,} starts, {len(names):,} names"
            raise InputError(found, **about, expected=EXPECTED)
        if starts.dtype.kind not in "iu" or (starts % resolution).any() or (starts < 0).any():
            raise InputError(
                "starts that are no multiples of the resolution",
                **about,
                expected=f"starts of bins of {resolution:,} bp, 0-based whole numbers",
                hint="give the resolution that the bins have",
            )
        if "end" in arrays:
            _check_ends(chroms, starts, np.asarray(arrays["end"][:]), resolution, about)
        places = _places(chroms, starts // resolution, wanted, about, account)
        values = {chrom: np.zeros((len(bins), shape[1]), np.float32) for chrom, bins in wanted.items()}
        for first in range(0, shape[0], ROWS_AT_ONCE):
            mine = {chrom: np.flatnonzero((first <= at) & (at < first + ROWS_AT_ONCE)) for chrom, at in places.items()}
            if not any(map(len, mine.values())):
                continue
            block = np.asarray(matrix[first : first + ROWS_AT_ONCE])
            for chrom, rows in mine.items():
                values[chrom][rows] = _numbers(block[places[chrom][rows] - first], chrom, about)
    return BinNumbers(wanted, values, names, [account])


def _check_ends(chroms, starts, ends, resolution, about):
    """Refuse bins of another width; the last one of a chromosome may be shorter."""
    last = starts == pd.Series(starts).groupby(chroms).transform("max").to_numpy()
    widths = ends - starts
    wrong = (widths != resolution) & ~(last & (widths > 0) & (widths < resolution))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"{wrong.sum():,} bins of another width, such as {shown(chroms[first])}:{starts[first]}-{ends[first]}",
            **about,
            expected=f"bins of {resolution:,} bp",
            hint="give the resolution that the bins have",
        )


def _places(chroms, bins, wanted, about, account):
    """Rows of the bins that are wanted, -1 of those that are not there: chromosome -> (m,) int64."""
    known = names_in(set(np.unique(chroms).tolist()), wanted)
    places = {}
    for chrom, numbers in wanted.items():
        rows = np.flatnonzero(chroms == known.get(chrom))
        rows = rows[np.argsort(bins[rows], kind="stable")]
        there = bins[rows]
        if (np.diff(there) == 0).any():
            found = f"bin {there[:-1][np.diff(there) == 0][0]:,} of {chrom} twice"
            raise InputError(found, **about, expected="each bin once")
        at = np.searchsorted(there, numbers)
        found = at < len(there)
        found[found] = there[at[found]] == numbers[found]
        places[chrom] = np.full(len(numbers), -1)
        places[chrom][found] = rows[at[found]]
    total, missing = (sum(map(count, places.values())) for count in (len, lambda at: (at < 0).sum()))
    account.leave_out("of other bins than contacted ones", len(chroms) - int(total - missing))
    _count_missing(account, missing, total, about, listed(np.unique(chroms), 3))
    return places


def _numbers(values, chrom, about):
    values = as_float32(values, "X", about)
    if not np.isfinite(values).all():
        raise InputError(f"NaN or infinity in a bin of {chrom}", **about, expected="finite numbers within float32")
    return values


def read_tracks(paths, wanted, resolution):
    """Read the mean signal of bins from bigWig tracks; a base that a track does not cover counts as 0.

    paths: of tracks, one number a bin each. wanted, resolution: as of `read_bin_table`; the last bin of a chromosome
    ends with it.

    Returns: BinNumbers, named as the files are.

    Raises:
        InputError: no bigWig file, a damaged one, or one without a chromosome that has contacted bins.
    """
    columns, accounts = [], []
    for path in paths:
        signal, account = _read_track(require_file(path, "tracks"), wanted, resolution)
        columns.append(signal)
        accounts.append(account)
    values = {chrom: np.stack([each[chrom] for each in columns], axis=1) for chrom in wanted}
    names = tuple(Path(path).name.removesuffix(".bigWig").removesuffix(".bw") for path in paths)
    if len(set(names)) < len(names):
        names = tuple(map(str, paths))
    return BinNumbers(wanted, values, names, accounts)


def _read_track(path, wanted, resolution):
    about = {"argument": "tracks", "subject": path}
    try:
        import pybigtools  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("pybigtools", "reads it", "tracks", **about) from error
    if recognise(path) != BIGWIG:
        found = recognise(path) or OF_NO_KIND
        raise InputError(found, **about, expected=BIGWIG, hint="bedGraphToBigWig makes one of a bedGraph")
    try:
        with warnings.catch_warnings(action="ignore"), pybigtools.open(str(path)) as track:  # of fill values, by 0.3
            sizes = track.chroms()
            known = names_in(sizes, wanted)
            signal = {
                chrom: _means(track, known.get(chrom), sizes.get(known.get(chrom), 0), bins, resolution)
                for chrom, bins in wanted.items()
            }
    except InputError:
        raise
    except Exception as error:  # pybigtools raises whatever damaged content leads it to
        raise InputError(f"damaged ({shown(error)})", **about, expected=BIGWIG, hint="fetch it again") from error
    past = sum(int((bins * resolution >= sizes.get(known.get(chrom), 0)).sum()) for chrom, bins in wanted.items())
    account = Account(str(path), "bins")
    _count_missing(account, past, sum(map(len, wanted.values())), about, listed(sizes, 3))
    return signal, account


def _count_missing(account, missing, total, about, chroms):
    """Count contacted bins that a file lacks, and refuse it where they are many. chroms: that it has, as text."""
    account.used = int(total - missing)
    if missing:
        account.notes.append(f"{missing:,} of {total:,} contacted bins are not there, and add nothing")
    if missing > FEW * total:
        raise InputError(
            f"{missing:,} of {total:,} contacted bins are not there",
            **about,
            expected=f"at most {FEW:.0%} missing",
            hint=f"check names of chromosomes (it has {chroms}), build and resolution",
        )


def _means(track, chrom, size, bins, resolution):
    """Mean signal of some bins of a chromosome, float32 (m,)."""
    means, at_once = np.zeros(len(bins)), max(BASES_AT_ONCE // resolution, 1)
    stretches, where = np.unique(bins // at_once, return_inverse=True)
    for number, stretch in enumerate(stretches.tolist()):
        mine = np.flatnonzero(where == number)
        start = stretch * at_once * resolution
        end = min(start + at_once * resolution, size)
        if start >= end:
            continue
        values = np.zeros(-(-(end - start) // resolution) * resolution)
        values[: end - start] = np.nan_to_num(np.asarray(track.values(chrom, start, end), np.float64), nan=0.0)
        within = bins[mine] - stretch * at_once
        there = within * resolution < end - start
        lengths = np.minimum(resolution, end - start - within[there] * resolution)
        sums = values.reshape(-1, resolution).sum(axis=1)
        means[mine[there]] = sums[within[there]] / lengths
    return means.astype(np.float32)
