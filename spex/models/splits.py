"""Which rows of a matrix are for training, validation and test, decided by chromosome."""

import logging
from dataclasses import dataclass

import numpy as np

from spex.errors import InputError, parameter

TEST_CHROM = "chr8"
"""The published held-out chromosome."""

UNSEEN_CHROM = "chr9"
"""Beluga was trained without this one and the test chromosome."""

LEAST_GROUPS = 3

LEAST_GENES = 3
"""That have scores."""

FEW_GENES = 10
"""Below so many, p-values are exact, by every way to pair predictions and observations: the usual ones rest on a
distribution that does not hold there, and are 0 where two orders of three genes agree."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Split:
    """Rows of a matrix by role, decided by chromosome.

    train, validation, test: int arrays of row positions; `validation` is empty where no chromosome was set aside.
    """

    test_chroms: tuple[str, ...]
    validation_chroms: tuple[str, ...]
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray

    @property
    def watched(self):
        """Rows that choose the number of rounds: the validation ones, without them the test ones (as published)."""
        return self.validation if self.validation_chroms else self.test


def split_by_chromosome(chroms, test_chroms, validation_chroms=()):
    """Set the rows of the test and validation chromosomes aside; all others are for training.

    chroms: (n,) chromosome of each row. Returns: Split.

    Raises:
        InputError: a chromosome has two roles or no gene, a handful of test genes only, or no training genes.
    """
    chroms = np.asarray(chroms, dtype=str)
    both = sorted(set(test_chroms) & set(validation_chroms))
    if both:
        raise InputError(
            f"is among {parameter('test_chroms')} too",
            argument="validation_chroms",
            subject=both[0],
            expected="one role a chromosome",
        )
    for argument, names in (("test_chroms", test_chroms), ("validation_chroms", validation_chroms)):
        for name in names:
            if name not in chroms:
                raise InputError(
                    f"no {argument.partition('_')[0]} genes: none of the {len(chroms):,} genes with a tensor lies "
                    f"there; they lie on {', '.join(sorted_chromosomes(chroms)) or 'no chromosome'}",
                    argument=argument,
                    subject=name,
                )
    test, validation = np.isin(chroms, list(test_chroms)), np.isin(chroms, list(validation_chroms))
    if test.sum() < LEAST_GENES:
        raise InputError(
            f"{test.sum()} test genes with a tensor",
            argument="test_chroms",
            subject=" ".join(test_chroms),
            expected=f"at least {LEAST_GENES}, or there is no correlation to report",
        )
    train = ~(test | validation)
    if not train.any():
        raise InputError(
            f"no training genes: all {len(chroms):,} genes with a tensor lie on the test and validation chromosomes "
            f"({', '.join(sorted_chromosomes(chroms))})",
            hint=f"make the tensors of other chromosomes first ({parameter('test_only')} and {parameter('remainder')} "
            "make a part of them)",
        )
    return Split(tuple(test_chroms), tuple(validation_chroms), *map(np.flatnonzero, (train, validation, test)))


def warn_of_few(split):
    """Warn of a score that few genes decide. split: Split that is scored by itself."""
    if len(split.test) < FEW_GENES:
        logger.warning(
            "only %d test genes (%s): their score says little, whatever its p-value; hold more chromosomes out",
            *(len(split.test), ", ".join(split.test_chroms)),
        )


def cross_validation_splits(chroms, groups=None):
    """Every chromosome in turn as test, so that each row is a test row once and never chooses or fits its own model.

    chroms: (n,) chromosome of each row. groups: number of groups of chromosomes that take turns instead of single
    ones. The group after the test one is for validation.

    Returns: list of Split.

    Raises:
        InputError: fewer than three groups, or fewer chromosomes than groups.
    """
    names = sorted_chromosomes(chroms)
    groups = len(names) if groups is None else groups
    if not LEAST_GROUPS <= groups <= len(names):
        raise InputError(
            f"{groups} groups of the {len(names)} chromosomes with genes ({', '.join(names)})",
            argument="cv",
            subject="chromosomes",
            expected=f"{LEAST_GROUPS} to {len(names)} groups: one each for test, validation and training",
        )
    members = _balanced_groups(names, np.asarray(chroms, dtype=str), groups)
    return [split_by_chromosome(chroms, members[i], members[(i + 1) % groups]) for i in range(groups)]


def _balanced_groups(names, chroms, count):
    """Chromosomes in `count` groups of about equal gene numbers: the largest first, each to the smallest group."""
    sizes = {name: int((chroms == name).sum()) for name in names}
    members = [[] for _ in range(count)]
    for name in sorted(names, key=lambda name: -sizes[name]):
        min(members, key=lambda group: sum(sizes[member] for member in group)).append(name)
    return sorted(map(sorted_chromosomes, members), key=lambda group: (len(group[0]), group[0]))


def sorted_chromosomes(chroms):
    """The distinct chromosome names in the order of their numbers."""
    return sorted(set(chroms), key=lambda name: (len(name), name))
