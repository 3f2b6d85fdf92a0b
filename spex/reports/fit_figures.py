"""Pictures of finished fits and of several tissues, drawn from the files in their folders: nothing is fitted."""

import numpy as np
import pandas as pd

from expecto.gene_features import STEP
from spex.errors import in_words, shown
from spex.models.scores import WITHIN, summarise
from spex.reports.figures import BLUE, GREY, INK, RED, few_ticks, figure, label, legend_above, name_rows, write_figure
from spex.runs import records

MEASURES = {"gbtree": "total gain"}
LINEAR_MEASURE = "the sum of |coefficients| in standard deviations"
FEW_GENES = 200
DENSITY_CELLS = 40
GROUPS_SHOWN = 20
NEIGHBOURS_NAMED = 6
TITLE_LINE, NAME_LINE = 76, 80
"""Letters."""


def picture_names(record):
    """Names of the pictures that a fit's folder should contain; pooled folds have no model to look into."""
    names = ["predicted_vs_observed.png", "residuals.png"]
    return names if record["history"] is None else [*names, "learning_curve.png", "importance.png"]


def draw_missing(folder, record):
    """Draw a fit unless all its pictures are there."""
    if not all((folder / name).exists() for name in picture_names(record)):
        draw_fit(folder, record)


def draw_fit(folder, record):
    """Draw a finished fit again, from the numbers in its files, so that it is the same picture each time.

    folder: of the fit. record: its metrics.json, from `records.read_record`.
    """
    settings = record["settings"]
    unit = f"ln(expression + {settings['pseudocount']:g})"
    genes = records.read_table(folder / records.PREDICTIONS, ("id", "symbol", "chrom"))
    pair = genes["observed"].to_numpy(), genes["predicted"].to_numpy()
    target = label(settings["target"], TITLE_LINE, 2)
    title = f"{target}\n{len(genes):,} genes, {label(records.split_title(settings), TITLE_LINE, 2)}"
    caption = _caption(record["scores"])
    draw_predicted_against_observed(
        folder / "predicted_vs_observed.png", *pair, title=title, caption=caption, unit=unit
    )
    draw_residuals(folder / "residuals.png", *pair, title=title, unit=unit)
    if record["history"] is None:
        return
    watched = shown(records.watched_genes(settings), NAME_LINE)
    curve = folder / "learning_curve.png"
    draw_learning_curve(curve, record["history"], record["chosen"], title=target, watched=watched, unit=unit)
    groups = records.read_table(folder / records.IMPORTANCE_GROUPS, ("group", "name")).fillna({"name": ""})
    measure = MEASURES.get(settings["model"], LINEAR_MEASURE)
    draw_importance(folder / "importance.png", groups, title=target, measure=measure)


def _caption(scores):
    lines = [f"rmse {scores['rmse']:.3f}"]
    names = {"spearman": "Spearman", "pearson": "Pearson"}
    if WITHIN[0] in scores:
        names = {WITHIN[0]: "Spearman within chromosomes", "spearman": "Spearman, pooled", "pearson": "Pearson, pooled"}
    for name, text in names.items():
        ends = (scores[f"{name}{end}"] for end in ("", "_low", "_high"))
        value, low, high = (float("nan") if end is None else end for end in ends)
        lines.append(f"{text} {value:.3f} ({low:.3f} to {high:.3f})")
    return "\n".join(lines)


