"""Whether effects separate the elements that regulate a gene from the others, beside the distance to its TSS."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from spex.models.scores import CONFIDENCE, RESAMPLES, RESAMPLES_AT_ONCE

CLASSES = {
    "0-20 kb": (0, 20_000),
    "20-100 kb": (20_000, 100_000),
    "100-2500 kb": (100_000, 2_500_000),
    "all": (0, np.inf),
}
"""Classes of the distance between an element's middle and the TSS, in bp: from, below."""

LEAST = 3
"""Pairs of either kind that a class has to have."""
METRICS = ("auprc", "auroc")
COLUMNS = [
    *("class", "pairs", "positives", "score"),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
]


def score_pairs(pairs, resamples=RESAMPLES, seed=0):
    """Score effects, and the distance to the TSS, as predictors of which pairs are regulated.

    pairs: DataFrame with regulated (bool), distance (bp) and effect, of one tissue and model. resamples: samples of the
    pairs for 95 % percentile intervals, each with as many regulated pairs and as many others as there are; the same for
    both scores. seed: of these draws.

    Returns: DataFrame, three rows a class of distances: class, pairs, positives, score ("effect", "distance", and
    "difference" of the first from the second), auprc, auroc, and the ends of their intervals (_low, _high). auprc is
    the average precision. NaN in a class with fewer than LEAST pairs of either kind.
    """
    rows = []
    for name, (least, most) in CLASSES.items():
        part = pairs[(pairs["distance"] >= least) & (pairs["distance"] < most)]
        figures = _figures(part, resamples, seed)
        shared = {"class": name, "pairs": len(part), "positives": int(part["regulated"].sum())}
        rows += [shared | {"score": score} | figures[score] for score in ("effect", "distance", "difference")]
    return pd.DataFrame(rows, columns=COLUMNS)


def pair_scores(pairs, elements, tss):
    """What pairs that name their gene by its symbol are scored by, in their order.

    pairs: as of `overlapping_effects`, gene being the symbol. elements: rows of an elements table of one tissue and
    model. tss: Series, symbol -> (chrom, TSS, 1-based).

    Returns: DataFrame of the pairs with distance (bp) and effect. Those whose symbol is that of no gene on their
    chromosome, or of several, are left out.
    """
    places = pd.DataFrame(list(tss), columns=["chrom", "tss"]).assign(gene=tss.index)
    known = pairs.merge(places.drop_duplicates(["gene", "chrom"], keep=False), on=["gene", "chrom"])
    distance, effect = distances(known, known["tss"]), overlapping_effects(known, elements, "TargetGene")
    return known.drop(columns="tss").assign(distance=distance, effect=effect)


def distances(pairs, tss):
    """bp from the middle of each pair's element to the TSS of its gene, (n,) int64. tss: (n,), 1-based."""
    return ((pairs["start"] + pairs["end"]) // 2 - (tss - 1)).abs()


def overlapping_effects(pairs, elements, key="TargetGeneEnsemblID"):
    """Sum of the sizes of the effects of each pair's gene's elements that overlap the tested one, (n,) float64.

    pairs: DataFrame (n) of chrom, start, end (0-based half-open), gene (Ensembl id). elements: rows of an elements
    table of one tissue and model. key: its column that has the pairs' genes.
    """
    elements = elements.loc[elements[key].isin(pairs["gene"]), ["chr", "start", "end", key, "Score"]]
    both = (
        pairs[["chrom", "start", "end", "gene"]]
        .assign(pair=np.arange(len(pairs)))
        .merge(elements, left_on=["chrom", "gene"], right_on=["chr", key], suffixes=("", "_element"))
    )
    both = both[(both["start_element"] < both["end"]) & (both["end_element"] > both["start"])]
    return np.bincount(both["pair"], both["Score"].abs(), len(pairs))


def _figures(part, resamples, seed):
    """Both metrics with their intervals: dict of score -> dict of column -> number."""
    regulated = part["regulated"].to_numpy()
    scores = {"effect": part["effect"].to_numpy(), "distance": -part["distance"].to_numpy()}
    if min(regulated.sum(), (~regulated).sum()) < LEAST:
        return {name: {} for name in (*scores, "difference")}
    values = {
        name: np.array([average_precision_score(regulated, score), roc_auc_score(regulated, score)])
        for name, score in scores.items()
    }
    samples = _resampled(regulated, scores, resamples, seed)
    for found in (values, samples):
        found["difference"] = found["effect"] - found["distance"]
    return {name: _row(values[name], np.percentile(samples[name], CONFIDENCE, axis=1)) for name in values}


def _row(values, edges):
    """values: of METRICS. edges: (2, metrics), low and high."""
    row = {}
    for metric, value, low, high in zip(METRICS, values, *edges, strict=True):
        row |= {metric: value, f"{metric}_low": low, f"{metric}_high": high}
    return row


def _resampled(regulated, scores, resamples, seed):
    """The metrics of samples of the pairs, the same samples for each score: dict of score -> (metrics, resamples)."""
    rng = np.random.default_rng(seed)
    codes = {name: np.unique(-score, return_inverse=True)[1] for name, score in scores.items()}  # 0 is the highest
    found = {name: [] for name in scores}
    for first in range(0, resamples, RESAMPLES_AT_ONCE):
        samples = min(RESAMPLES_AT_ONCE, resamples - first)
        drawn = [_draw(rng, np.flatnonzero(kind), samples) for kind in (regulated, ~regulated)]
        for name, code in codes.items():
            found[name].append(areas(*(_counts(code[places], code.max() + 1) for places in drawn)))
    return {name: np.concatenate(parts, axis=1) for name, parts in found.items()}


def _draw(rng, places, samples):
    return rng.choice(places, (samples, len(places)))


def _counts(codes, width):
    """How often each code from 0 to width - 1 occurs in each row: (rows, width)."""
    rows = len(codes)
    return np.bincount((codes + width * np.arange(rows)[:, None]).ravel(), minlength=rows * width).reshape(rows, width)


def areas(positives, negatives):
    """Average precision and area under the ROC curve, each of many samples at once, as scikit-learn defines them.

    positives, negatives: (samples, scores) how many of either kind have each of the distinct scores, the highest first.

    Returns: (2, samples) float64.
    """
    true, false = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    all_true, all_false = true[:, -1], false[:, -1]
    precision = (positives * (true / np.maximum(true + false, 1))).sum(axis=1) / all_true
    below = all_false[:, None] - false + negatives / 2  # ties count half
    return np.stack([precision, (positives * below).sum(axis=1) / (all_true * all_false)])
