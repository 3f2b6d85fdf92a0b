"""Alleles of variants: what one is, and why one cannot be scored."""

from dataclasses import dataclass

OK = "ok"
SYMBOLIC = "symbolic"
BREAKEND = "breakend"
MISSING = "missing"
NOT_ACGT = "not_acgt"
TOO_LONG = "too_long"
UNKNOWN_CHROMOSOME = "unknown_chromosome"
PAST_THE_END = "past_the_end"
SAME = "same"

BASES = frozenset("ACGT")

LONGEST_CHANGE = 2000
"""Largest length in bp of what an allele takes away or puts in."""


@dataclass(frozen=True)
class Allele:
    """One alternative allele of a row.

    number: of the row in the file, from 0; where regions are read, among those read. variant_id: as in the file, "."
    where there is none. chrom: the file's name of the chromosome. pos: 1-based as in the file. ref, alt: as in the
    file, any case. on: the genome's name of the chromosome, None when it has none. status: OK, or why it is not scored.
    """

    number: int
    variant_id: str
    chrom: str
    pos: int
    ref: str
    alt: str
    on: str | None
    status: str


def alleles_of_row(number, variant_id, chrom, pos, ref, alts, on, length):
    """The alternative alleles of a row, in order: list of Allele. alts: with commas between them; length: as of
    `allele_status`; the rest as of Allele."""
    return [
        Allele(number, variant_id, chrom, pos, ref, alt, on, allele_status(ref, alt, pos, length))
        for alt in alts.split(",")
    ]


def allele_status(ref, alt, pos, length):
    """OK, or the first reason why an allele cannot be scored.

    pos: 1-based, of the first base of `ref`. length: of the chromosome in bp, None where the genome lacks it.

    `missing`: `.`, `*` or nothing. `symbolic`: a name in angle brackets. `breakend`: a join to another place.
    `past_the_end`: ref reaches past an end of the chromosome; position 0 is before its first base.
    """
    ref, alt = ref.upper(), alt.upper()
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
    return next((reason for reason, holds in reasons.items() if holds), OK)


def changed_length(ref, alt):
    """Length in bp of the longer of two alleles, without what both end with and then what both begin with."""
    return max(map(len, trimmed(ref, alt)[1:]))


def trimmed(ref, alt):
    """Two alleles without what both end with, and then what both begin with.

    Returns: how many letters were taken away at the beginning; ref; alt.
    """
    end = _common(ref[::-1], alt[::-1])
    ref, alt = ref[: len(ref) - end], alt[: len(alt) - end]
    start = _common(ref, alt)
    return start, ref[start:], alt[start:]


def _common(one, other):
    """How many letters two texts begin with alike."""
    differing = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differing, min(len(one), len(other)))
