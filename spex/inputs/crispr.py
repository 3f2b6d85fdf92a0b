"""Which regions regulate which genes, as CRISPR screens or fine-mapped eQTL say: pairs of an element and a gene."""

from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.normalise import LARGEST_POSITION, names_in, unversioned
from spex.inputs.text_tables import numbers_of, places_of, read_table

COLUMNS = ("chrom", "chromStart", "chromEnd", "measuredGeneSymbol", "Regulated")
"""Of the public benchmark's table."""
OPTIONAL = {
    "gene_id": ("measuredgeneensemblid", "measuredensemblid"),
    "cell_type": ("celltype",),
    "valid": ("validconnection",),
}
"""What other columns are called, in any case, by their names here; the table's others are ignored."""
SEPARATOR = "\t"
ANSWERS = {"TRUE": True, "FALSE": False, "1": True, "0": False}
MISSING = ("", "NA", "NAN", "NONE")
MOST_MISSING = 0.1
"""Share of rows without an answer, or without a place, up to which they are left out."""
EXPECTED = f"a tab-separated table with the columns {', '.join(COLUMNS)}"

CREDIBLE = ("variant", "gene", "pip")
"""Columns of a table of credible sets, in any case."""
VARIANT = r"(?i)^(.+?)[_:](\d+)[_:]([ACGTN]+)[_:]([ACGTN]+)(?:[_:].*)?$"
"""Chromosome, position (1-based), REF, ALT, and what else there is."""
CAUSAL, OTHER = 0.9, 0.01
"""PIP from which on a variant counts as regulating the gene, and below which as not; those between are left out."""


def read_crispr_pairs(path):
    """Read tested pairs of an element and a gene.

    path: tab-separated under a header, compressed or not, positions 0-based half-open.

    Returns: DataFrame in the order of the file: chrom, start, end (int64, 0-based half-open), gene (symbol), regulated
    (bool) and, where the file has them, gene_id (of Ensembl, without version; None where there is none) and cell_type.
    An element of no length is a point, of 1 base. Pairs whose ValidConnection is not TRUE are left out.
    `attrs["account"]`: rows used and left out, as `Account.summary` has them.

    Raises:
        InputError: no such file, not such a table, columns are missing (names those found), a position is no whole
            number or Regulated neither TRUE, FALSE, 1 nor 0; or these are missing in more than a tenth of the rows; or
            no pair is valid.
    """
    about = {"argument": "benchmark", "subject": Path(path), "expected": EXPECTED}
    table = _read(path, about, lambda header: list(_places(header, about).values()))
    if not table.rows:
        raise InputError("no pair of an element and a gene in it", **about)
    rows = table.frame(list(_places(table.header, about)), index=table.lines)
    account = Account(str(path), "pairs")
    rows = _without_missing(_valid(rows, account, about), account)
    starts, ends = (_positions(rows[name], about) for name in ("chromStart", "chromEnd"))
    _refuse(ends < starts, rows["chromEnd"], about, "a position after chromStart")
    regulated = rows["Regulated"].str.upper().map(ANSWERS)
    _refuse(regulated.isna(), rows["Regulated"], about, "TRUE, FALSE, 1 or 0")
    points = ends == starts
    if points.any():
        account.notes.append(f"{points.sum():,} elements of no length are taken as 1 base")
    pairs = {"chrom": rows["chrom"], "start": starts, "end": ends + points, "gene": rows["measuredGeneSymbol"]}
    pairs["regulated"] = regulated.astype(bool)
    if "gene_id" in rows:
        pairs["gene_id"] = unversioned(rows["gene_id"].mask(rows["gene_id"].str.upper().isin(MISSING), None))
    if "cell_type" in rows:
        pairs["cell_type"] = rows["cell_type"]
    pairs = pd.DataFrame(pairs).reset_index(drop=True)
    account.used = len(pairs)
    pairs.attrs["account"] = account.summary()
    return pairs


def read_credible_sets(path):
    """Read fine-mapped eQTL as pairs of an element, the bases of REF, and a gene.

    path: tab-separated under a header, compressed or not, with the columns `CREDIBLE`: variant as chr8_1000_A_G or
    8:1000:A:G (1-based), gene (Ensembl id or symbol), and its posterior inclusion probability.

    Returns: as `read_crispr_pairs`, with the letters ref and alt; regulated from a PIP of `CAUSAL` on, those of `OTHER`
    and more below it left out.

    Raises:
        InputError: no such file, not such a table, or a variant or PIP that is none (names the first).
    """
    expected = f"a tab-separated table with the columns {', '.join(CREDIBLE)}"
    about = {"argument": "credible_sets", "subject": Path(path), "expected": expected}
    table = _read(path, about, lambda header: places_of([name.lower() for name in header], CREDIBLE, about, SEPARATOR))
    if not table.rows:
        raise InputError("no pair of a variant and a gene in it", **about)
    rows = table.frame(list(CREDIBLE), index=table.lines)
    parts = rows["variant"].str.extract(VARIANT)
    positions, bad = numbers_of(parts[1], 1, LARGEST_POSITION, whole=True)
    _refuse(bad, rows["variant"], about, "chromosome, position (1-based), REF and ALT, such as chr8_1000_A_G")
    pip, bad = numbers_of(rows["pip"], 0, 1)
    _refuse(bad, rows["pip"], about, "a probability, from 0 to 1")
    starts = positions.astype(np.int64) - 1
    pairs = {"chrom": parts[0], "start": starts, "end": starts + parts[2].str.len(), "gene": rows["gene"]}
    pairs |= {"ref": parts[2], "alt": parts[3]}
    ids = rows["gene"].where(rows["gene"].str.startswith("ENS"), None)
    pairs = pd.DataFrame(pairs).assign(regulated=pip >= CAUSAL, gene_id=unversioned(ids))
    between = (pip >= OTHER) & (pip < CAUSAL)
    account = Account(str(path), "pairs", int((~between).sum()))
    account.leave_out(f"with a PIP from {OTHER} up to {CAUSAL}", between.sum())
    pairs = pairs[~between].reset_index(drop=True)
    pairs.attrs["account"] = account.summary()
    return pairs


