"""A made genome whose contacts are dense near the TSS, as real ones are, with one map and expression of known effects.

Made apart from `benchmarks.made_genome`, to see what of a rule holds in another world. TSS lie as those of the human
genome do: a tenth in pairs within 5 kb, in stretches that are more and less crowded. TADs of a median 500 kb belong to
two compartments, bins of 5 kb to six chromatin states, their features are sigmoid. Own features are those of the bins
within 20 kb, pooled on either side of the TSS. Contacts decay as 1/distance, are four times as frequent within a TAD,
and favour open bins: half of those that are kept lie within some 70 kb. The near bins that a gene touches thus leave
few others as near.
"""

import numpy as np
import pandas as pd
from scipy.signal import lfilter

from benchmarks.made_genome import (
    BIN,
    FARTHEST,
    FEATURES,
    GENES,
    NEAREST,
    WITHOUT,
    Genome,
    add_effects,
    keep_contacts,
    mean_around,
    neighbour_noise,
    neighbours_walk,
    rows_of,
    standardised,
)
from spex.contacts.sums import sum_by_side

MEDIAN_GAP, GAP_SPREAD, PAIRED = 60_000, 1.0, 0.1
"""Between neighbouring TSS in bp, log-normal around a level that wanders; share of those within 5 kb."""

TAD_BP, TAD_SPREAD, WITHIN_TAD = 500_000, 0.5, 4.0
STATES, FACTORS = 6, 15
OF_TAD, MORE_OF_TAD = 0.5, 1.2
"""Standard deviation of the hidden factors that the bins of a TAD share, beside 0.7 of the state and 0.5 of the bin."""

POOLED = 4
"""Bins on either side of the TSS bin that own features are pooled of: 20 kb."""

NEAR_BP, REGION_BP = 40_000, 500_000
OWN_SHARE, BENT_SHARE, NOISE_SHARE = 0.51, 0.04, 0.10
"""Of the variance: own sequence, own sequence that is not linear, and noise that neighbours share."""

EFFECTS = {
    "nothing": {}, "number 5 %": {"number": 0.05},
    "TAD 2 %": {"tad": 0.02}, "TAD 5 %": {"tad": 0.05}, "TAD 5 % + number 5 %": {"tad": 0.05, "number": 0.05},
    "within 40 kb 2 %": {"near": 0.02}, "within 40 kb 5 %": {"near": 0.05}, "within 500 kb 5 %": {"region": 0.05},
    "touched 1 %": {"touched": 0.01}, "touched 2 %": {"touched": 0.02},
}  # fmt: skip
"""Shares of the variance that are added, beyond what own features tell. tad: mean of the bins of the gene's own TAD.
near: all bins, touched or not, with weights exp(-distance / 40 kb). region: mean of the bins within 500 kb."""

REGIONAL = ("tad", "near", "region")

NOISES = ("200 kb", "50 kb", "1 Mb", "none", "tails", "unequal", "by tissue", "alternating")
"""Of the noise that neighbours share: how far it reaches. tails: all noise of Student's t with three degrees.
unequal: chromosomes with 0.4 to 2.5 times the noise. by tissue: other reach and share for every expression.
alternating: of opposite sign from gene to gene."""


