"""What an allele is, and why it cannot be scored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex.inputs import alleles as a

LENGTH = 1000


@pytest.mark.parametrize(
    "ref, alt, pos, status",
    [
        ("A", "C", 1, a.OK),
        ("a", "g", LENGTH, a.OK),
        ("ACG", "ATT", 998, a.OK),
        ("A", "ACGT", 5, a.OK),
        ("ACGT", "A", 997, a.OK),
        ("A", "G" * 2001, 5, a.TOO_LONG),
        ("A", "A" + "G" * 2000, 5, a.OK),
        ("A", "A" + "G" * 2001, 5, a.TOO_LONG),
        ("A", ".", 5, a.MISSING),
        ("A", "*", 5, a.MISSING),
        ("A", "", 5, a.MISSING),
        ("N", "*", 5, a.MISSING),
        ("A", "<DEL>", 5, a.SYMBOLIC),
        ("N", "<INS:ME>", 5, a.SYMBOLIC),
        ("A", "<*>", 5, a.SYMBOLIC),
        ("A", "<NON_REF>", 0, a.SYMBOLIC),
        ("G", "G<ctg1>", 5, a.SYMBOLIC),
        ("G", "G]17:198982]", 5, a.BREAKEND),
        ("G", "[13:123457[G", 5, a.BREAKEND),
        ("G", "]<ctg1>:7]G", 5, a.BREAKEND),
        ("G", "G.", 5, a.BREAKEND),
        ("G", ".G", 0, a.BREAKEND),
        ("A", "N", 5, a.NOT_ACGT),
        ("R", "A", 5, a.NOT_ACGT),
        ("", "A", 5, a.NOT_ACGT),
        (".", "A", 5, a.NOT_ACGT),
        ("A", "A C", 5, a.NOT_ACGT),
        ("A", "C", 0, a.PAST_THE_END),
        ("A", "C", LENGTH + 1, a.PAST_THE_END),
        ("AC", "A", LENGTH, a.PAST_THE_END),
        ("A", "C", 10**17, a.PAST_THE_END),
        ("AC", "ac", 5, a.SAME),
    ],
)
def test_a_status_says_why(ref, alt, pos, status):
    assert a.allele_status(ref, alt, pos, LENGTH) == status


@pytest.mark.parametrize("alt, status", [("C", a.UNKNOWN_CHROMOSOME), ("<DEL>", a.SYMBOLIC), (".", a.MISSING)])
def test_without_a_chromosome(alt, status):
    assert a.allele_status("A", alt, 5, None) == status


def trimmed(ref, alt):
    """Without the bases at the end, then at the beginning, one at a time."""
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt = ref[1:], alt[1:]
    return ref, alt


@given(st.text("AC", max_size=8), st.text("AC", max_size=8))
def test_the_changed_length_is_that_of_trimmed_alleles(ref, alt):
    assert a.changed_length(ref, alt) == max(map(len, trimmed(ref, alt)))
