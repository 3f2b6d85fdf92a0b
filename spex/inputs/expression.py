"""Expression files: in any of several forms, values in tissues or samples, tied to genes.

A form is a table, AnnData, or files with one sample each, as RSEM writes them and ENCODE gives them. Which tissues of
it the user means, by index, name or shell pattern, is found here too.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from spex.errors import InputError, command, listed, nearest, parameter, shown
from spex.files.checks import require_file
from spex.inputs import expression_tables
from spex.inputs.account import Account
from spex.inputs.choices import VALUES
from spex.inputs.expression_tables import FORMS, SUFFIX, ExpressionFile, open_table
from spex.inputs.expression_values import (
    BACK,
    LARGEST_LOGARITHM,
    Expression,
    expression_error,
    expression_of,
    rows_by_id,
    warn_of_logarithms,
)
from spex.inputs.hdf5 import open_anndata
from spex.inputs.identify import HDF5, Format, identify, look, recognise
from spex.inputs.normalise import ENSEMBL, names_like, unversioned
from spex.inputs.swapped import others
from spex.options import one_of

SAMPLES_EXPECTED = "a .tsv, .csv, .txt or .genes.results of one sample in each"

PUBLISHED_TARGET = 22
PUBLISHED_TISSUE = "EBV"
"""Part of the default target's name, EBV-transformed lymphocytes, in every release of GTEx."""
SHOWS_ALL = f"{command('train --list_targets')} shows"

LOGARITHM = "log1p"
"""What scanpy notes in uns where it has put log(X + 1) into X."""
ANNDATA_EXPECTED = "a .h5ad of AnnData, samples by genes or genes by samples"

logger = logging.getLogger("spex")


class ExpressionSource(Protocol):
    """What `open_expression` gives. tissues: names, target index 1 is the first. path: what messages call it. paths: of
    its files. has_id_column: whether gene ids tie it to genes for certain. read: as of `read_expression`."""

    path: Path | str
    paths: list[Path]
    tissues: tuple[str, ...]
    has_id_column: bool

    def read(self, targets: list[int], table: pd.DataFrame | None, genes: pd.DataFrame) -> Expression: ...


def open_expression(paths, value=None, known_ids=None) -> ExpressionSource:
    """Find which tissues there are: in a table, in files of one sample each, or in an AnnData file.

    paths: one path or a list of them; one folder stands for the files of samples in it. A single file without `value`
    is a table (.csv, .tsv, .txt, .gct, compressed or not) or .h5ad. value: column that is the expression, "TPM" or
    "FPKM", in files of one sample each. known_ids: function that returns the ids of the genes table, asked where
    nothing else says which side of an AnnData file the genes are on.

    Returns: ExpressionSource, for `read_expression`.

    Raises:
        InputError: missing, or none of these.
    """
    paths = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    binary = next((path for path in paths if path.is_file() and recognise(path) == HDF5), None)
    alone = len(paths) == 1 and value is None
    if binary is not None and not alone:
        raise expression_error(
            binary,
            f"an HDF5 file, with {parameter('value')} or among several",
            expected="one .h5ad alone, or tables with a sample each",
        )
    if alone and paths[0].is_file():
        _refuse_others(paths[0])
    if binary is not None:
        return ANNDATA.reader(binary, known_ids)
    return open_table(paths[0]) if alone and not paths[0].is_dir() else _open_samples(paths, value)


def read_expression(file, targets, table, genes):
    """Expression of the chosen tissues in the genes that the file knows.

    file: from `open_expression`. targets: target indices, from 1. table: the whole genes table, whose row numbers the
    published form follows, or None where it is not known, which serves for files with gene ids. genes: the genes in
    question, indexed by original row number, with `id`.

    Returns: expression_values.Expression. Tissues that look like logarithms are logged.

    Raises:
        InputError: rows that do not fit the genes table, genes that are there twice, ids of fewer than half of the
            genes, or values that are missing, negative, not numbers, or logarithms by what the file says.
    """
    expression = file.read(targets, table, genes)
    warn_of_logarithms(file.path, expression)
    return expression


