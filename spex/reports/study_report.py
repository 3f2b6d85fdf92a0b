"""The report of a finished study: one page with everything in it, and its tables as files."""

from pathlib import Path

from spex.compare.verdict import ALPHA
from spex.contacts.sheet import GROUPS
from spex.files.atomic import write_text
from spex.files.hashes import file_sha256
from spex.reports.cell_figures import draw_tissues
from spex.reports.comparison_report import ranking_of
from spex.reports.comparison_text import UNSEEN_NAMES, methods, ordered, scope, untested
from spex.reports.numbers import DASH, count, level, missing, percent, rounded, signed, whole
from spex.reports.pages import Table, download, render, table_of, text
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
from spex.reports.study_results import file_name, read_results
from spex.runs.records import write_table
from spex.study.plan import Study

FOLDER = "tables"
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
    maps = ordered(results.comparison.maps)
    return render(
        "study.html",
        title=f"What {count(len(maps), 'contact map')} {'adds' if len(maps) == 1 else 'add'}",
        sections=SECTIONS,
        maps=list(maps.itertuples()),
        scope=" ".join(part for part in (scope(results.comparison), untested(results.comparison)) if part),
        pictures=_pictures(results, tables),
        links={name: download(folder / f"{name}.csv") for name in tables},
        facts=list(_facts(study, results)),
        tables=_tables(results, tables),
        few=len(maps) <= COLUMNS_IN_SIGHT,
        alpha=ALPHA,
        unseen=UNSEEN_NAMES,
        methods=_methods(study, results),
        command=f"spex study run {study.path.name}",
        made=[_versions(results), _hashes(study, results)],
    )


def _pictures(results, tables):
    """All pictures by section."""
    own, sheets = tables["own_cell_type"], tables["sheets"]
    return {
        "ranking": [draw_forest(results.comparison)],
        "tissues": draw_tissues(results.comparison) + ([draw_own_cell_type(own)] if len(own) else []),
        "kinds": draw_kinds(tables["kinds"], results.maps),
        "controls": [draw_controls(results.comparison)],
        "fits": draw_fits(tables["fits"]),
        "sheets": [draw_sheets(sheets)] if len(sheets) else [],
    }


def _tables(results, tables):
    """The page's tables by name; those without rows are left out."""
    first = [("map", text, "map"), ("rank", whole, "rank"), ("verdict", text, "words")]
    made = {
        "study": _maps_of_study(results),
        "ranking": ranking_of(results.comparison, "Ranking", first, tested=results.compared),
        "own_cell_type": _own_cell_type(tables["own_cell_type"]),
        "tissues": _matrix(tables["tissues"]),
        "kinds": _kinds(tables["kinds"]),
        "controls": _controls(tables["controls"]),
        "fits": _fits(tables["fits"]),
        "sheets": _sheets(tables["sheets"]),
    }
    return {name: table for name, table in made.items() if table.rows}


def _maps_of_study(results):
    made = {name: facts.get("made_with", {}) for name, facts in results.comparison.settings.get("maps", {}).items()}
    maps = results.about.merge(results.comparison.maps, on="map")
    for name in ("hic_resolution", "min_count"):
        maps[name] = [made.get(each, {}).get(name) for each in maps["map"]]
    columns = [
        ("map", text, "map"),
        *((name, text, name) for name in ("files", "cell_type", *KINDS)),
        ("resolution, bp", whole, "hic_resolution"),
        ("least count", whole, "min_count"),
        ("kept contacts", whole, "contacts"),
        ("genes with contacts", whole, "genes_with_contacts"),
    ]
    columns = [(heading.replace("_", " "), *rest) for heading, *rest in columns]
    caption = f"The maps of the study, in the order of its file. {DASH}: not given there, or no such threshold."
    return table_of(maps, "Maps of the study", caption, columns)


def _own_cell_type(table):
    columns = [
        ("map", text, "map"),
        ("cell type", text, "cell_type"),
        ("own tissues", whole, "own_tissues"),
        ("gain there", signed, "gain_own"),
        ("gain elsewhere", signed, "gain_others"),
        ("difference", signed, "difference"),
        ("higher than in", _of, "exceeded", "other_tissues"),
    ]
    caption = (
        "Each map in its own cell type against all other tissues (means). Higher than in: of how many of the others "
        "its gain at home exceeds that there."
    )
    return table_of(table, "Own cell types", caption, columns)


