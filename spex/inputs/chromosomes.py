"""Names of chromosomes: which mean one chromosome, and those that genes are left out on, in all common spellings."""

import re

import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.tables import listed

MITOCHONDRIAL = ("chrM", "MT", "M", "chrMT")

AUTOSOMES = re.compile(r"(chr)?([1-9]|1[0-9]|2[0-2])|NC_0000(0[1-9]|1[0-9]|2[0-2])\.\d+")
"""Of the human genome."""

SCAFFOLDS, NO_CHROMOSOME = "scaffolds", "none"
NAMES = {
    "chrX": re.compile(r"(chr)?(X|23)|NC_000023\.\d+", re.IGNORECASE),
    "chrY": re.compile(r"(chr)?(Y|24)|NC_000024\.\d+", re.IGNORECASE),
    "chrM": re.compile(
        r"(chr)?(M|MT|Mito|MtDNA)|(.+_)?mitochondrion_genome|NC_012920\.\d+|NC_001807\.\d+", re.IGNORECASE
    ),
    SCAFFOLDS: re.compile(
        r".+_(alt|fix|random|hap\d+)|chrUn.*|(CHR_)?(HSCHR|HG|HSPATCH).+|N[TWG]_\d+\.\d+|"
        r"[A-Z]{2}\d{6}\.\d+|[A-Z]{4,6}\d{8,}\.\d+|(scaffold|contig)_?\d.*",
        re.IGNORECASE,
    ),
}
"""What is left out by default, as `exclude_chroms` calls it -> the names that it has in files."""
EXCLUDED = tuple(NAMES)
ALIASES = {"X": "chrX", "Y": "chrY", "M": "chrM", "MT": "chrM"}
"""What a user may give for them, without chr."""
REASONS = {"chrM": "on the mitochondrial chromosome", SCAFFOLDS: "on contigs"}


def known_as(name, known):
    """The name, among those that are known, of a chromosome in a file; None where there is none.

    Blanks around a name do not count. 1 and chr1 are one chromosome, and so are M, MT, chrM and chrMT; a chromosome's
    own name goes first.

    >>> known_as("1 ", ["chr1", "chr8"])
    'chr1'
    """
    name = name.strip()
    bare = name.removeprefix("chr")
    others = MITOCHONDRIAL if name in MITOCHONDRIAL else (bare if bare != name else f"chr{name}",)
    return next((each for each in (name, *others) if each in known), None)


def names_in(known, chroms):
    """What some chromosomes are called among those that are known: dict of name -> name there, of those there."""
    names = {chrom: known_as(chrom, known) for chrom in chroms}
    return {chrom: name for chrom, name in names.items() if name is not None}


def excluded_chromosomes(names=None):
    """The chromosomes that a user leaves out, each under one name.

    names: chromosomes, with or without chr; `scaffolds` for whatever is named as they are; `none` alone for nothing.
    None is the default: chrX, chrY, chrM and scaffolds.

    Returns: tuple, in the order of the default, then sorted.

    Raises:
        InputError: `none` beside others.
    """
    if names is None:
        return EXCLUDED
    if NO_CHROMOSOME in names:
        if set(names) != {NO_CHROMOSOME}:
            raise InputError(
                f"{NO_CHROMOSOME} beside {listed(name for name in names if name != NO_CHROMOSOME)}",
                argument="exclude_chroms",
                expected="either",
            )
        return ()
    chosen = {ALIASES.get(_bare(name), _bare(name)) for name in names}
    return (*(name for name in EXCLUDED if name in chosen), *sorted(chosen - set(EXCLUDED)))


def reasons_by_chromosome(seqnames, excluded=EXCLUDED):
    """Why genes are left out by their chromosome, in words that follow a number; empty text where they are kept.

    seqnames: Series of names, None where there is none. excluded: from `excluded_chromosomes`.

    Numbers 23 and 24 are X and Y except where there is a chromosome 25; where there is a IX, X is the tenth chromosome
    and not left out by default.

    Raises:
        InputError: no gene lies on a chromosome that is to be left out by its own name.
    """
    there = {_bare(name) for name in seqnames.dropna().unique()}
    reasons = pd.Series("", index=seqnames.index, dtype=object)
    for kind in excluded:
        if kind in NAMES:
            found = seqnames.str.fullmatch(NAMES[kind], na=False)
            bare = seqnames[found].map(_bare)
            numbers = {"23", "24"} if "25" in there else set()
            numbers |= {"X"} if "IX" in there and excluded == EXCLUDED else set()
            found[bare.index[bare.isin(numbers)]] = False
        else:
            found = seqnames.map(_bare, na_action="ignore") == kind
            if not found.any():
                names = listed(sorted(map(str, seqnames.dropna().unique())))
                raise InputError(
                    f"no gene lies there; the genes table has {names}", argument="exclude_chroms", subject=shown(kind)
                )
        reasons[found] = REASONS.get(kind, f"on {kind}")
    return reasons


def check_one_naming(chroms):
    """Refuse genes whose file calls one chromosome by two names. chroms: Series of names.

    Raises:
        InputError: both 1 and chr1 are there.
    """
    names = set(chroms.unique())
    both = sorted(name for name in names if not name.startswith("chr") and f"chr{name}" in names)
    if both:
        raise InputError(
            f"genes lie on {shown(both[0])} and on chr{shown(both[0])}",
            subject="genes table",
            expected="one name a chromosome",
        )


def _bare(name):
    return name.removeprefix("chr")
