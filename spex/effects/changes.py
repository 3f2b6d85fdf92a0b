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
from spex.inputs.alleles import INVERSION, LONGEST_INDEL, OK, PAST_THE_END, TANDEM, begins_alike, structural, trimmed

REF_MISMATCH = "ref_mismatch"
CODE_OF = {letter: code for code, letter in enumerate(BASES)}
OTHER_STRAND = str.maketrans("ACGT", "TGCA")
COMPLEMENT = np.arange(UNKNOWN + 1, dtype=np.uint8)
COMPLEMENT[[*CODE_OF.values()]] = [CODE_OF[letter.translate(OTHER_STRAND)] for letter in CODE_OF]
"""Code of the base that pairs with each."""

TSS_DELETED, TSS_DUPLICATED = "tss_deleted", "tss_duplicated"

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
    added: base codes, uint8. copied: bases from start on that are put in instead, read from the genome: where none is
    removed, they then stand there twice; else they are the ones that are removed, inverted.
    """

    chrom: str
    start: int
    removed: int
    added: np.ndarray
    copied: int = 0

    @classmethod
    def of(cls, chrom, pos, ref, alt):
        """The change of an allele, without the bases that ref and alt share at their ends.

        pos: 1-based, of the first base of ref. ref, alt: letters of either case.
        """
        shared, ref, alt = trimmed(ref.upper(), alt.upper())
        return cls(chrom, pos - 1 + shared, len(ref), codes_of(alt))

    @classmethod
    def of_allele(cls, allele, genome):
        """The change of an Allele that can be scored, written out or symbolic, at the place where it is written.

        A symbolic one of at most LONGEST_INDEL bases is the same as if it were written out.
        """
        kind = structural(allele.alt)
        if kind is None:
            change = cls.of(allele.on, allele.pos, allele.ref, allele.alt)
            # behind all that both begin with, as bases are put in behind the one before them
            return change.beginning(allele.pos - 1 + begins_alike(allele.ref.upper(), allele.alt.upper()))
        removed = 0 if kind == TANDEM else allele.end - allele.pos
        change = cls(allele.on, allele.pos, removed, codes_of(""), allele.end - allele.pos)
        if kind not in (TANDEM, INVERSION):
            change = replace(change, copied=0)
        elif change.copied <= LONGEST_INDEL:
            there, put = genome.codes(allele.on, allele.pos, allele.end), change.put_in(genome, 0, change.copied)
            shared, ref, alt = trimmed(*(bytes(codes).decode("latin-1") for codes in (there[:removed], put)))
            change = cls(allele.on, allele.pos + shared, len(ref), put[shared : shared + len(alt)])
        return change

    def leftmost(self, genome):
        """The change that makes the same chromosome and begins as far to the left as it can, as VCF has it.

        A base of a run, or one of several repeats, can be taken out or put in at any place of them. genome: Genome.
        """
        if bool(self.removed) == bool(self.length):
            return self
        unit = self.added if len(self.added) else genome.codes(self.chrom, self.start, self.reach)
        reach, steps = REACH, None
        while steps is None:
            before = genome.codes(self.chrom, max(self.start - reach, 0), self.start)[::-1]
            other = np.flatnonzero(before != np.resize(unit[::-1], len(before)))
            if len(other) or reach >= self.start:
                steps = int(other[0]) if len(other) else len(before)
            reach *= 8
        return self.beginning(self.start - steps)

    def beginning(self, start):
        """The same change, written from another start on: between that of `leftmost` and its own."""
        return replace(self, start=start, added=np.roll(self.added, self.start - start))

    @property
    def end(self):
        """0-based, of the base after those that are replaced."""
        return self.start + self.removed

    @property
    def reach(self):
        """0-based, of the base after those that are replaced or doubled."""
        return self.start + max(self.removed, self.copied)

    @property
    def length(self):
        """Number of bases that are put in."""
        return self.copied or len(self.added)

    @property
    def shift(self):
        """How far everything after it moves, in bp."""
        return self.length - self.removed

    @property
    def inverts(self):
        return bool(self.copied and self.removed)

    def put_in(self, genome, first, last):
        """Base codes of a part of what is put in, uint8. first, last: counted from its beginning, half-open."""
        if not self.copied:
            return self.added[first:last]
        codes = genome.codes(self.chrom, *self.source(first, last))
        return COMPLEMENT[codes[::-1]] if self.inverts else codes

    def source(self, first, last):
        """Start and end of the bases of the reference that a part of what is put in is a copy of, as of `put_in`."""
        return (self.end - last, self.end - first) if self.inverts else (self.start + first, self.start + last)

    def moved(self, positions):
        """As of Altered, by this change alone."""
        return Altered([self]).moved(positions)

    def codes(self, genome, start, end):
        """As of Altered, by this change alone."""
        return Altered([self]).codes(genome, start, end)


class Altered:
    """A chromosome with some changes: what it reads, and where bases, genes and bins of the reference come to lie.

    changes: list of Change on one chromosome, by start, of which none reaches into the next. first: 0-based, of the
    first base that changes.
    """

    def __init__(self, changes):
        self.chrom, self.first, self.changes = changes[0].chrom, changes[0].start, changes
        self._starts, self._ends, self._lengths, shifts = np.array(
            [(each.start, each.end, each.length, each.shift) for each in changes], np.int64
        ).T
        self._before = np.concatenate([[0], np.cumsum(shifts)])  # how far what lies before each change has moved
        self._behind = self._starts + self._before[:-1] + self._lengths

    def moved(self, positions):
        """Where bases of the reference come to lie. positions: 0-based, of any shape. Returns: int64, the same shape.

        Bases that are replaced go to the same place in what is put in, or, where that is shorter, right after it.
        """
        positions = np.asarray(positions, np.int64)
        number = np.searchsorted(self._starts, positions, side="right")
        last = np.maximum(number - 1, 0)
        within = np.minimum(positions - self._starts[last], self._lengths[last])
        inside = (number > 0) & (positions < self._ends[last])
        return np.where(inside, self._starts[last] + self._before[last] + within, positions + self._before[number])

    def codes(self, genome, start, end):
        """Base codes of a stretch of the changed chromosome, (end - start,) uint8; half-open, past its ends too."""
        parts = [
            genome.codes(self.chrom, *stretch) if change is None else change.put_in(genome, *stretch)
            for change, *stretch in self._pieces(start, end)
        ]
        return np.concatenate(parts)

    def sources(self, start, end):
        """Intervals of the reference that a stretch of the changed chromosome comes from: list of start and end. What
        short changes replace is within them."""
        intervals = []
        for change, first, last in self._pieces(start, end):
            if change is None or change.copied:
                interval = (first, last) if change is None else change.source(first, last)
            elif change.removed <= LONGEST_INDEL:
                interval = change.start, change.end
            else:
                continue
            if intervals and intervals[-1][0] <= interval[0] <= intervals[-1][1]:
                interval = intervals.pop()[0], interval[1]
            intervals.append(interval)
        return intervals

    def _pieces(self, start, end):
        """What a stretch of the changed chromosome consists of. Yields: None, start and end of a stretch of the
        reference; or a change, first and last of what it puts in, as of `put_in`."""
        place, number = start, int(np.searchsorted(self._behind, start, side="right"))
        for change, before in zip(self.changes[number:], self._before[number:].tolist(), strict=False):
            first = change.start + before
            if first >= end:
                break
            if place < first:
                yield None, place - before, change.start
            last = min(end, first + change.length)
            yield change, max(place - first, 0), last - first
            place, number = last, number + 1
        if place < end:
            before = int(self._before[number])
            yield None, place - before, end - before

    def around(self, first, end):
        """Number of the change that a stretch of the reference lies in as a whole; None without one."""
        number = int(np.searchsorted(self._starts, first, side="right")) - 1
        return number if number >= 0 and end <= self.changes[number].reach else None

    def tss(self, place):
        """Where a TSS comes to lie, 0-based; the number of the change that turns its gene, or None; OK, or why the gene
        has no TSS to begin from. Of small changes, as of `moved`."""
        number = self.around(place, place + 1)
        if number is not None:
            change = self.changes[number]
            if change.inverts:
                return change.start + change.end - 1 - place + int(self._before[number]), number, OK
            if change.copied:
                return place, None, TSS_DUPLICATED
            if _loses(change, place):
                return place, None, TSS_DELETED
        return int(self.moved(place)), None, OK

    def copies(self, first, end, starts, window):
        """Where the windows of a bin start in the changed chromosome: int64 arrays, one for each copy of the bin.

        A bin that lies in a duplication has two, the last in its old place, and one in a long deletion none. In an
        inversion each window reads the other strand of its bases. These keep their distance from the bin; the windows
        of any other bin go where the bases that they start with go.

        first, end: interval of the bin, 0-based half-open. starts: int64, of its windows, each of `window` bp.
        """
        number = self.around(first, end)
        if number is not None:
            change, before = self.changes[number], self._before[number]
            if change.inverts:
                return [change.start + change.end - window - starts + before]
            if change.copied:
                return [starts + before, starts + before + change.copied]
            if _loses(change, first):
                return []
        return [self.moved(starts)]


def together(changes, firsts):
    """Altered of changes that lie apart where they are written, by place. firsts: where `leftmost` of each begins.

    Each lies as far to the left as it can, but not beyond the one before: a base of a run that another change breaks
    cannot be taken out on the other side of it.
    """
    placed, reach = [], 0
    for change, first in zip(changes, firsts, strict=True):
        placed.append(change.beginning(max(first, reach)))
        reach = placed[-1].reach
    return Altered(placed)


def _loses(change, place):
    """Whether a long change leaves nothing in the place of a base that it removes."""
    return change.removed > LONGEST_INDEL and place - change.start >= change.length


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
        unknown = bool(allele.end) and "N" in allele.ref.upper()  # then a file may have nothing to compare it with
        if allele.status == PAST_THE_END and not unknown:
            end = f"END is {allele.end:,}, " if allele.end else ""
            self._differs(allele, f"{end}the chromosome has {self._genome.chromsizes[allele.on]:,} bp")
        if allele.status != OK or unknown:
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
        if allele.end:
            return
        for (cause, _), reading in READINGS.items():
            pos, bases = reading(allele.pos, allele.ref.upper(), allele.alt.upper())
            self._by_reading[cause] += np.array_equal(self._there(allele.on, pos, bases), codes_of(bases))

    def _there(self, chrom, pos, bases):
        """Base codes of the genome from a position, 1-based, on, as many as there are bases."""
        return self._genome.codes(chrom, pos - 1, pos - 1 + len(bases))
