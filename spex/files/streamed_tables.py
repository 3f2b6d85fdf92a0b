"""Tables as files: text, gzipped where it is long, or in the genome's order with an index; Parquet, as one file or one
by chromosome. pyarrow is imported where it is used.

Tables come one after another and are written as they come.
"""

import csv
import gzip
import itertools
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from spex.errors import not_installed, visible
from spex.files.atomic import beside, remove_where_allowed, temporary_path, whole_file
from spex.files.bgzip import load_pysam, write_by_place
from spex.options import one_of

TEXT = "string"
"""The type of text columns; others are int64 or float64."""

ROWS_AT_ONCE = 100_000
OPEN_AT_ONCE = 100
"""Files of chromosomes; those of a genome in pieces are closed and followed by another."""

PARQUET = ("parquet", "parquet_by_chromosome")
FORMATS = ("tsv", "tabix", *PARQUET)


class Place(NamedTuple):
    """Names of a table's columns that say where a row lies. zero_based: whether its place is 0-based half-open."""

    chrom: str
    start: str
    end: str
    zero_based: bool


def require_format(format):
    """Whether a table can be written in a format, one of `FORMATS`, before anything is computed for it.

    Raises:
        InputError: no such format, or pyarrow or pysam, which write Parquet and tabix's index, is not installed.
    """
    if one_of(FORMATS).check(format, "format") in PARQUET:
        _import_pyarrow()
    elif format == "tabix":
        load_pysam("writes files for tabix", "format")


def write_tables(folder, stem, tables, columns, format="tsv", *, gzip_past=None, place=None):
    """Write tables one below the other as one file that appears whole, in the place of one from before.

    folder: made where it is missing. stem: of the file's name. tables: iterable of DataFrames, in the order of the
    file. columns: name -> its type, "string", "int64" or "float64"; others are left out. format: "tsv", with nine
    significant digits and without control characters; "tabix", the same in the order of the genome, by bgzip, with an
    index; "parquet"; or "parquet_by_chromosome", a folder with one for each chromosome. gzip_past: rows of text past
    which it is gzipped. place: Place, for tabix and by chromosome.

    Returns: path of `<stem>.tsv`, `<stem>.tsv.gz` or `<stem>.parquet`.

    Raises:
        InputError: no such format, or pyarrow or pysam is not installed.
    """
    require_format(format)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if format == "parquet":
        path = _write_parquet(folder / f"{stem}.parquet", tables, columns)
    elif format == "parquet_by_chromosome":
        path = _write_by_chromosome(folder / f"{stem}.parquet", tables, columns, place.chrom)
    elif format == "tabix":
        path = _write_indexed(folder / f"{stem}.tsv.gz", tables, columns, place)
    else:
        path = _write_text(folder / f"{stem}.tsv", tables, columns, gzip_past)
    for ending in (".tsv", ".tsv.gz.tbi", ".tsv.gz", ".parquet"):
        if path.name != stem + ending and not (format == "tabix" and ending == ".tsv.gz.tbi"):
            remove_where_allowed(folder / (stem + ending))
    return path


def _write_indexed(path, tables, columns, place):
    draft = temporary_path(path)
    try:
        _write_text(draft, tables, columns, None)
        write_by_place(path, draft, place[:3], place.zero_based)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _write_text(path, tables, columns, gzip_past):
    pieces = (piece for table in tables for piece in _pieces(table, columns))
    first, rows, packs = [], 0, False
    for piece in pieces if gzip_past is not None else ():
        first.append(_text(piece, columns))  # kept as text until there are none left, or so many that it is gzipped
        rows += len(piece)
        packs = rows > gzip_past
        if packs:
            break
    header = "\t".join(columns).encode() + b"\n"
    texts = itertools.chain([header], first, (_text(piece, columns) for piece in pieces))
    path = beside(path, ".gz") if packs else path
    with whole_file(path) as file:
        if packs:
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:  # no name, no time: always the same bytes
                packed.writelines(texts)
        else:
            file.writelines(texts)
    return path


def _pieces(table, columns):
    """A table in parts of few enough rows to be text in memory."""
    return (table[list(columns)].iloc[row : row + ROWS_AT_ONCE] for row in range(0, len(table), ROWS_AT_ONCE))


def _text(table, columns):
    """Rows as UTF-8 without a header; a tab or line end in a name would move the fields, so they are escaped."""
    names = {name: table[name].map(_visible_names(table[name])) for name, kind in columns.items() if kind == TEXT}
    text = table.assign(**names).to_csv(
        sep="\t", header=False, index=False, lineterminator="\n", float_format="%.9g", quoting=csv.QUOTE_NONE
    )
    return text.encode(errors="surrogateescape")


def _visible_names(names):
    return {name: visible(name) for name in names.dropna().unique()}


def _write_parquet(path, tables, columns):
    _, parquet = _import_pyarrow()
    schema, converted = _as_parquet(columns)
    with whole_file(path) as file:
        with parquet.ParquetWriter(file, schema) as writer:
            for table in tables:
                writer.write_table(converted(table))
        if path.is_dir():  # of a run by chromosome
            remove_where_allowed(path)
    return path


def _write_by_chromosome(path, tables, columns, chrom):
    """A folder with a folder `<chrom>=<name>` for each chromosome, as Hive partitions tables."""
    _, parquet = _import_pyarrow()
    schema, converted = _as_parquet({name: kind for name, kind in columns.items() if name != chrom})
    draft, writers, parts = temporary_path(path), {}, Counter()
    draft.mkdir()
    try:
        for table in tables:
            for name, rows in table.groupby(chrom, sort=False):
                if name not in writers:
                    if len(writers) == OPEN_AT_ONCE:
                        writers.pop(next(iter(writers))).close()
                    mine = draft / f"{chrom}={quote(name, safe='')}"
                    mine.mkdir(exist_ok=True)
                    writers[name] = parquet.ParquetWriter(mine / f"part-{parts[name]}.parquet", schema)
                    parts[name] += 1
                writers[name].write_table(converted(rows))
        for writer in writers.values():
            writer.close()
        remove_where_allowed(path)
        os.replace(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return path


def _as_parquet(columns):
    """The schema of a table's columns, and a function from a DataFrame to its table."""
    pyarrow, _ = _import_pyarrow()
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()])
    return schema, lambda table: pyarrow.Table.from_pandas(table[list(columns)], schema, preserve_index=False)


def _import_pyarrow():
    try:
        import pyarrow  # noqa: PLC0415 (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise not_installed("pyarrow", "writes Parquet", "parquet", argument="format") from error
    return pyarrow, parquet
