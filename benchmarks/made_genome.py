"""A made genome of 22 chromosomes with one contact map, and expression of which is known what the contacts add to it.

About a tenth of the human genes, at distances like theirs. Bins of 5 kb hold positive, collinear features, partly
shared over 300 kb. A third of the bins are anchors, few of them strong, which genes touch at 20 kb to 1.5 Mb, active
genes more often; neighbouring genes share bins. Sums over touched bins are therefore dominated by how many there are,
and resemble sums over other bins of the region, as with real maps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import pdtrc

from data.example.made_world import (
    BIN,
    EFFECT_REGION_BP,
    GAP_SPREAD,
    GENE_FACTORS,
    GENES,
    MEDIAN_GAP,
    NEIGHBOUR_NOISE_BP,
    hidden_factors,
    standardised,
)
from spex.contacts.collect import Contacts
from spex.contacts.controls import draw_matched, number_columns
from spex.contacts.rules import Corrected
from spex.contacts.sums import sum_by_side

FEATURES, OWN = 60, 160
REGION_SHARE = 0.5
"""Of a bin's hidden factors, what the region shares."""

SKEW = 0.5
"""Standard deviation of the logarithm of a feature."""

NEAREST, FARTHEST, DECAY = 20_000, 1_500_000, 0.45
"""Distances of contacts in bp, and the power of the distance with which they become fewer."""

ANCHORS, STRENGTH_SPREAD = 1 / 3, 0.6
KEPT, WITHOUT = 8, 0.06
"""Kept bins of a mean gene; share of genes that nothing touches whatever their surroundings."""

OWN_SHARE, NEIGHBOUR_SHARE = 0.55, 0.10

SCENARIOS = {
    "null": {}, "NB": {}, "HUB": {}, "TIE": {},
    "C2": {"number": 0.02}, "C5": {"number": 0.05}, "CS5": {"steps": 0.05}, "NL5": {"missed": 0.05},
    "G2": {"region": 0.02}, "G5": {"region": 0.05},
    "S1": {"touched": 0.01}, "S2": {"touched": 0.02}, "S5": {"touched": 0.05},
    "S1C2": {"touched": 0.01, "number": 0.02}, "S2C2": {"touched": 0.02, "number": 0.02},
    "S2C5": {"touched": 0.02, "number": 0.05},
}  # fmt: skip
"""Shares of the variance that are added, beyond what own features tell. number: of contacts, logarithmic, or in steps.
missed: of own sequence, but not linear, and genes that have it have more contacts. region: sequence within 500 kb,
touched or not. touched: sequence of the touched bins. NB has 25 % of noise shared by neighbours in place of 10, HUB
10 % of noise shared by genes that touch the same bin, and in TIE the lowest fifth of the genes has the same value."""

WORDS = {
    "null": "nothing",
    "NB": "nothing; 25 % noise of neighbours",
    "HUB": "nothing; 10 % noise of touched bins",
    "TIE": "nothing; a fifth of genes tied",
    "CS5": "number in steps 5 %",
    "NL5": "own sequence, not linear 5 %",
}


def describe(scenario):
    """A scenario in words."""
    effects = [f"{name} {share:.0%}".replace("%", " %") for name, share in SCENARIOS[scenario].items()]
    return WORDS.get(scenario, " + ".join(effects))


@dataclass(frozen=True, eq=False)
class Genome:
    """A made genome. contacts: Contacts, of its n genes in order. bins: float64 (bins, FEATURES), of all chromosomes
    one after the other. starts: chromosome -> its first row. own: float32 (n, OWN). parts: by name, (n, any), what
    effects are made of; and "bins", (2, contacts), gene and number of the bin of each contact. pairs: gene, bin and
    rate of every contact that there could be, (pairs,) each."""

    contacts: Contacts
    bins: np.ndarray
    starts: dict[str, int]
    own: np.ndarray
    parts: dict[str, np.ndarray]
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray]

    def sums(self, contacts):
        """Sums of features over the bins of some contacts on each side: float32 (n, 2 * FEATURES)."""
        gene = np.repeat(np.arange(len(contacts.genes)), np.diff(contacts.offsets))
        rows = rows_of(self.starts, contacts.chroms[gene], contacts.bins)
        sums = sum_by_side(2 * gene + contacts.downstream, rows, self.bins, 2 * len(contacts.genes))
        return sums.reshape(len(contacts.genes), -1).astype(np.float32)

    def matched(self, draw, seed, *, whole_chromosome=False):
        """The same over bins at the same distances."""
        return self.sums(draw_matched(self.contacts, seed, draw, whole_chromosome=whole_chromosome)[0])

    def numbers(self):
        return number_columns(self.contacts)


