"""Effects of whole haplotypes: all alleles that one copy of a chromosome has, applied together.

For each gene they are those of a sample's homozygous genotypes and of one phase set, the one with the most alleles in
the gene's windows and contacted bins: how phase sets lie to each other is not known. Windows are read in the whole
chromosome with these alleles, so an effect is the difference of two tensors, of this chromosome and the reference's.
"""

from collections import Counter, defaultdict
from functools import partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from spex.effects.alleles import scorer_of
from spex.effects.changes import Agreement, Change, codes_of, together
from spex.effects.inputs import by_fit
from spex.effects.uncertainty import uncertainty_of
from spex.effects.variants import Parts, VariantRun
from spex.files import sealed
from spex.files.streamed_tables import Place
from spex.inputs.account import Account
from spex.inputs.alleles import OK
from spex.inputs.choices import Blocks
from spex.inputs.genotypes import genotypes_of, sample_columns

COLUMNS = {
    "sample": "string",
    "haplotype": "int64",
    "gene_id": "string",
    "gene_name": "string",
    "chrom": "string",
    "tss": "int64",
    "tissue": "string",
    "effect": "float64",
    "effect_own": "float64",
    "effect_contact": "float64",
    "effect_sd": "float64",
    "sign_agrees": "float64",
    "alleles": "int64",
    "phase_set": "string",
    "left_out": "string",
    "model": "string",
    "status": "string",
}
"""Columns of haplotypes.tsv -> their type. haplotype: 1 is before the | of GT. alleles: how many of them act together.
left_out: alleles of the sample there that do not, by reason."""

PLACE = Place("chrom", "tss", "tss", zero_based=False)

UNPHASED, NO_GENOTYPE, OTHER_PHASE_SET, OVERLAPPING = "unphased", "missing_genotype", "other_phase_set", "overlapping"
INCOMPLETE = "incomplete"
SAMPLES_AT_ONCE = 16
"""Samples whose alleles of a chromosome are in memory."""


class Carried(NamedTuple):
    """An allele that a sample has. change: where it is written. first: 0-based, where it begins as far to the left as
    it can lie. copies: whether each haplotype has it. phase_set: None where both have it, or it is on the only
    chromosome. reason: why it cannot be used, or OK."""

    change: Change
    first: int
    copies: tuple[bool, bool]
    phase_set: str | None
    reason: str = OK

    @property
    def span(self):
        """All bases that it can be said to take away or to double, as a Change."""
        return Change(self.change.chrom, self.first, self.change.reach - self.first, codes_of(""))


def carried_alleles(alleles, statuses, genotype, genome):
    """Alleles that a sample has in one row, as Carried. alleles: of the row, with a chromosome. statuses: of these.
    genotype: Genotype."""
    if None in genotype.alleles:
        known = next((number for number, status in enumerate(statuses) if status == OK), 0)
        return [_unused(alleles[known], statuses[known], NO_GENOTYPE, genome)]
    found = []
    for number in sorted({*genotype.alleles} - {0}):
        allele, status = alleles[number - 1], statuses[number - 1]
        reason = UNPHASED if status == OK and genotype.phase_set is None else status
        if reason == OK:
            first, second = (genotype.alleles[place : place + 1] == (number,) for place in (0, 1))
            alone = first and (second or len(genotype.alleles) == 1)
            phase_set = None if alone else genotype.phase_set
            found.append(_carried(Change.of_allele(allele, genome), genome, (first, second), phase_set))
        elif allele.alt != "*":  # what the sample has instead is another row's allele
            found.append(_unused(allele, status, reason, genome))
    return found


def _unused(allele, status, reason, genome):
    """An allele that cannot be used, at the place of its change, or of REF where that is not known."""
    there = Change(allele.on, max(allele.pos - 1, 0), len(allele.ref), codes_of(""))
    change = Change.of_allele(allele, genome) if status == OK else there
    return _carried(change, genome, (False, False), None, reason)


def _carried(change, genome, *others):
    return Carried(change, change.leftmost(genome).start, *others)


