"""The benchmark of the comparison on a small made genome: what it makes, and what it counts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from benchmarks import power
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
    monkeypatch.setattr(power.run_genome, "__defaults__", (SMALL,))
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


def test_shares_have_errors_between_genomes():
    sets = pd.DataFrame({"genome": [1, 1, 2, 2]})
    value, error = power.share(sets, [True, True, False, False])
    assert value == 0.5
    assert error == pytest.approx(np.sqrt((1 + 1) * 2) / 4)  # sums of deviations by genome: 1 and -1
    assert power.share(sets, [True, False, True, False])[1] == 0
    assert np.isnan(power.share(sets[:1], [True])[1])
