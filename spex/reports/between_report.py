"""The files of a comparison between cells: verdicts, tables, settings, picture, and a page of all of it."""

from pathlib import Path

from spex.compare.between_tables import CellComparison
from spex.compare.protocol import NO_CORRECTION, Protocol
from spex.compare.verdict import STRENGTHS
from spex.files.atomic import json_text, write_json, write_text
from spex.reports.cell_figures import draw_exchanges
from spex.reports.comparison_report import plain, read_json, read_table_of_maps
from spex.reports.comparison_text import CORRECTIONS, INTERVAL, UNTESTED
from spex.reports.numbers import missing, percent
from spex.reports.pages import render, write_pictures
from spex.runs.records import write_table

VERDICT, PAGE, SETTINGS = "between.md", "between.html", "between.json"
TABLES = {"cells": "between.csv", "exchanges": "exchanges.csv"}


def write_cells(folder, compared):
    """Write all files of a comparison between cells. The same one gives the same bytes.

    folder: made where it is missing. compared: CellComparison. Returns: path of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in TABLES.items():
        write_table(folder / file, getattr(compared, name))
    write_json(folder / SETTINGS, plain(compared.settings))
    picture = draw_exchanges(compared.exchanges)
    write_pictures(folder, [picture])
    values = values_of_cells(compared) | {"interval_name": INTERVAL}
    settings = json_text(plain(compared.settings))
    write_text(folder / PAGE, render("between.html", **values, drawn=[picture], settings=settings))
    write_text(folder / VERDICT, render("between.md", **values))  # the last one: where it is, the others are
    return folder / PAGE


def read_cells(folder):
    """A comparison between cells that `write_cells` wrote.

    Raises:
        InputError: a file is missing or damaged.
    """
    tables = {name: read_table_of_maps(Path(folder) / file) for name, file in TABLES.items()}
    return CellComparison(**tables, settings=read_json(Path(folder) / SETTINGS))


def values_of_cells(compared):
    """What every text and page on a comparison between cells asks for, by name."""
    cells, settings = compared.cells, compared.settings
    whole, each = cells.iloc[-1], cells.iloc[:-1]
    correction = settings.get("correction", Protocol.correction)
    alone = correction == NO_CORRECTION or len(each) == 2
    return {
        "between": cells,
        "between_baseline": _baseline(whole),
        "between_two": len(each) == 2,
        "between_exchanges": int(whole.exchanges),
        "between_scope": f"{whole.genes:,} genes on {whole.chromosomes} chromosomes; {len(each)} cells.",
        "between_untested": UNTESTED if missing(whole.p_seq) else "",
        "between_corrected": CORRECTIONS[NO_CORRECTION if alone else correction],
        "between_single": {each.name: each.single for each in STRENGTHS},
        "between_several": {each.name: each.level(alone) for each in STRENGTHS},
        "between_shifts": len(settings.get("shifts", ())),
    }


def _baseline(whole):
    """What every claim is to be read against, as one sentence. whole: the row of all cells."""
    base, mapped = (percent(each, ".1f") for each in (whole.explained_base, whole.explained_map))
    return (
        f"The mean of the other cells alone has a Spearman correlation of {whole.spearman_others:.3f} with a cell's "
        f"expression. Of the variance that it leaves, the gene's own sequence explains {base}, and with the map "
        f"{mapped} is explained, on chromosomes left out"
    )
