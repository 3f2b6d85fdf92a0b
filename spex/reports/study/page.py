"""The page of a study: one file with everything in it; a small script sorts its tables, and nothing else needs it."""

import base64
import hashlib

from spex.contacts.sheet import GROUPS
from spex.reports.comparison.methods import REFERENCES
from spex.reports.comparison.page import NUMBERS, mind, numbers, whole
from spex.reports.comparison.pictures import CONTROLS
from spex.reports.comparison.words import EXPLAINED, ordered, scope, signed
from spex.reports.html import Html, element, joined, table
from spex.reports.page import ONLY_THIS_FILE, document, figure_of, read_text
from spex.reports.study.methods import hashes, methods, versions, words_of_inputs
from spex.reports.study.tables import KINDS

SECTIONS = {
    "study": "The study",
    "ranking": "Ranking of the maps",
    "tissues": "Maps and tissues",
    "kinds": "By experiment and factor",
    "controls": "Controls beside each gain",
    "fits": "Scores of the fits",
    "sheets": "Data sheets of the maps",
    "mind": "To keep in mind",
    "methods": "Methods",
}
COLUMNS_IN_SIGHT = 8
"""Maps up to which their table by tissues stands open: a wider one fits no sheet of paper."""


def page(study, found, tables, pictures, files):
    """The page as HTML.

    study: with the attributes of `spex.study.plan.Study`. found: Found. tables: from `make_tables`. pictures: name of a
    section -> list of Picture. files: name of a table -> bytes of its CSV file.
    """
    parts = _Parts(tables, pictures, files)
    contents = {
        "study": _study(study, found),
        "ranking": _ranking(found, parts),
        "tissues": _tissues(found, parts),
        "kinds": _kinds(parts),
        "controls": _controls(parts),
        "fits": _fits(parts),
        "sheets": _sheets(parts),
        "mind": mind(),
        "methods": _methods(study, found),
    }
    title = f"What {_count(len(found.maps), 'contact map')} {'adds' if len(found.maps) == 1 else 'add'}"
    links = (element("li", element("a", SECTIONS[name], href=f"#{name}")) for name in contents)
    sections = (
        element("section", element("h2", SECTIONS[name], id_=f"{name}-title"), content, id_=name)
        for name, content in contents.items()
    )
    script = read_text("sort.js", __package__)
    body = element(
        "body",
        element("a", "Skip to the results", href="#results", class_="skip"),
        element("header", element("h1", title), _verdict(found)),
        element("nav", element("ul", *links), aria_label="Sections"),
        element("main", *sections, id_="results", tabindex=-1),
        Html(f"<script>{script}</script>"),
    )
    style = read_text("study.css", __package__)
    return document(title, body, style, f"{ONLY_THIS_FILE}; script-src '{_fingerprint(script)}'")


