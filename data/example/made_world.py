"""A made genome of 22 chromosomes, four contact maps, and expression of which is known what each map can add to it.

Bins of 5 kb have hidden factors, partly shared by their region. Expression follows the gene's own factors, the bins
that one map touches, how many contacts another map has, the factors of the region, noise that neighbours share, and
noise. The four maps touch bins at random, strong ones more often:

- sequence: 20 kb to 1.5 Mb; the touched bins are those that expression follows.
- number only: so far away that nothing is left of the region; expression follows the number of its contacts.
- region only: 100 kb to 1 Mb; its bins tell of the region, and so would any others there.
- nothing: far away too, and expression follows neither its bins nor their number.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.signal import lfilter

GENES = {
    "chr1": 241, "chr2": 167, "chr3": 130, "chr4": 107, "chr5": 123, "chr6": 121, "chr7": 107, "chr8": 99, "chr9": 97,
    "chr10": 95, "chr11": 146, "chr12": 133, "chr13": 47, "chr14": 83, "chr15": 73, "chr16": 84, "chr17": 110,
    "chr18": 27, "chr19": 133, "chr20": 64, "chr21": 34, "chr22": 51,
}  # fmt: skip
"""A tenth of the genes of each human chromosome."""

CHROMOSOMES = len(GENES)

LEAST_GENES = 22
"""On a chromosome, however few there are in all: with fewer than 20 it would not count for a verdict."""

BIN = 5_000
MEDIAN_GAP, GAP_SPREAD = 50_000, 1.4
"""Distance in bp between neighbouring TSS, log-normal."""

MARGIN = 4_500_000
"""bp before the first and behind the last gene, where nothing else is asked."""

FACTORS, GENE_FACTORS = 15, 10
"""Hidden factors of a bin, and those that only a gene's own sequence has, beside those of its TSS bin."""

REGION_BP, REGION_SHARE = 300_000, 0.6
EFFECT_REGION_BP, NEIGHBOUR_NOISE_BP = 500_000, 200_000
STRENGTH_SPREAD, DECAY = 1.0, 0.4
WITHOUT = 0.04
"""Share of the genes that nothing touches."""

SHARES = {"own": 0.50, "touched": 0.06, "number": 0.06, "region": 0.035, "neighbours": 0.08}
"""Of the variance of expression; the rest is noise. All but the first are beyond what own factors tell."""

COMMON = 0.7
"""Share of what tissues have in common, of every effect and of the noise."""


@dataclass(frozen=True)
class MapPlan:
    """How a map touches bins. nearest, farthest: bp. counts: mean of a gene. spread: of the logarithm of the genes'
    numbers of contacts. anchors: share of the bins that can be touched. active: whether the numbers follow the genes'
    own factors in part."""

    nearest: int
    farthest: int
    counts: float
    spread: float = 0.5
    anchors: float = 1 / 3
    active: bool = False


MAPS = {
    "sequence": MapPlan(20_000, 1_500_000, counts=45),
    "number_only": MapPlan(1_500_000, 4_000_000, counts=45, spread=0.6, active=True),
    "region_only": MapPlan(100_000, 1_000_000, counts=50, anchors=2 / 3),
    "nothing": MapPlan(1_500_000, 4_000_000, counts=45),
}


@dataclass(frozen=True, eq=False)
class World:
    """A made genome.

    genes: DataFrame (n) with chrom, strand, tss (1-based), along the genome. chromsizes: name -> bp. factors: name ->
    float64 (bins, FACTORS). gene_factors: float64 (n, FACTORS + GENE_FACTORS), those of the gene's own sequence.
    pixels: map -> DataFrame with chrom, bin1, bin2 (numbers within the chromosome), count.
    """

    genes: pd.DataFrame
    chromsizes: dict[str, int]
    factors: dict[str, np.ndarray]
    gene_factors: np.ndarray
    pixels: dict[str, pd.DataFrame]


