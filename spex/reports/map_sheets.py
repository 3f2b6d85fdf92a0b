"""Data sheets of contact maps, which were counted before: as text, as JSON, and as a page of pictures."""

import textwrap
from pathlib import Path

import numpy as np

from spex.contacts.likeness import GENE_GROUPS
from spex.contacts.sheet import EDGES, GROUPS, MapSheet
from spex.errors import visible
from spex.files.atomic import write_json, write_text
from spex.reports import figures
from spex.reports.cell_figures import draw_likeness
from spex.reports.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, label, legend_above
from spex.reports.multiqc import MAPS, write_multiqc
from spex.reports.numbers import level, percent, rounded, whole
from spex.reports.pages import file_name, render, write_pictures
from spex.runs.records import write_table

PAGE, NUMBERS, LIKENESS = "map_sheet.html", "map_sheet.json", "likeness.csv"
UNKNOWN = "not given by this format"
LINES = [(colour, style) for style in ("-", "--", ":") for colour in (BLUE, ORANGE, GREEN, PURPLE, RED, GREY, INK)]
"""Of each map in turn; after the last comes the first again."""

HATCHES = {"-": "", "--": "//", ":": ".."}
UNITS = {"bp": 1, "kb": 1000, "Mb": 1_000_000}
FEW_DECADES = 300
"""Largest value of a logarithmic axis over the least up to which it has ticks between powers of ten."""
LEGEND_LINE = 0.2
"""Inches."""


def write_sheets(folder, sheets: list[MapSheet], likeness=None) -> Path:
    """Write data sheets into a folder, which is made where it is missing. The same sheets give the same bytes.

    likeness: DataFrame of `compare_profiles`, which is written as a table and drawn; None for one map.

    Returns: path of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / NUMBERS, [sheet.summary() for sheet in sheets])
    rows = []
    for sheet in sheets:
        without = None if sheet.genes is None else sheet.summary()["genes"]["without_pixel"]
        found = {"cis_counts": sheet.cis_counts, "cis_share": sheet.cis_share, "without_pixel": without}
        rows.append((Path(sheet.path).name, found))
    write_multiqc(folder, "maps", "Contact maps", MAPS, rows)
    pictures = draw_sheets(sheets)
    if likeness is not None:
        write_table(folder / LIKENESS, likeness)
        pictures.append(draw_likeness(with_short_names(likeness)))
    write_pictures(folder, pictures)
    names = [(f"map_{number}", visible(sheet.path)) for number, sheet in enumerate(sheets, start=1)]
    listed = [facts(sheet).items() for sheet in sheets]
    write_text(folder / PAGE, render("map_sheets.html", names=names, facts=listed, drawn=pictures))
    return folder / PAGE


def sheet_text(sheet: MapSheet) -> str:
    """A data sheet as lines of text, one subject a line."""
    lines = [f"{visible(sheet.path)}"]
    lines += [f"  {what:<21} {value}" for what, value in facts(sheet).items()]
    return "\n".join(lines)


def likeness_text(likeness) -> str:
    """How alike maps are as lines of text, one pair a line. likeness: DataFrame of `compare_profiles`."""
    lines = ["maps against maps"]
    for row in likeness.to_dict("records"):
        by_distance = ", ".join(f"{level(row[f'jaccard {group}'])} {group}" for group in GENE_GROUPS)
        lines += [
            f"  {visible(row['one'])} and {visible(row['other'])}",
            f"    stratum-adjusted correlation {level(row['scc'])}",
            f"    contacts in common    {level(row['jaccard'])} ({by_distance})",
            f"    contacts per gene     correlation {level(row['contacts_correlation'])}",
            f"    depth                 {_number(row['depth_one'])} and {_number(row['depth_other'])}",
        ]
    return "\n".join(lines)


def with_short_names(likeness):
    """The table with maps called as their files, where no other one is."""
    paths = list(dict.fromkeys([*likeness["one"], *likeness["other"]]))
    names = dict(zip(paths, _short_names(paths), strict=True))
    return likeness.assign(one=likeness["one"].map(names), other=likeness["other"].map(names))


def _short_names(paths):
    short = [file_name(path) for path in paths]
    return [name if short.count(name) == 1 else str(path) for path, name in zip(paths, short, strict=True)]


def facts(sheet: MapSheet) -> dict[str, str]:
    """What a sheet says, in its order: subject -> text."""
    found = {
        "resolution": f"{sheet.resolution:,} bp (it has {', '.join(f'{each:,}' for each in sheet.resolutions)})",
        "chromosomes": f"{sheet.chromosomes:,}",
        "pixels": f"{sheet.cis_pixels:,} within chromosomes, between them {_number(sheet.trans_pixels)}",
        "counts": f"{_number(sheet.cis_counts)} within chromosomes, between them {_number(sheet.trans_counts)}",
        "cis share": UNKNOWN if sheet.cis_share is None else percent(sheet.cis_share),
        "depth": f"{_number(sheet.depth)} counts within {'all' if sheet.genes is None else 'the genes’'} chromosomes",
        "counts by distance": _by_group(sheet, "share", percent),
        "coverage of bins": _coverage(sheet.summary()["coverage_of_bins"]),
    }
    return found if sheet.genes is None else found | _of_genes(sheet)


def _of_genes(sheet):
    """The part that is about genes."""
    of_genes = sheet.summary()["genes"]
    elsewhere = f", {of_genes['on_other_chromosomes']:,} more on other chromosomes" if sheet.genes_elsewhere else ""
    tss, every = of_genes["coverage_of_tss_bins"], sheet.summary()["coverage_of_bins"]
    times = f"; mean {tss['mean'] / every['mean']:.2g} times that of all bins" if every and every["mean"] else ""
    return {
        "genes": f"{of_genes['genes']:,}{elsewhere}",
        "genes without a pixel": f"{of_genes['without_pixel']:,}; {of_genes['without_pixel_from_20_kb']:,} without one "
        "at 20 kb or more",
        "coverage of TSS bins": f"{_coverage(tss)}{times}",
        "contacts per gene": _by_group(sheet, "mean", rounded),
        "genes with a contact": _by_group(sheet, "genes", whole),
    }


def _by_group(sheet, column, form):
    """The value of each group of distances that the map's chromosomes are long enough for."""
    table = sheet.by_group().loc[_groups_of([sheet])]
    return ", ".join(f"{form(value)} {group}" for group, value in table[column].items())


