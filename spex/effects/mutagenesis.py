"""In-silico mutagenesis: every SNV, and each deletion of one base, of some intervals, and their effects as arrays.

The alleles are generated in the place of a variant file, and `VariantRun` scores them like those of any other.
"""

import contextlib
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import pandas as pd

from expecto.gene_features import REACH
from expecto.network import BASES
from spex.effects.alleles import scorer_of
from spex.effects.changes import Change
from spex.effects.inputs import by_fit
from spex.errors import InputError, count
from spex.files.atomic import whole_file
from spex.files.hashes import json_digest
from spex.inputs.alleles import OK, Allele, allele_status
from spex.inputs.normalise import merged
from spex.inputs.regions import Interval

LETTERS = "ACGT"
"""Order of bases in arrays; alphabetical, whatever the network's."""
DELETION = len(LETTERS)

SUMS = {
    **{"chrom": "string", "start": "int64", "end": "int64", "name": "string", "bases": "int64"},
    **{"gene_id": "string", "gene_name": "string", "tissue": "string", "model": "string"},
    **{"sum": "float64", "sum_abs": "float64", "mean": "float64"},
    **{"largest": "float64", "largest_pos": "int64", "largest_alt": "string"},
}
"""Columns of the sums by interval -> their type. start, end: 0-based half-open. largest_pos: 1-based."""

TIMED = 8
"""Deletions that are scored once more before a run, to say how long all of them take."""


def around_genes(genes, rows, chromsizes):
    """The 40 kb around the TSS of some genes: list of Interval, cut at ends of chromosomes. rows: (m,)."""
    return [
        Interval(
            gene.chrom,
            max(gene.tss - 1 - REACH, 0),
            min(gene.tss - 1 + REACH, chromsizes[gene.chrom]),
            gene.symbol or gene.id,
        )
        for gene in genes.iloc[rows].itertuples()
    ]


def of_genes(inputs, rows):
    """EffectInputs with some of the genes alone. rows: (m,), rising."""
    contacts = None if inputs.contacts is None else inputs.contacts.of_rows(rows)
    return replace(inputs, genes=inputs.genes.iloc[rows].reset_index(drop=True), contacts=contacts)


@dataclass(frozen=True, eq=False)
class _Bases:
    """The bases of a stretch. codes: (n,) uint8. firsts: (n,) int64, place of the first base of each one's run within
    the stretch. left: (n,) int64, 0-based, where the run begins in the genome, which may be before the stretch."""

    codes: np.ndarray
    firsts: np.ndarray
    left: np.ndarray

    @classmethod
    def read(cls, genome, chrom, start, end):
        codes = genome.codes(chrom, start, end)
        begins = np.concatenate([[True], codes[1:] != codes[:-1]])
        firsts = np.maximum.accumulate(np.where(begins, np.arange(len(codes)), 0))
        left = start + firsts
        if codes[0] < len(BASES):
            left[firsts == 0] = Change(chrom, start, 1, np.empty(0, np.uint8)).leftmost(genome).start
        return cls(codes, firsts, left)

    @property
    def known(self):
        return self.codes < len(BASES)


