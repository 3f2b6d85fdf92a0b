"""What every reader of a user's file must bear: it reads a damaged or unusual file with right numbers, or refuses it.

`check_reader` makes some thirty files of a good one. A reader passes where each is either refused, in one line that
names the file, or read with the numbers of the good file, what is left out being counted. A format cannot be added to a
registry without it: `test_readers.py` asks for a maker of each.
"""

import gzip
import re
from collections.abc import Callable
from typing import NamedTuple

import pytest

from spex.errors import InputError
from spex.inputs.identify import Format

ROWS = (9, 210)
"""Of a small file, in which one odd row is many, and of a large one, in which two are few."""

OTHER_FILES = {
    "a zip archive": b"PK\x03\x04" + bytes(range(256)),
    "a web page": b"<!DOCTYPE html>\n<html><body>Moved</body></html>\n",
    "bytes of zero": bytes(4096),
    "text in UTF-16": "id\tvalue\n".encode("utf-16"),
}


class Made(NamedTuple):
    """A good file. head: what stands before the rows. rows: each with its line end. separator: None without fields."""

    head: bytes
    rows: list[bytes] = ()
    separator: bytes | None = None

    def content(self, rows=None):
        return self.head + b"".join(self.rows if rows is None else rows)


class Reading(NamedTuple):
    """What a reader made of a file. values: what a row is about, in the form that we compare -> its numbers. left_out:
    rows that were counted as such. used: rows."""

    values: dict
    used: int
    left_out: int


class ReaderEntry(NamedTuple):
    """A format of a registry, and its kind's way to read. read: path -> Reading. seen: path -> what the signs of the
    registry look at. formats: the registry. called: what messages call the file where they have no path."""

    format: Format
    formats: tuple[Format, ...]
    seen: Callable
    read: Callable
    called: str = "genes table"


def check_reader(reader_entry, make_file, folder, sizes=ROWS):
    """Read a good file and all that is made of it, each once.

    reader_entry: ReaderEntry. make_file: number of rows -> name of the file, Made. folder: empty. sizes: numbers of
    rows.

    Raises:
        AssertionError: a file was read with other numbers, rows were lost uncounted, a refusal is not one line or names
            no file, or another exception than InputError came. The message names each such file.
    """
    problems = []
    for rows in sizes:
        name, made = make_file(rows)
        path = folder / name
        path.write_bytes(made.content())
        seen = reader_entry.seen(path)
        first = next((each.name for each in reader_entry.formats if each.sign(seen)), None)
        assert first == reader_entry.format.name, f"taken for {first}"
        good = reader_entry.read(path)
        assert good.values, "a good file gave nothing"
        as_bytes = _as_bytes(made) if rows == sizes[0] else ()
        for what, content, verdict in [*as_bytes, *(_as_rows(made) if made.rows else ())]:
            path = folder / f"{re.sub('[^a-z]+', '_', what)}{len(list(folder.iterdir()))}_{name}"
            path.write_bytes(content)
            problem = _problem(reader_entry, path, good, verdict)
            problems += [f"{what} ({rows} rows): {problem}"] if problem else []
    for what, path in (("a folder", folder), ("no file", folder / f"absent_{name}")):
        problem = _problem(reader_entry, path, good, _refused)
        problems += [f"{what}: {problem}"] if problem else []
    assert not problems, "\n".join(problems)


def _problem(entry, path, good, verdict):
    """What is wrong with how a file is read, in words, or None."""
    try:
        found = entry.read(path)
    except InputError as error:
        text = str(error)
        if "\n" in text or (not text.isprintable() and "\x02" not in text):
            return f"refused in more than one line: {text!r}"
        return None if path.name in text or entry.called in text else f"a refusal that names no file: {text}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return verdict(good, found)


def _refused(good, found):
    return f"read as {len(found.values)} values, though it cannot be"


def _same(good, found):
    """Nothing may be lost or changed."""
    lost = [key for key in good.values if key not in found.values]
    return f"{lost[0]} is lost" if lost else _counted(good, found)


def _counted(good, found):
    """No number may change; what is lost must be counted, or stand under another name."""
    other = [key for key, value in found.values.items() if key in good.values and good.values[key] != value]
    if other:
        return f"{other[0]} is {found.values[other[0]]}, not {good.values[other[0]]}"
    lost, new = good.values.keys() - found.values.keys(), found.values.keys() - good.values.keys()
    if len(lost) > found.left_out - good.left_out + len(new):
        return f"{len(lost)} rows are lost, {found.left_out - good.left_out} counted"
    return None


def _twice(good, found):
    """A row that is there twice must show in the number of rows."""
    if found.used + found.left_out == good.used + good.left_out and found.left_out == good.left_out:
        return "the second row is passed over silently"
    return _counted(good, found)


def _as_bytes(made):
    """Files that differ as bytes. Yields: what it is; content; verdict on a file that is read."""
    whole, packed = made.content(), gzip.compress(made.content())
    yield "an empty file", b"", _refused
    yield "a gzipped file", packed, _same
    yield "a gz cut in the middle", packed[: len(packed) // 2], _refused
    yield "a gz without its end", packed[:-6], _refused
    yield "an empty file in a gz", gzip.compress(b""), _refused
    for what, content in OTHER_FILES.items():
        yield what, content, _refused
    if made.rows:
        yield "CR LF", whole.replace(b"\n", b"\r\n"), _same
        yield "a byte order mark", b"\xef\xbb\xbf" + whole, _same
        yield "an empty line at the end", whole + b"\n", _same
        yield "a remark in front", b"# made by hand\n" + whole, _same
        yield "chromosomes without chr", re.sub(rb"\bchr(?=\d+\b)", b"", whole), _same
        yield "ids with a version", re.sub(rb"\b(ENSG\d{11})(\.\d+)?\b", rb"\1.7", whole), _same


def _as_rows(made):
    """Files whose rows differ; as `_as_bytes`."""
    rows, middle = made.rows, len(made.rows) // 2

    def with_row(*new):
        return made.content([*rows[:middle], *new, *rows[middle + 1 :]])

    row = rows[middle]
    yield "rows the other way round", made.content(rows[::-1]), _same
    yield "a row twice", with_row(row, row), _twice
    yield "one chromosome without chr", with_row(re.sub(rb"\bchr(?=\d+\b)", b"", row)), _counted
    if made.separator is None:
        yield "blanks behind a row", with_row(row.rstrip(b"\n") + b"  \n"), _same
        return
    fields = row.rstrip(b"\n").split(made.separator)

    def row_of(parts):
        return made.separator.join(parts) + b"\n"

    blanks = [row_of(b" " + field + b" " for field in each.rstrip(b"\n").split(made.separator)) for each in rows]
    yield "blanks around fields", made.content(blanks), _same
    yield "a row of one field less", with_row(row_of(fields[:-1])), _counted
    yield "a row of one field more", with_row(row_of([*fields, b"1"])), _counted
    yield "a row of one field more in front", with_row(row_of([b"1", *fields])), _counted
    for place in range(len(fields)):
        for missing in (b"", b"NA"):
            cells = [*fields[:place], missing, *fields[place + 1 :]]
            yield f"'{missing.decode()}' in field {place + 1}", with_row(row_of(cells)), _counted
    yield "letters that are not UTF-8", with_row(row_of([b"\xe9", *fields[1:]])), _counted


def caught(reader_entry, make_file, folder):
    """What `check_reader` finds wrong, as text; fails where it finds nothing."""
    with pytest.raises(AssertionError) as error:
        check_reader(reader_entry, make_file, folder)
    return str(error.value)
