"""What is kept of a fit: one folder each under results/, named by the settings that determine it."""

import hashlib
import json
import math
import platform
import re
from importlib import import_module

import pandas as pd

from spex.storage import whole_file, write_json

FORMAT = 1
LIBRARIES = ("numpy", "pandas", "scipy", "xgboost")
NAME_LENGTH = 60


def fit_name(settings):
    """A folder name that tells a fit from every other: the readable settings, then a digest of all of them.

    settings: dict of JSON values that determine the fit.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    tissue = re.sub(r"[^A-Za-z0-9_.]+", "-", settings["target"])[:NAME_LENGTH].strip("-.")
    chroms = "+".join(settings["test_chroms"])
    if settings["validation_chroms"]:
        chroms += "_validation-" + "+".join(settings["validation_chroms"])
    return f"{settings['target_index']}-{tissue}_{settings['model']}_test-{chroms}_seed{settings['seed']}_{digest}"


def read_record(folder):
    """The record of a finished fit, or None where there is none: `metrics.json` is the last file to be written."""
    try:
        return json.loads((folder / "metrics.json").read_text())
    except (FileNotFoundError, ValueError):
        return None


def write_record(folder, **fields):
    """Write `metrics.json`, which says that the fit is finished; numbers that are not finite become null."""
    write_json(folder / "metrics.json", _finite({"format": FORMAT, "versions": versions(), **fields}))


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def versions():
    """Versions of Python and of the libraries that can change the numbers."""
    return {"python": platform.python_version()} | {name: import_module(name).__version__ for name in LIBRARIES}


def write_predictions(path, genes, observed, predicted):
    """Write id, symbol, chrom, observed and predicted (both ln(expression + pseudocount)) of each gene as CSV."""
    table = pd.DataFrame(
        {
            "id": genes["id"],
            "symbol": genes["symbol"],
            "chrom": genes["chrom"],
            "observed": observed,
            "predicted": predicted,
        }
    )
    with whole_file(path) as file:
        table.to_csv(file, index=False, lineterminator="\n", float_format="%.9g")
