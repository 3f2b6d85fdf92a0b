"""The folder of a comparison: verdict, tables, settings, pictures, and a page of all of it; and how to read it back."""

import contextlib
import json
import math
from pathlib import Path

import numpy as np

from spex.compare.arms import UNSEEN_VIEW
from spex.compare.prepare import MOSTLY_ITSELF
from spex.compare.tables import Comparison
from spex.contacts.controls import ELSEWHERE
from spex.errors import InputError
from spex.files.atomic import json_text, write_json, write_text
from spex.reports.cell_figures import TISSUES_AT_ONCE, draw_groups, draw_pairs, draw_tissues
from spex.reports.comparison_text import PAIRS_FILE, confirmed, draw_shares, held_to, mark_own, values_of
from spex.reports.multiqc import GAINS, write_multiqc
from spex.reports.pages import NEAR, render, write_pictures
from spex.reports.row_figures import draw_controls, draw_forest
from spex.runs.records import read_table, write_table

VERDICT, PAGE, SETTINGS, CONFIRMATION = "verdict.md", "report.html", "comparison.json", "confirmation.csv"
TABLES = {"results": "comparison.csv", "maps": "maps.csv", "groups": "groups.csv", "pairs": PAIRS_FILE}
TEXT = ("map", "other", "target", "strength", "words", "folder", "view", "group", "cell_type", "cell")
"""Columns of these tables that are text."""

PLACES = {"near": NEAR, "elsewhere": ELSEWHERE}
"""Columns of the table of maps -> where matched bins were found, as settings name it."""
RENAMED = {"narrow_draw": "whole_chromosome_fallback"}
"""Earlier names of settings, as kept comparisons may have them -> their names now."""


def write_report(folder, comparison, confirmation=None):
    """Write all files of a comparison. The same comparison gives the same bytes.

    folder: made where it is missing. comparison: Comparison. confirmation: DataFrame of what trees found, a row for
    each map, tissue and contrast; None without. Returns: path of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in TABLES.items():
        write_table(folder / file, getattr(comparison, name))
    if confirmation is not None:
        write_table(folder / CONFIRMATION, confirmation)
    write_json(folder / SETTINGS, plain(comparison.settings))
    gains = [(row["map"], row) for row in comparison.maps.to_dict("records")]
    write_multiqc(folder, "comparison", "What contact maps add", GAINS, gains)
    pictures = [draw_forest(comparison), *draw_tissues(comparison), draw_controls(comparison)]
    pictures += [draw_groups(comparison)] if len(comparison.groups) else []
    pictures += [draw_pairs(comparison)] if len(comparison.pairs) else []
    write_pictures(folder, pictures)
    write_text(folder / PAGE, page(comparison, pictures, confirmation))
    write_text(folder / VERDICT, verdict(comparison, confirmation))  # the last one: where it is, the others are
    return folder / PAGE


def read_comparison(folder):
    """A comparison that `write_report` wrote.

    Raises:
        InputError: a file is missing or damaged.
    """
    tables = {name: read_table_of_maps(Path(folder) / file) for name, file in TABLES.items()}
    settings = read_json(Path(folder) / SETTINGS)
    return Comparison(**tables, settings={RENAMED.get(name, name): value for name, value in settings.items()})


def read_table_of_maps(path):
    """A table of a comparison.

    Raises:
        InputError: it is missing or damaged.
    """
    with _complete(path, "table of a comparison"):
        table = read_table(path, TEXT)
        if "map" not in table:
            raise ValueError("no column of maps")
        if "words" in table and "strength" not in table:
            raise ValueError("no strength of the evidence, which an earlier version did not say")
    return table.fillna({name: "" for name in ("target", "strength", "cell_type") if name in table})


def read_json(path):
    """The content of a JSON file of a study.

    Raises:
        InputError: it is missing or damaged.
    """
    with _complete(path, "JSON"):
        return json.loads(path.read_bytes().decode(errors="surrogateescape"))


@contextlib.contextmanager
def _complete(path, what):
    """Refuse a file of a study that cannot be read inside the block. what: what it should be."""
    try:
        yield
    except (FileNotFoundError, ValueError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"it is no {what}"
        hint = "run the study to its end first: the report is drawn from its results"
        raise InputError(found, subject=path, hint=hint) from error


def verdict(comparison, confirmation=None):
    """The verdict on each map as Markdown: first a sentence each, then the parts of each gain, then a table.

    confirmation: as `write_report` takes it; a sentence for each map and tissue follows, in the order of the maps.
    """
    values = values_of(comparison)
    found = _known(confirmation)
    by_map = {} if found is None else dict(list(found.groupby("map")))
    texts = [
        (name, target, confirmed(rows))
        for name in values["maps"]["map"]
        if name in by_map
        for (_, target), rows in by_map[name].groupby(["target_index", "target"], sort=False)
    ]
    return render("verdict.md", **values, confirmed=texts, by_trees=found)


def _known(confirmation):
    """A confirmation with anything in it, or None."""
    return None if confirmation is None or confirmation.empty else confirmation


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


def page(comparison, pictures, confirmation=None):
    """The page as HTML. pictures: list of Picture. confirmation: as `write_report` takes it."""
    values, results = values_of(comparison), mark_own(comparison.results)
    shares = [draw_shares(comparison.settings, name) for name in values["maps"]["map"]]
    of_maps = comparison.settings.get("maps", {})
    values["maps"] = values["maps"].assign(
        **{name: [each.get(place) for each in shares] for name, place in PLACES.items()},
        itself=[of_maps.get(name, {}).get("distance_only", {}).get("touched") for name in values["maps"]["map"]],
    )
    on_unseen = None if values["origin"] else _on_unseen(results, values["maps"])
    by_trees = _known(confirmation)
    by_map = dict(list(results.groupby("map", sort=False)))
    if by_trees is not None:
        by_trees = by_trees.rename(columns={end: f"difference_{end}" for end in ("low", "high")})
    return render(
        "comparison.html",
        **values,
        near=NEAR,
        mostly_itself=MOSTLY_ITSELF,
        drawn=[each for each in pictures if each.name != "pairs"],
        against_each_other=[each for each in pictures if each.name == "pairs"],
        pairs=comparison.pairs,
        few=len(results) <= TISSUES_AT_ONCE,
        by_tissue=[(name, by_map[name]) for name in values["maps"]["map"]],
        held_to_by_tissue=held_to(comparison),
        on_unseen=on_unseen,
        by_trees=by_trees,
        settings=json_text(plain(comparison.settings)),
    )


def _on_unseen(results, maps):
    """Gains on the chromosomes that the network has not seen beside those on all; None where they were not compared."""
    base, gain = f"spearman_base_{UNSEEN_VIEW}", f"gain_{UNSEEN_VIEW}"
    if gain not in results or results[gain].isna().all():
        return None
    means = results.groupby("map", sort=False)[[base, gain, "gain"]].mean().reindex(maps["map"]).reset_index()
    return means.set_axis(["map", "spearman_base", "gain_there", "gain_everywhere"], axis="columns")
