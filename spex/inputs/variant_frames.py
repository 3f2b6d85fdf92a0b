"""Variants in a pandas table, as pandas, pysam and cyvcf2 hand them over, to the alleles that a file would give."""

import math
import numbers
import re
from collections.abc import Iterable

import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.alleles import alleles_of_row
from spex.inputs.normalise import names_in, some_of
from spex.inputs.vcf_text import as_text

COLUMNS = ("chrom", "pos", "ref", "alt")
EXPECTED = "chrom, pos (1-based), ref, alt"
MISSING = "."
"""What VCF has where there is nothing."""

NOTHING = ("", "None", "nan", "<NA>", "NaT")
"""What is left of nothing where a table was made text."""

WHOLE = re.compile(r"(\d{1,18})(\.0*)?", re.ASCII)


def alleles_of_table(variants, chromsizes):
    """The alleles of a table of variants: list of Allele, in its order.

    variants: DataFrame with chrom, pos (1-based), ref, alt, and id where they have one; other columns are passed over.
    An alt is a text, with commas between several alleles, or a tuple, list or array of texts; None and NaN are missing.
    chromsizes: name -> bp of the genome.

    Raises:
        InputError: a column is missing or there twice, a position is no whole number, or no chromosome is known.
    """
    columns = _columns(variants)
    ids = columns.get("id", [MISSING] * len(variants))
    alleles, on = [], {}
    rows = zip(ids, *(columns[name] for name in COLUMNS), strict=True)
    for number, (variant_id, chrom, pos, ref, alt) in enumerate(rows):
        name = _name(chrom)
        if name not in on:
            on[name] = names_in(chromsizes, [name]).get(name)
        place = _position(pos, number, variants.index[number])
        ours = on[name]
        alleles += alleles_of_row(
            number, _name(variant_id), name, place, _text(ref), _alts(alt), ours, chromsizes.get(ours)
        )
    if on and not any(on.values()):
        raise InputError(
            f"none of its chromosomes is in the genome; it has {some_of(on)}",
            argument="variants",
            expected=f"names like {some_of(chromsizes)}",
        )
    return alleles


def _columns(variants):
    """The columns that are read, by name: dict of lists. Titles as VCF has them, such as #CHROM, serve too."""
    found = {}
    for place, title in enumerate(variants.columns):
        name = str(title).removeprefix("#").lower()
        if name in (*COLUMNS, "id"):
            found.setdefault(name, []).append(place)
    missing = [name for name in COLUMNS if name not in found]
    twice = [name for name, places in found.items() if len(places) > 1]
    if missing or twice:
        what = f"no column {', '.join(missing)}" if missing else f"column {twice[0]} twice"
        raise InputError(what, argument="variants", expected=EXPECTED)
    return {name: variants.iloc[:, place].tolist() for name, (place,) in found.items()}


def _is_missing(value):
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _text(value):
    """A cell as text; nothing is `.`."""
    if _is_missing(value):
        return MISSING
    text = as_text(value) if isinstance(value, bytes) else str(value)
    return MISSING if text in NOTHING else text


def _name(value):
    """The name of a chromosome or variant as text; a whole number that became a float is that number."""
    text = _text(value).strip()
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole and whole[2] else text


def _position(value, number, label):
    """A position as an int. number: of the row, from 0. label: of the row in the table's index."""
    whole = not isinstance(value, bool) and WHOLE.fullmatch(
        f"{value:.1f}" if isinstance(value, float) else _text(value).strip()
    )
    if not whole or (isinstance(value, numbers.Real) and value != int(whole[1])):
        raise InputError(
            f"position {shown(repr(value), 30)} in row {number + 1} (index {shown(label, 30)})",
            argument="variants",
            expected="a whole number from 0 up",
        )
    return int(whole[1])


def _alts(value):
    """The alternative alleles of a cell, with commas between them; what fills up the rows of an array is left out."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        return _text(value)
    return ",".join(_text(one) for one in value if one not in ("", b"")) or MISSING