class Mutations:
    """Every SNV of some intervals, and with `deletions` each deletion of one base, in the place of a VariantFile.

    inputs: EffectInputs. intervals: list of Interval; where they overlap, an allele is there once.

    stretches: what they cover, as (chrom, start, end), 0-based half-open, in order and apart. snvs, deleted, unknown:
    numbers of SNVs, of deletions, and of bases without an allele, which are none of A, C, G and T.

    Raises:
        InputError: no base of them is known.
    """

    doubts, regions = (), ()

    def __init__(self, inputs, intervals, *, deletions=False):
        self.intervals, self.deletions = intervals, deletions
        of_chrom = defaultdict(list)
        for each in intervals:
            of_chrom[each.chrom].append((each.start, each.end))
        self.stretches = [(chrom, *each) for chrom in sorted(of_chrom) for each in merged(of_chrom[chrom])]
        self._open, self._chromsizes = inputs.genome, inputs.chromsizes()
        more = "" if len(intervals) == 1 else f" and {count(len(intervals) - 1, 'other interval')}"
        self.about = {"argument": "regions", "subject": intervals[0].place + more}
        given = {"stretches": self.stretches, "deletions": deletions, "genes": inputs.genes["id"].tolist()}
        self.sha256 = json_digest(given, 64)
        with contextlib.closing(self._open()) as genome:
            read = [_Bases.read(genome, *stretch) for stretch in self.stretches]
        known = sum(int(each.known.sum()) for each in read)
        self.snvs, self.unknown = 3 * known, sum(len(each.codes) for each in read) - known
        self.deleted = sum(len(np.unique(each.firsts[each.known])) for each in read) if deletions else 0
        if not known:
            raise InputError("the genome has N at all of its bases", **self.about, expected="known bases")

    def blocks(self, size):
        """Yield lists of Allele: those of `size` bases each, of one stretch. A deletion stands where its run begins."""
        before = np.cumsum([0, *(end - start for _, start, end in self.stretches)]).tolist()
        with contextlib.closing(self._open()) as genome:
            for stretch, bases, cells in self.cells(genome, size):
                chrom, start, _ = self.stretches[stretch]
                yield [
                    self._allele(genome, before[stretch] + place, chrom, start + place, bases, place, column)
                    for place, column in cells.tolist()
                ]

    def cells(self, genome, size):
        """Yields: for each block, the number of its stretch, that one's _Bases, and where its alleles go in an array:
        (alleles, 2) int64, place within the stretch and column, of `LETTERS` or `DELETION`."""
        columns = np.array([LETTERS.index(base) for base in BASES] + [DELETION])
        for number, stretch in enumerate(self.stretches):
            bases = _Bases.read(genome, *stretch)
            wanted = bases.known[:, None] & (columns[bases.codes][:, None] != np.arange(DELETION + 1))
            wanted[:, DELETION] &= self.deletions & (bases.firsts == np.arange(len(wanted)))
            for first in range(0, len(wanted), size):
                places, kinds = np.nonzero(wanted[first : first + size])
                yield number, bases, np.stack([first + places, kinds], axis=1)

    def _allele(self, genome, row, chrom, position, bases, place, column):
        base = BASES[bases.codes[place]]
        pos, ref, alt = position + 1, base, LETTERS[column : column + 1]
        if column == DELETION:  # VCF writes the base before too, or that behind where there is none
            left = int(bases.left[place])
            before, after = ((BASES + "N")[genome.codes(chrom, at, at + 1)[0]] for at in (left - 1, left + 1))
            pos, ref, alt = (left + 1, base + after, after) if before == "N" else (left, before + base, before)
        return Allele(row, ".", chrom, pos, ref, alt, chrom, allele_status(ref, alt, pos, self._chromsizes[chrom]))


