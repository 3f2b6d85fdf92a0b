"""The table of elements as one file."""

from spex.reports.streamed_tables import write_tables

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

LARGE = 1_000_000
"""Rows; text of more is gzipped."""


def write_elements(folder, tables, format="tsv"):
    """Write elements as one file that appears whole, in the place of one from before.

    tables: iterable of DataFrames with COLUMNS, in the order of the file. folder, format: as of `write_tables`.

    Returns: path of `elements.tsv`, `elements.tsv.gz` (more than LARGE rows) or `elements.parquet`.

    Raises:
        InputError: no such format, or pyarrow is not installed.
    """
    return write_tables(folder, "elements", tables, COLUMNS, format, gzip_past=LARGE)