def _fingerprint(script):
    """By which a browser knows the one script that may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


class _Parts:
    """Pictures and tables of sections as elements."""

    def __init__(self, tables, pictures, files):
        self.tables, self._pictures, self._files = tables, pictures, files

    def figures(self, section):
        """The pictures of a section."""
        return joined(map(figure_of, self._pictures.get(section, ())))

    def downloads(self, *names):
        """Links to tables as files, which lie in the page itself."""
        links = (
            element(
                "a",
                f"{name}.csv",
                href=f"data:text/csv;charset=utf-8;base64,{base64.b64encode(self._files[name]).decode()}",
                download=f"{name}.csv",
                aria_label=f"Download the table {name}.csv",
            )
            for name in names
        )
        return element("p", "As a table: ", *links, class_="download")


def _sortable(caption, columns, rows, name):
    return table(caption, columns, rows, name, class_="sortable")


def _verdict(found):
    maps = ordered(found.maps)
    said = (element("span", element("strong", row.map), f": {row.words}. ") for row in maps.itertuples())
    return joined([element("p", *said, class_="verdict"), element("p", scope(found), class_="small")])


def _study(study, found):
    facts = (
        part for what, told in words_of_inputs(study, found) for part in (element("dt", what), element("dd", told))
    )
    columns = [("map", ""), ("files", "words"), ("cell type", "words"), ("experiment", "words"), ("factor", "words")]
    columns += [(name, "number") for name in ("resolution, bp", "least count", "kept contacts", "genes with contacts")]
    made = {name: facts.get("made_with", {}) for name, facts in found.settings.get("maps", {}).items()}
    maps = found.maps.set_index("map")
    rows = [
        [
            *(row.map, row.files, row.cell_type or "–", row.experiment or "–", row.factor or "–"),
            *(whole(made.get(row.map, {}).get(name)) for name in ("hic_resolution", "min_count")),
            *(whole(maps.at[row.map, name]) for name in ("contacts", "genes_with_contacts")),
        ]
        for row in found.about.itertuples()
    ]
    caption = "The maps of the study, in the order of its file. –: not told there, or no such threshold."
    return joined([element("dl", *facts, class_="facts"), _sortable(caption, columns, rows, "Maps of the study")])


def _ranking(found, parts):
    columns = [("map", ""), ("rank", "number"), ("verdict", "words"), *((name, "number") for name in NUMBERS)]
    maps = ordered(found.maps)
    rows = [[row.map, rank, row.words, *numbers(row)] for rank, row in enumerate(maps.itertuples(), start=1)]
    caption = (
        f"{EXPLAINED} In small print 95 % intervals. q: of the tests for touched sequence, for any content and for "
        "number, adjusted over maps."
    )
    return joined([parts.figures("ranking"), _sortable(caption, columns, rows, "Ranking"), parts.downloads("ranking")])


def _tissues(found, parts):
    content = [parts.figures("tissues")]
    own = parts.tables["own_cell_type"]
    if len(own):
        columns = [("map", ""), ("cell type", "words")]
        columns += [(name, "number") for name in ("own tissues", "gain there", "gain elsewhere", "difference")]
        columns.append(("higher than in", "number"))
        rows = [
            [
                *(row.map, row.cell_type, row.own_tissues, signed(row.gain_own), signed(row.gain_others)),
                *(signed(row.difference), f"{row.exceeded} of {row.other_tissues}"),
            ]
            for row in own.itertuples()
        ]
        caption = (
            "Each map in its own cell type against all other tissues (means). Higher than in: of how many of the "
            "others its gain at home exceeds that there."
        )
        content += [_sortable(caption, columns, rows, "Own cell types"), parts.downloads("own_cell_type")]
    return joined([*content, _matrix(parts), parts.downloads("tissues")])


def _matrix(parts):
    """The table of maps (columns) and tissues (rows); a map's own cell type says so."""
    results = parts.tables["tissues"]
    maps = list(results["map"].unique())
    own = results["own_cell_type"].astype(bool) if "own_cell_type" in results else [False] * len(results)
    texts = {
        (row.target_index, row.map): joined([signed(row.gain), element("span", "own cell type", class_="interval")])
        if mine
        else signed(row.gain)
        for row, mine in zip(results.itertuples(), own, strict=True)
    }
    tissues = results.drop_duplicates("target_index").sort_values("target_index")
    rows = [[row.target, *(texts.get((row.target_index, name), "–") for name in maps)] for row in tissues.itertuples()]
    columns = [("tissue", ""), *((name, "number") for name in maps)]
    caption = "Gain of each map over own sequence in each tissue; the maps by their mean gain, the largest first."
    open_ = {"open": ""} if len(maps) <= COLUMNS_IN_SIGHT else {}
    return element(
        "details", element("summary", "All gains as a table"), _sortable(caption, columns, rows, "Gains"), **open_
    )


def _kinds(parts):
    kinds = parts.tables["kinds"]
    if kinds.empty:
        return element("p", "The study tells of no map what type of experiment it is from, or which factor.")
    columns = [("group", ""), ("by", "words")]
    columns += [(name, "number") for name in ("maps", "mean gain", "lowest", "highest", "mean touched", "sequence in")]
    rows = [
        [
            *(row.group, KINDS[row.by], row.maps, signed(row.gain), signed(row.lowest), signed(row.highest)),
            *(signed(row.touched), f"{row.with_sequence} of {row.maps}"),
        ]
        for row in kinds.itertuples()
    ]
    caption = (
        "Gains of the maps by what the study says they are. Sequence in: in how many of the maps sequence information "
        "was found."
    )
    return joined([parts.figures("kinds"), _sortable(caption, columns, rows, "Kinds"), parts.downloads("kinds")])


