"""Pictures of a fit. matplotlib is imported by the functions that draw."""

import numpy as np

from spex.storage import whole_file

DENSITY_CELLS = 40
INK, ACCENT, GRID = "#222222", "#c0392b", "#dddddd"


def draw_predicted_against_observed(path, observed, predicted, *, title, caption, unit):
    """Draw predictions against observations, each gene a dot coloured by how many lie near it.

    observed, predicted: (n,). unit: what the axes measure. caption: text inside the axes.
    """
    figure, axes = _figure(6.4, 5.6)
    density = _density(observed, predicted)
    order = np.argsort(density)
    dots = axes.scatter(observed[order], predicted[order], c=density[order], s=14, cmap="viridis", linewidths=0)
    ends = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
    axes.plot(ends, ends, color=ACCENT, linewidth=1, label="predicted = observed")
    axes.set(xlabel=f"observed, {unit}", ylabel=f"predicted, {unit}", title=title)
    axes.legend(loc="lower right", frameon=False)
    axes.text(0.02, 0.98, caption, transform=axes.transAxes, va="top", fontsize=9, color=INK)
    figure.colorbar(dots, ax=axes, label="genes in the same 1/40 by 1/40 of the picture")
    _save(figure, path)


def _figure(width, height):
    """A figure of the given size in inches with one pair of axes, in the look that all pictures share."""
    from matplotlib.figure import Figure  # noqa: PLC0415 -- a run without pictures does without it

    figure = Figure(figsize=(width, height), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _density(x, y):
    """Number of points in each point's cell of a coarse grid over the picture."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=DENSITY_CELLS)
    column = np.clip(np.searchsorted(x_edges, x, side="right") - 1, 0, DENSITY_CELLS - 1)
    row = np.clip(np.searchsorted(y_edges, y, side="right") - 1, 0, DENSITY_CELLS - 1)
    return counts[column, row]


def _save(figure, path):
    with whole_file(path) as file:
        figure.savefig(file, format="png")