class HaplotypeRun(VariantRun):
    """The haplotypes of a variant file's samples, in a folder; a part is a sample and a chromosome.

    inputs, file, root, block_rows, errors: as of VariantRun; also genotypes that name an allele that is not there.
    samples: names; all of the file without any.
    """

    def __init__(self, inputs, file, root, samples=(), *, block_rows=Blocks.block_size):
        self.inputs, self.file, self.block_rows = inputs, file, block_rows
        self.samples = sample_columns(file, samples)
        identity = {"variants": file.sha256, "regions": list(file.regions), "samples": list(self.samples)}
        self.parts = HaplotypeParts(root, inputs.identity() | identity)
        self.parts.check()
        self._look_through()
        there = set(file.chroms.values())
        self.chroms = [chrom for chrom in inputs.chromsizes() if chrom in there]
        self.sizes = [2] * (len(self.chroms) * len(self.samples))

    def _alleles(self):
        columns = self.samples.values()
        return self.file.blocks(self.block_rows, lambda number, line: genotypes_of(line, columns, self.file, number))

    def _work(self):
        return partial(
            _score_haplotypes, self.inputs, self.file, self.parts, self.samples, self.chroms, self.block_rows
        )

    def tables(self):
        """Yields: for each part, DataFrame with `COLUMNS`, a row a haplotype, gene and tissue; `account` then has how
        many alleles of the samples are used, and why others are not: Account."""
        self.account = Account(self.file.about["subject"], "alleles of samples")
        for number in range(len(self.sizes)):
            part = self.parts.load(number)
            for reason, alleles in zip(part["reasons"].tolist(), part["counts"].tolist(), strict=True):
                if reason == OK:
                    self.account.used += alleles
                else:
                    self.account.leave_out(reason, alleles)
            yield self._table(part, list(self.samples)[number % len(self.samples)])
        self.inputs.watch.check()

    def _table(self, part, sample):
        """A part as a table."""
        genes, fits = self.inputs.genes.iloc[part["genes"]], self.inputs.fits
        pairs = pd.DataFrame({name: part[name] for name in ("haplotype", "alleles", "phase_set", "left_out", "status")})
        pairs = pairs.assign(sample=sample, gene_id=genes["id"].to_numpy(), gene_name=genes["symbol"].to_numpy())
        pairs = pairs.assign(chrom=genes["chrom"].to_numpy(), tss=genes["tss"].to_numpy(np.int64))
        table = by_fit(pairs, fits)
        table["effect"] = (part["own"] + part["contact"]).ravel()
        table["effect_own"], table["effect_contact"] = part["own"].ravel(), part["contact"].ravel()
        table["effect_sd"], table["sign_agrees"] = (part["sure"][:, number].ravel() for number in (0, 1))
        return table[list(COLUMNS)].replace({"phase_set": {"": None}, "left_out": {"": None}})


class HaplotypeParts(Parts):
    """The same of haplotypes: arrays by name."""

    unit = "haplotypes"

    def load(self, number):
        return sealed.if_whole(sealed.load_arrays, self._path(number))

    def save(self, number, block):
        sealed.save_arrays(self._path(number), block)


def read_carried(file, chrom, samples, genome, block_rows):
    """What samples have on a chromosome: for each, list of Carried by place. samples: of `sample_columns`."""
    lines, agreement = {}, Agreement(genome)
    carried = [[] for _ in samples]
    for block in file.blocks(block_rows, lines.__setitem__):
        for number, alleles in groupby(block, key=lambda allele: allele.number):
            line, of_row = lines.pop(number), list(alleles)
            if of_row[0].on != chrom:
                continue
            genotypes = genotypes_of(line, samples.values(), file, number)
            if not any({*each.alleles} - {0} for each in genotypes):
                continue
            statuses = [agreement.status(allele) for allele in of_row]
            for mine, genotype in zip(carried, genotypes, strict=True):
                mine.extend(carried_alleles(of_row, statuses, genotype, genome))
    return [sorted(mine, key=lambda each: (each.change.start, each.change.reach)) for mine in carried]


def applied(carried, haplotype, phase_set):
    """What one haplotype makes of a chromosome. carried: as of `score_haplotypes`. haplotype: 0 or 1.

    Returns: Altered, None where nothing is applied; numbers of the alleles that are, and of those that overlap one
    before, as sets.
    """
    kept, overlapping, start, reach = [], set(), -1, -1
    for number, each in enumerate(carried):
        if each.reason == OK and each.copies[haplotype] and each.phase_set in (None, phase_set):
            # of two at one place the first may be an insertion, before the base that the second takes away
            if each.change.start >= reach and (each.change.start > start or each.change.removed):
                kept.append(number)
                start, reach = each.change.start, each.change.reach
            else:
                overlapping.add(number)
    changes, firsts = ([getattr(carried[number], name) for number in kept] for name in ("change", "first"))
    return together(changes, firsts) if kept else None, set(kept), overlapping


def _finder(carried):
    """A function from intervals, 0-based half-open, to the numbers of the alleles that have a base there, as a set."""
    order = np.argsort([each.first for each in carried], kind="stable")
    spans = np.array([(each.first, each.change.reach) for each in carried], np.int64).reshape(-1, 2)[order]
    highest = np.maximum.accumulate(spans[:, 1])

    def within(intervals):
        found = set()
        for start, end in intervals:
            some = slice(np.searchsorted(highest, start, side="right"), np.searchsorted(spans[:, 0], end, side="left"))
            found.update(order[some][spans[some, 1] > start].tolist())
        return found

    return within


