"""Whether effects separate the elements that regulate a gene from the others, beside what knows no sequence."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve

from spex.models.scores import CONFIDENCE

CLASSES = {
    "0-20 kb": (0, 20_000),
    "20-100 kb": (20_000, 100_000),
    "100-2500 kb": (100_000, 2_500_000),
    "all": (0, np.inf),
}
"""Classes of the distance between an element's middle and the TSS, in bp: from, below."""

LEAST = 3
"""Pairs of either kind that a class has to have; blocks with regulated ones, for an interval."""
RESAMPLES, RESAMPLES_AT_ONCE = 10_000, 1000
LOCUS = 2_000_000
"""bp of a locus, whose genes' pairs are resampled together."""
NEAR = 100_000
POWER_LAW = 5000
"""bp up to which expected contacts are the same."""

METRICS = ("auprc_average", "auprc_trapezoid", "auroc")
COLUMNS = [
    *("class", "pairs", "positives", "blocks", "score"),
    *(f"{metric}{kind}{end}" for metric in METRICS for kind in ("", "_difference") for end in ("", "_low", "_high")),
]


def score_pairs(pairs, resamples=RESAMPLES, seed=0):
    """Score effects, and what knows no sequence, as predictors of which pairs are regulated.

    pairs: DataFrame with regulated (bool), and what `predictors` takes, of one tissue and model. block: which pairs
    are resampled together, of any kind that can be sorted; those of one gene where there is no such column. resamples:
    samples of blocks for 95 % percentile intervals, the same for every score. seed: of these draws.

    Returns: DataFrame, a row a class of distances and score: class, pairs, positives, blocks, score, and for each of
    `METRICS` its value, the ends of its interval (_low, _high), and by how much that of the effect is higher
    (_difference, with _difference_low and _difference_high of paired samples). auprc_average: average precision.
    auprc_trapezoid: area below straight lines between the points of the precision-recall curve, without that of all
    pairs and without what lies before the first; NaN of scores of two values. NaN in a class with fewer than LEAST
    pairs of either kind, intervals where the regulated ones are of fewer than LEAST blocks.
    """
    rows = []
    scores = predictors(pairs)
    blocks = np.unique(pairs["block" if "block" in pairs else "gene"], return_inverse=True)[1]
    for name, (least, most) in CLASSES.items():
        part = ((pairs["distance"] >= least) & (pairs["distance"] < most)).to_numpy()
        regulated = pairs["regulated"].to_numpy()[part]
        block = np.unique(blocks[part], return_inverse=True)[1]
        shared = {"class": name, "pairs": len(block), "positives": int(regulated.sum())}
        shared["blocks"] = int(block.max(initial=-1)) + 1
        figures = _figures(regulated, block, {each: score[part] for each, score in scores.items()}, resamples, seed)
        rows += [shared | {"score": score} | figures.get(score, {}) for score in scores]
    return pd.DataFrame(rows, columns=COLUMNS)


