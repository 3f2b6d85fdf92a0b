"""Effects of alleles against tensors that the program itself makes from the changed chromosome."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import write_fasta
from oracles import beluga, predict_window

import spex
from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.contacts.rules import Corrected, Published
from spex.effects.alleles import AlleleScorer
from spex.effects.sequences import Change

CODE_OF = {letter: code for code, letter in enumerate(BELUGA.bases)}


def change_of(chrom, pos, ref, alt):
    return Change.of(chrom, pos, ref.upper(), alt.upper(), CODE_OF)


def changed_letters(letters, pos, ref, alt):
    assert letters[pos - 1 : pos - 1 + len(ref)].upper() == ref.upper()
    return letters[: pos - 1] + alt + letters[pos - 1 + len(ref) :]


def moved_by_hand(place, pos, ref, alt):
    """Where the base at a 0-based place lies in the changed chromosome, base by base."""
    ref, alt = list(ref.upper()), list(alt.upper())
    while ref and alt and ref[-1] == alt[-1]:
        ref.pop(), alt.pop()
    first = pos - 1
    while ref and alt and ref[0] == alt[0]:
        ref.pop(0), alt.pop(0)
        first += 1
    if place < first:
        return place
    if place >= first + len(ref):
        return place + len(alt) - len(ref)
    return first + min(place - first, len(alt))


class ByHand:
    """f(tensor with the allele) - f(tensor without): own windows from a FASTA file of the changed chromosome, the TSS
    moved along; contacted bins window by window in the changed letters."""

    def __init__(self, world, made, tmp_path):
        self.world, self.made, self.tmp_path = world, made, tmp_path
        state = torch.load(world.checkpoint, weights_only=True)
        self.predict = lambda windows: beluga(state, torch.from_numpy(windows)).numpy()
        self.before = self.tensors(world.genome, made.genes, world.sequences, lambda chrom, place: place)

    def tensors(self, fasta, genes, sequences, moved):
        """Tensors of the genes, float64 (n, positions, features)."""
        contacts = self.made.contacts
        if contacts is not None:
            contacts = replace(contacts, tss=genes["tss"].to_numpy(np.int64), chromsizes=None)
        tensors = spex.gene_features(genes, fasta, self.world.checkpoint, contacts=contacts, device="cpu").X
        tensors = tensors.reshape(len(genes), -1, BELUGA.features).astype(np.float64)
        if contacts is None:
            return tensors
        own, neighbours = tensors[:, :OWN_SUMS], np.zeros((len(genes), 2, BELUGA.features))
        rule, resolution = contacts.rule, contacts.resolution
        for gene in range(len(genes)):
            if rule.own_windows_stand_in and not contacts.has_pixels[gene]:
                neighbours[gene] = tensors[gene, OWN_SUMS:]
            for number in range(contacts.offsets[gene], contacts.offsets[gene + 1]):
                side = 0 if contacts.downstream[number] else 1
                for window in rule.windows(contacts.bins[number : number + 1], resolution):
                    start = int(rule.centres(window, resolution)) - 1000
                    chrom = contacts.chroms[gene]
                    centre = moved(chrom, start) + 1000
                    neighbours[gene, side] += rule.weight(resolution) * self.window(chrom, sequences, centre)
        return np.concatenate([own, neighbours], axis=1)

    def window(self, chrom, sequences, centre):
        return predict_window(self.predict, sequences[chrom], centre)

    def effects(self, chrom, pos, ref, alt):
        """Float64 (genes, tissues)."""
        sequences = {**self.world.sequences}
        sequences[chrom] = changed_letters(sequences[chrom], pos, ref, alt)
        fasta = self.tmp_path / f"{chrom}_{pos}_{len(ref)}_{alt[:20]}.fa"
        write_fasta(fasta, sequences)
        genes = self.made.genes.copy()
        here = genes["chrom"] == chrom
        genes.loc[here, "tss"] = [moved_by_hand(tss - 1, pos, ref, alt) + 1 for tss in genes.loc[here, "tss"]]

        def moved(of, place):
            return moved_by_hand(place, pos, ref, alt) if of == chrom else place

        after = self.tensors(fasta, genes, sequences, moved)
        difference = (after - self.before).reshape(len(genes), -1)
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


@pytest.mark.parametrize("rule", [Corrected(), Published(), None])
def test_effects_of_alleles_are_differences_of_tensors(world, made, tmp_path, rule):
    made = made(rule)
    by_hand = ByHand(world, made, tmp_path)
    alleles = random_alleles(np.random.default_rng(3), world.sequences, 20)
    scorer = AlleleScorer(made.computer, made.genes, made.index, made.models)
    found = scorer.effects([change_of(*allele) for allele in alleles])
    reached = set()
    for number, allele in enumerate(alleles):
        expected, scale = by_hand.effects(*allele)
        mine = np.flatnonzero(found.alleles == number)
        got = np.zeros_like(expected)
        got[found.genes[mine]] = (found.own + found.contact)[mine]
        assert np.abs(got - expected).max() < 1e-5 * scale * np.sqrt(made.models.coefficients.shape[1])
        reached |= {(bool(found.through_own[pair]), len(found.contacts[pair]) > 0) for pair in mine}
        missed = np.setdiff1d(np.arange(len(expected)), found.genes[mine])
        assert (expected[missed] == 0).all()
    assert reached >= ({(True, False)} if rule is None else {(True, False), (False, True)})