def make_genome(seed, chromosomes=GENES, of_tad=OF_TAD):
    """A Genome. chromosomes: name -> number of genes. of_tad: as `OF_TAD`."""
    random = np.random.default_rng(seed)
    chroms = np.repeat(list(chromosomes), list(chromosomes.values()))
    tss, lengths = np.empty(len(chroms), dtype=np.int64), {}
    for chrom in chromosomes:
        mine = chroms == chrom
        tss[mine] = FARTHEST + BIN + _places(random, np.count_nonzero(mine))
        lengths[chrom] = int(tss[mine].max() + FARTHEST) // BIN + 2
    starts = dict(zip(lengths, np.concatenate([[0], np.cumsum(list(lengths.values()))[:-1]]).tolist(), strict=True))
    own_rows = rows_of(starts, chroms, (tss - 1) // BIN)
    tads, active = _tads(random, lengths)
    factors, open_ = _factors(random, tads, active, own_rows, of_tad)
    mixing = random.normal(size=(FACTORS, FEATURES)) / np.sqrt(FACTORS)
    bins = 1 / (1 + np.exp(2 - 2 * (factors @ mixing) - 0.5 * random.normal(size=(len(factors), FEATURES))))
    forward = random.random(len(tss)) < 0.5
    own = _pool(bins, own_rows, forward).astype(np.float32)
    genes = pd.DataFrame({"chrom": chroms, "tss": tss, "strand": np.where(forward, "+", "-")})
    bent = standardised(own[:, 0].astype(np.float64)) * standardised(own[:, 7].astype(np.float64))
    activity = standardised(standardised(own.astype(np.float64)) @ random.normal(size=own.shape[1]))
    pairs = _pairs(random, genes, starts, lengths, tads, open_, 0.3 * activity)
    contacts = keep_contacts(random, genes, *pairs)
    genome = Genome(contacts, bins, starts, own, {"bent": bent[:, None]}, pairs)
    gene = contacts.gene
    centred = standardised(bins)
    near = lfilter([1], [1, -np.exp(-BIN / NEAR_BP)], np.stack([centred, centred[::-1]]), axis=1)
    genome.parts.update(
        number=np.log1p(np.bincount(gene, contacts.counts, minlength=len(tss)))[:, None],
        touched=sum_by_side(gene, rows_of(starts, contacts.chroms[gene], contacts.bins), centred, len(tss)),
        tad=pd.DataFrame(centred).groupby(tads).mean().to_numpy()[tads[own_rows]],
        near=(near[0] + near[1][::-1] - centred)[own_rows],
        region=mean_around(centred, starts, lengths, chroms, tss, REGION_BP),
    )
    return genome


def _places(random, count):
    """TSS of a chromosome, ascending, from 0 up."""
    crowded = neighbours_walk(random, np.full(count, 0.9), 1)[:, 0]
    gaps = MEDIAN_GAP * np.exp(GAP_SPREAD * random.normal(size=count) + 0.5 * crowded)
    paired = random.random(count) < PAIRED
    gaps[paired] = np.exp(random.uniform(np.log(100), np.log(5000), paired.sum()))
    return np.cumsum(1 + gaps.astype(np.int64))


def _tads(random, lengths):
    """Number of each bin's TAD, ascending over all chromosomes, and of each TAD whether its compartment is active."""
    tads, count = [], 0
    for length in lengths.values():
        sizes = np.maximum(random.lognormal(np.log(TAD_BP / BIN), TAD_SPREAD, size=length // 10 + 2), 10).astype(int)
        mine = np.repeat(np.arange(len(sizes)), sizes)[:length]
        tads.append(count + mine)
        count += mine[-1] + 1
    active = neighbours_walk(random, np.full(count, 0.7), 1)[:, 0] > 0
    return np.concatenate(tads), active


def _factors(random, tads, active, own_rows, weight):
    """Hidden factors of all bins, (bins, FACTORS), and how open they are, (bins,)."""
    chances = np.array([[0.1, 0.2, 0.3, 0.1, 0.05, 0.25], [0.02, 0.05, 0.08, 0.25, 0.35, 0.25]])
    wanted = random.random(len(tads))
    fresh = (wanted[:, None] > np.cumsum(chances[np.where(active[tads], 0, 1)], axis=1)[:, :-1]).sum(axis=1)
    stays = random.random(len(tads)) < 0.6  # a state goes on over some bins
    stays[0] = False
    state = fresh[np.maximum.accumulate(np.where(stays, 0, np.arange(len(tads))))]
    state[own_rows[random.random(len(own_rows)) < 0.7]] = 0
    of_state, of_tad = random.normal(size=(STATES, FACTORS)), random.normal(size=(len(active), FACTORS))
    factors = 0.7 * of_state[state] + weight * of_tad[tads] + 0.5 * random.normal(size=(len(tads), FACTORS))
    open_ = np.array([1.2, 0.8, 0.2, -0.4, -1.0, -0.4])[state]
    return standardised(factors), np.exp(open_ + 0.4 * random.normal(size=len(tads)))


def _pool(bins, own_rows, forward):
    """Own features of genes, (n, 4 * FEATURES): two weighted means of the bins on either side of the TSS."""
    steps = np.arange(POOLED + 1)
    pooled = []
    for side in (1, -1):
        rows = own_rows[:, None] + side * np.where(forward, 1, -1)[:, None] * steps
        for decay in (0.2, 1.0):
            weights = np.exp(-decay * steps)
            pooled.append(np.einsum("gsf,s->gf", bins[rows], weights / weights.sum()))
    return np.hstack(pooled)


def _pairs(random, genes, starts, lengths, tads, open_, activity):
    own = ((genes["tss"] - 1) // BIN).to_numpy()
    pairs = []
    for row, chrom in enumerate(genes["chrom"]):
        offsets = np.arange(max(-own[row], -FARTHEST // BIN), min(lengths[chrom] - own[row], FARTHEST // BIN + 1))
        offsets = offsets[np.abs(offsets) * BIN >= NEAREST]
        rows = starts[chrom] + own[row] + offsets
        rates = open_[rows] * np.where(tads[rows] == tads[starts[chrom] + own[row]], WITHIN_TAD, 1) / np.abs(offsets)
        pairs.append((np.full(len(rows), row), own[row] + offsets, rates))
    gene, bins, rates = (np.concatenate(column) for column in zip(*pairs, strict=True))
    rates *= np.exp(activity[gene]) * (random.random(len(genes)) >= WITHOUT)[gene]
    return gene, bins, rates


def make_expression(genome, effect, noise, count, seed):
    """Expression, float64 (n, count), each with weights and noise of its own. effect: of `EFFECTS`. noise: of
    `NOISES`."""
    random = np.random.default_rng(seed)
    own = standardised(genome.own.astype(np.float64))
    effects = EFFECTS[effect]
    observed = np.sqrt(OWN_SHARE) * standardised(own @ random.normal(size=(own.shape[1], count)))
    observed += np.sqrt(BENT_SHARE) * standardised(genome.parts["bent"])
    add_effects(observed, random, genome, effects)
    left = 1 - OWN_SHARE - BENT_SHARE - sum(effects.values())
    return observed + noise_of(random, genome.contacts, noise, left, count)


def noise_of(random, contacts, noise, total, count):
    """What is left of expression, of variance `total`, part of which neighbours have in common."""
    genes, shared = len(contacts.genes), 0.0 if noise == "none" else NOISE_SHARE
    if noise == "by tissue":
        shared = random.choice([0.0, 0.05, 0.1, 0.2], size=count)
        reach = np.exp(random.uniform(np.log(30_000), np.log(1_000_000), size=count))
        common = np.hstack([neighbour_noise(random, contacts, 1, each) for each in reach])
    else:
        common = neighbour_noise(random, contacts, count, {"50 kb": 50_000, "1 Mb": 1_000_000}.get(noise, 200_000))
    alone = random.standard_t(3, size=(genes, count)) if noise == "tails" else random.normal(size=(genes, count))
    if noise == "alternating":
        common *= np.where(np.arange(genes) % 2, 1, -1)[:, None]
    if noise == "unequal":
        names, of_gene = np.unique(contacts.chroms, return_inverse=True)
        spread = np.exp(random.uniform(np.log(0.4), np.log(2.5), size=(len(names), count)))[of_gene]
        common, alone = common * spread, alone * spread
    return np.sqrt(shared) * standardised(common) + np.sqrt(total - shared) * standardised(alone)


def is_regional(effect):
    """Whether an effect is of the region, touched or not."""
    return any(part in REGIONAL for part in EFFECTS[effect])