def _of(number, whole_number):
    return f"{number} of {whole_number}"


def _matrix(results):
    """The table of maps (columns) and tissues (rows); a map's own cell type is marked."""
    maps = list(results["map"].unique())
    own = results["own_cell_type"].astype(bool) if "own_cell_type" in results else [False] * len(results)
    cells = {
        (row.target_index, row.map): (signed(row.gain), "own cell type" if mine else "")
        for row, mine in zip(results.itertuples(), own, strict=True)
    }
    tissues = results.drop_duplicates("target_index").sort_values("target_index")
    rows = [[row.target, *(cells.get((row.target_index, name), DASH) for name in maps)] for row in tissues.itertuples()]
    caption = "Gain of each map over own sequence in each tissue; the maps by their mean gain, the largest first."
    return Table("Gains", caption, [("tissue", ""), *((name, "number") for name in maps)], rows)


def _kinds(kinds):
    columns = [
        ("group", text, "group"),
        ("by", text, "by"),
        ("maps", whole, "maps"),
        ("mean gain", signed, "gain"),
        ("lowest", signed, "lowest"),
        ("highest", signed, "highest"),
        ("mean of contacted bins", signed, "touched"),
        ("sequence in", _of, "with_sequence", "maps"),
    ]
    caption = (
        "Gains of the maps by what the study says they are. Sequence in: in how many of the maps sequence information "
        "was found."
    )
    return table_of(kinds.assign(by=kinds["by"].map(KINDS)), "Kinds", caption, columns)


def _controls(controls):
    there = [control for control in CONTROLS if control.column in controls]
    columns = [("map", text, "map"), *((control.text, signed, control.column) for control in there)]
    caption = (
        "Gain over own sequence and number of contacts, means over tissues: of the map, and of what is in the place of "
        "the bins that it contacts."
    )
    return table_of(controls, "Controls", caption, columns)


def _fits(fits):
    columns = [
        ("map", text, "map"),
        ("fit", text, "fit"),
        ("tissues", whole, "tissues"),
        ("seeds", whole, "seeds"),
        ("sequence alone", level, "spearman_alone"),
        ("with the map", level, "spearman"),
        ("difference", signed, "difference"),
        ("higher in", _of, "better_in", "tissues"),
    ]
    caption = (
        "Spearman correlation on the test genes, means over tissues and seeds, with each map and without any. Seeds "
        "are no replicates: these differences have no test here, the ranking has."
    )
    return table_of(fits, "Fits", caption, columns)


def _sheets(sheets):
    numbers = {"resolution": "bp", "cis_pixels": "pixels", "cis_counts": "counts", "depth": "depth"}
    numbers |= {"tss_coverage": "coverage of TSS bins", "genes_without_pixel_from_20_kb": "genes without"}
    columns = [("map", text, "map"), ("file", text, "file")]
    columns += [(heading, whole, name) for name, heading in numbers.items() if name in sheets]
    columns += [("between chromosomes", _rest, "cis_share")] if "cis_share" in sheets else []
    columns += [(group, rounded, f"contacts {group}") for group in GROUPS if f"contacts {group}" in sheets]
    caption = (
        "In one pass over each map. Pixels, counts and depth: within chromosomes, depth within those of the genes. "
        "Coverage: median of the counts of the bins that contain a TSS. Genes without: a pixel at 20 kb or more. Last, "
        "by distance, the mean number of pixels of a gene's TSS bin."
    )
    return table_of(sheets, "Data sheets", caption, columns)


def _rest(share):
    return DASH if missing(share) else percent(1 - share)


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


def _methods(study, results):
    """The paragraph for a paper's methods: what the whole comparison did, and the fits."""
    were = "was" if len(study.fits) == 1 else "were"
    fits = f"Besides, {_fits_of(study)} {were} fitted to sequence alone and to each map's features on the same genes."
    return " ".join([methods(results.compared), *([fits] if study.fits else [])])


def _versions(results):
    versions = sorted((results.compared.settings.get("versions") or {}).items())
    rows = [list(pair) for pair in versions]
    return Table("Versions", "Versions.", [("program", ""), ("version", "words")], rows, sortable=False)


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
    columns = [("what", ""), ("file", "words"), ("SHA-256", "hash")]
    return Table("Hashes", "Contents that the numbers follow from.", columns, rows, sortable=False)
