"""Null variants: random SNVs at places where variants can act, drawn apart in every stratum.

Within a stratum each pair of a gene and a base that its own windows, or the windows of its contacted bins, hold has the
same chance, and so has each of the three other bases: base composition and CpG are those of such places. A draw over
the whole genome would hardly ever hit one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from expecto.gene_features import own_windows
from expecto.network import BELUGA
from spex.effects.alleles import OWN_REACH, AlleleScorer
from spex.effects.linear import LinearModels
from spex.effects.quantiles import BOTH, OWN, STRATA, path_of, stratum
from spex.effects.sequences import Change

TRIES = 200
"""Draws for each null variant that is wanted before a stratum counts as without places."""

AT_ONCE = 256


@dataclass(frozen=True)
class _Draw:
    """A null variant for one gene. position: 0-based. ref, alt: base codes."""

    gene: int
    position: int
    ref: int
    alt: int


class NullDrawer:
    """Draws null variants. inputs: EffectInputs. genome: Genome. seed: of all draws."""

    def __init__(self, inputs, genome, seed):
        self._genes, self._genome, self._seed = inputs.genes, genome, seed
        self._index = inputs.index()
        self._tss = inputs.genes["tss"].to_numpy(np.int64)
        self._strands = inputs.genes["strand"].to_numpy(str)

    def draw(self, name, count):
        """Null variants of a stratum: list of _Draw, fewer than `count` where there are few such places, or none."""
        generator = np.random.default_rng([self._seed, [*STRATA].index(name)])
        drawn = []
        of_own = STRATA[name][0] == OWN
        contacts = np.empty(0, np.int64) if of_own or self._index is None else self._of_stratum(name)
        for _ in range(TRIES if of_own or len(contacts) else 0):
            places = self._own_places(generator, name, count) if of_own else self._places(generator, contacts, count)
            for gene, position in places:
                if len(drawn) == count:
                    return drawn
                ref = self._base(gene, position)
                if ref < len(BELUGA.bases) and self._is_of(generator, name, gene, position):
                    alt = int(generator.choice([base for base in range(len(BELUGA.bases)) if base != ref]))
                    drawn.append(_Draw(gene, position, ref, alt))
        return drawn

    def _own_places(self, generator, name, count):
        """Places that own windows hold, every gene and place alike. Returns: list of gene and 0-based position."""
        reach = min(STRATA[name][2], OWN_REACH)
        genes = generator.integers(0, len(self._tss), count)
        distances = generator.integers(-reach, reach + 1, count)
        return list(zip(genes.tolist(), (self._tss[genes] - 1 + distances).tolist(), strict=True))

    def _places(self, generator, contacts, count):
        """Places that windows of some contacts' bins hold. contacts: numbers. Returns: as `_own_places`."""
        contacts = contacts[generator.integers(0, len(contacts), count)]
        positions = generator.integers(self._index.first[contacts], self._index.end[contacts])
        return list(zip(self._index.genes[contacts].tolist(), positions.tolist(), strict=True))

    def _of_stratum(self, name):
        """Contacts whose bins hold places of a stratum, and perhaps others: (m,) numbers."""
        first, end = self._index.first, self._index.end
        tss = self._tss[self._index.genes] - 1
        if name == BOTH:
            return np.flatnonzero((first < tss + OWN_REACH) & (end > tss - OWN_REACH))
        nearest = np.where((first <= tss) & (tss < end), 0, np.minimum(abs(first - tss), abs(end - 1 - tss)))
        farthest = np.maximum(abs(first - tss), abs(end - 1 - tss))
        _, least, most = STRATA[name]
        return np.flatnonzero((farthest >= least) & (nearest < most))

    def _base(self, gene, position):
        return int(self._genome.codes(self._genes["chrom"].iloc[gene], position, position + 1)[0])

    def _is_of(self, generator, name, gene, position):
        """Whether a place is of the stratum for the gene, with a chance that makes up for being drawn through several
        bins."""
        by_bins = 0
        if self._index is not None:
            touching = self._index.touching(self._genes["chrom"].iloc[gene], position, position + 1)
            by_bins = int((self._index.genes[touching] == gene).sum())
        path = path_of(self._holds(gene, position), by_bins > 0)
        if path is None or stratum(path, position - (self._tss[gene] - 1)) != name:
            return False
        return path == OWN or generator.random() * by_bins < 1

    def _holds(self, gene, position):
        """Whether a gene's own windows hold a place."""
        start, end, _ = own_windows(self._tss[gene], self._strands[gene], BELUGA.window)
        return start <= position < end


def null_effects(inputs, computer, number, seed, advance):
    """Effects of null variants through each model.

    inputs: EffectInputs. computer: FeatureComputer. number: of null variants in each stratum. seed: of the draws.
    advance: called with the number of variants that are done.

    Returns: list of DataFrame, one a fit: stratum, chrom, pos (1-based), ref, alt, gene_id, tss_distance, effect.
    """
    drawer = NullDrawer(inputs, computer.genome, seed)
    draws = [(name, draw) for name in STRATA for draw in drawer.draw(name, number)]
    scorer = AlleleScorer(computer, inputs.genes, inputs.index(), LinearModels(inputs.fits))
    chroms, ids = inputs.genes["chrom"].to_numpy(str), inputs.genes["id"].to_numpy(str)
    tss, along = inputs.genes["tss"].to_numpy(np.int64), np.where(inputs.genes["strand"] == "+", 1, -1)
    rows, effects = [], []
    for first in range(0, len(draws), AT_ONCE):
        some = draws[first : first + AT_ONCE]
        changes = [
            Change(chroms[draw.gene], draw.position, 1, np.array([draw.alt], dtype=np.uint8)) for _, draw in some
        ]
        found = scorer.effects(changes, only=[draw.gene for _, draw in some])
        of_draws = np.zeros((len(some), len(inputs.fits)))
        of_draws[found.alleles] = found.own + found.contact
        effects.append(of_draws)
        for name, draw in some:
            distance = int(along[draw.gene] * (draw.position - (tss[draw.gene] - 1)))
            letters = BELUGA.bases[draw.ref], BELUGA.bases[draw.alt]
            rows.append((name, chroms[draw.gene], draw.position + 1, *letters, ids[draw.gene], distance))
        advance(len(some))
    columns = ["stratum", "chrom", "pos", "ref", "alt", "gene_id", "tss_distance"]
    table = pd.DataFrame(rows, columns=columns)
    effects = np.concatenate([np.empty((0, len(inputs.fits))), *effects])
    return [table.assign(effect=effects[:, number]) for number in range(len(inputs.fits))]
