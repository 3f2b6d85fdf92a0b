"""Which regions regulate which genes, as CRISPR screens found: pairs of an element and a gene."""

from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.files.checks import require_file
from spex.inputs.tables import listed, other_separator, read_table

COLUMNS = ("chrom", "chromStart", "chromEnd", "measuredGeneSymbol", "Regulated")
"""Of the public benchmark's table; its others are passed over."""
SEPARATOR = "\t"
REGULATED = {"TRUE": True, "FALSE": False, "1": True, "0": False}
EXPECTED = f"a tab-separated table with the columns {', '.join(COLUMNS)}"


def read_crispr_pairs(path):
    """Read tested pairs of an element and a gene.

    path: tab-separated under a header, compressed or not, positions 0-based half-open.

    Returns: DataFrame in the order of the file: chrom, start, end (int64, 0-based half-open), gene (symbol),
    regulated (bool).

    Raises:
        InputError: no such file, not such a table, columns are missing (names those found), a position is no whole
            number or Regulated neither TRUE, FALSE, 1 nor 0.
    """
    path = Path(path)
    about = {"argument": "benchmark", "subject": path}
    table = read_table(
        require_file(path, "benchmark"),
        "benchmark",
        SEPARATOR,
        expected=EXPECTED,
        columns=lambda header: _places(header, about),
    )
    if not table.rows:
        raise InputError("no pair of an element and a gene in it", **about, expected=EXPECTED)
    columns = {name: table.column(place) for place, name in enumerate(COLUMNS)}
    starts, ends = (_positions(columns[name], name, table.lines, about) for name in ("chromStart", "chromEnd"))
    _refuse(ends <= starts, columns["chromEnd"], "chromEnd", table.lines, about, "a position behind chromStart")
    regulated = columns["Regulated"].str.upper().map(REGULATED)
    _refuse(regulated.isna(), columns["Regulated"], "Regulated", table.lines, about, "TRUE, FALSE, 1 or 0")
    pairs = {"chrom": columns["chrom"], "start": starts, "end": ends, "gene": columns["measuredGeneSymbol"]}
    return pd.DataFrame(pairs | {"regulated": regulated.astype(bool)})


def _places(header, about):
    """The columns' places in the header, whose first name may have a # in front."""
    names = [header[0].removeprefix("#"), *header[1:]]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(
            f"no column {', '.join(missing)}; found {listed(names)}{other_separator(header, SEPARATOR)}",
            **about,
            expected=EXPECTED,
        )
    return [names.index(name) for name in COLUMNS]


def _positions(texts, name, lines, about):
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    bad = ~((numbers >= 0) & (numbers < 2**31) & (numbers == np.floor(numbers)))
    _refuse(bad, texts, name, lines, about, "a position, a whole number from 0 up")
    return numbers.astype(np.int64)


def _refuse(bad, texts, name, lines, about, expected):
    bad = np.asarray(bad)
    if bad.any():
        place = int(bad.argmax())
        raise InputError(f"{name} on line {lines[place]} is '{shown(texts[place])}'", **about, expected=expected)
