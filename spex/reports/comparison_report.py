"""The folder of a comparison: verdict, tables, settings, pictures, and a page of all of it; and how to read it back."""

import json
import math
import re
from pathlib import Path

import numpy as np

from spex.compare.arms import UNSEEN_VIEW
from spex.compare.tables import Comparison
from spex.compare.verdict import ALPHA
from spex.contacts.controls import ELSEWHERE, WITHIN
from spex.errors import InputError, visible
from spex.files.atomic import write_json, write_text
from spex.reports.cell_figures import TISSUES_AT_ONCE, draw_groups, draw_tissues
from spex.reports.comparison_text import (
    EXPLAINED,
    INTERVAL,
    UNSEEN_NAMES,
    account,
    confirmed,
    confirmed_how,
    draw_shares,
    held_to,
    methods,
    ordered,
    scope,
    sentence,
    untested,
)
from spex.reports.numbers import interval, level, percent, probability, signed, whole
from spex.reports.pages import render, table_of, text, within, write_pictures
from spex.reports.row_figures import draw_controls, draw_forest
from spex.runs.records import read_table, write_table

VERDICT, PAGE, SETTINGS, CONFIRMATION = "verdict.md", "report.html", "comparison.json", "confirmation.csv"
TABLES = {"results": "comparison.csv", "maps": "maps.csv", "groups": "groups.csv"}
TITLE = "Do these contact maps add anything?"
SECTIONS = {
    "maps": "The maps",
    "pictures": "Pictures",
    "tissues": "Tissue by tissue",
    "unseen": f"Chromosomes {UNSEEN_NAMES} apart",
    "confirmation": "Confirmation by trees",
    "mind": "To keep in mind",
    "methods": "Methods",
    "settings": "Settings and hashes",
}
PARTS = (
    ("gain", within, "gain", "gain_low", "gain_high"),
    ("contact number", within, "number", "number_low", "number_high"),
    ("matched bins", signed, "any_bins"),
    ("contacted bins", within, "touched", "touched_low", "touched_high"),
    ("q sequence", probability, "q_seq"),
    ("q content", probability, "q_content"),
    ("q number", probability, "q_num"),
)
"""Columns of a table of maps or results: the gain, its parts, and the tests; as `table_of` takes them."""

NEAR = next(iter(WITHIN))
"""Where matched bins should be found, as settings name it."""


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
    pictures = [draw_forest(comparison), *draw_tissues(comparison), draw_controls(comparison)]
    pictures += [draw_groups(comparison)] if len(comparison.groups) else []
    write_pictures(folder, pictures)
    write_text(folder / PAGE, page(comparison, pictures, confirmation))
    write_text(folder / VERDICT, verdict(comparison, confirmation))  # the last one: where it is, the others are
    return folder / PAGE


def read_comparison(folder):
    """A comparison that `write_report` wrote.

    Raises:
        InputError: a file is missing or damaged.
    """
    tables = {name: _read_table(Path(folder) / file) for name, file in TABLES.items()}
    return Comparison(**tables, settings=read_json(Path(folder) / SETTINGS))


def _read_table(path):
    try:
        table = read_table(path, ("map", "target", "words", "folder", "view", "group", "cell_type"))
    except FileNotFoundError as error:
        raise _incomplete("no such file", path) from error
    except ValueError as error:
        raise _incomplete("it is no table of a comparison", path) from error
    if "map" not in table:
        raise _incomplete("it is no table of a comparison", path)
    names = [name for name in ("target", "cell_type") if name in table]
    return table.fillna(dict.fromkeys(names, ""))


