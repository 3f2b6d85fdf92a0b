"""An allele and the genome: whether its REF is what the genome has, and what it does to a chromosome.

A quarter of single bases agree by chance anywhere, so the share of a file's alleles decides whether they are of this
genome, and no single allele.
"""

import logging
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from expecto.network import BASES, UNKNOWN
from spex.errors import InputError
from spex.inputs.alleles import OK, PAST_THE_END, trimmed

REF_MISMATCH = "ref_mismatch"
CODE_OF = {letter: code for code, letter in enumerate(BASES)}
OTHER_STRAND = str.maketrans("ACGT", "TGCA")

MOST_DIFFERING, BY_CHANCE = 0.1, 0.05
"""Alleles of a good file that may differ, as a share; how unlikely more of them must be in such a file to refuse it."""

EXPLAINED, GUESSED = 0.9, 0.01
"""Share of the alleles that differ which another reading must make agree to be named; how unlikely that must be by
chance."""

AGREES_BY_CHANCE = 1 / 3
"""Share of alleles with other bases that another reading makes agree: of three bases that are left it takes one."""

READINGS = {
    ("positions are counted from 0", "add 1 to each"): lambda pos, ref, alt: (pos + 1, ref),
    ("positions are 1 too large", "take 1 from each"): lambda pos, ref, alt: (pos - 1, ref),
    ("REF and ALT are exchanged", "exchange them (bcftools norm -c s)"): lambda pos, ref, alt: (pos, alt),
    ("alleles are of the other strand", "take their complement"): lambda pos, ref, alt: (pos, turned(ref)),
    ("alleles are of the other strand and exchanged", "take complements, exchange REF and ALT"): (
        lambda pos, ref, alt: (pos, turned(alt))
    ),
}
"""Other readings of an allele, as text, and what to do -> position and bases that the genome then has."""

SHOWN_BASES = 10

REACH = 1024
"""Bases before a change that are looked at at once for repeats of it, eight times as many each time."""

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Change:
    """Bases of a chromosome that others take the place of.

    start: 0-based, of the first base that is replaced; for an insertion the base after it. removed: number of bases.
    added: base codes, uint8.
    """

    chrom: str
    start: int
    removed: int
    added: np.ndarray

    @classmethod
    def of(cls, chrom, pos, ref, alt):
        """The change of an allele, without the bases that ref and alt share at their ends.

        pos: 1-based, of the first base of ref. ref, alt: letters of either case.
        """
        shared, ref, alt = trimmed(ref.upper(), alt.upper())
        return cls(chrom, pos - 1 + shared, len(ref), codes_of(alt))

    def leftmost(self, genome):
        """The change that makes the same chromosome and begins as far to the left as it can, as VCF has it.

        A base of a run, or one of several repeats, can be taken out or put in at any place of them. genome: Genome.
        """
        if bool(self.removed) == bool(len(self.added)):
            return self
        unit = self.added if len(self.added) else genome.codes(self.chrom, self.start, self.end)
        reach, steps = REACH, None
        while steps is None:
            before = genome.codes(self.chrom, max(self.start - reach, 0), self.start)[::-1]
            other = np.flatnonzero(before != np.resize(unit[::-1], len(before)))
            if len(other) or reach >= self.start:
                steps = int(other[0]) if len(other) else len(before)
            reach *= 8
        return replace(self, start=self.start - steps, added=np.roll(self.added, steps))

    @property
    def end(self):
        """0-based, of the base after those that are replaced."""
        return self.start + self.removed

    @property
    def shift(self):
        """How far everything after it moves, in bp."""
        return len(self.added) - self.removed

    def moved(self, positions):
        """Where bases of the reference come to lie. positions: 0-based, of any shape. Returns: int64, the same shape.

        Bases that are replaced go to the same place in what is added, or, where that is shorter, right after it.
        """
        positions = np.asarray(positions, np.int64)
        inside = self.start + np.minimum(positions - self.start, len(self.added))
        return np.where(
            positions < self.start, positions, np.where(positions < self.end, inside, positions + self.shift)
        )

    def codes(self, genome, start, end):
        """Base codes of a stretch of the changed chromosome, (end - start,) uint8; half-open, past its ends too."""
        behind = self.start + len(self.added)
        parts = [self.added[max(start - self.start, 0) : max(end - self.start, 0)]]
        if start < self.start:
            parts.insert(0, genome.codes(self.chrom, start, min(end, self.start)))
        if end > behind:
            parts.append(genome.codes(self.chrom, max(start, behind) - self.shift, end - self.shift))
        return np.concatenate(parts)


