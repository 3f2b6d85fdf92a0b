"""A picture of in-silico mutagenesis: letters as high as the bases matter, above the effects over the interval."""

import numpy as np

from spex.errors import count
from spex.reports import figures

WIDTH, HEIGHT = 9.5, 5.0
"""Inches."""
LETTERS_SHOWN = 80
"""Bases that are drawn as letters: those next to each other that matter most."""
BARS = 800
"""Of an interval; one of more bases has the largest of several in each."""
COLOURS = {"A": figures.GREEN, "C": figures.BLUE, "G": figures.ORANGE, "T": figures.RED}
TITLE_LINE = 95


def draw_mutations(path, found, tissue, contacts=None):
    """Draw what the bases of an interval add to the expression of the gene that they matter most to; the same input
    gives the same bytes.

    A base adds what its three SNVs take away on average: above zero, the gene is expressed more with it. path: as of
    `draw_gene`. found: IntervalEffects. tissue: number of its fit. contacts: Contacts of genes, whose bins are marked.
    """
    adds = -np.nan_to_num(found.means[:, :, tissue])
    number = int(np.abs(adds).max(axis=0).argmax())
    gene, adds, interval = found.genes.iloc[number], adds[:, number], found.interval
    shown = min(LETTERS_SHOWN, len(adds))
    first = int(np.convolve(np.abs(adds), np.ones(shown), "valid").argmax())
    with figures.empty_figure(WIDTH, HEIGHT) as figure:
        above, below = figure.subplots(2, 1)
        for axes in (above, below):
            figures.dress(axes)
            axes.axhline(0, color=figures.MUTED, linewidth=0.8)
        figure.supylabel("what a base adds, ln(expression)", fontsize=9)
        _draw_letters(above, found.reference[first : first + shown], adds[first : first + shown])
        place = f"{interval.chrom}:{interval.start + first + 1:,}-{interval.start + first + shown:,}"
        title = f"{gene['symbol']}, {found.fits[tissue].tissue}, {interval.name}"
        above.set_title(f"{figures.label(title, TITLE_LINE, 2)}\nthe {count(shown, 'base')} that matter most, {place}")
        _draw_track(below, interval, adds)
        below.axvspan(interval.start + first, interval.start + first + shown, color=figures.GRID, alpha=0.5, zorder=0)
        _mark(below, gene, interval, contacts)
        figures.write_figure(figure, path)


def _draw_letters(axes, letters, heights):
    """Each letter from zero to its height; those below zero hang."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415
    from matplotlib.patches import PathPatch  # noqa: PLC0415
    from matplotlib.textpath import TextPath  # noqa: PLC0415
    from matplotlib.transforms import Affine2D  # noqa: PLC0415

    font = FontProperties(family="DejaVu Sans", weight="bold")
    outlines = {letter: TextPath((0, 0), letter, size=1, prop=font) for letter in COLOURS}
    for place, (letter, height) in enumerate(zip(letters, heights, strict=True)):
        if letter in outlines and height:
            box = outlines[letter].get_extents()
            move = Affine2D().translate(-box.x0, -box.y0).scale(0.9 / box.width, height / box.height)
            outline = outlines[letter].transformed(move.translate(place + 0.05, 0))
            axes.add_patch(PathPatch(outline, facecolor=COLOURS[letter], linewidth=0))
    largest = np.abs(heights).max(initial=0) or 1.0
    axes.set(xlim=(0, len(letters)), ylim=(min(heights.min(), -0.05 * largest), max(heights.max(), 0.05 * largest)))
    axes.set_xticks([])
    figures.few_ticks(axes.yaxis, 4, steps=None)


def _draw_track(axes, interval, adds):
    """A bar for each base, or for several the largest of them."""
    edges = np.linspace(0, len(adds), min(len(adds), BARS) + 1).astype(int)
    parts = np.split(adds, edges[1:-1])
    bars = np.array([part[np.abs(part).argmax()] for part in parts])
    colours = np.where(bars < 0, figures.ORANGE, figures.BLUE)
    axes.bar(interval.start + edges[:-1], bars, np.diff(edges), align="edge", color=colours, linewidth=0)
    axes.set(xlim=(interval.start, interval.end), xlabel=f"{figures.label(interval.chrom)}, bp")
    axes.xaxis.set_major_formatter(lambda place, _: f"{place:,.0f}")
    figures.few_ticks(axes.xaxis, 5)
    figures.few_ticks(axes.yaxis, 4, steps=None)


def _mark(axes, gene, interval, contacts):
    """The TSS, and the gene's contacted bins, where they lie in the interval."""
    handles = []
    if interval.start <= gene["tss"] - 1 < interval.end:
        axes.axvline(gene["tss"] - 1, color=figures.INK, linewidth=1.2)
        handles.append(figures.handle(figures.INK, "", f"TSS of {figures.label(gene['symbol'])}", width=1.2))
    rows = [] if contacts is None else np.flatnonzero(contacts.genes == gene["id"])
    mine = contacts.of_gene(rows[0]) if len(rows) else slice(0)
    starts = contacts.start[mine] if len(rows) else np.empty(0)
    bins = [start for start in starts if start < interval.end and start + contacts.resolution > interval.start]
    low = axes.get_ylim()[0]
    for start in bins:
        axes.hlines(low, start, start + contacts.resolution, color=figures.PURPLE, linewidth=5)
    if bins:
        handles.append(figures.handle(figures.PURPLE, "", "bin that it contacts", width=5))
    if handles:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1.18), ncols=2)
