"""Which regions regulate which genes, as CRISPR screens found: pairs of an element and a gene."""

from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.normalise import LARGEST_POSITION, names_in, unversioned
from spex.inputs.text_tables import numbers_of, places_of, read_table

COLUMNS = ("chrom", "chromStart", "chromEnd", "measuredGeneSymbol", "Regulated")
"""Of the public benchmark's table."""
ID_COLUMNS = ("measuredgeneensemblid", "measuredensemblid")
"""What the column of gene ids is called, in any case; the table's others are ignored."""
SEPARATOR = "\t"
REGULATED = {"TRUE": True, "FALSE": False, "1": True, "0": False}
MISSING = ("", "NA", "NAN", "NONE")
MOST_MISSING = 0.1
"""Share of rows without an answer, or without a place, up to which they are left out."""
EXPECTED = f"a tab-separated table with the columns {', '.join(COLUMNS)}"


def read_crispr_pairs(path):
    """Read tested pairs of an element and a gene.

    path: tab-separated under a header, compressed or not, positions 0-based half-open.

    Returns: DataFrame in the order of the file: chrom, start, end (int64, 0-based half-open), gene (symbol), regulated
    (bool) and, where the file has it, gene_id (of Ensembl, without version; None where there is none). An element of no
    length is a point, of 1 base. `attrs["account"]`: rows used and left out, as `Account.summary` has them.

    Raises:
        InputError: no such file, not such a table, columns are missing (names those found), a position is no whole
            number or Regulated neither TRUE, FALSE, 1 nor 0; or these are missing in more than a tenth of the rows.
    """
    about = {"argument": "benchmark", "subject": Path(path), "expected": EXPECTED}
    table = read_table(
        require_file(path, "benchmark"),
        "benchmark",
        SEPARATOR,
        expected=EXPECTED,
        columns=lambda header: _places(header, about),
    )
    if not table.rows:
        raise InputError("no pair of an element and a gene in it", **about)
    rows = table.frame([*COLUMNS, "id"][: len(table.rows[0])], index=table.lines)
    account = Account(str(path), "pairs")
    rows = _without_missing(rows, account)
    starts, ends = (_positions(rows[name], about) for name in ("chromStart", "chromEnd"))
    _refuse(ends < starts, rows["chromEnd"], about, "a position after chromStart")
    regulated = rows["Regulated"].str.upper().map(REGULATED)
    _refuse(regulated.isna(), rows["Regulated"], about, "TRUE, FALSE, 1 or 0")
    points = ends == starts
    if points.any():
        account.notes.append(f"{points.sum():,} elements of no length are taken as 1 base")
    pairs = {"chrom": rows["chrom"], "start": starts, "end": ends + points, "gene": rows["measuredGeneSymbol"]}
    pairs["regulated"] = regulated.astype(bool)
    if "id" in rows:
        pairs["gene_id"] = unversioned(rows["id"].mask(rows["id"].str.upper().isin(MISSING), None))
    pairs = pd.DataFrame(pairs).reset_index(drop=True)
    account.used = len(pairs)
    pairs.attrs["account"] = account.summary()
    return pairs


def tie_pairs(pairs, genes):
    """Pairs tied to genes: by Ensembl id, or by symbol where the benchmark has no ids that the genes have.

    pairs: from `read_crispr_pairs`. genes: DataFrame (n) with id, symbol, chrom.

    Returns: DataFrame of the pairs whose gene is one of these, and one alone, on the element's chromosome: as `pairs`,
    chrom as the genes have it, row (int64, of the gene); Account of all pairs.
    """
    about = pairs.attrs["account"]
    account = Account(about["file"], "pairs", left_out=dict(about["left_out"]), notes=list(about["notes"]))
    chrom = pairs["chrom"].map(names_in(set(genes["chrom"]), pairs["chrom"].unique()))
    none = pd.Series(None, pairs.index, dtype=object)
    ids = pairs.get("gene_id", none)
    by_id = ids.map(_single(unversioned(genes["id"])))
    if by_id.isna().all():
        ids = none
    keys = _keys(genes["chrom"], genes["symbol"])
    own = _keys(chrom, pairs["gene"])
    rows = by_id.where(ids.notna(), own.map(_single(keys)))
    elsewhere = rows.notna() & (genes["chrom"].to_numpy()[rows.fillna(0).astype(int)] != chrom.to_numpy())
    shared = ids.isna() & own.isin(keys[keys.duplicated()])
    for reason, places in (
        ("with a symbol of several genes", shared),
        ("of genes that are not there", rows.isna() & ~shared),
        ("of genes on another chromosome", elsewhere),
    ):
        account.leave_out(reason, places.sum(), pairs["gene"][places].unique())
    known = rows.notna() & ~elsewhere
    account.used = int(known.sum())
    return pairs.assign(chrom=chrom, row=rows.fillna(-1).astype(np.int64))[known].reset_index(drop=True), account


def _single(keys):
    """Number of each key that occurs once: Series of float64 indexed by key."""
    keys = keys.reset_index(drop=True)
    single = keys[~keys.duplicated(keep=False)]
    return pd.Series(single.index.astype(np.float64), index=single)


def _keys(chroms, symbols):
    """Chromosome and symbol as one text; None where a chromosome is none."""
    return chroms.astype(object).str.cat(symbols.astype(object), sep="\t")


def _without_missing(rows, account):
    """The rows that have all that makes a pair, where few lack it; what many lack is refused by what is read next."""
    for reason, names in (
        ("without an answer", ["Regulated"]),
        ("without a place", ["chrom", "chromStart", "chromEnd"]),
    ):
        missing = pd.concat([rows[name].str.upper().isin(MISSING) for name in names], axis=1).any(axis=1)
        if 0 < missing.mean() <= MOST_MISSING:
            account.leave_out(reason, missing.sum())
            rows = rows[~missing]
    return rows


def _places(header, about):
    """The columns' places in the header, whose first name may have a # in front; after them that of ids, if any."""
    names = [header[0].removeprefix("#"), *header[1:]]
    ids = [place for place, name in enumerate(names) if name.lower() in ID_COLUMNS]
    return [*places_of(names, COLUMNS, about, SEPARATOR), *ids[:1]]


def _positions(texts, about):
    numbers, bad = numbers_of(texts, 0, LARGEST_POSITION, whole=True)
    _refuse(bad, texts, about, "a position, a whole number from 0 up")
    return numbers.astype(np.int64)


def _refuse(bad, texts, about, expected):
    """Refuse the first of some texts that are bad. texts: Series named by column, indexed by line."""
    if bad.any():
        line = bad.idxmax()
        raise InputError(f"{texts.name} on line {line} is '{shown(texts[line])}'", **about | {"expected": expected})
