"""The beginning of a text file, and what many of its rows have in common."""

import codecs
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path

from spex.inputs.identify import recognise
from spex.inputs.maps.text import COMMENTS, layout_of, tabbed
from spex.inputs.normalise import known_as
from spex.inputs.opening import OPENERS, beginning

HEAD_BYTES = 1 << 20
ROWS = 1000
"""How many are looked at."""

MOST, NEARLY_ALL = 0.5, 0.9
"""Shares of the rows that have a format's shape: of one that is read, where single rows may be wrong, and of others."""

MANY = 10
"""Rows from which on it is no chance that all are alike."""

NAMED = re.compile(
    r"chr.*|[0-9]{1,2}[LRABD]|[IVX]+|[XYZWM]|MT|N[CTWZ]_.*|[A-Z]{1,2}[0-9]{6}.*|(scaffold|contig).*", re.IGNORECASE
)
BARE = re.compile(r"[1-9][0-9]?")
WHOLE = re.compile(r"[0-9]+(\.0*)?([eE]\+?[0-9]+)?")
PLACE = re.compile(r"\w[\w.]*[:,][0-9]+[-:,][0-9]+(,[-+0-9.eE]+)?")
"""A stretch in one field, perhaps with a number behind it: chr1:5000-6000,3."""


@dataclass(frozen=True)
class Sample:
    """What a text file begins with.

    path; resolution: bp per bin that is wanted. text: its first bytes. separator: a tab, or None for blanks. header:
    names of the columns, none where there are none. rows: fields of the first rows that are as wide as the first, of
    `width` columns; without rows it is that of the header.
    """

    path: Path
    resolution: int
    text: str
    separator: str | None = None
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    width: int = 0

    def share(self, test):
        """Share of the rows that pass a test of their fields; 0 without rows."""
        return sum(map(bool, map(test, self.rows))) / len(self.rows) if self.rows else 0.0

    def mostly(self, test, least=0):
        """Whether the rows have so many columns at least, and most pass a test of their fields."""
        return self.width >= least and self.share(test) >= MOST


def read_sample(path, resolution):
    """The beginning of a text file; None for what is no text in UTF-8."""
    if recognise(path) not in (None, *OPENERS):
        return None
    head = beginning(path, HEAD_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    lines = list(io.StringIO(text, newline=None))
    if len(head) == HEAD_BYTES and len(lines) > 1:
        del lines[-1]  # which may be cut
    layout = layout_of(enumerate(lines, start=1))
    if layout is None:
        return Sample(Path(path), resolution, text)
    rows = (
        tabbed(line, layout.separator).split("\t")
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.startswith(COMMENTS) and number != layout.header_line
    )
    width = len(layout.first)
    kept = [[each.strip() for each in row] for row in islice(rows, ROWS) if len(row) == width]
    return Sample(Path(path), resolution, text, layout.separator, layout.header or [], kept, width)


def are_whole(*fields):
    """Whether fields are whole numbers from 0 up."""
    return all(map(WHOLE.fullmatch, fields))


def are_numbers(*fields):
    """Whether fields are numbers."""
    try:
        list(map(float, fields))
    except ValueError:
        return False
    return True


def are_chromosomes(*names):
    """Whether fields of one row look like names of chromosomes: numbers alone only where they are the same."""
    return all(map(NAMED.fullmatch, names)) or (BARE.fullmatch(names[0]) is not None and len(set(names)) == 1)


def are_spans(*fields):
    """Whether fields are pairs of positions, each start at or before its end, none of them nothing but zeros."""
    return are_whole(*fields) and all(
        float(start) < float(end) or float(start) == float(end) > 0
        for start, end in zip(fields[::2], fields[1::2], strict=True)
    )


def joined_names(sample):
    """Share of the rows whose first and fourth column name chromosomes; those of anchors that are not known aside."""
    known = {row[0] for row in sample.rows}
    rows = [row for row in sample.rows if "." not in (row[0], row[3])]
    right = sum(
        known_as(row[3], known) is not None
        or are_chromosomes(row[0], row[3])
        or all(map(BARE.fullmatch, (row[0], row[3])))
        for row in rows
    )
    return right / len(rows) if rows else 1.0


def joined_spans(sample):
    """Share of the rows whose columns 2, 3, 5 and 6 are positions; those of anchors that are not known aside."""
    rows = [row for row in sample.rows if "." not in (row[0], row[3])]
    return sum(are_spans(*row[1:3], *row[4:6]) for row in rows) / len(rows) if rows else 1.0


def is_along_chromosomes(sample, nearest):
    """Whether columns 2 and 3 are a stretch in each row, as of a signal or of peaks, and no pair of bins.

    So it is where many rows of one width do not overlap, or most begin where another one ends; and where all are one
    bin wide, which is no contact: below `nearest` bp the rules leave out all.
    """
    spans = [(row[0], float(row[1]), float(row[2])) for row in sample.rows if are_whole(row[1], row[2])]
    forward = sorted({(chrom, start, end) for chrom, start, end in spans if start < end})
    enough = NEARLY_ALL * len(sample.rows)
    if not forward or len(forward) < enough:
        return False
    width, alike = Counter(end - start for _, start, end in forward).most_common(1)[0]
    if alike >= enough and width == sample.resolution < nearest:
        return True
    gaps = [other[1] - one[2] for one, other in pairwise(forward) if one[0] == other[0]]
    if len(gaps) < MANY:
        return False
    apart, touching = (sum(test) / len(gaps) for test in zip(*((gap >= 0, gap == 0) for gap in gaps), strict=True))
    return touching >= MOST or (alike >= enough and apart >= NEARLY_ALL)


def anchors_elsewhere(sample):
    """Places of two triples of chromosome, start and end that are not where BEDPE has them; None without."""
    last = min(sample.width - 2, 24)
    places = [(one, other) for one in range(last) for other in range(one + 3, last) if (one, other) != (0, 3)]

    def has(one, other):
        return lambda row: (
            are_chromosomes(row[one], row[other]) and are_spans(*row[one + 1 : one + 3], *row[other + 1 : other + 3])
        )

    some = sample.rows[:MANY]
    likely = [place for place in places if any(map(has(*place), some))]
    return next((place for place in likely if sample.mostly(has(*place))), None)


def stretches_in_fields(sample):
    """Places of the columns that have a whole stretch in one field, as chr1:5000-6000."""

    def has(place):
        return lambda row: PLACE.fullmatch(row[place])

    return [place for place in range(min(sample.width, 24)) if sample.mostly(has(place))]
