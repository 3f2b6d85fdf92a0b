"""The tensors of a data folder: which are there, and their numbers as one matrix."""

import contextlib
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from expecto.network import PUBLISHED
from spex.errors import InputError, command
from spex.files.sealed import DamagedFileError, load_array
from spex.models.layout import Layout, published_layout

READERS = 8
NAMED_AT_ONCE = 3

logger = logging.getLogger("spex")


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


def match_genes(folder, genes, expression):
    """Keep the genes that have both expression and a tensor.

    folder: DataFolder. genes: DataFrame indexed by original row number. expression: DataFrame over some of these rows.

    Returns: MatchedGenes.

    Raises:
        InputError: none of them has a tensor.
    """
    known = genes.loc[expression.index]
    present = genes_with_tensor(folder, known)
    return MatchedGenes(known[present], expression[present], genes.drop(known.index), known[~present])


def genes_with_tensor(folder, genes):
    """Which genes have a tensor in the data folder, (n,) bool.

    Raises:
        InputError: there is no tensors folder, or no tensor of these genes in it.
    """
    present = folder.has_tensors(genes["id"])
    if not present.any():
        there = folder.tensors.is_dir()
        raise InputError(
            f"no tensor of the {len(genes):,} genes asked for" if there else "no folder tensors in it",
            argument="data_folder",
            subject=folder.root,
            hint=f"make the tensors first: {command('tensors --data_folder')} {folder.root}",
        )
    return present


def layout_of(folder, run_settings, gene_ids):
    """Layout of this folder's tensors: by its run.json, or without one (published program) by the length of a tensor,
    which contains contacts in one group or none."""
    if run_settings is not None:
        return folder.named(run_settings.layout)
    for gene in gene_ids:
        with contextlib.suppress(DamagedFileError):
            array = load_array(folder.tensor_path(gene))
            layout = published_layout(array.size) if array.ndim == 1 else None
            if layout is not None and layout.groups < 2:
                return layout
    return Layout.of_network(PUBLISHED, 0)


def read_features(folder, gene_ids, width, columns=slice(None)):
    """Read the tensors of some genes into one matrix, by threads, without a second copy.

    folder: DataFolder. gene_ids: n gene ids. width: numbers per tensor. columns: slice of those that are wanted.

    Returns: float32 array (n, columns), and the hexadecimal SHA-256 that stands for the tensors' content.

    Raises:
        InputError: tensors that are damaged, of another length, or contain NaN or infinity; the first ones by name.
    """
    gene_ids = list(gene_ids)
    matrix = np.empty((len(gene_ids), len(range(width)[columns])), dtype=np.float32)

    def read_row(row):
        try:
            array = _read_tensor(folder.tensor_path(gene_ids[row]), width)
        except DamagedFileError as error:
            return str(error), b""
        matrix[row] = array[columns]
        return None, hashlib.sha256(array).digest()

    with ThreadPoolExecutor(READERS) as readers:
        read = [*readers.map(read_row, range(len(gene_ids)))]
    problems = [problem for problem, _ in read if problem]
    if problems:
        more = f"; and {len(problems) - NAMED_AT_ONCE:,} more" if len(problems) > NAMED_AT_ONCE else ""
        raise InputError(
            f"{len(problems):,} of {len(gene_ids):,} tensors cannot be used: {'; '.join(problems[:NAMED_AT_ONCE])}"
            f"{more}",
            hint=f"run {command('tensors')} again with the same options to rebuild them",
        )
    return matrix, hashlib.sha256(b"".join(digest for _, digest in read)).hexdigest()


def _read_tensor(path, width):
    array = load_array(path)
    if array.shape != (width,) or array.dtype.kind != "f":
        raise DamagedFileError(f"{path}: {array.dtype} of shape {array.shape}, expected {width} floating-point numbers")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise DamagedFileError(f"{path}: contains NaN or infinity")
    return array


class TensorMatrix:
    """The tensors of some genes as one matrix of gigabytes, which is kept until it is asked for, and then read again.

    folder, gene_ids, width, errors: as of `read_features`. shape: (n, width). sha256: stands for the content.
    """

    def __init__(self, folder, gene_ids, width):
        self._place = folder, list(gene_ids), width
        self._matrix, self.sha256 = read_features(*self._place)
        self.shape = self._matrix.shape

    def hand_over(self):
        """The matrix, float32 (n, width), which belongs to the caller alone: it is gone when the caller drops it.

        Raises InputError where the tensors have changed since they were first read.
        """
        matrix, self._matrix = self._matrix, None
        if matrix is None:
            logger.info("reading %s tensors again", f"{self.shape[0]:,}")
            matrix = read_again(*self._place, self.sha256)
        return matrix


def read_again(folder, gene_ids, width, sha256):
    """The matrix of `read_features`, of the same tensors as before. sha256: that stands for their content.

    Raises:
        InputError: tensors that are damaged, or others by now.
    """
    matrix, found = read_features(folder, gene_ids, width)
    if found != sha256:
        raise InputError(
            "its tensors have changed since this run began",
            argument="data_folder",
            subject=folder.root,
            hint="wait until no program writes there, then run the same command again",
        )
    return matrix