def score_haplotypes(scorer, carried):
    """Both haplotypes of a sample on one chromosome. carried: list of Carried by place.

    Returns: arrays by name: haplotype, genes, own, contact, sure, status, phase_set, alleles and left_out of each
    haplotype and gene; reasons and counts of the alleles, OK for those that are used.
    """
    touched, within = scorer.touched([each.span for each in carried]), _finder(carried)
    numbers = {gene: in_bins | in_own for gene, (_, in_bins, in_own) in touched.items() if in_bins or in_own}
    chosen, rows, used, overlap, reached = defaultdict(list), [], set(), set(), set()
    for gene, mine in sorted(numbers.items()):
        sets = Counter(carried[number].phase_set for number in sorted(mine))
        del sets[None]
        chosen[max(sets, key=sets.get, default=None)].append(gene)
    for phase_set, genes in chosen.items():
        for haplotype in (0, 1):
            altered, kept, overlapping = applied(carried, haplotype, phase_set)
            of_genes = {gene: touched[gene] for gene in genes}
            found = scorer.effects([altered], touched=[of_genes]) if altered else scorer.effects([])
            places = {gene: place for place, gene in enumerate(found.genes.tolist())}
            for gene in genes:
                mine = numbers[gene]
                if altered:  # a deletion brings others to the gene
                    contacts, _, near = touched[gene]
                    mine = mine | within(scorer.reads(altered, gene, contacts, near))
                reached |= mine
                unused = Counter(_why_not(carried[number], phase_set) for number in mine)
                unused[OVERLAPPING] = len(mine & overlapping)
                left_out = ", ".join(f"{count} {why}" for why, count in sorted(unused.items()) if count and why != OK)
                rows.append((gene, haplotype, phase_set or "", len(mine & kept), left_out, found, places.get(gene)))
                used |= mine & kept
                overlap |= mine & overlapping
    counts = Counter("that reach no gene" for number in range(len(carried)) if number not in reached)
    for number in reached:
        why = _why_not(carried[number], carried[number].phase_set)
        why = OVERLAPPING if number in overlap else OTHER_PHASE_SET if why == OK else why
        counts[OK if number in used else why] += 1
    return _arrays(sorted(rows, key=lambda row: row[:2]), counts, scorer.tissues)


def _why_not(each, phase_set):
    """Why an allele cannot act together with a phase set, or OK."""
    return each.reason if each.reason != OK or each.phase_set in (None, phase_set) else OTHER_PHASE_SET


def _arrays(rows, counts, tissues):
    """As of `score_haplotypes`. rows: gene, haplotype, phase set, alleles, what is left out, Effects and the place in
    them, None where nothing changes."""
    genes, haplotypes, sets, alleles, left_out, found, places = zip(*rows, strict=True) if rows else [()] * 7
    own, contact, sure = np.zeros((len(rows), tissues)), np.zeros((len(rows), tissues)), []
    status = []
    for row, (effects, place) in enumerate(zip(found, places, strict=True)):
        sure.append(np.full((2, tissues), np.nan) if place is None or effects.sure is None else effects.sure[place])
        status.append(OK if place is None else str(effects.status[place]))
        if place is not None:
            own[row], contact[row] = effects.own[place], effects.contact[place]
        if status[-1] == OK and left_out[row]:
            status[-1] = INCOMPLETE
    return {
        "genes": np.array(genes, np.int64),
        "haplotype": np.array(haplotypes, np.int64) + 1,
        "phase_set": np.array(sets, str),
        "alleles": np.array(alleles, np.int64),
        "left_out": np.array(left_out, str),
        "own": own,
        "contact": contact,
        "sure": np.array(sure).reshape(len(rows), 2, tissues),
        "status": np.array(status, str),
        "reasons": np.array([*counts], str),
        "counts": np.array([*counts.values()], np.int64),
    }


def _score_haplotypes(inputs, file, parts, samples, chroms, block_rows, device, numbers, advance):
    """Score parts, by their numbers, rising, on one device; keep each. Returns: Counter."""
    names = list(samples)
    with inputs.computer(device) as computer:
        scorer = scorer_of(inputs, computer, uncertainty_of(inputs, device))
        for place, of_chrom in groupby(numbers, key=lambda number: number // len(names)):
            mine = list(of_chrom)
            for first in range(0, len(mine), SAMPLES_AT_ONCE):
                some = mine[first : first + SAMPLES_AT_ONCE]
                columns = {names[number % len(names)]: samples[names[number % len(names)]] for number in some}
                carried = read_carried(file, chroms[place], columns, computer.genome, block_rows)
                for number, of_sample in zip(some, carried, strict=True):
                    arrays = score_haplotypes(scorer, of_sample)
                    inputs.watch.check()
                    parts.save(number, arrays)
                    advance(2)
        return computer.counts
