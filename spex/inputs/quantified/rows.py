"""Which row of an expression file is which gene: by ids, or by row numbers that are those of the genes table."""

import numpy as np
import pandas as pd

from spex.errors import InputError, parameter, shown
from spex.inputs.ids import TRANSCRIPT, unversioned
from spex.inputs.quantified.tools import SUMMARY
from spex.inputs.quantified.values import expression_error
from spex.inputs.tables import listed, row_numbers

FEW = 0.01
"""Share of the genes that may be there twice, and are left out; more are refused."""


def rows_by_id(path, ids, genes, account):
    """Position in the file of each gene whose id is there; versions of Ensembl ids (.12) do not count.

    ids: Series of text, one a row. genes: with `id`, indexed by row number. account: counts what the rows are used for.

    Returns: Series of int64, indexed as the genes.

    Raises:
        InputError: a gene that is there twice, or fewer than half of the genes.
    """
    ids, wanted = unversioned(ids), unversioned(genes["id"])
    twice = ids[ids.duplicated(keep=False) & ids.isin(wanted)]
    if twice.nunique() > FEW * len(wanted):
        raise expression_error(
            path,
            f"gene id '{shown(twice.iloc[0])}' occurs twice (versions do not count)",
            expected="one row per gene",
        )
    account.leave_out("of genes that are there twice", len(twice), twice.unique())
    known = ids[ids.isin(wanted) & ~ids.isin(twice)]
    rows = wanted.map(pd.Series(known.index, index=known)).dropna().astype("int64")
    if rows.duplicated().any():
        named = genes["id"][rows.index[rows.duplicated(keep=False)]]
        raise InputError(
            f"the genes table holds {listed(named.head(2))}, one gene but for its version", expected="one row per gene"
        )
    if 2 * len(rows) < len(genes):
        raise expression_error(
            path,
            f"{len(rows):,} of the {len(genes):,} genes are in its id column (it holds {listed(ids.head(3))}, ...)",
            expected=f"at least half of ids like {genes['id'].iloc[0]}",
            hint=_other_ids(ids, genes),
        )
    _count(account, ids, len(known))
    if len(rows) < len(genes):
        account.notes.append(f"{len(genes) - len(rows):,} genes are not in it")
    return rows


def _count(account, ids, used):
    """Count the rows that are used, and the others by what their ids are."""
    summary, empty = ids.str.fullmatch(SUMMARY, na=False), ids.fillna("").eq("")
    account.used = used
    account.leave_out("of reads of no gene", summary.sum(), ids[summary].unique())
    account.leave_out("without an id", empty.sum())
    account.leave_out("of genes that are not used", len(ids) - used - sum(account.left_out.values()))


def _other_ids(ids, genes):
    """What ids are that are not those of the genes, and what to do, in words; None where it is not known."""
    if ids.str.fullmatch(TRANSCRIPT, na=False).mean() > 0.5:
        return "they are ids of transcripts: sum them over genes first, as tximport does"
    if "symbol" in genes and genes["symbol"].isin(ids).mean() > 0.5:
        return "they are symbols: write the ids of the genes in their place"
    return None


def rows_by_label(path, content, labels, table, genes, account):
    """Position in the file of each gene, by what stands in front of the tissues: row numbers or gene ids.

    content: Table. labels: columns of text; of several, each must say the same. table: the whole genes table, or None.
    account: as of `rows_by_id`.

    Returns: the positions, and whether by ids.
    """
    numbers = [row_numbers(label) for label in labels]
    others = [label for label, number in zip(labels, numbers, strict=True) if number is None]
    for label in others:
        if has_ids_of(label, genes if table is None else table):
            return rows_by_id(path, label, genes, account), True
    if others:
        raise expression_error(
            path,
            f"its first column, which has no heading of its own, {_not_row_numbers(content, others[0])}",
            expected="row numbers (0 to n - 1, or 1 to n), or ids of the genes table",
            hint="a column of other ids needs the heading id",
        )
    _check_row_numbers(path, content, numbers, table)
    account.used = len(genes)
    account.leave_out("of genes that are not used", len(content.rows) - len(genes))
    return pd.Series(genes.index, index=genes.index), False


def _check_row_numbers(path, content, numbers, table):
    """Compare the row numbers of a file with those of the genes table.

    Raises:
        InputError: there is no such table, it has another number of rows, or they are in another order.
    """
    if table is None:
        raise expression_error(
            path,
            "no gene ids, and these genes are not rows of a genes table under the numbers of read_genes",
            expected="a column id, or genes as read_genes gives them",
        )
    if len(content.rows) != len(table):
        raise expression_error(
            path,
            f"{len(content.rows):,} rows, but the genes table has {len(table):,}; a file without gene ids is matched "
            "row by row",
            hint=f"give the file made for this {parameter('genes')}, or one with an id column",
        )
    for number in numbers:
        moved = np.flatnonzero(number != table["number"].to_numpy())
        if len(moved):
            row = moved[0]
            raise expression_error(
                path,
                "its row numbers are in another order than those of the genes table: line "
                f"{content.lines[row]} has {number[row]} (counted from 0)",
                expected=f"{table['number'].iloc[row]}",
                hint="which of the two was sorted is not known: sort both by their row numbers, or give the file an id "
                "column",
            )


def has_ids_of(label, table):
    """Whether a column of text contains an id of the genes table."""
    return unversioned(label).isin(unversioned(table["id"].dropna())).any()


def _not_row_numbers(content, label):
    """What a column contains instead of row numbers, in words: the first ones that do not go on from the one before."""
    values = pd.to_numeric(label, errors="coerce").to_numpy(np.float64)
    if np.isnan(values).any() or values.size == 0:
        return f"holds {listed(label.head(3))}, ..."
    steps = np.flatnonzero(values[1:] != values[:-1] + 1)
    place = int(steps[0]) + 1 if len(steps) else 0
    return f"holds {shown(label.iloc[place])} on line {content.lines[place]}, which is out of order"
