import itertools

import numpy as np
import pandas as pd
import pytest
from made_elements import elements
from numpy.testing import assert_allclose

from spex.models.benchmark import (
    COLUMNS,
    METRICS,
    _resampled,
    areas,
    block_counts,
    distances,
    overlapping_effects,
    overlapping_sums,
    pair_scores,
    predictors,
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


def slow_trapezoid(regulated, scores):
    """Area below the curve by scikit-learn's points, without that of all pairs and without the one it adds."""
    metrics = pytest.importorskip("sklearn.metrics")
    precision, recall, _ = metrics.precision_recall_curve(regulated, scores, drop_intermediate=False)
    return np.trapezoid(precision[1:-1][::-1], recall[1:-1][::-1])


def slow_metrics(regulated, scores):
    found = slow_average_precision(regulated, scores), slow_trapezoid(regulated, scores)
    return *found, slow_auroc(regulated, scores)


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


def test_sums_of_several_columns_are_those_of_each():
    tested, table = random_world(60)
    table["count"] = np.arange(len(table)) % 7
    found = overlapping_sums(tested, table, ["count", "Score"])
    for number, pair in enumerate(tested.itertuples()):
        own = table[(table["TargetGeneEnsemblID"] == pair.gene)]
        own = own[(own["start"] < pair.end) & (own["end"] > pair.start)]
        assert_allclose(found[number], [own["count"].sum(), own["Score"].sum()])


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
    found = areas(*counts)[:, 0]
    assert_allclose(found, slow_metrics(regulated, scores), rtol=1e-12)
    assert_allclose(found[0], metrics.average_precision_score(regulated, scores), rtol=1e-12)
    assert_allclose(found[2], metrics.roc_auc_score(regulated, scores), rtol=1e-12)
    by_block = block_counts(regulated, rng.integers(0, 5, 40), scores)
    assert by_block.shape[2] < len(np.unique(scores)) + 1 and by_block.sum() == 40
    assert_allclose(areas(*by_block.sum(axis=1, keepdims=True))[:, 0], found, rtol=1e-12)


def test_the_two_areas_differ_by_the_block_of_pairs_without_effect():
    regulated, scores = np.array([True, False, True, False, True, False]), np.array([3, 2, 1, 0, 0, 0])
    average, trapezoid, _ = areas(*block_counts(regulated, np.zeros(6, int), scores).sum(axis=1, keepdims=True))[:, 0]
    assert_allclose(average, (1 + 2 / 3 + 3 / 6) / 3)
    assert_allclose(trapezoid, (1 / 2 + 2 / 3) / 2 / 3)  # from a third of the recall to two thirds


def with_baselines(pairs, rng):
    touched = rng.random(len(pairs)) < 0.5
    return pairs.assign(touched=touched, contacts=touched * rng.integers(1, 9, len(pairs)), nearest_tss=~touched)


def test_baselines_by_hand():
    columns = {"effect": [0.5, 0, 2], "distance": [99_999, 1000, 100_000], "start": 0, "end": [500, 1000, 2000]}
    columns |= {
        "effect_signed": [-0.5, 0, 1],
        "nearest_tss": [True, False, True],
        "touched": [True, False, True],
        "contacts": [4, 0, 1.5],
    }
    found = predictors(pd.DataFrame(columns))
    assert {name: score.tolist() for name, score in found.items()} == {
        "effect": [0.5, 0, 2],
        "effect_signed": [-0.5, 0, 1],
        "distance": [-99_999, -1000, -100_000],
        "nearest_tss": [1, 0, 1],
        "within_100kb": [1, 1, 0],
        "power_law": [500 / 99_999, 1000 / 5000, 2000 / 100_000],
        "touched": [1, 0, 1],
        "touched_distance": [-99_999, -100_001, -100_000],
        "contacts": [4, 0, 1.5],
    }
    assert list(predictors(pd.DataFrame(columns)[["effect", "distance"]])) == ["effect", "distance", "within_100kb"]


def test_figures_equal_slow_ones_in_every_class():
    tested, table = random_world(300)
    known = with_baselines(scored(tested, table), np.random.default_rng(1))
    found = score_pairs(known, resamples=20)
    scores = predictors(known)
    assert list(found.columns) == COLUMNS
    assert list(found["class"]) == [name for name in EDGES for _ in scores]
    for name, (least, most) in EDGES.items():
        inside = ((known["distance"] >= 1000 * least) & (known["distance"] < 1000 * most)).to_numpy()
        regulated = known["regulated"].to_numpy()[inside]
        rows = found[found["class"] == name].set_index("score")
        assert (rows["pairs"] == inside.sum()).all() and (rows["positives"] == regulated.sum()).all()
        assert (rows["blocks"] == 2).all()
        for score, values in scores.items():
            expected = slow_metrics(regulated, values[inside])
            two = len(np.unique(values[inside])) <= 2
            assert_allclose(rows.loc[score, list(METRICS)].astype(float), np.where([0, two, 0], np.nan, expected))
            gains = rows.loc["effect", list(METRICS)] - rows.loc[score, list(METRICS)]
            if score != "effect":
                assert_allclose(rows.loc[score, [f"{each}_difference" for each in METRICS]].astype(float), gains)
        assert rows.filter(regex="_low|_high").isna().all(axis=None)  # the regulated ones are of two genes


def blocks_of(pairs, rng, blocks):
    return pairs.assign(block=rng.integers(0, blocks, len(pairs)))


def test_blocks_are_drawn_whole_and_are_the_same_for_every_score():
    rng = np.random.default_rng(4)
    regulated, blocks = np.arange(40) < 12, rng.integers(0, 9, 40)
    regulated[blocks > 6] = False  # some samples have no regulated pair
    scores = {"effect": rng.integers(0, 9, 40), "distance": -rng.integers(0, 9, 40)}
    counts = {name: block_counts(regulated, blocks, score) for name, score in scores.items()}
    found = _resampled(counts, 1100, seed=7)  # more than are drawn at once
    rng, expected = np.random.default_rng(7), {name: [] for name in scores}
    for sample in [rng.integers(9, size=(samples, 9)) for samples in (1000, 100)]:
        for drawn in sample[::50] if len(sample) == 1000 else sample[::10]:
            places = np.concatenate([np.flatnonzero(blocks == block) for block in drawn])
            for name, values in scores.items():
                expected[name].append(slow_metrics(regulated[places], values[places]))
    assert found["effect"].shape == (3, 1100)
    for name, values in expected.items():
        assert_allclose(np.concatenate([found[name][:, :1000:50], found[name][:, 1000::10]], axis=1).T, values)


def test_samples_that_lack_a_kind_are_not_counted():
    regulated, blocks = np.arange(12) < 3, np.array([0, 1, 2] + [3] * 9)
    found = _resampled({"effect": block_counts(regulated, blocks, np.arange(12.0))}, 500, seed=0)["effect"]
    rng = np.random.default_rng(0)
    drawn = rng.integers(4, size=(500, 4))
    both = (drawn < 3).any(axis=1) & (drawn == 3).any(axis=1)
    assert found.shape == (3, both.sum()) and both.sum() < 450 and np.isfinite(found).all()


def test_intervals_are_percentiles_and_the_same_for_the_same_seed():
    tested, table = random_world(200)
    known = blocks_of(scored(tested, table), np.random.default_rng(2), 20)
    found = score_pairs(known, 300)
    pd.testing.assert_frame_equal(score_pairs(known, 300), found)
    assert not score_pairs(known, 300, seed=1).equals(found)
    of = predictors(known)
    counts = {name: block_counts(known["regulated"].to_numpy(), known["block"], of[name]) for name in of}
    samples = _resampled(counts, 300, 0)
    row = found[(found["class"] == "all") & (found["score"] == "distance")].iloc[0]
    for number, metric in enumerate(METRICS):
        for kind, values in (("", samples["distance"]), ("_difference", samples["effect"] - samples["distance"])):
            expected = np.percentile(values[number], [2.5, 97.5])
            assert_allclose([row[f"{metric}{kind}_low"], row[f"{metric}{kind}_high"]], expected)


def test_intervals_by_locus_are_wider_than_by_pair_where_pairs_depend_on_each_other():
    rng = np.random.default_rng(3)
    blocks = np.repeat(np.arange(40), 15)
    level = rng.normal(size=40)[blocks]  # what the pairs of a locus share
    regulated = rng.random(600) < 1 / (1 + np.exp(2 - 2 * level))
    pairs = pd.DataFrame({"regulated": regulated, "distance": 50_000, "effect": rng.normal(size=600) + level})
    widths = [
        rows.set_index(["class", "score"]).eval("auroc_high - auroc_low")["all", "effect"]
        for rows in (score_pairs(pairs.assign(block=block), 1000) for block in (blocks, np.arange(600)))
    ]
    assert widths[0] > 1.3 * widths[1]


def test_an_effect_that_decides_is_perfect_and_beats_distance():
    tested, table = random_world(400)
    tested["regulated"] = scored(tested, table)["effect"] > 1
    known = blocks_of(scored(tested, table), np.random.default_rng(0), 60)
    rows = score_pairs(known, 500).set_index(["class", "score"])
    assert_allclose(rows.loc[(slice(None), "effect"), ["auprc_average", "auroc", "auroc_low"]], 1, rtol=1e-12)
    better = ["auprc_average_difference_low", "auroc_difference_low"]
    assert (rows.loc[(slice(None), "distance"), better] > 0).all(axis=None)


def map_world(seed=0, pairs=2500):
    """Pairs of which near ones are touched and regulated more often: DataFrame as `score_pairs` takes it, without
    effect."""
    rng = np.random.default_rng(seed)
    distance = np.rint(10 ** rng.uniform(3.5, 6.3, pairs))
    touched = rng.random(pairs) < np.minimum(0.9, 30_000 / distance)
    regulated = rng.random(pairs) < np.minimum(0.4, 4000 / distance)
    columns = {"regulated": regulated, "distance": distance, "touched": touched}
    return pd.DataFrame(columns | {"block": rng.integers(0, 150, pairs)}), rng


def test_a_useless_effect_looks_useful_beside_chance_and_useless_beside_what_is_touched():
    pairs, rng = map_world()
    pairs["effect"] = pairs["touched"] * np.abs(rng.normal(size=len(pairs)))
    rows = score_pairs(pairs, 1000).set_index(["class", "score"]).loc["all"]
    chance = pairs["regulated"].mean()
    assert rows.at["effect", "auroc_low"] > 0.6 and rows.at["effect", "auprc_average_low"] > 1.5 * chance
    assert rows.at["touched", "auroc_difference_low"] < 0 < rows.at["touched", "auroc_difference_high"]
    assert abs(rows.at["touched", "auprc_average_difference"]) < 0.1 * rows.at["touched", "auprc_average"]
    for metric in ("auroc", "auprc_average"):
        assert rows.at["touched_distance", f"{metric}_difference_high"] < 0
    pairs["effect"] = pairs["touched"] * (np.abs(rng.normal(size=len(pairs))) + 2 * pairs["regulated"])
    rows = score_pairs(pairs, 1000).set_index(["class", "score"]).loc["all"]
    for metric in ("auroc", "auprc_average"):
        assert (rows.loc[["touched", "touched_distance"], f"{metric}_difference_low"] > 0).all()


@pytest.mark.parametrize(("positives", "negatives"), [(2, 20), (20, 2), (0, 0)])
def test_small_classes_have_counts_alone(positives, negatives):
    rows = [("chr8", 1000 * row, 1000 * row + 500, "MYC", row < positives) for row in range(positives + negatives)]
    found = score_pairs(scored(pairs_of(*rows).astype({"regulated": bool}), elements()))
    assert found[COLUMNS[5:]].isna().all(axis=None)
    assert list(found.loc[found["class"] == "all", "pairs"]) == [positives + negatives] * 4
    assert list(found.loc[found["class"] == "all", "positives"]) == [positives] * 4
