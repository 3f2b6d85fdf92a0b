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
        ("A", "G" * 2001, 5, a.OK),
        ("A", "A" + "G" * a.LONGEST_CHANGE, 5, a.OK),
        ("A", "A" + "G" * (a.LONGEST_CHANGE + 1), 5, a.TOO_LONG),
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


@pytest.mark.parametrize(
    "alt, info, status, end",
    [
        ("<DEL>", "END=20", a.OK, 20),
        ("<del>", "SVTYPE=DEL;END=20;SVLEN=-15;IMPRECISE", a.OK, 20),  # VCF 4.3
        ("<DEL>", "SVLEN=15", a.OK, 20),  # VCF 4.4
        ("<DEL:ME:ALU>", "END=20", a.OK, 20),
        ("<DUP>", "END=20;SVLEN=15", a.OK, 20),
        ("<DUP:TANDEM>", "END=20", a.OK, 20),
        ("<INV>", "END=20;SVLEN=0", a.OK, 20),
        ("<INV>", "END=20;SVLEN=-00", a.OK, 20),
        ("<DEL>", "END=.;SVLEN=.", a.SYMBOLIC, 0),
        ("<DEL>", ".", a.SYMBOLIC, 0),
        ("<DEL>", "IMPRECISE;CIEND=-5,5", a.SYMBOLIC, 0),
        ("<DUP:DISPERSED>", "END=20", a.SYMBOLIC, 0),
        ("<INS>", "END=5;SVLEN=300", a.SYMBOLIC, 0),
        ("<CNV>", "END=20", a.SYMBOLIC, 0),
        ("<DEL", "END=20", a.SYMBOLIC, 0),
        ("<DEL>", "END=4", a.BAD_END, -1),
        ("<DEL>", "END=5", a.BAD_END, -1),
        ("<DEL>", "END=20;SVLEN=-16", a.BAD_END, -1),
        ("<DEL>", "END=twenty", a.BAD_END, -1),
        ("<DEL>", f"END=20;SVLEN={'9' * 30}", a.BAD_END, -1),
        ("<DEL>", f"END={LENGTH}", a.OK, LENGTH),
        ("<DEL>", f"END={LENGTH + 1}", a.PAST_THE_END, LENGTH + 1),
    ],
)
def test_a_symbolic_allele_has_an_end_or_a_reason(alt, info, status, end):
    (found,) = a.alleles_of_row(0, ".", "1", 5, "N", alt, "chr1", LENGTH, info)
    assert (found.status, found.end) == (status, end)


def test_symbolic_alleles_of_one_row_have_an_end_each():
    rows = [("END=30;SVLEN=-15,.,-25", [20, 0, 30]), ("END=30", [30, 0, 30]), ("SVLEN=15,.,26;END=30", [20, 0, -1])]
    for info, ends in rows:
        found = a.alleles_of_row(0, ".", "1", 5, "N", "<DEL>,<CNV>,<INV>", "chr1", LENGTH, info)
        assert [each.end for each in found] == ends
    (found,) = a.alleles_of_row(0, ".", "1", 5, "R", "<DEL>", "chr1", LENGTH, "END=9")
    assert found.status == a.NOT_ACGT
    assert a.allele_status("N", "<DEL>", 5, None, 20) == a.UNKNOWN_CHROMOSOME
    assert a.allele_status("N", "<DEL>", 5, 10**9, 6 + a.LONGEST_CHANGE) == a.TOO_LONG
