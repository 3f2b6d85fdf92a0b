"""A picture of effects on tested pairs beside their baselines: curves, and the table of scores as a forest plot."""

import numpy as np

from spex.errors import count
from spex.models.benchmark import METRICS, curve, predictors
from spex.reports import figures

SCORES = {
    "effect": ("effect", figures.BLUE, "-"),
    "effect_signed": ("effect with its sign", figures.BLUE, ":"),
    "distance": ("distance to the TSS", figures.ORANGE, "-"),
    "nearest_tss": ("nearest TSS", figures.MUTED, "v"),
    "within_100kb": ("within 100 kb", figures.MUTED, "s"),
    "power_law": ("power law of distance", figures.RED, "--"),
    "touched": ("touched or not", figures.GREEN, "o"),
    "touched_distance": ("distance among the touched", figures.GREEN, "--"),
    "contacts": ("contact count", figures.PURPLE, "-"),
}
"""Name, colour and line of each score; a marker for those of two values, which have no curve."""

OF_CLASS = {
    "0-20 kb": (figures.GREEN, "s"),
    "20-100 kb": (figures.ORANGE, "D"),
    "100-2500 kb": (figures.PURPLE, "^"),
    "all": (figures.INK, "o"),
}
"""Colour and marker of each class of distances."""

WIDTH, HEIGHT = 13, 5.4
"""Inches."""


def draw_benchmark(path, pairs, scores, title):
    """Draw how well effects separate regulated pairs from the others; the same input gives the same bytes.

    path: written whole, as SVG where it ends in .svg, else as PNG. pairs: as of `score_pairs`, of one tissue and model.
    scores: what that returns. title: tissue.
    """
    with figures.figure(WIDTH, HEIGHT, 3, width_ratios=[5, 4, 4]) as (figure, (curves, areas, differences)):
        regulated = pairs["regulated"].to_numpy()
        about = f"{regulated.sum():,} of {count(len(pairs), 'pair')} regulated"
        _draw_curves(curves, regulated, predictors(pairs))
        curves.set_title(f"{figures.label(title, 50, 2)}\n{about}")
        rows = [name for name in SCORES if (scores["score"] == name).any()]
        for axes, column in ((areas, METRICS[-1]), (differences, f"{METRICS[-1]}_difference")):
            figures.name_rows(axes, [SCORES[name][0] if axes is areas else "" for name in rows])
            figures.part_rows(axes, len(rows))
            _draw_forest(axes, scores.set_index(["class", "score"]), rows, column)
        areas.axvline(0.5, color=figures.INK, linewidth=0.9, zorder=1)
        areas.set(xlabel="area under the ROC curve", title="by class of distances,\nwith 95 % intervals")
        figures.mark_zero(differences)
        differences.set(xlabel="area of the effect, less that of the score", title="what the effect has more")
        handles = [figures.handle(colour, marker, name) for name, (colour, marker) in OF_CLASS.items()]
        areas.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)
        figures.write_figure(figure, path)


def _draw_curves(axes, regulated, scores):
    """Precision and recall at each score; one point for scores of two values."""
    for name, score in scores.items():
        recall, precision = curve(regulated, score)
        text, colour, line = SCORES[name]
        look = {"color": colour, "label": text, "linewidth": 2 if name == "effect" else 1.1}
        if line in ("-", "--", ":"):
            axes.plot(recall, precision, line, drawstyle="steps-post", **look)
        else:
            axes.plot(recall[-1], precision[-1], line, **look)
    axes.axhline(regulated.mean(), color=figures.INK, linewidth=0.9, linestyle=":")
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2)


def _draw_forest(axes, scores, rows, column):
    """A row for each score with a mark for each class. scores: indexed by class and score. column: of the table."""
    for (name, (colour, marker)), offset in zip(OF_CLASS.items(), np.linspace(-0.3, 0.3, len(OF_CLASS)), strict=True):
        mine = scores.loc[name].reindex(rows)
        places = np.arange(len(rows)) + offset
        axes.hlines(places, mine[f"{column}_low"], mine[f"{column}_high"], color=colour, linewidth=1.4)
        axes.plot(mine[column], places, marker, color=colour, markersize=4.5)
