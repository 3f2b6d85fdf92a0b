"""The page: one file with everything in it, without scripts and without anything from elsewhere."""

import json

from spex.contacts.controls import ELSEWHERE
from spex.reports.comparison.cells import TISSUES_AT_ONCE
from spex.reports.comparison.methods import REFERENCES, TO_KEEP_IN_MIND, methods
from spex.reports.comparison.words import (
    CONFIRMED_HOW,
    EXPLAINED,
    WITHIN,
    account,
    draw_shares,
    interval,
    ordered,
    probability,
    scope,
    signed,
)
from spex.reports.html import element, joined, table
from spex.reports.page import document, figure_of

TITLE = "Do these contact maps add anything?"
SECTIONS = {
    "maps": "The maps",
    "pictures": "Pictures",
    "tissues": "Tissue by tissue",
    "unseen": "Chromosomes 8 and 9 apart",
    "confirmation": "Confirmation by trees",
    "mind": "To keep in mind",
    "methods": "Methods",
    "settings": "Settings and hashes",
}


def page(comparison, pictures, settings, confirmation=None):
    """The page as HTML.

    pictures: list of Picture. settings: dict of JSON values. confirmation: as `write_report` takes it.
    """
    maps = ordered(comparison.maps)
    contents = {
        "maps": _maps(comparison, maps),
        "pictures": joined(map(figure_of, pictures)),
        "tissues": _tissues(comparison.results, maps),
        "unseen": _unseen(comparison.results, maps),
        "confirmation": _confirmation(confirmation),
        "mind": mind(),
        "methods": _methods(comparison),
        "settings": _settings(settings),
    }
    contents = {name: content for name, content in contents.items() if content}
    links = (element("li", element("a", SECTIONS[name], href=f"#{name}")) for name in contents)
    sections = (
        element("section", element("h2", SECTIONS[name], id_=f"{name}-title"), content, id_=name)
        for name, content in contents.items()
    )
    body = element(
        "body",
        element("header", element("h1", TITLE), _verdict(comparison, maps)),
        element("nav", element("ul", *links), aria_label="Sections"),
        element("main", *sections),
    )
    return document(TITLE, body)


def _verdict(comparison, maps):
    said = (element("span", element("strong", row.map), f": {row.words}. ") for row in maps.itertuples())
    first = element("p", *said, class_="verdict")
    settings = comparison.settings
    accounts = (element("li", element("strong", f"{row.map}. "), account(row, settings)) for row in maps.itertuples())
    where = element("p", scope(comparison), class_="small")
    return joined([first, element("ul", *accounts, class_="account"), where])


NUMBERS = ("gain", "of it number", "any bins", "touched bins", "q sequence", "q content", "q number")
"""Headings of what `numbers` gives."""


def numbers(row):
    """Cells of a row of `maps` or `results`: the gain, its parts, and what the tests say."""
    return [
        _within(row.gain, row.gain_low, row.gain_high),
        _within(row.number, row.number_low, row.number_high),
        signed(row.any_bins),
        _within(row.touched, row.touched_low, row.touched_high),
        *map(probability, (row.q_seq, row.q_content, row.q_num)),
    ]


def _within(value, low, high):
    """A cell with a difference and, below it, its interval."""
    ends = interval(low, high)
    return joined([signed(value), element("span", ends, class_="interval")]) if ends else signed(value)


def _maps(comparison, maps):
    columns = [("map", ""), ("verdict", "words"), *((name, "number") for name in NUMBERS)]
    rows = [[row.map, row.words, *numbers(row)] for row in maps.itertuples()]
    caption = (
        f"{EXPLAINED} The largest gain first; in small print 95 % intervals. q: of the tests for touched sequence, for "
        "any content and for number, adjusted over maps."
    )
    return joined([table(caption, columns, rows, "Table of maps"), _made_from(maps, comparison.settings)])


MATCHED = ("matched within 25 %", "matched elsewhere")


