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
    SEQUENCE_AND_NUMBER: "adds sequence information, and what the number of contacts tells",
    SEQUENCE: "adds sequence information",
    REGION: "adds only what other bins at the same distances tell too",
    NUMBER: "adds only what the number of contacts tells",
    HARM: "harms",
    NOTHING: "adds nothing of {least_gain:g} or more",
    UNCLEAR: "not distinguishable",
}
AND_NUMBER = ", and the number"
"""Behind the third verdict where the number of contacts tells something too."""


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


def judge(evidence, *, single, least_gain=Protocol.least_gain):
    """The verdict's number and words.

    single: whether p-values stand for themselves and are held against `ALPHA`; otherwise they are adjusted ones, held
    against `FALSE_SHARE`.
    """
    level = ALPHA if single else FALSE_SHARE
    number = evidence.number < level
    if evidence.sequence < level and evidence.beats_numbers:
        verdict = SEQUENCE_AND_NUMBER if number else SEQUENCE
    elif evidence.content < level and evidence.beats_numbers:
        verdict = REGION
    elif number:
        verdict = NUMBER
    elif evidence.p_less < ALPHA and evidence.high < 0:
        verdict = HARM
    elif evidence.high < least_gain:
        verdict = NOTHING
    else:
        verdict = UNCLEAR
    words = WORDS[verdict].format(least_gain=least_gain)
    return verdict, words + AND_NUMBER if verdict == REGION and number else words
