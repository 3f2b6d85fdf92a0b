"""How fair the column quantile is: shares of random alleles whose rank among null variants lies beyond 0.95.

    python -m benchmarks.nulls [--number 400] [--alleles 1500]

Random alleles of each class within 5 kb of a TSS of a synthetic genome, drawn base by base; null variants by the code
of `spex variants null`, `--number` a stratum. Each allele is ranked among null variants of its class, and among SNVs,
as all were before. 5 % should lie beyond 0.95, of either sign. The network has few channels: what counts is what
alleles do to windows.
"""

import argparse
import tempfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from benchmarks.gpu.synthetic import CHROMSIZES, make_genes, write_genome
from benchmarks.measure import publish
from benchmarks.variants import made_fits
from expecto.beluga import Beluga
from expecto.gene_features import OWN_SUMS, along_gene
from expecto.network import BASES, PUBLISHED
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import Change
from spex.effects.inputs import LinearModels
from spex.effects.nulls import CLASSES, OWN, SNV, NullDrawer, NullEffects, stratum
from spex.features.devices import open_computer
from spex.inputs.genome import Genome

GENES, REACH, AT_ONCE = 60, 5_000, 200
BEYOND = 0.95


def narrow_network(seed=1):
    """A network of few channels whose predictions spread."""
    torch.manual_seed(seed)
    model = Beluga((16, 16, 16), 16).requires_grad_(False)
    for parameter in model.parameters():
        spread = (6 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.1
        parameter.uniform_(-spread, spread)
    return model


def random_alleles(generator, genome, genes, of_class, count):
    """Alleles of a class at random bases within 5 kb of a TSS: pairs of gene and Change."""
    kind, least, most = CLASSES[of_class]
    found = []
    while len(found) < count:
        row, length = int(generator.integers(len(genes))), int(generator.integers(least, most + 1))
        gene = genes.iloc[row]
        position = int(gene["tss"] - 1 + generator.integers(-REACH, REACH + 1))
        if not length <= position < CHROMSIZES[gene["chrom"]] - length:
            continue
        removed = genome.codes(gene["chrom"], position, position + length)
        if (removed >= len(BASES)).any():
            continue
        added = generator.integers(0, len(BASES), length).astype(np.uint8)
        if kind == "substitution":
            added = (removed + generator.integers(1, len(BASES), length).astype(np.uint8)) % len(BASES)
        change = Change(
            gene["chrom"], position, 0 if kind == "insertion" else length, added[: 0 if kind == "deletion" else None]
        )
        found.append((row, change.leftmost(genome)))
    return found


def effects_of(scorer, drawn):
    """Effect of each pair on its gene, float64 (n,)."""
    effects = np.zeros(len(drawn))
    for first in range(0, len(drawn), AT_ONCE):
        some = drawn[first : first + AT_ONCE]
        found = scorer.effects([change for _, change in some], only=[row for row, _ in some])
        effects[first + found.alleles] = found.own[:, 0]
    return effects


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=400, help="of null variants in each stratum and class")
    parser.add_argument("--alleles", type=int, default=1500, help="of each class")
    parser.add_argument("--classes", nargs="+", default=[*CLASSES], choices=[*CLASSES])
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        write_genome(Path(folder) / "genome.fa")
        genes = make_genes(GENES)
        with closing(Genome(Path(folder) / "genome.fa", Path(folder) / "genome.fai")) as genome:
            rows = measure(args, genome, genes)
    publish(
        "nulls", rows, args.json, command=f"python -m benchmarks.nulls --number {args.number} --alleles {args.alleles}"
    )


def measure(args, genome, genes):
    """A row a class."""
    computer = open_computer(
        genome=genome, model=narrow_network(), device="cpu", precision="float32", store=None, contacts=None
    )
    models = LinearModels(made_fits(OWN_SUMS * PUBLISHED.features)[:1])
    scorer = AlleleScorer(computer, genes, None, models)
    settings = SimpleNamespace(window=PUBLISHED.window)
    drawer = NullDrawer(SimpleNamespace(genes=genes, index=lambda: None, settings=settings), genome, 1)
    near = [stratum(OWN, distance) for distance in (0, 1_000)]
    tss, strands = genes["tss"].to_numpy(np.int64), genes["strand"].to_numpy(str)

    def nulls_of(of_class):
        drawn = {name: [(each.gene, each.change) for each in drawer.draw(name, args.number, of_class)] for name in near}
        return NullEffects({(name, SNV): np.sort(effects_of(scorer, mine)) for name, mine in drawn.items()})

    rows, of_snvs = [], nulls_of(SNV)
    for of_class in args.classes:
        drawn = random_alleles(
            np.random.default_rng([2, [*CLASSES].index(of_class)]), genome, genes, of_class, args.alleles
        )
        effects = effects_of(scorer, drawn)
        strata = np.array([stratum(OWN, along_gene(change.start, tss[row], strands[row])) for row, change in drawn])
        own = of_snvs if of_class == SNV else nulls_of(of_class)
        ranks = [nulls.quantiles(strata, np.full(len(drawn), SNV), effects) for nulls in (of_snvs, own)]
        shares = [100 * (abs(each[~np.isnan(each)]) > BEYOND).mean() for each in ranks]
        rows.append(
            {"class": of_class, "alleles": len(drawn), "% among SNVs": shares[0], "% among its class": shares[1]}
        )
        print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    main()