def make_world(random, genes, chromosomes=CHROMOSOMES, plans=MAPS, margin=MARGIN):
    """A World with about so many genes, on the first so many chromosomes.

    plans: map -> MapPlan. margin: bp before the first and behind the last gene, more than any contact reaches.
    """
    numbers = dict(list(GENES.items())[:chromosomes])
    share = genes / sum(numbers.values())
    numbers = {chrom: max(LEAST_GENES, round(share * count)) for chrom, count in numbers.items()}
    placed = [_place_genes(random, chrom, count, margin) for chrom, count in numbers.items()]
    table = pd.concat(placed, ignore_index=True)
    ends = table.groupby("chrom", sort=False)["tss"].max()
    chromsizes = {chrom: int(end) + margin for chrom, end in ends.items()}
    factors = {chrom: hidden_factors(random, -(-size // BIN), REGION_SHARE) for chrom, size in chromsizes.items()}
    at_tss = np.stack([factors[gene.chrom][(gene.tss - 1) // BIN] for gene in table.itertuples()])
    gene_factors = np.column_stack([at_tss, random.normal(size=(len(table), GENE_FACTORS))])
    pixels = {name: _touch(random, table, chromsizes, gene_factors, plan) for name, plan in plans.items()}
    return World(table, chromsizes, factors, gene_factors, pixels)


def _place_genes(random, chrom, count, margin):
    gaps = random.lognormal(np.log(MEDIAN_GAP), GAP_SPREAD, size=count).astype(np.int64)
    strands = random.choice(["+", "-"], count)
    return pd.DataFrame({"chrom": chrom, "strand": strands, "tss": margin + np.cumsum(1 + gaps)})


def hidden_factors(random, length, region_share):
    """Hidden factors of a chromosome's bins, (length, FACTORS), each of variance 1, partly shared by the region."""
    along = np.exp(-BIN / REGION_BP)
    drive = random.normal(size=(length, FACTORS)) * np.sqrt(1 - along**2)
    drive[0] /= np.sqrt(1 - along**2)
    region = lfilter([1], [1, -along], drive, axis=0)
    return np.sqrt(region_share) * region + np.sqrt(1 - region_share) * random.normal(size=(length, FACTORS))


def _touch(random, genes, chromsizes, gene_factors, plan):
    """The pixels of a map: of each gene's TSS bin with anchors, and with itself."""
    level = random.normal(size=len(genes))
    if plan.active:
        level = standardised(level + standardised(gene_factors @ random.normal(size=gene_factors.shape[1])))
    wanted = plan.counts * np.exp(plan.spread * level) * (random.random(len(genes)) >= WITHOUT)
    parts = []
    for chrom, mine in genes.groupby("chrom", sort=False):
        anchors = np.flatnonzero(random.random(chromsizes[chrom] // BIN) < plan.anchors)
        strength = random.lognormal(sigma=STRENGTH_SPREAD, size=len(anchors))
        for row, tss in mine["tss"].items():
            own = (tss - 1) // BIN
            distance = np.abs(anchors - own) * BIN
            near = np.flatnonzero((distance >= plan.nearest) & (distance <= plan.farthest))
            rates = strength[near] / distance[near] ** DECAY
            bins = np.append(anchors[near], own)
            counts = np.append(random.poisson(wanted[row] * rates / rates.sum()), random.poisson(plan.counts))
            parts.append(
                pd.DataFrame(
                    {"chrom": chrom, "bin1": np.minimum(bins, own), "bin2": np.maximum(bins, own), "count": counts}
                )
            )
    table = pd.concat(parts, ignore_index=True)
    return table[table["count"] > 0].groupby(["chrom", "bin1", "bin2"], sort=False, as_index=False)["count"].sum()


def make_expression(random, world, contacts, tissues, shares=SHARES):
    """Expression of genes, float64 (n, tissues), in the unit of TPM.

    contacts: map -> Contacts of the world's genes, as the program reads them: "sequence", whose bins expression
    follows, and "number_only", of which it follows the number. shares: of the variance, by part.
    """
    number = np.log1p(_sum_by_gene(contacts["number_only"], contacts["number_only"].counts[:, None]))
    touched = contacts["sequence"]
    of_bins = np.stack([world.factors[chrom][place] for chrom, place in _bins(touched)])
    parts = {
        "own": world.gene_factors @ _weights(random, world.gene_factors.shape[1], tissues),
        "touched": _sum_by_gene(touched, of_bins) @ _weights(random, FACTORS, tissues),
        "number": np.repeat(number, tissues, axis=1),
        "region": _region_means(world) @ _weights(random, FACTORS, tissues),
        "neighbours": _neighbour_noise(random, world.genes, tissues),
    }
    basis = np.linalg.qr(np.column_stack([np.ones(len(world.genes)), world.gene_factors]))[0]
    level = np.sqrt(1 - sum(shares.values())) * _weights(random, len(world.genes), tissues)
    for name, part in parts.items():
        beyond_own = part if name in ("own", "neighbours") else part - basis @ (basis.T @ part)
        level = level + np.sqrt(shares[name]) * standardised(beyond_own)
    return np.exp(1 + 1.5 * level)


def _weights(random, count, tissues):
    """Random numbers of variance 1, partly the same in all tissues: (count, tissues)."""
    common, own = random.normal(size=(count, 1)), random.normal(size=(count, tissues))
    return np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own


def _bins(contacts):
    """Chromosome and bin of each contact."""
    return zip(np.repeat(contacts.chroms, np.diff(contacts.offsets)), contacts.bins, strict=True)


def _sum_by_gene(contacts, values):
    """Sums over each gene's contacts. values: (contacts, any)."""
    sums = np.zeros((len(contacts.genes), values.shape[1]))
    np.add.at(sums, np.repeat(np.arange(len(sums)), np.diff(contacts.offsets)), values)
    return sums


def _region_means(world):
    """Mean factors of the bins around each gene, (n, FACTORS)."""
    reach = EFFECT_REGION_BP // BIN
    means = []
    for gene in world.genes.itertuples():
        own = (gene.tss - 1) // BIN
        means.append(world.factors[gene.chrom][own - reach : own + reach + 1].mean(axis=0))
    return np.stack(means)


def _neighbour_noise(random, genes, tissues):
    """Noise that genes share with those near them on the chromosome."""
    noise = _weights(random, len(genes), tissues)
    apart = genes.groupby("chrom")["tss"].diff().fillna(np.inf).to_numpy()
    along = np.exp(-apart / NEIGHBOUR_NOISE_BP)
    for row in range(1, len(genes)):
        noise[row] = along[row] * noise[row - 1] + np.sqrt(1 - along[row] ** 2) * noise[row]
    return noise


def standardised(values):
    """Columns with mean 0 and variance 1."""
    return (values - values.mean(axis=0)) / values.std(axis=0)
