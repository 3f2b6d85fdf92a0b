import itertools

import numpy as np
import pandas as pd
import pytest
from made_elements import elements
from numpy.testing import assert_allclose

from spex.models.benchmark import (
    COLUMNS,
    _resampled,
    areas,
    distances,
    overlapping_effects,
    pair_scores,
    score_pairs,
)

TSS = {"MYC": 30_001, "OTHER": 500_001}
EDGES = {"0-20 kb": (0, 20), "20-100 kb": (20, 100), "100-2500 kb": (100, 2500), "all": (0, np.inf)}


def pairs_of(*rows):
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "gene", "regulated"])


def scored(pairs, table):
    """The pairs with what they are scored by."""
    distance = distances(pairs, pairs["gene"].map(TSS))
    return pairs.assign(distance=distance, effect=overlapping_effects(pairs, table))


def slow_auroc(regulated, scores):
    """The share of pairs of a regulated and another one in which the former has the higher score; ties count half."""
    wins = [
        (high > low) + (high == low) / 2
        for (high, first), (low, second) in itertools.product(zip(scores, regulated, strict=True), repeat=2)
        if first and not second
    ]
    return sum(wins) / len(wins)


def slow_average_precision(regulated, scores):
    """Mean over the regulated ones of the precision among all that score as high or higher."""
    precisions = [
        np.mean([yes for yes, other in zip(regulated, scores, strict=True) if other >= score])
        for score, mine in zip(scores, regulated, strict=True)
        if mine
    ]
    return np.mean(precisions)