def predictors(pairs):
    """What pairs are scored by: dict of name -> (n,) float64, the higher the rather regulated.

    pairs: DataFrame with effect and distance (bp), and where they are to be scored: effect_signed, nearest_tss (bool),
    touched (bool: an element of the gene overlaps the tested one), contacts (sum of their counts), start and end (of
    the tested one).
    """
    near = -pairs["distance"].to_numpy(np.float64)
    scores = {name: pairs[name] for name in ("effect", "effect_signed") if name in pairs} | {"distance": near}
    scores |= {name: pairs[name] for name in ("nearest_tss",) if name in pairs}
    scores["within_100kb"] = near > -NEAR
    if {"start", "end"}.issubset(pairs):
        scores["power_law"] = (pairs["end"] - pairs["start"]) / np.maximum(-near, POWER_LAW)
    if "touched" in pairs:
        touched = pairs["touched"].to_numpy()
        scores |= {"touched": touched, "touched_distance": np.where(touched, near, near.min(initial=0) - 1)}
    scores |= {name: pairs[name] for name in ("contacts",) if name in pairs}
    return {name: np.asarray(score, np.float64) for name, score in scores.items()}


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
    return np.abs((pairs["start"] + pairs["end"]) // 2 - (tss - 1))


def overlapping_effects(pairs, elements, key="TargetGeneEnsemblID"):
    """Sum of the sizes of the effects of each pair's gene's elements that overlap the tested one, (n,) float64; as
    `overlapping_sums` takes them."""
    return overlapping_sums(pairs, elements.assign(Score=elements["Score"].abs()), ["Score"], key)[:, 0]


def overlapping_sums(pairs, elements, columns, key="TargetGeneEnsemblID"):
    """Sums of columns over each pair's gene's elements that overlap the tested one, (n, columns) float64.

    pairs: DataFrame (n) of chrom, start, end (0-based half-open), gene (Ensembl id). elements: rows of an elements
    table of one tissue and model. key: its column that has the pairs' genes.
    """
    elements = elements.loc[elements[key].isin(pairs["gene"]), ["chr", "start", "end", key, *columns]]
    both = (
        pairs[["chrom", "start", "end", "gene"]]
        .assign(pair=np.arange(len(pairs)))
        .merge(elements, left_on=["chrom", "gene"], right_on=["chr", key], suffixes=("", "_element"))
    )
    both = both[(both["start_element"] < both["end"]) & (both["end_element"] > both["start"])]
    return np.stack([np.bincount(both["pair"], both[column], len(pairs)) for column in columns], axis=1)


def _figures(regulated, blocks, scores, resamples, seed):
    """The metrics with their intervals: dict of score -> dict of column -> number."""
    if min(regulated.sum(), (~regulated).sum()) < LEAST:
        return {}
    counts = {name: block_counts(regulated, blocks, score) for name, score in scores.items()}
    values = {name: areas(*count.sum(axis=1, keepdims=True))[:, 0] for name, count in counts.items()}
    if len(np.unique(blocks[regulated])) < LEAST:
        samples = {name: np.full((len(METRICS), 1), np.nan) for name in scores}
    else:
        samples = _resampled(counts, resamples, seed)
    found = {}
    for name, score in scores.items():
        row = _row("", values[name], samples[name])
        if name != "effect":
            row |= _row("_difference", values["effect"] - values[name], samples["effect"] - samples[name])
        if len(np.unique(score)) <= 2:
            row = {column: value for column, value in row.items() if not column.startswith("auprc_trapezoid")}
        found[name] = row
    return found


def _row(kind, values, samples):
    """values: of METRICS. samples: (metrics, samples)."""
    row = {}
    for metric, value, low, high in zip(METRICS, values, *np.percentile(samples, CONFIDENCE, axis=1), strict=True):
        row |= {f"{metric}{kind}": value, f"{metric}{kind}_low": low, f"{metric}{kind}_high": high}
    return row


def _resampled(counts, resamples, seed):
    """The metrics of samples of the blocks, the same samples for each score, without those that lack a kind of pairs.

    counts: score -> as of `block_counts`. Returns: dict of score -> (metrics, samples).
    """
    rng = np.random.default_rng(seed)
    kinds = next(iter(counts.values())).sum(axis=2).T
    found = {name: [] for name in counts}
    for first in range(0, resamples, RESAMPLES_AT_ONCE):
        drawn = rng.integers(len(kinds), size=(min(RESAMPLES_AT_ONCE, resamples - first), len(kinds)))
        times = _counts(drawn, len(kinds)).astype(np.float64)
        times = times[(times @ kinds > 0).all(axis=1)]
        for name, (positives, negatives) in counts.items():
            found[name].append(areas(times @ positives, times @ negatives))
    return {name: np.concatenate(parts, axis=1) for name, parts in found.items()}


def curve(regulated, scores):
    """Recall and precision at each distinct score, the lowest first: two arrays, without scikit-learn's last point."""
    precision, recall, _ = precision_recall_curve(regulated, scores)
    return recall[:-1], precision[:-1]


def block_counts(regulated, blocks, scores):
    """How many regulated pairs and others have which score in each block.

    regulated: (n,) bool. blocks: (n,) from 0. scores: (n,). Neighbouring scores without a regulated pair share a place:
    no metric distinguishes them.

    Returns: (2, blocks, places) float64, regulated and others, the highest score first.
    """
    codes = np.unique(-scores, return_inverse=True)[1]
    there = np.bincount(codes, regulated) > 0
    codes = np.cumsum(np.r_[False, there[1:] | there[:-1]])[codes]
    counts = np.zeros((2, blocks.max() + 1, codes.max() + 1))
    np.add.at(counts, ((~regulated).astype(int), blocks, codes), 1)
    return counts


def _counts(codes, width):
    """How often each code from 0 to width - 1 occurs in each row: (rows, width)."""
    rows = len(codes)
    return np.bincount((codes + width * np.arange(rows)[:, None]).ravel(), minlength=rows * width).reshape(rows, width)


def areas(positives, negatives):
    """`METRICS` of many samples at once; average precision and area under the ROC curve as scikit-learn defines them.

    positives, negatives: (samples, scores) how many of either kind have each of the distinct scores, the highest first.

    Returns: (3, samples) float64.
    """
    true, false = positives.cumsum(axis=1), negatives.cumsum(axis=1)
    all_true, all_false = true[:, -1:], false[:, -1:]
    found, steps = true + false, positives / all_true
    precision = true / np.maximum(found, 1)
    before = np.roll(precision, 1, axis=1)
    # from the first point on to the last but one
    drawn = (found > positives + negatives) & (found < all_true + all_false)
    below = all_false - false + negatives / 2  # ties count half
    average, trapezoid = (steps * precision), (steps * drawn * (precision + before) / 2)
    return np.stack([each.sum(axis=1) for each in (average, trapezoid, steps * below / all_false)])
