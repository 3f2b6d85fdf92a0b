"""Text tables, read so that no row can shift: every line has as many fields as the header, no quoted field spans two
lines.

pandas' reader takes a surplus first field for an index, and csv's joins the lines between two unpaired quotes; either
ties numbers to the wrong row silently. Here the shape of a table is proved before anything in it is used.
"""

import contextlib
import csv
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, shown
from spex.inputs.identify import recognise
from spex.inputs.opening import open_text

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

    def frame(self, names, **options):
        """The first columns of text as a DataFrame with these names."""
        return pd.DataFrame([row[: len(names)] for row in self.rows], columns=names, dtype=object, **options)


def read_table(path, argument, separator, *, preamble=0, expected, columns=None, header=None):
    """Read a table, compressed (.gz, .bz2, .xz) or not.

    argument: name of the one that gave the file. separator: "," (fields may be in quotes) or a tab (quotes are letters,
    save one pair around a field). preamble: number of lines before the header. expected: as text, for errors. columns:
    header -> positions of the columns to keep in the rows, which then stand in this order; all without it. header: of
    a file that has none.

    Returns: Table, without the empty lines.

    Raises:
        InputError: not UTF-8, damaged, no header, a line with more or fewer fields than it, a field with a line end.
    """
    about = {"argument": argument, "subject": path}
    try:
        with open_text(path, about, expected=expected) as file:
            before = [file.readline().rstrip("\r\n") for _ in range(preamble)]
            records = _records(file, separator, preamble, about)
            header = next(records, (0, None))[1] if header is None else list(header)
            if header is None:
                found = f"no readable table header ({recognise(path) or 'it ends before one'})"
                raise InputError(found, **about, expected=expected)
            keep = range(len(header)) if columns is None else columns(header)
            table = Table(before, header, [], [])
            for line, fields in _whole_rows(records, header, keep, about, expected):
                table.lines.append(line)
                table.rows.append(fields)
            return table
    except csv.Error as error:
        raise InputError(f"not a readable table ({shown(error)})", **about, expected=expected) from error


def places_of(header, wanted, about, separator, hint=None):
    """Where some columns stand under a header. about: argument, subject and expected of errors. separator: of it."""
    missing = [name for name in wanted if name not in header]
    if missing:
        found = f"no column {', '.join(missing)}; found {listed(header)}{other_separator(header, separator)}"
        raise InputError(found, **about, hint=hint)
    check_once([name for name in header if name in wanted], about)
    return [header.index(name) for name in wanted]


