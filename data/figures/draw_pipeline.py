"""Draw the README's picture of the pipeline.

python -m data.figures.draw_pipeline
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.patches import Arc, FancyArrowPatch, FancyBboxPatch, Rectangle

OWN, DISTAL, FEATURES, MODEL = "#2a6f97", "#c8553d", "#588157", "#6d597a"
GREY = "#6c757d"


def box(axes, centre, size, text, colour):
    """A rounded box with text. centre, size: (x, y) in the axes' units."""
    (x, y), (width, height) = centre, size
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor=colour,
            alpha=0.13,
            edgecolor="none",
        )
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=9, linespacing=1.35)


def arrow(axes, start, end):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=GREY, lw=1.2))


def draw_locus(axes):
    """The chromosome with the gene's windows, the TSS, and a contacted bin."""
    axes.plot([0.3, 9.7], [6, 6], color="black", lw=1.5)
    for index in range(13):
        axes.add_patch(Rectangle((1.2 + 0.22 * index, 6.08 + 0.09 * (index % 3)), 0.42, 0.07, color=OWN, alpha=0.75))
    axes.annotate(
        "", (3.25, 6.75), (2.73, 6.75), arrowprops={"arrowstyle": "-|>", "color": "black", "shrinkA": 0, "shrinkB": 0}
    )
    axes.plot([2.73, 2.73], [6, 6.75], color="black", lw=1.5)
    axes.text(2.6, 6.87, "TSS", ha="center", fontsize=9, weight="bold")
    axes.text(
        2.7, 5.62, "200 windows of 2000 bp,\n200 bp apart, over 40 kb", ha="center", va="top", fontsize=9, color=OWN
    )
    axes.add_patch(Rectangle((7.3, 5.9), 0.42, 0.2, color=DISTAL))
    axes.text(
        7.5, 5.62, "bins that the TSS contacts,\n20 kb away or more", ha="center", va="top", fontsize=9, color=DISTAL
    )
    axes.add_patch(Arc((5.12, 6.12), 4.78, 2.3, theta1=0, theta2=180, color=DISTAL, lw=1.5, ls="--"))
    axes.text(5.12, 7.36, "contact map (.mcool)", ha="center", fontsize=9, color=DISTAL)


def draw_steps(axes):
    """From windows to scores."""
    box(axes, (5.1, 4.3), (8.6, 0.62), "Beluga CNN: 2002 chromatin features of each window", GREY)
    box(axes, (2.7, 3.0), (3.8, 0.95), "sums with exponential weights,\n5 upstream + 5 downstream\n20,020 numbers", OWN)
    box(axes, (7.5, 3.0), (3.8, 0.95), "sums over the contacted bins,\ndownstream + upstream\n4,004 numbers", DISTAL)
    box(axes, (5.1, 1.75), (5.2, 0.6), "one tensor per gene (tensors.py)", FEATURES)
    box(
        axes,
        (5.1, 0.65),
        (8.6, 0.7),
        "one model per tissue, fitted without chr8, scored on chr8:\nRMSE, Spearman, Pearson (train.py)",
        MODEL,
    )
    for start, end in (
        ((2.7, 5.0), (2.7, 4.65)),
        ((7.5, 5.0), (7.5, 4.65)),
        ((2.7, 3.97), (2.7, 3.52)),
        ((7.5, 3.97), (7.5, 3.52)),
        ((2.7, 2.5), (3.6, 2.08)),
        ((7.5, 2.5), (6.6, 2.08)),
        ((5.1, 1.43), (5.1, 1.04)),
    ):
        arrow(axes, start, end)


def main():
    figure, axes = plt.subplots(figsize=(7.2, 5.4))
    draw_locus(axes)
    draw_steps(axes)
    axes.set(xlim=(0.2, 10), ylim=(0.1, 7.6))
    axes.axis("off")
    figure.savefig(Path(__file__).with_name("pipeline.png"), dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
