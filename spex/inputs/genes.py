"""Genes, one TSS each, from the published table, a table of positions, GTF or GFF3: read, check, filter."""

import logging
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, command, listed, parameter, shown
from spex.files.checks import require_file
from spex.inputs.account import FEW, Account
from spex.inputs.annotation import is_annotation, read_annotation
from spex.inputs.choices import GeneChoice
from spex.inputs.expression_tables import TOOLS
from spex.inputs.gene_tables import (
    COLUMNS,
    EXPECTED,
    has_no_headings,
    is_positions,
    is_published,
    is_ucsc,
    read_positions,
    read_published,
    refuse_other,
)
from spex.inputs.identify import Format, identify, take
from spex.inputs.normalise import (
    AUTOSOMES,
    EXCLUDED,
    NO_CHROMOSOME,
    check_one_naming,
    reasons_by_chromosome,
    unversioned,
)
from spex.inputs.swapped import goes_to, is_expression, others
from spex.inputs.text_tables import Beginning, places_of, read_table
from spex.options import NUMBER, Kind, one_of, text

PUBLISHED_TABLE_SHA256 = "c704afbce1e5031cd8dc1452949f847bc4e03b257d27c41ce1c4ca40d3ae3bc1"
"""The published annotation table, whose positions are GRCh38's."""