def check_once(names, about):
    """Refuse a heading that is there twice. about: as of `places_of`."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{names.count(twice)} columns {twice}", **about | {"expected": "each column once"})


def _whole_rows(records, header, keep, about, expected):
    """Yield the line and the kept fields of each row; rows of empty cells count, save those that spreadsheets leave at
    the end."""
    empty = []
    for count, (line, fields) in enumerate(records, start=1):
        if len(fields) != len(header):
            raise InputError(
                f"{len(fields)} fields on line {line}, {len(header)} in the header",
                **about,
                expected=f"the same number on every line{_surplus(fields, header)}",
            )
        if count * len(keep) > MOST_CELLS:
            hint = "give fewer columns or rows at once"
            raise InputError(f"more than {MOST_CELLS:,} cells", **about, expected=expected, hint=hint)
        empty.append((line, [fields[place] for place in keep]))
        if any(fields):
            yield from empty
            empty = []


class Beginning:
    """What a table begins with, as far as it can be read; what is wrong with the rest, `read` says.

    path: of the table. argument: name of the one that gave it. preamble: number of lines before the header; without it
    those that begin with # and have no columns. first: the first line. starts: separator -> number of lines before the
    header, and the columns' names.
    """

    def __init__(self, path, argument, separators=("\t", ","), preamble=None):
        self.path, self.argument, self.first, self.starts, number = path, argument, "", {}, -1
        with contextlib.suppress(InputError), open_text(path, {}) as file:
            for number, line in enumerate(file):
                self.first = self.first or line.rstrip("\r\n")
                for separator in set(separators).difference(self.starts):
                    remark = line.startswith("#") and separator not in line
                    if line.strip("\r\n") and not (remark if preamble is None else number < preamble):
                        self.starts[separator] = number, _header(line, separator)
                if len(self.starts) == len(separators):
                    break
        self.starts = {separator: self.starts.get(separator, (number + 1, [])) for separator in separators}

    @property
    def kind(self):
        """As of `identify.recognise`."""
        return recognise(self.path)

    @property
    def separator(self):
        """The one that divides the header best."""
        return max(self.starts, key=lambda separator: len(self.starts[separator][1]))

    @property
    def header(self):
        """The names of the columns, as `separator` divides them."""
        return self.starts[self.separator][1]

    def separator_where(self, test):
        """The first separator by which the header passes a test, or None."""
        return next((separator for separator, (_, header) in self.starts.items() if test(header)), None)

    def read(self, separator, expected, columns=None, header=None):
        """The Table, as `read_table` does."""
        options = {"expected": expected, "columns": columns, "header": header}
        return read_table(self.path, self.argument, separator, preamble=self.starts[separator][0], **options)


def _header(line, separator):
    """The fields of the line of a header, none where it cannot be read."""
    try:
        return next(_records(iter([line]), separator, 0, {}), (0, []))[1]
    except (csv.Error, InputError):
        return []


def _records(file, separator, line, about):
    """Yield the number of each line that is not empty, and its fields.

    line: number of lines read before. about: argument and subject of errors.
    """
    lines = (_checked_width(text, number, separator, about) for number, text in enumerate(file, start=line + 1))
    if separator == ",":
        for number, fields in enumerate(reader := csv.reader(lines, strict=True), start=1):
            if reader.line_num != number:
                raise InputError(
                    f"a field in quotes that begins on line {line + number} continues after its end",
                    **about,
                    expected="each row on one line",
                    hint="is a quote left open there?",
                )
            if fields:
                yield line + number, [field.strip() for field in fields]
    else:
        for number, text in enumerate(lines, start=line + 1):
            if text := text.rstrip("\r\n"):
                yield number, [_unquoted(field) for field in text.split(separator)]


def _checked_width(text, number, separator, about):
    """A line that does not fall into fields without bounds, and has no zero byte."""
    if text.count(separator) >= MOST_COLUMNS:
        raise InputError(f"more than {MOST_COLUMNS:,} fields on line {number}", **about, expected="a table")
    if "\0" in text:
        raise InputError(f"a zero byte on line {number}", **about, expected="text", hint="save it as CSV UTF-8")
    return text


def _unquoted(field):
    field = field.strip()
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"').strip()
    return field


def _surplus(fields, header):
    """What the commonest surplus field comes from, as text, or nothing."""
    if len(fields) != len(header) + 1:
        return ""
    return (
        " (if R wrote row names in front, write the table without them: row.names = FALSE)"
        if fields[-1]
        else " (the lines, not the header, end in a separator: take it away)"
    )


def other_separator(header, separator, expected=None):
    """A hint for a header that another separator than `separator` divides better, or nothing. expected: as text."""
    better = [name for other, name in SEPARATORS.items() if other != separator and header[0].count(other) > 1]
    if not better or len(header) > 1:
        return ""
    return f"; it is separated by {better[0]}, expected {expected or SEPARATORS[separator]}"


def is_row_label(heading):
    """Whether a column of this heading may contain row names or numbers, whatever wrote it."""
    return ROW_LABELS.fullmatch(heading) is not None


def is_unnamed(heading):
    """Whether a column has no heading of its own."""
    return re.fullmatch(UNNAMED, heading) is not None


def numbers_of(texts, least=-np.inf, most=np.inf, *, whole=False):
    """A column of text as float64, NaN where there is no number, and whether each is none from `least` to `most`.

    whole: whether they must be whole, as positions are.

    Returns: Series of float64; Series of bool.
    """
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    good = np.isfinite(numbers) & numbers.between(least, most)
    return numbers, ~(good & (numbers % 1 == 0)) if whole else ~good


def contains_labels(texts, *, behind_ids):
    """Whether a column whose heading may be one of row labels contains names or row numbers, not measured values.

    texts: (n,) of text. behind_ids: whether other columns name the rows, so that a few rows prove nothing: a sample of
    two genes may have 1 and 2.
    """
    numbers = numbers_of(texts)[0].to_numpy()
    if not len(numbers):
        return False
    if np.isnan(numbers).mean() > 0.5:
        return True
    numbered = row_numbers(texts) is not None
    if len(numbers) < SURE_ROWS:
        return numbered and not behind_ids
    return numbered or bool((numbers % 1 == 0).all() and (np.diff(numbers) > 0).all())


def row_numbers(texts):
    """The row numbers, from 0, that a column of text contains, in any order, or None where it contains anything else.

    texts: (n,) of text. Numbers are 0 to n - 1, as pandas writes them, or 1 to n, as R does.
    """
    numbers = numbers_of(texts)[0].to_numpy()
    for first in (0, 1):
        if np.array_equal(np.sort(numbers), np.arange(first, len(numbers) + first)):
            return (numbers - first).astype(np.int64)
    return None
