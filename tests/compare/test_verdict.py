"""Each verdict from evidence made by hand, and the order in which they are asked for."""

from dataclasses import replace

import pytest

from spex.compare.verdict import Evidence, judge

NOTHING = Evidence(sequence=0.5, content=0.5, number=0.5, p_less=0.5, beats_numbers=True, low=-0.002, high=0.004)

CASES = {
    1: ({"sequence": 0.01, "number": 0.01}, "the map adds sequence information and contact-number information"),
    2: ({"sequence": 0.01}, "the map adds sequence information"),
    3: ({"content": 0.01}, "the map adds only what other bins at the same distances carry too"),
    4: ({"number": 0.01}, "the map adds only contact-number information"),
    5: ({"p_less": 0.01, "high": -0.001}, "the map makes predictions worse"),
    6: ({}, "the map adds less than 0.005 to Spearman's correlation"),
    7: ({"high": 0.006}, "it cannot be decided whether the map adds anything"),
}


@pytest.mark.parametrize(("verdict", "case"), CASES.items())
def test_each_verdict(verdict, case):
    change, words = case
    assert judge(replace(NOTHING, **change), single=True) == (verdict, words)


def test_the_first_that_applies_counts():
    everything = replace(NOTHING, sequence=0.01, content=0.01, number=0.01, p_less=0.01, high=-0.1)
    assert judge(everything, single=True)[0] == 1
    assert judge(replace(everything, number=0.5), single=True)[0] == 2
    assert judge(replace(everything, sequence=0.5, number=0.5), single=True)[0] == 3
    assert judge(replace(everything, sequence=0.5, content=0.5), single=True)[0] == 4
    assert judge(replace(everything, sequence=0.5, content=0.5, number=0.5), single=True)[0] == 5


def test_other_bins_and_the_number():
    both = replace(NOTHING, content=0.01, number=0.01)
    assert judge(both, single=True) == (
        3,
        "the map adds only what other bins at the same distances carry too, and contact-number information",
    )


def test_a_map_below_the_numbers_has_no_sequence():
    below = replace(NOTHING, sequence=0.001, content=0.001, beats_numbers=False)
    assert judge(below, single=True)[0] == 6
    assert judge(replace(below, number=0.001), single=True)[0] == 4


def test_harm_needs_the_interval_and_the_tail():
    assert judge(replace(NOTHING, p_less=0.01), single=True)[0] == 6
    assert judge(replace(NOTHING, high=-0.001), single=True)[0] == 6


def test_levels_of_one_and_of_several_tests():
    for family, verdict in (("sequence", 2), ("content", 3), ("number", 4)):
        between = replace(NOTHING, **{family: 0.03})
        assert judge(between, single=True)[0] == 6
        assert judge(between, single=False)[0] == verdict
    assert judge(replace(NOTHING, p_less=0.03, high=-0.1), single=False)[0] == 6  # never adjusted


def test_the_least_gain_is_named():
    assert judge(NOTHING, single=True, least_gain=0.01) == (6, "the map adds less than 0.01 to Spearman's correlation")
    assert judge(NOTHING, single=True, least_gain=0.003)[0] == 7
