"""Features of genes from any model: one row of numbers a gene, tied by gene id."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from spex.errors import InputError, listed, not_installed, shown
from spex.files.checks import require_given
from spex.inputs.account import Account
from spex.inputs.array_files import as_float32, as_texts, open_arrays
from spex.inputs.hdf5 import names_at_top, open_anndata
from spex.inputs.identify import HDF5, PARQUET, recognise
from spex.inputs.normalise import unversioned

ABOUT = "features"
IDS, MATRIX = ("ids", "gene_ids", "gene_id", "genes", "id"), ("X", "features")
EXPECTED = "ids (n) and X (n, f) in .npz, HDF5 or zarr, a Parquet table with a column id, or an .h5ad"


@dataclass(frozen=True, eq=False)
class GivenFeatures:
    """Features of n genes from a file.

    ids: (n,) as the file has them. X: float32 (n, f). names: (f,) of the features, empty without them. local: float32
    (n, g), sums over what surrounds the genes in the terms of bins; None without it.
    """

    path: object
    ids: np.ndarray
    X: np.ndarray
    names: tuple[str, ...] = ()
    local: np.ndarray | None = None
    account: Account | None = field(default=None)

    @property
    def sha256(self):
        """Of ids, numbers and names, whatever the format: hexadecimal."""
        digest = hashlib.sha256("\n".join([*self.ids, "", *self.names]).encode())
        for values in (self.X, self.local):
            digest.update(b"" if values is None else np.ascontiguousarray(values, "<f4"))
        return digest.hexdigest()


def read_given_features(path):
    """Read features of genes.

    path: arrays ids and X, and perhaps names and local, in .npz, HDF5 or zarr; a Parquet table with a column id (or its
    index), whose other columns are features; or an .h5ad with genes as observations (obsm "local").

    Returns: GivenFeatures.

    Raises:
        InputError: another file, a matrix of another shape (a transposed one), two rows of one gene, or values that
            are no finite numbers.
    """
    path = require_given(path, ABOUT)
    about = {"argument": ABOUT, "subject": path}
    kind = recognise(path) if path.is_file() else None
    if kind == PARQUET:
        parts = _of_parquet(path, about)
    elif kind == HDF5 and {"obs", "var", "X"} <= names_at_top(path):
        parts = _of_anndata(path, about)
    else:
        parts = _of_arrays(path, about)
    return _checked(path, about, *parts)


def _of_arrays(path, about):
    with open_arrays(path, about) as arrays:
        ids, matrix = (next((name for name in names if name in arrays), None) for names in (IDS, MATRIX))
        if ids is None or matrix is None:
            raise InputError(f"arrays {listed(arrays) or 'none'}", **about, expected=EXPECTED)
        names = as_texts(arrays["names"]) if "names" in arrays else ()
        local = arrays["local"][:] if "local" in arrays else None
        return as_texts(arrays[ids]), arrays[matrix][:], names, local


def _of_parquet(path, about):
    try:
        table = pd.read_parquet(path)
    except ImportError as error:
        raise not_installed("pyarrow", "reads it", "parquet", **about) from error
    except Exception as error:  # pyarrow raises whatever damaged content leads it to
        raise InputError(f"damaged ({shown(error)})", **about, expected=EXPECTED, hint="write it again") from error
    key = next((name for name in IDS if name in table.columns), None)
    table = table.set_index(key) if key else table
    return table.index.astype(str).to_numpy(str), table.to_numpy(), table.columns.astype(str), None


def _of_anndata(path, about):
    with open_anndata(path, about, EXPECTED) as data:
        local = data.obsm.get("local")
        matrix, local = (each.toarray() if hasattr(each, "toarray") else each for each in (data.X, local))
        return data.obs_names.to_numpy(str), matrix, data.var_names.to_numpy(str), local


def _checked(path, about, ids, matrix, names, local):
    count, shape = len(ids), np.shape(matrix)
    if len(shape) == 2 and shape[0] != count == shape[1]:
        raise InputError(
            f"X is {shape[0]:,} x {shape[1]:,} for {count:,} genes: transposed", **about, expected=EXPECTED
        )
    if len(shape) != 2 or shape[0] != count or not shape[1]:
        raise InputError(f"X of shape {shape} for {count:,} ids", **about, expected=EXPECTED)
    if np.ndim(ids) != 1 or len(names) not in (0, shape[1]):
        raise InputError(f"{len(names):,} names for {shape[1]:,} features", **about, expected="one each, or none")
    if local is not None and (np.ndim(local) != 2 or len(local) != count):
        raise InputError(f"local of shape {np.shape(local)} for {count:,} ids", **about, expected="one row a gene")
    matrix, local = _numbers(matrix, "X", about, ids), local if local is None else _numbers(local, "local", about, ids)
    plain = unversioned(pd.Series(ids))
    twice = plain[plain.duplicated()]
    if len(twice):
        raise InputError(f"{len(twice):,} genes twice ({shown(twice.iloc[0])})", **about, expected="one row a gene")
    if len(set(names)) < len(names):
        name = pd.Series(names)[pd.Series(names).duplicated()].iloc[0]
        raise InputError(f"two features are called {shown(name)}", **about, expected="names that differ")
    return GivenFeatures(path, ids, matrix, tuple(map(str, names)), local)


def _numbers(matrix, name, about, ids):
    """A matrix as float32, finite numbers alone."""
    matrix = as_float32(matrix, name, about)
    finite = np.isfinite(matrix)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise InputError(
            f"{name} has {matrix[row, column]} for gene {shown(ids[row])}, column {column + 1} of {matrix.shape[1]:,}",
            **about,
            expected="finite numbers within float32",
            hint="leave the gene out, or put in what the model means by it",
        )
    return matrix


def tie_features(given, genes):
    """Rows of features in the order of genes.

    given: GivenFeatures. genes: DataFrame with id. Returns: rows of `given` and the genes that they are of, in the
    genes' order; an Account of the file.

    Raises:
        InputError: no id is one of the genes'.
    """
    account = Account(str(given.path), "genes")
    place = pd.Series(np.arange(len(given.ids)), unversioned(pd.Series(given.ids)).to_numpy())
    rows = place.reindex(unversioned(genes["id"])).to_numpy()
    there = ~np.isnan(rows)
    if not there.any():
        raise InputError(
            f"none of its {len(given.ids):,} ids ({listed(given.ids, 2)}) is one of the {len(genes):,} genes' "
            f"({listed(genes['id'], 2)})",
            argument=ABOUT,
            subject=given.path,
            expected="gene ids as in the genes table",
        )
    account.used = int(there.sum())
    account.leave_out("that the genes table has not, or leaves out", len(given.ids) - account.used)
    account.notes += [f"{(~there).sum():,} genes have no features"] if not there.all() else []
    return rows[there].astype(np.int64), genes[there], account
