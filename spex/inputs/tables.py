"""Text tables, read so that no row can move: every line has as many fields as the header, no quote joins two lines.

pandas' reader takes a surplus first field for an index, and csv's joins the lines between two unpaired quotes; either
ties numbers to the wrong row without a word. Here the shape of a table is proved before anything in it is used.
"""

import csv
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.kinds import recognise
from spex.inputs.opening import open_text

NAMED_AT_ONCE = 20
MOST_COLUMNS = 200_000
MOST_CELLS = 50_000_000
"""Kept of a table: some 3 GB of memory."""

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}
UNNAMED = r"|Unnamed: \d+|\.\.\.\d+"
"""Headings that pandas and readr give to a column that has none."""
ROW_LABELS = re.compile(UNNAMED + r"|index|level_0|X|V1|row[._ ]?names", re.IGNORECASE)
"""Headings that pandas, R and readr give to a column of row names, and others to what they measured."""
SURE_ROWS = 20
"""Rows from which on numbers that count up cannot be measured ones."""


@dataclass(frozen=True)
class Table:
    """A table of text. Blanks around a field, and one pair of quotes, do not count.

    preamble: the lines before the header. header: names of the columns. rows: the fields of each row. lines: the
    number of each row's line in the file, from 1.
    """

    preamble: list[str]
    header: list[str]
    rows: list[list[str]]
    lines: list[int]

    def column(self, place):
        """One column of text, indexed by row number from 0."""
        return pd.Series([row[place] for row in self.rows], dtype=object)


def read_table(path, argument, separator, *, preamble=0, expected, columns=None, header=None, header_only=False):
    """Read a table, compressed (.gz, .bz2, .xz) or not.

    argument: name of the one that gave the file. separator: "," (fields may be in quotes) or a tab (quotes are letters,
    save one pair around a field). preamble: number of lines before the header. expected: in words, for errors. columns:
    header -> positions of the columns to keep in the rows, which then stand in this order; all without it. header: of
    a file that has none. header_only: read no row.

    Returns: Table; empty lines are passed over.

    Raises:
        InputError: not UTF-8, damaged, no header, a line with more or fewer fields than it, a field with a line end.
    """
    about = {"argument": argument, "subject": path}
    try:
        with open_text(path, about, expected=expected) as file:
            before = [_next_line(file) for _ in range(preamble)]
            records = _records(file, separator, preamble, about)
            if header is None:
                header = next(records, (0, None))[1]
            if header is None:
                raise InputError(
                    f"no readable table header ({recognise(path) or 'it ends before one'})", **about, expected=expected
                )
            table = Table(before, header, [], [])
            if header_only:
                return table
            keep = range(len(header)) if columns is None else columns(header)
            empty = []
            for line, fields in records:
                if len(fields) != len(header):
                    raise InputError(
                        f"{len(fields)} fields on line {line}, {len(header)} in the header",
                        **about,
                        expected=f"the same number on every line{_surplus(fields, header)}",
                    )
                empty.append((line, [fields[place] for place in keep]))
                if any(fields):  # rows of empty cells count, save those that spreadsheets leave at the end
                    table.lines.extend(number for number, _ in empty)
                    table.rows.extend(kept for _, kept in empty)
                    empty = []
                if (len(table.rows) + len(empty)) * len(keep) > MOST_CELLS:
                    raise InputError(
                        f"more than {MOST_CELLS:,} cells",
                        **about,
                        expected=expected,
                        hint="give fewer columns or rows at once",
                    )
            return table
    except csv.Error as error:
        raise InputError(f"not a readable table ({shown(error)})", **about, expected=expected) from error


def read_header(path, separator, preamble=0):
    """The column names behind so many lines, or none where they are not to be read; `read_table` says what is wrong."""
    try:
        with open_text(path, {}) as file:
            for _ in range(preamble):
                file.readline()
            return next(_records(file, separator, 0, {}), (0, []))[1]
    except (csv.Error, InputError):
        return []


def _next_line(file):
    return file.readline().rstrip("\r\n")


