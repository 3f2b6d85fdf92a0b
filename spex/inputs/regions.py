"""Stretches of chromosomes, as a user writes them: chr8, or chr8:1-2000."""

import re

from spex.errors import InputError, shown
from spex.inputs.agree import some_of

REGION = re.compile(r"(.+):([\d,]+)-([\d,]+)", re.ASCII)
LAST_POSITION = 2**31 - 1


def find_regions(texts, called, chroms):
    """What regions cover, by chromosome.

    texts: chromosomes, or stretches of one, 1-based, both ends included, with commas in numbers or not. called:
    function from a chromosome's name to the one to use, None where it is unknown. chroms: names for the error.

    Returns: dict of name -> list of (start, end), 1-based, both included, in order and apart.

    Raises:
        InputError: a text is no region, or of an unknown chromosome.
    """
    covered = {}
    for text in texts:
        chrom, start, end = text, 1, LAST_POSITION
        parts = REGION.fullmatch(text)
        if parts:
            chrom, start, end = parts[1], *(int(part.replace(",", "") or 0) for part in parts.groups()[1:])
        name = called(chrom)
        about = {"argument": "regions", "subject": shown(text)}
        if not 1 <= start <= end or (name is None and not parts and (":" in text or not text)):
            raise InputError("no region", **about, expected="one like chr8 or chr8:1-2000, from 1, both ends included")
        if name is None:
            raise InputError("no such chromosome", **about, expected=f"one of {some_of(chroms)}")
        covered.setdefault(name, []).append((min(start, LAST_POSITION), min(end, LAST_POSITION)))
    return {name: _merged(stretches) for name, stretches in covered.items()}


def _merged(stretches):
    merged = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