TYPE_NAMES = {"pc": ("protein_coding",), "lincRNA": ("lincRNA", "lncRNA")}
"""lncRNA is what GENCODE has called lincRNA, among others, since 2019."""
SAFE_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,127}")
REASONS_AT_ONCE = 8
PLACES = {
    "chrom": text("a name such as chr8"),
    "strand": one_of("+-"),  # 1 or -1 would count as another strand
    "tss": Kind("a position from 1 up", lambda value: NUMBER.fits(value) and value % 1 == 0, {"type": "number"}),
}
"""What says where a gene lies: column -> the values that it can have."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Oddity:
    """What genes cannot be used for. reason: a phrase that follows a number. problem: of one. found: of a table."""

    reason: str
    problem: str
    expected: str
    found: Callable[[pd.DataFrame], pd.Series]


ODD = (
    Oddity("without a strand", "is on strand '{strand}'", "+ or -", lambda genes: ~genes["strand"].isin(["+", "-"])),
    Oddity(
        "with an id that occurs twice",
        "has an id that occurs twice",
        "one row per gene",
        lambda genes: unversioned(genes["id"]).duplicated(keep=False),
    ),
    Oddity(
        "with an id that cannot be part of a file name",
        "has an id that cannot be part of a file name",
        "up to 128 letters, digits, '.', '_' and '-'",
        lambda genes: ~genes["id"].str.fullmatch(SAFE_ID),
    ),
    Oddity(
        "on chromosomes that cannot be part of a file name",
        "lies on chromosome '{chrom}', which cannot be part of a file name",
        "no '/' and no dot in front",
        lambda genes: genes["seqnames"].str.contains(r"^\.|/|\0"),
    ),
)


def _read_annotation(seen, tss_rule):
    table, account = read_annotation(seen.path, tss_rule)
    table.insert(len(COLUMNS), "number", np.arange(len(table)))
    left_out = dict(sorted(account.left_out.items()))  # the same in any order of the file
    table.attrs["account"] = {"left_out": left_out, "names": account.names, "notes": account.notes}
    return table


FORMATS = (
    Format("GTF or GFF3", lambda seen: is_annotation(seen.path), reader=_read_annotation),
    Format(
        "the published table of genes",
        lambda seen: seen.separator_where(is_published) is not None,
        reader=read_published,
    ),
    Format(
        "a table of positions of genes",
        lambda seen: seen.separator_where(partial(is_positions, seen)) is not None,
        reader=read_positions,
    ),
    *others("genes"),
    *(
        Format(f"{tool.name}, no genes with their TSS", tool.sign, take("it may be the expression of genes"))
        for tool in TOOLS
    ),
    Format(
        "transcripts as UCSC has them (genePred, refFlat), with positions from 0",
        is_ucsc,
        take("give GTF or GFF3 of GENCODE, Ensembl or RefSeq, or such a table with a row a gene"),
    ),
    Format("a table that may be expression", is_expression, take(goes_to("expression", "expression"))),
    Format(
        "a table without headings",
        has_no_headings,
        take("put headings in front, and a column tss: of genes in BED start + 1 on + and end on -"),
        found=lambda seen: f"no headings, as in BED: the first line is {listed(seen.header[:6])}",
    ),
)


def read_gene_table(path, tss_rule="auto"):
    """Read the genes of an annotation file, every one of them: the published table, a table of positions, GTF or GFF3.

    path: CSV or TSV with the published columns, or with id, chrom, strand and tss (1-based), in any order, and where
    they are there symbol and type; GTF or GFF3, by name or content; compressed or not. tss_rule: how a TSS is chosen
    in GTF and GFF3, as `rule` of `annotation.choose_tss`; others have one TSS a gene.

    Returns: DataFrame with the columns of the published table as text (None where the cell is empty), positions as
    float64 (1-based, NaN where empty or NA), the number of each row's line in the file, `line`, and the row number
    that a column of row numbers has for it, `number` (its position from 0 without one); indexed by position, which
    ties a gene to its row of the expression file. Its `attrs["account"]` is what an annotation's genes are left out
    for before: arguments of `Account`.

    Raises:
        InputError: none of these, a line with another number of fields than the header, columns are missing, or a
            TSS rule where there is nothing to choose.
    """
    seen = Beginning(Path(path), "genes")
    form = identify(FORMATS, seen, {"argument": "genes", "subject": seen.path}, EXPECTED)
    return refuse_other(seen) if form is None else form.reader(seen, tss_rule)


def choose_genes(path, choice):
    """The whole table of an annotation file, as of `read_gene_table`, and the genes of it that a GeneChoice keeps."""
    table = read_gene_table(require_file(path, "genes"), choice.tss_rule)
    try:
        return table, keep_genes(table, choice)
    except InputError as error:
        raise (error if error.argument else error.but(argument="genes", subject=path)) from None


def keep_genes(table, choice=GeneChoice()):  # noqa: B008 (frozen)
    """The genes that the model is meant for: of one type, on autosomes, without a missing value.

    table: from `read_gene_table`. choice: GeneChoice.

    Returns: DataFrame indexed by original row number (int64), in table order: id, symbol, chrom, strand ("+"/"-"),
    tss (int64, 1-based CAGE_representative_TSS), type, line (of the table).

    Raises:
        InputError: no gene is left, a strand is neither + nor -, an id occurs twice or cannot be a
            file name, or a chromosome has two names or, of those left out by name, no gene.
    """
    reasons = _reasons(table, choice.gene_type, choice.excluded)
    kept = table[reasons == ""]
    if kept.empty:
        raise _no_gene(table, reasons, choice)
    _check_genes(kept)
    check_one_naming(kept["seqnames"])
    genes = _renamed(kept).assign(line=kept["line"])
    genes.attrs = {}
    return genes


def _no_gene(table, reasons, choice):
    """The InputError about a table none of whose genes is kept."""
    found = listed(sorted(map(str, table["type"].dropna().unique())))
    counts = listed(f"{rows:,} {reason}" for reason, rows in reasons.value_counts().items())
    others = int((_reasons(table, choice.gene_type, ()) == "").sum())
    there = f"{others:,} lie on chromosomes that are left out{' by default' if choice.excluded == EXCLUDED else ''}"
    return InputError(
        f"no complete autosomal gene of {parameter('gene_type')} {choice.gene_type}; found types {found}; left out: "
        f"{counts}",
        subject="genes table",
        hint=f"{there}: {parameter('exclude_chroms')} {NO_CHROMOSOME} takes them" if others else None,
    )


def _reasons(table, gene_type, excluded):
    """Why each row of the table is left out, a phrase that follows a number; empty text where it is kept."""
    reasons = pd.Series("", index=table.index, dtype=object)
    reasons[table.isna().any(axis=1)] = "with an empty cell"
    by_chromosome = reasons_by_chromosome(table["seqnames"], excluded)
    reasons = by_chromosome.where(by_chromosome != "", reasons)
    types = table["type"].fillna("no type")
    unwanted = types == "rRNA" if gene_type == "all" else ~types.isin(TYPE_NAMES[gene_type])
    reasons[unwanted] = types[unwanted].map(lambda name: shown(name, 30))
    kept = table[reasons == ""]
    for odd in ODD:
        found = odd.found(kept)
        if found.sum() <= FEW * len(kept):
            reasons[found.index[found]] = odd.reason
    return reasons


def account_of(path, table, choice=GeneChoice()):  # noqa: B008 (frozen)
    """What `keep_genes` uses of the table at `path`, and leaves out for which reason, the commonest first.

    Returns: Account of genes, those of an annotation that are not in the table among them.
    """
    reasons = _reasons(table, choice.gene_type, choice.excluded)
    account = Account(str(path), "genes", used=int((reasons == "").sum()), **deepcopy(table.attrs.get("account", {})))
    odd = [each.reason for each in ODD]
    for reason, rows in reasons[reasons != ""].value_counts().items():
        account.leave_out(reason, rows, table["id"][reasons == reason] if reason in odd else ())
    account.left_out = dict(sorted(account.left_out.items(), key=lambda item: -item[1]))
    lncrna = ((table["type"] == "lncRNA") & (reasons == "")).sum()
    if choice.gene_type == "lincRNA" and lncrna:
        account.notes.append(f"{lncrna:,} lncRNA among those used")
    return account


def report_rows(path, table, genes, choice):
    """Log how many rows of the table at `path` are used, and genes on chromosomes that may not be what they seem."""
    account = account_of(path, table, choice)
    rows = account.used + sum(account.left_out.values())
    first = dict(list(account.left_out.items())[:REASONS_AT_ONCE])
    rest = rows - account.used - sum(first.values())
    others = {"for other reasons": rest} if rest else {}
    replace(account, path=f"{path}: {rows:,} rows", left_out=first | others).report()
    unknown = genes["chrom"][~genes["chrom"].str.fullmatch(AUTOSOMES)].value_counts()
    if len(unknown):
        logger.warning(
            "%s genes lie on chromosomes whose names are not those of human autosomes (chr1 to chr22), and are used "
            "all the same: %s",
            f"{unknown.sum():,}",
            listed(f"{count:,} on {shown(name)}" for name, count in unknown.items()),
        )


def _check_genes(kept):
    """Refuse genes some of which cannot be used, when they are more than a few."""
    for odd in ODD:
        found = odd.found(kept)
        if found.any():
            row = kept[found].iloc[0]
            problem = odd.problem.format(strand=shown(row["strand"]), chrom=shown(row["seqnames"]))
            found = f"gene '{shown(row['id'])}' {problem} (line {row['line']})"
            raise InputError(found, subject="genes table", expected=odd.expected)


def cached_genes_text(table, genes):
    """The kept genes as tab-separated text: original row number first, then the published table's columns."""
    return table.loc[genes.index, COLUMNS].to_csv(sep="\t", lineterminator="\n", index_label="index")


def read_cached_genes(path):
    """The kept genes of a data folder, from the text that `cached_genes_text` wrote, or the published program.

    Returns: DataFrame as of `keep_genes`, without `line`.

    Raises:
        InputError: there is no such file, or it is no such table.
    """
    made_by = command("tensors")
    about = {"argument": "data_folder", "subject": path, "expected": f"the table of kept genes that {made_by} writes"}
    hint = f"the {made_by} command that made the folder writes it again"
    content = read_table(
        require_file(path, "data_folder"),
        "data_folder",
        "\t",
        expected=about["expected"],
        columns=lambda header: [0, *places_of(header, COLUMNS, about, "\t", hint)],
    )
    try:
        table = content.frame(["index", *COLUMNS]).astype({"index": "int64", "CAGE_representative_TSS": "float64"})
    except ValueError as error:
        raise InputError(f"not readable ({shown(error)})", **about) from error
    return _renamed(table.set_index("index").rename_axis(None))


def _renamed(table):
    """Genes under the names of their columns here."""
    genes = table.rename(columns={"seqnames": "chrom", "CAGE_representative_TSS": "tss"})
    return genes[["id", "symbol", "chrom", "strand", "tss", "type"]].astype({"tss": "int64"})


def check_gene_table(genes: pd.DataFrame) -> pd.DataFrame:
    """The genes that a caller gave, when they are a table of at least one gene, each once, with its place.

    Raises:
        InputError: they are not.
    """
    expected = f"a DataFrame with {', '.join(['id', *PLACES])}, as read_genes gives it"
    if not isinstance(genes, pd.DataFrame):
        raise InputError(f"found {type(genes).__name__}", argument="genes", expected=expected)
    missing = [column for column in ("id", *PLACES) if column not in genes]
    if missing:
        raise InputError(f"no column {', '.join(missing)}", argument="genes", expected=expected)
    if genes.empty:
        raise InputError("no gene", argument="genes", expected="at least one")
    for column, kind in PLACES.items():
        bad = next((place for place, value in enumerate(genes[column]) if not kind.fits(value)), None)
        if bad is not None:
            gene, value = genes["id"].iloc[bad], genes[column].iloc[bad]
            raise InputError(f"{column} of {shown(gene)} is {shown(value)}", argument="genes", expected=kind.expected)
    twice = genes["id"][genes["id"].duplicated()]
    if len(twice) or not genes.index.is_unique:
        found = f"gene {shown(twice.iloc[0])} occurs twice" if len(twice) else "its index has numbers twice"
        raise InputError(
            found, argument="genes", expected="each gene once, under the row number that read_genes gave it"
        )
    return genes