def of_cell_type(pairs, name):
    """The pairs of one cell type; all of them where the table has no cell types, or the one, and none is named.

    pairs: from `read_crispr_pairs`. name: of the cell type, or None. Returns: as `pairs`.

    Raises:
        InputError: the table has several and none is named, or no pair of the one that is.
    """
    if "cell_type" not in pairs:
        return pairs
    numbers = pairs["cell_type"].value_counts()
    if name is None and len(numbers) == 1:
        return pairs
    if name not in numbers:
        there = listed([f"{each} ({number:,} pairs)" for each, number in numbers.items()])
        none = "" if name is None else f", none of '{shown(name)}'"
        raise InputError(
            f"{pairs.attrs['account']['file']} has {there}{none}",
            argument="cell_type",
            expected="one of these: the cell type of the map and the model",
        )
    return without(pairs, pairs["cell_type"] != name, "of other cell types")


def without(pairs, rows, reason):
    """The pairs but for some, which their account then has as left out. rows: bool (n,). reason: as of `Account`."""
    kept = pairs[~rows].reset_index(drop=True)
    account = _account_of(pairs, len(kept))
    account.leave_out(reason, rows.sum())
    kept.attrs["account"] = account.summary()
    return kept


def tie_pairs(pairs, genes):
    """Pairs tied to genes: by Ensembl id, or by symbol where the benchmark has no ids that the genes have.

    pairs: from `read_crispr_pairs`. genes: DataFrame (n) with id, symbol, chrom.

    Returns: DataFrame of the pairs whose gene is one of these, and one alone, on the element's chromosome: as `pairs`,
    chrom as the genes have it, row (int64, of the gene); Account of all pairs.
    """
    account = _account_of(pairs)
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


def _account_of(pairs, used=0):
    """What reading left out of pairs, to go on from: Account. used: how many are, now."""
    about = pairs.attrs["account"]
    return Account(about["file"], "pairs", used, dict(about["left_out"]), notes=list(about["notes"]))


def _read(path, about, columns):
    """The wanted columns of a table. about: as of its errors. columns: function from the header to their places."""
    argument = about["argument"]
    path = require_file(path, argument)
    return read_table(path, argument, SEPARATOR, expected=about["expected"], columns=columns)


def _single(keys):
    """Number of each key that occurs once: Series of float64 indexed by key."""
    keys = keys.reset_index(drop=True)
    single = keys[~keys.duplicated(keep=False)]
    return pd.Series(single.index.astype(np.float64), index=single)


def _keys(chroms, symbols):
    """Chromosome and symbol as one text; None where a chromosome is none."""
    return chroms.astype(object).str.cat(symbols.astype(object), sep="\t")


def _valid(rows, account, about):
    """The rows whose ValidConnection is TRUE, where the table has it."""
    if "valid" not in rows:
        return rows
    valid = rows["valid"].str.upper().map(ANSWERS).eq(True)
    account.leave_out("whose ValidConnection is not TRUE", (~valid).sum(), rows["valid"][~valid].unique())
    if not valid.any():
        found = f"ValidConnection is TRUE in none of its {len(rows):,} rows"
        raise InputError(found, **about | {"expected": "TRUE in the rows that count"})
    return rows[valid]


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
    """Where the columns stand in the header, whose first name may have a # in front: dict of name -> place; those of
    `OPTIONAL` after the others."""
    names = [header[0].removeprefix("#"), *header[1:]]
    places = dict(zip(COLUMNS, places_of(names, COLUMNS, about, SEPARATOR), strict=True))
    for name, headings in OPTIONAL.items():
        there = [place for place, each in enumerate(names) if each.lower() in headings]
        if there:
            places[name] = there[0]
    return places


def _positions(texts, about):
    numbers, bad = numbers_of(texts, 0, LARGEST_POSITION, whole=True)
    _refuse(bad, texts, about, "a position, a whole number from 0 up")
    return numbers.astype(np.int64)


def _refuse(bad, texts, about, expected):
    """Refuse the first of some texts that are bad. texts: Series named by column, indexed by line."""
    if bad.any():
        line = bad.idxmax()
        raise InputError(f"{texts.name} on line {line} is '{shown(texts[line])}'", **about | {"expected": expected})
