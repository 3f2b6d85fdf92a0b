"""Effects of alleles: the windows that an allele changes, on each gene's own grid and in its contacted bins.

A tensor is a sum over windows, so its difference with the allele and without follows from the windows that differ;
contacts stay fixed. Through a linear model that difference is the effect, in ln(expression).

Substituted bases change few cells of each layer of the network, and what is left of a window is the reference's
(`expecto.patches`). Insertions and deletions move all that lies behind them by a number of bases that pooling does not
keep to, so their windows are predicted anew. So are those of several changes at once, and of structural variants, by
which contacted bins may be lost, doubled or inverted.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import partial

import numpy as np

from expecto.gene_features import OWN_SUMS, REACH, own_windows, transform_weights
from expecto.network import BASES
from spex.effects.changes import Altered
from spex.effects.inputs import ROWS, LinearModels, by_tss
from spex.features.compute import lay_several
from spex.inputs.alleles import OK

WINDOWS_AT_ONCE = 4096
"""Changed windows whose predictions are in memory, at least (8 KB each), in whole pairs of allele and gene."""

MOST_SUBSTITUTED = 100
"""Bases; where more are substituted, whole windows cost less."""

NOWHERE = np.iinfo(np.int64).min
"""In the place of where a window starts that is not there, in the reference or in the changed chromosome."""

OTHER_STRAND = {"+": "-", "-": "+"}

ARRAYS = ("alleles", "genes", "through_own", "own", "contact", "status")
"""Fields of Effects that are arrays."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of alleles on the genes that they reach, a row a pair of the two.

    alleles, genes: (m,) int64, numbers of the allele and of the gene's row, rising. through_own: (m,) bool, whether
    windows of the gene's own grid change. contacts: list (m) of int64 arrays, numbers of the contacts whose bins
    change. own, contact: float64 (m, t), change of ln(expression) in each tissue, by the local windows and by contacts.
    status: (m,) text, OK, or why the gene has no effect, which is then NaN.
    sure: float64 (m, 2, t), standard deviation of their sum and share of the folds that give it the same sign; None
    where that was not asked for.
    """

    alleles: np.ndarray
    genes: np.ndarray
    through_own: np.ndarray
    contacts: list[np.ndarray]
    own: np.ndarray
    contact: np.ndarray
    status: np.ndarray
    sure: np.ndarray | None = None


@dataclass
class _Pair:
    """A gene that an allele reaches. positions: in SHIFTS of its local windows that change. own: starts of these in the
    reference, and in the changed chromosome. contacts: number -> what changes in the sums over contacts: list of the
    column, and starts of windows of its bin, likewise, NOWHERE for those that come or go. status: as of Effects."""

    chrom: str
    allele: int
    gene: int
    positions: np.ndarray
    own: tuple
    contacts: dict
    status: str = OK

    def windows(self):
        """Starts of the windows that change, in the reference and in the changed chromosome: pairs of arrays."""
        return [self.own, *(places for terms in self.contacts.values() for _, *places in terms)]

    def places(self):
        """The same, of one window after another: pairs of int."""
        return [each for places in self.windows() for each in zip(*(part.tolist() for part in places), strict=True)]

    def starts(self):
        """Where the windows that change start in the reference: list of int."""
        return [start for start, _ in self.places()]


def own_reach(window):
    """Largest distance in bp between a TSS and a base of its local windows. window: length of one, in bp."""
    return REACH + window // 2


def scorer_of(inputs, computer, uncertainty=None):
    """AlleleScorer of EffectInputs with linear models. computer: FeatureComputer. uncertainty: as of AlleleScorer."""
    return AlleleScorer(computer, inputs.genes, inputs.index(), LinearModels(inputs.fits), uncertainty)


class AlleleScorer:
    """Computes effects of alleles.

    computer: FeatureComputer of the genome and network. genes: DataFrame (n) with chrom, strand, tss. index:
    ContactIndex over contacts of the same genes, or None without contact maps. models: LinearModels. uncertainty: of
    the same models, or None to go without.

    tissues: number of the models.
    """

    def __init__(self, computer, genes, index, models, uncertainty=None):
        self._uncertainty = uncertainty
        self._computer, self._index, self._models = computer, index, models
        self._genome = computer.genome
        self._tss, self._strands = genes["tss"].to_numpy(np.int64), genes["strand"].to_numpy(str)
        self._on_chrom = by_tss(genes)
        self._weights = transform_weights()
        self._window, self._features = computer.network.window, computer.network.features
        self._reach, self.tissues = own_reach(self._window), len(models)
        self._positions = models.coefficients.shape[1] // self._features
        self._stands_in = np.zeros(len(genes), dtype=bool) if index is None else index.contacts.stand_ins

    def effects(self, changes, only=None, touched=None):
        """Effects of alleles on the genes that they reach: Effects.

        changes: list of Change or Altered (n). only: row of the one gene that is asked for, for each; all without it.
        touched: for each what `touched` gives, where it is known, or those of its genes that are asked for.
        """
        altered = [each if isinstance(each, Altered) else Altered([each]) for each in changes]
        pairs, parts, count, stretches = [], [], 0, {}
        for number in sorted(range(len(altered)), key=lambda each: (altered[each].chrom, altered[each].first)):
            found = self.touched(altered[number].changes) if touched is None else touched[number]
            for gene in sorted(found) if only is None else found.keys() & {only[number]}:
                pair = self._pair(number, altered[number], gene, *found[gene], stretches)
                if pair is None:
                    continue
                pairs.append(pair)
                count += sum(len(starts) for starts, _ in pair.windows())
                if count >= WINDOWS_AT_ONCE:
                    parts.append(self._of_pairs(pairs, altered))
                    pairs, count = [], 0
                    stretches.clear()
        parts.append(self._of_pairs(pairs, altered))
        return _joined(parts)

    def touched(self, changes):
        """Genes whose windows contain a base of some changes: dict of row -> numbers of the contacts of such windows,
        of the changes in these, and of the changes in local windows, as sets. changes: list of Change."""
        found = defaultdict(lambda: (set(), set(), set()))
        for number, change in enumerate(changes):
            if self._index is not None:
                contacts = self._index.touching(change.chrom, change.start, change.reach)
                for gene, contact in zip(self._index.genes[contacts].tolist(), contacts.tolist(), strict=True):
                    found[gene][0].add(contact)
                    found[gene][1].add(number)
            rows, tss = self._on_chrom.get(change.chrom, (np.empty(0, np.int64), ()))
            near = slice(*np.searchsorted(tss, [change.start - self._reach, change.reach + self._reach + 1]))
            for gene in rows[near].tolist():
                first, end, _ = own_windows(self._tss[gene], self._strands[gene], self._window)
                if change.start < end and change.reach > first:
                    found[gene][2].add(number)
        return found

    def reads(self, altered, gene, contacts, near):
        """Intervals of the reference that windows of a gene come from in a changed chromosome: list of start and end.

        altered: Altered. contacts: numbers of those that are looked at. near: whether the gene's own windows are.
        """
        stretches = []
        if near:
            place, turned, status = altered.tss(int(self._tss[gene]) - 1)
            if status != OK:
                return []
            strand = self._strands[gene] if turned is None else OTHER_STRAND[self._strands[gene]]
            stretches.append(own_windows(place + 1, strand, self._window)[:2])
        for contact in contacts:
            bin_, starts = self._index.bin(contact, self._genome.chromsizes[altered.chrom]), self._index.starts[contact]
            copies = altered.copies(*bin_, starts, self._window)
            stretches += [(int(each.min()), int(each.max()) + self._window) for each in copies]
        return [interval for stretch in stretches for interval in altered.sources(*stretch)]

    def _pair(self, number, altered, gene, contacts, _, near, stretches):
        """What an allele does to a gene: _Pair, None where nothing. contacts to near: of `touched`. stretches: gene ->
        base codes around it, kept."""
        own, turned, every = (np.empty(0, np.int64),) * 3, None, contacts
        if near:
            place, turned, status = altered.tss(int(self._tss[gene]) - 1)
            if status != OK:
                return _Pair(altered.chrom, number, gene, np.zeros(1, np.int64), own[1:], {}, status)
            own = self._changed_windows(altered, gene, place, turned is not None, stretches)
        if turned is not None and self._index is not None:
            every = np.flatnonzero(self._index.genes == gene).tolist()
        terms = {contact: self._terms(altered, contact, turned) for contact in sorted(every)}
        terms = {contact: each for contact, each in terms.items() if each}
        return _Pair(altered.chrom, number, gene, own[0], own[1:], terms) if len(own[0]) or terms else None

    def _terms(self, altered, contact, turned):
        """What changes by one contact: as of _Pair. turned: number of the change that turns its gene, or None."""
        starts, column = self._index.starts[contact], int(self._index.columns[contact])
        first, end = self._index.bin(contact, self._genome.chromsizes[altered.chrom])
        copies = altered.copies(first, end, starts, self._window)
        gone = np.full(len(starts), NOWHERE)
        if turned is not None and altered.around(first, end) != turned:  # then on the other side of its gene
            return [(column, starts, gone), *((column ^ 1, gone, each) for each in copies)]
        if not copies:
            return [(column, starts, gone)]
        *others, moved = copies
        differ = [
            not np.array_equal(
                self._genome.codes(altered.chrom, start, start + self._window),
                altered.codes(self._genome, place, place + self._window),
            )
            for start, place in zip(starts.tolist(), moved.tolist(), strict=True)
        ]
        kept = [(column, starts[differ], moved[differ])] if any(differ) else []
        return [*kept, *((column, gone, each) for each in others)]

    def _changed_windows(self, altered, gene, place, turned, stretches):
        """Local windows of a gene that read other bases with the change, whose TSS comes to lie at a place, 0-based,
        on the other strand if it is turned: as of _Pair."""
        tss, strand = self._tss[gene], self._strands[gene]
        first, end, within = own_windows(tss, strand, self._window)
        if turned:
            there, _, mirrored = own_windows(place + 1, OTHER_STRAND[strand], self._window)
            return np.arange(len(within)), first + within, there + mirrored
        if gene not in stretches:
            stretches[gene] = self._genome.codes(altered.chrom, first, end)
        moved = place - int(tss - 1)
        differs = stretches[gene] != altered.codes(self._genome, first + moved, end + moved)
        so_far = np.concatenate([[0], np.cumsum(differs)])
        changed = np.flatnonzero(so_far[within + self._window] > so_far[within])
        return changed, first + within[changed], first + within[changed] + moved

    def _of_pairs(self, pairs, changes):
        """The effects on some pairs, by allele."""
        predicted = self._predict(pairs, changes)
        own, contact = (np.empty((len(pairs), len(self._models))) for _ in range(2))
        sure = None if self._uncertainty is None else np.empty((len(pairs), 2, len(self._models)))
        for first in range(0, len(pairs), ROWS):
            some = pairs[first : first + ROWS]
            of_tensors = np.zeros((2, len(some), self._positions, self._features))
            for pair, of_own, of_contacts in zip(some, *of_tensors, strict=True):
                self._add(of_own, of_contacts, pair, predicted)
            for effects, of_part in zip((own, contact), of_tensors, strict=True):
                effects[first : first + ROWS] = self._models.effects(of_part.reshape(len(some), -1))
            if sure is not None:
                mine, whole = slice(first, first + ROWS), of_tensors.sum(axis=0).reshape(len(some), -1)
                sure[mine] = self._uncertainty.of(whole, own[mine] + contact[mine])
        status = np.array([pair.status for pair in pairs], str)
        for values in (own, contact, *(() if sure is None else (sure,))):
            values[status != OK] = np.nan
        return Effects(
            alleles=np.array([pair.allele for pair in pairs], np.int64),
            genes=np.array([pair.gene for pair in pairs], np.int64),
            through_own=np.array([len(pair.positions) > 0 for pair in pairs], bool),
            contacts=[np.array(sorted(pair.contacts), np.int64) for pair in pairs],
            own=own,
            contact=contact,
            status=status,
            sure=sure,
        )

    def _predict(self, pairs, changes):
        """Predictions of all windows that change: (allele, start, moved) -> rows without and with the change."""
        by_length = defaultdict(list)
        for pair in pairs:
            by_length[self._substituted(changes[pair.allele])].append(pair)
        others = by_length.pop(0, [])
        predicted = self._predict_whole(others, changes)
        for _, mine in sorted(by_length.items()):  # one by one: what a patch is must not depend on other alleles
            predicted |= self._predict_substituted(mine, changes)
        return predicted

    def _substituted(self, altered):
        """Number of bases that one change substitutes where its windows are computed in part; 0 of any other."""
        change, *others = altered.changes
        short = not change.shift and change.removed <= MOST_SUBSTITUTED and (change.added < len(BASES)).all()
        return change.removed if short and not others and not change.copied and self._computer.substitutes else 0

    def _predict_substituted(self, pairs, changes):
        """As `_predict`, of substitutions of one length."""
        rows = sorted({(pair.chrom, start, pair.allele) for pair in pairs for start in pair.starts()})
        windows = list(dict.fromkeys((chrom, start) for chrom, start, _ in rows))
        number = {window: place for place, window in enumerate(windows)}
        of_chroms = defaultdict(list)
        for chrom, start in windows:
            of_chroms[chrom].append(start)
        codes, within = lay_several(
            ((partial(self._genome.codes, chrom), each) for chrom, each in of_chroms.items()), self._window
        )
        mine = np.array([number[chrom, start] for chrom, start, _ in rows])
        offsets = np.array([changes[allele].first - start for _, start, allele in rows])
        bases = np.stack([changes[allele].changes[0].added for *_, allele in rows])
        without, changed = self._computer.predict_substituted(codes, within, mine, within[mine] + offsets, bases)
        return {
            (allele, start, start): (without[window], row)
            for (_, start, allele), window, row in zip(rows, mine.tolist(), changed, strict=True)
        }

    def _predict_whole(self, pairs, changes):
        """As `_predict`, each window anew."""
        before, after = defaultdict(set), defaultdict(set)
        for pair in pairs:
            for starts, moved in pair.windows():
                before[pair.chrom].update(starts[starts != NOWHERE].tolist())
                after[pair.allele].update(moved[moved != NOWHERE].tolist())
        if not pairs:
            return {}
        nothing = np.zeros(self._features, np.float32)
        reference = {(chrom, NOWHERE): nothing for chrom in before}
        for chrom, starts in before.items():
            each = sorted(starts)
            if not each:
                continue
            rows = self._computer.windows(chrom, np.array(each, np.int64), keep=False, rounded=False)
            reference.update(zip(((chrom, start) for start in each), rows, strict=True))
        changed = {allele: sorted(starts) for allele, starts in after.items()}
        sequences = ((partial(changes[allele].codes, self._genome), each) for allele, each in changed.items())
        sequences = [each for each in sequences if each[1]]
        rows = self._computer.predict(*lay_several(sequences, self._window)) if sequences else ()
        altered = dict(zip(((allele, start) for allele, each in changed.items() for start in each), rows, strict=True))
        altered |= {(allele, NOWHERE): nothing for allele in changed}
        return {
            (pair.allele, start, moved): (reference[pair.chrom, start], altered[pair.allele, moved])
            for pair in pairs
            for start, moved in pair.places()
        }

    def _add(self, of_own, of_contacts, pair, predicted):
        """Add what a pair's windows do to the gene's tensor: float64 (positions, features), by own and by contacts."""
        if pair.status != OK:
            return
        if len(pair.positions):
            differences = _differences(pair, *pair.own, predicted)
            of_own[:OWN_SUMS] = self._weights[:, pair.positions] @ differences
            if self._stands_in[pair.gene]:
                of_own[OWN_SUMS:] = differences.sum(axis=0)
        for contact, terms in pair.contacts.items():
            for column, starts, moved in terms:
                differences = _differences(pair, starts, moved, predicted)
                of_contacts[OWN_SUMS + column] += self._index.weights[contact] * differences.sum(axis=0)


def _differences(pair, starts, moved, predicted):
    """Predictions with the change minus those without, float64 (windows, features). predicted: as of `_predict`."""
    rows = [predicted[pair.allele, *places] for places in zip(starts.tolist(), moved.tolist(), strict=True)]
    without, changed = np.stack(rows, axis=1).astype(np.float64)
    return changed - without


def _joined(parts):
    """Effects of several parts as one, by allele, then gene."""
    names = [*ARRAYS, *(["sure"] if parts[0].sure is not None else [])]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    contacts = [each for part in parts for each in part.contacts]
    order = np.lexsort((arrays["genes"], arrays["alleles"]))
    return Effects(
        **{name: values[order] for name, values in arrays.items()}, contacts=[contacts[place] for place in order]
    )
