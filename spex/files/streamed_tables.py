"""Tables as files: text, gzipped where it is long, or Parquet. pyarrow is imported where it is used.

Tables come one after another and are written as they come.
"""

import csv
import gzip
import itertools
from pathlib import Path

from spex.errors import not_installed, visible
from spex.files.atomic import remove_where_allowed, whole_file
from spex.options import one_of

FORMATS = ("tsv", "parquet")
TEXT = "string"
"""The type of text columns; others are int64 or float64."""

ROWS_AT_ONCE = 100_000


def require_format(format):
    """Whether a table can be written in a format, "tsv" or "parquet", before anything is computed for it.

    Raises:
        InputError: no such format, or pyarrow, which writes Parquet, is not installed.
    """
    if one_of(FORMATS).check(format, "format") == "parquet":
        _import_pyarrow()


def write_tables(folder, stem, tables, columns, format="tsv", *, gzip_past=None):
    """Write tables one below the other as one file that appears whole, in the place of one from before.

    folder: made where it is missing. stem: of the file's name. tables: iterable of DataFrames, in the order of the
    file. columns: name -> its type, "string", "int64" or "float64"; others are left out. format: "tsv", with nine
    significant digits and without control characters, or "parquet". gzip_past: rows of text past which it is gzipped.

    Returns: path of `<stem>.tsv`, `<stem>.tsv.gz` or `<stem>.parquet`.

    Raises:
        InputError: no such format, or pyarrow is not installed.
    """
    require_format(format)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if format == "parquet":
        path = _write_parquet(folder / f"{stem}.parquet", tables, columns)
    else:
        path = _write_text(folder / f"{stem}.tsv", tables, columns, gzip_past)
    for ending in (".tsv", ".tsv.gz", ".parquet"):
        if path.name != stem + ending:
            remove_where_allowed(folder / (stem + ending))
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
    path = path.with_name(f"{path.name}.gz") if packs else path
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
    pyarrow, parquet = _import_pyarrow()
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in columns.items()])
    with whole_file(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(pyarrow.Table.from_pandas(table[list(columns)], schema, preserve_index=False))
    return path


def _import_pyarrow():
    try:
        import pyarrow  # noqa: PLC0415 (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise not_installed("pyarrow", "writes Parquet", "parquet", argument="format") from error
    return pyarrow, parquet
