"""Whether variants are of the genome: by the share of alleles whose REF it has, and what else would make them agree."""

import contextlib
import logging

import numpy as np
import pytest
from conftest import write_fasta

from spex.effects.changes import REF_MISMATCH, Agreement
from spex.errors import InputError
from spex.inputs.alleles import OK, PAST_THE_END, alleles_of_row
from spex.inputs.genome import Genome

LENGTH = 5_000
OTHER = dict(zip("ACGT", "CGTA", strict=True))
COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


@pytest.fixture
def letters():
    """A chromosome without a base that follows itself, so that no neighbour agrees by chance."""
    generator = np.random.default_rng(2)
    return "".join(np.array(list("ACGT"))[np.cumsum(generator.integers(1, 4, LENGTH)) % 4])


@pytest.fixture
def judge(tmp_path, letters):
    """Called with rows of position, REF, ALT and INFO, on it or on other letters: statuses, after the report."""

    def run(rows, on=letters, doubts=()):
        write_fasta(tmp_path / "genome.fa", {"chr1": on})
        with contextlib.closing(Genome(tmp_path / "genome.fa", tmp_path / "spare.fai")) as genome:
            agreement = Agreement(genome)
            alleles = [
                one
                for number, (pos, ref, alt, *info) in enumerate(rows)
                for one in alleles_of_row(number, ".", "1", pos, ref, alt, "chr1", LENGTH, *info)
            ]
            statuses = [agreement.status(one) for one in alleles]
            agreement.report({"argument": "variants", "subject": "x.vcf"}, doubts)
            return statuses

    return run


def snvs(letters, count, first=100):
    """Rows of SNVs on the chromosome, every other base."""
    return [(pos, letters[pos - 1], OTHER[letters[pos - 1]]) for pos in range(first, first + 2 * count, 2)]


def with_wrong(rows, count):
    """Rows of which the first `count` have a REF that the genome has not, and an ALT that it has not either."""
    wrong = [(pos, OTHER[OTHER[ref]], OTHER[OTHER[OTHER[ref]]]) for pos, ref, _ in rows[:count]]
    return [*wrong, *rows[count:]]


def refusal(judge, rows, **options):
    with pytest.raises(InputError) as caught:
        judge(rows, **options)
    return str(caught.value)


def test_what_agrees_is_not_spoken_of(judge, letters, caplog):
    rows = [(pos, ref.lower(), alt) for pos, ref, alt in snvs(letters, 30)]
    assert judge(rows) == judge(rows, on=letters.lower()) == [OK] * 30
    assert not caplog.records


@pytest.mark.parametrize(("wrong", "count"), [(1, 2), (1, 3), (2, 4), (3, 10), (10, 100), (15, 100), (1, 1000)])
def test_some_that_differ_are_counted_in_a_line(judge, letters, caplog, wrong, count):
    rows = with_wrong(snvs(letters, count), wrong)
    assert judge(rows) == [REF_MISMATCH] * wrong + [OK] * (count - wrong)
    (record,) = caplog.records
    pos, ref, _ = rows[0]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"x.vcf: REF differs from the genome in {wrong} of the {count:,} alleles that could be scored, first at "
        f"1:{pos} REF is {ref}, the genome has {letters[pos - 1]}; they are not scored"
    )


def test_symbolic_alleles_without_ref_do_not_make_another_genome(judge, letters):
    """Whatever their ends: where REF is N throughout, there is nothing that agrees."""
    rows = [(pos, "N", "<DEL>", f"END={pos + 300}") for pos in (200, 900, LENGTH - 20)]
    assert judge(rows) == [OK, OK, PAST_THE_END]
    rows = [(pos, letters[pos - 1], *others) for pos, _, *others in rows]
    message = refusal(judge, rows[2:])
    assert f"at 1:{LENGTH - 20} END is {LENGTH + 280:,}, the chromosome has {LENGTH:,} bp" in message


@pytest.mark.parametrize(("wrong", "count"), [(1, 1), (2, 2), (2, 3), (4, 5), (4, 10), (17, 100), (72, 100)])
def test_more_than_a_tenth_is_another_genome(judge, letters, wrong, count):
    message = refusal(judge, with_wrong(snvs(letters, count), wrong), doubts=["its header says so"])
    share = f"all {count}" if wrong == count else f"{wrong} of the {count}"
    assert message.startswith(f"variants x.vcf: REF differs from the genome in {share} alleles that could be scored")
    assert "; at 1:100 REF is " in message
    assert message.endswith("; its header says so; are they of another build?")


