"""Expression files: in whatever form a lab hands them around, values in tissues or samples, tied to genes."""

from pathlib import Path

from spex.errors import InputError, parameter
from spex.files.checks import require_file
from spex.inputs.kinds import HDF5, recognise
from spex.inputs.quantified.h5ad import open_h5ad
from spex.inputs.quantified.samples import VALUES, open_samples
from spex.inputs.quantified.tables import open_table
from spex.inputs.quantified.values import warn_of_logarithms

__all__ = ["VALUES", "open_expression", "read_expression"]


def open_expression(paths, value=None, known_ids=None):
    """Tell which tissues there are: in a table, in files of one sample each, or in an AnnData file.

    paths: one path or a list of them; one folder stands for the files of samples in it. A single file without `value`
    is a table (.csv, .tsv, .txt, .gct, compressed or not) or .h5ad. value: column that is the expression, "TPM" or
    "FPKM", in files of one sample each. known_ids: function that returns the ids of the genes table, asked where
    nothing else tells which side of an AnnData file the genes are on.

    Returns: an object with `tissues` (names, target index 1 is the first), `path` (what messages call it), `paths` (of
    its files), `has_id_column` (whether gene ids tie it to genes for certain), for `read_expression`.

    Raises:
        InputError: missing, or none of these.
    """
    paths = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    binary = [path for path in paths if path.is_file() and recognise(path) == HDF5]
    if binary and (len(paths) > 1 or value is not None):
        raise InputError(
            f"an HDF5 file, with {parameter('value')} or among several",
            argument="expression",
            subject=binary[0],
            expected="one .h5ad alone, or tables with a sample each",
        )
    if binary:
        return open_h5ad(binary[0], known_ids)
    if len(paths) > 1 or value is not None or paths[0].is_dir():
        return open_samples(paths, value)
    return open_table(require_file(paths[0], "expression", "expression"))


def read_expression(file, targets, table, genes):
    """Expression of the chosen tissues in the genes that the file knows.

    file: from `open_expression`. targets: target indices, from 1. table: the whole genes table, whose row numbers the
    published form follows, or None where it is not known, which serves for files with gene ids. genes: the genes in
    question, indexed by original row number, with `id`.

    Returns: quantified.values.Expression. Tissues that look like logarithms are logged.

    Raises:
        InputError: rows that do not fit the genes table, genes that are there twice, ids of fewer than half of the
            genes, or values that are missing, negative, not numbers, or logarithms by what the file says.
    """
    expression = file.read(targets, table, genes)
    warn_of_logarithms(file.path, expression)
    return expression
