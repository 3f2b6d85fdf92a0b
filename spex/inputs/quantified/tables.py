"""Tables of expression, tied to the rows of the genes table.

The published form has one row per row of the genes table and no gene ids; it is matched row by row, where the row
numbers in front bear that out. Every other form has gene ids, in a column of that heading or in front without one, and
is matched by them, whatever its order. Forms of single tools are in `tools`.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.ids import ENSEMBL, unversioned
from spex.inputs.opening import beginning
from spex.inputs.quantified.rows import rows_by_id, rows_by_label
from spex.inputs.quantified.tools import ID_HEADINGS, SUMMARY, may_be_tissue, plain, tool_of
from spex.inputs.quantified.values import (
    Expression,
    expression_error,
    hint_of,
    looks_logarithmic,
    refuse_named_logarithms,
)
from spex.inputs.tables import (
    comment_lines,
    contains_labels,
    is_row_label,
    is_unnamed,
    listed,
    other_separator,
    read_table,
    row_numbers,
)

GCT, GCT_PREAMBLE = "#1.2", 2
"""The version of .gct that GTEx gives, and its lines before the header."""
FORMS = "the published CSV (row number, then one column per tissue), or a .csv, .tsv or .gct with gene ids"
SUFFIX = re.compile(
    r"(\.genes\.results|\.sf|\.fpkm_tracking|\.counts|\.tab|\.tsv|\.txt|\.csv)(\.(gz|bz2|xz))?$", re.IGNORECASE
)


@dataclass(frozen=True)
class ExpressionFile:
    """Where things stand in an expression file, known from its header, and from columns whose heading may be a label's.

    preamble: number of lines before the header. tissues: tissue names in file order; target index 1 is the first of
    them, as in the published file, whose column 0 numbers the rows. columns: position of each tissue's column.
    id_columns: positions of columns with the heading of gene ids. label_columns: positions of the columns in front
    with row names or numbers; used where no heading names the ids. header: of a file that has none. is_gct:
    whether its second line has its size. notes: what it is, and which columns are ignored, in words.
    """

    path: Path
    separator: str
    preamble: int
    id_columns: tuple[int, ...]
    label_columns: tuple[int, ...]
    tissues: tuple[str, ...]
    columns: tuple[int, ...]
    header: tuple[str, ...] | None = None
    is_gct: bool = False
    notes: tuple[str, ...] = ()

    @property
    def paths(self):
        return [self.path]

    @property
    def has_id_column(self):
        return bool(self.id_columns)

    def read(self, targets, table, genes):
        """As `expression.read_expression`."""
        return _read(self, targets, table, genes)


def open_table(path):
    """Read the header of a table: .csv, .tsv, .txt or .gct, compressed (.gz, .bz2, .xz) or not.

    Returns: ExpressionFile.

    Raises:
        InputError: missing, not such a table, without gene ids and without the published form's row numbers, or the
            table of a tool that has no expression of genes.
    """
    path = require_file(path, "expression", "expression")
    kind = Path(re.sub(r"\.(gz|bz2|xz)$", "", path.name, flags=re.IGNORECASE)).suffix.lower()
    is_gct = kind == ".gct" or beginning(path, 3) == b"#1."
    separator = "," if kind == ".csv" and not is_gct else "\t"
    preamble = GCT_PREAMBLE if is_gct else comment_lines(path, separator)
    start = read_table(path, "expression", separator, preamble=preamble, expected=FORMS, header_only=True)
    header, tool = start.header, tool_of(start.header)
    given, labels = None, []
    if is_gct:
        ids, columns = _gct_columns(path, start, separator)
    elif tool is not None:
        ids, columns = _tool_columns(path, header, tool)
    elif _has_no_header(path, separator, header, preamble):
        given, ids, columns = ["id", SUFFIX.sub("", path.name)], [0], [1]
    else:
        ids, labels, columns = _table_columns(path, header, separator, preamble)
    if not columns:
        raise expression_error(path, f"no column of expression; found {listed(header)}", expected=FORMS)
    tissues = tuple((given or header)[column] for column in columns)
    used = {*ids, *columns, *([] if ids else labels)}
    others = [name for place, name in enumerate(header) if place not in used and not is_unnamed(name)]
    notes = [*([tool.what] if tool else []), *([f"columns ignored: {listed(others)}"] if others else [])]
    return ExpressionFile(
        path,
        separator,
        preamble,
        id_columns=tuple(ids),
        label_columns=tuple(labels),
        tissues=tissues,
        columns=tuple(columns),
        header=given and tuple(given),
        is_gct=is_gct,
        notes=tuple(notes),
    )


def _read(file, targets, table, genes):
    """As `expression.read_expression`, of an ExpressionFile."""
    columns = {target: file.columns[target - 1] for target in targets}
    ids = file.id_columns or file.label_columns
    wanted = sorted({*columns.values(), *ids})
    content = read_table(
        file.path,
        "expression",
        file.separator,
        preamble=file.preamble,
        expected=FORMS,
        columns=lambda header: wanted,
        header=file.header and list(file.header),
    )
    if file.is_gct:
        _check_gct_size(file, content)
    place = {column: number for number, column in enumerate(wanted)}
    labels = [content.column(place[column]) for column in ids]
    account = Account(str(file.path))
    if file.id_columns:
        known = unversioned((genes if table is None else table)["id"].dropna())
        chosen = max(labels, key=lambda label: unversioned(label).isin(known).sum())  # the first of several alike
        rows, has_ids, tie = rows_by_id(file.path, chosen, genes, account), True, "by its column of gene ids"
    else:
        rows, has_ids = rows_by_label(file.path, content, labels, table, genes, account)
        tie = "by the gene ids in front" if has_ids else "by its row numbers, which are in the table's order"
    account.notes = [f"tied to the genes table {tie}", *account.notes, *file.notes]
    found, logarithmic = {}, {}
    for target, column in columns.items():
        tissue, texts = file.tissues[target - 1], content.column(place[column])
        values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        refuse_named_logarithms(file.path, tissue, values)
        found[target] = _expression_of(file, tissue, genes, rows, texts, values, content.lines)
        if looks_logarithmic(values):
            logarithmic[tissue] = float(np.nanmax(values))
    return Expression(pd.DataFrame(found, index=rows.index), account, has_ids, logarithmic)


def _expression_of(file, tissue, genes, rows, texts, values, lines):
    """Values of the genes in one tissue. texts, values: of all rows; NaN where there is no number.

    Raises:
        InputError: one is no number from 0 up.
    """
    chosen = values[rows.to_numpy()]
    bad = ~(np.isfinite(chosen) & (chosen >= 0))
    if bad.any():
        first = bad.argmax()
        row = rows.iloc[first]
        raise expression_error(
            file.path,
            f"{shown(tissue)} of gene {shown(genes['id'][rows.index[first]])} (line {lines[row]}) is "
            f"'{shown(texts.iloc[row])}'",
            expected="a number from 0 up",
            hint=hint_of(values),
        )
    return chosen


def _gct_columns(path, start, separator):
    """Positions of ids and tissues under a .gct header: (row id,) Name, Description, one column per sample."""
    version = start.preamble[0].strip().split("\t")[0]
    if version != GCT:
        raise expression_error(
            path,
            f"line 1 is '{shown(version)}'",
            expected=f"{GCT}, the version of .gct that GTEx gives",
            hint="of #1.3 write the matrix as #1.2, or as a table with a column id",
        )
    names = [name.lower() for name in start.header]
    if "name" not in names or "description" not in names:
        found = f"found {listed(start.header)}{other_separator(start.header, separator)}"
        raise expression_error(
            path, f"no columns Name and Description on line 3; {found}", expected="a .gct file as GTEx gives it"
        )
    return [names.index("name")], list(range(names.index("description") + 1, len(names)))


def _check_gct_size(file, content):
    """Compare a .gct file with its second line, which has the numbers of rows and samples."""
    size = content.preamble[1].strip()
    if size.split("\t")[:2] != [str(len(content.rows)), str(len(file.tissues))]:
        raise expression_error(
            file.path,
            f"line 2 tells '{shown(size)}' rows and samples, there are {len(content.rows)} and {len(file.tissues)}",
            expected="a whole file",
            hint="fetch it again, or correct the line if you took rows away",
        )


def _tool_columns(path, header, tool):
    """Positions of ids and tissues in the table of a tool."""
    if tool.refusal:
        raise expression_error(path, f"{tool.what}, no expression of genes", expected=FORMS, hint=tool.refusal)
    columns = [
        place
        for place, name in enumerate(header)
        if (re.fullmatch(tool.tissues, name) if tool.tissues else may_be_tissue(name)) and name != tool.ids
    ]
    return [header.index(tool.ids)], columns


def _table_columns(path, header, separator, preamble):
    """Positions of ids (none where no heading names them), row labels and tissues under the header of another table."""

    @functools.cache
    def column(place):
        content = read_table(
            path, "expression", separator, preamble=preamble, expected=FORMS, columns=lambda header: [place]
        )
        return content.column(0)

    ids = [place for place, name in enumerate(header) if plain(name) in ID_HEADINGS]
    labels = _labels(header, ids, column)
    if not ids and not labels:
        raise expression_error(
            path,
            "neither an id column nor the published form's unnamed row numbers in front; found columns "
            f"{listed(header)}{other_separator(header, separator)}",
            expected=FORMS,
            hint="a column of gene ids is called id",
        )
    columns = [place for place, name in enumerate(header) if place not in {*ids, *labels} and may_be_tissue(name)]
    return ids, labels, columns


def _labels(header, ids, column):
    """Positions of columns with row names or numbers. ids: of columns of ids. column: position -> its texts.

    A column without a heading is none that anyone could name, and the first one is a label by what programs call it.
    X, V1 and index behind it may be samples: what they contain decides.
    """
    labels = []
    for place, name in enumerate(header):
        if not is_row_label(name):
            if ids:
                continue
            break  # without a heading for ids they all stand in front
        if is_unnamed(name) or (place == 0 and not ids):
            labels.append(place)
            continue
        behind_ids = any(each < place for each in ids) if ids else row_numbers(column(0)) is None
        if contains_labels(column(place), behind_ids=behind_ids):
            labels.append(place)
    return labels


def _has_no_header(path, separator, header, preamble):
    """Whether a file is one of HTSeq: two columns, genes and counts, from its first line on.

    Raises:
        InputError: it begins with a gene and its numbers, and is none.
    """
    numbers = pd.to_numeric(pd.Series(header[1:], dtype=object), errors="coerce").notna()
    if len(header) < 2 or not numbers.all():
        return False
    if len(header) == 2:
        content = read_table(
            path,
            "expression",
            separator,
            preamble=preamble,
            expected=FORMS,
            columns=lambda header: [0],
            header=list(header),
        )
        first = content.column(0)
        are_ids = ENSEMBL.fullmatch(header[0]) and first.str.fullmatch(ENSEMBL).mean() > 0.5
        if are_ids or first.str.fullmatch(SUMMARY).any():
            return True
    if not (SUMMARY.fullmatch(header[0]) or ENSEMBL.fullmatch(header[0])):
        return False
    raise expression_error(
        path,
        f"no headings: it begins with {listed(header[:4])}"
        + (", as the counts of STAR do" if SUMMARY.fullmatch(header[0]) else ""),
        expected=FORMS,
        hint="put a line in front with id and the names of the samples",
    )