def make_genome(seed, chromosomes=GENES):
    """A Genome. chromosomes: name -> number of genes."""
    random = np.random.default_rng(seed)
    chroms = np.repeat(list(chromosomes), list(chromosomes.values()))
    gaps = random.lognormal(np.log(MEDIAN_GAP), GAP_SPREAD, size=len(chroms))
    tss, lengths = np.empty(len(chroms), dtype=np.int64), {}
    for chrom in chromosomes:
        mine = chroms == chrom
        tss[mine] = FARTHEST + BIN + np.cumsum(gaps[mine]).astype(np.int64)
        lengths[chrom] = int(tss[mine].max() + FARTHEST) // BIN + 2
    starts = dict(zip(lengths, np.concatenate([[0], np.cumsum(list(lengths.values()))[:-1]]).tolist(), strict=True))
    factors = np.concatenate([hidden_factors(random, length, REGION_SHARE) for length in lengths.values()])
    bins = _positive(random, factors, FEATURES)
    places = rows_of(starts, chroms, (tss - 1) // BIN)
    alone = random.normal(size=(len(tss), GENE_FACTORS))
    region = mean_around(factors, starts, lengths, chroms, tss, EFFECT_REGION_BP)
    own = _positive(random, np.column_stack([factors[places], alone]), OWN).astype(np.float32)
    missed = (alone[:, 0] ** 2 - 1) / np.sqrt(2)
    activity = standardised(standardised(own.astype(np.float64)) @ random.normal(size=OWN)) + 0.4 * missed
    genes = pd.DataFrame({"chrom": chroms, "tss": tss, "strand": random.choice(["+", "-"], len(tss))})
    pairs = _pairs(random, genes, lengths, 0.3 * activity)
    contacts = keep_contacts(random, genes, *pairs)
    genome = Genome(contacts, bins, starts, own, {}, pairs)
    genome.parts.update(_parts_of(genome, region, missed))
    return genome


def rows_of(starts, chroms, bins):
    """Rows of bins among those of all chromosomes."""
    return pd.Series(chroms).map(starts).to_numpy() + np.asarray(bins, dtype=np.int64)


def neighbours_walk(random, along, size):
    """Noise of variance 1 that is like the step before. along: (steps,), correlation with it."""
    steps = random.normal(size=(len(along), size))
    for step in range(1, len(along)):
        steps[step] = along[step] * steps[step - 1] + np.sqrt(1 - along[step] ** 2) * steps[step]
    return steps


def _positive(random, factors, count):
    """Collinear positive features of hidden factors: (rows, count)."""
    mixing = random.normal(size=(factors.shape[1], count)) / np.sqrt(factors.shape[1])
    return np.exp(SKEW * (factors @ mixing + 0.3 * random.normal(size=(len(factors), count))))


def mean_around(factors, starts, lengths, chroms, tss, reach):
    """Mean of factors over the bins around each TSS, (n, FACTORS)."""
    sums = np.concatenate([np.zeros((1, factors.shape[1])), np.cumsum(factors, axis=0)])
    own = (tss - 1) // BIN
    low = rows_of(starts, chroms, np.maximum(own - reach // BIN, 0))
    ends = pd.Series(chroms).map(lengths).to_numpy()
    high = rows_of(starts, chroms, np.minimum(own + reach // BIN + 1, ends))
    return (sums[high] - sums[low]) / (high - low)[:, None]


def _pairs(random, genes, lengths, activity):
    """Gene, bin and rate of each contact of genes with the anchors of their chromosome."""
    own = ((genes["tss"] - 1) // BIN).to_numpy()
    pairs = []
    for chrom, length in lengths.items():
        anchors = np.flatnonzero(random.random(length) < ANCHORS)
        strength = random.lognormal(sigma=STRENGTH_SPREAD, size=len(anchors))
        for gene in np.flatnonzero(genes["chrom"] == chrom):
            distance = np.abs(anchors - own[gene]) * BIN
            near = np.flatnonzero((distance >= NEAREST) & (distance <= FARTHEST))
            pairs.append((np.full(len(near), gene), anchors[near], strength[near] / distance[near] ** DECAY))
    gene, bins, rates = (np.concatenate(column) for column in zip(*pairs, strict=True))
    rates *= np.exp(activity[gene]) * (random.random(len(genes)) >= WITHOUT)[gene]
    return gene, bins, rates


def keep_contacts(random, genes, gene, bins, rates):
    """Contacts that the corrected rule keeps of made counts, `KEPT` a gene. gene, bins, rates: (pairs,), ascending."""
    return contacts_of(genes, gene, bins, random.poisson(rates * scale_of(rates, KEPT * len(genes))))


def contacts_of(genes, gene, bins, counts):
    """Contacts that the corrected rule keeps of counts. genes: DataFrame with chrom, tss, strand. gene, bins, counts:
    (pairs,), ascending."""
    kept = Corrected().keeps(counts)
    gene, bins, counts = gene[kept], bins[kept], counts[kept]
    own = ((genes["tss"] - 1) // BIN).to_numpy()
    forward = (genes["strand"] == "+").to_numpy()
    return Contacts(
        genes=np.array([f"G{number}" for number in range(len(genes))]),
        chroms=genes["chrom"].to_numpy(dtype=str),
        tss=genes["tss"].to_numpy(),
        strands=genes["strand"].to_numpy(dtype=str),
        has_pixels=np.bincount(gene, minlength=len(genes)) > 0,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(gene, minlength=len(genes)))]),
        bins=bins.astype(np.int32),
        counts=counts.astype(float),
        downstream=(bins >= own[gene]) == forward[gene],
        resolution=BIN,
        rule=Corrected(),
    )


def scale_of(rates, wanted):
    """What Poisson rates are multiplied by so that as many counts as wanted are expected to be kept."""
    beyond = Corrected().min_count - 1
    return np.exp(brentq(lambda scale: pdtrc(beyond, rates * np.exp(scale)).sum() - wanted, -20, 40))


def _parts_of(genome, region, missed):
    """What effects are made of, by name: (n, any), combined at random, and what tells which bins genes share."""
    contacts = genome.contacts
    numbers = np.diff(contacts.offsets)
    gene = np.repeat(np.arange(len(numbers)), numbers)
    rows = rows_of(genome.starts, contacts.chroms[gene], contacts.bins)
    centred = genome.bins - genome.bins.mean(axis=0)
    touched = sum_by_side(gene, rows, centred, len(numbers))
    counted = np.log1p(np.bincount(gene, contacts.counts, minlength=len(numbers)))
    order = np.argsort(np.argsort(counted, kind="stable"))
    return {
        "number": counted[:, None],
        "steps": (4 * order // len(order)).astype(float)[:, None],
        "missed": missed[:, None],
        "region": region,
        "touched": touched,
        "bins": np.stack([gene, np.unique(rows, return_inverse=True)[1]]),
    }


def make_expression(genome, scenario, count, seed):
    """Expression of a scenario, float64 (n, count), each with effects and noise of its own."""
    random = np.random.default_rng(seed)
    own = standardised(genome.own.astype(np.float64))
    neighbours = 0.25 if scenario == "NB" else NEIGHBOUR_SHARE
    hub = 0.10 if scenario == "HUB" else 0.0
    effects = SCENARIOS[scenario]
    observed = np.sqrt(OWN_SHARE) * standardised(own @ random.normal(size=(own.shape[1], count)))
    observed += np.sqrt(neighbours) * standardised(neighbour_noise(random, genome.contacts, count))
    if hub:
        observed += np.sqrt(hub) * standardised(_hub_noise(random, genome.parts["bins"], len(own), count))
    add_effects(observed, random, genome, effects)
    left = 1 - OWN_SHARE - neighbours - hub - sum(effects.values())
    observed += np.sqrt(left) * standardised(random.normal(size=(len(own), count)))
    return np.maximum(observed, np.quantile(observed, 0.2, axis=0)) if scenario == "TIE" else observed


def add_effects(observed, random, genome, effects):
    """Add effects to expression (n, count), each beyond what own features tell. effects: part of the genome -> share of
    the variance."""
    own = standardised(genome.own.astype(np.float64))
    basis = np.linalg.qr(np.column_stack([np.ones(len(own)), own]))[0]
    for name, share in effects.items():
        part = standardised(genome.parts[name])
        effect = part @ random.normal(size=(part.shape[1], observed.shape[1])) if part.shape[1] > 1 else part
        observed += np.sqrt(share) * standardised(effect - basis @ (basis.T @ effect))


def neighbour_noise(random, contacts, count, reach=NEIGHBOUR_NOISE_BP):
    """Noise of variance 1 that genes within some bp share, (n, count)."""
    apart = np.diff(contacts.tss, prepend=contacts.tss[0])
    same = contacts.chroms == np.roll(contacts.chroms, 1)
    return neighbours_walk(random, np.where(same, np.exp(-np.abs(apart) / reach), 0.0), count)


def _hub_noise(random, pairs, genes, count):
    """Noise that genes share that touch the same bins, (n, count); of its own where a gene touches none."""
    gene, place = pairs
    noise = sum_by_side(gene, place, random.normal(size=(place.max() + 1, count)), genes)
    numbers = np.bincount(gene, minlength=genes)
    return np.where(
        numbers[:, None] > 0, noise / np.sqrt(np.maximum(numbers, 1))[:, None], random.normal(size=noise.shape)
    )
