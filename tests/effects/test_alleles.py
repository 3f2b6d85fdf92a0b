"""Effects of alleles against tensors that the program itself makes from the changed chromosome."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import write_fasta, write_mcool
from hypothesis import given
from hypothesis import strategies as st
from oracles import beluga, predict_window

import spex
from expecto.gene_features import OWN_SUMS, own_windows
from expecto.network import BELUGA
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import MOST_SUBSTITUTED, AlleleScorer
from spex.effects.changes import CODE_OF, Change
from spex.effects.mutagenesis import Mutations
from spex.effects.variants import score_block
from spex.inputs.alleles import OK
from spex.inputs.genome import Genome
from spex.inputs.regions import Interval
from spex.runs.cache import PredictionStore


def change_of(genome, chrom, pos, ref, alt):
    return Change.of(chrom, pos, ref, alt).leftmost(genome)


def changed_letters(letters, pos, ref, alt):
    assert letters[pos - 1 : pos - 1 + len(ref)].upper() == ref.upper()
    return letters[: pos - 1] + alt + letters[pos - 1 + len(ref) :]


def changed_by_hand(before, after):
    """What differs between two chromosomes, by what both end with, and then by what both begin with.

    Returns: 0-based place of the first base that differs, number of bases before, and after.
    """
    before, after = before.upper(), after.upper()
    shorter, end, start = min(len(before), len(after)), 0, 0
    while end < shorter and before[-1 - end] == after[-1 - end]:
        end += 1
    while start < shorter - end and before[start] == after[start]:
        start += 1
    return start, len(before) - end - start, len(after) - end - start


def moved_by_hand(place, first, removed, added):
    """Where the base at a 0-based place lies in the changed chromosome."""
    if place < first:
        return place
    if place >= first + removed:
        return place + added - removed
    return first + min(place - first, added)


AROUND = 22_000
"""bp on either side of a TSS; no local window reaches farther."""


def letters_around(letters, tss):
    """What local windows of a TSS may read; fewer letters at a chromosome's end."""
    return max(AROUND - tss, 0), letters[max(tss - AROUND, 0) : tss + AROUND].upper()