def _made_from(maps, settings):
    numbers = {
        "genes": "genes",
        "genes_with_contacts": "genes with contacts",
        "contacts": "kept contacts",
        "tissues": "tissues",
        "tissues_sequence": "with sequence",
        "tissues_region": "with region",
        "tissues_number": "with number",
    }
    columns = [("map", ""), ("folder", ""), *((name, "number") for name in (*numbers.values(), *MATCHED))]
    rows = [
        [
            row.map,
            row.folder or "",
            *(whole(getattr(row, name)) for name in numbers),
            *_matched(draw_shares(settings, row.map)),
        ]
        for row in maps.itertuples()
    ]
    caption = (
        "What each map is made from, and in how many tissues the verdict names touched sequence, bins at the same "
        "distances, and number of contacts. Matched: share of the bins at the same distances that lay within 25 % of "
        "the distance that they should have, and elsewhere on the chromosome for want of others."
    )
    return table(caption, columns, rows, "Genes, contacts and tissues of the maps")


def _matched(shares):
    return [f"{shares[kind]:.0%}".replace("%", " %") if kind in shares else "–" for kind in (WITHIN, ELSEWHERE)]


def whole(value):
    """A number without decimals; a dash where there is none."""
    return "–" if value is None or value != value else f"{value:,.0f}"  # noqa: PLR0124 -- NaN of any kind


def _tissues(results, maps):
    by_map = dict(list(results.groupby("map", sort=False)))
    intro = element("p", "Every statistic of every map and tissue is in comparison.csv.", class_="small")
    few = len(results) <= TISSUES_AT_ONCE
    open_ = {"open": ""} if few else {}
    each = (
        element("details", element("summary", name), _tissues_of(name, by_map[name]), **open_) for name in maps["map"]
    )
    return joined([intro, *each])


def _tissues_of(name, results):
    columns = [("tissue", ""), ("verdict", "words")]
    columns += [(name, "number") for name in ("own sequence", *NUMBERS)]
    rows = [[_tissue(row), row.words, f"{row.spearman_base:.3f}", *numbers(row)] for row in results.itertuples()]
    caption = (
        f"{name}, by tissue. Own sequence: Spearman correlation without the map; then differences as in the table of "
        "maps. q: adjusted over all maps and tissues."
    )
    return table(caption, columns, rows, f"Tissues of {name}")


def _tissue(row):
    own = bool(getattr(row, "own_cell_type", False))
    return f"{row.target} (the map's own cell type)" if own else row.target


def _unseen(results, maps):
    if "gain_chr8_chr9" not in results or results["gain_chr8_chr9"].isna().all():
        return ""
    means = results.groupby("map", sort=False)[["spearman_base_chr8_chr9", "gain_chr8_chr9", "gain"]].mean()
    rows = [
        [row.Index, f"{row.spearman_base_chr8_chr9:.3f}", signed(row.gain_chr8_chr9), signed(row.gain)]
        for row in means.reindex(maps["map"]).itertuples()
    ]
    columns = [("map", ""), *((text, "number") for text in ("own sequence", "gain there", "gain everywhere"))]
    caption = (
        "Means over tissues on chromosomes 8 and 9, which the network has not seen in its training, beside the gain on "
        "all chromosomes. Two chromosomes are too few for intervals."
    )
    return table(caption, columns, rows, "Chromosomes 8 and 9")


def _confirmation(confirmation):
    if confirmation is None or not len(confirmation):
        return ""
    numbers = ("test genes", "difference", "p", "seeds", "error over genes", "error over seeds", "Welch p")
    columns = [("map", ""), ("tissue", "words"), ("difference of", "words"), *((name, "number") for name in numbers)]
    rows = [
        [
            *(row.map, row.target, row.contrast, whole(row.genes), _within(row.difference, row.low, row.high)),
            *(probability(row.p), whole(row.seeds), f"{row.bootstrap_error:.4f}", f"{row.seeds_error:.4f}"),
            probability(row.welch_p),
        ]
        for row in confirmation.itertuples()
    ]
    return table(CONFIRMED_HOW, columns, rows, "Confirmation by trees")


def mind():
    """What a reader should keep in mind, as a list."""
    parts = (
        part for head, text in TO_KEEP_IN_MIND for part in (element("dt", element("strong", head)), element("dd", text))
    )
    return element("dl", *parts)


def _methods(comparison):
    references = (element("li", text) for text in REFERENCES)
    return joined([element("p", methods(comparison)), element("ul", *references, class_="small")])


def _settings(settings):
    text = json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    what = element("summary", "Everything that the numbers follow from, as in comparison.json")
    return element("details", what, element("pre", text))
