"""Tables on a terminal: named, narrow, without columns of equal numbers. The files beside them have the rest."""

import pandas as pd

from spex.errors import visible
from spex.models.scores import WITHIN
from spex.reports.numbers import missing

COLUMNS = 100
"""Widest table."""


def score_table(summary):
    """Scores of several tissues or fits as text.

    summary: DataFrame of `spex.models.scores.summarise`. Of folds put together, Spearman's correlation within
    chromosomes stands in the place of Pearson's.
    """
    single = bool((summary["fits"] == 1).all())
    shown = {"Spearman": "spearman", "Pearson": "pearson"}
    if WITHIN[0] in summary:
        shown = {"Spearman within": WITHIN[0], "pooled": "spearman"}
    table = pd.DataFrame(
        {"index": summary["target_index"], "tissue": summary["target"], "genes": summary["genes_test"]}
    )
    if single:
        table["rmse"] = summary["rmse"].map("{:.4f}".format)
        for name, column in shown.items():
            table[f"{name} (95 % interval)"] = with_interval(summary, column, "{:.4f}", "{:.3f}")
    else:
        table["fits"] = summary["fits"]
        for name, column in {"rmse": "rmse", **shown}.items():
            mean, deviation = (summary[f"{column}{end}"].map("{:.4f}".format) for end in ("", "_std"))
            table[f"{name} ± s.d."] = mean + " ± " + deviation
    return fitted(table, "tissue")


def pair_table(scores):
    """Scores of effects and baselines on tested pairs as text, over all distances. scores: DataFrame of `score_pairs`
    and tissue."""
    scores = scores[scores["class"] == "all"]
    table = scores[["tissue", "score"]].copy()
    for title, name in (("average precision", "auprc_average"), ("AUROC", "auroc")):
        table[title] = with_interval(scores, name, "{:.3f}", "{:.3f}")
    table["effect more"] = with_interval(scores, "auroc_difference", "{:+.3f}", "{:+.3f}")
    table["effect more"] = table["effect more"].mask(scores["score"] == "effect", "")
    return fitted(table, "tissue")


def with_interval(table, name, form, end_form):
    """Numbers of a column, with their intervals in brackets where there are any: list of text."""
    columns = (table[each].astype(float) for each in (name, f"{name}_low", f"{name}_high"))
    return [
        form.format(value) + ("" if missing(low) else f" ({end_form.format(low)} to {end_form.format(high)})")
        for value, low, high in zip(*columns, strict=True)
    ]


def fitted(table, column):
    """A table as text of at most `COLUMNS` letters a line. column: of names, which are cut where they have to be."""
    names = table[column].map(visible)
    rest = table.assign(**{column: ""}).to_string(index=False).partition("\n")[0]
    room = COLUMNS - len(rest) + len(column)
    names = [name if len(name) <= room else f"{name[: room - 1]}…" for name in names]
    return table.assign(**{column: names}).to_string(index=False)
