"""Pictures of fits. matplotlib is imported by the function that starts a picture."""

import numpy as np

from spex.storage import whole_file

DENSITY_CELLS = 40
FEW_GENES = 200
GROUPS_SHOWN = 20
INK, BLUE, RED, GREY = "#222222", "#2c6fad", "#c0392b", "#dddddd"


def draw_predicted_against_observed(path, observed, predicted, *, title, caption, unit):
    """Draw predictions against observations, each gene a dot, coloured by how many lie near it when they are many.

    observed, predicted: (n,). unit: what the axes measure. caption: text inside the axes.
    """
    figure, (axes,) = _figure(6.4, 5.6)
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
    _save(figure, path)


def draw_residuals(path, observed, predicted, *, title, unit):
    """Draw the histogram of observed - predicted, with its mean and its median."""
    residuals = observed - predicted
    figure, (axes,) = _figure(6.4, 4)
    axes.hist(residuals, bins="sqrt" if len(residuals) < FEW_GENES else 60, color=BLUE)
    axes.axvline(0, color=INK, linewidth=1)
    for value, name, style in ((residuals.mean(), "mean", "--"), (np.median(residuals), "median", ":")):
        axes.axvline(value, color=RED, linestyle=style, linewidth=1.5, label=f"{name} {value:.3f}")
    axes.set(xlabel=f"observed - predicted, {unit}", ylabel="genes", title=title)
    axes.legend(frameon=False)
    _save(figure, path)


def draw_learning_curve(path, history, chosen, *, title, watched, unit):
    """Draw the error over rounds, or over penalties, and the chosen one.

    history, chosen: as a fit has them. watched: what the watched rows are, for the legend.
    """
    figure, (axes,) = _figure(6.4, 4)
    if "penalty" in history:
        steps, kept, label = history["penalty"], chosen["penalty"], f"chosen: {chosen['penalty']:g}"
        axes.set(xscale="log", xlabel="penalty")
    else:
        steps, kept = np.arange(1, len(history["train"]) + 1), chosen["rounds_kept"]
        label = f"kept: {kept} of {chosen['rounds_run']} rounds"
        axes.set(xlabel="boosting round")
    marker = "o" if len(steps) < GROUPS_SHOWN else None
    axes.plot(steps, history["train"], color=BLUE, marker=marker, label="training genes")
    axes.plot(steps, history["watched"], color=RED, marker=marker, label=watched)
    axes.axvline(kept, color=INK, linestyle="--", linewidth=1, label=label)
    axes.set(ylabel=f"rmse, {unit}", title=title)
    axes.legend(frameon=False)
    _save(figure, path)


def draw_importance(path, groups, *, title, measure):
    """Draw which assays (cell types are in the table) and which positions a model uses.

    groups: from `importance.by_group`. measure: what a share is a share of.
    """
    kinds = [kind for kind in ("assay", "position") if (groups["group"] == kind).any()]
    figure, panels = _figure(6.4 * len(kinds), 5.6, panels=len(kinds))
    for axes, kind in zip(panels, kinds, strict=True):
        shown = groups[groups["group"] == kind].head(GROUPS_SHOWN)
        axes.barh(range(len(shown)), 100 * shown["share"], color=BLUE)
        axes.set_yticks(range(len(shown)), labels=list(shown["name"]))
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        known = (groups["group"] == kind).sum()
        which = f"{len(shown)} of {known} assays" if known > len(shown) else f"{kind}s"
        axes.set(xlabel=f"% of {measure}", title=f"by {kind}: {which}" if kind == "assay" else f"by {kind}")
    figure.suptitle(title)
    _save(figure, path)


def draw_tissues(path, summary, *, title):
    """Draw tissues by Spearman correlation, each with its interval.

    summary: from `evaluate.summarise`, drawn in its order.
    """
    repeated = "spearman_min" in summary
    low, high = ("spearman_min", "spearman_max") if repeated else ("spearman_low", "spearman_high")
    rows = np.arange(len(summary))
    figure, (axes,) = _figure(8, 1.6 + 0.2 * len(summary))
    axes.hlines(rows, summary[low], summary[high], color=GREY, linewidth=4)
    axes.plot(summary["spearman"], rows, "o", color=BLUE, markersize=5)
    axes.set_yticks(rows, labels=[str(name) for name in summary["target"]], fontsize=8)
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    spread = "mean and range over the repeats" if repeated else "with 95 % interval over genes"
    axes.set(xlabel=f"Spearman correlation, {spread}", title=title)
    _save(figure, path)


def _figure(width, height, panels=1):
    """A figure of the given size in inches, and its axes side by side, in the look that all pictures share."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- a run without pictures does without it

    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    all_axes = figure.subplots(1, panels, squeeze=False)[0]
    for axes in all_axes:
        axes.grid(color=GREY, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, all_axes


def _density(x, y):
    """Number of points in each point's cell of a coarse grid over the picture."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=DENSITY_CELLS)
    column = np.clip(np.searchsorted(x_edges, x, side="right") - 1, 0, DENSITY_CELLS - 1)
    row = np.clip(np.searchsorted(y_edges, y, side="right") - 1, 0, DENSITY_CELLS - 1)
    return counts[column, row]


def _save(figure, path):
    with whole_file(path) as file:
        figure.savefig(file, format="png")
