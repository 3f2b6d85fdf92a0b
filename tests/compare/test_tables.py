"""Tables of made statistics, and what too few chromosomes leave out."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from spex.compare import tables
from spex.compare.arms import MapStatistics
from spex.compare.tables import make_tables
from spex.errors import InputError

CHROMOSOMES, TISSUES, ROTATIONS = 22, 4, 19
GENES = np.arange(40, 40 + CHROMOSOMES)
ARMS = ["B", "N", "N*", "M", "D1", "D2", "D3", "shuffled", "local_sum"]
TARGETS = [(number, f"tissue {number}") for number in (2, 3, 5, 7)]


def made(name="map", seed=1, gain=0.0):
    """Statistics of a map whose arm M is better than the others by some Spearman, and by ten times that of error."""
    rng = np.random.default_rng(seed)
    rho = 0.7 + 0.05 * rng.normal(size=(CHROMOSOMES, TISSUES)) + 0.001 * rng.normal(size=(9, CHROMOSOMES, TISSUES))
    rho[3] += gain
    gains = 0.001 * rng.normal(size=(2, 1 + ROTATIONS, TISSUES))
    gains[0, 0] += 10 * gain
    return MapStatistics(
        name=name,
        chroms=[f"chr{number}" for number in range(1, 23)],
        genes=GENES,
        arms=ARMS,
        rho=rho,
        gain_map=gains[0],
        gain_matched=gains[1],
        missed=np.full((9, TISSUES), 0.5),
        own_penalty=8.0,
        test_penalty=100.0,
        number_penalty=np.full((CHROMOSOMES, TISSUES), np.inf),
        map_penalty=np.full((CHROMOSOMES, TISSUES), 100 / 3),
        shifts=np.arange(ROTATIONS),
        views=["contacts", "contacts", "chr8_chr9"],
        labels=["none", "1-3", "chr8 and chr9"],
        group_genes=np.array([0, 50, 97]),
        group_squares=np.array([[0, 2.0, 4.0], [0, 1.5, 4.0], [0, 1.8, 4.0]])[:, :, None] * np.ones(TISSUES),
    )


def test_a_row_of_results_by_hand():
    statistics = made(gain=0.01)
    table = make_tables([statistics], TARGETS).results
    assert list(table.columns) == list(tables.RESULTS)
    assert table["target_index"].tolist() == [2, 3, 5, 7]
    row, weights = table.iloc[1], GENES / GENES.sum()
    rho = {arm: (weights * statistics.rho[place, :, 1]).sum() for place, arm in enumerate(ARMS)}
    matched = (rho["D1"] + rho["D2"] + rho["D3"]) / 3
    expected = {
        "genes": GENES.sum(),
        "chromosomes": 22,
        "spearman_base": rho["B"],
        "spearman_numbers": rho["N"],
        "spearman_numbers_chosen": rho["N*"],
        "spearman_map": rho["M"],
        "spearman_matched": matched,
        "gain": rho["M"] - rho["B"],
        "number": rho["N*"] - rho["B"],
        "any_bins": matched - rho["N"],
        "touched": rho["M"] - matched,
        "map_over_numbers": rho["M"] - rho["N"],
        "gain_shuffled": rho["shuffled"] - rho["N"],
        "gain_local_sum": rho["local_sum"] - rho["N"],
        "penalty": 8.0,
    }
    for name, value in expected.items():
        assert row[name] == pytest.approx(value, abs=1e-12), name
    assert row["gain_coverage"] != row["gain_coverage"]
    assert (row["neighbour_penalty"], row["numbers_penalty"]) == ("33.3333", "none")
    difference = statistics.rho[3, :, 1] - statistics.rho[0, :, 1]
    error = np.sqrt((weights**2 * (difference - row["gain"]) ** 2).sum() * 22 / 21)
    half = stats.t.ppf(0.975, 21) * error * np.sqrt(22 * (1 / 22 + 1 / 21))
    assert (row["gain_low"], row["gain_high"]) == pytest.approx((row["gain"] - half, row["gain"] + half))
    two = GENES[7:9] / GENES[7:9].sum()
    assert row["gain_chr8_chr9"] == pytest.approx(two @ difference[7:9])
    assert row["spearman_base_chr8_chr9"] == pytest.approx(two @ statistics.rho[0, 7:9, 1])


def test_tests_of_a_row_by_hand():
    statistics = made()
    table = make_tables([statistics], TARGETS).results
    delta = statistics.gain_map - statistics.gain_matched

    def t(values):
        rotated = values[1:]
        return (values[0] - rotated.mean(axis=0)) / (rotated.std(axis=0, ddof=1) * np.sqrt(1 + 1 / 19))

    assert_allclose(table["p_seq"], stats.t.sf(t(delta), 18))
    assert_allclose(table["p_less"], stats.t.cdf(t(delta), 18))
    assert_allclose(table["p_content"], stats.t.sf(t(statistics.gain_map), 18))
    assert_allclose(table["p_seq_rank"], ((delta[1:] >= delta[0]).sum(axis=0) + 1) / 20)
    assert_allclose(table["q_seq"], stats.false_discovery_control(table["p_seq"]))


def test_families_are_corrected_over_all_maps_and_tissues():
    both = [made("one", 1, gain=0.01), made("two", 2)]
    table = make_tables(both, TARGETS).results
    alone = pd.concat([make_tables([each], TARGETS).results for each in both], ignore_index=True)
    assert_allclose(table["p_seq"], alone["p_seq"])
    for family in ("seq", "content", "num", "less"):
        assert_allclose(table[f"q_{family}"], stats.false_discovery_control(table[f"p_{family}"]))
    strict = make_tables(both, TARGETS, correction="by").results
    assert_allclose(strict["q_seq"], stats.false_discovery_control(table["p_seq"], method="by"))
    assert (table.loc[table["map"] == "one", "verdict"] == 2).all()
    assert set(table.loc[table["map"] == "two", "verdict"]) <= {6, 7}


def test_a_map_is_judged_by_the_mean_over_tissues():
    statistics = [made("one", 1, gain=0.01), made("two", 2)]
    maps = make_tables(statistics, TARGETS, settings={"maps": {"one": {"folder": "a/b", "contacts": 12}}}).maps
    assert list(maps.columns) == list(tables.MAPS)
    assert maps["words"].tolist() == [
        "strong evidence that the map adds sequence information",
        "the map adds less than 0.005 to Spearman's correlation",
    ]
    assert maps["tissues_sequence"].tolist() == [4, 0]
    assert maps.loc[0, ["folder", "contacts", "tissues"]].tolist() == ["a/b", 12, 4]
    delta = (statistics[0].gain_map - statistics[0].gain_matched).mean(axis=1)
    t = (delta[0] - delta[1:].mean()) / (delta[1:].std(ddof=1) * np.sqrt(1 + 1 / 19))
    assert maps["p_seq"][0] == pytest.approx(stats.t.sf(t, 18))
    assert_allclose(maps["q_seq"], stats.false_discovery_control(maps["p_seq"]))
    results = make_tables(statistics, TARGETS).results
    for name in ("gain", "number", "any_bins", "touched"):
        assert_allclose(maps[name], results.groupby("map", sort=False)[name].mean())


def test_one_test_is_held_against_its_own_level():
    statistics = made()
    one = replace(
        statistics,
        rho=statistics.rho[..., :1].copy(),
        gain_map=statistics.gain_map[:, :1].copy(),
        number_penalty=statistics.number_penalty[:, :1],
        map_penalty=statistics.map_penalty[:, :1],
        group_squares=statistics.group_squares[..., :1],
        gain_matched=np.zeros((1 + ROTATIONS, 1)),
    )
    one.rho[3] += 0.01
    rotated = one.gain_map[1:, 0]
    spread = rotated.std(ddof=1) * np.sqrt(1 + 1 / 19)
    for p, verdict in ((0.03, 7), (0.02, 3), (0.009, 2)):
        one.gain_map[0] = rotated.mean() + stats.t.isf(p, 18) * spread
        found = make_tables([one], TARGETS[:1])
        assert found.results["p_seq"][0] == found.results["q_seq"][0] == pytest.approx(p)
        assert found.results["verdict"][0] == found.maps["verdict"][0] == verdict
    uncorrected = make_tables([made(seed=3), made("other", 4)], TARGETS, correction="none")
    assert_allclose(uncorrected.results["q_num"], uncorrected.results["p_num"])


def test_gain_of_groups():
    table = make_tables([made()], TARGETS).groups
    assert list(table.columns) == list(tables.GROUPS)
    first = table[table["target_index"] == 2].set_index("group")
    assert np.isnan(first.loc["none", "gain"])
    assert first.loc["1-3", ["gain", "gain_matched"]].tolist() == pytest.approx([0.25, 0.1])
    assert first.loc["chr8 and chr9", ["view", "genes", "gain"]].tolist() == ["chr8_chr9", 97, 0]


@pytest.mark.parametrize("genes", [np.full(9, 50), np.repeat([20, 19], [9, 13])], ids=["nine", "small ones"])
def test_too_few_chromosomes_leave_gains_without_verdict(genes):
    statistics, count = made(gain=0.01), len(genes)
    few = replace(
        statistics,
        chroms=[f"chr{number}" for number in range(1, 1 + count)],
        genes=genes,
        rho=statistics.rho[:, :count],
        number_penalty=statistics.number_penalty[:count],
        map_penalty=statistics.map_penalty[:count],
    )
    found = make_tables([few], TARGETS)
    for table in (found.results, found.maps):
        assert set(table["words"]) == {"too few chromosomes for a verdict"}
        assert (table["verdict"] == 0).all()
        assert table[["p_seq", "p_num", "q_content", "gain_low", "touched_high"]].isna().all(axis=None)
        assert table[["gain", "number", "touched"]].notna().all(axis=None)
    assert found.maps["tissues_sequence"][0] == 0
    pair = make_tables([few, replace(few, name="other", rho=few.rho + 0.01)], TARGETS).pairs.iloc[0]
    assert pair[["difference_low", "p", "q"]].isna().all() and not pair["differ"]
    assert pair["difference"] == pytest.approx(-0.01)


def test_chromosomes_8_and_9_need_both():
    statistics = made()
    renamed = replace(statistics, chroms=[*statistics.chroms[:7], "chrX", *statistics.chroms[8:]])
    assert make_tables([renamed], TARGETS).results["gain_chr8_chr9"].isna().all()


def test_another_correction_is_refused():
    with pytest.raises(InputError, match="correction: found 'holm'; expected one of bh, by, none"):
        make_tables([made()], TARGETS, correction="holm")
