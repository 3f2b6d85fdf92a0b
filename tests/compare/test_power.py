"""The benchmark of the comparison on a small made genome: what it makes, and what it counts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from benchmarks import dense_genome, power
from benchmarks.made_genome import GENES, SCENARIOS, make_expression, make_genome

SMALL = dict.fromkeys(list(GENES)[:10], 30)


@pytest.fixture(scope="module")
def genome():
    return make_genome(1, SMALL)


def test_the_made_contacts_are_as_the_rule_keeps_them(genome):
    contacts = genome.contacts
    gene = np.repeat(np.arange(300), np.diff(contacts.offsets))
    own = (contacts.tss - 1) // 5000
    distance = np.abs(contacts.bins - own[gene]) * 5000
    assert 4 < len(gene) / 300 < 16
    assert contacts.counts.min() >= 2
    assert distance.min() >= 20_000 and distance.max() <= 1_500_000
    forward = np.where(contacts.strands == "+", 1, -1)[gene]
    assert np.array_equal(contacts.downstream, (contacts.bins - own[gene]) * forward > 0)
    by_chrom = pd.Series(contacts.tss).groupby(contacts.chroms, sort=False)
    assert by_chrom.size().to_dict() == SMALL and by_chrom.is_monotonic_increasing.all()
    assert genome.sums(contacts).shape == genome.matched(0, 1).shape == (300, 120)


def test_sums_by_a_loop(genome):
    contacts, place = genome.contacts, 17
    mine = slice(*contacts.offsets[place : place + 2])
    start = genome.starts[contacts.chroms[place]]
    for side, downstream in enumerate((False, True)):
        bins = contacts.bins[mine][contacts.downstream[mine] == downstream]
        expected = sum((genome.bins[start + each] for each in bins), np.zeros(60))
        assert_allclose(genome.sums(contacts)[place, 60 * side : 60 * side + 60], expected, rtol=1e-6)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_expression_has_its_shares(genome, scenario):
    observed = make_expression(genome, scenario, 200, seed=3)
    assert observed.shape == (300, 200)
    if scenario == "TIE":
        assert_allclose((observed == observed.min(axis=0)).mean(axis=0), 0.2)
        return
    assert observed.var(axis=0).mean() == pytest.approx(1, abs=0.1)
    if scenario in ("C2", "C5"):  # the number itself: what is left of it beside own features is there in every set
        own = np.column_stack([np.ones(300), genome.own])
        number = genome.parts["number"][:, 0]
        left = number - own @ np.linalg.lstsq(own, number, rcond=None)[0]
        slope = (left @ observed).mean() / np.sqrt((left @ left) * 300)
        assert slope == pytest.approx(np.sqrt(SCENARIOS[scenario]["number"]), abs=0.02)


def test_a_genome_from_beginning_to_end(monkeypatch, tmp_path):
    monkeypatch.setattr(power, "SCENARIOS", {name: SCENARIOS[name] for name in ("null", "C5", "S2", "S2C5", "G5")})
    monkeypatch.setattr(power, "SEEDS", (8, 20))
    monkeypatch.setattr(power.run_genome, "__defaults__", ("made", SMALL))
    out = tmp_path / "power.md"
    start = ["--sets", "1", "--processes", "1", "--out", str(out)]
    power.main(["--genomes", "1", *start])
    first = power.read_sets(tmp_path / "power.csv")
    assert first["scenario"].tolist() == ["null"] * 5 + ["C5", "S2", "S2C5", "G5"]
    assert first["welch_8"].notna().tolist() == [True, *[False] * 8]
    power.main(["--genomes", "2", *start])
    both = power.read_sets(tmp_path / "power.csv")
    assert_allclose(both[:9][["p_seq", "gain", "p_num"]], first[["p_seq", "gain", "p_num"]])
    assert set(both["genome"]) == {1, 2}
    text = out.read_text(encoding="utf-8")
    assert text.startswith("2 genomes.") and "| S2C5 | touched 2 % + number 5 % | 2 |" in text
    assert text.count("| yes |") + text.count("| no |") == 10
    assert first["p_seq"].ne(first["p_seq_before"]).all()


def test_a_genome_of_the_dense_world(monkeypatch, tmp_path):
    monkeypatch.setattr(power.run_genome, "__defaults__", ("made", SMALL))
    monkeypatch.setattr(dense_genome, "NOISES", ("200 kb", "by tissue"))
    out = tmp_path / "dense.md"
    power.main(["--world", "dense", "--genomes", "2", "--sets", "1", "--processes", "1", "--out", str(out)])
    sets = power.read_sets(tmp_path / "dense.csv")
    assert len(sets) == 2 * 2 * (len(dense_genome.EFFECTS) + 2)
    text = out.read_text(encoding="utf-8")
    assert "| TAD 2 % | 4 |" in text and "| by tissue | region | 12 |" in text and "| all | contacted | 8 |" in text


@pytest.fixture(scope="module")
def dense():
    return dense_genome.make_genome(1, SMALL)


def test_contacts_of_the_dense_world_are_near_and_within_tads(dense):
    contacts = dense.contacts
    assert 4 < len(contacts.bins) / 300 < 16
    assert contacts.distance.min() >= 4 and contacts.distance.max() <= 300
    assert 30 < np.median(contacts.distance) * 5 < 110
    apart = pd.Series(contacts.tss).groupby(contacts.chroms, sort=False).diff()
    assert (apart.dropna() > 0).all() and 0.02 < (apart < 5000).mean() < 0.25


def test_effects_of_the_dense_world_by_a_loop(dense):
    """Sums over all bins with weights that fall off, and over contacts, from the standardised features."""
    features = (dense.bins - dense.bins.mean(axis=0)) / dense.bins.std(axis=0)
    contacts, place = dense.contacts, 140
    start = dense.starts[contacts.chroms[place]]
    own = start + (contacts.tss[place] - 1) // 5000
    near = sum(features[row] * np.exp(-abs(row - own) * 5 / 40) for row in range(len(features)))
    assert_allclose(dense.parts["near"][place], near, rtol=1e-6, atol=1e-6)
    touched = features[start + contacts.bins[contacts.of_gene(place)]].sum(axis=0)
    assert_allclose(dense.parts["touched"][place], touched, atol=1e-9)
    around = features[own - 100 : own + 101].mean(axis=0)
    assert_allclose(dense.parts["region"][place], around, atol=1e-9)


@pytest.mark.parametrize("noise", dense_genome.NOISES)
def test_noise_of_the_dense_world(dense, noise):
    observed = dense_genome.make_expression(dense, "nothing", noise, 300, seed=3)
    left = 1 - dense_genome.OWN_SHARE - dense_genome.BENT_SHARE
    made = dense_genome.noise_of(np.random.default_rng(4), dense.contacts, noise, left, 300)
    assert_allclose(observed.var(axis=0).mean(), 1, atol=0.1)
    assert_allclose(made.var(axis=0).mean(), left, rtol=0.05)
    near = np.flatnonzero(
        (np.diff(dense.contacts.tss) < 10_000) & (dense.contacts.chroms[1:] == dense.contacts.chroms[:-1])
    )
    alike = np.mean([np.corrcoef(made[row], made[row + 1])[0, 1] for row in near])
    expected = {"none": 0, "alternating": -0.2}.get(noise, 0.2)
    assert alike == pytest.approx(expected, abs=0.1)


def test_shares_have_errors_between_genomes():
    sets = pd.DataFrame({"genome": [1, 1, 2, 2]})
    value, error = power.share(sets, [True, True, False, False])
    assert value == 0.5
    assert error == pytest.approx(np.sqrt((1 + 1) * 2) / 4)  # sums of deviations by genome: 1 and -1
    assert power.share(sets, [True, False, True, False])[1] == 0
    assert np.isnan(power.share(sets[:1], [True])[1])


def test_coverage_is_of_the_mean_over_other_genomes():
    """Three genomes, of gains 1, 2 and twice 6: means of the others are 14/3, 13/3 and 1.5."""
    gains = pd.Series([1.0, 2.0, 6.0, 6.0])
    sets = pd.DataFrame({"scenario": "one", "genome": [1, 2, 3, 3]})
    for name, half in (("gain", 2.0), ("number", 0.0), ("touched", 5.0)):
        sets = sets.assign(**{name: gains, f"{name}_low": gains - half, f"{name}_high": gains + half})
    row = power._coverage_row("one", sets, {"touched": 0.02})
    others = [14 / 3, 13 / 3, 1.5, 1.5]
    within = [abs(gain - other) <= 2 for gain, other in zip(gains, others, strict=True)]
    assert row["gain"].startswith(f"{100 * np.mean(within):.1f} ±") and row["gain"].endswith("(2000.0)")
    assert (row["numbers"], row["numbers: no width"]) == ("", "100 %")
    assert row["contacted bins"].startswith("100.0 ±")
    assert power._coverage_row("one", sets, {"number": 0.05})["contacted bins"].startswith("50.0 ±")  # contains 0
