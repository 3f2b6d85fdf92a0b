"""Arguments that a caller gave, before anything is done with them: numbers, choices, names, tables of genes."""

import math
import numbers
from pathlib import Path

from spex.errors import InputError, shown

GENE_COLUMNS = ("id", "chrom", "strand", "tss")


def whole_number(value, argument, least, most=None):
    """The value as an int, when it is a whole number from `least` to `most`.

    Raises:
        InputError: it is not.
    """
    fits = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not fits or value < least or (most is not None and value > most):
        end = "up" if most is None else f"to {most}"
        raise _unusable(value, argument, f"a whole number from {least} {end}")
    return int(value)


def positive_number(value, argument):
    """The value, when it is a finite number above 0.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0 < value < math.inf:
        raise _unusable(value, argument, "a number above 0")
    return value


def choice(value, argument, choices):
    """The value, when it is one of the choices.

    Raises:
        InputError: it is not.
    """
    if not isinstance(value, str) or value not in choices:
        raise _unusable(value, argument, f"one of {', '.join(choices)}")
    return value


def several(value, argument, kinds):
    """One value of some kinds, or any number of them, as a list. kinds: types.

    Raises:
        InputError: it is something else.
    """
    if isinstance(value, kinds):
        return [value]
    try:
        values = list(value)
    except TypeError:
        raise _unusable(value, argument, "one or a list of several") from None
    for one in values:
        if not isinstance(one, kinds):
            raise _unusable(one, argument, " or ".join(kind.__name__ for kind in kinds) + " in the list")
    return values


def path(value, argument):
    """The value as a Path.

    Raises:
        InputError: it is no path.
    """
    if not isinstance(value, str | Path) or not str(value):
        raise _unusable(value, argument, "a path")
    return Path(value).expanduser()


def gene_table(genes):
    """The genes, when they are a table of at least one gene, each once, with all columns that say where they lie.

    Raises:
        InputError: they are not.
    """
    expected = f"a DataFrame with {', '.join(GENE_COLUMNS)}, as read_genes gives it"
    columns = getattr(genes, "columns", None)
    if columns is None:
        raise InputError(f"found {type(genes).__name__}", argument="genes", expected=expected)
    missing = [column for column in GENE_COLUMNS if column not in columns]
    if missing:
        raise InputError(f"no column {', '.join(missing)}", argument="genes", expected=expected)
    if len(genes) == 0:
        raise InputError("no gene", argument="genes", expected="at least one")
    _check_places(genes)
    twice = genes["id"][genes["id"].duplicated()]
    if len(twice) or not genes.index.is_unique:
        found = f"gene {shown(twice.iloc[0])} occurs twice" if len(twice) else "its index has numbers twice"
        raise InputError(
            found, argument="genes", expected="each gene once, under the row number that read_genes gave it"
        )
    return genes


def _check_places(genes):
    """Refuse genes whose chromosome, strand or position is none; a strand of 1 or -1 would count as another one."""
    for column, is_good, expected in (
        ("chrom", lambda value: isinstance(value, str) and value != "", "a name such as chr8"),
        ("strand", lambda value: value in ("+", "-"), "+ or -"),
        (
            "tss",
            lambda value: isinstance(value, numbers.Real) and value >= 1 and value % 1 == 0,
            "a position from 1 up",
        ),
    ):
        good = [is_good(value) for value in genes[column]]
        if not all(good):
            first = good.index(False)
            gene, value = genes["id"].iloc[first], genes[column].iloc[first]
            raise InputError(f"{column} of {shown(gene)} is {shown(value)}", argument="genes", expected=expected)


def _unusable(value, argument, expected):
    return InputError(f"found {shown(repr(value))}", argument=argument, expected=expected)