def draw_predicted_against_observed(path, observed, predicted, *, title, caption, unit):
    """Draw predictions against observations, each gene a dot; many genes are coloured by how many lie near.

    observed, predicted: (n,). unit: of both axes. caption: text inside the axes.
    """
    with figure(6.4, 5.6) as (drawn, (axes,)):
        if len(observed) < FEW_GENES:
            axes.scatter(observed, predicted, color=BLUE, s=18, linewidths=0)
        else:
            density = _density(observed, predicted)
            order = np.argsort(density)
            dots = axes.scatter(observed[order], predicted[order], c=density[order], s=14, cmap="viridis", linewidths=0)
            drawn.colorbar(dots, ax=axes, label=f"genes per cell of a {DENSITY_CELLS} × {DENSITY_CELLS} grid")
        ends = [min(observed.min(), predicted.min()), max(observed.max(), predicted.max())]
        axes.plot(ends, ends, color=RED, linewidth=1, label="predicted = observed")
        axes.set(xlabel=f"observed, {unit}", ylabel=f"predicted, {unit}", title=title)
        axes.legend(loc="lower right")
        axes.text(0.02, 0.98, caption, transform=axes.transAxes, va="top")
        write_figure(drawn, path)


def _density(x, y):
    """Number of points in each point's cell of a coarse grid over the picture."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=DENSITY_CELLS)
    column = np.clip(np.searchsorted(x_edges, x, side="right") - 1, 0, DENSITY_CELLS - 1)
    row = np.clip(np.searchsorted(y_edges, y, side="right") - 1, 0, DENSITY_CELLS - 1)
    return counts[column, row]


def draw_residuals(path, observed, predicted, *, title, unit):
    """Draw the histogram of observed - predicted, with its mean and its median."""
    residuals = observed - predicted
    with figure(6.4, 4) as (drawn, (axes,)):
        bins = "sqrt" if len(residuals) < FEW_GENES else 60
        axes.hist(residuals, bins=bins, color=BLUE, edgecolor="white", linewidth=0.8)
        axes.axvline(0, color=INK, linewidth=1)
        for value, name, style in ((residuals.mean(), "mean", "--"), (np.median(residuals), "median", ":")):
            axes.axvline(
                value, color=RED, linestyle=style, linewidth=1.5, label=f"{name} {value:.3f}".replace("-", "−")
            )
        axes.set(xlabel=f"observed − predicted, {unit}", ylabel="genes", title=title)
        few_ticks(axes.yaxis, 6, integer=True)
        drawn.legend(loc="outside lower center", ncols=2)
        write_figure(drawn, path)


def draw_learning_curve(path, history, chosen, *, title, watched, unit):
    """Draw the error over rounds, or over penalties, and the chosen one.

    history, chosen: as a fit has them. watched: what the watched rows are, for the legend. Where the neighbour block
    has a penalty of its own, the curves are those at the chosen one, and the watched rows' at the others are grey.
    """
    with figure(6.4, 4) as (drawn, (axes,)):
        if "neighbour_penalty" in history:
            history = _at_the_chosen_neighbour_penalty(axes, history, chosen)
            watched = f"{watched}, neighbours {in_words(chosen['neighbour_penalty'])}"
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
        axes.legend()
        write_figure(drawn, path)


def _at_the_chosen_neighbour_penalty(axes, history, chosen):
    """The part of a history that has the chosen penalty of the neighbour block; the others are drawn in grey."""
    table = pd.DataFrame(history)
    parts = dict(list(table.groupby("neighbour_penalty", sort=False)))
    kept = parts.pop(chosen["neighbour_penalty"])
    for shade, (value, part) in zip(np.linspace(0.35, 0.8, len(parts)), parts.items(), strict=True):
        text = f"the same, neighbours {in_words(value)}" if len(parts) <= NEIGHBOURS_NAMED else None
        axes.plot(part["penalty"], part["watched"], color=str(shade), linewidth=1, label=text)
    return {name: kept[name].tolist() for name in ("penalty", "train", "watched")}


def draw_importance(path, groups, *, title, measure):
    """Draw which assays (cell types are in the table), or features of another model, and which positions a model uses.

    groups: from `importance.by_group`. measure: what a share is a share of.
    """
    kinds = [kind for kind in ("assay", "feature", "position") if (groups["group"] == kind).any()]
    with figure(6.4 * len(kinds), 5.6, len(kinds)) as (drawn, panels):
        for axes, kind in zip(panels, kinds, strict=True):
            every = groups[groups["group"] == kind]
            top = every.head(GROUPS_SHOWN)
            axes.barh(range(len(top)), 100 * top["share"], color=BLUE)
            name_rows(axes, [label(_with_unit(str(name)), NAME_LINE, 1) for name in top["name"]])
            some = f": {len(top)} of {len(every)}" if len(every) > len(top) else ""
            heading = f"{title}\n" if kind == kinds[0] else ""
            axes.set(xlabel=f"% of {measure}", title=f"{heading}by {kind}{some}")
        write_figure(drawn, path)


def _with_unit(position):
    """A position's name with the unit of its decay rate."""
    return f"{position} per {STEP} bp" if ", decay " in position else position