def test_positions_of_another_build(judge, letters):
    moved = letters[:50] + "ACGTGTACATG" + letters[50:]
    rows = snvs(moved, 200)
    wrong = sum(ref != letters[pos - 1] for pos, ref, _ in rows)
    assert 100 < wrong < 190
    message = refusal(judge, rows)
    assert f"in {wrong} of the 200 alleles" in message and message.endswith("; are they of another build?")


READINGS = {
    "positions are counted from 0, by which 40 of these 40 agree: add 1 to each": lambda p, r, a: (p - 1, r, a),
    "positions are 1 too large, by which 40 of these 40 agree: take 1 from each": lambda p, r, a: (p + 1, r, a),
    "REF and ALT are exchanged, by which 40 of these 40 agree: exchange them": lambda p, r, a: (p, a, r),
    "alleles are of the other strand, by which 40 of these 40 agree: take their complement": lambda p, r, a: (
        *(p, COMPLEMENT[r]),
        next(base for base in "ACGT" if base not in (r, COMPLEMENT[r], a)),
    ),
    "alleles are of the other strand and exchanged, by which 40 of these 40 agree": lambda p, r, a: (
        *(p, next(base for base in "ACGT" if base not in (r, COMPLEMENT[r]))),
        COMPLEMENT[r],
    ),
}


@pytest.mark.parametrize(("message", "changed"), READINGS.items(), ids=READINGS)
def test_a_reading_that_makes_all_agree_is_named(judge, letters, message, changed):
    rows = snvs(letters, 40)
    assert message in refusal(judge, [changed(*row) for row in rows])
    half = [changed(*row) if number % 2 else row for number, row in enumerate(snvs(letters, 80))]
    assert message in refusal(judge, half)  # as tables of a major and a minor allele are exchanged in some rows


def test_a_reading_that_few_alleles_speak_for_is_not_named(judge, letters):
    exchanged = [(pos, alt, ref) for pos, ref, alt in snvs(letters, 5)]
    assert "REF and ALT are exchanged, by which 5 of these 5" in refusal(judge, exchanged)
    assert refusal(judge, exchanged[:4]).endswith("are they of another build?")


def test_longer_alleles_from_0(judge, letters):
    rows = [(pos - 1, letters[pos - 1 : pos + 2], letters[pos - 1]) for pos in range(1, 400, 10)]
    assert "positions are counted from 0, by which 40 of these 40 agree" in refusal(judge, rows)


def test_what_lies_past_an_end_speaks_against_the_build(judge, letters, caplog):
    rows = [*snvs(letters, 60), (LENGTH + 1, "A", "C"), (LENGTH + 900, "A", "C")]
    assert judge(rows) == [OK] * 60 + [PAST_THE_END] * 2
    assert "in 2 of the 62 alleles that could be scored, first at 1:5001 the chromosome has 5,000 bp" in caplog.text
    assert "all 9 alleles" in refusal(judge, [(LENGTH + pos, "A", "C") for pos in range(1, 10)])


def test_where_the_genome_has_n_nothing_is_known(judge, letters, caplog):
    """A masked genome, or an end that is not sequenced, does not speak for another build."""
    masked = letters[:1000] + "N" * 3000 + letters[4000:]
    rows = [*snvs(letters, 20), *snvs(letters, 300, first=1100)]
    assert judge(rows, on=masked) == [OK] * 20 + [REF_MISMATCH] * 300
    assert caplog.messages == ["x.vcf: the genome has N at 300 alleles, which are not scored"]
    assert "the genome has N at all 300 alleles that could be scored" in refusal(judge, rows[20:], on=masked)
    long = [(998, letters[997:1002], letters[997])] * 2
    assert judge([*rows, *long], on=masked)[-2:] == [REF_MISMATCH] * 2
    assert caplog.messages[1:] == ["x.vcf: the genome has N at 302 alleles, which are not scored"]


def test_alleles_that_cannot_be_scored_count_for_nothing(judge, letters):
    rows = [*snvs(letters, 3), (7, "A", "<DEL>"), (9, "A", "*"), (11, "R", "A"), (13, "A", "A")]
    assert judge(rows) == [OK] * 3 + ["symbolic", "missing", "not_acgt", "same"]
    assert judge(rows[3:]) == judge(rows)[3:]
    assert judge([]) == []


def test_doubts_of_the_header_are_logged_though_all_agree(judge, letters, caplog):
    judge(snvs(letters, 3), doubts=["its header says hg19 (GRCh37), the genome is hg38 (GRCh38)"])
    assert caplog.messages == ["x.vcf: its header says hg19 (GRCh37), the genome is hg38 (GRCh38)"]
