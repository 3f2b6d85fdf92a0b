"""What is kept of a fit: one folder each under results/, named by the settings that determine it."""

import contextlib
import logging
import math
import platform
import re
import time
from importlib import import_module

import pandas as pd

from spex.errors import shown, visible
from spex.files.atomic import whole_file
from spex.files.hashes import file_sha256, json_digest
from spex.files.sealed import if_whole, load_sealed_json, save_sealed_json
from spex.models.scores import WITHIN

FORMAT = 2
"""Version of the numbers: a change that alters any raises it, and new fits then go beside the old ones."""

LIBRARIES = ("numpy", "pandas", "scipy", "xgboost")
NAME_LENGTH = 60
"""Characters of a tissue's name, and of a split's, in the name of a folder: file systems allow 255 in all."""

FORMULA = re.compile(r"'*[=+\-@\t]")
"""How texts begin that spreadsheets take for formulas; with apostrophes too, so that one more is known from them."""

RECORD = "metrics.json"
PREDICTIONS = "predictions.csv"
IMPORTANCE_GROUPS = "importance_groups.csv"
HASHED = (".csv", ".ubj", ".npy")
SHARE_OF_TIME = 1 / 50
"""That writing results.csv may take between fits: it reads every record, so it takes longer with each fit."""

SCORES = ("rmse", *(f"{each}{part}" for each in ("spearman", "pearson") for part in ("", "_low", "_high", "_p")))
RESULT_COLUMNS = {
    "settings": ("target_index", "target", "model", "split", "seed", "format"),
    "notes": ("biosample", "log_note"),
    "genes": ("train", "validation", "test", "without_tensor", "without_expression"),
    "scores": SCORES,
    "chosen": ("rounds_run", "rounds_kept", "penalty", "neighbour_penalty"),
}
"""What results.csv shows of a record, by part, after the folder's name; numbers of genes are called genes_<role>. Where
there are folds put together, it shows `WITHIN` of them too."""

logger = logging.getLogger("spex")


def split_name(test_chroms, validation_chroms):
    """What a split is called in names and tables."""
    name = "test-" + "+".join(test_chroms)
    return f"{name}_validation-{'+'.join(validation_chroms)}" if validation_chroms else name


def split_title(settings):
    """What a fit's split is called in the title of a picture."""
    if settings["split"].startswith("cv-"):
        return f"out of sample in {settings['split'].removeprefix('cv-')} folds"
    return settings["split"].replace("_", ", ").replace("-", " ").replace("+", ", ")


def watched_genes(settings):
    """What the genes are that early stopping, or the choice of a penalty, looked at."""
    validation = settings["validation_chroms"]
    chroms = ", ".join(map(shown, validation or settings["test_chroms"]))
    return f"{'validation' if validation else 'test'} genes ({chroms})"


def fit_name(settings):
    """A folder's name that no other fit has: the readable settings, then a digest of all of them.

    settings: dict of JSON values that determine the fit, target_index, target, model, split and seed (None for models
    without a random part) among them.
    """
    tissue, split = readable(settings["target"]), readable(settings["split"], also="+")
    seed = "" if settings["seed"] is None else f"_seed{settings['seed']}"
    return f"{settings['target_index']}-{tissue}_{settings['model']}_{split}{seed}_{digest(settings)}"


def readable(text, also=""):
    """The part of a file name that stands for free text. also: characters to keep beside letters, digits, _ and ."""
    return re.sub(rf"[^A-Za-z0-9_.{also}]+", "-", text)[:NAME_LENGTH].strip("-.")


def digest(settings):
    """Eight hexadecimal digits that stand for a dict of JSON values."""
    return json_digest(settings, 8)


def read_record(folder):
    """The record of a finished fit, or None where there is none or it is damaged.

    A fit is finished when `metrics.json` is there: only its pictures, which are drawn from the others, come after it.
    """
    return if_whole(load_sealed_json, folder / RECORD)


def read_all(results):
    """Records of the finished fits under a results folder: dict of folder -> record."""
    found = {path.parent: read_record(path.parent) for path in results.glob(f"*/{RECORD}")}
    return {place: record for place, record in found.items() if record}


def keep_genes(results, tensors_sha256, genes):
    """Write which genes the tensors of a hash are of, in their order. genes: DataFrame with id, chrom."""
    results.mkdir(parents=True, exist_ok=True)
    save_sealed_json(_genes_path(results, tensors_sha256), genes[["id", "chrom"]].to_dict("list"))


def read_genes(results, tensors_sha256):
    """The genes that `keep_genes` wrote, DataFrame with id, chrom; None where there are none, or they are damaged."""
    genes = if_whole(load_sealed_json, _genes_path(results, tensors_sha256))
    return None if genes is None else pd.DataFrame(genes)


def _genes_path(results, tensors_sha256):
    return results / f"genes_{tensors_sha256[:8]}.json"


