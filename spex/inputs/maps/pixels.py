"""Pixels as every reader of contact maps hands them out."""

from dataclasses import dataclass

import numpy as np

from spex.errors import parameter
from spex.inputs.maps.layout import map_error


@dataclass(frozen=True, eq=False)
class Part:
    """Pixels of one chromosome, some at a time, and what was met between it and other chromosomes.

    bin1, bin2: int64 (n,), bins within the chromosome, bin1 <= bin2, a pair perhaps more than once. counts: float64
    (n,). trans_pixels, trans_counts: number and sum of the pixels to other chromosomes that were met with these, each
    pixel with one of its two chromosomes; None where the format has none, or does not tell.
    """

    bin1: np.ndarray
    bin2: np.ndarray
    counts: np.ndarray
    trans_pixels: int | None = None
    trans_counts: float | None = None


def touching(bin1, bin2, is_tss):
    """Which pixels are seen from a TSS bin: from their first, from their second.

    is_tss: bool, for each bin. Returns: two bool arrays (n,); a pixel on the diagonal is seen from its first alone.
    """
    return is_tss[bin1], is_tss[bin2] & (bin1 != bin2)


def seen_from_tss(bin1, bin2, counts, from1, from2):
    """TSS bin, other bin and count of pixels, once for each side that they are seen from. from1, from2: `touching`."""
    return (
        np.concatenate([bin1[from1], bin2[from2]]),
        np.concatenate([bin2[from1], bin1[from2]]),
        np.concatenate([counts[from1], counts[from2]]),
    )


def joined(kept):
    """Pieces of TSS bin (int64), other bin (int64) and count (float64), one after the other."""
    if not kept:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return tuple(np.concatenate(column) for column in zip(*kept, strict=True))


NEAR = 1e-6
"""How far, in shares of it, a count that was stored in 32 bits may be off the whole number that it stands for: some
roundings."""


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
            + (": these are nearly whole, as counts that were corrected and taken back are" if near else ""),
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