def random_world(pairs, seed=0):
    """Pairs around two genes at every distance, and elements of which those with large effects are regulated more."""
    rng = np.random.default_rng(seed)
    genes = rng.choice(["MYC", "OTHER"], pairs)
    offsets = np.rint(10 ** rng.uniform(3, 6, pairs)).astype(int)
    starts = np.array([TSS[gene] for gene in genes]) + offsets
    tested = pairs_of(*(("chr8", start, start + 500, gene, False) for start, gene in zip(starts, genes, strict=True)))
    bins = sorted({(gene, start // 1000 * 1000) for gene, start in zip(genes, starts, strict=True)})
    table = elements(
        *(
            {"TargetGeneEnsemblID": gene, "start": start, "end": start + 1000, "Score": score}
            for (gene, start), score in zip(bins, np.round(rng.normal(size=len(bins)), 1), strict=True)
        )
    )
    effects = scored(tested, table)["effect"]
    tested["regulated"] = rng.random(pairs) < 0.1 + 0.5 * (effects > 1) + 0.3 * (offsets < 10_000)
    return tested, table


def test_a_pair_is_scored_by_hand():
    table = elements(
        {"start": 5000, "end": 6000, "Score": 0.5, "TargetGeneEnsemblID": "MYC"},
        {"start": 6000, "end": 7000, "Score": -0.25, "TargetGeneEnsemblID": "MYC"},
        {"start": 7000, "end": 8000, "Score": 4.0, "TargetGeneEnsemblID": "MYC"},
        {"start": 6000, "end": 7000, "Score": 8.0, "TargetGeneEnsemblID": "OTHER"},
        {"start": 6000, "end": 7000, "Score": 8.0, "chr": "chr1", "TargetGeneEnsemblID": "MYC"},
    )
    tested = pairs_of(
        ("chr8", 5500, 7000, "MYC", True),
        ("chr8", 100, 5000, "MYC", False),
        ("chr8", 6999, 7001, "OTHER", False),
    )
    found = scored(tested, table)
    assert list(found["effect"]) == [0.75, 0, 8]
    assert list(found["distance"]) == [30_000 - 6250, 30_000 - 2550, 500_000 - 7000]


def test_pairs_by_symbol_are_those_whose_symbol_is_of_one_gene_there():
    table = elements({"start": 5000, "end": 6000, "Score": 0.5, "TargetGeneEnsemblID": "id", "TargetGene": "MYC"})
    tested = pairs_of(
        *(("chr8", 5500, 7000, "MYC", True), ("chr8", 5500, 7000, "TWICE", True), ("chr1", 5500, 7000, "MYC", True))
    )
    tss = pd.Series({"MYC": ("chr8", 30_001)})
    twice = pd.Series([("chr8", 1), ("chr8", 9)], index=["TWICE"] * 2)
    found = pair_scores(tested, table, pd.concat([tss, twice]))
    assert found[["gene", "chrom", "distance", "effect"]].to_numpy().tolist() == [["MYC", "chr8", 30_000 - 6250, 0.5]]
    assert pair_scores(tested, table, pd.concat([tss, tss])).empty


@pytest.mark.parametrize("seed", range(5))
def test_areas_equal_slow_counts_and_scikit_learn_with_ties(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    regulated, scores = rng.random(40) < 0.3, rng.integers(0, 12, 40)
    counts = [np.bincount(11 - scores[kind], minlength=12)[None] for kind in (regulated, ~regulated)]
    precision, auroc = areas(*counts)[:, 0]
    assert_allclose(precision, slow_average_precision(regulated, scores), rtol=1e-12)
    assert_allclose(auroc, slow_auroc(regulated, scores), rtol=1e-12)
    assert_allclose(precision, metrics.average_precision_score(regulated, scores), rtol=1e-12)
    assert_allclose(auroc, metrics.roc_auc_score(regulated, scores), rtol=1e-12)


def test_figures_equal_slow_ones_in_every_class():
    tested, table = random_world(300)
    found = score_pairs(scored(tested, table), resamples=20)
    assert list(found.columns) == COLUMNS
    assert list(found["class"]) == [name for name in EDGES for _ in range(3)]
    known = scored(tested, table)
    for name, (least, most) in EDGES.items():
        part = known[(known["distance"] >= 1000 * least) & (known["distance"] < 1000 * most)]
        rows = found[found["class"] == name].set_index("score")
        assert (rows["pairs"] == len(part)).all() and (rows["positives"] == part["regulated"].sum()).all()
        for score, values in (("effect", part["effect"]), ("distance", -part["distance"])):
            assert_allclose(rows.at[score, "auroc"], slow_auroc(part["regulated"], values), rtol=1e-12)
            assert_allclose(rows.at[score, "auprc"], slow_average_precision(part["regulated"], values), rtol=1e-12)
        for metric in ("auprc", "auroc"):
            assert rows.at["difference", metric] == rows.at["effect", metric] - rows.at["distance", metric]
            assert (rows[f"{metric}_low"] <= rows[f"{metric}_high"]).all()


def test_samples_are_drawn_within_each_kind_and_are_the_same_for_both_scores():
    rng = np.random.default_rng(4)
    regulated = np.arange(30) < 8
    scores = {"effect": rng.integers(0, 9, 30), "distance": -rng.integers(0, 9, 30)}
    found = _resampled(regulated, scores, 230, seed=7)  # more than are drawn at once
    rng, expected = np.random.default_rng(7), {name: [] for name in scores}
    for samples in (100, 100, 30):
        chosen = [rng.choice(np.flatnonzero(kind), (samples, kind.sum())) for kind in (regulated, ~regulated)]
        for sample in np.concatenate(chosen, axis=1):
            for name, values in scores.items():
                yes, mine = regulated[sample], values[sample]
                expected[name].append((slow_average_precision(yes, mine), slow_auroc(yes, mine)))
    for name, values in expected.items():
        assert_allclose(found[name].T, values, rtol=1e-12)


def test_intervals_are_percentiles_and_the_same_for_the_same_seed():
    tested, table = random_world(200)
    found = score_pairs(scored(tested, table))
    pd.testing.assert_frame_equal(score_pairs(scored(tested, table)), found)
    assert not score_pairs(scored(tested, table), seed=1).equals(found)
    known = scored(tested, table)
    scores = {"effect": known["effect"].to_numpy(), "distance": -known["distance"].to_numpy()}
    samples = _resampled(known["regulated"].to_numpy(), scores, 1000, 0)
    rows = found[found["class"] == "all"].set_index("score")
    edges = np.percentile(samples["effect"] - samples["distance"], [2.5, 97.5], axis=1)
    expected = rows.loc["difference", ["auprc_low", "auprc_high", "auroc_low", "auroc_high"]]
    assert_allclose(expected.astype(float), edges.T.ravel())


def test_an_effect_that_decides_is_perfect_and_beats_distance():
    tested, table = random_world(400)
    tested["regulated"] = scored(tested, table)["effect"] > 1
    rows = score_pairs(scored(tested, table)).set_index(["class", "score"])
    assert_allclose(rows.loc[(slice(None), "effect"), ["auprc", "auprc_low", "auroc", "auroc_low"]], 1, rtol=1e-12)
    assert (rows.loc[(slice(None), "difference"), ["auprc_low", "auroc_low"]] > 0).all(axis=None)


@pytest.mark.parametrize(("positives", "negatives"), [(2, 20), (20, 2), (0, 0)])
def test_small_classes_have_counts_alone(positives, negatives):
    rows = [("chr8", 1000 * row, 1000 * row + 500, "MYC", row < positives) for row in range(positives + negatives)]
    found = score_pairs(scored(pairs_of(*rows).astype({"regulated": bool}), elements()))
    assert found[COLUMNS[4:]].isna().all(axis=None)
    assert list(found.loc[found["class"] == "all", "pairs"]) == [positives + negatives] * 3
    assert list(found.loc[found["class"] == "all", "positives"]) == [positives] * 3
