"""Tensors and expression as matrices, and which rows are for training, validation and test."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

import expecto
from spex.errors import InputError
from spex.storage import DamagedFileError, load_array

OWN_FEATURES = expecto.TENSOR_WIDTH * expecto.CHROMATIN_FEATURES
NEIGHBOUR_FEATURES = 2 * expecto.CHROMATIN_FEATURES
WIDTHS = (OWN_FEATURES, OWN_FEATURES + NEIGHBOUR_FEATURES)
READERS = 8
NAMED_AT_ONCE = 3
LEAST_TEST_GENES = 3


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