@dataclass(frozen=True)
class Samples:
    """Files of one sample each. path: what messages call them. files: each with its one column of expression."""

    path: str
    files: tuple[ExpressionFile, ...]
    tissues: tuple[str, ...]
    has_id_column = True

    @property
    def paths(self):
        return [file.path for file in self.files]

    def read(self, targets, table, genes):
        """As `read_expression`; of genes that all chosen files have."""
        read = {target: self.files[target - 1].read([1], table, genes) for target in targets}
        columns = [each.values.set_axis([target], axis=1) for target, each in read.items()]
        values = pd.concat(columns, axis=1, join="inner")
        rows = genes.index[genes.index.isin(values.index)]
        if rows.empty:
            raise expression_error(self.path, "the chosen files have no gene in common")
        logarithmic = {
            self.tissues[target - 1]: largest for target, each in read.items() for largest in each.logarithmic.values()
        }
        account = self._account([each.account for each in read.values()], len(rows))
        return Expression(values.loc[rows], account, True, logarithmic)

    def _account(self, accounts, genes):
        """One Account of the rows of all files. genes: number of those that all of them have."""
        whole = Account(self.path, used=genes * len(accounts))
        for account in accounts:
            for reason, rows in account.left_out.items():
                whole.leave_out(reason, rows, account.names.get(reason, ()))
            whole.notes.extend(note for note in account.notes if note not in whole.notes)
        whole.leave_out("of genes that another file lacks", sum(each.used for each in accounts) - whole.used)
        return whole


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
        with open_anndata(self.path, _about(self.path), ANNDATA_EXPECTED) as data:
            if data.X is None:
                raise expression_error(self.path, "no X, the matrix of expression", expected=ANNDATA_EXPECTED)
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
    """What is done with logarithms that uns has noted, as text; None where it has none."""
    if log is None:
        return None
    if base is None:
        return f"uns['{LOGARITHM}'] means logarithms, but X has whole numbers, or larger ones: it is read as linear"
    return f"log(x + 1) to base {base:.4g} is converted back, as uns['{LOGARITHM}'] records"


def _open_h5ad(path, known_ids=None):
    """Read the names of an AnnData file. known_ids: function that returns the ids of the genes table.

    Returns: AnnDataFile.
    """
    with open_anndata(path, _about(path), ANNDATA_EXPECTED, names_only=True) as data:
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
        raise expression_error(path, "no sample in it", expected=ANNDATA_EXPECTED)
    return AnnDataFile(path, bool(in_rows > in_columns), tissues)


def _about(path):
    return {"argument": "expression", "subject": path}


def _open_samples(paths, value=None):
    """Read the headers of files with gene ids and one sample each.

    paths: files, or one folder, whose files are taken in the order of their names. value: heading of the column that
    is the expression; without it TPM, or the only column that there is.

    Returns: Samples, named as their files are, without what follows; where these are alike, as their folders.
    """
    if value is not None:
        one_of(VALUES).check(value, "value")
    folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else None
    if folder is not None:
        paths = sorted(path for path in folder.iterdir() if SUFFIX.search(path.name) and not path.name.startswith("."))
        if not paths:
            found = "no expression file in it (its subfolders are not searched)"
            raise expression_error(folder, found, expected=SAMPLES_EXPECTED)
    for path in paths:
        _refuse_others(require_file(path, "expression"))
    files = [_open_sample(path, value) for path in paths]
    same = len({path.name for path in paths}) < len(paths) == len({path.parent.name for path in paths})
    names = tuple(path.parent.name if same else SUFFIX.sub("", path.name) for path in paths)
    first = {}
    for path, name in zip(paths, names, strict=True):
        if first.setdefault(name, path) is not path:
            found = f"named as the sample of {first[name]}, {shown(name)}"
            raise expression_error(path, found, expected="different names")
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return Samples(str(folder or f"{paths[0]}{more}"), tuple(files), names)


def _refuse_others(path):
    """Refuse what is another input, and say which."""
    identify(others("expression"), look(path), _about(path), FORMS)