def _records(file, separator, line, about):
    """Yield the number of each line that is not empty, and its fields.

    line: number of lines read before. about: argument and subject of errors.
    """
    file = (_checked_width(text, number, separator, about) for number, text in enumerate(file, start=line + 1))
    if separator == ",":
        reader = csv.reader(file, strict=True)
        parts = enumerate(reader, start=1)
    else:
        reader, parts = None, ((n, text.rstrip("\r\n").split(separator)) for n, text in enumerate(file, start=1))
    for number, fields in parts:
        if reader is not None and reader.line_num != number:
            raise InputError(
                f"a field in quotes that begins on line {line + number} goes on behind its end",
                **about,
                expected="each row on one line",
                hint="is a quote left open there?",
            )
        if any("\0" in field for field in fields):
            raise InputError(
                f"a zero byte on line {line + number}", **about, expected="text", hint="save it as CSV UTF-8"
            )
        if fields and (reader is not None or fields != [""]):
            yield line + number, [_unquoted(field) if reader is None else field.strip() for field in fields]


def _checked_width(text, number, separator, about):
    """A line that does not fall into fields without bounds."""
    if text.count(separator) >= MOST_COLUMNS:
        raise InputError(f"more than {MOST_COLUMNS:,} fields on line {number}", **about, expected="a table")
    return text


def _unquoted(field):
    field = field.strip()
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field


def _surplus(fields, header):
    """What the commonest surplus field comes from, in words, or nothing."""
    if len(fields) != len(header) + 1:
        return ""
    if fields[-1] == "":
        return " (the lines, not the header, end in a separator: take it away)"
    return " (if R wrote row names in front, write the table without them: row.names = FALSE)"


def listed(names):
    """The first names of a list as messages show them, and how many more there are."""
    names = list(names)
    more = len(names) - NAMED_AT_ONCE
    return ", ".join(map(shown, names[:NAMED_AT_ONCE])) + (f" and {more} more" if more > 0 else "") or "none"


def other_separator(header, separator, expected=None):
    """A hint for a header that another separator than `separator` divides better, or nothing. expected: in words."""
    better = [name for other, name in SEPARATORS.items() if other != separator and header[0].count(other) > 1]
    if not better or len(header) > 1:
        return ""
    return f"; it is separated by {better[0]}, expected {expected or SEPARATORS[separator]}"


def comment_lines(path, separator):
    """The number of lines before the header that begin with # and have no columns."""
    number = 0
    try:
        with open_text(path, {}) as file:
            for line in file:
                if not line.startswith("#") or separator in line:
                    break
                number += 1
    except InputError:
        pass  # whoever reads on raises it, with what the file is for
    return number


def is_row_label(heading):
    """Whether a column of this heading may contain row names or numbers, whatever wrote it."""
    return ROW_LABELS.fullmatch(heading) is not None


def is_unnamed(heading):
    """Whether a column has no heading of its own."""
    return re.fullmatch(UNNAMED, heading) is not None


def contains_labels(texts, *, behind_ids):
    """Whether a column whose heading may be one of row labels contains names or row numbers, not measured values.

    texts: (n,) of text. behind_ids: whether other columns name the rows, so that a few rows prove nothing: a sample of
    two genes may have 1 and 2.
    """
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    if not len(numbers):
        return False
    if np.isnan(numbers).mean() > 0.5:
        return True
    if len(numbers) < SURE_ROWS:
        return not behind_ids and row_numbers(texts) is not None
    rising = (numbers % 1 == 0).all() and (np.diff(numbers) > 0).all()
    return bool(rising) or row_numbers(texts) is not None


def row_numbers(texts):
    """The row numbers, from 0, that a column of text holds, in any order, or None where it holds anything else.

    texts: (n,) of text. Numbers are 0 to n - 1, as pandas writes them, or 1 to n, as R does.
    """
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    for first in (0, 1):
        if np.array_equal(np.sort(numbers), np.arange(first, len(numbers) + first)):
            return (numbers - first).astype(np.int64)
    return None
