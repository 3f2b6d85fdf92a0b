from types import SimpleNamespace

import pandas as pd
import pytest
from made_comparison import made_comparison, made_draws

from spex.reports.comparison import words
from spex.reports.comparison.methods import methods

NAN = float("nan")


def row(**changed):
    """A row of the maps: gain 0.02 with its parts."""
    values = {"map": "A", "words": "adds sequence information", "verdict": 2, "tissues": 1, "gain": 0.02}
    values |= {"gain_low": 0.01, "gain_high": 0.03, "number": 0.005, "any_bins": 0.002, "touched": 0.013}
    values |= {"touched_low": 0.004, "touched_high": 0.022}
    values |= {"tissues_sequence": 1, "tissues_region": 0, "tissues_number": 0}
    return SimpleNamespace(**values | changed)


@pytest.mark.parametrize(
    "value, text",
    [(0.01234, "+0.0123"), (-0.01234, "−0.0123"), (0.0, "0.0000"), (-0.00001, "0.0000"), (NAN, "–")],
)
def test_signed(value, text):
    assert words.signed(value) == text


@pytest.mark.parametrize(
    "value, text", [(0.5, "0.50"), (0.0123, "0.012"), (0.00004321, "4.3e-05"), (1.0, "1.00"), (NAN, "–")]
)
def test_probability(value, text):
    assert words.probability(value) == text


def test_an_account_names_gain_number_any_bins_and_touched_bins():
    assert words.account(row(), {}) == (
        "Gain over own sequence +0.0200, 95 % interval +0.0100 to +0.0300; of it number of contacts +0.0050 (25 %), "
        "any bins at these distances +0.0020 (10 %); remaining for the touched bins +0.0130 (65 %; +0.0040 to +0.0220)."
    )


@pytest.mark.parametrize("low", [0.0, -0.001, -0.1, NAN])
def test_no_ratio_where_the_interval_holds_0(low):
    assert "%)" not in words.account(row(gain_low=low), {}) and "%;" not in words.account(row(gain_low=low), {})


def test_no_interval_where_there_is_none():
    text = words.account(row(gain_low=NAN, gain_high=NAN, touched_low=NAN, touched_high=NAN, verdict=0), {})
    assert text == (
        "Gain over own sequence +0.0200; of it number of contacts +0.0050, any bins at these distances +0.0020; "
        "remaining for the touched bins +0.0130."
    )


def test_several_tissues_are_counted_and_one_finding():
    text = words.account(row(tissues=40, tissues_sequence=12, tissues_number=3), {})
    assert "+0.0200 (mean of 40 tissues)" in text
    assert text.endswith(
        "Sequence information found in 12 of 40 tissues, what the number of contacts tells found in 3 of 40 tissues; "
        "tissues found together are one finding."
    )


def test_nothing_found_is_said():
    assert words.found(row(tissues=40, tissues_sequence=0)) == "nothing found in any of 40 tissues"


@pytest.mark.parametrize("changed", [{"tissues": 1}, {"tissues": 5, "verdict": 0}])
def test_nothing_is_counted_in_one_tissue_or_without_a_verdict(changed):
    assert words.found(row(**changed)) == ""


@pytest.mark.parametrize("share, told", [(0.05, False), (0.194, True)])
def test_many_matched_bins_elsewhere_are_told(share, told):
    settings = {"maps": {"A": {"draws": made_draws(share)}}}
    assert words.draw_shares(settings, "A")["elsewhere on the chromosome"] == pytest.approx(share)
    text = words.account(row(), settings)
    assert ("19 % of the matched bins lie elsewhere on the chromosome" in text) == told
    assert text.endswith("may be the region's.") == told
    assert words.account(row(map="B"), settings) == words.account(row(), {})


def test_maps_by_gain():
    maps = pd.DataFrame({"map": ["a", "b", "c", "d"], "gain": [0.1, NAN, 0.3, 0.1]})
    assert list(words.ordered(maps)["map"]) == ["c", "a", "d", "b"]


def test_scope_names_a_single_tissue():
    assert words.scope(made_comparison(2, 1, targets=["Liver"])) == "2,273 genes on 22 chromosomes; Liver."
    assert words.scope(made_comparison(2, 3)) == "2,273 genes on 22 chromosomes; 3 tissues."


def test_methods_have_the_numbers_of_the_run():
    comparison = made_comparison(3, 2)
    comparison.settings |= {"shifts": list(range(7)), "draws": 5, "correction": "by", "least_gain": 0.01}
    text = methods(comparison)
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


def test_methods_of_one_test_and_of_none():
    assert "p < 0.025" in methods(made_comparison(1, 1)) and "q < 0.05" not in methods(made_comparison(1, 1))
    without = methods(made_comparison(2, 2, verdicts=[0, 0]))
    assert "intervals and tests were not made" in without and "rotating" not in without
