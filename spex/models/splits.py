"""Tensors and expression as matrices, and which rows are for training, validation and test."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

import expecto
from spex.errors import InputError
from spex.files.storage import DamagedFileError, load_array

OWN_FEATURES = expecto.TENSOR_WIDTH * expecto.CHROMATIN_FEATURES
NEIGHBOUR_FEATURES = 2 * expecto.CHROMATIN_FEATURES
WIDTHS = (OWN_FEATURES, OWN_FEATURES + NEIGHBOUR_FEATURES)
READERS = 8
COLUMNS_AT_ONCE = 1024
NAMED_AT_ONCE = 3
LEAST_TEST_GENES = 3
LEAST_GROUPS = 3


@dataclass(frozen=True)
class MatchedGenes:
    """Genes with all that a model needs, and those that lack something.

    genes: DataFrame (n) indexed by original row number, with id, symbol, chrom. expression: DataFrame (n, targets) with
    the same index. without_expression, without_tensor: genes left out, as `genes`.
    """

    genes: pd.DataFrame
    expression: pd.DataFrame
    without_expression: pd.DataFrame
    without_tensor: pd.DataFrame


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


def match_genes(folder, genes, expression):
    """Keep the genes that have both expression and a tensor.

    folder: DataFolder. genes: DataFrame indexed by original row number. expression: DataFrame over some of these rows.

    Returns: MatchedGenes.

    Raises:
        InputError: none of them has a tensor.
    """
    known = genes.loc[expression.index]
    present = genes_with_tensor(folder, known)
    return MatchedGenes(
        genes=known[present],
        expression=expression[present],
        without_expression=genes.drop(known.index),
        without_tensor=known[~present],
    )


def split_by_chromosome(chroms, test_chroms, validation_chroms=()):
    """Set the rows of the test and validation chromosomes aside; all others are for training.

    chroms: (n,) chromosome of each row. Returns: Split.

    Raises:
        InputError: a chromosome has two roles or no gene, a handful of test genes only, or no training genes.
    """
    chroms = np.asarray(chroms, dtype=str)
    both = sorted(set(test_chroms) & set(validation_chroms))
    if both:
        raise InputError(f"--validation_chroms {both[0]}: is among --test_chroms too; expected one role a chromosome")
    for option, names in (("--test_chroms", test_chroms), ("--validation_chroms", validation_chroms)):
        for name in names:
            if name not in chroms:
                raise InputError(
                    f"{option} {name}: no {option[2:].partition('_')[0]} genes: none of the {len(chroms):,} genes with "
                    f"a tensor lies there; they lie on {', '.join(sorted_chromosomes(chroms)) or 'no chromosome'}"
                )
    test, validation = np.isin(chroms, list(test_chroms)), np.isin(chroms, list(validation_chroms))
    if test.sum() < LEAST_TEST_GENES:
        raise InputError(
            f"--test_chroms {' '.join(test_chroms)}: {test.sum()} test genes with a tensor; expected at least "
            f"{LEAST_TEST_GENES}, or there is no correlation to report"
        )
    train = ~(test | validation)
    if not train.any():
        raise InputError(
            f"no training genes: all {len(chroms):,} genes with a tensor lie on the test and validation chromosomes "
            f"({', '.join(sorted_chromosomes(chroms))}); make the tensors of other chromosomes first (--test_only and "
            f"--reminder make a part of them)"
        )
    return Split(tuple(test_chroms), tuple(validation_chroms), *map(np.flatnonzero, (train, validation, test)))


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
            f"--cv chromosomes: {groups} groups of the {len(names)} chromosomes with genes ({', '.join(names)}); "
            f"expected {LEAST_GROUPS} to {len(names)} groups: one each for test, validation and training"
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


def genes_with_tensor(folder, genes):
    """Tell which genes have a tensor in the data folder.

    Returns: (n,) bool array.

    Raises:
        InputError: there is no tensors folder, or no tensor of these genes in it.
    """
    hint = f"make the tensors first: python tensors.py --data_folder {folder.root}"
    if not folder.tensors.is_dir():
        raise InputError(f"--data_folder {folder.root}: no folder tensors in it; {hint}")
    names = set(os.listdir(folder.tensors))
    present = np.array([folder.tensor_path(gene).name in names for gene in genes["id"]], dtype=bool)
    if not present.any():
        raise InputError(f"--data_folder {folder.root}: no tensor of the {len(genes):,} genes asked for; {hint}")
    return present


def expected_width(folder, run_settings, gene_ids):
    """Length of this folder's tensors: what its run.json tells, without one (published program) that of a tensor."""
    if run_settings is not None:
        return WIDTHS[1] if run_settings["maps_sha256"] else WIDTHS[0]
    for gene in gene_ids:
        try:
            array = load_array(folder.tensor_path(gene))
        except DamagedFileError:
            continue
        if array.shape in [(width,) for width in WIDTHS]:
            return array.size
    return WIDTHS[0]


def read_features(folder, gene_ids, width):
    """Read the tensors of some genes into one matrix, by threads, without a second copy.

    folder: DataFolder. gene_ids: n gene ids. width: numbers per tensor.

    Returns: float32 array (n, width), and the hexadecimal SHA-256 that stands for its content.

    Raises:
        InputError: tensors that are damaged, of another length, or hold NaN or infinity; the first ones by name.
    """
    gene_ids = list(gene_ids)
    matrix = np.empty((len(gene_ids), width), dtype=np.float32)

    def read_row(row):
        path = folder.tensor_path(gene_ids[row])
        try:
            array = load_array(path)
        except DamagedFileError as error:
            return f"{error}", None
        if array.shape != (width,) or array.dtype.kind != "f":
            return f"{path}: {array.dtype} of shape {array.shape}, expected {width} floating-point numbers", None
        with np.errstate(over="ignore"):
            matrix[row] = array
        if not np.isfinite(matrix[row]).all():
            return f"{path}: holds NaN or infinity", None
        return None, hashlib.sha256(matrix[row]).digest()

    content = hashlib.sha256()
    problems = []
    with ThreadPoolExecutor(READERS) as readers:
        for problem, digest in readers.map(read_row, range(len(gene_ids))):
            problems.append(problem) if problem else content.update(digest)
    if problems:
        more = f"; and {len(problems) - NAMED_AT_ONCE:,} more" if len(problems) > NAMED_AT_ONCE else ""
        raise InputError(
            f"{len(problems):,} of {len(gene_ids):,} tensors cannot be used: {'; '.join(problems[:NAMED_AT_ONCE])}"
            f"{more}; run tensors.py again with the same options, which makes them anew"
        )
    return matrix, content.hexdigest()


def column_moments(features, rows):
    """Mean and standard deviation of each column over some rows, both float64 (width,), without a float64 copy."""
    mean, deviation = np.empty((2, features.shape[1]))
    for block in column_blocks(features):
        values = features[rows, block].astype(np.float64)
        mean[block], deviation[block] = values.mean(axis=0), values.std(axis=0)
    return mean, deviation


def column_blocks(features):
    """Slices that together cover all columns of a matrix."""
    return [slice(start, start + COLUMNS_AT_ONCE) for start in range(0, features.shape[1], COLUMNS_AT_ONCE)]
