"""Which tissues of an expression file the user means: by index, by name, by shell pattern."""

import difflib
import fnmatch
import re

from spex.errors import InputError, parameter, shown
from spex.inputs.tables import listed

PUBLISHED_TARGET = 22
SHOWS_ALL = "train.py --list_targets shows"

PUBLISHED_TISSUE = "EBV"
"""Part of the default target's name, EBV-transformed lymphocytes, in every release of GTEx."""


def select_targets(file, indices=None, patterns=None):
    """The targets that the user named.

    file: ExpressionFile. indices: texts like "22", "1-53", "1,5-9" or "all". patterns: tissue names or shell patterns
    ("Brain*"), in any case. Without either: index 22, EBV-transformed lymphocytes in the published file.

    Returns: list of target indices, from 1, in file order.

    Raises:
        InputError: an index or a name that the file does not have, or neither was given and tissue 22 is another one;
        offers those that it has.
    """
    if not indices and not patterns:
        return [_default_target(file)]
    parts = [part for text in indices or [] for part in text.split(",")]
    chosen = {index for part in parts for index in _indices(file, part.strip())}
    chosen.update(index for pattern in patterns or [] for index in _matching(file, pattern))
    return sorted(chosen)


def _default_target(file):
    """Index 22, when that is the published tissue."""
    found = [index for index, name in enumerate(file.tissues, start=1) if PUBLISHED_TISSUE.lower() in name.lower()]
    if PUBLISHED_TARGET in found:
        return PUBLISHED_TARGET
    last = len(file.tissues)
    there = (
        f"is {shown(file.tissues[PUBLISHED_TARGET - 1])}" if last >= PUBLISHED_TARGET else f"is not there (1 to {last})"
    )
    offer = "; ".join(f"{parameter('target_index')} {index} is {shown(file.tissues[index - 1])}" for index in found)
    raise InputError(
        f"not given; the default is {PUBLISHED_TARGET}, EBV-transformed lymphocytes, but column {PUBLISHED_TARGET} of "
        f"{file.path} {there}",
        argument="target_index",
        hint=f"give the one you want{f': {offer}' if offer else ''}; {SHOWS_ALL} every one",
    )


def _indices(file, part):
    """Target indices of one "22", "1-53" or "all"."""
    last = len(file.tissues)
    if part == "all":
        return range(1, last + 1)
    match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
    first, end = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= end <= last:
        numbered = listed(f"{index} {name}" for index, name in enumerate(file.tissues, start=1))
        raise InputError(
            f"{file.path} has 1 to {last} ({numbered})",
            argument="target_index",
            subject=shown(part),
            expected=f"an index like 1, a range like 1-{last}, or all",
            hint=f"{SHOWS_ALL} every one",
        )
    return range(first, end + 1)


def _matching(file, pattern):
    """Target indices of the tissues that a name or shell pattern fits; the very name counts before patterns."""
    exact = [index for index, name in enumerate(file.tissues, start=1) if name == pattern]
    lowered = pattern.lower()
    found = exact or [
        index for index, name in enumerate(file.tissues, start=1) if fnmatch.fnmatchcase(name.lower(), lowered)
    ]
    if not found:
        by_lowered = {name.lower(): name for name in file.tissues}
        near = [by_lowered[name] for name in difflib.get_close_matches(lowered, by_lowered, n=3, cutoff=0.3)]
        nearest = f"nearest: {'; '.join(map(shown, near))}; " if near else ""
        raise InputError(
            f"no such tissue in {file.path}",
            argument="targets",
            subject=repr(pattern),
            hint=f'{nearest}{SHOWS_ALL} all {len(file.tissues)}; patterns like "Brain*" work too',
        )
    return found