def read_json(path):
    """The content of a JSON file of a study.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_bytes().decode(errors="surrogateescape"))
    except FileNotFoundError as error:
        raise _incomplete("no such file", path) from error
    except ValueError as error:
        raise _incomplete("it is no JSON", path) from error


def _incomplete(what, path):
    return InputError(what, subject=path, hint="run the study to its end first: the report is drawn from its results")


def verdict(comparison, confirmation=None):
    """The verdict on each map as Markdown: first a sentence each, then what each gain is made of, then a table.

    confirmation: as `write_report` takes it; a sentence for each map and tissue follows, in the order of the maps.
    """
    rows = list(ordered(comparison.maps).itertuples())
    sentences = " ".join(f"**{_marked_down(sentence(row))}.**" for row in rows)
    accounts = [f"- **{_marked_down(row.map)}.** {account(row, comparison.settings)}" for row in rows]
    parts = ["# What the maps add", "", sentences, "", *accounts, "", *_table(rows), "", _closing(comparison), ""]
    return "\n".join([*parts, *_confirmed(confirmation, [row.map for row in rows])])


def _confirmed(confirmation, names):
    """Lines on what trees found, those of the maps called `names` in their order; none without a confirmation."""
    if confirmation is None or not len(confirmation):
        return
    yield from ("## Confirmation by trees", "")
    by_map = dict(list(confirmation.groupby("map")))
    for name in (name for name in names if name in by_map):
        for (_, target), rows in by_map[name].groupby(["target_index", "target"], sort=False):
            yield f"- **{_marked_down(name)}, {_marked_down(target)}.** {confirmed(rows)}"
    yield from ("", confirmed_how(confirmation), "")


def _closing(comparison):
    return " ".join(part for part in (_marked_down(scope(comparison)), untested(comparison), EXPLAINED) if part)


def _table(rows):
    heads = ("map", "gain", INTERVAL, "contact number", "matched bins", "contacted bins", INTERVAL, "q sequence")
    yield f"| {' | '.join((*heads, 'q content', 'q number'))} |"
    yield "| --- " + "| ---: " * (len(heads) + 1) + "|"
    for row in rows:
        cells = [_marked_down(row.map), signed(row.gain), interval(row.gain_low, row.gain_high), signed(row.number)]
        cells += [signed(row.any_bins), signed(row.touched), interval(row.touched_low, row.touched_high)]
        yield f"| {' | '.join(cells + [probability(value) for value in (row.q_seq, row.q_content, row.q_num)])} |"


def _marked_down(text):
    """Free text that Markdown shows as it is; a _ between letters means nothing there."""
    return re.sub(r"([\\`*{}\[\]<>#|~&]|(?<!\w)_|_(?!\w))", r"\\\1", visible(str(text)))


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
    maps, results, settings = ordered(comparison.maps), comparison.results, comparison.settings
    by_map = dict(list(results.groupby("map", sort=False)))
    on_unseen, by_trees = _on_unseen(results, maps), _by_trees(confirmation)
    left_out = {"unseen"} if on_unseen is None else set()
    left_out |= {"confirmation"} if by_trees is None else set()
    return render(
        "comparison.html",
        title=TITLE,
        sections={name: heading for name, heading in SECTIONS.items() if name not in left_out},
        maps=list(maps.itertuples()),
        accounts=[(row.map, account(row, settings)) for row in maps.itertuples()],
        scope=" ".join(part for part in (scope(comparison), untested(comparison)) if part),
        ranking=ranking_of(comparison, "Table of maps", [("map", text, "map"), ("verdict", text, "words")]),
        made_from=_made_from(maps, settings),
        drawn=pictures,
        few=len(results) <= TISSUES_AT_ONCE,
        by_tissue=[(name, _tissues_of(name, by_map[name], comparison)) for name in maps["map"]],
        on_unseen=on_unseen,
        by_trees=by_trees,
        alpha=ALPHA,
        unseen=UNSEEN_NAMES,
        methods=methods(comparison),
        settings=json.dumps(plain(settings), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False),
    )


def ranking_of(comparison, name, first, tested=None):
    """The table of maps, the largest gain first. first: columns before those of `PARTS`, of `maps` or rank.

    tested: the comparison that p-values were corrected in, where it has more maps.
    """
    caption = (
        f"{EXPLAINED} The largest gain first; in small print {INTERVAL}s. q: of the tests of contacted bins, of any "
        f"content and of number, {held_to(tested or comparison, 'maps')}."
    )
    maps = ordered(comparison.maps)
    return table_of(maps.assign(rank=range(1, len(maps) + 1)), name, caption, [*first, *PARTS])


def _made_from(maps, settings):
    shares = [draw_shares(settings, name) for name in maps["map"]]
    table = maps.assign(near=[each.get(NEAR) for each in shares], elsewhere=[each.get(ELSEWHERE) for each in shares])
    numbers = {"genes": "genes", "genes_with_contacts": "genes with contacts", "contacts": "kept contacts"}
    numbers |= {"tissues": "tissues", "tissues_sequence": "with sequence", "tissues_region": "with region"}
    numbers |= {"tissues_number": "with number"}
    columns = [("map", text, "map"), ("folder", text, "folder")]
    columns += [(heading, whole, name) for name, heading in numbers.items()]
    columns += [(f"matched {NEAR}", _share, "near"), ("matched elsewhere", _share, "elsewhere")]
    caption = (
        "What each map is made from, and in how many tissues the verdict names contacted bins, bins at the same "
        f"distances, and number of contacts. Matched: share of the distance-matched bins that lay {NEAR} of the "
        "distance that they should have, and elsewhere on the chromosome for want of others."
    )
    return table_of(table, "Genes, contacts and tissues of the maps", caption, columns)


def _share(value):
    return percent(value, ".0f")


def _tissues_of(name, results, comparison):
    results = results.assign(own=results["own_cell_type"].astype(bool) if "own_cell_type" in results else False)
    columns = [("tissue", _tissue, "target", "own"), ("verdict", text, "words")]
    columns += [("own sequence", level, "spearman_base"), *PARTS]
    caption = (
        f"{name}, by tissue. Own sequence: Spearman correlation without the map; then differences as in the table of "
        f"maps. q: {held_to(comparison)}."
    )
    return table_of(results, f"Tissues of {name}", caption, columns)


def _tissue(target, own):
    return f"{target} (the map's own cell type)" if own else target


def _on_unseen(results, maps):
    """The table of the chromosomes that the network has not seen; None where they were not compared."""
    base, gain = f"spearman_base_{UNSEEN_VIEW}", f"gain_{UNSEEN_VIEW}"
    if gain not in results or results[gain].isna().all():
        return None
    means = results.groupby("map", sort=False)[[base, gain, "gain"]].mean().reindex(maps["map"]).reset_index()
    columns = [("map", text, "map"), ("own sequence", level, base), ("gain there", signed, gain)]
    caption = (
        f"Means over tissues on chromosomes {UNSEEN_NAMES}, which the network has not seen in its training, beside the "
        "gain on all chromosomes. Two chromosomes are too few for intervals."
    )
    return table_of(means, f"Chromosomes {UNSEEN_NAMES}", caption, [*columns, ("gain everywhere", signed, "gain")])


def _by_trees(confirmation):
    """The table of what trees found; None without a confirmation."""
    if confirmation is None or not len(confirmation):
        return None
    columns = [
        ("map", text, "map"),
        ("tissue", text, "target"),
        ("difference of", text, "contrast"),
        ("test genes", whole, "genes"),
        ("difference", within, "difference", "low", "high"),
        ("p", probability, "p"),
        ("seeds", whole, "seeds"),
        ("error over genes", _error, "bootstrap_error"),
        ("error over seeds", _error, "seeds_error"),
        ("Welch p", probability, "welch_p"),
    ]
    return table_of(confirmation, "Confirmation by trees", confirmed_how(confirmation), columns)


def _error(value):
    return level(value, 4)
