from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from made_comparison import made_comparison, made_draws

from spex.compare.protocol import CORRECTIONS
from spex.compare.tables import judged
from spex.compare.verdict import SHOWN_ONLY, STRENGTHS
from spex.reports import comparison_text as words
from spex.reports import numbers

NAN = float("nan")
DOCUMENT = Path(__file__).parents[2] / "docs/comparing_maps.md"


def row(**changed):
    """A row of the maps: gain 0.02 with its parts."""
    values = {"map": "A", "words": "evidence that the map adds sequence information", "verdict": 2, "tissues": 1}
    values |= {"gain": 0.02, "strength": ""}
    values |= {
        "gain_low": 0.01,
        "gain_high": 0.03,
        "number": 0.005,
        "number_low": 0.001,
        "number_high": 0.009,
        "any_bins": 0.002,
        "touched": 0.013,
    }
    values |= {"touched_low": 0.004, "touched_high": 0.022}
    values |= {"tissues_sequence": 1, "tissues_region": 0, "tissues_number": 0}
    return SimpleNamespace(**values | changed)


@pytest.mark.parametrize(
    "value, text",
    [(0.01234, "+0.0123"), (-0.01234, "−0.0123"), (0.0, "0.0000"), (-0.00001, "0.0000"), (NAN, "–")],
)
def test_signed(value, text):
    assert numbers.signed(value) == text


@pytest.mark.parametrize(
    "value, text", [(0.5, "0.50"), (0.0123, "0.012"), (0.00004321, "4.3e-05"), (1.0, "1.00"), (NAN, "–")]
)
def test_probability(value, text):
    assert numbers.probability(value) == text


def test_an_account_names_gain_number_matched_and_contacted_bins():
    assert words.account(row(), {}) == (
        "Gain over sequence alone +0.0200, 95 % interval +0.0100 to +0.0300; explained by the number of contacts "
        "+0.0050 (25 %), by distance-matched bins +0.0020 (10 %); remaining for the contacted bins +0.0130 (65 %; "
        "+0.0040 to +0.0220)."
    )


@pytest.mark.parametrize("low", [0.0, -0.001, -0.1, NAN])
def test_no_ratio_where_the_interval_holds_0(low):
    assert "%)" not in words.account(row(gain_low=low), {}) and "%;" not in words.account(row(gain_low=low), {})


def test_no_interval_where_there_is_none():
    text = words.account(row(gain_low=NAN, gain_high=NAN, touched_low=NAN, touched_high=NAN, verdict=0), {})
    assert text == (
        "Gain over sequence alone +0.0200; explained by the number of contacts +0.0050, by distance-matched bins "
        "+0.0020; remaining for the contacted bins +0.0130."
    )


def test_an_interval_without_width_is_no_interval():
    """Where columns were left out on every chromosome nothing differs."""
    assert numbers.interval(0.0, 0.0) == "left out on every chromosome"
    number = words.parts(row(number=0.0, number_low=0.0, number_high=0.0))
    assert "by the number of contacts 0.0000 (0 %; left out on every chromosome), by" in number
    whole = words.parts(row(gain=0.0, gain_low=0.0, gain_high=0.0, touched=0.0, touched_low=0.0, touched_high=0.0))
    assert whole.startswith("gain over sequence alone 0.0000, left out on every chromosome; explained")
    assert whole.endswith("remaining for the contacted bins 0.0000 (left out on every chromosome)")
    assert "0.0000 to 0.0000" not in number + whole


def test_several_tissues_are_counted_and_one_finding():
    text = words.account(row(tissues=40, tissues_sequence=12, tissues_number=3), {})
    assert "+0.0200 (mean of 40 tissues)" in text
    assert text.endswith(
        "Sequence information found in 12 of 40 tissues, contact-number information found in 3 of 40 tissues; "
        "tissues found together are one finding."
    )


def test_nothing_found_is_said():
    assert words.found(row(tissues=40, tissues_sequence=0)) == "nothing found in any of 40 tissues"


@pytest.mark.parametrize("changed", [{"tissues": 1}, {"tissues": 5, "verdict": 0}])
def test_nothing_is_counted_in_one_tissue_or_without_a_verdict(changed):
    assert words.found(row(**changed)) == ""


@pytest.mark.parametrize("strength", STRENGTHS)
def test_evidence_comes_with_what_it_does_not_exclude(strength):
    text = words.account(row(strength=strength.name), {})
    assert "region, close to the TSS, is not excluded" in text and "no contradiction" not in text
    assert f"such an effect passed as {strength.name} in {strength.region:g} % of sets" in text
    assert "is no contradiction: the test asks" in words.account(row(strength=strength.name, gain_low=-0.001), {})
    assert "not excluded" not in words.account(row(), {})


@pytest.mark.parametrize("share, said", [(0.085, False), (0.34, True)])
def test_many_matched_bins_beyond_twice_the_distance_are_reported(share, said):
    settings = {"maps": {"A": {"draws": made_draws(share)}}}
    assert words.draw_shares(settings, "A")["elsewhere on the chromosome"] == pytest.approx(share)
    text = words.account(row(), settings)
    assert ("34 % of the matched bins lie more than twice as far away" in text) == said
    assert text.endswith("may be the region's.") == said
    assert words.account(row(map="B"), settings) == words.account(row(), {})


def test_maps_by_gain():
    maps = pd.DataFrame({"map": ["a", "b", "c", "d"], "gain": [0.1, NAN, 0.3, 0.1]})
    assert list(words.ordered(maps)["map"]) == ["c", "a", "d", "b"]