def read_finished(folder, settings, features_table=None):
    """The record of a fit that need not be made again; None unless its settings are these and its files are whole.

    features_table: hash of the table that names the features now, or None without one, which asks for no new names.
    """
    if not (folder / RECORD).exists():
        return None
    record = read_record(folder)
    if record is not None and record["settings"] != settings:
        return None
    changed = [RECORD] if record is None else find_changed(folder, record)
    if changed:
        logger.warning("%s: damaged or missing since it was written; it is fitted again", folder / changed[0])
        return None
    if features_table is not None and record.get("features_table") != features_table:
        logger.info("%s: made with other names of the features, or none; it is fitted again", folder)
        return None
    return record


def find_changed(folder, record):
    """Names of a fit's files that are not what they were when its record was written, pictures aside."""
    files = ((name, folder / name, digest) for name, digest in record["files"].items())
    return [name for name, path, digest in files if not path.is_file() or file_sha256(path) != digest]


def write_record(folder, **fields):
    """Write `metrics.json`: the fields, numbers that are not finite as null, and hashes of the files beside it.

    Pictures are not among those. Returns: the record.
    """
    files = {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.suffix in HASHED}
    record = _finite({"name": folder.name, "versions": versions(), "files": files, **fields})
    save_sealed_json(folder / RECORD, record)
    return record


def _finite(value):
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def versions():
    """Versions of Python and of the libraries that can change the numbers."""
    return {"python": platform.python_version()} | {name: import_module(name).__version__ for name in LIBRARIES}


def results_row(record):
    """A record as one row of results.csv: dict of column name to value, None where the fit has no such thing."""
    row = {"name": record["name"]}
    for part, fields in RESULT_COLUMNS.items():
        found = record.get(part, record["settings"])  # records of format 1 have their notes among the settings
        for field in fields:
            value = found.get(field)  # some readers of CSV take other line ends within a text for those of rows
            row[f"genes_{field}" if part == "genes" else field] = visible(value) if isinstance(value, str) else value
    return row | {name: record["scores"][name] for name in WITHIN if name in record.get("scores", {})}


def results_table(records):
    """Records as a table, one row each, with the columns of results.csv."""
    nothing = {"name": None, "settings": {}, **{part: {} for part in RESULT_COLUMNS}}
    rows = [results_row(record) for record in records]
    within = [name for name in WITHIN if any(name in row for row in rows)]
    return pd.DataFrame(rows, columns=[*results_row(nothing), *within])


def write_results(results):
    """Write results.csv again from every record under the results folder, so that no run can lose or repeat a row.

    Returns: the folders that were left out because their record is damaged.
    """
    found = None
    while found is None or found.keys() != _record_folders(results):  # other processes write records meanwhile
        found = {folder: read_record(folder) for folder in sorted(_record_folders(results))}
        write_table(results / "results.csv", results_table([record for record in found.values() if record]))
    return [folder for folder, record in found.items() if record is None]


def _record_folders(results):
    return {path.parent for path in results.glob(f"*/{RECORD}")}


@contextlib.contextmanager
def results_kept_up(results):
    """Write results.csv now and then while records are made, and when something stops that.

    What is missing after a kill comes with the first record of the next run. Yields: a function to call after each new
    record.
    """
    due, missing = -math.inf, False

    def renew():
        nonlocal due, missing
        start = time.monotonic()
        missing = start < due
        if not missing:
            write_results(results)
            end = time.monotonic()
            due = end + (end - start) / SHARE_OF_TIME

    try:
        yield renew
    except BaseException:
        if missing:
            with contextlib.suppress(OSError):  # the disk may be what stopped it
                write_results(results)
        raise


def renew_notes(folder, record, notes):
    """The record with other notes, written where they differ. Notes that are empty leave those that are there."""
    new = record["notes"] | {name: text for name, text in notes.items() if text}
    if new != record["notes"]:
        record = record | {"notes": new}
        save_sealed_json(folder / RECORD, record)
    return record


def write_table(path, table):
    """Write a table as CSV with nine significant digits, enough to give float32 back.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, which makes it text there too. A
    carriage return, which some readers take for the end of a row, is written as its escape.
    """
    texts = {name: table[name].map(_as_text) for name in table.select_dtypes(exclude="number")}
    texts |= {name: _as_digits(table[name]) for name in table.select_dtypes("floating")}
    table = table.assign(**texts).rename(columns=_as_text)
    with whole_file(path) as file:
        table.to_csv(file, index=False, lineterminator="\n", errors="surrogateescape")


def read_table(path, text=()):
    """Read what `write_table` wrote. text: columns in which no text stands for a missing value, and no digits for a
    number; an empty cell is one everywhere."""
    kept = {"keep_default_na": False, "na_values": [""], "encoding_errors": "surrogateescape"}
    table = pd.read_csv(path, dtype=dict.fromkeys(text, str), **kept).rename(columns=_as_it_was)
    return table.assign(**{name: table[name].map(_as_it_was) for name in text if name in table})


def _as_digits(column):
    """What float_format of pandas gives, in half of its time."""
    return ["" if math.isnan(value) else f"{value:.9g}" for value in column.tolist()]


def _as_text(cell):
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\r", visible("\r"))
    return f"'{cell}" if FORMULA.match(cell) else cell


def _as_it_was(cell):
    """A cell without the apostrophe of `_as_text`."""
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and FORMULA.match(cell) else cell
