"""Values of expression, tied to genes by ids or row numbers, and checked: numbers from 0 up, no logarithms, not scaled.

Expression of a whole transcriptome has genes far above 25, in TPM, FPKM and counts alike; its logarithms have none.
"""

import logging
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, parameter, shown
from spex.inputs.account import FEW, Account
from spex.inputs.normalise import TRANSCRIPT, unversioned
from spex.inputs.text_tables import numbers_of, row_numbers

LARGEST_LOGARITHM = 25
"""log2 of 33 million; no TPM reaches it."""
WIDEST_LOGARITHMS = 500
"""Largest over median of logarithms above 0, at the most: shares and other small units are wider."""
MANY = 0.05
"""Share of negative values from which on they are no mistake in a cell."""
BACK = "give linear values; 2 ** value - 1 takes log2(TPM + 1) back"

SUMMARY = re.compile(r"__.*|N_(unmapped|multimapping|noFeature|ambiguous)")
"""Ids of the rows, after or before the genes, in which HTSeq and STAR count reads of no gene."""

LOGARITHM = re.compile(
    r"(^|[^a-z]|tpm|fpkm|rpkm|cpm|counts?|expr|expression)r?log_?(2|10|1p|p1|e|n)?_?"
    r"(tpm|fpkm|rpkm|cpm|counts?|expr|expression|norm|normali[sz]ed)?([^a-z0-9]|$)",
    re.IGNORECASE,
)
"""Headings and names of files that say logarithm: log2_TPM, logcounts, x_log, TPMLogp1."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Expression:
    """Expression of some genes, and how it was tied to them.

    values: DataFrame (genes found in the file, targets) of float64 in the file's unit, indexed by the genes' row
    numbers, one column per target index. account: of the rows of the file. has_ids: whether gene ids tie them to
    genes, not row numbers. logarithmic: tissue -> largest value, of those that look like logarithms.
    """

    values: pd.DataFrame
    account: Account
    has_ids: bool
    logarithmic: dict[str, float]


def expression_error(path, found, **parts):
    """An InputError about an expression file. parts: as of InputError."""
    return InputError(found, argument="expression", subject=path, **parts)


def rows_by_id(path, ids, genes, account):
    """Position in the file of each gene whose id is there; versions of Ensembl ids (.12) do not count.

    ids: Series of text, one a row. genes: with `id`, indexed by row number. account: counts what the rows are used for.

    Returns: Series of int64, indexed as the genes.
    """
    ids, wanted = unversioned(ids), unversioned(genes["id"])
    twice = ids[ids.duplicated(keep=False) & ids.isin(wanted)]
    if twice.nunique() > FEW * len(wanted):
        found = f"gene id '{shown(twice.iloc[0])}' occurs twice (versions do not count)"
        raise expression_error(path, found, expected="one row per gene")
    account.leave_out("of genes that are there twice", len(twice), twice.unique())
    known = ids[ids.isin(wanted) & ~ids.isin(twice)]
    rows = wanted.map(pd.Series(known.index, index=known)).dropna().astype("int64")
    if rows.duplicated().any():
        named = genes["id"][rows.index[rows.duplicated(keep=False)]]
        found = f"the genes table contains {listed(named.head(2))}, one gene but for its version"
        raise InputError(found, expected="one row per gene")
    if 2 * len(rows) < len(genes):
        raise expression_error(
            path,
            f"{len(rows):,} of the {len(genes):,} genes are in its id column (it contains {listed(ids.head(3))}, ...)",
            expected=f"at least half of ids like {genes['id'].iloc[0]}",
            hint=_other_ids(ids, genes),
        )
    summary, empty = ids.str.fullmatch(SUMMARY, na=False), ids.fillna("").eq("")
    account.used = len(known)
    account.leave_out("of reads of no gene", summary.sum(), ids[summary].unique())
    account.leave_out("without an id", empty.sum())
    account.leave_out("of genes that are not used", len(ids) - account.used - sum(account.left_out.values()))
    if len(rows) < len(genes):
        account.notes.append(f"{len(genes) - len(rows):,} genes are not in it")
    return rows


def _other_ids(ids, genes):
    """What ids are that are not those of the genes, and what to do, as text; None where it is not known."""
    if ids.str.fullmatch(TRANSCRIPT, na=False).mean() > 0.5:
        return "they are ids of transcripts: sum them over genes first, as tximport does"
    if "symbol" in genes and genes["symbol"].isin(ids).mean() > 0.5:
        return "they are symbols: write the ids of the genes in their place"
    return None


def known_ids(table, genes):
    """Ids of the whole genes table, of the genes where it is not known, without versions."""
    return unversioned((genes if table is None else table)["id"].dropna())


def rows_by_label(path, content, labels, table, genes, account):
    """Position in the file of each gene, by what stands in front of the tissues: row numbers or gene ids.

    content: Table. labels: columns of text; of several, each must say the same. table: the whole genes table, or None.
    account: as of `rows_by_id`.

    Returns: the positions, and whether by ids.
    """
    numbers = [row_numbers(label) for label in labels]
    others = [label for label, number in zip(labels, numbers, strict=True) if number is None]
    by_ids = next((each for each in others if unversioned(each).isin(known_ids(table, genes)).any()), None)
    if by_ids is not None:
        return rows_by_id(path, by_ids, genes, account), True
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
    """Compare the row numbers of a file with those of the genes table."""
    if table is None:
        raise expression_error(
            path,
            "no gene ids, and these genes are not rows of a genes table under the numbers of read_genes",
            expected="a column id, or genes as read_genes gives them",
        )
    if len(content.rows) != len(table):
        found = f"{len(content.rows):,} rows, but the genes table has {len(table):,}"
        raise expression_error(
            path,
            f"{found}; a file without gene ids is matched row by row",
            hint=f"give the file made for this {parameter('genes')}, or one with an id column",
        )
    for number in numbers:
        wrong = number != table["number"].to_numpy()
        if wrong.any():
            row = wrong.argmax()
            raise expression_error(
                path,
                "its row numbers are in another order than those of the genes table: line "
                f"{content.lines[row]} has {number[row]} (counted from 0)",
                expected=f"{table['number'].iloc[row]}",
                hint="which of the two was sorted is not known: sort both by their row numbers, or give the file an id "
                "column",
            )


def _not_row_numbers(content, label):
    """What a column contains instead of row numbers, as text: the first ones that do not go on from the one before."""
    values = numbers_of(label)[0].to_numpy()
    if np.isnan(values).any() or values.size == 0:
        return f"contains {listed(label.head(3))}, ..."
    place = int(np.append(np.flatnonzero(np.diff(values) != 1) + 1, 0)[0])
    return f"contains {shown(label.iloc[place])} on line {content.lines[place]}, which is out of order"


def expression_of(file, values, genes, rows, account, has_ids, quoted, *, base=None, note=None):
    """The Expression of some genes, checked.

    file: with `path` and `tissues`. values: DataFrame (rows of the file, targets) of float64, NaN where there is no
    number. rows: of `rows_by_id`. quoted: (row, target) -> place and content of a cell, as text. base: of the
    logarithms of value + 1 that the values are, None of linear ones. note: hint about values that cannot be used.
    """
    logarithmic = {}
    for target, column in values.items():
        tissue, column = file.tissues[target - 1], column.to_numpy()  # noqa: PLW2901
        if base is None:
            _refuse_named_logarithms(file.path, tissue, column)
        chosen = column[rows]
        bad = ~(np.isfinite(chosen) & (chosen >= 0))
        if bad.any():
            gene, row = shown(genes["id"][rows.index[bad.argmax()]]), rows.iloc[bad.argmax()]
            raise expression_error(
                file.path,
                f"{shown(tissue)} of gene {gene} {quoted(row, target)}",
                expected="a number from 0 up",
                hint="; ".join(filter(None, [hint_of(values.to_numpy()), note])),
            )
        if base is None and looks_logarithmic(column):
            logarithmic[tissue] = float(np.nanmax(column))
    chosen = values.iloc[rows].set_axis(rows.index)
    return Expression(chosen if base is None else np.expm1(chosen * np.log(base)), account, has_ids, logarithmic)


def _refuse_named_logarithms(path, tissue, values):
    """Refuse values that the heading or the file's name calls logarithms, where no value speaks against it.

    values: (n,) float64 of all genes in a tissue, NaN where there is no number.
    """
    named = next((text for text in (tissue, path.name) if says_logarithm(text)), None)
    numbers = values[np.isfinite(values)]
    if named is not None and len(numbers) and numbers.max() <= LARGEST_LOGARITHM and not _are_whole(numbers):
        raise expression_error(
            path,
            f"'{shown(named)}' means logarithms, and none of the {len(numbers):,} values of {shown(tissue)} is above "
            f"{LARGEST_LOGARITHM} (largest {numbers.max():.4g})",
            expected="linear values",
            hint=BACK,
        )


def says_logarithm(text):
    """Whether a heading, or the name of a file, says that values are logarithms."""
    return LOGARITHM.search(text) is not None


def looks_logarithmic(values):
    """Whether values from 0 up look like logarithms: none is large, and they are neither whole numbers nor shares.

    values: as of `refuse_named_logarithms`.
    """
    numbers = values[np.isfinite(values)]
    positive = numbers[numbers > 0]
    if not len(positive) or not 1 < positive.max() <= LARGEST_LOGARITHM or _are_whole(numbers):
        return False
    return bool(positive.max() <= WIDEST_LOGARITHMS * np.median(positive))


def hint_of(values):
    """What to do about a value that is no expression, as text, by how many others are negative."""
    numbers = values[np.isfinite(values)]
    negative = int((numbers < 0).sum())
    if negative > 1 and negative >= MANY * len(numbers):
        return (
            f"{negative:,} of {len(numbers):,} values are negative, as scaled values (z-scores) and logarithms are: "
            "give linear ones"
        )
    return "correct the file or choose another target"


def warn_of_logarithms(path, expression):
    """Log which tissues look like logarithms, and note it in the account."""
    found = expression.logarithmic
    if found:
        expression.account.notes.append(f"{len(found):,} columns look like logarithms ({listed(list(found)[:3])})")
        logger.warning(
            "%s: looks like logarithms, such as log2(TPM + 1): no value of %s is above %d (largest %.4g); %s",
            *(path, listed(found), LARGEST_LOGARITHM, max(found.values()), BACK),
        )


def _are_whole(numbers):
    return bool((numbers % 1 == 0).all())
