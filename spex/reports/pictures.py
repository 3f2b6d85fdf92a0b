"""Pictures of fits. matplotlib is imported by the function that starts a picture.

Titles and labels hold free text from files, such as names of tissues: it is drawn letter by letter, never read as
mathematics or LaTeX, and cut where it is too long, so that no name can cost a picture, or the fit that it is of.
"""

import contextlib
import warnings

import numpy as np
import pandas as pd

from spex.errors import shown
from spex.files.atomic import whole_file

DENSITY_CELLS = 40
FEW_GENES = 200
GROUPS_SHOWN = 20
NEIGHBOURS_NAMED = 6
LONGEST_LABEL = 80
TALLEST = 200
"""Inches; pictures of more pixels than 16 bits can count are refused by matplotlib."""

INK, BLUE, RED, GREY = "#222222", "#2c6fad", "#c0392b", "#dddddd"


def label(text):
    """Free text as pictures show it."""
    return shown(text, LONGEST_LABEL)


def draw_predicted_against_observed(path, observed, predicted, *, title, caption, unit):
    """Draw predictions against observations, each gene a dot, coloured by how many lie near it when they are many.

    observed, predicted: (n,). unit: what the axes measure. caption: text inside the axes.
    """
    with _picture(path, 6.4, 5.6) as (figure, (axes,)):
        if len(observed) < FEW_GENES:
            axes.scatter(observed, predicted, color=BLUE, s=18, linewidths=0)
        else:
            density = _density(observed, predicted)
            order = np.argsort(density)
            dots = axes.scatter(observed[order], predicted[order], c=density[order], s=14, cmap="viridis", linewidths=0)
            figure.colorbar(dots, ax=axes, label=f"genes per cell of a {DENSITY_CELLS} × {DENSITY_CELLS} grid")
        ends = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
        axes.plot(ends, ends, color=RED, linewidth=1, label="predicted = observed")
        axes.set(xlabel=f"observed, {unit}", ylabel=f"predicted, {unit}", title=title)
        axes.legend(loc="lower right", frameon=False)
        axes.text(0.02, 0.98, caption, transform=axes.transAxes, va="top", fontsize=9, color=INK)


def draw_residuals(path, observed, predicted, *, title, unit):
    """Draw the histogram of observed - predicted, with its mean and its median."""
    residuals = observed - predicted
    with _picture(path, 6.4, 4) as (_, (axes,)):
        axes.hist(residuals, bins="sqrt" if len(residuals) < FEW_GENES else 60, color=BLUE)
        axes.axvline(0, color=INK, linewidth=1)
        for value, name, style in ((residuals.mean(), "mean", "--"), (np.median(residuals), "median", ":")):
            axes.axvline(value, color=RED, linestyle=style, linewidth=1.5, label=f"{name} {value:.3f}")
        axes.set(xlabel=f"observed - predicted, {unit}", ylabel="genes", title=title)
        axes.legend(frameon=False)


def draw_learning_curve(path, history, chosen, *, title, watched, unit):
    """Draw the error over rounds, or over penalties, and the chosen one.

    history, chosen: as a fit has them. watched: what the watched rows are, for the legend. Where the neighbour block
    has a penalty of its own, the curves are those at the chosen one, and the watched rows' at the others are grey.
    """
    with _picture(path, 6.4, 4) as (_, (axes,)):
        if "neighbour_penalty" in history:
            history = _at_the_chosen_neighbour_penalty(axes, history, chosen)
            watched = f"{watched}, neighbours {_short(chosen['neighbour_penalty'])}"
        if "penalty" in history:
            steps, kept, marked = history["penalty"], chosen["penalty"], f"chosen: {chosen['penalty']:g}"
            axes.set(xscale="log", xlabel="penalty")
            axes.set_xticks(steps, labels=[f"{step:g}" for step in steps])
            axes.xaxis.set_minor_formatter("")
        else:
            steps, kept = np.arange(1, len(history["train"]) + 1), chosen["rounds_kept"]
            marked = f"kept: {kept} of {chosen['rounds_run']} rounds"
            axes.set(xlabel="boosting round")
        marker = "o" if len(steps) < GROUPS_SHOWN else None
        axes.plot(steps, history["train"], color=BLUE, marker=marker, label="training genes")
        axes.plot(steps, history["watched"], color=RED, marker=marker, label=watched)
        axes.axvline(kept, color=INK, linestyle="--", linewidth=1, label=marked)
        axes.set(ylabel=f"rmse, {unit}", title=title)
        axes.legend(frameon=False)


