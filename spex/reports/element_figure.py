"""A picture of a gene with its contacted bins: arcs coloured by effect, its local windows, and the strongest bins'
chromatin features."""

import numpy as np

from spex.effects.elements import CONTACT
from spex.errors import count
from spex.reports import figures

UNIT = "change of ln(expression)"
WIDTH, LOCUS_HEIGHT, LOWER_HEIGHT = 9.5, 3.7, 2.6
"""Inches."""
TITLE_LINE, NAME_LINE, FEATURE_LINE = 95, 40, 32
"""Letters."""
THIN, THICK = 0.8, 3.0
"""Points: of an arc without effect and of the strongest."""
ARC_POINTS = 60
LONG = 1_000_000
"""bp from which on the axis along the chromosome is in Mb; shorter ones are in kb."""
LEAST_REACH = 50_000
"""bp shown on either side of a TSS without contacts."""
WITHIN = 1.96
"""Standard deviations to either side of an effect that are shown: 95 % of a normal distribution."""
FLOOR = -0.2
"""Lower edge of the locus, where the highest arc is 1; the TSS is marked between it and 0."""


def draw_gene(path, gene, elements, own=None, features=None):
    """Draw a gene and its contacted bins in one tissue; the same input gives the same bytes.

    path: written whole, as SVG where it ends in .svg, else as PNG. gene: a row of the genes table: symbol, chrom,
    strand, tss (1-based). elements: the gene's rows of an elements table, of one tissue; classes other than
    contacted bins are ignored. own: DataFrame of the gene's local windows in stretches: start, end (0-based
    half-open), Score. Where either has effect_sd, arcs are dashed whose effect is less than 1.96 of them from 0, and
    bars have intervals as long. features: list of (bin's name, list of (chromatin feature's name, contribution)), the
    strongest first; None where the features have no names.
    """
    contacts = elements[elements["class"] == CONTACT]
    lower = [name for name, given in (("own", own), ("features", features)) if given is not None and len(given)]
    rows = _feature_rows(features or [])
    lower_height = max(LOWER_HEIGHT, 1 + sum(_row_heights(rows)) * figures.LINE_HEIGHT)
    heights = [LOCUS_HEIGHT, lower_height] if lower else [LOCUS_HEIGHT]
    with figures.empty_figure(WIDTH, sum(heights)) as figure:
        panels = figure.subplot_mosaic(
            [["locus"] * len(lower), lower] if lower else [["locus"]],
            height_ratios=heights,
            width_ratios=[2, 3] if len(lower) > 1 else None,
        )
        for axes in panels.values():
            figures.dress(axes)
        _draw_locus(figure, panels["locus"], gene, contacts)
        panels["locus"].set_title(_title(gene, elements, contacts))
        if "own" in panels:
            _draw_own(panels["own"], gene, own)
        if "features" in panels:
            _draw_features(panels["features"], rows)
        figures.write_figure(figure, path)


def _title(gene, elements, contacts):
    """The gene and the tissue, and below them how many contacts it has and which is the strongest."""
    tissue = f", {elements['tissue'].iloc[0]}" if len(elements) else ""
    scores = contacts["Score"].to_numpy()
    bins = count(len(scores), "contacted bin")
    if not len(scores):
        about = "no contacted bin"
    elif not scores.any():
        about = f"{bins}, none with an effect"
    else:
        strongest = int(np.abs(scores).argmax())
        about = f"{bins}, strongest {contacts['name'].iloc[strongest]}: {_signed(scores[strongest])}"
        if np.isfinite(deviation := _deviations(contacts)[strongest]):
            about = f"{about} (sd {deviation:.2g})\ndashed: less than {WITHIN} sd from 0"
    lines = [figures.label(line, TITLE_LINE, 1) for line in about.split("\n")]
    return "\n".join([figures.label(f"{gene.symbol}{tissue}", TITLE_LINE, 2), *lines])


def _deviations(elements):
    """Standard deviations of effects, float64 (n,); NaN where there are none."""
    return elements["effect_sd"].to_numpy() if "effect_sd" in elements else np.full(len(elements), np.nan)


