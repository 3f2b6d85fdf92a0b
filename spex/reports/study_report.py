"""The report of a finished study: one page with everything in it, and its tables as files."""

from pathlib import Path

import pandas as pd

from spex.contacts.sheet import GROUPS
from spex.files.atomic import write_text
from spex.files.hashes import file_sha256
from spex.reports.between_report import values_of_cells
from spex.reports.cell_figures import draw_exchanges, draw_likeness, draw_pairs, draw_tissues
from spex.reports.comparison_text import values_of
from spex.reports.figures import for_a_page
from spex.reports.numbers import DASH, signed
from spex.reports.pages import download, file_name, render
from spex.reports.row_figures import (
    CONTROLS,
    KINDS,
    draw_controls,
    draw_fits,
    draw_forest,
    draw_kinds,
    draw_own_cell_type,
    draw_sheets,
)
from spex.reports.study_results import read_results
from spex.runs.records import write_table
from spex.study.plan import Study

FOLDER = "tables"
COLUMNS_IN_SIGHT = 8
"""Maps up to which their table by tissues is open: a wider one fits no sheet of paper."""


def write_study_report(study: Study) -> Path:
    """Draw the report of a finished study, and write the tables that it shows beside it, under `tables/`.

    The same results give the same bytes. Returns: path of the page, `study.report`.

    Raises:
        InputError: there is no comparison of the study's maps.
    """
    results = read_results(study)
    tables = results.tables()
    folder = Path(study.out) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)
    write_text(study.report, page(study, results, tables, folder))
    return study.report


def page(study, results, tables, folder):
    """The page as HTML. tables: of the results. folder: where they are as files."""
    values = values_of(results.comparison, results.compared)
    with for_a_page():
        pictures = _pictures(results, tables)
    if study.fits:
        values["methods"] += f" {_methods_of_fits(study)}"
    return render(
        "study.html",
        **values,
        **(values_of_cells(results.between) if results.between else {"between": None}),
        pictures=pictures,
        links={name: download(folder / f"{name}.csv") for name in tables},
        facts=list(_facts(study, results)),
        about=_about(results),
        tables=tables | {"kinds": tables["kinds"].assign(by=tables["kinds"]["by"].map(KINDS))},
        controls={control.column: control.text for control in CONTROLS},
        contacts=[f"contacts {group}" for group in GROUPS],
        matrix=_matrix(tables["tissues"]),
        few=len(results.order) <= COLUMNS_IN_SIGHT,
        dash=DASH,
        command=f"spex study run {study.path.name}",
        versions=_versions(results),
        hashes=_hashes(study, results),
    )


def _pictures(results, tables):
    """All pictures by section."""
    own, sheets = tables["own_cell_type"], tables["sheets"]
    return {
        "ranking": [draw_forest(results.comparison)],
        "pairs": [draw_pairs(results.comparison)] if len(results.comparison.pairs) else [],
        "likeness": [draw_likeness(tables["likeness"])] if len(tables["likeness"]) else [],
        "tissues": draw_tissues(results.comparison) + ([draw_own_cell_type(own)] if len(own) else []),
        "kinds": draw_kinds(tables["kinds"], results.maps),
        "controls": [draw_controls(results.comparison)],
        "fits": draw_fits(tables["fits"]),
        "sheets": [draw_sheets(sheets)] if len(sheets) else [],
        "between": [draw_exchanges(results.between.exchanges)] if results.between else [],
    }


def _about(results):
    """The maps of the study in the order of its file: what they are, and what they were made with."""
    made = {name: facts.get("made_with", {}) for name, facts in results.comparison.settings.get("maps", {}).items()}
    maps = results.about.merge(results.comparison.maps, on="map")
    for name in ("hic_resolution", "min_count"):
        maps[name] = pd.Series([made.get(each, {}).get(name) for each in maps["map"]], dtype=float)
    return maps


def _matrix(results):
    """Gains by tissue (rows) and map (columns), as of `pages.cells`; a map's own cell type is marked."""
    maps = list(results["map"].unique())
    own = results["own_cell_type"].astype(bool) if "own_cell_type" in results else [False] * len(results)
    gains = {
        (row.target_index, row.map): (signed(row.gain), "own cell type" if mine else "")
        for row, mine in zip(results.itertuples(), own, strict=True)
    }
    tissues = results.drop_duplicates("target_index").sort_values("target_index")
    rows = [[row.target, *(gains.get((row.target_index, name), DASH) for name in maps)] for row in tissues.itertuples()]
    return [("tissue", "text"), *((name, "number") for name in maps)], rows


def _facts(study, results):
    """Pairs of what and its value, about the whole study; files by their names alone."""
    yield "study", study.path.name
    yield "genes", _named([study.genes], study.gene_options)
    yield "genome", file_name(study.genome)
    yield "network", file_name(study.weights)
    yield "expression", _named(study.expression, study.expression_options)
    yield "tissues", f"{results.comparison.results['target_index'].nunique():,}"
    yield "maps", f"{len(results.comparison.maps):,}"
    yield "fits", _fits_of(study) or "none"
    if study.comparison:
        yield "comparison", _options(study.comparison)


def _named(files, options):
    names = ", ".join(map(file_name, files))
    return f"{names} ({_options(options)})" if options else names


def _fits_of(study):
    return "; ".join(_named([fit.name], fit.options) for fit in study.fits)


def _options(options):
    """Options as text; of values that are paths the names alone."""
    return ", ".join(f"{name} {_value(value)}" for name, value in options.items())


def _value(value):
    if isinstance(value, list | tuple):
        return " ".join(map(_value, value))
    return file_name(value) if isinstance(value, Path) or (isinstance(value, str) and "/" in value) else str(value)


def _methods_of_fits(study):
    were = "was" if len(study.fits) == 1 else "were"
    return f"Besides, {_fits_of(study)} {were} fitted to sequence alone and to each map's features on the same genes."


def _versions(results):
    return pd.DataFrame(
        sorted((results.compared.settings.get("versions") or {}).items()), columns=["program", "version"]
    )


def _hashes(study, results):
    """The table of files and their SHA-256."""
    settings, files = results.comparison.settings, results.about.set_index("map")["files"]
    rows = [["study", study.path.name, file_sha256(study.path)]] if study.path.exists() else []
    base = settings.get("base") or {}
    for what, field, file in (
        ("genes", "genes_sha256", study.genes),
        ("genome", "genome_sha256", study.genome),
        ("network", "beluga_sha256", study.weights),
    ):
        if field in base:
            rows.append([what, file_name(file), base[field]])
    if "expression_sha256" in settings:
        rows.append(["expression as compared", _named(study.expression, {}), settings["expression_sha256"]])
    for name, facts in settings.get("maps", {}).items():
        if name in files:
            hashes = (facts.get("made_with") or {}).get("maps_sha256") or []
            rows += [[name, files[name], sha256] for sha256 in hashes]
    return [("what", "text"), ("file", "text"), ("SHA-256", "hash")], rows
