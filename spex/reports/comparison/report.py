"""The files of a comparison's folder: verdict, tables, settings, pictures, page."""

import math
import re
from pathlib import Path

import numpy as np

from spex.errors import visible
from spex.files.atomic import whole_file, write_json, write_text
from spex.reports.comparison.cells import draw_groups, draw_tissues
from spex.reports.comparison.page import page
from spex.reports.comparison.pictures import draw_controls, draw_forest
from spex.reports.comparison.words import (
    CONFIRMED_HOW,
    EXPLAINED,
    account,
    confirmed,
    interval,
    ordered,
    probability,
    scope,
    sentence,
    signed,
)
from spex.runs.records import write_table

VERDICT, PAGE, SETTINGS, CONFIRMATION = "verdict.md", "report.html", "comparison.json", "confirmation.csv"
TABLES = {"results": "comparison.csv", "maps": "maps.csv", "groups": "groups.csv"}


def write_report(folder, comparison, confirmation=None):
    """Write everything that is to be read of a comparison.

    folder: made where it is missing. comparison: as the package's head describes it. confirmation: DataFrame of what
    trees found, a row a map, tissue and contrast; None without. The same comparison gives the same bytes.

    Returns: path of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    settings = plain(comparison.settings)
    for name, file in TABLES.items():
        write_table(folder / file, getattr(comparison, name))
    if confirmation is not None:
        write_table(folder / CONFIRMATION, confirmation)
    write_json(folder / SETTINGS, settings)
    pictures = draw(comparison)
    for picture in pictures:
        with whole_file(folder / f"{picture.name}.png") as file:
            file.write(picture.png)
    write_text(folder / PAGE, page(comparison, pictures, settings, confirmation))
    write_text(folder / VERDICT, verdict(comparison, confirmation))  # the last one: where it is, the others are
    return folder / PAGE


def draw(comparison):
    """All pictures of a comparison, in the order of the page."""
    parts = [draw_forest(comparison), *draw_tissues(comparison), draw_controls(comparison)]
    return [*parts, draw_groups(comparison)] if len(comparison.groups) else parts


def verdict(comparison, confirmation=None):
    """The verdict on each map as Markdown: first a sentence each, then what each gain is made of, then a table.

    confirmation: as `write_report` takes it; a sentence a map and tissue follows, in the order of the maps.
    """
    maps = ordered(comparison.maps)
    rows = list(maps.itertuples())
    sentences = " ".join(f"**{_marked_down(sentence(row))}.**" for row in rows)
    accounts = [f"- **{_marked_down(row.map)}.** {account(row, comparison.settings)}" for row in rows]
    parts = ["# What the maps add", "", sentences, "", *accounts, "", *_table(rows), "", _closing(comparison), ""]
    return "\n".join([*parts, *_confirmed(confirmation, maps["map"])])


def _confirmed(confirmation, names):
    """Lines on what trees found, those of the maps called `names` in their order; none without a confirmation."""
    if confirmation is None or not len(confirmation):
        return
    yield from ("## Confirmation by trees", "")
    by_map = dict(list(confirmation.groupby("map")))
    for name in (name for name in names if name in by_map):
        for (_, target), rows in by_map[name].groupby(["target_index", "target"], sort=False):
            yield f"- **{_marked_down(name)}, {_marked_down(target)}.** {confirmed(rows)}"
    yield from ("", CONFIRMED_HOW, "")


def _closing(comparison):
    return f"{_marked_down(scope(comparison))} {EXPLAINED}"


def _table(rows):
    heads = ("map", "gain", "95 % interval", "of it number", "any bins", "touched bins", "95 % interval", "q sequence")
    yield f"| {' | '.join((*heads, 'q content', 'q number'))} |"
    yield "| --- " + "| ---: " * (len(heads) + 1) + "|"
    for row in rows:
        cells = [_marked_down(row.map), signed(row.gain), interval(row.gain_low, row.gain_high), signed(row.number)]
        cells += [signed(row.any_bins), signed(row.touched), interval(row.touched_low, row.touched_high)]
        yield f"| {' | '.join(cells + [probability(value) for value in (row.q_seq, row.q_content, row.q_num)])} |"


def _marked_down(text):
    """Free text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", visible(str(text)))


def plain(value):
    """A value as JSON has it: numbers that are not finite as null, arrays as lists, other things as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