def _controls(parts):
    controls = parts.tables["controls"]
    there = [(column, words) for column, words, _, _ in CONTROLS if column in controls]
    columns = [("map", ""), *((words, "number") for _, words in there)]
    rows = [[row["map"], *(signed(row[column]) for column, _ in there)] for _, row in controls.iterrows()]
    caption = (
        "Gain over own sequence and number of contacts, means over tissues: of the map, and of what stands in the "
        "place of the bins that it touches."
    )
    shown = [parts.figures("controls"), _sortable(caption, columns, rows, "Controls"), parts.downloads("controls")]
    return joined(shown)


def _fits(parts):
    fits = parts.tables["fits"]
    if fits.empty:
        return element("p", "No fits were found in the data folders.")
    columns = [("map", ""), ("fit", "words")]
    heads = ("tissues", "seeds", "sequence alone", "with the map", "difference", "higher in")
    columns += [(name, "number") for name in heads]
    rows = [
        [
            *(row.map, row.fit, row.tissues, row.seeds, _level(row.spearman_alone), _level(row.spearman)),
            *(signed(row.difference), f"{row.better_in} of {row.tissues}"),
        ]
        for row in fits.itertuples()
    ]
    caption = (
        "Spearman correlation on the test genes, means over tissues and seeds, with each map and without any. Seeds "
        "are no replicates: these differences have no test here, the ranking has."
    )
    downloads = parts.downloads("fits", "fits_by_tissue")
    return joined([parts.figures("fits"), _sortable(caption, columns, rows, "Fits"), downloads])


def _level(value):
    return "–" if value != value else f"{value:.3f}"  # noqa: PLR0124 -- NaN


def _sheets(parts):
    sheets = parts.tables["sheets"]
    if sheets.empty:
        return element("p", "No data sheets were made.")
    told = {"resolution": "bp", "cis_pixels": "pixels", "cis_counts": "counts", "depth": "depth"}
    told |= {"tss_coverage": "coverage of TSS bins", "genes_without_pixel_from_20_kb": "genes without"}
    told = {column: words for column, words in told.items() if column in sheets}
    shares = {column: "between chromosomes" for column in ("cis_share",) if column in sheets}
    groups = [group for group in GROUPS if f"contacts {group}" in sheets]
    columns = [("map", ""), ("file", "words")]
    columns += [(words, "number") for words in (*told.values(), *shares.values(), *groups)]
    rows = [
        [
            *(row["map"], row["file"], *(whole(row[column]) for column in told)),
            *(_percent(1 - row[column]) for column in shares),
            *(_level_of_contacts(row[f"contacts {group}"]) for group in groups),
        ]
        for _, row in sheets.iterrows()
    ]
    caption = (
        "In one pass over each map. Pixels, counts and depth: within chromosomes, depth within those of the genes. "
        "Coverage: median of the counts of the bins that hold a TSS. Genes without: a pixel at 20 kb or more. Last, by "
        "distance, the mean number of pixels of a gene's TSS bin."
    )
    return joined(
        [parts.figures("sheets"), _sortable(caption, columns, rows, "Data sheets"), parts.downloads("sheets")]
    )


def _percent(share):
    return "–" if share != share else f"{100 * share:.3g} %"  # noqa: PLR0124 -- NaN


def _level_of_contacts(value):
    return "–" if value != value else f"{value:,.3g}"  # noqa: PLR0124 -- NaN


def _methods(study, found):
    command = element("p", "Made by: ", element("code", f"spex study run {study.path.name}"))
    references = (element("li", text) for text in REFERENCES)
    columns = [("what", ""), ("file", "words"), ("SHA-256", "hash")]
    table_of_hashes = table("Contents that the numbers follow from.", columns, hashes(study, found), "Hashes")
    version_rows = [[name, version] for name, version in versions(found)]
    table_of_versions = table("Versions.", [("program", ""), ("version", "words")], version_rows, "Versions")
    return joined(
        [
            element("p", methods(study, found)),
            element("ul", *references, class_="small"),
            command,
            table_of_versions,
            table_of_hashes,
        ]
    )


def _count(number, noun):
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
