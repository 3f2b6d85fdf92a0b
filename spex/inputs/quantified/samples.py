"""Files with one sample each, as RSEM writes them and ENCODE gives them: together, a table with a column a file."""

from dataclasses import dataclass, replace

import pandas as pd

from spex.arguments import choice
from spex.errors import InputError, parameter, shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.choices import VALUES
from spex.inputs.quantified.tables import SUFFIX, ExpressionFile, open_table
from spex.inputs.quantified.values import Expression, expression_error
from spex.inputs.tables import listed

EXPECTED = "a .tsv, .csv, .txt or .genes.results of one sample in each"


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
        """As `expression.read_expression`; of genes that all chosen files have."""
        read = {target: self.files[target - 1].read([1], table, genes) for target in targets}
        values = pd.concat(
            [expression.values.set_axis([target], axis=1) for target, expression in read.items()], axis=1, join="inner"
        )
        rows = genes.index[genes.index.isin(values.index)]
        if rows.empty:
            raise expression_error(self.path, "the chosen files have no gene in common")
        account = self._account([expression.account for expression in read.values()], len(rows))
        logarithmic = {
            self.tissues[target - 1]: largest
            for target, expression in read.items()
            for largest in expression.logarithmic.values()
        }
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


def open_samples(paths, value=None):
    """Read the headers of files with gene ids and one sample each.

    paths: files, or one folder, whose files are taken in the order of their names. value: heading of the column that
    is the expression; without it TPM, or the only column that there is.

    Returns: Samples, named as their files are, without what stands behind; where these are alike, as their folders.

    Raises:
        InputError: no such file, no gene ids, no such column, two samples of one name.
    """
    if value is not None:
        choice(value, "value", VALUES)
    folder = paths[0] if len(paths) == 1 and paths[0].is_dir() else None
    if folder is not None:
        paths = sorted(path for path in folder.iterdir() if SUFFIX.search(path.name) and not path.name.startswith("."))
        if not paths:
            raise InputError("no expression file in it", argument="expression", subject=folder, expected=EXPECTED)
    files = [_open_sample(require_file(path, "expression"), value) for path in paths]
    same = len({path.name for path in paths}) < len(paths) == len({path.parent.name for path in paths})
    names = tuple(path.parent.name if same else SUFFIX.sub("", path.name) for path in paths)
    for name in names:
        if names.count(name) > 1:
            twice = [path for path, other in zip(paths, names, strict=True) if other == name]
            raise expression_error(
                twice[1], f"named as the sample of {twice[0]}, {shown(name)}", expected="different names"
            )
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return Samples(str(folder or f"{paths[0]}{more}"), tuple(files), names)


def _open_sample(path, value):
    """A file's header, with the one column of its expression."""
    file = open_table(path)
    if not file.id_columns:
        raise expression_error(path, "no column of gene ids", expected="a column gene_id or id", hint=EXPECTED)
    wanted = value or ("TPM" if "TPM" in file.tissues or len(file.tissues) > 1 else file.tissues[0])
    if file.tissues.count(wanted) != 1:
        raise expression_error(
            path,
            f"{file.tissues.count(wanted) or 'no'} columns {wanted}; found {listed(file.tissues)}",
            expected="one in each file",
            hint=f"{parameter('value')} names another; a table of several tissues is given alone",
        )
    return replace(file, tissues=(wanted,), columns=(file.columns[file.tissues.index(wanted)],))