def seconds_of_deletions(inputs, mutations):
    """How long all deletions take on the first device: `TIMED` of them, far apart, are scored. 0 without any."""
    chosen = []
    with inputs.computer(inputs.sources.devices[0]) as computer:
        for chrom, start, end in mutations.stretches if mutations.deleted else ():
            bases = _Bases.read(computer.genome, chrom, start, end)
            lefts = np.unique(bases.left[bases.known])
            some = np.linspace(0, len(lefts) - 1, max(TIMED * len(lefts) // mutations.deleted, 1), dtype=int)
            chosen += [Change(chrom, int(lefts[at]), 1, np.empty(0, np.uint8)) for at in np.unique(some)]
        chosen = chosen[:TIMED]
        scorer, start = scorer_of(inputs, computer), time.monotonic()
        scorer.effects(chosen)
        return (time.monotonic() - start) / max(len(chosen), 1) * mutations.deleted


@dataclass(frozen=True, eq=False)
class IntervalEffects:
    """Effects of all alleles of an interval of n bases on the g genes that one of them reaches, in t tissues.

    reference: (n,) letters, N where the base is not known. genes: DataFrame (g) as of EffectInputs. fits: list (t) of
    ChosenFit. snvs: float64 (n, 4, g, t), change of ln(expression) when the base is replaced by each of `LETTERS`: 0
    for the base that is there, NaN where it is not known. deletions: float64 (n, g, t), when it is lost, which VCF
    cannot write of one between unknown ones: NaN there too; None without.
    """

    interval: Interval
    reference: np.ndarray
    genes: pd.DataFrame
    fits: list
    snvs: np.ndarray
    deletions: np.ndarray | None

    @property
    def means(self):
        """Mean over the three SNVs of each base, float64 (n, g, t)."""
        return self.snvs.sum(axis=1) / (DELETION - 1)

    def save(self, path):
        """Write all of it as an .npz file."""
        arrays = {"snvs": self.snvs} | ({} if self.deletions is None else {"deletions": self.deletions})
        names = {"gene_ids": self.genes["id"], "gene_names": self.genes["symbol"], "reference": self.reference}
        names |= {"tissues": [each.tissue for each in self.fits], "models": [each.name for each in self.fits]}
        names |= {"bases": list(LETTERS), "chrom": self.interval.chrom}
        with whole_file(path) as file:
            np.savez(
                file,
                **arrays,
                **{name: np.array(values, dtype=str) for name, values in names.items()},
                start=self.interval.start,
                end=self.interval.end,
            )

    def sums(self):
        """A row a gene and tissue: DataFrame with `SUMS`."""
        known = self.reference != "N"
        snvs, means = self.snvs[known], self.means[known]
        flat = snvs.reshape(-1, *snvs.shape[2:])
        at = np.abs(flat).argmax(axis=0)  # (g, t)
        of_interval = {name: getattr(self.interval, name) for name in ("chrom", "start", "end", "name")}
        pairs = self.genes[["id", "symbol"]].set_axis(["gene_id", "gene_name"], axis=1)
        return by_fit(pairs, self.fits).assign(
            **of_interval,
            bases=int(known.sum()),
            sum=means.sum(axis=0).ravel(),
            sum_abs=np.abs(means).sum(axis=0).ravel(),
            mean=means.mean(axis=0).ravel(),
            largest=np.take_along_axis(flat, at[None], axis=0).ravel(),
            largest_pos=self.interval.start + np.flatnonzero(known)[at.ravel() // DELETION] + 1,
            largest_alt=np.array(list(LETTERS))[at.ravel() % DELETION],
        )[list(SUMS)]


def by_interval(run):
    """Yields: IntervalEffects of each interval of a finished VariantRun over Mutations, that of one stretch at a time;
    of those that reach no gene, the Interval alone."""
    mutations, inputs = run.file, run.inputs
    with contextlib.closing(inputs.genome()) as genome:
        blocks = enumerate(mutations.cells(genome, run.block_rows))
        for stretch, group in groupby(blocks, lambda block: block[1][0]):
            parts = [(bases, cells, run.parts.load(number)) for number, (_, bases, cells) in group]
            bases, (chrom, start, end) = parts[0][0], mutations.stretches[stretch]
            rows = np.unique(np.concatenate([found.effects.genes for *_, found in parts]))
            effects = np.zeros((end - start, DELETION + 1, len(rows), len(inputs.fits)))
            reached = np.zeros((end - start, DELETION + 1, len(rows)), dtype=bool)
            for _, cells, block in parts:
                effects[tuple(cells[block.statuses != OK].T)] = np.nan
                found = block.effects
                at = (*cells[found.alleles].T, np.searchsorted(rows, found.genes))
                effects[at], reached[at] = found.own + found.contact, True
            for each in (effects, reached):
                each[:, DELETION] = each[bases.firsts, DELETION]
            effects[~bases.known] = np.nan
            reference = np.array(list(BASES + "N"))[bases.codes]
            for interval in mutations.intervals:
                if interval.chrom == chrom and start <= interval.start < end:
                    mine = slice(interval.start - start, interval.end - start)
                    kept = np.flatnonzero(reached[mine].any(axis=(0, 1)))
                    found = effects[mine][:, :, kept]
                    yield (
                        IntervalEffects(
                            interval,
                            reference[mine],
                            inputs.genes.iloc[rows[kept]].reset_index(drop=True),
                            inputs.fits,
                            found[:, :DELETION],
                            found[:, DELETION] if mutations.deletions else None,
                        )
                        if len(kept)
                        else interval
                    )