def _groups_of(sheets):
    """The groups of distances that lie within the longest chromosome of some maps."""
    longest = max(len(sheet.of_distance) * sheet.resolution for sheet in sheets)
    return [group for group, start in zip(GROUPS, EDGES, strict=True) if start < longest]


def _coverage(quantiles):
    if quantiles is None:
        return "no bin"
    return f"median {quantiles['median']:,.4g} (quartiles {quantiles['lower']:,.4g} and {quantiles['upper']:,.4g})"


def _number(value):
    if value is None:
        return UNKNOWN
    return whole(value) if value == round(value) else f"{value:,.6g}"


def draw_sheets(sheets):
    """All pictures: all maps in each, so that they can be compared. Returns: list of Picture."""
    apart = [sheet for sheet in sheets if sheet.cis_counts > sheet.of_distance["counts"].iloc[0]]
    with_genes = [sheet for sheet in sheets if sheet.genes is not None]
    pictures = [_draw_distances(apart)] if apart else []
    return [*pictures, _draw_contacts(with_genes), _draw_coverage(with_genes)] if with_genes else pictures


def _figure(sheets, columns=1):
    """A figure with room for a legend of all sheets."""
    return figures.figure(9, 3.8 + LEGEND_LINE * -(-len(sheets) // 2) * figures.LABEL_LINES, columns)


def _legend(figure):
    """The legend of the first axes: all others have the same."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    legend_above(figure, handles=handles, labels=labels)


def _lines(sheets):
    """Each sheet with its name, colour and style. It is called as its file, where no other one is."""
    names = map(label, _short_names([sheet.path for sheet in sheets]))
    return [(*pair, LINES[number % len(LINES)]) for number, pair in enumerate(zip(sheets, names, strict=True))]


def _draw_distances(sheets):
    """Counts per pair of bins by distance, P(s)."""
    with _figure(sheets) as (figure, (axes,)):
        for sheet, name, (colour, style) in _lines(sheets):
            table = sheet.by_distance()
            table = table[(table["start"] > 0) & (table["counts"] > 0)]
            middle = np.sqrt(table["start"] * (table["end"] - sheet.resolution).clip(lower=table["start"]))
            axes.plot(middle, table["counts_per_pair"], style, color=colour, marker=".", label=name)
        axes.set(xscale="log", yscale="log", xlabel="distance", ylabel="counts per pair of bins")
        _few_log_ticks(axes.xaxis, _length)
        _few_log_ticks(axes.yaxis, lambda value: f"{value:g}")
        _legend(figure)
        shares = "; ".join(f"{sheet.path}: {_by_group(sheet, 'share', percent)}" for sheet in sheets)
        return figures.save(figure, "by_distance", f"Counts by distance. {shares}")


def _length(bases):
    """A length in the unit that suits it."""
    unit = next((unit for unit in ("Mb", "kb") if bases >= UNITS[unit]), "bp")
    return f"{bases / UNITS[unit]:g} {unit}"


def _few_log_ticks(axis, form):
    """Ticks of a logarithmic axis: powers of ten, and 2 and 5 times these where there are few. form: value -> text."""
    from matplotlib.ticker import LogLocator, NullFormatter  # noqa: PLC0415

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < FEW_DECADES * low else (1,)))
    axis.set_major_formatter(lambda value, _: form(value))
    axis.set_minor_formatter(NullFormatter())  # matplotlib's is mathematics, which no picture reads


def _draw_contacts(sheets):
    """Mean number of contacts per gene, and genes with any, by group of distances."""
    groups = _groups_of(sheets)
    places = np.arange(len(groups))
    with _figure(sheets, 2) as (figure, panels):
        for number, (sheet, name, (colour, style)) in enumerate(_lines(sheets)):
            table, offset = sheet.by_group().loc[groups], (number + 0.5) / len(sheets) - 0.5
            shares = table["genes"] / len(sheet.genes)
            for axes, values in zip(panels, (table["mean"], 100 * shares), strict=True):
                look = {"width": 0.8 / len(sheets), "color": colour, "hatch": HATCHES[style], "label": name}
                axes.bar(places + 0.8 * offset, values, **look)
        for axes, title in zip(panels, ("contacts per gene, mean", "genes with a contact, %"), strict=True):
            axes.set(title=title)
            axes.set_xticks(places, labels=[textwrap.fill(group, 8) for group in groups])
            axes.grid(visible=False, axis="x")
        _legend(figure)
        means = "; ".join(f"{sheet.path}: {_by_group(sheet, 'mean', rounded)}" for sheet in sheets)
        return figures.save(figure, "contacts_per_gene", f"Contacts per gene by distance. {means}")


def _draw_coverage(sheets):
    """Coverage of the bins that contain a TSS: the share of genes with at most so many counts."""
    with _figure(sheets) as (figure, (axes,)):
        for sheet, name, (colour, style) in _lines(sheets):
            values = np.sort(sheet.genes["coverage"].to_numpy())
            shares = 100 * np.arange(1, len(values) + 1) / max(len(values), 1)
            axes.step(values, shares, style, where="post", color=colour, label=name)
        axes.set_xscale("symlog", linthresh=1)
        least = min((sheet.genes["coverage"].min() for sheet in sheets), default=0)
        axes.set_xlim(left=10 ** np.floor(np.log10(least)) if least >= 1 else 0)
        axes.set(xlabel="counts of the TSS bin (logarithmic from 1 up)", ylim=(0, 102))
        axes.set(ylabel="genes with at most so many, %")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        _legend(figure)
        medians = "; ".join(f"{sheet.path}: median {sheet.genes['coverage'].median():.4g}" for sheet in sheets)
        return figures.save(figure, "coverage", f"Coverage of TSS bins. {medians}")
