"""Tables of text: how one is laid out, what many of its rows have in common, and its rows, some lines at a time."""

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import shown
from spex.inputs import text_tables
from spex.inputs.identify import recognise
from spex.inputs.maps.reader import map_error
from spex.inputs.normalise import known_as
from spex.inputs.opening import OPENERS, beginning, open_text

LINES_AT_ONCE = 200_000
SHOWN_COLUMNS = 20
COMMENTS = ("#", "track ", "track\t", "browser ", "browser\t")
"""What lines begin with that are no rows: comments, and what is meant for a genome browser."""

AS_IT_IS = {"sep": "\t", "header": None, "dtype": str, "na_filter": False, "quoting": csv.QUOTE_NONE}
"""How pandas reads rows: fields of text, unchanged."""

HEAD_BYTES, HEAD_ROWS = 1 << 20, 1000
"""Of the beginning that a sample is taken from."""

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
"""An interval in one field, perhaps with a number after it: chr1:5000-6000,3."""


@dataclass(frozen=True)
class Layout:
    """How a table of text is laid out.

    separator: a tab, or None for blanks. header: names of the columns, or None; a comment with as many fields as the
    first row, above it, is one too. header_line: number of its line, where that is no comment. first: fields of the
    first row.
    """

    separator: str | None
    header: list[str] | None
    header_line: int | None
    first: list[str]

    def rows(self, lines):
        """Numbers, from 1, and content of the lines that are rows, a tab between their fields."""
        for number, line in enumerate(lines, start=1):
            if not line.startswith(COMMENTS) and number != self.header_line and not line.isspace():
                yield number, _tabbed(line, self.separator)


@dataclass(frozen=True)
class Sample:
    """What a text file begins with.

    resolution: bp per bin that is wanted. text: its first bytes. separator, header: as of Layout. rows: fields of the
    first rows that are as wide as the first, of `width` columns; without rows it is that of the header.
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
    """The beginning of a file; what is no text in UTF-8 has neither text nor rows. Returns: Sample."""
    nothing = Sample(Path(path), resolution, "")
    if recognise(path) not in (None, *OPENERS):
        return nothing
    head = beginning(path, HEAD_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return nothing
    if "\0" in text:
        return nothing
    lines = list(io.StringIO(text, newline=None))
    if len(head) == HEAD_BYTES and len(lines) > 1:
        del lines[-1]  # which may be cut
    layout = _layout_of(lines)
    if layout is None:
        return replace(nothing, text=text)
    width = len(layout.first)
    rows = (_stripped(row.split("\t")) for _, row in islice(layout.rows(lines), HEAD_ROWS))
    rows = [row for row in rows if len(row) == width]
    return Sample(Path(path), resolution, text, layout.separator, layout.header or [], rows, width)


def read_layout(path):
    """Layout of a table in a file."""
    with _open_text(path) as file:
        return _layout_of(file)


def read_rows(path, layout, columns):
    """Read columns of a table, some rows at a time; refuses a line with another number of fields than the first row.

    columns: places, from 0. Yields: line of each row, int64 (n,) from 1, and DataFrame (n, columns) of text.
    """
    width = len(layout.first)
    with _open_text(path) as file:
        rows = layout.rows(file)
        while part := list(islice(rows, LINES_AT_ONCE)):
            numbers = np.array([number for number, _ in part])
            widths = np.array([line.count("\t") for _, line in part]) + 1
            if (row := first_bad(widths != width)) is not None:
                found = f"{widths[row]} columns on line {numbers[row]}, {width} on the first row's"
                raise map_error(path, found, expected="the same number on every line")
            text = "\n".join(line for _, line in part)
            if bad := next((number for number, line in part if "\0" in line), None):
                raise map_error(path, f"a zero byte on line {bad}", expected="text", hint="fetch or copy it again")
            table = pd.read_csv(io.StringIO(text), usecols=columns, skip_blank_lines=False, **AS_IT_IS)
            yield numbers, table[list(columns)]


def read_text(path):
    """The whole content of a text file."""
    with _open_text(path) as file:
        return file.read()


def numbers_of(path, name, texts, lines, *, whole=False, signed=False):
    """A column of text as finite numbers from 0 up, float64 (n,); refuses others by their line.

    name: of the column. lines: of the rows. whole: whether they must be whole. signed: whether they are coordinates,
    which may be below 0.
    """
    values, bad = (each.to_numpy() for each in text_tables.numbers_of(texts, -np.inf if signed else 0, whole=whole))
    if (row := first_bad(bad)) is not None:
        raise map_error(
            path,
            f"{name} on line {lines[row]} is '{shown(texts.iloc[row])}'",
            expected="a coordinate, a number" if signed else f"a {'whole ' if whole else ''}number from 0 up",
        )
    return values


def first_bad(bad):
    """Place of the first row that is bad; None without any. bad: bool (n,)."""
    return int(np.argmax(bad)) if bad.any() else None


def numbered(row):
    """A row as a message shows it: each field after the number of its column."""
    fields = [f"{number} {shown(field, 20)}" for number, field in enumerate(row[:SHOWN_COLUMNS], start=1)]
    return ", ".join([*fields, *(["..."] if len(row) > SHOWN_COLUMNS else [])])


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


def share_of_bedpe(sample):
    """Share of the rows whose first and fourth column name chromosomes, and of those whose columns 2, 3, 5 and 6 are
    positions; rows whose anchors are not known aside."""
    rows = [row for row in sample.rows if "." not in (row[0], row[3])]
    if not rows:
        return 1.0, 1.0
    known = {row[0] for row in sample.rows}
    names = sum(
        known_as(row[3], known) is not None
        or are_chromosomes(row[0], row[3])
        or all(map(BARE.fullmatch, (row[0], row[3])))
        for row in rows
    )
    return names / len(rows), sum(are_spans(*row[1:3], *row[4:6]) for row in rows) / len(rows)


def is_along_chromosomes(sample, nearest):
    """Whether columns 2 and 3 are an interval in each row, as of a signal or of peaks, and no pair of bins.

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


def intervals_in_fields(sample):
    """Places of the columns that have a whole interval in one field, as chr1:5000-6000."""
    places = range(min(sample.width, 24))
    return [place for place in places if sample.mostly(lambda row, place=place: PLACE.fullmatch(row[place]))]


def _layout_of(lines):
    """Layout of some lines; None where there is no row."""
    comments, content = [], []
    for number, line in enumerate(lines, start=1):
        if line.startswith(COMMENTS):
            comments.append(line.lstrip("#").strip())
        elif line.strip():
            content.append((number, line))
        if len(content) == 2:
            break
    if not content:
        return None
    separator = "\t" if "\t" in content[0][1] else None
    rows = [_tabbed(line, separator).split("\t") for _, line in content]
    if not any(map(are_numbers, rows[0])):  # as every row of contacts or beads has, and no header
        return Layout(separator, _stripped(rows[0]), content[0][0], rows[-1])
    above = [_stripped(_tabbed(line, separator).split("\t")) for line in comments]
    above = [fields for fields in above if len(fields) == len(rows[0])]
    return Layout(separator, above[-1] if above else None, None, rows[0])


def _stripped(fields):
    return [each.strip() for each in fields]


def _tabbed(line, separator):
    """A line without its end, a tab between its fields."""
    return line.rstrip("\r\n") if separator else "\t".join(line.split())


def _open_text(path):
    return open_text(path, {"argument": "maps", "subject": path}, newline=None)
