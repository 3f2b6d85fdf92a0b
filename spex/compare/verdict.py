"""What a comparison concludes of a map in one tissue, or over all: seven verdicts, the first that applies."""

from dataclasses import dataclass

from spex.compare.protocol import Protocol

ALPHA = 0.025
"""Of a single test."""

FALSE_SHARE = 0.05
"""Of several tests: the share of false findings that is allowed."""

SEQUENCE_AND_NUMBER, SEQUENCE, REGION, NUMBER, HARM, NOTHING, UNCLEAR = range(1, 8)
NO_VERDICT = 0
WORDS = {
    NO_VERDICT: "too few chromosomes for a verdict",
    SEQUENCE_AND_NUMBER: "the map adds sequence information and contact-number information",
    SEQUENCE: "the map adds sequence information",
    REGION: "the map adds only what other bins at the same distances carry too",
    NUMBER: "the map adds only contact-number information",
    HARM: "the map makes predictions worse",
    NOTHING: "the map adds less than {least_gain:g} to Spearman's correlation",
    UNCLEAR: "it cannot be decided whether the map adds anything",
}
SHOWN_ONLY = "shown without a verdict: contacts by the published rule"
"""In place of a verdict, for maps that are in no test."""

FOUND = {"sequence": (SEQUENCE_AND_NUMBER, SEQUENCE), "region": (REGION,), "number": (SEQUENCE_AND_NUMBER, NUMBER)}
"""What is found in a tissue -> the verdicts that say so."""

AND_NUMBER = ", and contact-number information"
"""Follows the third verdict where the number of contacts adds something too."""


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on, of one map and tissue.

    sequence, content, number: p of a single test, or adjusted p of several. p_less: lower tail of the sequence test,
    never adjusted. beats_numbers: whether Spearman of the map's arm is above that of the numbers of contacts. low,
    high: interval of the map's arm minus the baseline.
    """

    sequence: float
    content: float
    number: float
    p_less: float
    beats_numbers: bool
    low: float
    high: float


def level(single):
    """What p-values must be below. single: whether they stand for themselves; otherwise they are adjusted ones."""
    return ALPHA if single else FALSE_SHARE


def judge(evidence, *, single, least_gain=Protocol.least_gain):
    """The verdict's number and sentence.

    single: as of `level`, which sequence, content and number are compared with.
    """
    bound = level(single)
    number = evidence.number < bound
    if evidence.sequence < bound and evidence.beats_numbers:
        verdict = SEQUENCE_AND_NUMBER if number else SEQUENCE
    elif evidence.content < bound and evidence.beats_numbers:
        verdict = REGION
    elif number:
        verdict = NUMBER
    elif evidence.p_less < ALPHA and evidence.high < 0:
        verdict = HARM
    elif evidence.high < least_gain:
        verdict = NOTHING
    else:
        verdict = UNCLEAR
    sentence = WORDS[verdict].format(least_gain=least_gain)
    return verdict, sentence + AND_NUMBER if verdict == REGION and number else sentence
