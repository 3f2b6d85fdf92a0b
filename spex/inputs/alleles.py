"""Alleles of variants: what one is, why one cannot be scored, and those of tables of pandas, pysam and cyvcf2."""

import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from spex.errors import InputError, listed, shown
from spex.inputs.normalise import known_as

OK = "ok"
SYMBOLIC = "symbolic"
BREAKEND = "breakend"
MISSING = "missing"
NOT_ACGT = "not_acgt"
TOO_LONG = "too_long"
UNKNOWN_CHROMOSOME = "unknown_chromosome"
PAST_THE_END = "past_the_end"
SAME = "same"
BAD_END = "bad_end"

DELETION, TANDEM, INVERSION = "DEL", "DUP", "INV"
STRUCTURAL = re.compile(r"<(DEL|INV)(?::[^<>]*)?>|<(DUP)(?::TANDEM)?>", re.IGNORECASE)
SIGNED = re.compile(r"-?\d{1,18}", re.ASCII)

BASES = frozenset("ACGT")

COLUMNS = ("chrom", "pos", "ref", "alt")
OF_SYMBOLIC = ("end", "svlen")
NOTHING = "."
"""What VCF has for a missing value."""
EMPTY = ("", "None", "nan", "<NA>", "NaT")
"""What a missing value becomes as text."""
WHOLE = re.compile(r"(\d{1,18})(\.0*)?", re.ASCII)

LONGEST_INDEL, LONGEST_CHANGE = 2000, 10_000_000
"""Largest length in bp of what an allele takes away or puts in: that contacted bins are not lost by; and at all."""


@dataclass(frozen=True)
class Allele:
    """One alternative allele of a row.

    number: of the row in the file, from 0; where regions are read, among those read. variant_id: as in the file, "."
    where there is none. chrom: the file's name of the chromosome. pos: 1-based as in the file. ref, alt: as in the
    file, any case. on: the genome's name of the chromosome, None when it has none. status: OK, or why it is not scored.
    end: 1-based, of the last base of a symbolic allele, whose first one is that after pos; 0 of others.
    """

    number: int
    variant_id: str
    chrom: str
    pos: int
    ref: str
    alt: str
    on: str | None
    status: str
    end: int = 0


def alleles_of_row(number, variant_id, chrom, pos, ref, alts, on, length, info=NOTHING):
    """The alternative alleles of a row, in order: list of Allele. alts: with commas between them; length: as of
    `allele_status`; info: text of the field INFO; the rest as of Allele."""
    alts, alleles = alts.split(","), []
    for place, alt in enumerate(alts):
        end = symbolic_end(info, place, len(alts), pos) if structural(alt) else 0
        status = allele_status(ref, alt, pos, length, end)
        alleles.append(Allele(number, variant_id, chrom, pos, ref, alt, on, status, end))
    return alleles


def structural(alt):
    """What a symbolic allele is, DELETION, TANDEM or INVERSION; None of any other."""
    found = STRUCTURAL.fullmatch(alt) if alt.startswith("<") else None
    return found and (found[1] or found[2]).upper()


def symbolic_end(info, place, count, pos):
    """Last base of a symbolic allele, 1-based, by END and SVLEN, whose sign differs between versions of VCF.

    0 where INFO has neither, -1 where they cannot be or do not agree. place: of the allele among the `count` of its
    row, whose END is the largest of theirs. An SVLEN of 0, as inversions have in VCF 4.3, says nothing.
    """
    fields = dict(each.partition("=")[::2] for each in info.split(";"))
    end, lengths = fields.get("END", NOTHING), fields.get("SVLEN", NOTHING).split(",")
    length = lengths[place] if len(lengths) == count else NOTHING
    if not all(each == NOTHING or SIGNED.fullmatch(each) for each in (end, length)):
        return -1
    if length == NOTHING or not int(length):
        return 0 if end == NOTHING else int(end) if int(end) > pos else -1
    found = pos + abs(int(length))
    agrees = end in (NOTHING, str(found)) or (count > 1 and int(end) > found)
    return found if agrees else -1


def allele_status(ref, alt, pos, length, end=0):
    """OK, or the first reason why an allele cannot be scored.

    pos: 1-based, of the first base of `ref`. length: of the chromosome in bp, None where the genome lacks it. end: of
    `symbolic_end`.

    `missing`: `.`, `*` or nothing. `symbolic`: a name in angle brackets, but for deletions, tandem duplications and
    inversions that have an end; `bad_end`: END lies before POS, or contradicts SVLEN. `breakend`: a join to another
    place. `past_the_end`: it reaches past an end of the chromosome; position 0 is before its first base.
    """
    ref, alt = ref.upper(), alt.upper()
    if end:
        reasons = {
            BAD_END: end < 0,
            UNKNOWN_CHROMOSOME: length is None,
            NOT_ACGT: not ref or not {*BASES, "N"}.issuperset(ref),
            PAST_THE_END: length is not None and not 1 <= pos < end <= length,
            TOO_LONG: end - pos > LONGEST_CHANGE,
        }
        return next((reason for reason, applies in reasons.items() if applies), OK)
    reasons = {
        MISSING: alt in ("", ".", "*"),
        BREAKEND: not alt.startswith("<") and ("[" in alt or "]" in alt or alt.startswith(".") or alt.endswith(".")),
        SYMBOLIC: "<" in alt,
        UNKNOWN_CHROMOSOME: length is None,
        NOT_ACGT: not ref or not BASES.issuperset(ref + alt),
        PAST_THE_END: length is not None and not 1 <= pos <= length + 1 - len(ref),
        SAME: ref == alt,
        TOO_LONG: max(len(ref), len(alt)) > LONGEST_CHANGE and changed_length(ref, alt) > LONGEST_CHANGE,
    }
    return next((reason for reason, applies in reasons.items() if applies), OK)