def codes_of(bases):
    """Base codes of some letters, upper case: uint8 (n,)."""
    return np.array([CODE_OF[letter] for letter in bases], np.uint8)


def turned(bases):
    """Bases as the other strand has them."""
    return bases.translate(OTHER_STRAND)[::-1]


class Agreement:
    """Counts alleles whose REF the genome has, and those whose it has not.

    genome: Genome.
    """

    def __init__(self, genome):
        self._genome = genome
        self._counts, self._by_reading = Counter(), Counter()
        self._example = None

    def status(self, allele):
        """Whether an allele can be scored, `OK`, or why not; it is counted. allele: as of `VariantFile`."""
        if allele.status == PAST_THE_END:
            self._differs(allele, f"the chromosome has {self._genome.chromsizes[allele.on]:,} bp")
        if allele.status != OK:
            return allele.status
        there, wanted = self._there(allele.on, allele.pos, allele.ref), codes_of(allele.ref.upper())
        if np.array_equal(there, wanted):
            self._counts["agree"] += 1
            return OK
        if np.isin(there[there != wanted], UNKNOWN).all():
            self._counts["masked"] += 1
        else:
            letters = "".join((BASES + "N")[code] for code in there[:SHOWN_BASES])
            self._differs(allele, f"REF is {allele.ref[:SHOWN_BASES]}, the genome has {letters}")
        return REF_MISMATCH

    def report(self, about, doubts=()):
        """Log what does not agree, in one line. about: argument and subject of errors. doubts: others, as text.

        Raises:
            InputError: so much does not that they are of another genome, or of no allele the genome has the bases.
        """
        counts, differ = self._counts, self._counts["differ"]
        compared = counts["agree"] + differ
        share = f"all {compared:,}" if differ == compared else f"{differ:,} of the {compared:,}"
        wrong = f"REF differs from the genome in {share} alleles that could be scored"
        many = differ > MOST_DIFFERING * compared
        if many and (differ == compared or binom.sf(differ - 1, compared, MOST_DIFFERING) < BY_CHANCE):
            hint = self._reading() or "; ".join([*doubts, "are they of another build?"])
            chance = " (a quarter agrees by chance)" if counts["agree"] else ""
            raise InputError(
                f"{wrong}{chance}; {self._example}",
                **about,
                expected="variants called on the genome that the tensors were made from",
                hint=hint,
            )
        if counts["masked"] and not compared:
            raise InputError(
                f"the genome has N at all {counts['masked']:,} alleles that could be scored",
                **about,
                expected="variants at places whose bases are known",
                hint="are they of another build, or is the genome masked?",
            )
        notes = [f"{wrong}, first {self._example}; they are not scored"] if differ else []
        if counts["masked"]:
            notes.append(f"the genome has N at {counts['masked']:,} alleles, which are not scored")
        if notes or doubts:
            logger.warning("%s: %s", about.get("subject", "variants"), "; ".join([*notes, *doubts]))

    def _reading(self):
        """The reading by which those that differ agree, as text; None without one that stands out."""
        differ = self._counts["differ"]
        for cause, remedy in READINGS:
            agree = self._by_reading[cause]
            if agree >= EXPLAINED * differ and binom.sf(agree - 1, differ, AGREES_BY_CHANCE) < GUESSED:
                return f"{cause}, by which {agree:,} of these {differ:,} agree: {remedy}"
        return None

    def _differs(self, allele, what):
        self._counts["differ"] += 1
        self._example = self._example or f"at {allele.chrom}:{allele.pos} {what}"
        for (cause, _), reading in READINGS.items():
            pos, bases = reading(allele.pos, allele.ref.upper(), allele.alt.upper())
            self._by_reading[cause] += np.array_equal(self._there(allele.on, pos, bases), codes_of(bases))

    def _there(self, chrom, pos, bases):
        """Base codes of the genome from a position, 1-based, on, as many as there are bases."""
        return self._genome.codes(chrom, pos - 1, pos - 1 + len(bases))
