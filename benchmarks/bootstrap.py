"""How often 95 % bootstrap intervals of a score contain its expectation, where neighbouring genes resemble each other.

    python -m benchmarks.bootstrap [--genomes 300] [--blocks 1 10 20 40 80] [--within 600] [--json FILE]

Genes lie as in `benchmarks.made_genome`, on 22 chromosomes, with the TSS drawn anew for each genome. Observations and
predictions share a signal, and each has noise of its own; all three are shared by neighbours as exp(-distance / reach).
A block of one gene is the bootstrap over genes. Coverage of the score pooled over 22 chromosomes and of that of one
chromosome of 990 genes, by such blocks; and of the mean within the 22 chromosomes, by Student's t over chromosomes.
Where there is nothing to predict (observations with levels of chromosomes, a prediction that is the mean of the
others), only the scores are of interest.
"""

import argparse

import numpy as np
import pandas as pd

from benchmarks.made_genome import GAP_SPREAD, GENES, MEDIAN_GAP, neighbours_walk
from benchmarks.measure import publish
from spex.models.chromosomes import score_folds
from spex.models.scores import CONFIDENCE, _resampled_blocks

RESAMPLES = 400
SIGNAL = 0.6
"""Share of the variance of either that both have: a correlation as real fits have."""

ONE = {"chr8": 990}
"""The published test chromosome."""

REACHES = {"genes independent": 0, "alike over 200 kb": 200_000, "alike over 1 Mb": 1_000_000}
LEVELS = 0.3
"""Standard deviation of chromosomes' levels, in those of a gene."""


def draw_genes(random, chromosomes=GENES):
    """Genes of all chromosomes in order: DataFrame with chrom and tss. chromosomes: name -> number of genes."""
    chroms = np.repeat(list(chromosomes), list(chromosomes.values()))
    gaps = random.lognormal(np.log(MEDIAN_GAP), GAP_SPREAD, size=len(chroms))
    return pd.DataFrame({"chrom": chroms, "tss": np.cumsum(gaps).astype(np.int64)})


def draw_pair(random, genes, reach):
    """Observed and predicted of the genes, (n,) each."""
    apart = np.diff(genes["tss"], prepend=0)
    same = genes["chrom"].eq(genes["chrom"].shift()).to_numpy()
    along = np.where(same & (reach > 0), np.exp(-apart / max(reach, 1)), 0.0)
    shared, one, other = neighbours_walk(random, along, 3).T
    return (np.sqrt(SIGNAL) * shared + np.sqrt(1 - SIGNAL) * noise for noise in (one, other))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--genomes", type=int, default=300)
    parser.add_argument("--blocks", type=int, nargs="+", default=[1, 10, 20, 40, 80])
    parser.add_argument("--within", type=int, default=600, help="genomes for the interval over chromosomes")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    rows = []
    for world, reach in REACHES.items():
        values, edges = [], {block: [] for block in args.blocks}
        for seed in range(args.genomes):
            random = np.random.default_rng(seed)
            parts = [
                (genes, *draw_pair(random, genes, reach)) for genes in (draw_genes(random), draw_genes(random, ONE))
            ]
            whole, alone = (score_folds(*pair, genes, resamples=0) for genes, *pair in parts)
            values.append((whole.spearman, alone.spearman))
            for block in args.blocks:
                samples = [_resampled_blocks(*pair, genes, RESAMPLES, seed, block)[0] for genes, *pair in parts]
                edges[block].append(np.percentile(samples, CONFIDENCE, axis=1))
        truth = np.mean(values, axis=0)
        for block, each in edges.items():
            low, high = np.array(each).transpose(1, 0, 2)
            share = 100 * ((low <= truth) & (truth <= high)).mean(axis=0)
            names = ("22 chromosomes, %", "one chromosome, %")
            rows.append({"world": world, "block": block, **dict(zip(names, share.tolist(), strict=True))})
    command = f"python -m benchmarks.bootstrap --genomes {args.genomes} --blocks {' '.join(map(str, args.blocks))}"
    facts = {f"mean within chromosomes, {world}, %": _within(reach, args.within) for world, reach in REACHES.items()}
    facts |= {"genes": sum(GENES.values()), **_nothing_to_predict(args.genomes)}
    publish("bootstrap", rows, args.json, command=command, **facts)


def _within(reach, genomes):
    """Coverage of the mean within chromosomes by its interval over chromosomes, which takes no resampling."""
    found = []
    for seed in range(genomes):
        random = np.random.default_rng([seed, 7])
        genes = draw_genes(random)
        each = score_folds(*draw_pair(random, genes, reach), genes, resamples=0)
        found.append((each.spearman_within, each.spearman_within_low, each.spearman_within_high))
    values, low, high = np.array(found).T
    return 100 * float(((low <= values.mean()) & (values.mean() <= high)).mean())


def _nothing_to_predict(genomes):
    """Mean scores, and how often the pooled p-value is below 1e-4, of predictions that are the others' mean."""
    found = []
    for seed in range(genomes):
        random = np.random.default_rng(seed)
        genes = draw_genes(random)
        codes = pd.factorize(genes["chrom"])[0]
        sizes = np.bincount(codes)
        observed = random.normal(size=len(genes)) + LEVELS * random.normal(size=len(sizes))[codes]
        others = (observed.sum() - np.bincount(codes, observed)) / (len(genes) - sizes)
        predicted = others[codes] + 1e-3 * random.normal(size=len(genes))
        each = score_folds(observed, predicted, genes, resamples=0)
        found.append((each.spearman, each.spearman_within, each.spearman_p < 1e-4))
    pooled, within, called = np.mean(found, axis=0).tolist()
    return {"nothing to predict, pooled": pooled, "within chromosomes": within, "pooled p < 1e-4, %": 100 * called}


if __name__ == "__main__":
    main()
