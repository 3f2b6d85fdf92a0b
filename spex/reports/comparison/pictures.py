"""Pictures with a row a map: gains with their parts, and controls beside each gain."""

import math

import numpy as np

from spex.reports import drawing
from spex.reports.comparison.words import HARM, NUMBER, REGION, SEQUENCE, interval, ordered, sentence, signed
from spex.reports.drawing import height_of_rows, label, mark_zero, name_rows
from spex.reports.palette import BLUE, GREEN, GREY, MUTED, ORANGE, PAPER, PURPLE, RED

VERDICTS = (
    (SEQUENCE, "adds sequence information", BLUE, "o"),
    (REGION, "adds what bins at the same distances tell too", ORANGE, "s"),
    (NUMBER, "adds what the number of contacts tells", PURPLE, "D"),
    (HARM, "harms", RED, "X"),
    ((0, 6, 7), "no finding", GREY, "o"),
)
"""Numbers of the verdicts, words for the legend, colour and marker of each kind of finding."""

PANELS = (
    ("gain", "gain: the map\nagainst own sequence"),
    ("number", "of it number: the number of\ncontacts against own sequence"),
    ("touched", "touched bins: the map against\nbins at the same distances"),
)

CONTROLS = (
    ("map_over_numbers", "the map", BLUE, "o"),
    ("any_bins", "other bins at the same distances (matched)", ORANGE, "s"),
    ("gain_shuffled", "another gene's contacts (shuffled)", PURPLE, "D"),
    ("gain_local_sum", "all bins of the region (local sum)", GREEN, "^"),
    ("gain_coverage", "coverage of the gene's start", RED, "v"),
    ("gain_distance_only", "distance alone", GREY, "P"),
)
"""Columns of `results`, each the gain of an arm over own sequence and number; words, colour and marker."""

SPEARMAN = "difference in Spearman correlation"
SPREAD = 0.62
"""Part of a row over which the marks of a map are spread out, so that none hides another."""


def draw_forest(comparison):
    """Each map's gain with its interval, and of it number and touched bins."""
    maps = ordered(comparison.maps)
    names = [label(name) for name in maps["map"]]
    several = (maps["tissues"] > 1).any()
    with drawing.figure(11, height_of_rows(names, 1, above=1.5), len(PANELS), sharey=True, sharex=True) as (
        figure,
        panels,
    ):
        for axes, (column, title) in zip(panels, PANELS, strict=True):
            if column == "gain" and several:
                _draw_range(axes, comparison.results, maps)
            for row, values in enumerate(maps.itertuples()):
                _draw_interval(axes, row, values, column)
            axes.set(title=title, xlabel=SPEARMAN)
            mark_zero(axes)
            name_rows(axes, names)
        handles = [_handle(colour, marker, words, number == 4) for number, (_, words, colour, marker) in _shown(maps)]
        if several:
            handles.append(_line_handle("range over tissues"))
        figure.legend(handles=handles, loc="outside upper left", ncols=2, alignment="left")
        return drawing.save(figure, "forest", *_forest_in_words(maps))


def _forest_in_words(maps):
    """Caption and alternative text of the forest."""
    tissues = maps["tissues"].max()
    caption = (
        f"Gain of each map in Spearman correlation ({f'means over {tissues} tissues' if tissues > 1 else 'one tissue'})"
        f"{', with 95 % intervals over chromosomes' if maps['gain_low'].notna().any() else ''}. Left: all that the map "
        "adds to own sequence. Middle: what the number of contacts alone adds. Right: what the bins that the map says "
        "are touched tell beyond other bins at the same distances."
    )
    alt = "Gain by map. " + "; ".join(f"{sentence(row)}: {_spoken(row, 'gain')}" for row in maps.itertuples())
    return caption, alt


def _shown(maps):
    """The kinds of verdict that occur among the maps, numbered as in VERDICTS."""
    there = set(maps["verdict"])
    return [(number, kind) for number, kind in enumerate(VERDICTS) if there & set(kind[0])]


def kind_of(verdict):
    """The line of VERDICTS that a verdict's number belongs to."""
    return next(kind for kind in VERDICTS if verdict in kind[0])


def _draw_interval(axes, row, values, column):
    value, low, high = (getattr(values, f"{column}{end}") for end in ("", "_low", "_high"))
    _, _, colour, marker = kind_of(values.verdict)
    if math.isfinite(low) and math.isfinite(high):
        axes.hlines(row, low, high, color=colour, linewidth=1.8)
    hollow = PAPER if values.verdict in VERDICTS[-1][0] else colour
    axes.plot(value, row, marker, markersize=6.5, color=colour, markerfacecolor=hollow)


def _draw_range(axes, results, maps):
    """The least and the largest gain of each map's tissues, as a thin line under its mean."""
    ends = results.groupby("map", sort=False)["gain"].agg(["min", "max"]).reindex(maps["map"])
    axes.hlines(np.arange(len(maps)) + 0.28, ends["min"], ends["max"], color=MUTED, linewidth=0.8)


def _spoken(row, column):
    low_high = interval(getattr(row, f"{column}_low"), getattr(row, f"{column}_high"))
    return signed(getattr(row, column)) + (f" ({low_high})" if low_high else "")


def draw_controls(comparison):
    """Beside what each map adds to own sequence and number, what the controls add to them."""
    maps = ordered(comparison.maps)
    names = [label(name) for name in maps["map"]]
    means = comparison.results.groupby("map", sort=False).mean(numeric_only=True).reindex(maps["map"])
    there = [line for line in CONTROLS if line[0] in means and means[line[0]].notna().any()]
    offsets = np.linspace(-SPREAD / 2, SPREAD / 2, len(there))
    with drawing.figure(9, height_of_rows(names, 3, above=1.4)) as (figure, (axes,)):
        for (column, words, colour, marker), offset in zip(there, offsets, strict=True):
            size = 8 if column == "map_over_numbers" else 6
            axes.plot(means[column], np.arange(len(maps)) + offset, marker, color=colour, markersize=size, label=words)
        for row in range(1, len(maps)):
            axes.axhline(row - 0.5, color=MUTED, linewidth=0.4)
        name_rows(axes, names)
        mark_zero(axes)
        axes.set(xlabel=f"{SPEARMAN} to own sequence and number of contacts")
        figure.legend(loc="outside upper left", ncols=2, alignment="left")
        caption = (
            "What the map adds to own sequence and number of contacts, beside what controls add to the same, all with "
            "the real numbers of contacts. Other bins at the same distances decide whether sequence was found; the "
            "other controls only show what the map might owe its gain to."
        )
        spoken = (
            f"{name}: " + ", ".join(f"{words} {signed(means.at[name, column])}" for column, words, _, _ in there)
            for name in maps["map"]
        )
        return drawing.save(figure, "controls", caption, "Gains of controls. " + "; ".join(spoken))


def _handle(colour, marker, words, hollow):
    from matplotlib.lines import Line2D  # noqa: PLC0415

    fill = PAPER if hollow else colour
    return Line2D([], [], color=colour, marker=marker, linestyle="", markerfacecolor=fill, markersize=6.5, label=words)


def _line_handle(words):
    from matplotlib.lines import Line2D  # noqa: PLC0415

    return Line2D([], [], color=MUTED, linewidth=0.8, label=words)
