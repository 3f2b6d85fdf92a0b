"""Whether variants are of the genome that they are scored on: REF against its bases, over all alleles of a file.

A quarter of single bases agree by chance anywhere, so that the share decides, and no single allele.
"""

import logging
from collections import Counter

import numpy as np
from scipy.stats import binom

from expecto.network import BELUGA
from spex.errors import InputError
from spex.inputs.alleles import OK, PAST_THE_END

REF_MISMATCH = "ref_mismatch"
CODE_OF = {letter: code for code, letter in enumerate(BELUGA.bases)}
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
"""Other readings of an allele, in words, and what to do -> position and bases that the genome then has."""

SHOWN_BASES = 10

logger = logging.getLogger("spex")


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
        there = self._there(allele.on, allele.pos, allele.ref)
        wanted = np.array([CODE_OF[letter] for letter in allele.ref.upper()])
        if np.array_equal(there, wanted):
            self._counts["agree"] += 1
            return OK
        if np.isin(there[there != wanted], BELUGA.unknown).all():
            self._counts["masked"] += 1
        else:
            letters = "".join((BELUGA.bases + "N")[code] for code in there[:SHOWN_BASES])
            self._differs(allele, f"REF is {allele.ref[:SHOWN_BASES]}, the genome has {letters}")
        return REF_MISMATCH

    def report(self, about, doubts=()):
        """Log what does not agree, in one line. about: argument and subject of errors. doubts: others, in words.

        Raises:
            InputError: so much does not that they are of another genome, or of no allele the genome has the bases.
        """
        counts = self._counts
        compared = counts["agree"] + counts["differ"]
        wrong = self._wrong(compared)
        if (compared and counts["differ"] == compared) or self._is_another(compared):
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
        notes = [f"{wrong}, first {self._example}; they are not scored"] if counts["differ"] else []
        if counts["masked"]:
            notes.append(f"the genome has N at {counts['masked']:,} alleles, which are not scored")
        if notes or doubts:
            logger.warning("%s: %s", about.get("subject", "variants"), "; ".join([*notes, *doubts]))

    def _is_another(self, compared):
        """Whether more alleles differ than a file on this genome would have."""
        differ = self._counts["differ"]
        return differ > MOST_DIFFERING * compared and binom.sf(differ - 1, compared, MOST_DIFFERING) < BY_CHANCE

    def _wrong(self, compared):
        """How many alleles differ, in words."""
        differ = self._counts["differ"]
        share = f"all {compared:,}" if differ == compared else f"{differ:,} of the {compared:,}"
        return f"REF differs from the genome in {share} alleles that could be scored"

    def _reading(self):
        """The reading by which those that differ agree, in words; None without one that stands out."""
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
            wanted = [CODE_OF[letter] for letter in bases]
            self._by_reading[cause] += np.array_equal(self._there(allele.on, pos, bases), wanted)

    def _there(self, chrom, pos, bases):
        """Base codes of the genome from a position, 1-based, on, as many as there are bases; unknown outside of it."""
        return self._genome.codes(chrom, pos - 1, pos - 1 + len(bases))
