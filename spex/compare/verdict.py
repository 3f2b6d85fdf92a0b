"""What a comparison concludes of a map in one tissue, or over all: seven verdicts, the first that applies."""

from dataclasses import dataclass

from spex.compare.protocol import Protocol

ALPHA = 0.025
"""Of a single test of content, number or harm."""

FALSE_SHARE = 0.05
"""Of several tests of these: the share of false findings that is allowed."""


@dataclass(frozen=True)
class Strength:
    """How strong the evidence of a sequence test is, by what its p must be below.

    single: of a single test. several: of several, adjusted. region: how often, in %, an effect of the gene's region
    passes a single test in simulations with contacts as near as real ones. Levels and rates: `benchmarks/RESULTS.md`
    ("Two strengths of evidence"), by `benchmarks.power` in its dense world; those of several tests find what one does.
    """

    name: str
    single: float
    several: float
    region: float

    def level(self, single):
        """What p must be below. single: as of `level`."""
        return self.single if single else self.several


STRENGTHS = (
    Strength("strong evidence", single=0.001, several=0.002, region=4.0),
    Strength("evidence", single=0.01, several=0.02, region=10.5),
)
"""From the strongest on."""

SEQUENCE_AND_NUMBER, SEQUENCE, REGION, NUMBER, HARM, NOTHING, UNCLEAR = range(1, 8)
NO_VERDICT = 0
WORDS = {
    NO_VERDICT: "too few chromosomes for a verdict",
    SEQUENCE_AND_NUMBER: "{strength} that the map adds sequence information",
    SEQUENCE: "{strength} that the map adds sequence information",
    REGION: "the map adds something, but its contacted bins were not shown to add more than other bins at the same "
    "distances",
    NUMBER: "the map adds contact-number information; its contacted bins were not shown to add sequence information",
    HARM: "the map makes predictions worse",
    NOTHING: "the map adds less than {least_gain:g} to Spearman's correlation",
    UNCLEAR: "it cannot be decided whether the map adds anything",
}
SHOWN_ONLY = "shown without a verdict: contacts by the published rule"
"""In place of a verdict, for maps that are in no test."""

FOUND = {"sequence": (SEQUENCE_AND_NUMBER, SEQUENCE), "region": (REGION,), "number": (SEQUENCE_AND_NUMBER, NUMBER)}
"""What is found in a tissue -> the verdicts that say so."""

AND_NUMBER = ", and contact-number information"
"""Follows the verdicts on contacted bins where the number of contacts adds something too."""

WITHIN_ERROR = " (the interval of its gain contains 0)"
"""Follows the first two verdicts where it does."""


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on, of one map and tissue.

    sequence, content, number, less: p of a single test, or adjusted p of several; less is the lower tail of the
    sequence test. beats_numbers: whether Spearman of the map's arm is above that of the numbers of contacts. gain, low,
    high: of the map's arm minus the baseline, and the ends of its interval.
    """

    sequence: float
    content: float
    number: float
    less: float
    beats_numbers: bool
    gain: float
    low: float
    high: float

    @classmethod
    def of(cls, row, sequence):
        """Of a row of a table. sequence: p of its sequence test."""
        return cls(
            sequence=sequence,
            content=row.q_content,
            number=row.q_num,
            less=row.q_less,
            beats_numbers=row.map_over_numbers > 0,
            gain=row.gain,
            low=row.gain_low,
            high=row.gain_high,
        )


def level(single):
    """What p-values must be below, of content, number and harm.

    single: whether they stand for themselves; otherwise they are adjusted ones.
    """
    return ALPHA if single else FALSE_SHARE


def strength_of(p, single):
    """Name of the strongest of `STRENGTHS` that the sequence test's p reaches, empty without. single: as of `level`."""
    return next((each.name for each in STRENGTHS if p < each.level(single)), "")


def judge(evidence, *, single, least_gain=Protocol.least_gain, words=WORDS):
    """The verdict's number, the strength of its evidence (of the first two verdicts, else empty), its sentence.

    single: as of `level`. words: the sentence of each verdict.
    """
    bound = level(single)
    number, adds = evidence.number < bound, evidence.beats_numbers and evidence.gain > 0
    strength = strength_of(evidence.sequence, single) if adds else ""
    if strength:
        verdict = SEQUENCE_AND_NUMBER if number else SEQUENCE
    elif evidence.content < bound and adds:
        verdict = REGION
    elif number:
        verdict = NUMBER
    elif evidence.less < bound and evidence.high < 0:
        verdict = HARM
    elif evidence.high < least_gain:
        verdict = NOTHING
    else:
        verdict = UNCLEAR
    sentence = words[verdict].format(least_gain=least_gain, strength=strength)
    if number and (strength or verdict == REGION):
        sentence += AND_NUMBER
    if strength and evidence.low <= 0:
        sentence += WITHIN_ERROR
    return verdict, strength, sentence