def _open_sample(path, value):
    """A file's header, with the one column of its expression."""
    file = open_table(path)
    if not file.id_columns:
        raise expression_error(path, "no column of gene ids", expected="a column gene_id or id", hint=SAMPLES_EXPECTED)
    wanted = value or ("TPM" if "TPM" in file.tissues or len(file.tissues) > 1 else file.tissues[0])
    if file.tissues.count(wanted) != 1:
        raise expression_error(
            path,
            f"{file.tissues.count(wanted) or 'no'} columns {wanted}; found {listed(file.tissues)}",
            expected="one in each file",
            hint=f"{parameter('value')} names another; a table of several tissues is given alone",
        )
    return replace(file, tissues=(wanted,), columns=(file.columns[file.tissues.index(wanted)],))


def select_targets(file, indices=None, patterns=None):
    """The targets that the user named.

    file: ExpressionSource. indices: texts like "22", "1-53", "1,5-9" or "all". patterns: tissue names or shell patterns
    ("Brain*"), in any case. Without either: index 22, EBV-transformed lymphocytes in the published file.

    Returns: list of target indices, from 1, in file order.

    Raises:
        InputError: an index or a name that the file does not have, or neither was given and tissue 22 is another one;
        offers those that it has.
    """
    if not indices and not patterns:
        return [_default_target(file)]
    parts = [part for text in indices or [] for part in text.split(",")]
    chosen = {index for part in parts for index in _indices(file, part.strip())}
    chosen.update(index for pattern in patterns or [] for index in _matching(file, pattern))
    return sorted(chosen)


def _default_target(file):
    """Index 22, when that is the published tissue."""
    found = [index for index, name in enumerate(file.tissues, start=1) if PUBLISHED_TISSUE.lower() in name.lower()]
    if PUBLISHED_TARGET in found:
        return PUBLISHED_TARGET
    there = f"is not there (1 to {len(file.tissues)})"
    if len(file.tissues) >= PUBLISHED_TARGET:
        there = f"is {shown(file.tissues[PUBLISHED_TARGET - 1])}"
    offer = "; ".join(f"{parameter('target_index')} {index} is {shown(file.tissues[index - 1])}" for index in found)
    raise InputError(
        f"not given; the default is {PUBLISHED_TARGET}, EBV-transformed lymphocytes, but column {PUBLISHED_TARGET} of "
        f"{file.path} {there}",
        argument="target_index",
        hint=f"give the one you want{f': {offer}' if offer else ''}; {SHOWS_ALL} every one",
    )


def _indices(file, part):
    """Target indices of one "22", "1-53" or "all"."""
    last = len(file.tissues)
    if part == "all":
        return range(1, last + 1)
    match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part, re.ASCII)
    first, end = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= end <= last:
        numbered = listed(f"{index} {name}" for index, name in enumerate(file.tissues, start=1))
        raise InputError(
            f"{file.path} has 1 to {last} ({numbered})",
            argument="target_index",
            subject=shown(part),
            expected=f"an index like 1, a range like 1-{last}, or all",
            hint=f"{SHOWS_ALL} every one",
        )
    return range(first, end + 1)


def _matching(file, pattern):
    """Target indices of the tissues that a name or shell pattern fits; the very name counts before patterns."""
    like = {*names_like(file.tissues, pattern)}
    found = [index for index, name in enumerate(file.tissues, start=1) if name in like]
    if not found:
        near = nearest(pattern, file.tissues, most=3, cutoff=0.3)
        offer = f"nearest: {'; '.join(map(shown, near))}; " if near else ""
        raise InputError(
            f"no such tissue in {file.path}",
            argument="targets",
            subject=repr(pattern),
            hint=f'{offer}{SHOWS_ALL} all {len(file.tissues)}; patterns like "Brain*" work too',
        )
    return found


ANNDATA = Format("AnnData (.h5ad)", lambda seen: seen.kind == HDF5, reader=_open_h5ad)
FORMATS = (ANNDATA, *expression_tables.FORMATS)
"""Of single files."""
