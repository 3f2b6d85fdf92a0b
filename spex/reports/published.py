"""The published figures beside those of a reproduction, as Markdown.

Chiliński et al., Sci Rep 13:11693 (2023), and its released program: target 22, test chromosome 8.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.models.scores import Scores, score
from spex.models.splits import LEAST_GENES, TEST_CHROM
from spex.reports.pages import render
from spex.runs.records import FORMAT, PREDICTIONS, read_record, read_table

TARGET = 22
"""Target index of EBV-transformed lymphocytes."""

PROTOCOL = {"format": FORMAT, "target_index": TARGET, "model": "gbtree", "split": f"test-{TEST_CHROM}"}

TITLES = {"sequence": "sequence alone", "contacts": "with contacts (RNA Pol II ChIA-PET, GM12878)"}
ALL_GENES, GENES_WITH_CONTACTS = "all", "with contacts"
PUBLISHED = {
    ("sequence", ALL_GENES): (
        990,
        Scores(rmse=2.2754, spearman=0.8229, spearman_p=9.17e-245, pearson=0.8325, pearson_p=1.29e-255),
    ),
    ("contacts", GENES_WITH_CONTACTS): (
        972,
        Scores(rmse=2.0241, spearman=0.8569, spearman_p=1.90e-281, pearson=0.8685, pearson_p=5.78e-298),
    ),
}
"""Genes and figures of the published runs; the numbers of genes follow from the p-values."""


@dataclass(frozen=True)
class Training:
    """One training: its record (`metrics.json`) and its test genes, a DataFrame indexed by gene id."""

    record: dict
    predictions: pd.DataFrame


def compare(folders, seeds, genes_per_chrom=None):
    """The comparison; nothing in it depends on when or where the run was made, or how often it was stopped.

    folders: DataFolder of each key of TITLES. seeds: those of the trainings to compare. genes_per_chrom: how many
    were used in a trial, None for all.
    """
    fits = {features: read_fits(folder, seeds) for features, folder in folders.items()}
    contacts = pd.read_csv(folders["contacts"].contacts_tsv, sep="\t", index_col="id")
    kinds = {ALL_GENES: contacts.index, GENES_WITH_CONTACTS: contacts.index[contacts["has_pixels"] == 1]}
    measured = {(name, kind): scores_of(fits[name], ids) for name in TITLES for kind, ids in kinds.items()}
    first = next(iter(fits["contacts"].values()))
    tested = contacts.loc[first.predictions.index]
    return render(
        "published.md",
        genes_per_chrom=genes_per_chrom,
        rows=list(_rows(measured)),
        gains=[(kind, measured["contacts", kind][0], _gain(measured, kind)) for kind in kinds],
        seeds=seeds,
        record=first.record,
        tested=len(tested),
        with_pixels=int(tested["has_pixels"].sum()),
        with_bins=int((tested["downstream_bins"] + tested["upstream_bins"] > 0).sum()),
    )


def read_fits(folder, seeds):
    """The finished trainings of a data folder by the published protocol with these seeds: dict of seed -> Training."""
    fits = {}
    for path in sorted(folder.results.iterdir()):
        record = read_record(path)
        if not record or "imported" in record:
            continue
        if record["settings"].items() >= PROTOCOL.items() and record["settings"]["seed"] in seeds:
            fits[record["settings"]["seed"]] = Training(record, read_table(path / PREDICTIONS, ("id",)).set_index("id"))
    return fits


def scores_of(fits, ids):
    """Scores of each training on the test genes that are among `ids`: (number of genes, list of Scores)."""
    chosen = [fit.predictions[fit.predictions.index.isin(ids)] for fit in fits.values()]
    count = len(chosen[0])
    return count, [score(genes["observed"], genes["predicted"]) for genes in chosen] if count >= LEAST_GENES else []


def _rows(measured):
    """Cells of the table: what and which genes, published or measured, and figures; none where genes are too few."""
    for (features, kind), (count, scores) in measured.items():
        if published := PUBLISHED.get((features, kind)):
            yield TITLES[features], f"{kind}: {published[0]}", "published", _figures([published[1]])
        yield TITLES[features], f"{kind}: {count}", "measured", _figures(scores) if scores else None


def _figures(scores):
    """Error, correlations and p-values as text. scores: list of Scores."""
    rmse, spearman, pearson = (
        spread([getattr(each, name) for each in scores]) for name in ("rmse", "spearman", "pearson")
    )
    spearman_p, pearson_p = (
        f"{max(getattr(each, f'{name}_p') for each in scores):.2e}" for name in ("spearman", "pearson")
    )
    return rmse, spearman, spearman_p, pearson, pearson_p


def spread(values, form=".4f"):
    """Mean ± standard deviation of a list of numbers; one number stands alone."""
    mean = format(np.mean(values), form)
    return f"{mean} ± {np.std(values, ddof=1):.4f}" if len(values) > 1 else mean


def _gain(measured, kind):
    """What the contacts add to Spearman's correlation, seed by seed on the same genes; none where they are too few."""
    pairs = zip(measured["sequence", kind][1], measured["contacts", kind][1], strict=True)
    gain = [after.spearman - before.spearman for before, after in pairs]
    return spread(gain, "+.4f") if gain else None
