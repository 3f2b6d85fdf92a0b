"""Expression files: the forms that labs hand around, tied to the rows of the genes table.

The published form has one row per row of the genes table and no gene ids, so it is matched by row number. Every other
form has an id column and is matched by Ensembl gene id, whatever its order.
"""

import csv
import difflib
import fnmatch
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError
from spex.storage import require_file

OPTION = "--gene_expression_filename"
ID_COLUMNS = ("id", "gene_id")
ANNOTATION_COLUMNS = ("symbol", "gene_name", "gene_symbol", "Description", "description")
PUBLISHED_TARGET = "22"
NAMED_AT_ONCE = 20
UNREADABLE = (UnicodeDecodeError, gzip.BadGzipFile, EOFError, zlib.error, csv.Error)


@dataclass(frozen=True)
class ExpressionFile:
    """Where things stand in an expression file, known from its header alone.

    tissues: tissue names in file order; target index 1 is the first of them, as in the published file, whose column 0
    numbers the rows. columns: position of each tissue's column. id_column: position of the gene ids, None in the
    published form.
    """

    path: Path
    separator: str
    header_line: int
    id_column: int | None
    tissues: tuple[str, ...]
    columns: tuple[int, ...]


def open_expression(path):
    """Read the header of an expression file: .csv, .tsv, .txt or .gct, gzipped or not.

    Returns: ExpressionFile.

    Raises:
        InputError: missing, not such a table, or without gene ids and without the published form's row numbers.
    """
    path = require_file(path, OPTION, "expression")
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    separator = "," if kind == ".csv" else "\t"
    header_line = 2 if kind == ".gct" else 0
    try:
        with _open_text(path) as file:
            lines = csv.reader(file, delimiter=separator)
            for _ in range(header_line):
                next(lines)
            header = next(lines)
    except (*UNREADABLE, StopIteration) as error:
        raise InputError(f"{OPTION} {path}: no readable table header ({error!r}); expected {_forms()}") from error
    id_column, columns = _gct_columns(path, header) if kind == ".gct" else _table_columns(path, header)
    if not columns:
        raise InputError(f"{OPTION} {path}: no column of expression; found {_listed(header)}; expected {_forms()}")
    return ExpressionFile(path, separator, header_line, id_column, tuple(header[c] for c in columns), tuple(columns))


def select_targets(file, indices=None, patterns=None):
    """The targets that the user named.

    file: ExpressionFile. indices: texts like "22", "1-53", "1,5-9" or "all". patterns: tissue names or shell patterns
    ("Brain*"), in any case. Without either: index 22, EBV-transformed lymphocytes in the published file.

    Returns: list of target indices, from 1, in file order.

    Raises:
        InputError: an index or a name that the file does not have; offers those that it has.
    """
    if not indices and not patterns:
        indices = [PUBLISHED_TARGET]
    parts = [part for text in indices or [] for part in text.split(",")]
    chosen = {index for part in parts for index in _indices(file, part.strip())}
    chosen.update(index for pattern in patterns or [] for index in _matching(file, pattern))
    return sorted(chosen)


def _indices(file, part):
    """Target indices of one "22", "1-53" or "all"."""
    last = len(file.tissues)
    if part == "all":
        return range(1, last + 1)
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", part, re.ASCII)
    first, end = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= end <= last:
        numbered = _listed(f"{index} {name}" for index, name in enumerate(file.tissues, start=1))
        raise InputError(
            f"--target_index {part}: {file.path} has 1 to {last} ({numbered}); expected an index like 1, a range like "
            f"1-{last}, or all; train.py --list_targets shows every one"
        )
    return range(first, end + 1)


def _matching(file, pattern):
    """Target indices of the tissues that a name or shell pattern fits; the very name counts before patterns."""
    exact = [index for index, name in enumerate(file.tissues, start=1) if name == pattern]
    lowered = pattern.lower()
    found = exact or [
        index for index, name in enumerate(file.tissues, start=1) if fnmatch.fnmatchcase(name.lower(), lowered)
    ]
    if not found:
        by_lowered = {name.lower(): name for name in file.tissues}
        near = [by_lowered[name] for name in difflib.get_close_matches(lowered, by_lowered, n=3, cutoff=0.3)]
        nearest = f"nearest: {'; '.join(near)}; " if near else ""
        raise InputError(
            f"--target {pattern!r}: no such tissue in {file.path}; {nearest}train.py --list_targets shows all "
            f'{len(file.tissues)}; patterns like "Brain*" work too'
        )
    return found


