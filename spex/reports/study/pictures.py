"""Pictures that only the report of a study has; those of the comparison are drawn by its own module."""

import numpy as np

from spex.contacts.sheet import GROUPS
from spex.reports import drawing
from spex.reports.comparison.pictures import SPEARMAN, kind_of
from spex.reports.comparison.words import signed
from spex.reports.drawing import few_ticks, height_of_rows, label, mark_zero, name_rows
from spex.reports.palette import BLUE, GREEN, GREY, INK, MUTED, ORANGE, PAPER, PURPLE
from spex.reports.study.tables import KINDS

SPREAD = 0.5
"""Part of a row over which the maps of a group are spread out, so that none hides another."""

DISTANCE_COLOURS = (GREY, BLUE, GREEN, ORANGE, PURPLE)


def draw_kinds(kinds, found):
    """Gain of every map, by type of experiment and by factor. kinds: from `make_tables`. Returns: list of Picture."""
    maps = found.maps.merge(found.about, on="map", how="left")
    return [_draw_kind(kinds[kinds["by"] == kind], kind, maps) for kind in KINDS if (kinds["by"] == kind).any()]


def _draw_kind(groups, kind, maps):
    names = [label(f"{row.group} ({_count(row.maps)})") for row in groups.itertuples()]
    with drawing.figure(9, height_of_rows(names, 1, above=1.2)) as (figure, (axes,)):
        for row, group in enumerate(groups.itertuples()):
            mine = maps[maps[kind] == group.group]
            mine = maps[maps[kind] == ""] if mine.empty else mine
            mine = mine.sort_values("gain", kind="stable")
            for each, offset in zip(mine.itertuples(), _spread(len(mine)), strict=True):
                _, _, colour, marker = kind_of(each.verdict)
                axes.plot(each.gain, row + offset, marker, color=colour, markersize=6, alpha=0.85)
            if len(mine) > 1:
                axes.vlines(group.gain, row - 0.38, row + 0.38, color=INK, linewidth=2)
        name_rows(axes, names)
        mark_zero(axes)
        axes.set(xlabel=f"gain of a map: {SPEARMAN}")
        caption = (
            f"Gain over own sequence by {KINDS[kind]}: a mark for each map, coloured by its verdict as in the ranking; "
            "the upright line is the mean of the group. Maps of a group resemble each other and differ in depth, so "
            "groups are described, not tested."
        )
        spoken = "; ".join(f"{row.group}: mean {signed(row.gain)} of {_count(row.maps)}" for row in groups.itertuples())
        return drawing.save(figure, kind, caption, f"Gain by {KINDS[kind]}. {spoken}")


def _count(maps):
    return f"{maps} map" if maps == 1 else f"{maps} maps"


def _spread(count):
    """Where in its row each of some marks lies."""
    return np.linspace(-SPREAD / 2, SPREAD / 2, count) if count > 1 else np.zeros(count)


def draw_own_cell_type(table):
    """Each map's gain in its own cell type beside that elsewhere. table: from `make_tables`."""
    names = [label(f"{row.map} ({row.cell_type})") for row in table.itertuples()]
    rows = np.arange(len(table))
    with drawing.figure(9, height_of_rows(names, 1, above=1.4)) as (figure, (axes,)):
        axes.hlines(rows, table["gain_own"], table["gain_others"], color=MUTED, linewidth=1.2)
        axes.plot(table["gain_own"], rows, "o", color=BLUE, markersize=7, label="the map's own cell type")
        look = {"color": ORANGE, "markerfacecolor": PAPER, "markersize": 6.5}
        axes.plot(table["gain_others"], rows, "s", label="the other tissues, mean", **look)
        name_rows(axes, names)
        mark_zero(axes)
        axes.set(xlabel=f"gain over own sequence: {SPEARMAN}")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = (
            "Gain of each map in its own cell type beside its mean gain in all other tissues. A map that tells about "
            "its cell gains more there; tissues resemble each other, so the difference is small where all of them gain."
        )
        spoken = "; ".join(
            f"{row.map}: {signed(row.gain_own)} in {row.cell_type}, {signed(row.gain_others)} elsewhere"
            for row in table.itertuples()
        )
        return drawing.save(figure, "own_cell_type", caption, f"Own cell types against others. {spoken}")


def draw_fits(fits):
    """A picture a fit: its scores with each map beside those of sequence alone. fits: from `make_tables`."""
    each = fits.groupby("fit", sort=False)
    return [_draw_fit(name, table, f"fit_{number}") for number, (name, table) in enumerate(each, start=1)]


def _draw_fit(fit, table, name):
    names = [label(text) for text in table["map"]]
    rows = np.arange(len(table))
    with drawing.figure(9, height_of_rows(names, 1, above=1.7)) as (figure, (axes,)):
        axes.hlines(rows, table["spearman_alone"], table["spearman"], color=MUTED, linewidth=1.2)
        look = {"color": GREY, "markerfacecolor": PAPER, "markersize": 6.5}
        axes.plot(table["spearman_alone"], rows, "s", label="sequence alone", **look)
        axes.plot(table["spearman"], rows, "o", color=BLUE, markersize=6.5, label="with the map")
        name_rows(axes, names)
        few_ticks(axes)
        axes.set(title=label(fit, 90), xlabel="Spearman correlation on the test genes, mean over tissues")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = (
            f"{fit}: Spearman correlation with each map beside that of sequence alone, means over tissues and seeds. "
            "The correlation of one split carries the chance of its test genes; whether a map adds anything is decided "
            "by the comparison above."
        )
        spoken = "; ".join(
            f"{row.map}: {row.spearman:.3f}, sequence alone {row.spearman_alone:.3f}" for row in table.itertuples()
        )
        return drawing.save(figure, name, caption, f"Scores of {fit}. {spoken}")


def draw_sheets(sheets):
    """Depth of the maps, and their counts by distance, side by side. sheets: from `make_tables`, with rows."""
    twice = sheets["map"].duplicated(keep=False)
    texts = sheets["map"].where(~twice, sheets["map"] + ": " + sheets["file"])
    names, rows = [label(text) for text in texts], np.arange(len(sheets))
    height = height_of_rows(names, 1, above=2.0)
    with drawing.figure(10, height, 2, sharey=True, gridspec_kw={"width_ratios": [2, 3]}) as (figure, (left, right)):
        depth = sheets["depth"].to_numpy(float).clip(min=1)
        left.plot(depth, rows, "o", color=BLUE, markersize=6.5)
        left.set(title="depth", xlabel="counts within chromosomes")
        _span_decades(left, depth)
        start = np.zeros(len(sheets))
        for group, colour in zip(GROUPS, DISTANCE_COLOURS, strict=True):
            share = 100 * sheets[f"share {group}"].to_numpy(float)
            right.barh(rows, share, left=start, height=0.66, color=colour, label=group)
            start += share
        right.set(title="counts by distance", xlabel="% of the counts within chromosomes", xlim=(0, 100))
        for axes in (left, right):
            name_rows(axes, names)
        figure.legend(loc="outside upper left", ncols=len(GROUPS), alignment="left")
        caption = (
            "What the maps hold, counted in one pass over each: the sum of counts within chromosomes (on a logarithmic "
            "scale), and at which distances they lie. A deeper map keeps more contacts by the same threshold, unless "
            "the comparison thins all maps to one depth."
        )
        depths = zip(texts, sheets["depth"], strict=True)
        spoken = "; ".join(f"{text}: depth {depth:,.0f}" for text, depth in depths)
        return drawing.save(figure, "sheets", caption, f"Data sheets. {spoken}")


def _span_decades(axes, values):
    """A logarithmic axis from a power of ten to another, with ticks there, in millions where they are large."""
    from matplotlib.ticker import NullLocator  # noqa: PLC0415

    first, last = int(np.floor(np.log10(values.min()))), int(np.ceil(np.log10(values.max())))
    last = max(last, first + 1)
    axes.set(xscale="log", xlim=(10 ** (first - 0.1), 10 ** (last + 0.1)))
    axes.set_xticks([10.0**power for power in range(first, last + 1, -(-(last - first) // 3))])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value < 1e6 else f"{value / 1e6:,g} M")