class ByHand:
    """f(tensor with the allele) - f(tensor without): own windows from a FASTA file of the changed chromosome, the TSS
    moved along, where any letter around differs; contacted bins window by window in the changed letters."""

    def __init__(self, world, made, tmp_path):
        self.world, self.made, self.tmp_path = world, made, tmp_path
        state = torch.load(world.checkpoint, weights_only=True)
        known = {}  # most windows lie far from an allele and are met again

        def predict(windows):
            key = windows.tobytes()
            if key not in known:
                known[key] = beluga(state, torch.from_numpy(windows)).numpy()
            return known[key]

        self.predict = predict
        every = np.ones(len(made.genes), dtype=bool)
        self.before = self.tensors(world.genome, made.genes, every, world.sequences, lambda chrom, place: place)

    def tensors(self, fasta, genes, near, sequences, moved):
        """Tensors of some of the genes, float64 (n, positions, features). near: (n,) bool, those whose local windows
        may have changed."""
        contacts, handed = self.made.contacts, None
        if contacts is not None and contacts.rule.own_windows_stand_in:  # by other rules, contacts are summed below
            tss = genes["tss"].reindex(self.made.genes.index).fillna(self.made.genes["tss"])
            handed = replace(contacts, tss=tss.to_numpy(np.int64), chromsizes=None)
        tensors = np.zeros((len(genes), 10 if contacts is None else 12, BELUGA.features))
        tensors[~near] = self.before[genes.index[~near]] if not near.all() else 0
        if near.any():
            found = spex.gene_features(genes[near], fasta, self.world.checkpoint, contacts=handed, device="cpu").X
            found = found.reshape(near.sum(), -1, BELUGA.features)
            tensors[near, : found.shape[1]] = found
        if contacts is None:
            return tensors
        own, neighbours = tensors[:, :OWN_SUMS], np.zeros((len(genes), 2, BELUGA.features))
        rule, resolution = contacts.rule, contacts.resolution
        for row, gene in enumerate(genes.index):
            if rule.own_windows_stand_in and not contacts.has_pixels[gene]:
                neighbours[row] = tensors[row, OWN_SUMS:]
            for number in range(contacts.offsets[gene], contacts.offsets[gene + 1]):
                side = 0 if contacts.downstream[number] else 1
                for window in rule.windows(contacts.bins[number : number + 1], resolution, 2000):
                    start = int(rule.centres(window, resolution, 2000)) - 1000
                    chrom = contacts.chroms[gene]
                    centre = moved(chrom, start) + 1000
                    neighbours[row, side] += rule.weight(resolution, 2000) * self.window(chrom, sequences, centre)
        return np.concatenate([own, neighbours], axis=1)

    def window(self, chrom, sequences, centre):
        return predict_window(self.predict, sequences[chrom], centre)

    def effects(self, chrom, pos, ref, alt):
        """Float64 (genes, tissues)."""
        sequences = {**self.world.sequences}
        sequences[chrom] = changed_letters(sequences[chrom], pos, ref, alt)
        change = changed_by_hand(self.world.sequences[chrom], sequences[chrom])
        fasta = self.tmp_path / f"{chrom}_{pos}_{len(ref)}_{alt[:20]}.fa"
        write_fasta(fasta, sequences)
        genes = self.made.genes[self.made.genes["chrom"] == chrom]
        there = [moved_by_hand(tss - 1, *change) + 1 for tss in genes["tss"]]
        before, after = self.world.sequences[chrom], sequences[chrom]
        pairs = zip(genes["tss"], there, strict=True)
        near = np.array([letters_around(before, tss) != letters_around(after, moved) for tss, moved in pairs])
        genes = genes.assign(tss=there)
        after = self.before.copy()  # what lies on other chromosomes has the same letters
        after[genes.index] = self.tensors(
            fasta, genes, near, sequences, lambda of, place: moved_by_hand(place, *change)
        )
        difference = (after - self.before).reshape(len(after), -1)
        return difference @ self.made.models.coefficients.T, np.abs(self.before).max()


def random_alleles(generator, sequences, count):
    """Substitutions, insertions and deletions of all lengths, near genes and far from them, and at the ends."""
    alleles = []
    places = [("chr1", 1), ("chr1", 120_380), ("chr8", 1), ("chr9", 60_940), ("chr1", 60_029), ("chr1", 60_499)]
    while len(alleles) < count:
        chrom, pos = places[len(alleles)] if len(alleles) < len(places) else (None, None)
        if chrom is None:
            chrom = generator.choice(list(sequences))
            pos = int(generator.integers(1, len(sequences[chrom])))
        removed = int(generator.choice([1, 1, 1, 2, 5, 40, 2000]))
        added = int(generator.choice([1, 1, 1, 2, 5, 40, 1500]))
        ref = sequences[chrom][pos - 1 : pos - 1 + removed]
        alt = "".join(generator.choice(list("ACGT"), size=added))
        of_the_end = pos + removed > 120_380 and chrom == "chr1"  # would leave no base for a TSS
        if set(ref.upper()) <= set("ACGT") and ref.upper() != alt and not (of_the_end and removed > 2):
            alleles.append((str(chrom), pos, ref, alt))
    return alleles


def random_substitutions(generator, sequences, count):
    """As many bases for as many, of lengths that are computed in part and longer ones, every third one by the first
    gene's TSS."""
    alleles = []
    while len(alleles) < count:
        chrom = generator.choice(list(sequences))
        pos = int(generator.integers(1, len(sequences[chrom])))
        if len(alleles) % 3 == 2:
            chrom, pos = "chr1", TSS + int(generator.integers(-2500, 2500))
        length = int(generator.choice([1, 1, 2, 3, MOST_SUBSTITUTED, MOST_SUBSTITUTED + 1]))
        ref = sequences[chrom][pos - 1 : pos - 1 + length]
        alt = "".join(generator.choice(list("ACGT"), size=length))
        if len(ref) == length and set(ref.upper()) <= set("ACGT") and ref.upper() != alt:
            alleles.append((str(chrom), pos, ref, alt))
    return alleles


