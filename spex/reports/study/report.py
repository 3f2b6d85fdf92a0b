"""The files of a study's report: the page and its tables."""

from pathlib import Path

from spex.files.atomic import write_text
from spex.reports.comparison.cells import draw_tissues
from spex.reports.comparison.pictures import draw_controls, draw_forest
from spex.reports.study.found import read_found
from spex.reports.study.page import page
from spex.reports.study.pictures import draw_fits, draw_kinds, draw_own_cell_type, draw_sheets
from spex.reports.study.tables import make_tables
from spex.runs.records import write_table

TABLES = "tables"


def write_study_report(study):
    """Draw the report of a finished study, and write the tables that it shows beside it, under `tables/`.

    study: with the attributes of `spex.study.plan.Study`. The same results give the same bytes.

    Returns: path of the page, `study.report`.

    Raises:
        InputError: there is no comparison of the study's maps.
    """
    found = read_found(study)
    tables = make_tables(found)
    folder = Path(study.out) / TABLES
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)
    files = {name: (folder / f"{name}.csv").read_bytes() for name in tables}
    write_text(study.report, page(study, found, tables, _draw(found, tables), files))
    return study.report


def _draw(found, tables):
    """All pictures by the section that they stand in."""
    own, sheets = tables["own_cell_type"], tables["sheets"]
    return {
        "ranking": [draw_forest(found)],
        "tissues": draw_tissues(found) + ([draw_own_cell_type(own)] if len(own) else []),
        "kinds": draw_kinds(tables["kinds"], found),
        "controls": [draw_controls(found)],
        "fits": draw_fits(tables["fits"]),
        "sheets": [draw_sheets(sheets)] if len(sheets) else [],
    }
