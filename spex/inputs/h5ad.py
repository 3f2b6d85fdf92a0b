"""AnnData files (.h5ad): samples by genes or the other way, by which side has gene ids."""

import logging
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import InputError, parameter, shown
from spex.inputs.account import Account
from spex.inputs.expression_values import BACK, LARGEST_LOGARITHM, expression_error, expression_of, rows_by_id
from spex.inputs.hdf5 import check_whole, open_hdf5
from spex.inputs.normalise import ENSEMBL, unversioned
from spex.inputs.text_tables import listed

LOGARITHM = "log1p"
"""What scanpy notes in uns where it has put log(X + 1) into X."""
EXPECTED = "a .h5ad of AnnData, samples by genes or genes by samples"

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class AnnDataFile:
    """An AnnData file whose X is the expression. genes_in_rows: whether obs, not var, are the genes."""

    path: Path
    genes_in_rows: bool
    tissues: tuple[str, ...]
    has_id_column = True

    @property
    def paths(self):
        return [self.path]

    def read(self, targets, table, genes):
        """As `expression.read_expression`."""
        with _opened(self.path, names_only=False) as data:
            if data.X is None:
                raise expression_error(self.path, "no X, the matrix of expression", expected=EXPECTED)
            samples = [target - 1 for target in targets]
            part = data[:, samples].X if self.genes_in_rows else data[samples].X
            matrix = part.toarray() if hasattr(part, "toarray") else np.asarray(part)
            ids = pd.Series(data.obs_names if self.genes_in_rows else data.var_names, dtype=object)
            log = data.uns.get(LOGARITHM)
            others = [*data.layers, *(["raw"] if data.raw is not None else [])]
        account = Account(str(self.path))
        rows = rows_by_id(self.path, ids, genes, account)
        account.notes = ["tied to the genes table by the ids of its genes", *account.notes]
        unread = f"X is read, not {listed(others)}" if others else None
        values = np.asarray(matrix if self.genes_in_rows else matrix.T, dtype=np.float64)
        base = self._base(log, values)
        account.notes.extend(filter(None, [unread, _note_on(log, base)]))
        if log is not None and base is None:
            logger.warning("%s: %s", self.path, account.notes[-1])
        values = pd.DataFrame(values, columns=list(targets))

        def quoted(row, target):
            return f"is {values[target][row]}"

        return expression_of(self, values, genes, rows, account, True, quoted, base=base, note=unread)

    def _base(self, log, values):
        """The base of the logarithms that X is, or None where it is linear.

        log: what uns has of them, None without it; scanpy leaves the base out where it is e. Values that are too large,
        or all whole numbers, were put into X later, and are none.
        """
        if log is None:
            return None
        noted = log.get("base") if isinstance(log, Mapping) else None
        try:
            base = np.e if noted is None else float(np.ravel(noted)[0])
        except (ValueError, TypeError, IndexError):
            base = np.nan
        if not 1 < base < np.inf:
            found = f"uns['{LOGARITHM}'] has base {shown(noted, 30)}"
            raise expression_error(self.path, found, expected="a number above 1", hint=f"X: {BACK}")
        largest = np.nanmax(values, initial=0) * np.log(base)
        return base if largest <= LARGEST_LOGARITHM and (values % 1 != 0).any() else None


def _note_on(log, base):
    """What is done with logarithms that uns has noted, in words; None where it has none."""
    if log is None:
        return None
    if base is None:
        return f"uns['{LOGARITHM}'] says logarithms, but X has whole numbers, or larger ones: it is read as linear"
    return f"log(x + 1) to base {base:.4g} is taken back, as uns['{LOGARITHM}'] says"


def open_h5ad(path, known_ids=None):
    """Read the names of an AnnData file. known_ids: function that returns the ids of the genes table.

    Returns: AnnDataFile.
    """
    with _opened(path, names_only=True) as data:
        sides = [pd.Series(names, dtype=object) for names in (data.obs_names, data.var_names)]
    in_rows, in_columns = (side.astype(str).str.fullmatch(ENSEMBL).sum() for side in sides)
    if in_rows == in_columns and known_ids is not None:
        known = unversioned(pd.Series(known_ids(), dtype=object).dropna())
        in_rows, in_columns = (unversioned(side).isin(known).sum() for side in sides)
    if in_rows == in_columns:
        raise expression_error(
            path,
            f"neither obs nor var is named by gene ids (obs: {listed(sides[0].head(3))}, ...; var: "
            f"{listed(sides[1].head(3))}, ...)",
            expected=f"ids of {parameter('genes')}",
        )
    tissues = tuple(map(str, sides[1] if in_rows > in_columns else sides[0]))
    if not tissues:
        raise expression_error(path, "no sample in it", expected=EXPECTED)
    return AnnDataFile(path, bool(in_rows > in_columns), tissues)


@contextmanager
def _opened(path, names_only):
    """The AnnData of a file. names_only: leave its matrix on disk, where a sparse one cannot be sliced."""
    try:
        from anndata import read_h5ad  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise expression_error(
            path, "anndata, which reads it, is not installed", hint="get it with: pip install 'anndata>=0.12'"
        ) from error
    about = {"argument": "expression", "subject": path}
    try:
        with open_hdf5(path, about) as file:
            check_whole(file, about, in_memory=True)
        with warnings.catch_warnings(action="ignore"):  # of names that occur twice, and of AnnData itself by pandas
            data = read_h5ad(path, backed="r" if names_only else None)
            try:
                yield data
            finally:
                if names_only:
                    data.file.close()
    except InputError:
        raise
    except Exception as error:  # h5py and anndata raise whatever a damaged group or dataset leads them to
        raise expression_error(
            path,
            f"not readable as AnnData ({shown(str(error).splitlines()[0] if str(error) else type(error).__name__)})",
            expected=EXPECTED,
        ) from error