RUN, UNIT, TSS = 59_990, "ACGG", 60_030
"""0-based place where a run begins; a repeat; 1-based TSS of G0 of the small world."""


@pytest.mark.parametrize(
    ("rule", "draw", "count"),
    [
        (Corrected(), random_alleles, 20),
        (Published(), random_alleles, 16),
        (None, random_alleles, 10),
        (Corrected(), random_substitutions, 12),
        *(pytest.param(rule, random_alleles, 40, marks=pytest.mark.soak) for rule in (Published(), None)),
        pytest.param(Corrected(), random_substitutions, 40, marks=pytest.mark.soak),
    ],
)
def test_effects_of_alleles_are_differences_of_tensors(world, made, tmp_path, rule, draw, count):
    made = made(rule)
    by_hand = ByHand(world, made, tmp_path)
    alleles = draw(np.random.default_rng(3), world.sequences, count)
    scorer = AlleleScorer(made.computer, made.genes, made.index, made.models)
    found = scorer.effects([change_of(made.computer.genome, *allele) for allele in alleles])
    reached = set()
    for number, allele in enumerate(alleles):
        expected, scale = by_hand.effects(*allele)
        mine = np.flatnonzero(found.alleles == number)
        got = np.zeros_like(expected)
        got[found.genes[mine]] = (found.own + found.contact)[mine]
        assert np.abs(got - expected).max() < 1e-5 * scale * np.sqrt(made.models.coefficients.shape[1])
        reached |= {(bool(found.through_own[pair]), len(found.contacts[pair]) > 0) for pair in mine}
        missed = np.setdiff1d(np.arange(len(expected)), found.genes[mine])
        # the same windows farther along the chromosome are rounded otherwise
        rounding = 1e-7 * scale * np.sqrt(made.models.coefficients.shape[1])
        assert (
            np.abs(expected[missed]).max(initial=0)
            < rounding
            < 0.01 * np.abs(expected[found.genes[mine]]).max(initial=1)
        )
    assert reached >= ({(True, False)} if rule is None else {(True, False), (False, True)})


@pytest.mark.parametrize("cases", [4, pytest.param(30, marks=pytest.mark.soak)])
def test_mutagenesis_gives_differences_of_tensors_of_mutated_genomes(world, made, tmp_path, cases):
    """SNVs and deletions, half of each, of bases by a TSS and of a bin that genes contact."""
    made = made()
    by_hand, genome = ByHand(world, made, tmp_path), made.computer.genome
    inputs = SimpleNamespace(genes=made.genes, chromsizes=lambda: genome.chromsizes)
    inputs.genome = lambda: Genome(world.genome, tmp_path / "again.fai")
    intervals = [Interval("chr1", TSS - 100, TSS + 100, "own"), Interval("chr1", 28_400, 28_600, "contacted")]
    every = [each for block in Mutations(inputs, intervals, deletions=True).blocks(64) for each in block]
    kinds = [[each for each in every if len(each.ref) == length and each.status == OK] for length in (1, 2)]
    chosen = [kinds[case % 2][at] for case, at in enumerate(np.random.default_rng(7).integers(0, 150, cases))]
    chosen[-2:] = kinds[0][-1], kinds[1][-1]
    found = score_block(AlleleScorer(made.computer, made.genes, made.index, made.models), genome, chosen).effects
    for number, allele in enumerate(chosen):
        expected, scale = by_hand.effects(allele.chrom, allele.pos, allele.ref, allele.alt)
        mine = np.flatnonzero(found.alleles == number)
        got = np.zeros_like(expected)
        got[found.genes[mine]] = (found.own + found.contact)[mine]
        assert np.abs(got - expected).max() < 1e-5 * scale * np.sqrt(made.models.coefficients.shape[1])
        assert np.abs(expected).max() > 0.01
    assert {len(contacts) > 0 for contacts in found.contacts} == {True, False}