def draw_tissues(path, summary, *, title):
    """Draw tissues by Spearman correlation, each with its interval; of folds put together the mean within chromosomes,
    and the pooled one beside it.

    summary: from `scores.summarise`, drawn in its order.
    """
    single, name = summary["fits"] == 1, WITHIN[0] if WITHIN[0] in summary else "spearman"
    low = summary[f"{name}_low"].where(single, summary[f"{name}_min"])
    high = summary[f"{name}_high"].where(single, summary[f"{name}_max"])
    rows = np.arange(len(summary))
    with figure(8, 1.6 + 0.2 * len(summary)) as (drawn, (axes,)):
        axes.hlines(rows, low, high, color=GREY, linewidth=2.5)
        axes.plot(summary[name], rows, "o", color=BLUE, markersize=5, label="mean within chromosomes")
        if name != "spearman":
            axes.plot(summary["spearman"], rows, "|", color=RED, markersize=9, label="pooled")
            legend_above(drawn)
        name_rows(axes, [label(name, NAME_LINE, 1) for name in summary["target"]], fontsize=8)
        spread = "with 95 % interval over genes" if single.all() else "mean and range over the repeats"
        axes.set(xlabel=f"Spearman correlation, {spread}", title=title)
        write_figure(drawn, path)


def write_summary(results, finished):
    """Write several tissues as one table and draw it. finished: records of one model and split.

    Returns: the table, from `scores.summarise`, and the path of its file.
    """
    summary = summarise(records.results_table(finished))
    settings = finished[0]["settings"]
    digest = records.digest([record["name"] for record in finished])
    path = results / f"summary_{settings['model']}_{records.readable(settings['split'], also='+')}_{digest}.csv"
    records.write_table(path, summary)
    draw_summary(path)
    return summary, path


def draw_summary(path):
    """Draw a table that `write_summary` wrote, beside it."""
    summary = records.read_table(path, ("target",)).fillna({"target": ""})
    model, _, rest = path.stem.removeprefix("summary_").partition("_")
    split = records.split_title({"split": rest.rpartition("_")[0]})
    draw_tissues(path.with_suffix(".png"), summary, title=f"{len(summary)} tissues, {model}, {split}")


def draw_folder(results):
    """Draw every finished fit and every table of tissues under a results folder again.

    Returns: number of fits and tables drawn, and what could not be: pairs of path and why.
    """
    drawn, left_out = 0, []
    for folder in sorted(path.parent for path in results.glob(f"*/{records.RECORD}")):
        record = records.read_record(folder)
        if record is None or records.find_changed(folder, record):
            left_out.append((folder, "damaged; rerun the command that made it to rebuild it"))
        elif "imported" in record:
            left_out.append((folder, "imported, so there are no predictions here to draw"))
        elif "history" not in record:
            left_out.append((folder, "of version 1.0, which kept no history of the training; its own pictures stay"))
        else:
            draw_fit(folder, record)
            drawn += 1
    for path in sorted(results.glob("summary_*.csv")):
        try:
            draw_summary(path)
            drawn += 1
        except (KeyError, ValueError):  # ValueError is also what pandas raises for a file that is no such table
            left_out.append((path, "damaged, or of version 1.0; rerun the command that made it to rebuild it"))
    return drawn, left_out
