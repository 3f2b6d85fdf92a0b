"""Tables of text: how one is laid out, and its rows, some lines at a time; which format it is of, `formats` says."""

import csv
import io
from dataclasses import dataclass
from itertools import islice

import numpy as np
import pandas as pd

from spex.errors import shown
from spex.inputs.maps.layout import map_error
from spex.inputs.opening import open_text

LINES_AT_ONCE = 200_000
SHOWN_COLUMNS = 20
COMMENTS = ("#", "track ", "track\t", "browser ", "browser\t")
"""What lines begin with that are no rows: comments, and what is meant for a genome browser."""


@dataclass(frozen=True)
class Layout:
    """How a table of text is laid out.

    separator: a tab, or None for blanks. header: names of the columns, or None. header_line: number of the line that it
    stands on, where that is no comment. first: fields of the first row. Lines that begin with # are comments; one with
    as many fields as the first row, above it, is a header too. Blanks around headings do not count.
    """

    separator: str | None
    header: list[str] | None
    header_line: int | None
    first: list[str]


def numbered(row):
    """A row as a message shows it: each field after the number of its column."""
    fields = [f"{number} {shown(field, 20)}" for number, field in enumerate(row[:SHOWN_COLUMNS], start=1)]
    return ", ".join([*fields, *(["..."] if len(row) > SHOWN_COLUMNS else [])])


def read_layout(path):
    """Layout of a table in a file."""
    with _open_text(path) as file:
        return layout_of(enumerate(file, start=1))


def read_rows(path, layout, columns):
    """Read columns of a table, some rows at a time.

    columns: places, from 0. Yields: line of each row, int64 (n,) from 1, and DataFrame (n, columns) of text.

    Raises:
        InputError: damaged, not UTF-8, or a line with another number of fields than the first row.
    """
    width = len(layout.first)
    with _open_text(path) as file:
        numbered = (
            (number, line)
            for number, line in enumerate(file, start=1)
            if not line.startswith(COMMENTS) and number != layout.header_line and not line.isspace()
        )
        while part := list(islice(numbered, LINES_AT_ONCE)):
            numbers = np.array([number for number, _ in part])
            lines = [tabbed(line, layout.separator) for _, line in part]
            widths = np.array([line.count("\t") for line in lines]) + 1
            if (widths != width).any():
                bad = int(np.flatnonzero(widths != width)[0])
                raise map_error(
                    path,
                    f"{widths[bad]} columns on line {numbers[bad]}, {width} on the first row's",
                    expected="the same number on every line",
                )
            text = "\n".join(lines)
            if "\0" in text:
                bad = next(number for number, line in part if "\0" in line)
                raise map_error(path, f"a zero byte on line {bad}", expected="text", hint="fetch or copy it again")
            table = pd.read_csv(
                io.StringIO(text),
                sep="\t",
                header=None,
                usecols=columns,
                dtype=str,
                na_filter=False,
                quoting=csv.QUOTE_NONE,
                skip_blank_lines=False,
            )
            yield numbers, table[list(columns)]


def numbers_of(path, name, texts, lines, *, whole):
    """A column of text as numbers from 0 up, float64 (n,).

    name: of the column. lines: of the rows. whole: whether they must be whole.

    Raises:
        InputError: one is not, or not finite; names its line.
    """
    values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if whole:
        bad |= values != np.floor(values)
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        raise map_error(
            path,
            f"{name} on line {lines[place]} is '{shown(texts.iloc[place])}'",
            expected=f"a {'whole ' if whole else ''}number from 0 up",
        )
    return values


def read_text(path):
    """The whole content of a text file."""
    with _open_text(path) as file:
        return file.read()


def layout_of(numbered):
    """Layout of numbered lines; None where there is no row."""
    comments, content = [], []
    for number, line in numbered:
        if line.startswith(COMMENTS):
            comments.append(line.lstrip("#").strip())
        elif line.strip():
            content.append((number, line))
        if len(content) == 2:
            break
    if not content:
        return None
    separator = "\t" if "\t" in content[0][1] else None
    rows = [tabbed(line, separator).split("\t") for _, line in content]
    if not _is_row(rows[0]):
        return Layout(separator, _stripped(rows[0]), content[0][0], rows[-1])
    above = [_stripped(tabbed(line, separator).split("\t")) for line in comments]
    above = [fields for fields in above if len(fields) == len(rows[0])]
    return Layout(separator, above[-1] if above else None, None, rows[0])


def _stripped(fields):
    return [each.strip() for each in fields]


def _is_row(fields):
    """Whether any field is a number, as in every row of contacts or beads, and in no header."""
    return any(map(_is_number, fields))


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def tabbed(line, separator):
    """A line without its end, a tab between its fields."""
    return line.rstrip("\r\n") if separator else "\t".join(line.split())


def _open_text(path):
    return open_text(path, {"argument": "maps", "subject": path}, newline=None)