def test_alleles_at_the_ends_of_windows_and_in_some_windows_of_a_bin(world, made, tmp_path, monkeypatch):
    """A bin of 5 kb has three windows, of which an SNV may change one alone."""
    path = tmp_path / "wide.mcool"
    write_mcool(path, {"chr1": [(5, 12, 9)]}, resolution=5000, others=())
    monkeypatch.setattr(world, "maps", [path])
    made = made(Corrected(), 5000)
    by_hand = ByHand(world, made, tmp_path)
    (starts,) = np.unique(made.index.starts, axis=0)
    first, _, within = own_windows(TSS, "+", BELUGA.window)
    letters, window = world.sequences["chr1"].upper(), BELUGA.window
    wanted = [starts[0] + 100, *(starts[-1] + each for each in (-1, 0, window - 1, window))]
    wanted += [first + within[0], first + within[-1] + window - 1]
    alleles = [("chr1", int(place) + 1, letters[place], "ACGT"["GTAC".index(letters[place])]) for place in wanted]
    scorer = AlleleScorer(made.computer, made.genes, made.index, made.models)
    found = scorer.effects([change_of(made.computer.genome, *allele) for allele in alleles])
    for number, allele in enumerate(alleles):
        expected, scale = by_hand.effects(*allele)
        mine, got = np.flatnonzero(found.alleles == number), np.zeros_like(expected)
        got[found.genes[mine]] = (found.own + found.contact)[mine]
        assert np.abs(got - expected).max() < 1e-6 * scale * np.sqrt(made.models.coefficients.shape[1])
        # the fifth lies behind the bin's last window; of the last base the network makes nothing, others may
        assert (made.genes["tss"].tolist().index(TSS) in found.genes[mine]) == (number != 4)


def repeats_world(world, tmp_path, monkeypatch, unit, copies):
    """The small world with repeats around the TSS of a gene, between other bases."""
    letters = world.sequences["chr1"]
    run = "T" + unit * copies + "C"
    sequences = {**world.sequences, "chr1": letters[: RUN - 1] + run + letters[RUN - 1 + len(run) :]}
    write_fasta(tmp_path / "repeats.fa", sequences)
    monkeypatch.setattr(world, "genome", tmp_path / "repeats.fa")
    monkeypatch.setattr(world, "sequences", sequences)
    return sequences["chr1"]


