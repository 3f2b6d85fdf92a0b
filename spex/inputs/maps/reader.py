"""What readers of contact maps share: where a map lies, how it is read, and what they refuse."""

import hashlib
import re
from pathlib import Path

import numpy as np

from spex.errors import InputError, parameter, shown
from spex.files.checks import require_file

OWN_GROUPS = re.compile(r"(resolutions/[0-9]+)?")
"""Groups that are found by the resolution alone, so that naming them names the same map."""


NEAR = 1e-6
"""Share of a count by which one that was stored in 32 bits may be off the whole number that it stands for."""


def split_uri(path):
    """Path of the file and the group of a cooler URI, `FILE::GROUP`; the group of a file's path is None.

    Unlike `cooler.util.parse_cooler_uri` it takes a file whose name has :: in it, and needs no second to be loaded.
    """
    file, sign, group = str(path).rpartition("::")
    if not sign or Path(path).exists():
        return Path(path), None
    return Path(file), group.strip("/")


def require_map(path):
    """The path or URI, when a readable file is there; for the published map the error says how to get it."""
    file, _ = split_uri(path)
    try:
        require_file(file, "maps")
    except InputError as error:
        error.subject = path
        raise
    return path


def map_sha256(path, hashes):
    """What identifies a map: SHA-256 of its file, and of the group too where the resolution does not say it."""
    file, group = split_uri(path)
    digest = hashes.sha256(file)
    if group is None or OWN_GROUPS.fullmatch(group):
        return digest
    return hashlib.sha256(f"{digest}::{group}".encode()).hexdigest()


def check_different(paths, hashes):
    """Refuse a contact map that is given twice: its counts would be added to themselves."""
    first = {}
    for path in paths:
        digest = map_sha256(path, hashes)
        if digest in first:
            raise map_error(path, f"the same map as {first[digest]}", expected="each map once")
        first[digest] = path


def map_error(path, found, **parts):
    """An InputError about a contact map. parts: as of InputError."""
    return InputError(found, argument="maps", subject=path, **parts)


def damaged(path, reason):
    """An InputError about a contact map that contradicts itself."""
    return map_error(path, f"damaged or cut short ({shown(reason, 200)})", hint="fetch or copy it again")


def whole_where_near(counts):
    """Counts that were stored as float32, those within a rounding of a whole number as that number. counts: float64."""
    with np.errstate(invalid="ignore"):  # infinity, which is refused elsewhere
        nearest = np.rint(counts)
        return np.where(np.abs(counts - nearest) <= NEAR * nearest, nearest, counts)


def check_counts(path, counts, stored=np.float64):
    """Refuse what is no raw count: negative, not finite, or no whole number. stored: type of the counts in the file."""
    bad = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts)))
    if bad.any():
        count = counts[bad][0]
        near = np.isfinite(count) and 0 < abs(count - np.rint(count)) < 0.001
        raise map_error(
            path,
            f"found a count of {_in_full(stored(count))}",
            expected="raw counts, whole numbers from 0 up (this looks like a balanced, normalised or transformed map)",
            hint="take the map of raw counts"
            + (": these are nearly whole, as counts are that were normalised and converted back" if near else ""),
        )


def _in_full(value):
    """A number with every digit that it has in its own type."""
    if np.isfinite(value) and abs(value) < 1e16:
        return np.format_float_positional(value, trim="-")
    return f"{value:g}"


def check_values(path, values, name):
    """Refuse what no weight can be: negative or not finite. name: of the column that was chosen."""
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        raise map_error(
            path,
            f"found {values[bad][0]:.6g} in its column {name}",
            expected="numbers from 0 up",
            hint=f"choose another {parameter('value_column')}",
        )
