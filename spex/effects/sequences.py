"""What an allele does to a chromosome: where bases of the reference come to lie, and what stands there."""

from dataclasses import dataclass, replace

import numpy as np

from spex.inputs.alleles import trimmed

REACH = 1024
"""Bases before a change that are looked at at once for repeats of it, eight times as many each time."""


@dataclass(frozen=True)
class Change:
    """Bases of a chromosome that others take the place of.

    start: 0-based, of the first base that is replaced; for an insertion the base behind it. removed: number of bases.
    added: base codes, uint8.
    """

    chrom: str
    start: int
    removed: int
    added: np.ndarray

    @classmethod
    def of(cls, chrom, pos, ref, alt, code_of):
        """The change of an allele, without the bases that ref and alt share at their ends.

        pos: 1-based, of the first base of ref. ref, alt: upper case. code_of: from a letter to its base code.
        """
        shared, ref, alt = trimmed(ref, alt)
        return cls(chrom, pos - 1 + shared, len(ref), np.array([code_of[letter] for letter in alt], dtype=np.uint8))

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
        """0-based, of the base behind those that are replaced."""
        return self.start + self.removed

    @property
    def shift(self):
        """How far everything behind it moves, in bp."""
        return len(self.added) - self.removed

    def moved(self, positions):
        """Where bases of the reference come to lie. positions: 0-based, of any shape. Returns: int64, the same shape.

        Bases that are replaced go to the same place in what is added, or, where that is shorter, right behind it.
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