def read_expression(file, targets, table, genes):
    """Expression of the chosen tissues in the genes that the file knows.

    file: ExpressionFile. targets: target indices, from 1. table: the whole genes table, whose row numbers the
    published form follows. genes: the genes in question, indexed by original row number, with `id`.

    Returns: DataFrame (genes found in the file, targets) of float64 in the file's unit, indexed as `genes`, one
    column per target index.

    Raises:
        InputError: rows that do not fit the genes table, ids that occur twice or match fewer than half of the genes,
            or values that are missing, negative or not numbers.
    """
    columns = {target: file.columns[target - 1] for target in targets}
    content = _read_columns(file, sorted({*columns.values(), *([] if file.id_column is None else [file.id_column])}))
    rows = _rows_by_number(file, content, table, genes) if file.id_column is None else _rows_by_id(file, content, genes)
    found = {}
    for target, column in columns.items():
        text = content[column].iloc[rows.to_numpy()]
        values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            first = bad.argmax()
            raise InputError(
                f"{OPTION} {file.path}: {file.tissues[target - 1]} of gene {genes['id'][rows.index[first]]} (line "
                f"{rows.iloc[first] + file.header_line + 2}) is {text.iloc[first]!r}; expected a number from 0 up; "
                f"correct the file or choose another target"
            )
        found[target] = values
    return pd.DataFrame(found, index=rows.index)


def _open_text(path):
    opener = gzip.open if path.name.endswith(".gz") else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _forms():
    return "the published CSV (row number, then one column per tissue), or a .csv, .tsv or .gct with gene ids"


def _listed(names):
    """The first names of a list, and how many more there are."""
    names = list(names)
    more = len(names) - NAMED_AT_ONCE
    return ", ".join(map(str, names[:NAMED_AT_ONCE])) + (f" and {more} more" if more > 0 else "") or "none"


def _gct_columns(path, header):
    """Positions of ids and tissues under a .gct header: (row id,) Name, Description, one column per sample."""
    if "Name" not in header or "Description" not in header:
        raise InputError(
            f"{OPTION} {path}: no columns Name and Description on line 3; found {_listed(header)}; expected a .gct "
            f"file as GTEx gives it"
        )
    return header.index("Name"), list(range(header.index("Description") + 1, len(header)))


def _table_columns(path, header):
    """Positions of ids (None in the published form) and tissues under the header of a .csv or .tsv."""
    id_column = next((header.index(name) for name in ID_COLUMNS if name in header), None)
    if id_column is not None:
        skipped = {*ID_COLUMNS, *ANNOTATION_COLUMNS, ""}
        return id_column, [column for column, name in enumerate(header) if name not in skipped]
    if header and header[0] in ("", "Unnamed: 0"):
        return None, list(range(1, len(header)))
    raise InputError(
        f"{OPTION} {path}: neither an id column nor the published form's unnamed row numbers in front; found columns "
        f"{_listed(header)}; expected {_forms()}"
    )


def _read_columns(file, columns):
    """The texts of the given columns, every row of the file: DataFrame with the columns' positions as names."""
    rows = []
    try:
        with _open_text(file.path) as text:
            lines = csv.reader(text, delimiter=file.separator)
            header = [next(lines) for _ in range(file.header_line + 1)][-1]
            for line in lines:
                if len(line) not in (0, len(header)):
                    raise InputError(
                        f"{OPTION} {file.path}: {len(line)} fields on line {lines.line_num}, {len(header)} in the "
                        f"header; expected the same number on every line"
                    )
                if line:
                    rows.append([line[column] for column in columns])
    except UNREADABLE as error:
        raise InputError(f"{OPTION} {file.path}: not a readable table ({error!r}); expected {_forms()}") from error
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _rows_by_number(file, content, table, genes):
    """Position in the file of each gene: its original row number in the genes table."""
    if len(content) != len(table):
        raise InputError(
            f"{OPTION} {file.path}: {len(content):,} rows, but the genes table has {len(table):,}; a file without gene "
            f"ids is matched row by row: give the file made for this --genes_filename, or one with an id column"
        )
    return pd.Series(genes.index, index=genes.index)


def _rows_by_id(file, content, genes):
    """Position in the file of each gene whose id is there; versions of Ensembl ids (.12) are passed over."""
    ids = unversioned(content[file.id_column])
    if ids.duplicated().any():
        raise InputError(
            f"{OPTION} {file.path}: gene id {ids[ids.duplicated()].iloc[0]!r} occurs twice (versions are passed over); "
            f"expected one row per gene"
        )
    rows = unversioned(genes["id"]).map(pd.Series(ids.index, index=ids)).dropna().astype("int64")
    if 2 * len(rows) < len(genes):
        raise InputError(
            f"{OPTION} {file.path}: {len(rows):,} of the {len(genes):,} genes are in its id column (it holds "
            f"{_listed(ids.head(3))}, ...); expected at least half of ids like {genes['id'].iloc[0]}"
        )
    return rows


def unversioned(ids):
    """Ensembl gene ids without their version: ENSG00000223972.5 -> ENSG00000223972; other ids as they are."""
    return ids.str.replace(r"^(ENS[A-Z]*G\d+)\.\d+$", r"\1", regex=True)
