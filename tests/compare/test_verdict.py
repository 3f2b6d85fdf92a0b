"""Each verdict from evidence made by hand, and the order in which they are asked for."""

from dataclasses import replace

import pytest

from spex.compare.verdict import STRENGTHS, Evidence, judge, strength_of

NOTHING = Evidence(
    sequence=0.5, content=0.5, number=0.5, less=0.5, beats_numbers=True, gain=0.002, low=-0.002, high=0.004
)
ABOVE_0 = {"gain": 0.02, "low": 0.01, "high": 0.03}

CASES = {
    1: (
        {"sequence": 0.005, "number": 0.01} | ABOVE_0,
        "evidence that the map adds sequence information, and contact-number information",
    ),
    2: ({"sequence": 0.0005} | ABOVE_0, "strong evidence that the map adds sequence information"),
    3: (
        {"content": 0.01},
        "the map adds something, but its contacted bins were not shown to add more than other bins at the same "
        "distances",
    ),
    4: (
        {"number": 0.01},
        "the map adds contact-number information; its contacted bins were not shown to add sequence information",
    ),
    5: ({"less": 0.01, "high": -0.001}, "the map makes predictions worse"),
    6: ({}, "the map adds less than 0.005 to Spearman's correlation"),
    7: ({"high": 0.006}, "it cannot be decided whether the map adds anything"),
}


def number_of(evidence, *, single=True):
    return judge(evidence, single=single)[0]


@pytest.mark.parametrize(("verdict", "case"), CASES.items())
def test_each_verdict(verdict, case):
    change, words = case
    found, strength, sentence = judge(replace(NOTHING, **change), single=True)
    assert (found, sentence) == (verdict, words)
    assert bool(strength) == (verdict < 3) and sentence.startswith(strength)


def test_the_first_that_applies_counts():
    everything = replace(NOTHING, sequence=0.001, content=0.01, number=0.01, less=0.01, high=-0.1)
    assert number_of(everything) == 1
    assert number_of(replace(everything, number=0.5)) == 2
    assert number_of(replace(everything, sequence=0.5, number=0.5)) == 3
    assert number_of(replace(everything, sequence=0.5, content=0.5)) == 4
    assert number_of(replace(everything, sequence=0.5, content=0.5, number=0.5)) == 5


def test_other_bins_and_the_number():
    verdict, _, sentence = judge(replace(NOTHING, content=0.01, number=0.01), single=True)
    assert verdict == 3 and sentence.endswith("at the same distances, and contact-number information")


@pytest.mark.parametrize("below", [{"beats_numbers": False}, {"gain": -0.001}, {"gain": 0.0}])
def test_a_map_that_does_not_exceed_the_numbers_and_sequence_alone_adds_no_sequence(below):
    below = replace(NOTHING, sequence=0.0001, content=0.001, **below)
    assert judge(below, single=True)[:2] == (6, "")
    assert number_of(replace(below, number=0.001)) == 4


def test_an_interval_that_contains_0_is_named():
    assert judge(replace(NOTHING, sequence=0.005), single=True)[1:] == (
        "evidence",
        "evidence that the map adds sequence information (the interval of its gain contains 0)",
    )
    assert "contains 0" not in judge(replace(NOTHING, sequence=0.005, low=0.001), single=True)[2]


def test_harm_needs_the_interval_and_the_tail():
    assert number_of(replace(NOTHING, less=0.01)) == 6
    assert number_of(replace(NOTHING, high=-0.001)) == 6


def test_levels_of_one_and_of_several_tests():
    for family, verdict in (("content", 3), ("number", 4), ("less", 5)):
        between = replace(NOTHING, high=-0.001 if family == "less" else 0.004, **{family: 0.03})
        assert number_of(between) == 6
        assert number_of(between, single=False) == verdict
    assert number_of(replace(NOTHING, sequence=0.011)) == 6
    assert number_of(replace(NOTHING, sequence=0.011), single=False) == 2


def test_the_strongest_evidence_counts():
    assert [each.name for each in STRENGTHS] == ["strong evidence", "evidence"]
    for single in (True, False):
        levels = [each.level(single) for each in STRENGTHS]
        assert levels == sorted(levels)
        assert [strength_of(level * 0.999, single) for level in levels] == ["strong evidence", "evidence"]
        assert strength_of(levels[0], single) == "evidence" and strength_of(levels[1], single) == ""


def test_the_least_gain_is_named():
    sentence = "the map adds less than 0.01 to Spearman's correlation"
    assert judge(NOTHING, single=True, least_gain=0.01) == (6, "", sentence)
    assert judge(NOTHING, single=True, least_gain=0.003)[0] == 7