def test_scope_names_a_single_tissue():
    assert words.scope(made_comparison(2, 1, targets=["Liver"])) == "2,273 genes on 22 chromosomes; Liver."
    assert words.scope(made_comparison(2, 3)) == "2,273 genes on 22 chromosomes; 3 tissues."


def test_methods_have_the_numbers_of_the_run():
    comparison = made_comparison(3, 2)
    comparison.settings.update(shifts=list(range(7)), draws=5, correction="by", least_gain=0.01)
    text = words.methods(comparison)
    for part in (
        "2,273 genes on 22 chromosomes in 2 tissues",
        "contacts of 3 maps",
        "5 draws",
        "7 shifts",
        "6 degrees",
    ):
        assert part in text
    for part in ("Benjamini and Yekutieli (2001)", "ends below 0.01", "seed 0", "numpy 2.4.6", "q < 0.05"):
        assert part in text


CASES = {
    "one map, one tissue": (1, 1),
    "one map, several tissues": (1, 3),
    "several maps": (3, 2),
    "one tissue": (3, 1),
}
ADJUSTED = {"bh": "adjusted after Benjamini and Hochberg (1995)", "by": "adjusted after Benjamini and Yekutieli (2001)"}


@cache
def applied(tests, correction):
    """The level that so many p-values are held to, found out by judging tables with p-values on either side of it."""
    held = []
    for p in (0.001 * step for step in range(1, 60)):
        row = {"p_seq": 1.0, "p_content": 1.0, "p_num": p, "p_less": 1.0, "map_over_numbers": 1.0, "gain": 0.1}
        found = judged(pd.DataFrame([row | {"gain_low": -1.0, "gain_high": 1.0}] * tests), correction, 0.005)
        held += found.loc[found["verdict"] == 4, "q_num"].tolist()
    return min((0.025, 0.05), key=lambda level: abs(level - max(held)))


@pytest.mark.parametrize("correction", CORRECTIONS)
@pytest.mark.parametrize("maps, tissues", CASES.values(), ids=CASES)
def test_methods_say_what_was_applied(maps, tissues, correction):
    comparison = made_comparison(maps, tissues)
    comparison.settings["correction"] = correction
    text = words.methods(comparison)
    of_tissues, _, of_means = text[text.index("P-values") : text.index("A map makes predictions worse")].partition(";")
    levels = applied(maps * tissues, correction), applied(maps, correction)
    for level, said in zip(levels, (of_tissues, of_means or of_tissues), strict=True):
        sign, weak, strong = ("p", 0.01, 0.001) if level == 0.025 else ("q", 0.02, 0.002)
        assert f"evidence at {sign} < {weak:g} and strong evidence at {sign} < {strong:g} of the test" in said
        assert f"others at {sign} < {level:g}" in said and said.count("<") == 3
        assert ("not adjusted" if level == 0.025 else ADJUSTED[correction]) in said
    assert bool(of_means) == (tissues > 1 and levels != (0.025, 0.025))
    over = {(1, 3): "over all tissues,", (3, 2): "over all maps and tissues,", (3, 1): "over all maps,"}
    assert over.get((maps, tissues), "") in of_tissues or levels[0] == 0.025
    document = " ".join(DOCUMENT.read_text().split())
    assert all(f"below {level:g}" in document for level in levels)


def test_maps_by_the_published_rule_are_in_no_test():
    comparison = made_comparison(2, 1)
    for table in (comparison.results, comparison.maps):
        table.loc[1, ["verdict", "words"]] = 0, SHOWN_ONLY
    text = words.methods(comparison)
    assert "p < 0.025" in text and "q < 0.05" not in text and "shown without a verdict" in text
    for table in (comparison.results, comparison.maps):
        table.loc[0, ["verdict", "words"]] = 0, SHOWN_ONLY
    text = words.methods(comparison)
    assert "shown without a verdict" in text and " < 0." not in text


def test_methods_without_tests():
    without = words.methods(made_comparison(2, 2, verdicts=[0, 0]))
    assert "intervals and tests were not computed" in without and "circular shifts" not in without


def pairs(*rows):
    """A comparison of nothing but pairs of maps: (map, other, difference, q)."""
    table = pd.DataFrame(rows, columns=["map", "other", "difference", "q"])
    ends = {f"difference_{end}": table["difference"] + way for end, way in (("low", -0.002), ("high", 0.004))}
    return SimpleNamespace(pairs=table.assign(**ends, differ=table["q"] < 0.05), settings={})


def test_pairs_name_the_better_map_first():
    text = words.pairs_in_words(pairs(("A", "B", -0.01, 0.003), ("A", "C", 0.001, 0.6)))
    assert text == (
        "The gains of 1 of 2 pairs of maps differ (p adjusted over pairs < 0.05): B gains more than A: +0.0100 "
        "(95 % interval +0.0060 to +0.0120, q 0.003). Maps that were not shown to differ may still do so."
    )
    one, none = (words.pairs_in_words(pairs(("A", "B", 0.01, q))) for q in (0.003, 0.3))
    assert one.startswith("The gains of the two maps differ (p < 0.05): A gains more than B: +0.0100")
    assert none.startswith("The gains of the two maps were not shown to differ (p < 0.05). Maps that")


def test_pairs_without_tests_are_not_named():
    assert words.pairs_in_words(pairs()) == words.pairs_in_words(pairs(("A", "B", 0.1, NAN))) == ""


def test_of_many_pairs_that_differ_some_are_named():
    text = words.pairs_in_words(pairs(*(("A", f"B{number}", 0.1, 0.001 * number) for number in range(1, 13))))
    assert text.startswith("The gains of all 12 pairs of maps differ (p adjusted over pairs < 0.05): ")
    assert text.count("gains more than") == 10 and text.endswith("; and others in pairs.csv.")
