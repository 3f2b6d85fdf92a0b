"""The table of elements as one file: text, gzipped where it is long, or Parquet. pyarrow is imported where it is used.

Tables come one after another, a chromosome each, and are written as they come.
"""

import csv
import gzip
import itertools
from pathlib import Path

from spex.arguments import choice
from spex.errors import InputError, visible
from spex.files.atomic import remove_where_allowed, whole_file

COLUMNS = {
    "chr": "string",
    "start": "int64",
    "end": "int64",
    "name": "string",
    "class": "string",
    "TargetGene": "string",
    "TargetGeneEnsemblID": "string",
    "TargetGeneTSS": "int64",
    "CellType": "string",
    "Score": "float64",
    "DistanceToTSS": "int64",
    "count": "float64",
    "side": "string",
    "tissue": "string",
    "model": "string",
}
"""Columns of an elements table, a row an element, gene and tissue -> what they hold.

start, end: 0-based half-open. TargetGeneTSS: 1-based. Score: effect, signed, in ln(expression). DistanceToTSS: bp.
"""

FORMATS = ("tsv", "parquet")
NAMES = ("elements.tsv", "elements.tsv.gz", "elements.parquet")
LARGE = 1_000_000
"""Rows; text of more is gzipped."""
ROWS_AT_ONCE = 100_000


def require_format(format):
    """Whether a table can be written in a format, "tsv" or "parquet", before anything is computed for it.

    Raises:
        InputError: no such format, or pyarrow, which writes Parquet, is not installed.
    """
    if choice(format, "format", FORMATS) == "parquet":
        _import_pyarrow()


def write_elements(folder, tables, format="tsv"):
    """Write elements as one file that appears whole, in the place of one from before.

    folder: made where it is missing. tables: iterable of DataFrames with COLUMNS, in the order of the file. format:
    "tsv", with nine significant digits and without control characters, or "parquet".

    Returns: path of `elements.tsv`, `elements.tsv.gz` (more than LARGE rows) or `elements.parquet`.

    Raises:
        InputError: no such format, or pyarrow is not installed.
    """
    require_format(format)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = _write_parquet(folder, tables) if format == "parquet" else _write_text(folder, tables)
    for name in NAMES:
        if name != path.name:
            remove_where_allowed(folder / name)
    return path


def _write_text(folder, tables):
    pieces = (piece for table in tables for piece in _pieces(table))
    first, rows = [], 0
    for piece in pieces:  # held as text until there are none left, or so many that the file is to be gzipped
        first.append(_text(piece))
        rows += len(piece)
        if rows > LARGE:
            break
    header = "\t".join(COLUMNS).encode() + b"\n"
    texts = itertools.chain([header], first, map(_text, pieces))
    path = folder / ("elements.tsv.gz" if rows > LARGE else "elements.tsv")
    with whole_file(path) as file:
        if rows > LARGE:
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:  # no name, no time: always the same bytes
                packed.writelines(texts)
        else:
            file.writelines(texts)
    return path


def _pieces(table):
    """A table in parts of few enough rows to be text in memory."""
    return (table[list(COLUMNS)].iloc[row : row + ROWS_AT_ONCE] for row in range(0, len(table), ROWS_AT_ONCE))


def _text(table):
    """Rows as UTF-8 without a header; a tab or line end in a name would move the fields, so they are escaped."""
    names = {name: table[name].map(_visible_names(table[name])) for name, kind in COLUMNS.items() if kind == "string"}
    text = table.assign(**names).to_csv(
        sep="\t", header=False, index=False, lineterminator="\n", float_format="%.9g", quoting=csv.QUOTE_NONE
    )
    return text.encode(errors="surrogateescape")


def _visible_names(names):
    return {name: visible(name) for name in names.unique()}


def _write_parquet(folder, tables):
    pyarrow, parquet = _import_pyarrow()
    schema = pyarrow.schema([(name, pyarrow.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    path = folder / "elements.parquet"
    with whole_file(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for table in tables:
            writer.write_table(pyarrow.Table.from_pandas(table[list(COLUMNS)], schema, preserve_index=False))
    return path


def _import_pyarrow():
    try:
        import pyarrow  # noqa: PLC0415 (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            "pyarrow, which writes Parquet, is not installed",
            argument="format",
            hint="get it with: pip install 'pyarrow>=18'",
        ) from error
    return pyarrow, parquet