def changed_length(ref, alt):
    """Length in bp of the longer of two alleles, without what both end with and then what both begin with."""
    return max(map(len, trimmed(ref, alt)[1:]))


def trimmed(ref, alt):
    """Two alleles without what both end with, and then what both begin with.

    Returns: how many letters were taken away at the beginning; ref; alt.
    """
    end = begins_alike(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start = begins_alike(ref, alt)
    return start, ref[start:], alt[start:]


def begins_alike(one, other):
    """How many letters two texts begin with alike."""
    differing = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))


def as_text(field):
    """A piece of a line as text; bytes that are not UTF-8 as their escapes."""
    return field.decode(errors="backslashreplace")


def no_chromosome(unknown, chromsizes, about):
    """The InputError about variants on none of the genome's chromosomes. unknown: names of theirs."""
    return InputError(
        f"none of its chromosomes is in the genome; it has {listed(unknown, 5)}",
        **about,
        expected=f"names like {listed(chromsizes, 5)}",
    )


class VariantTable:
    """A table of variants in memory, in the place of a VariantFile. variants, chromsizes, errors: of
    `alleles_of_table`."""

    about = {"argument": "variants"}  # noqa: RUF012 (of none of them alone)
    doubts, regions, sha256 = (), (), None

    def __init__(self, variants, chromsizes):
        self._alleles = alleles_of_table(variants, chromsizes)

    def blocks(self, size):
        """Yield lists of Allele: those of `size` rows each."""
        return (list(block) for _, block in groupby(self._alleles, lambda allele: allele.number // size))


def alleles_of_table(variants, chromsizes):
    """The alleles of a table of variants: list of Allele, in its order.

    variants: DataFrame with chrom, pos (1-based), ref, alt, id where they have one, and end or svlen, as VCF has them
    in INFO, for symbolic ones; other columns are passed over. An alt is a text, with commas between several alleles, or
    a tuple, list or array of texts; None and NaN are missing.
    chromsizes: name -> bp of the genome.

    Raises:
        InputError: a column is missing or there twice, a position is no whole number, or no chromosome is known.
    """
    columns = _columns(variants)
    alleles, on = [], {}
    rows = zip(columns.get("id", [NOTHING] * len(variants)), *(columns[name] for name in COLUMNS), strict=True)
    for number, (variant_id, chrom, pos, ref, alt) in enumerate(rows):
        fields = [f"{each.upper()}={_whole(columns[each][number])}" for each in OF_SYMBOLIC if each in columns]
        name = _name(chrom)
        on.setdefault(name, known_as(name, chromsizes))
        ours, place = on[name], _position(pos, number, variants.index[number])
        alleles += alleles_of_row(
            *(number, _name(variant_id), name, place, _text(ref), _alts(alt), ours, chromsizes.get(ours)),
            info=";".join(fields),
        )
    if on and not any(on.values()):
        raise no_chromosome(on, chromsizes, {"argument": "variants"})
    return alleles


def _columns(variants):
    """The columns that are read, by name: dict of lists. Titles as VCF has them, such as #CHROM, serve too."""
    names = [str(title).removeprefix("#").lower() for title in variants.columns]
    missing = [name for name in COLUMNS if name not in names]
    known = (*COLUMNS, "id", *OF_SYMBOLIC)
    twice = [name for name in known if names.count(name) > 1]
    if missing or twice:
        what = f"no column {', '.join(missing)}" if missing else f"column {twice[0]} twice"
        raise InputError(what, argument="variants", expected="chrom, pos (1-based), ref, alt")
    return {name: variants.iloc[:, names.index(name)].tolist() for name in known if name in names}


def _text(value):
    """A cell as text; nothing is `.`."""
    text = as_text(value) if isinstance(value, bytes) else str(value)
    return NOTHING if text in EMPTY else text


def _name(value):
    """The name of a chromosome or variant as text; a whole number that became a float is that number."""
    text = _text(value).strip()
    whole = WHOLE.fullmatch(text)
    return whole[1] if whole and whole[2] else text


def _whole(value):
    """One number or several as text, with commas between them, without the fraction that floats have."""
    return ",".join(each.removesuffix(".0") for each in _alts(value).split(","))


def _position(value, number, label):
    """A position as an int. number: of the row, from 0. label: of the row in the table's index."""
    text = f"{value:.1f}" if isinstance(value, float) else _text(value).strip()
    whole = not isinstance(value, bool) and WHOLE.fullmatch(text)
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
    return ",".join(_text(one) for one in value if one not in ("", b"")) or NOTHING
