"""Tables of expression, tied to the rows of the genes table.

The published form has one row per row of the genes table and no gene ids; it is matched row by row, where the row
numbers in front bear that out. Every other form has gene ids, in a column of that heading or in front without one, and
is matched by them, whatever its order.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, parameter, shown
from spex.files.checks import require_file
from spex.inputs.ids import unversioned
from spex.inputs.tables import is_row_label, listed, other_separator, read_table, row_numbers

ID_COLUMNS = ("id", "gene_id")
ANNOTATION_COLUMNS = ("symbol", "gene_name", "gene_symbol", "Description", "description")
RSEM_COLUMNS = re.compile(
    r"transcript_ids?(\(s\))?|length|effective_length|expected_count|posterior_.+|"
    r".+_(ci_(lower|upper)_bound|coefficient_of_quartile_variation)"
)
"""What RSEM, and ENCODE's gene quantifications, have beside TPM and FPKM: no expression that compares between genes."""


GCT_PREAMBLE = 2
PANDAS_LABELS = re.compile(r"|Unnamed: \d+|index|level_0")
FORMS = "the published CSV (row number, then one column per tissue), or a .csv, .tsv or .gct with gene ids"


@dataclass(frozen=True)
class ExpressionFile:
    """Where things stand in an expression file, known from its header alone.

    preamble: number of lines before the header. tissues: tissue names in file order; target index 1 is the first of
    them, as in the published file, whose column 0 numbers the rows. columns: position of each tissue's column.
    id_columns: positions of columns with the heading of gene ids. label_columns: positions of the columns in front
    that hold row names or numbers; used where no heading tells the ids.
    """

    path: Path
    separator: str
    preamble: int
    id_columns: tuple[int, ...]
    label_columns: tuple[int, ...]
    tissues: tuple[str, ...]
    columns: tuple[int, ...]

    @property
    def paths(self):
        return [self.path]

    @property
    def has_id_column(self):
        return bool(self.id_columns)

    def read(self, targets, table, genes):
        """As `expression.read_expression`."""
        return _read(self, targets, table, genes)


@dataclass(frozen=True)
class Expression:
    """Expression of some genes, and how it was tied to them.

    values: DataFrame (genes found in the file, targets) of float64 in the file's unit, indexed by the genes' row
    numbers, one column per target index. rows: number of rows in the file. has_ids: whether gene ids tie them to genes,
    not row numbers. tie: the same in words.
    """

    values: pd.DataFrame
    rows: int
    has_ids: bool
    tie: str


def open_table(path):
    """Read the header of a table: .csv, .tsv, .txt or .gct, compressed (.gz, .bz2, .xz) or not.

    Returns: ExpressionFile.

    Raises:
        InputError: missing, not such a table, or without gene ids and without the published form's row numbers.
    """
    path = require_file(path, "expression", "expression")
    kind = Path(re.sub(r"\.(gz|bz2|xz)$", "", path.name, flags=re.IGNORECASE)).suffix.lower()
    separator = "," if kind == ".csv" else "\t"
    preamble = GCT_PREAMBLE if kind == ".gct" else 0
    header = read_table(path, "expression", separator, preamble=preamble, expected=FORMS, header_only=True).header
    find = _gct_columns if preamble else _table_columns
    id_columns, labels, columns = find(path, header, separator)
    if not columns:
        raise expression_error(path, f"no column of expression; found {listed(header)}", expected=FORMS)
    tissues = tuple(header[column] for column in columns)
    return ExpressionFile(path, separator, preamble, tuple(id_columns), tuple(labels), tissues, tuple(columns))


def _read(file, targets, table, genes):
    """As `expression.read_expression`, of an ExpressionFile."""
    columns = {target: file.columns[target - 1] for target in targets}
    ids = file.id_columns or file.label_columns
    wanted = sorted({*columns.values(), *ids})
    content = read_table(
        file.path, "expression", file.separator, preamble=file.preamble, expected=FORMS, columns=lambda header: wanted
    )
    if file.preamble:
        _check_gct_size(file, content)
    place = {column: number for number, column in enumerate(wanted)}
    labels = [content.column(place[column]) for column in ids]
    if file.id_columns:
        known = [label for label in labels if _holds_ids_of(label, genes if table is None else table)]
        rows, has_ids, tie = rows_by_id(file.path, (known or labels)[0], genes), True, "by its column of gene ids"
    else:
        rows, has_ids, tie = _rows_by_label(file, content, labels, table, genes)
    found = {}
    for target, column in columns.items():
        text = content.column(place[column]).iloc[rows.to_numpy()]
        values = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            first = bad.argmax()
            raise expression_error(
                file.path,
                f"{shown(file.tissues[target - 1])} of gene {shown(genes['id'][rows.index[first]])} (line "
                f"{content.lines[rows.iloc[first]]}) is '{shown(text.iloc[first])}'",
                expected="a number from 0 up",
                hint="correct the file or choose another target",
            )
        found[target] = values
    return Expression(pd.DataFrame(found, index=rows.index), len(content.rows), has_ids, tie)


def expression_error(path, found, **parts):
    """An InputError about an expression file. parts: as of InputError."""
    return InputError(found, argument="expression", subject=path, **parts)


def _gct_columns(path, header, separator):
    """Positions of ids and tissues under a .gct header: (row id,) Name, Description, one column per sample."""
    if "Name" not in header or "Description" not in header:
        raise expression_error(
            path,
            f"no columns Name and Description on line 3; found {listed(header)}{other_separator(header, separator)}",
            expected="a .gct file as GTEx gives it",
        )
    return [header.index("Name")], [], list(range(header.index("Description") + 1, len(header)))


