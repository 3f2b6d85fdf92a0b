"""What a finished study has on the disk, read into tables."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from spex.contacts.sheet import GROUPS
from spex.errors import InputError, shown
from spex.inputs.text_tables import listed
from spex.models.splits import TEST_CHROM
from spex.reports.comparison.report import SETTINGS, TABLES
from spex.runs.folder import DataFolder
from spex.runs.records import digest, read_record, read_table, results_table, split_name

SHEETS = "sheets.json"
OPTIONS_OF_MAPS = ("cell_type", "experiment", "factor")
SEQUENCE_ALONE = "sequence alone"
NOT_TOLD = "not told"


@dataclass(frozen=True, eq=False)
class Found:
    """A study's results.

    results, maps, groups, settings: of its comparison, as the head of `spex.reports.comparison` describes them. about:
    DataFrame, a row a map in the study's order: map, files, cell_type, experiment, factor ("" where it is not told).
    fits: a row a fit of a data folder: map ("sequence alone" for that), fit, target_index, target, seed, spearman,
    pearson, rmse. sheets: a row a file of a map, the numbers of its data sheet; empty without sheets.
    """

    results: pd.DataFrame
    maps: pd.DataFrame
    groups: pd.DataFrame
    settings: dict[str, Any]
    about: pd.DataFrame
    fits: pd.DataFrame
    sheets: pd.DataFrame


def read_found(study):
    """Read what a study has left.

    study: with the attributes of `spex.study.plan.Study`.

    Raises:
        InputError: there is no comparison, it is damaged, or lacks a map of the study.
    """
    folder = Path(study.comparison_folder)
    tables = {name: _read_table(folder / file) for name, file in TABLES.items()}
    settings = _read_json(folder / SETTINGS)
    names = [each.name for each in study.maps]
    missing = [name for name in names if name not in set(tables["maps"]["map"])]
    if missing:
        raise InputError(
            f"the comparison lacks {', '.join(map(shown, missing))}; it has {listed(tables['maps']['map'])}",
            subject=folder / TABLES["maps"],
            hint="run the study again, which compares what is missing",
        )
    return Found(
        **{name: table[table["map"].isin(names)].reset_index(drop=True) for name, table in tables.items()},
        settings=settings,
        about=_about(study),
        fits=_read_fits(study),
        sheets=_read_sheets(study),
    )


def _read_table(path):
    try:
        table = read_table(path, ("map", "target", "words", "folder", "view", "group", "cell_type"))
    except FileNotFoundError as error:
        raise _no_comparison("no such file", path) from error
    except ValueError as error:
        raise _no_comparison("it is no table of a comparison", path) from error
    if "map" not in table:
        raise _no_comparison("it is no table of a comparison", path)
    names = [name for name in ("target", "cell_type") if name in table]
    return table.fillna(dict.fromkeys(names, ""))


def _read_json(path):
    try:
        return json.loads(path.read_bytes().decode(errors="surrogateescape"))
    except FileNotFoundError as error:
        raise _no_comparison("no such file", path) from error
    except ValueError as error:
        raise _no_comparison("it is no JSON", path) from error


def _no_comparison(what, path):
    return InputError(what, subject=path, hint="run the study to its end first: the report is drawn from its results")


def _about(study):
    rows = [
        {"map": each.name, "files": ", ".join(_file_name(file) for file in each.files)}
        | {name: getattr(each, name) or "" for name in OPTIONS_OF_MAPS}
        for each in study.maps
    ]
    return pd.DataFrame(rows)


def _file_name(file):
    """The last part of a path, with the group inside the file where one is named: FILE::GROUP."""
    path, colons, group = str(file).partition("::")
    return Path(path).name + colons + group


def _read_fits(study):
    """Scores of the study's fits, those of sequence alone first."""
    names = {}
    for fit in study.fits:
        names.setdefault(_model_and_split(fit.options), []).append(fit.name)
    names = {key: " or ".join(each) for key, each in names.items()}
    folders = [(SEQUENCE_ALONE, study.base_folder), *((each.name, study.map_folder(each.name)) for each in study.maps)]
    tables = [_fits_of(name, DataFolder(folder).results, names) for name, folder in folders]
    fits = pd.concat(tables, ignore_index=True)
    return fits[fits["target_index"].isin([index for index, _ in study.tissues])].reset_index(drop=True)


FITS = ("map", "fit", "target_index", "target", "seed", "spearman", "pearson", "rmse")
POOLED = "cv"
"""Stands for the split of all folds of a cross-validation together."""


def _model_and_split(options):
    """By which a fit is known in results.csv. options: of a StudyFit."""
    split = split_name(options.get("test_chroms", [TEST_CHROM]), options.get("validation_chroms", []))
    return options["model"], POOLED if "cv" in options else split


def _fits_of(map_name, results, names):
    """Scores of a data folder's fits; those that the study does not ask for, single folds too, are left out.

    results: its folder of results, which may be missing. names: (model, split) -> name of the fit.
    """
    path = results / "results.csv"
    table = read_table(path, ("name", "target", "model", "split")) if path.exists() else results_table([])
    splits = table["split"].where(~table["split"].str.startswith("cv-").astype(bool), POOLED)
    table = table.assign(map=map_name, fit=[names.get(key) for key in zip(table["model"], splits, strict=True)])
    table = table[table["fit"].notna()]
    twice = table.duplicated(["fit", "target_index", "seed"], keep=False)
    if twice.any():  # the same model with other parameters: the records tell which
        parameters = [_parameters(results / name) for name in table["name"]]
        table["fit"] = [f"{fit}, parameters {which}" for fit, which in zip(table["fit"], parameters, strict=True)]
    return table[list(FITS)]


def _parameters(folder):
    """Eight digits that stand for the parameters of a fit. folder: of the fit."""
    record = read_record(folder)
    return "unknown" if record is None else digest(record["settings"].get("parameters", {}))


def _read_sheets(study):
    """Data sheets of the maps' files, in the study's order; those that were not made are left out."""
    path = Path(study.out) / SHEETS
    if not path.exists():
        return pd.DataFrame()
    sheets = {}
    try:
        for sheet in _read_json(path):
            for file in (sheet["map"], _file_name(sheet["map"])):
                sheets[file] = sheets[file, sheet["resolution"]] = _sheet_numbers(sheet)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError("it holds no data sheets of maps", subject=path, hint="delete it and run the study") from error
    rows = []
    for each in study.maps:
        for file in each.files:
            resolution = each.options.get("hic_resolution")
            keys = [(name, resolution) for name in (str(file), _file_name(file))] + [str(file), _file_name(file)]
            numbers = next((sheets[key] for key in keys if key in sheets), None)
            if numbers:
                rows.append({"map": each.name, "file": _file_name(file), **numbers})
    return pd.DataFrame(rows)


def _sheet_numbers(sheet):
    """A data sheet as one row: dict of column -> number, None where the format does not tell it."""
    genes = sheet.get("genes") or {}
    groups = {group["distance"]: group for group in sheet["by_group_of_distances"]}
    return {
        "resolution": sheet["resolution"],
        "cis_pixels": sheet["pixels"]["cis"],
        "cis_counts": sheet["counts"]["cis"],
        "cis_share": sheet["cis_share"],
        "depth": sheet["depth"],
        "tss_coverage": (genes.get("coverage_of_tss_bins") or {}).get("median"),
        "genes": genes.get("genes"),
        "genes_without_pixel_from_20_kb": genes.get("without_pixel_from_20_kb"),
        **{f"share {group}": groups[group]["share"] for group in GROUPS},
        **{f"contacts {group}": groups[group].get("mean") for group in GROUPS},
    }
