"""Values of expression, and whether they are linear: numbers from 0 up, no logarithms, not scaled.

Expression of a whole transcriptome has genes far above 25, in TPM, FPKM and counts alike; its logarithms have none.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.account import Account
from spex.inputs.quantified.tools import says_logarithm
from spex.inputs.tables import listed

LARGEST_LOGARITHM = 25
"""log2 of 33 million; no TPM reaches it."""
WIDEST_LOGARITHMS = 500
"""Largest over median of logarithms above 0, at the most: shares and other small units are wider."""
MANY = 0.05
"""Share of negative values from which on they are no mistake in a cell."""
LINEAR = "linear values"
BACK = "give linear values; 2 ** value - 1 takes log2(TPM + 1) back"

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Expression:
    """Expression of some genes, and how it was tied to them.

    values: DataFrame (genes found in the file, targets) of float64 in the file's unit, indexed by the genes' row
    numbers, one column per target index. account: of the rows of the file. has_ids: whether gene ids tie them to
    genes, not row numbers. logarithmic: tissue -> largest value, of those that look like logarithms.
    """

    values: pd.DataFrame
    account: Account
    has_ids: bool
    logarithmic: dict[str, float]


def expression_error(path, found, **parts):
    """An InputError about an expression file. parts: as of InputError."""
    return InputError(found, argument="expression", subject=path, **parts)


def refuse_named_logarithms(path, tissue, values):
    """Refuse values that the heading or the file's name calls logarithms, where no value speaks against it.

    values: (n,) float64 of all genes in a tissue, NaN where there is no number.

    Raises:
        InputError: they are logarithms.
    """
    named = next((text for text in (tissue, path.name) if says_logarithm(text)), None)
    numbers = values[np.isfinite(values)]
    if named is None or not len(numbers) or numbers.max() > LARGEST_LOGARITHM or _are_whole(numbers):
        return
    raise expression_error(
        path,
        f"'{shown(named)}' says logarithms, and none of the {len(numbers):,} values of {shown(tissue)} is above "
        f"{LARGEST_LOGARITHM} (largest {numbers.max():.4g})",
        expected=LINEAR,
        hint=BACK,
    )


def looks_logarithmic(values):
    """Whether values from 0 up look like logarithms: none is large, and they are neither whole numbers nor shares.

    values: as of `refuse_named_logarithms`.
    """
    numbers = values[np.isfinite(values)]
    positive = numbers[numbers > 0]
    if not len(positive) or not 1 < positive.max() <= LARGEST_LOGARITHM or _are_whole(numbers):
        return False
    return bool(positive.max() <= WIDEST_LOGARITHMS * np.median(positive))


def hint_of(values):
    """What to do about a value that is no expression, in words, by how many others are negative."""
    numbers = values[np.isfinite(values)]
    negative = int((numbers < 0).sum())
    if negative > 1 and negative >= MANY * len(numbers):
        return (
            f"{negative:,} of {len(numbers):,} values are negative, as scaled values (z-scores) and logarithms are: "
            "give linear ones"
        )
    return "correct the file or choose another target"


def warn_of_logarithms(path, expression):
    """Log which tissues look like logarithms, and note it in the account."""
    found = expression.logarithmic
    if found:
        largest = max(found.values())
        expression.account.notes.append(f"{len(found):,} columns look like logarithms ({listed(list(found)[:3])})")
        logger.warning(
            "%s: looks like logarithms, such as log2(TPM + 1): no value of %s is above %d (largest %.4g); %s",
            path,
            listed(found),
            LARGEST_LOGARITHM,
            largest,
            BACK,
        )


def _are_whole(numbers):
    return bool((numbers % 1 == 0).all())