def _at_the_chosen_neighbour_penalty(axes, history, chosen):
    """The part of a history that has the chosen penalty of the neighbour block; the others are drawn in grey."""
    table = pd.DataFrame(history)
    parts = dict(list(table.groupby("neighbour_penalty", sort=False)))
    kept = parts.pop(chosen["neighbour_penalty"])
    for shade, (value, part) in zip(np.linspace(0.35, 0.8, len(parts)), parts.items(), strict=True):
        text = f"the same, neighbours {_short(value)}" if len(parts) <= NEIGHBOURS_NAMED else None
        axes.plot(part["penalty"], part["watched"], color=str(shade), linewidth=1, label=text)
    return {name: kept[name].tolist() for name in ("penalty", "train", "watched")}


def _short(value):
    return value if isinstance(value, str) else f"{value:g}"


def draw_importance(path, groups, *, title, measure):
    """Draw which assays (cell types are in the table) and which positions a model uses.

    groups: from `importance.by_group`. measure: what a share is a share of.
    """
    kinds = [kind for kind in ("assay", "position") if (groups["group"] == kind).any()]
    with _picture(path, 6.4 * len(kinds), 5.6, panels=len(kinds)) as (figure, panels):
        for axes, kind in zip(panels, kinds, strict=True):
            top = groups[groups["group"] == kind].head(GROUPS_SHOWN)
            axes.barh(range(len(top)), 100 * top["share"], color=BLUE)
            axes.set_yticks(range(len(top)), labels=[label(name) for name in top["name"]])
            axes.invert_yaxis()
            axes.grid(visible=False, axis="y")
            known = (groups["group"] == kind).sum()
            which = f"{len(top)} of {known} assays" if known > len(top) else f"{kind}s"
            axes.set(xlabel=f"% of {measure}", title=f"by {kind}: {which}" if kind == "assay" else f"by {kind}")
        figure.suptitle(title)


def draw_tissues(path, summary, *, title):
    """Draw tissues by Spearman correlation, each with its interval.

    summary: from `scores.summarise`, drawn in its order.
    """
    single = summary["fits"] == 1
    low = summary["spearman_low"].where(single, summary["spearman_min"])
    high = summary["spearman_high"].where(single, summary["spearman_max"])
    rows = np.arange(len(summary))
    with _picture(path, 8, min(1.6 + 0.2 * len(summary), TALLEST)) as (_, (axes,)):
        axes.hlines(rows, low, high, color=GREY, linewidth=4)
        axes.plot(summary["spearman"], rows, "o", color=BLUE, markersize=5)
        axes.set_yticks(rows, labels=[label(name) for name in summary["target"]], fontsize=8)
        axes.set_ylim(len(summary) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        spread = "with 95 % interval over genes" if single.all() else "mean and range over the repeats"
        axes.set(xlabel=f"Spearman correlation, {spread}", title=title)


@contextlib.contextmanager
def _picture(path, width, height, panels=1):
    """A picture that is written when the block ends.

    width, height: in inches. Yields: the figure, and its axes side by side, in the look that all pictures share.
    """
    from matplotlib import rc_context  # noqa: PLC0415 -- a run without pictures does without it
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"text.usetex": False, "text.parse_math": False}):
        figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
        all_axes = figure.subplots(1, panels, squeeze=False)[0]
        for axes in all_axes:
            axes.grid(color=GREY, linewidth=0.6)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
        yield figure, all_axes
        _save(figure, path)


def _save(figure, path):
    with warnings.catch_warnings(), whole_file(path) as file:
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)  # drawn as a box
        figure.savefig(file, format="png")


def _density(x, y):
    """Number of points in each point's cell of a coarse grid over the picture."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=DENSITY_CELLS)
    column = np.clip(np.searchsorted(x_edges, x, side="right") - 1, 0, DENSITY_CELLS - 1)
    row = np.clip(np.searchsorted(y_edges, y, side="right") - 1, 0, DENSITY_CELLS - 1)
    return counts[column, row]
