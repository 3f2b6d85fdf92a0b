"""The linear models that ExPecto publishes (Zhou et al. 2018), `models/*.save`: their numbers, without XGBoost.

A file is what XGBoost before 3.1 wrote of a gblinear with the objective reg:linear, all of it little-endian: `binf`;
base_score, float32 at byte 4; the number of float32 that follow, uint64 at byte 310; from byte 318 these, the weights
and then the bias. There are 10 x 2,003 weights: for each sum over the gene's windows a 0, then one for each chromatin
feature.
"""

import hashlib
import re
import struct

import numpy as np

from expecto.gene_features import OWN_SUMS
from expecto.network import PUBLISHED
from spex.errors import InputError, shown
from spex.files.checks import require_file
from spex.inputs.identify import recognise
from spex.models.layout import Layout
from spex.models.ridge import RidgeFit

ENDING = ".save"
MAGIC = b"binf"
HEADER = struct.Struct("<4sf302xQ")
BASE_SCORE = 2.0
WIDTH = Layout.of_network(PUBLISHED, 0).own_width
NUMBERS = OWN_SUMS * (1 + PUBLISHED.features) + 1
"""Weights, and the bias."""

MOST_BEHIND = 4096
"""Bytes that may follow: XGBoost writes names of metrics and attributes there."""


def read_expecto_model(path):
    """Read one of ExPecto's models.

    Parameters
    ----------
    path : path
        A file of the published form.

    Returns
    -------
    RidgeFit
        coefficients, float64 (20020,), change of ln(expression) per unit of each feature, in the order of a tensor
        without contacts; intercept, base_score and bias together, in ln(expression).
    str
        SHA-256 of the file, hexadecimal.

    Raises
    ------
    InputError
        A file of another form: other beginning, base_score or number of weights, cut short, numbers that are not
        finite, or weights where the published models have 0.

    Examples
    --------
    >>> fit, sha256 = read_expecto_model("models/expecto.Liver.pseudocount0.0001.save")
    """
    with open(require_file(path, "models"), "rb") as file:
        content = file.read(HEADER.size + 4 * NUMBERS + MOST_BEHIND + 1)
    if not content.startswith(MAGIC):
        begins = shown(content[: len(MAGIC)].decode("latin-1"))
        raise _refused(path, recognise(path) or f"begins with {begins}, not with {MAGIC.decode()}")
    if len(content) < HEADER.size:
        raise _refused(path, f"cut short after {len(content):,} bytes")
    _, base_score, stated = HEADER.unpack_from(content)
    if base_score != BASE_SCORE:
        raise _refused(path, f"its base_score is {base_score:g}, not {BASE_SCORE:g}")
    behind = len(content) - HEADER.size - 4 * NUMBERS
    if stated not in (0, NUMBERS) or behind > MOST_BEHIND:  # a header without the number says nothing
        raise _refused(path, f"{stated - 1:,} weights" if stated else f"more than {NUMBERS - 1:,} weights")
    if behind < 0:
        raise _refused(path, f"cut short: {len(content):,} of at least {HEADER.size + 4 * NUMBERS:,} bytes")
    numbers = np.frombuffer(content, "<f4", NUMBERS, HEADER.size).astype(np.float64)
    if not np.isfinite(numbers).all():
        raise _refused(path, "NaN or infinity among its weights")
    rows = numbers[:-1].reshape(OWN_SUMS, 1 + PUBLISHED.features)
    if rows[:, 0].any():
        raise _refused(path, "a weight where each of the 10 sums has a 0 in front")
    fit = RidgeFit(coefficients=rows[:, 1:].ravel(), intercept=base_score + float(numbers[-1]))
    return fit, hashlib.sha256(content).hexdigest()


def tissue_of(name):
    """The tissue in the name of a published model's file: without `expecto.` in front, and from `.pseudocount` on."""
    return re.sub(r"\.pseudocount.*$", "", name.removesuffix(ENDING).removeprefix("expecto."))


def _refused(path, found):
    return InputError(
        found,
        argument="models",
        subject=path,
        expected=f"one of ExPecto's models: binf, base_score {BASE_SCORE:g}, {NUMBERS - 1:,} weights and the bias",
        hint="fetch it again as its authors publish it",
    )
