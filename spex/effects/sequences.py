"""What an allele does to a chromosome: where bases of the reference come to lie, and what stands there."""

from dataclasses import dataclass

import numpy as np

from spex.inputs.alleles import trimmed


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