def _draw_locus(figure, axes, gene, contacts):
    """Arcs from the TSS to the middle of each contacted bin, the strongest on top; the farther, the higher."""
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    contacts = contacts.iloc[np.abs(contacts["Score"].to_numpy()).argsort(kind="stable")]
    middles, scores = (contacts["start"] + contacts["end"]).to_numpy() / 2, contacts["Score"].to_numpy()
    tss, largest = gene.tss - 1, np.abs(scores).max(initial=0.0)
    reach = np.abs(middles - tss).max(initial=0.0) or 1.0
    scale = _scale(largest or 1.0)
    colours, widths = scale.to_rgba(scores), THIN + (THICK - THIN) * np.abs(scores) / (largest or 1.0)
    arcs = [_arc(tss, middle, np.sqrt(abs(middle - tss) / reach)) for middle in middles]
    styles = np.where(np.abs(scores) < WITHIN * _deviations(contacts), "--", "-").tolist()
    caps = {"capstyle": "butt" if "--" in styles else "round"}
    axes.add_collection(LineCollection(arcs, colors=colours, linewidths=widths, linestyles=styles, **caps))
    axes.vlines(middles, FLOOR / 4, 0, colors=colours, linewidths=np.maximum(widths, 1.5))
    axes.axhline(0, color=figures.MUTED, linewidth=0.8, zorder=0.9)
    ends = np.array([*middles, tss]) if len(contacts) else tss + np.array([-LEAST_REACH, LEAST_REACH])
    margin = max(0.06 * np.ptp(ends), 1000)
    unit, name = (1e6, "Mb") if np.ptp(ends) >= LONG else (1e3, "kb")
    axes.set(
        xlim=(ends.min() - margin, ends.max() + margin),
        ylim=(FLOOR, 1.08),
        xlabel=f"{figures.label(gene.chrom)}, {name}",
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    figures.few_ticks(axes.xaxis, 6)
    axes.xaxis.set_major_formatter(lambda place, _: f"{place / unit:,.9g}")
    _mark_tss(axes, gene)
    if largest:
        bar = figure.colorbar(
            scale, ax=axes, label=f"effect of a contact (colour and width),\n{UNIT}", pad=0.01, aspect=25
        )
        bar.outline.set_visible(False)
        figures.few_ticks(bar.ax.yaxis, 6, symmetric=True, steps=None)
        bar.ax.yaxis.set_major_formatter(_plainly)


def _scale(largest):
    """From loss to gain, as much of either."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415
    from matplotlib.colors import LinearSegmentedColormap, Normalize  # noqa: PLC0415

    return ScalarMappable(
        Normalize(-largest, largest), LinearSegmentedColormap.from_list("loss_to_gain", figures.LOSS_TO_GAIN_LINES)
    )


def _arc(start, end, height):
    """Half an ellipse over the stretch between two places: (points, 2)."""
    angles = np.linspace(0, np.pi, ARC_POINTS)
    x = (start + end) / 2 + (start - end) / 2 * np.cos(angles)
    return np.column_stack([x, height * np.sin(angles)])


def _mark_tss(axes, gene):
    """The TSS, an arrow the way the gene runs, and its name on the side where there is more room."""
    tss, way = gene.tss - 1, 1 if gene.strand == "+" else -1
    low, high = axes.get_xlim()
    side = 1 if tss - low <= high - tss else -1
    place = FLOOR * 0.55
    axes.vlines(tss, place, 0, color=figures.INK, linewidth=1.5, zorder=3)
    arrow = {"arrowstyle": "<|-", "color": figures.INK, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (tss, place), (22 * way, 0), textcoords="offset points", arrowprops=arrow)
    axes.annotate(
        figures.label(gene.symbol, NAME_LINE, 1),
        (tss, place),
        (side * (28 if way == side else 6), 0),
        textcoords="offset points",
        ha="left" if side == 1 else "right",
        va="center",
        fontstyle="italic",
    )


def _draw_own(axes, gene, own):
    """A bar for each stretch of the gene's local windows, in kb from the TSS along the chromosome."""
    starts, ends = ((own[name].to_numpy() - (gene.tss - 1)) / 1000 for name in ("start", "end"))
    scores = own["Score"].to_numpy()
    axes.bar(starts, scores, ends - starts, align="edge", color=_by_sign(scores), linewidth=0)
    known = np.isfinite(deviations := _deviations(own))
    if known.any():
        middles, lengths = ((starts + ends) / 2)[known], WITHIN * deviations[known]
        axes.errorbar(middles, scores[known], lengths, fmt="none", ecolor=figures.INK, elinewidth=0.7)
    axes.axhline(0, color=figures.MUTED, linewidth=0.8)
    axes.axvline(0, color=figures.INK, linewidth=1.2)
    downstream = "right" if gene.strand == "+" else "left"
    axes.set(title="local windows", xlabel=f"kb from the TSS; downstream is to the {downstream}", ylabel=UNIT)
    for axis, steps in ((axes.xaxis, [1, 2, 5, 10]), (axes.yaxis, None)):
        figures.few_ticks(axis, 5, steps=steps)
        axis.set_major_formatter(_plainly)


def _plainly(value, _):
    return f"{value:g}".replace("-", "−")


def _signed(value):
    return f"{value:+.3g}".replace("-", "−")


def _feature_rows(features):
    """Rows of the panel: (text, contribution), with None for the contribution where the text is a bin's name."""
    rows = []
    for name, contributions in features:
        rows.append((figures.label(name, FEATURE_LINE, 2), None))
        rows += [(figures.label(feature, FEATURE_LINE, 2), value) for feature, value in contributions]
    return rows


def _row_heights(rows):
    """In lines of text; names of bins stand apart from what is above."""
    return [figures.line_count([name]) + (0.9 if value is None else 0.35) for name, value in rows]


def _draw_features(axes, rows):
    """A bar for each feature, below the name of its bin."""
    bottoms = np.cumsum(_row_heights(rows))
    places = bottoms - 0.175 - np.array([figures.line_count([name]) for name, _ in rows]) / 2
    values = np.array([0.0 if value is None else value for _, value in rows])
    axes.barh(places, values, 0.8, color=_by_sign(values))
    axes.axvline(0, color=figures.MUTED, linewidth=0.8)
    axes.set_yticks(places, labels=[name for name, _ in rows])
    for text, (_, value) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set_fontweight("bold" if value is None else "normal")
    axes.set_ylim(bottoms[-1], 0)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set(title="chromatin features of the strongest bins", xlabel=f"contribution, {UNIT}")
    figures.few_ticks(axes.xaxis, steps=None)
    axes.xaxis.set_major_formatter(_plainly)


def _by_sign(values):
    return np.where(values < 0, figures.ORANGE, figures.BLUE)