def written_in_all_ways(letters, unit, copies, start=RUN):
    """Rows of the loss of one unit of a run, and of one more: at each end, in the middle, and padded."""
    end = start + len(unit) * copies
    places = [start, start + len(unit) * (copies // 2), end - len(unit)]
    lost = [(place, letters[place - 1 : place + len(unit)], letters[place - 1]) for place in places]
    lost += [(end - 1, letters[end - 1 - len(unit) : end], letters[end - 1 - len(unit)])] if len(unit) > 1 else []
    lost = [(place, ref, alt) for place, ref, alt in lost if letters[place - 1 : place - 1 + len(ref)] == ref]
    lost.append((start, letters[start - 1 : end + 1], letters[start - 1 : end - len(unit)] + letters[end]))
    more = [(place, letters[place - 1], letters[place - 1] + unit) for place in (start, places[1], end)]
    more.append((start, letters[start - 1 : end + 1], letters[start - 1 : end] + unit + letters[end]))
    return lost, more


@pytest.mark.parametrize(("unit", "copies"), [("A", 70), (UNIT, 20)])
def test_one_haplotype_has_one_effect(world, made, tmp_path, monkeypatch, unit, copies):
    """Also for the gene whose TSS lies in the run; checked against tensors of the changed chromosome."""
    letters = repeats_world(world, tmp_path, monkeypatch, unit, copies)
    made = made()
    by_hand = ByHand(world, made, tmp_path)
    scorer = AlleleScorer(made.computer, made.genes, made.index, made.models)
    for rows in written_in_all_ways(letters, unit, copies):
        assert len({changed_letters(letters, *row) for row in rows}) == 1 and len(rows) >= 4
        changes = [change_of(made.computer.genome, "chr1", *row) for row in rows]
        assert {change.start for change in changes} == {RUN}
        found = scorer.effects(changes)
        first, *others = [(found.own + found.contact)[found.alleles == number] for number in range(len(rows))]
        assert len(first) > 1 and all(np.array_equal(first, other) for other in others)
        expected, scale = by_hand.effects("chr1", *rows[-2])
        got = np.zeros_like(expected)
        got[found.genes[found.alleles == 0]] = first
        assert np.abs(got - expected).max() < 1e-5 * scale * np.sqrt(made.models.coefficients.shape[1])
        assert got[made.genes["tss"].tolist().index(TSS)].all()


def test_substitutions_are_computed_in_part_and_have_the_bytes_that_they_have_alone(world, made):
    made = made()
    genome = made.computer.genome
    changes = [change_of(genome, *each) for each in random_substitutions(np.random.default_rng(5), world.sequences, 40)]
    scorer = AlleleScorer(made.computer, made.genes, made.index, made.models)
    together = scorer.effects(changes)
    assert made.computer.counts["windows with substitutions"] > 100
    for number in np.unique(together.alleles).tolist():
        alone, mine = scorer.effects([changes[number]]), together.alleles == number
        assert np.array_equal(alone.own, together.own[mine]) and np.array_equal(alone.contact, together.contact[mine])


def test_a_store_that_rounds_does_not_round_effects(world, made, tmp_path):
    """An insertion's windows are predicted anew; those without it must not come from a store of float16."""
    made = made()
    change = change_of(made.computer.genome, "chr1", TSS + 500, world.sequences["chr1"][TSS + 499], "ACGT")
    expected = AlleleScorer(made.computer, made.genes, made.index, made.models).effects([change])
    made.computer.store = PredictionStore(tmp_path / "cache", {}, np.float16)
    found = AlleleScorer(made.computer, made.genes, made.index, made.models).effects([change])
    assert np.array_equal(found.own, expected.own) and np.array_equal(found.contact, expected.contact)


class Letters:
    """In the place of a Genome: base codes of a text, unknown past its ends."""

    def __init__(self, letters):
        self.letters = letters

    def codes(self, chrom, start, end):
        codes = [CODE_OF.get(letter, BELUGA.unknown) for letter in self.letters.upper()]
        return np.array([codes[p] if 0 <= p < len(codes) else BELUGA.unknown for p in range(start, end)], np.uint8)


@given(st.text("ACN", min_size=1, max_size=30), st.data())
def test_a_change_begins_where_the_chromosomes_first_differ_behind_all_that_they_end_with(letters, data):
    """Every way to write a change gives that of the whole chromosomes, whatever stands before it, at the ends too."""
    pos = data.draw(st.integers(1, len(letters)))
    ref = letters[pos - 1 : pos - 1 + data.draw(st.integers(1, 6))]
    alt = data.draw(st.text("AC", min_size=1, max_size=6))
    if "N" in ref or ref == alt:
        return
    change = change_of(Letters(letters), "chr1", pos, ref, alt)
    after = changed_letters(letters, pos, ref, alt)
    assert (change.start, change.removed, len(change.added)) == changed_by_hand(letters, after)
    codes = change.codes(Letters(letters), 0, len(after))
    assert codes.tolist() == Letters(after).codes("chr1", 0, len(after)).tolist()


def test_a_long_run_is_followed_to_its_beginning():
    letters = "G" + "AC" * 20_000 + "GT"
    change = change_of(Letters(letters), "chr1", len(letters) - 4, "CAC", "C")
    assert (change.start, change.removed) == (1, 2)
    change = change_of(Letters(letters[1:]), "chr1", len(letters) - 5, "CAC", "C")
    assert (change.start, change.removed) == (0, 2)
