"""Names and numbers of files in one form: chromosomes, gene ids without versions, positions, stretches.

Which names mean one chromosome, and which chromosomes genes are left out on, in all common spellings, is said here.
"""

import fnmatch
import re

from spex.errors import InputError, listed, shown

LARGEST_POSITION = 2**31 - 1
"""In bp."""

ENSEMBL = re.compile(r"ENS[A-Z]*GR?\d+(\.\d+(_\d+)?)?(_PAR_Y)?(_\d+)?")
"""Gene ids of Ensembl and GENCODE: .5 is their version, .5_2 that of a gene that was lifted to another build."""
PAR_Y = re.compile(r"ENSGR\d.*|.*_PAR_Y(_\d+)?")
"""Ids of genes that GENCODE has twice, on X and, under these, on Y."""
TRANSCRIPT = re.compile(r"ENS[A-Z]*T\d+.*")
VERSION = r"^(ENS[A-Z]*GR?\d+)\.\d+(?:_\d+)?(_PAR_Y)?(?:_\d+)?\Z"

MITOCHONDRIAL = ("chrM", "MT", "M", "chrMT")

AUTOSOMES = re.compile(r"(chr)?([1-9]|1[0-9]|2[0-2])|NC_0000(0[1-9]|1[0-9]|2[0-2])\.\d+")
"""Of the human genome."""

REGION = re.compile(r"(.+):([\d,]+)-([\d,]+)", re.ASCII)
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


def unversioned(ids):
    """Ensembl gene ids without their version: ENSG00000223972.5 and .5_2 -> ENSG00000223972; others as they are.

    ids: Series of text. The copies of genes on Y stay apart: ENSG00000182378.13_PAR_Y -> ENSG00000182378_PAR_Y.
    """
    return ids.astype(object).str.replace(VERSION, r"\1\2", regex=True)


def names_like(names, pattern):
    """Those of some names that a name or shell pattern fits, in any case; where it is one of them, that alone."""
    if pattern in names:
        return [pattern]
    return [name for name in names if fnmatch.fnmatchcase(name.lower(), pattern.lower())]


def known_as(name, known):
    """The name, among those that are known, of a chromosome in a file; None where there is none.

    Blanks around a name do not count. 1 and chr1 are one chromosome, and so are M, MT, chrM and chrMT; a chromosome's
    own name goes first.
    """
    name = name.strip()
    other = _bare(name) if name.startswith("chr") else f"chr{name}"
    others = MITOCHONDRIAL if name in MITOCHONDRIAL else (other,)
    return next((each for each in (name, *others) if each in known), None)


def names_in(known, chroms):
    """What some chromosomes are called among those that are known: dict of name -> name there, of those there."""
    return {chrom: name for chrom in chroms if (name := known_as(chrom, known)) is not None}


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
    if NO_CHROMOSOME in names and set(names) != {NO_CHROMOSOME}:
        others = listed(name for name in names if name != NO_CHROMOSOME)
        raise InputError(f"{NO_CHROMOSOME} beside {others}", argument="exclude_chroms", expected="either")
    if NO_CHROMOSOME in names:
        return ()
    chosen = {ALIASES.get(_bare(name), _bare(name)) for name in names}
    return (*(name for name in EXCLUDED if name in chosen), *sorted(chosen - set(EXCLUDED)))


def reasons_by_chromosome(seqnames, excluded=EXCLUDED):
    """Why genes are left out by their chromosome, a phrase that follows a number; empty text where they are kept.

    seqnames: Series of names, None where there is none. excluded: from `excluded_chromosomes`.

    Numbers 23 and 24 are X and Y except where there is a chromosome 25; where there is a IX, X is the tenth chromosome
    and not left out by default.
    """
    names = seqnames.dropna().unique()
    there, reasons = {_bare(name) for name in names}, dict.fromkeys(names, "")
    numbers = {"23", "24"} if "25" in there else set()
    numbers |= {"X"} if "IX" in there and excluded == EXCLUDED else set()
    for kind in excluded:
        if kind in NAMES:
            found = [name for name in names if NAMES[kind].fullmatch(name) and _bare(name) not in numbers]
        else:
            found = [name for name in names if _bare(name) == kind]
            if not found:
                raise InputError(
                    f"no gene lies there; the genes table has {listed(sorted(names))}",
                    argument="exclude_chroms",
                    subject=shown(kind),
                )
        reasons |= dict.fromkeys(found, REASONS.get(kind, f"on {kind}"))
    return seqnames.map(lambda name: reasons.get(name, "")).astype(object)


def check_one_naming(chroms):
    """Refuse genes whose file calls one chromosome by two names. chroms: Series of names."""
    names = set(chroms.unique())
    both = sorted(name for name in names if not name.startswith("chr") and f"chr{name}" in names)
    if both:
        found = f"genes lie on {shown(both[0])} and on chr{shown(both[0])}"
        raise InputError(found, subject="genes table", expected="one name a chromosome")


def _bare(name):
    return name.removeprefix("chr")


def find_regions(texts, called, chroms):
    """What regions cover, by chromosome.

    texts: chromosomes, or stretches of one, 1-based, both ends included, with commas in numbers or not. called:
    function from a chromosome's name to the one to use, None where it is unknown. chroms: names for the error.

    Returns: dict of name -> list of (start, end), 0-based half-open, in order and apart; a whole chromosome ends at
    `LARGEST_POSITION`.
    """
    covered = {}
    for text in texts:
        chrom, start, end = text, 1, LARGEST_POSITION
        parts = REGION.fullmatch(text)
        if parts:
            chrom, start, end = parts[1], *(int(part.replace(",", "") or 0) for part in parts.groups()[1:])
        name = called(chrom)
        about = {"argument": "regions", "subject": shown(text)}
        if not 1 <= start <= end or (name is None and not parts and (":" in text or not text)):
            raise InputError("no region", **about, expected="one like chr8 or chr8:1-2000, from 1, both ends included")
        if name is None:
            raise InputError("no such chromosome", **about, expected=f"one of {listed(chroms, 5)}")
        covered.setdefault(name, []).append((min(start, LARGEST_POSITION) - 1, min(end, LARGEST_POSITION)))
    return {name: merged(stretches) for name, stretches in covered.items()}


def merged(stretches):
    """What stretches cover: list of (start, end), in order and apart. stretches: of these, half-open."""
    apart = []
    for start, end in sorted(stretches):
        if apart and start <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart
