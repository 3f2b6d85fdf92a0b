"""Pictures with a row for each map or group of maps: gains, controls, scores of fits, and data sheets side by side."""

import math
from typing import NamedTuple

import numpy as np

from spex.compare.verdict import FOUND, HARM, NO_VERDICT, NOTHING, NUMBER, UNCLEAR
from spex.contacts.sheet import GROUPS
from spex.errors import count
from spex.reports import figures
from spex.reports.comparison_text import ordered, sentence
from spex.reports.numbers import interval, level, signed


class Finding(NamedTuple):
    """How pictures show a kind of finding. verdicts: their numbers. cell_marker: on coloured cells, "" for none;
    cell_filled: whether that is filled."""

    verdicts: tuple[int, ...]
    text: str
    colour: str
    marker: str
    cell_marker: str = ""
    cell_filled: bool = True


FINDINGS = (
    Finding(FOUND["sequence"], "evidence of sequence information", figures.BLUE, "o", "o"),
    Finding(FOUND["region"], "not more than bins at the same distances", figures.ORANGE, "s", "s", False),
    Finding((NUMBER,), "adds contact-number information", figures.PURPLE, "D", "D", False),
    Finding((HARM,), "makes predictions worse", figures.RED, "X", "x"),
    Finding((NO_VERDICT, NOTHING, UNCLEAR), "no finding", figures.GREY, "o"),
)


class Control(NamedTuple):
    """An arm whose gain over sequence and number is a column of `results`."""

    column: str
    text: str
    colour: str
    marker: str


CONTROLS = (
    Control("map_over_numbers", "the map", figures.BLUE, "o"),
    Control("any_bins", "distance-matched bins (matched)", figures.ORANGE, "s"),
    Control("gain_shuffled", "another gene's contacts (shuffled)", figures.PURPLE, "D"),
    Control("gain_local_sum", "all bins of the region (local sum)", figures.GREEN, "^"),
    Control("gain_coverage", "coverage of the gene's start", figures.RED, "v"),
    Control("gain_distance_only", "distance alone", figures.GREY, "P"),
)

PANELS = (
    ("gain", "gain: the map\nagainst sequence alone"),
    ("number", "contact number: the number of\ncontacts against sequence alone"),
    ("touched", "contacted bins: the map\nagainst distance-matched bins"),
)
KINDS = {"experiment": "type of experiment", "factor": "factor"}
"""By what a study groups its maps -> how that is called."""

SPEARMAN = "difference in Spearman correlation"
SPREAD = {"controls": 0.62, "maps": 0.64}
"""Part of a row over which its marks are spread out, so that none hides another."""

NAMED_MAPS = 8
"""Maps of a group whose marks have names beside them; of more the row would be too high."""

DISTANCE_COLOURS = (figures.GREY, figures.BLUE, figures.GREEN, figures.ORANGE, figures.PURPLE)


def finding_of(verdict):
    """The Finding that a verdict's number belongs to."""
    return next(finding for finding in FINDINGS if verdict in finding.verdicts)


def draw_forest(comparison):
    """Each map's gain with its interval, and the parts of contact number and contacted bins."""
    maps = ordered(comparison.maps)
    several = (maps["tissues"] > 1).any()
    with figures.rows(maps["map"], 11, 1.5, len(PANELS), sharey=True, sharex=True) as (figure, panels):
        for axes, (column, title) in zip(panels, PANELS, strict=True):
            if column == "gain" and several:
                ends = comparison.results.groupby("map", sort=False)["gain"].agg(["min", "max"]).reindex(maps["map"])
                axes.hlines(np.arange(len(maps)) + 0.28, ends["min"], ends["max"], color=figures.MUTED, linewidth=0.8)
            for row, values in enumerate(maps.itertuples()):
                _draw_interval(axes, row, values, column)
            axes.set(title=title, xlabel=SPEARMAN)
            figures.mark_zero(axes, 6)
            figures.part_rows(axes, len(maps))
        handles = _handles(maps, hollow=True)
        with_interval = np.isfinite(maps[["gain_low", "gain_high"]]).all(axis=1).any()
        handles += [figures.handle(figures.INK, "", "95 % interval", width=1.8)] if with_interval else []
        handles += [figures.handle(figures.MUTED, "", "range over tissues")] if several else []
        figures.legend_above(figure, handles=handles)
        ends = (interval(row.gain_low, row.gain_high) for row in maps.itertuples())
        gains = [
            f"{sentence(row)}: {signed(row.gain)}{f' ({within})' if within else ''}"
            for row, within in zip(maps.itertuples(), ends, strict=True)
        ]
        return figures.save(figure, "forest", f"Gain by map. {'; '.join(gains)}")


def _handles(maps, hollow=False):
    """Entries of a legend for the findings of some maps. hollow: whether the mark of no finding is."""
    shown = [finding for finding in FINDINGS if set(maps["verdict"]) & set(finding.verdicts)]
    return [figures.handle(each.colour, each.marker, each.text, hollow and each is FINDINGS[-1]) for each in shown]


def _draw_interval(axes, row, values, column):
    value, low, high = (getattr(values, f"{column}{end}") for end in ("", "_low", "_high"))
    finding = finding_of(values.verdict)
    if math.isfinite(low) and math.isfinite(high):
        axes.hlines(row, low, high, color=finding.colour, linewidth=1.8)
    fill = figures.PAPER if finding is FINDINGS[-1] else finding.colour
    axes.plot(value, row, finding.marker, markersize=6.5, color=finding.colour, markerfacecolor=fill)


def draw_controls(comparison):
    """Beside what each map adds to sequence and number, what the controls add to them."""
    maps = ordered(comparison.maps)
    means = comparison.results.groupby("map", sort=False).mean(numeric_only=True).reindex(maps["map"])
    there = [control for control in CONTROLS if control.column in means and means[control.column].notna().any()]
    with figures.rows(maps["map"], 9, 1.4, least_lines=3) as (figure, (axes,)):
        for control, offset in zip(there, _offsets(len(there), SPREAD["controls"]), strict=True):
            look = {"color": control.colour, "markersize": 8 if control is CONTROLS[0] else 6, "label": control.text}
            axes.plot(means[control.column], np.arange(len(maps)) + offset, control.marker, **look)
        figures.part_rows(axes, len(maps))
        figures.mark_zero(axes)
        axes.set(xlabel=f"{SPEARMAN} to sequence and number of contacts")
        figures.legend_above(figure)
        gains = (
            f"{name}: " + ", ".join(f"{each.text} {signed(means.at[name, each.column])}" for each in there)
            for name in maps["map"]
        )
        return figures.save(figure, "controls", "Gains of controls. " + "; ".join(gains))


def _offsets(marks, spread):
    """Where in its row each of some marks lies."""
    return np.linspace(-spread / 2, spread / 2, marks) if marks > 1 else np.zeros(marks)


def draw_kinds(kinds, maps):
    """Gain of every map, by type of experiment and by factor.

    kinds: of a study's tables. maps: of the comparison, with the columns of `KINDS`. Returns: list of Picture.
    """
    return [_draw_kind(kinds[kinds["by"] == kind], kind, maps) for kind in KINDS if (kinds["by"] == kind).any()]


def _draw_kind(groups, kind, maps):
    names = (f"{count(row.maps, 'map')}: {row.group}" for row in groups.itertuples())
    most = min(int(groups["maps"].max()), NAMED_MAPS)
    with figures.rows(names, 9, 1.7, least_lines=most) as (figure, (axes,)):
        low, high = maps["gain"].min(), maps["gain"].max()
        for row, group in enumerate(groups.itertuples()):
            mine = maps[maps[kind] == group.group]
            mine = maps[maps[kind] == ""] if mine.empty else mine
            mine = mine.sort_values("gain", kind="stable")
            for each, offset in zip(mine.itertuples(), _offsets(len(mine), SPREAD["maps"]), strict=True):
                finding = finding_of(each.verdict)
                axes.plot(each.gain, row + offset, finding.marker, color=finding.colour, markersize=6, alpha=0.85)
                if len(mine) <= NAMED_MAPS:
                    _name_mark(axes, each.map, each.gain, row + offset, to_the_left=each.gain > (low + high) / 2)
            if len(mine) > 1:
                axes.vlines(group.gain, row - 0.42, row + 0.42, color=figures.INK, linewidth=2)
        figures.mark_zero(axes, 8)
        figures.part_rows(axes, len(groups))
        axes.set(xlabel=f"gain of a map: {SPEARMAN}")
        handles = _handles(maps)
        handles += (
            [figures.handle(figures.INK, "", "mean of the group's maps", width=2)] if (groups["maps"] > 1).any() else []
        )
        figures.legend_above(figure, handles=handles)
        means = (f"{row.group}: mean {signed(row.gain)} of {count(row.maps, 'map')}" for row in groups.itertuples())
        return figures.save(figure, kind, f"Gain by {KINDS[kind]}. {'; '.join(means)}")


def _name_mark(axes, name, x, y, *, to_the_left):
    """The name of a map beside its mark, on the side where there is room."""
    look = {"va": "center", "fontsize": 8, "bbox": {"facecolor": figures.PAPER, "edgecolor": "none", "pad": 0.8}}
    where = {"xytext": (-7 if to_the_left else 7, 0), "textcoords": "offset points"}
    axes.annotate(figures.label(name, lines=1), (x, y), ha="right" if to_the_left else "left", **where, **look)


def draw_own_cell_type(table):
    """Each map's gain in its own cell type beside that elsewhere. table: of a study's tables."""
    with figures.rows(table["map"] + " (" + table["cell_type"] + ")", 9, 1.4) as (figure, (axes,)):
        _draw_pairs(axes, table["gain_others"], table["gain_own"], "the other tissues, mean", "the map's own cell type")
        figures.mark_zero(axes)
        axes.set(xlabel=f"gain over sequence alone: {SPEARMAN}")
        figures.legend_above(figure)
        gains = "; ".join(
            f"{row.map}: {signed(row.gain_own)} in {row.cell_type}, {signed(row.gain_others)} elsewhere"
            for row in table.itertuples()
        )
        return figures.save(figure, "own_cell_type", f"Own cell types against others. {gains}")


def _draw_pairs(axes, before, after, before_text, after_text):
    """Two marks a row with a line between them, the first hollow."""
    rows = np.arange(len(before))
    axes.hlines(rows, before, after, color=figures.MUTED, linewidth=1.2)
    axes.plot(before, rows, "s", color=figures.ORANGE, markerfacecolor=figures.PAPER, markersize=6.5, label=before_text)
    axes.plot(after, rows, "o", color=figures.BLUE, markersize=6.5, label=after_text)


def draw_fits(fits):
    """Scores with each map beside those of sequence alone, a picture for each fit. fits: of a study's tables."""
    each = fits.groupby("fit", sort=False)
    return [_draw_fit(name, table, f"fit_{number}") for number, (name, table) in enumerate(each, start=1)]


def _draw_fit(fit, table, name):
    with figures.rows(table["map"], 9, 1.7) as (figure, (axes,)):
        _draw_pairs(axes, table["spearman_alone"], table["spearman"], "sequence alone", "with the map")
        figures.few_ticks(axes.xaxis)
        axes.set(title=figures.label(fit, 90), xlabel="Spearman correlation on the test genes, mean over tissues")
        figures.legend_above(figure)
        scores = "; ".join(
            f"{row.map}: {level(row.spearman)}, sequence alone {level(row.spearman_alone)}"
            for row in table.itertuples()
        )
        return figures.save(figure, name, f"Scores of {fit}. {scores}")


def draw_sheets(sheets):
    """Depth of the maps, and their counts by distance, side by side. sheets: of a study's tables, with rows."""
    twice = sheets["map"].duplicated(keep=False)
    texts = sheets["map"].where(~twice, sheets["map"] + ": " + sheets["file"])
    rows = np.arange(len(sheets))
    with figures.rows(texts, 10, 2.0, 2, sharey=True, width_ratios=[2, 3]) as (figure, (left, right)):
        depth = sheets["depth"].to_numpy(float).clip(min=1)
        left.plot(depth, rows, "o", color=figures.BLUE, markersize=6.5)
        left.set(title="depth", xlabel="counts within chromosomes")
        _span_decades(left, depth)
        start = np.zeros(len(sheets))
        for group, colour in zip(GROUPS, DISTANCE_COLOURS, strict=True):
            share = 100 * sheets[f"share {group}"].to_numpy(float)
            if share.any():
                right.barh(rows, share, left=start, height=0.66, color=colour, label=group)
                start += share
        right.set(title="counts by distance", xlabel="% of the counts within chromosomes", xlim=(0, 100))
        figure.legend(loc="outside upper left", ncols=len(GROUPS), alignment="left")
        depths = "; ".join(f"{text}: depth {each:,.0f}" for text, each in zip(texts, sheets["depth"], strict=True))
        return figures.save(figure, "sheets", f"Data sheets. {depths}")


def _span_decades(axes, values):
    """A logarithmic axis from a power of ten to another, with ticks there, in millions where they are large."""
    from matplotlib.ticker import NullLocator  # noqa: PLC0415

    first, last = int(np.floor(np.log10(values.min()))), int(np.ceil(np.log10(values.max())))
    last = max(last, first + 1)
    axes.set(xscale="log", xlim=(10 ** (first - 0.1), 10 ** (last + 0.1)))
    axes.set_xticks([10.0**power for power in range(first, last + 1, -(-(last - first) // 3))])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value < 1e6 else f"{value / 1e6:,g} M")