def _check_gct_size(file, content):
    """Compare a .gct file with its second line, which tells the numbers of rows and samples."""
    version, size = (line.strip() for line in content.preamble)
    if version.split("\t")[0] != "#1.2":
        raise expression_error(
            file.path, f"line 1 is '{shown(version)}'", expected="#1.2, the version of .gct that GTEx gives"
        )
    numbers = size.split("\t")[:2]
    if numbers != [str(len(content.rows)), str(len(file.tissues))]:
        raise expression_error(
            file.path,
            f"line 2 tells '{shown(size)}' rows and samples, there are {len(content.rows)} and {len(file.tissues)}",
            expected="a whole file",
            hint="fetch it again, or correct the line if you took rows away",
        )


def _table_columns(path, header, separator):
    """Positions of ids (none where no heading tells), row labels and tissues under the header of a .csv or .tsv."""
    ids = [column for column, name in enumerate(header) if name in ID_COLUMNS]
    if ids:
        columns = [
            column
            for column, name in enumerate(header)
            if name not in {*ID_COLUMNS, *ANNOTATION_COLUMNS}
            and not RSEM_COLUMNS.fullmatch(name)
            and not (is_row_label(name) if column < ids[0] else PANDAS_LABELS.fullmatch(name))
        ]
        return ids, [], columns
    labels = 0
    while labels < len(header) and is_row_label(header[labels]):
        labels += 1
    if labels == 0:
        raise expression_error(
            path,
            "neither an id column nor the published form's unnamed row numbers in front; found columns "
            f"{listed(header)}{other_separator(header, separator)}",
            expected=FORMS,
            hint="a column of gene ids is called id",
        )
    return [], list(range(labels)), list(range(labels, len(header)))


def _rows_by_label(file, content, labels, table, genes):
    """Position in the file of each gene, by what stands in front of the tissues: row numbers or gene ids.

    labels: columns of text; of several, each must tell the same. Returns: the positions, whether by ids, and in words.
    """
    numbers = [row_numbers(label) for label in labels]
    others = [label for label, number in zip(labels, numbers, strict=True) if number is None]
    for label in others:
        if _holds_ids_of(label, genes if table is None else table):
            return rows_by_id(file.path, label, genes), True, "by the gene ids in front"
    if others:
        raise expression_error(
            file.path,
            f"its first column, which has no heading of its own, {_not_row_numbers(content, others[0])}",
            expected="row numbers (0 to n - 1, or 1 to n), or ids of the genes table",
            hint="a column of other ids needs the heading id",
        )
    if table is None:
        raise expression_error(
            file.path,
            "no gene ids, and these genes are not rows of a genes table under the numbers of read_genes",
            expected="a column id, or genes as read_genes gives them",
        )
    if len(content.rows) != len(table):
        raise expression_error(
            file.path,
            f"{len(content.rows):,} rows, but the genes table has {len(table):,}; a file without gene ids is matched "
            "row by row",
            hint=f"give the file made for this {parameter('genes')}, or one with an id column",
        )
    for number in numbers:
        moved = np.flatnonzero(number != table["number"].to_numpy())
        if len(moved):
            row = moved[0]
            raise expression_error(
                file.path,
                "its row numbers are in another order than those of the genes table: line "
                f"{content.lines[row]} has {number[row]} (counted from 0)",
                expected=f"{table['number'].iloc[row]}",
                hint="which of the two was sorted is not known: sort both by their row numbers, or give the file an id "
                "column",
            )
    return pd.Series(genes.index, index=genes.index), False, "by its row numbers, which are in the table's order"


def _holds_ids_of(label, table):
    """Whether a column of text holds an id of the genes table."""
    return unversioned(label).isin(unversioned(table["id"].dropna())).any()


def _not_row_numbers(content, label):
    """What a column holds instead of row numbers, in words: the first ones that do not go on from the one before."""
    values = pd.to_numeric(label, errors="coerce").to_numpy(np.float64)
    if np.isnan(values).any() or values.size == 0:
        return f"holds {listed(label.head(3))}, ..."
    steps = np.flatnonzero(values[1:] != values[:-1] + 1)
    place = int(steps[0]) + 1 if len(steps) else 0
    return f"holds {shown(label.iloc[place])} on line {content.lines[place]}, which is out of order"


def rows_by_id(path, ids, genes):
    """Position in the file of each gene whose id is there; versions of Ensembl ids (.12) are passed over."""
    ids = unversioned(ids)
    if ids.duplicated().any():
        raise expression_error(
            path,
            f"gene id '{shown(ids[ids.duplicated()].iloc[0])}' occurs twice (versions are passed over)",
            expected="one row per gene",
        )
    rows = unversioned(genes["id"]).map(pd.Series(ids.index, index=ids)).dropna().astype("int64")
    if rows.duplicated().any():
        twice = genes["id"][rows.index[rows.duplicated(keep=False)]]
        raise InputError(
            f"the genes table holds {listed(twice.head(2))}, one gene but for its version", expected="one row per gene"
        )
    if 2 * len(rows) < len(genes):
        raise expression_error(
            path,
            f"{len(rows):,} of the {len(genes):,} genes are in its id column (it holds {listed(ids.head(3))}, ...)",
            expected=f"at least half of ids like {genes['id'].iloc[0]}",
        )
    return rows
