"""Pictures of data sheets: all maps in each, so that they can be compared."""

import textwrap
from pathlib import Path

import numpy as np

from spex.contacts.sheet import GROUPS
from spex.reports import drawing
from spex.reports.drawing import label
from spex.reports.map_sheet.words import percent
from spex.reports.palette import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED

LINES = [(colour, style) for style in ("-", "--", ":") for colour in (BLUE, ORANGE, GREEN, PURPLE, RED, GREY, INK)]
"""Of each map in turn; after the last comes the first again."""

UNITS = {"bp": 1, "kb": 1000, "Mb": 1_000_000}
LEGEND_COLUMNS = 2
LEGEND_LINE = 0.2
"""Inches."""


def draw_sheets(sheets):
    """All pictures. sheets: list of MapSheet. Returns: list of Picture."""
    apart = [sheet for sheet in sheets if sheet.cis_counts > sheet.of_distance["counts"].iloc[0]]
    with_genes = [sheet for sheet in sheets if sheet.genes is not None]
    pictures = [_draw_distances(apart)] if apart else []
    return [*pictures, _draw_contacts(with_genes), _draw_coverage(with_genes)] if with_genes else pictures


def _draw_distances(sheets):
    """Counts per pair of bins by distance, P(s)."""
    with _figure(sheets, 1) as (figure, (axes,)):
        for sheet, name, (colour, style) in _lines(sheets):
            table = sheet.by_distance()
            table = table[(table["start"] > 0) & (table["counts"] > 0)]
            middle = np.sqrt(table["start"] * (table["end"] - sheet.resolution).clip(lower=table["start"]))
            axes.plot(middle, table["counts_per_pair"], style, color=colour, marker=".", label=name)
        axes.set(xscale="log", yscale="log", xlabel="distance", ylabel="counts per pair of bins")
        axes.xaxis.set_major_formatter(lambda value, _: _length(value))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        _legend(figure)
        return drawing.save(
            figure,
            "by_distance",
            "Counts by distance, P(s): the sum of the counts of all pairs of bins at a distance, divided by the number "
            "of such pairs. Distances without any count are left out.",
            "Counts by distance. " + "; ".join(_shares(sheet) for sheet in sheets),
        )


def _shares(sheet):
    shares = (f"{percent(share)} {group}" for group, share in sheet.by_group()["share"].items())
    return f"{sheet.path}: {', '.join(shares)}"


def _draw_contacts(sheets):
    """Mean number of contacts per gene, and genes with any, by group of distances."""
    places = np.arange(len(GROUPS))
    with _figure(sheets, 2) as (figure, panels):
        for number, (sheet, name, (colour, style)) in enumerate(_lines(sheets)):
            table, offset = sheet.by_group(), (number + 0.5) / len(sheets) - 0.5
            shares = table["genes"] / len(sheet.genes)
            for axes, values in zip(panels, (table["mean"], 100 * shares), strict=True):
                bars = {"height": values, "width": 0.8 / len(sheets), "color": colour, "label": name}
                axes.bar(places + 0.8 * offset, hatch={"-": "", "--": "//", ":": ".."}[style], **bars)
        for axes, title in zip(panels, ("contacts per gene, mean", "genes with a contact, %"), strict=True):
            axes.set(title=title)
            axes.set_xticks(places, labels=[textwrap.fill(group, 8) for group in GROUPS])
            axes.grid(visible=False, axis="x")
        _legend(figure)
        spoken = (
            f"{sheet.path}: " + ", ".join(f"{row.mean:.3g} {row.Index}" for row in sheet.by_group().itertuples())
            for sheet in sheets
        )
        return drawing.save(
            figure,
            "contacts_per_gene",
            "Pixels of the bin that holds a gene's TSS, by distance: how many a gene has in the mean, and how many of "
            "the genes have one at all.",
            "Contacts per gene by distance. " + "; ".join(spoken),
        )


def _draw_coverage(sheets):
    """Coverage of the bins that hold a TSS: the share of genes with at most so many counts."""
    with _figure(sheets, 1) as (figure, (axes,)):
        for sheet, name, (colour, style) in _lines(sheets):
            values = np.sort(sheet.genes["coverage"].to_numpy())
            shares = 100 * np.arange(1, len(values) + 1) / max(len(values), 1)
            axes.step(values, shares, style, where="post", color=colour, label=name)
        axes.set(xscale="symlog", xlabel="counts of the TSS bin", ylabel="genes with at most so many, %", ylim=(0, 102))
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        _legend(figure)
        medians = (f"{sheet.path}: median {sheet.genes['coverage'].median():.4g}" for sheet in sheets)
        return drawing.save(
            figure,
            "coverage",
            "Coverage of the bins that hold a TSS: the sum of a bin's counts within its chromosome.",
            "Coverage of TSS bins. " + "; ".join(medians),
        )


def _lines(sheets):
    """Each sheet with its name, colour and style. It is called as its file, where no other one is."""
    short = [Path(sheet.path.partition("::")[0]).name + "".join(sheet.path.partition("::")[1:]) for sheet in sheets]
    names = [label(name if short.count(name) == 1 else sheet.path) for sheet, name in zip(sheets, short, strict=True)]
    return [
        (sheet, name, LINES[number % len(LINES)])
        for number, (sheet, name) in enumerate(zip(sheets, names, strict=True))
    ]


def _length(bases):
    """A length in the unit that suits it."""
    unit = next((unit for unit in ("Mb", "kb") if bases >= UNITS[unit]), "bp")
    return f"{bases / UNITS[unit]:g} {unit}"


def _figure(sheets, columns):
    """A figure with room for a legend of all sheets."""
    rows = -(-len(sheets) // LEGEND_COLUMNS)
    return drawing.figure(9, 3.8 + LEGEND_LINE * rows * drawing.LABEL_LINES, columns)


def _legend(figure):
    axes = figure.axes[0]
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=LEGEND_COLUMNS, alignment="left")
