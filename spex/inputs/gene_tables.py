"""Genes in tables: the published one, and tables with no more than id, chromosome, strand and TSS."""

from functools import partial

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, parameter, shown
from spex.inputs.account import FEW
from spex.inputs.expression_tables import ID_HEADINGS, plain
from spex.inputs.normalise import LARGEST_POSITION
from spex.inputs.text_tables import check_once, is_row_label, numbers_of, other_separator, places_of, row_numbers

COLUMNS = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type"]
"""Of the published table."""
MEANT = 5
"""Of these a table has at the least that is meant to be the published one; `seqnames` and TSS others have too."""
POSITIONS = ("TSS", "CAGE_representative_TSS")

POSITION_COLUMNS = {"id": "id", "chrom": "seqnames", "strand": "strand", "tss": "CAGE_representative_TSS"}
"""Columns that a table of positions has at the least -> what the published table calls them."""
HEADINGS = {
    "id": ID_HEADINGS,
    "chrom": ("chrom", "chr", "chromosome", "seqnames"),
    "strand": ("strand",),
    "tss": ("tss",),
    "symbol": ("symbol", "genename", "genesymbol"),
    "type": ("type", "genetype", "genebiotype", "biotype"),
}
"""Columns of a table of positions -> headings that they may have, as `plain` has them."""
NO_TYPE = "unknown"
EXPECTED = (
    f"{', '.join(POSITION_COLUMNS)} under these headings, between commas or tabs (tss: 1-based), or the published "
    f"table's {','.join(COLUMNS)}"
)

MISSING = ("NA", "NaN", "nan", "N/A", "#N/A", "None", "null", "NULL")
"""What programs write for what is missing; a symbol may be any of them."""


def is_published(header):
    """Whether a header is that of the published table."""
    return set(COLUMNS) <= set(header)


def is_positions(seen, header):
    """Whether a header is that of a table of positions. seen: Beginning."""
    return not _means_published(header) and set(POSITION_COLUMNS) <= set(_places(_about(seen), header))


def _about(seen):
    return {"argument": "genes", "subject": seen.path, "expected": EXPECTED}


def read_published(seen, tss_rule):
    """The table of genes, from the published one. seen: Beginning. tss_rule: none serves."""
    separator = seen.separator_where(is_published)

    def places(header):
        labels = [place for place, heading in enumerate(header) if is_row_label(heading)]
        return [*places_of(header, COLUMNS, _about(seen), separator), *labels]

    content = seen.read(separator, EXPECTED, places)
    labels = (content.column(len(COLUMNS) + number) for number in range(sum(map(is_row_label, content.header))))
    numbers = next((each for each in map(row_numbers, labels) if each is not None), np.arange(len(content.rows)))
    table = content.frame(COLUMNS).replace("", None).assign(number=numbers)
    return _checked(seen.path, table, content.lines, POSITIONS, tss_rule)


def read_positions(seen, tss_rule):
    """The same from a table of positions. Without a symbol the id serves for it."""
    content = seen.read(seen.separator_where(partial(is_positions, seen)), EXPECTED)
    places = _places(_about(seen), content.header)
    table = pd.DataFrame({POSITION_COLUMNS.get(name, name): content.column(places[name]) for name in places})
    table = table.replace("", None)
    table["TSS"] = table["CAGE_representative_TSS"]
    table["symbol"] = table["symbol"].fillna(table["id"]) if "symbol" in table else table["id"]
    table["type"] = table.get("type", NO_TYPE)
    table = table[COLUMNS].astype(object).assign(number=np.arange(len(table)))
    return _checked(seen.path, table, content.lines, ("tss", "tss"), tss_rule)


def _checked(path, table, lines, names, tss_rule):
    """A table with positions as numbers. names: what the file calls their columns."""
    if tss_rule != "auto":
        raise InputError(
            "says which transcript the TSS is taken from, but the genes table has one TSS a gene",
            argument="tss_rule",
            subject=shown(tss_rule),
            hint=f"give GTF or GFF3 as {parameter('genes')}, or leave it out",
        )
    texts = ["id", "seqnames", "strand"]
    table[texts] = table[texts].mask(table[texts].isin(MISSING), None)
    table["line"], notes = np.array(lines, dtype=np.int64), []
    for column, name in zip(POSITIONS, names, strict=True):
        text = table[column].mask(table[column].isin(MISSING))
        numbers, bad = numbers_of(text, 1, LARGEST_POSITION, whole=True)
        odd = bad & text.notna()
        if odd.any():
            row = odd.idxmax()
            found = f"{name} of {shown(table['id'][row])} (line {table['line'][row]}) is '{shown(text[row])}'"
            if odd.sum() > FEW * len(odd):
                raise InputError(found, argument="genes", subject=path, expected="a 1-based position")
            notes.append(f"{odd.sum():,} positions are taken for empty, being none: {found}")
        table[column] = numbers.mask(odd)
    table.attrs["account"] = {"notes": list(dict.fromkeys(notes))}
    return table


def _means_published(header):
    """Whether a header is that of the published table, with a column too few."""
    return ("seqnames" in header and len(set(COLUMNS) & set(header)) >= MEANT) or "CAGE_representative_TSS" in header


def _places(about, header):
    """Where the columns of a table of positions stand under a header: the heading itself goes before others for it."""
    names = [heading.removeprefix("#").strip() if place == 0 else heading for place, heading in enumerate(header)]
    places = {}
    for column, headings in HEADINGS.items():
        found = [name for name in names if name == column] or [name for name in names if plain(name) in headings]
        check_once(found, about)
        if len(found) > 1:
            hint = f"call the right one {column}"
            raise InputError(f"{listed(found)} may all be {column}", **about | {"expected": "one of them"}, hint=hint)
        if found:
            places[column] = names.index(found[0])
    return places


def refuse_other(seen):
    """Refuse a table without some of the columns of either form."""
    seen.read(seen.separator, EXPECTED, columns=lambda header: [])  # which says what is wrong with lines
    header, about = seen.header, _about(seen)
    published = _means_published(header)
    wanted, there = (COLUMNS, header) if published else (POSITION_COLUMNS, _places(about, header))
    missing = [name for name in wanted if name not in there]
    has_ends = {"start", "end"} <= set(map(plain, header)) and "tss" in missing
    separated = other_separator(header, seen.separator, "commas or tabs")
    raise InputError(
        f"no column {', '.join(missing)}; found {listed(header)}{separated}",
        **about,
        hint="of whole genes tss is the start on + (in BED start + 1), and the end on -" if has_ends else None,
    )


def _are_positions(fields):
    return all(field.isdecimal() for field in fields)


def _is_gene_pred(fields):
    """Whether fields are name, chromosome, strand, and positions, as a line of genePred without a heading begins."""
    return len(fields) > 7 and fields[2] in ("+", "-") and _are_positions(fields[3:8])


def is_ucsc(seen):
    """Whether a table is one of UCSC, of transcripts."""
    return {"txStart", "txEnd"} <= set(seen.header) or any(_is_gene_pred(seen.header[start:]) for start in range(3))


def has_no_headings(seen):
    """Whether a table has no headings, as BED has none."""
    first, *others = seen.header or [""]
    return first.startswith(("track", "browser")) or (len(others) > 1 and _are_positions(others[:2]))
