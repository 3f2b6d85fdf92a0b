"""Genotypes of samples: which alleles of a row each one has, and whether they are phased."""

import re
from typing import NamedTuple

from spex.errors import InputError, listed, shown
from spex.inputs.alleles import NOTHING, as_text
from spex.inputs.vcf import TITLES

FIRST_SAMPLE = len(TITLES) + 1
"""Column; FORMAT stands before it."""

CALL = re.compile(r"[|/]?(\.|\d{1,9})(?:([|/])(\.|\d{1,9}))?")
"""Of one or two chromosomes; VCF 4.4 allows a sign before the first."""


class Genotype(NamedTuple):
    """alleles: of both chromosomes, or of one: 0 is REF, 1 the first alternative; None are missing. phase_set: text of
    PS, "" without one; None where it is not phased, and two alleles differ."""

    alleles: tuple[int | None, ...]
    phase_set: str | None


NO_CALL = Genotype((None,), "")


def sample_columns(file, names):
    """Columns of the samples of a variant file: dict of name -> column. names: those that are asked for, in order; all
    without any.

    Raises:
        InputError: it has no samples, none of a name, or several of one.
    """
    known = [as_text(each) for each in file.header[-1].split(b"\t")[FIRST_SAMPLE:]]
    if not known:
        raise file.error("no samples in it", expected="VCF or BCF with genotypes")
    if unknown := [name for name in names if name not in known]:
        found = f"no sample {listed(unknown)} among the {len(known):,} of the file"
        raise InputError(found, argument="samples", expected=f"names like {listed(known, 5)}")
    if twice := [name for name in dict.fromkeys(names or known) if known.count(name) > 1]:
        raise file.error(f"several samples are called {listed(twice, 5)}", expected="names that differ")
    return {name: FIRST_SAMPLE + known.index(name) for name in dict.fromkeys(names or known)}


def genotypes_of(line, columns, file, number):
    """Genotypes of some samples in a row: list of Genotype. line: bytes. columns: numbers. file: VariantFile, and
    number of the row, for errors.

    Calls of more than two chromosomes count as missing.

    Raises:
        InputError: a GT that is none, or names an allele that the row lacks.
    """
    fields = line.split(b"\t")
    keys = fields[FIRST_SAMPLE - 1].split(b":")
    if b"GT" not in keys:
        return [NO_CALL] * len(columns)
    place, of_set = keys.index(b"GT"), keys.index(b"PS") if b"PS" in keys else None
    count, genotypes = fields[TITLES.index(b"ALT")].count(b",") + 1, []
    for column in columns:
        values = [as_text(each) for each in fields[column].split(b":")]
        call = values[place] if place < len(values) else NOTHING
        if re.split(r"[|/]", call.lstrip("|/"))[2:]:
            genotypes.append(NO_CALL)
            continue
        found = CALL.fullmatch(call)
        alleles = found and tuple(None if each == NOTHING else int(each) for each in (found[1], found[3]) if each)
        if not found or any(each is not None and each > count for each in alleles):
            raise file.error(
                f"genotype '{shown(call, 30)}' in row {number + 1}",
                expected=f"alleles 0 to {count}, as the row has them, between | or /",
            )
        phase_set = values[of_set] if of_set is not None and of_set < len(values) else NOTHING
        phased = found[2] != "/" or len(set(alleles)) == 1
        genotypes.append(Genotype(alleles, ("" if phase_set == NOTHING else phase_set) if phased else None))
    return genotypes
