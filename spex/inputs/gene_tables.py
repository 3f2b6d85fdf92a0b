"""Genes in tables: the published one, and tables with no more than id, chromosome, strand and TSS.

Other tables are refused by what they are: one that lacks a column, BED, UCSC's tables of transcripts, expression.
"""

import numpy as np
import pandas as pd

from spex.errors import InputError
from spex.inputs.quantified.tools import plain, tool_of
from spex.inputs.tables import (
    comment_lines,
    is_row_label,
    listed,
    other_separator,
    read_header,
    read_table,
    row_numbers,
)

COLUMNS = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type"]
"""Of the published table."""
MEANT = 5
"""Of these a table has at the least that is meant to be the published one; `seqnames` and TSS others have too."""

POSITION_COLUMNS = {"id": "id", "chrom": "seqnames", "strand": "strand", "tss": "CAGE_representative_TSS"}
"""Columns that a table of positions has at the least -> what the published table calls them."""
HEADINGS = {
    "id": ("id", "geneid", "ensemblid", "ensemblgeneid"),
    "chrom": ("chrom", "chr", "chromosome", "seqnames"),
    "strand": ("strand",),
    "tss": ("tss",),
    "symbol": ("symbol", "genename", "genesymbol"),
    "type": ("type", "genetype", "genebiotype", "biotype"),
}
"""Columns of a table of positions -> headings that they may have, as `plain` has them."""
NO_TYPE = "unknown"
POSITIONS_EXPECTED = f"{', '.join(POSITION_COLUMNS)} under these headings, between commas or tabs"
EXPECTED = f"{POSITIONS_EXPECTED} (tss: 1-based), or the published table's {','.join(COLUMNS)}"


def read_text(path):
    """A table of genes as text.

    Returns: DataFrame with the columns of the published table (None where the cell is empty), `number` of each row as
    a column of row numbers has it (its position from 0 without one), and its `line` in the file; and what the file
    calls the column of positions.

    Raises:
        InputError: another table, a column twice, a line with another number of fields than the header.
    """
    comments = {separator: comment_lines(path, separator) for separator in ("\t", ",")}
    headers = {separator: read_header(path, separator, comments[separator]) for separator in comments}
    for separator, header in headers.items():
        if set(COLUMNS) <= set(header):
            return _published(path, separator, comments[separator]), "CAGE_representative_TSS"
    for separator, header in headers.items():
        places = {} if _means_published(header) else _places(path, header)
        if set(POSITION_COLUMNS) <= set(places):
            return _positions(path, separator, comments[separator], places), "tss"
    separator = max(headers, key=lambda each: len(headers[each]))
    _refuse_other_kinds(path, headers[separator])
    _read(path, separator, comments[separator], columns=lambda header: [])  # says what is wrong with lines
    raise _lacking(path, headers[separator], separator)


def _means_published(header):
    """Whether a header is that of the published table, with a column too few."""
    return ("seqnames" in header and len(set(COLUMNS) & set(header)) >= MEANT) or "CAGE_representative_TSS" in header


def _read(path, separator, comments, columns=None):
    return read_table(path, "genes", separator, preamble=comments, expected=EXPECTED, columns=columns)


def _published(path, separator, comments):
    content = _read(path, separator, comments, lambda header: _published_places(path, header))
    table = pd.DataFrame([row[: len(COLUMNS)] for row in content.rows], columns=COLUMNS, dtype=object).replace("", None)
    labels = (content.column(len(COLUMNS) + number) for number in range(sum(map(is_row_label, content.header))))
    numbers = next((each for each in map(row_numbers, labels) if each is not None), np.arange(len(table)))
    return table.assign(number=numbers, line=np.array(content.lines, dtype=np.int64))


def _published_places(path, header):
    """Where the published table's columns stand under a header, and behind them those of row names or numbers."""
    _check_once(path, [name for name in header if name in COLUMNS])
    labels = [place for place, heading in enumerate(header) if is_row_label(heading)]
    return [*(header.index(column) for column in COLUMNS), *labels]


def _positions(path, separator, comments, places):
    """places: of `_places`. Without a symbol the id serves for it."""
    content = _read(path, separator, comments)
    table = pd.DataFrame({name: content.column(place) for name, place in places.items()}).replace("", None)
    table = table.rename(columns=POSITION_COLUMNS)
    table["TSS"] = table["CAGE_representative_TSS"]
    table["symbol"] = table["symbol"].fillna(table["id"]) if "symbol" in table else table["id"]
    table["type"] = table.get("type", NO_TYPE)
    return (
        table[COLUMNS].astype(object).assign(number=np.arange(len(table)), line=np.array(content.lines, dtype=np.int64))
    )


def _places(path, header):
    """Where the columns of a table of positions stand under a header: the heading itself goes before others for it."""
    names = [heading.removeprefix("#").strip() if place == 0 else heading for place, heading in enumerate(header)]
    places = {}
    for column, headings in HEADINGS.items():
        found = [name for name in names if name == column] or [name for name in names if plain(name) in headings]
        _check_once(path, found)
        if len(found) > 1:
            raise InputError(
                f"{listed(found)} may all be {column}",
                argument="genes",
                subject=path,
                expected="one of them",
                hint=f"call the right one {column}",
            )
        if found:
            places[column] = names.index(found[0])
    return places


def _check_once(path, names):
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(
            f"{names.count(twice[0])} columns {twice[0]}",
            argument="genes",
            subject=path,
            expected="each column once",
        )


def _lacking(path, header, separator):
    """The InputError about a table without some of the columns of either form."""
    published = _means_published(header)
    wanted, there = (COLUMNS, header) if published else (POSITION_COLUMNS, _places(path, header))
    missing = [name for name in wanted if name not in there]
    has_ends = {"start", "end"} <= set(map(plain, header))
    return InputError(
        f"no column {', '.join(missing)}; found {listed(header)}{other_separator(header, separator, 'commas or tabs')}",
        argument="genes",
        subject=path,
        expected=EXPECTED,
        hint="of whole genes tss is the start on + (in BED start + 1), and the end on -"
        if has_ends and "tss" in missing
        else None,
    )


def _refuse_other_kinds(path, header):
    """Refuse what is known to be another kind of table, by its name. header: the fields of its first line."""
    about = {"argument": "genes", "subject": path, "expected": EXPECTED}
    tool, first = tool_of(header), header[0] if header else ""
    if tool is not None:
        raise InputError(f"{tool.what}, no genes with their TSS", **about, hint="it may be the expression of genes")
    if {"txStart", "txEnd"} <= set(header) or any(_is_gene_pred(header[start:]) for start in range(3)):
        raise InputError(
            "transcripts as UCSC has them (genePred, refFlat), with positions from 0",
            **about,
            hint="give GTF or GFF3 of GENCODE, Ensembl or RefSeq, or such a table with a row a gene",
        )
    if first.startswith(("track", "browser")) or (len(header) > 2 and _are_positions(header[1:3])):
        raise InputError(
            f"no headings, as in BED: the first line is {listed(header[:6])}",
            **about,
            hint="put headings in front, and a column tss: of genes in BED start + 1 on + and end on -",
        )


def _is_gene_pred(fields):
    """Whether fields are name, chromosome, strand, and positions, as a line of genePred without a heading begins."""
    return len(fields) > 7 and fields[2] in ("+", "-") and _are_positions(fields[3:8])


def _are_positions(fields):
    return all(field.isdecimal() for field in fields)
