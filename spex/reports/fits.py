"""The pictures of finished fits, drawn from what is in their folders: nothing is fitted for them."""

from spex.models.scores import summarise
from spex.reports import pictures
from spex.reports.pictures import label
from spex.runs import records

MEASURES = {"gbtree": "total gain"}
LINEAR_MEASURE = "the sum of |coefficients| in standard deviations"


def picture_names(record):
    """Names of the pictures that a fit's folder should hold; pooled folds have no model to look into."""
    names = ["predicted_vs_observed.png", "residuals.png"]
    return names if record["history"] is None else [*names, "learning_curve.png", "importance.png"]


def draw_missing(folder, record):
    """Draw a fit unless all its pictures are there."""
    if not all((folder / name).exists() for name in picture_names(record)):
        draw_fit(folder, record)


def draw_fit(folder, record):
    """Draw a finished fit anew.

    folder: of the fit. record: its metrics.json, from `records.read_record`. What is drawn are the numbers in its
    files, so it is the same picture whenever it is drawn.
    """
    settings, scores = record["settings"], record["scores"]
    unit = f"ln(expression + {settings['pseudocount']:g})"
    genes = records.read_table(folder / records.PREDICTIONS, ("id", "symbol", "chrom"))
    observed, predicted = genes["observed"].to_numpy(), genes["predicted"].to_numpy()
    target = label(settings["target"])
    title = f"{target}\n{len(genes):,} genes, {records.split_title(settings)}"
    pictures.draw_predicted_against_observed(
        folder / "predicted_vs_observed.png", observed, predicted, title=title, caption=_caption(scores), unit=unit
    )
    pictures.draw_residuals(folder / "residuals.png", observed, predicted, title=title, unit=unit)
    if record["history"] is None:
        return
    pictures.draw_learning_curve(
        folder / "learning_curve.png",
        record["history"],
        record["chosen"],
        title=target,
        watched=label(records.watched_genes(settings)),
        unit=unit,
    )
    pictures.draw_importance(
        folder / "importance.png",
        records.read_table(folder / records.IMPORTANCE_GROUPS, ("group", "name")).fillna({"name": ""}),
        title=target,
        measure=MEASURES.get(settings["model"], LINEAR_MEASURE),
    )


def _caption(scores):
    lines = [f"rmse {scores['rmse']:.3f}"]
    for name in ("spearman", "pearson"):
        value, low, high = (_number(scores[key]) for key in (name, f"{name}_low", f"{name}_high"))
        lines.append(f"{name.capitalize()} {value:.3f} ({low:.3f} to {high:.3f})")
    return "\n".join(lines)


def _number(value):
    return float("nan") if value is None else value


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
    pictures.draw_tissues(path.with_suffix(".png"), summary, title=f"{len(summary)} tissues, {model}, {split}")


def draw_folder(results):
    """Draw every finished fit and every table of tissues under a results folder anew.

    Returns: number of fits and tables drawn, and what could not be: pairs of path and why.
    """
    drawn, passed_over = 0, []
    for folder in sorted(path.parent for path in results.glob(f"*/{records.RECORD}")):
        record = records.read_record(folder)
        if record is None or records.find_changed(folder, record):
            passed_over.append((folder, "damaged; the command that made it mends it"))
        elif "history" not in record:
            passed_over.append((folder, "of version 1.0, which kept no history of the training; its own pictures stay"))
        else:
            draw_fit(folder, record)
            drawn += 1
    for path in sorted(results.glob("summary_*.csv")):
        try:
            draw_summary(path)
            drawn += 1
        except (KeyError, ValueError):  # ValueError is also what pandas raises for a file that is no such table
            passed_over.append((path, "damaged, or of version 1.0; the command that made it mends it"))
    return drawn, passed_over
