"""Effects of alleles against the naive way, two whole tensors an allele, with the network of full size.

    python -m benchmarks.variants [--alleles 64] [--naive 4]

Made genome, genes, contacts (some 20 bins a gene at 1,000 bp), weights and models of 53 tissues. Alleles lie at random
within what own windows or contacted bins hold, so each reaches a gene; one in ten is an insertion or deletion. The
naive way makes every tensor that an allele changes, without it and with it, from the sequences; effects are compared.
"""

import argparse
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from benchmarks.measure import publish
from expecto.gene_features import OWN_SUMS, own_windows, transform_weights
from expecto.network import BELUGA
from spex.contacts.rules import Corrected
from spex.effects.alleles import AlleleScorer
from spex.effects.bins import ContactIndex
from spex.effects.linear import LinearModels
from spex.effects.sequences import Change
from spex.features.compute import lay_end_to_end
from spex.features.devices import choose_device, choose_precision, open_computer
from spex.features.made import CHROMSIZES, make_contacts, make_genes, make_network, write_genome
from spex.inputs.genome import Genome

GENES = 200
TISSUES = 53
BINS_PER_GENE = 20
RULE, RESOLUTION = Corrected(), 1000
INDEL_SHARE = 0.1


def made_fits(width, seed=3):
    """Linear fits of made coefficients."""
    generator = np.random.default_rng(seed)
    names = [f"tissue {number}" for number in range(TISSUES)]
    fits = [SimpleNamespace(coefficients=generator.normal(size=width), intercept=0.0) for _ in names]
    return [SimpleNamespace(name=name, tissue=name, fit=fit) for name, fit in zip(names, fits, strict=True)]


def draw_changes(generator, genes, contacts, index, count):
    """Alleles at random places that a gene's own windows, or its contacted bins, hold."""
    changes = []
    while len(changes) < count:
        if len(changes) % 2:
            number = int(generator.integers(0, len(index.genes)))
            chrom = str(contacts.chroms[index.genes[number]])
            position = int(
                index.starts(contacts.bins[number : number + 1])[0, 0] + generator.integers(0, BELUGA.window)
            )
        else:
            gene = genes.iloc[int(generator.integers(0, len(genes)))]
            chrom, position = gene["chrom"], int(gene["tss"] + generator.integers(-20_000, 20_000))
        if not 10 <= position < CHROMSIZES[chrom] - 10:
            continue
        removed, added = 1, 1
        if generator.random() < INDEL_SHARE:
            removed, added = (int(length) for length in generator.integers(0, 6, 2))
        changes.append(Change(chrom, position, removed, generator.integers(0, 4, added).astype(np.uint8)))
    return changes


def whole_tensor(computer, gene, contacts, row, change):
    """A gene's tensor with every window of it computed, float64 (positions, features).

    change: Change, or None for the reference. The TSS moves along, contacted bins keep their start.
    """
    genome, chrom = computer.genome, gene["chrom"]
    codes = partial(genome.codes, chrom) if change is None else partial(change.codes, genome)
    moved = np.asarray if change is None else change.moved
    first, end, within = own_windows(gene["tss"], gene["strand"], BELUGA.window)
    shift = int(moved(gene["tss"] - 1)) - int(gene["tss"] - 1)
    own = computer.predict(codes(first + shift, end + shift), within)
    tensor = np.zeros((OWN_SUMS + 2, BELUGA.features))
    tensor[:OWN_SUMS] = transform_weights() @ own.astype(np.float64)
    index = ContactIndex(contacts.of_rows([row]))
    if len(index.genes):
        starts, places = np.unique(moved(index.starts(index.contacts.bins).ravel()), return_inverse=True)
        bins = computer.predict(*lay_end_to_end(codes, starts, BELUGA.window))[places]
        np.add.at(tensor, index.positions, bins.astype(np.float64) * index.weights[:, None])
    return tensor


def naive_effects(computer, genes, contacts, models, change, reached):
    """Effects of an allele from two whole tensors of each gene that it reaches, float64 (genes, tissues)."""
    effects = []
    for row in reached:
        before, after = (whole_tensor(computer, genes.iloc[row], contacts, row, each) for each in (None, change))
        effects.append(models.coefficients @ (after - before).ravel())
    return np.array(effects)


def measure_alleles(args, folder):
    """Seconds an allele of both ways, in turn, and how far their effects are apart."""
    write_genome(folder / "genome.fa")
    genes = make_genes(GENES)
    contacts = make_contacts(genes, CHROMSIZES, RULE, RESOLUTION, BINS_PER_GENE)
    device = choose_device(args.device)
    with closing(Genome(folder / "genome.fa", folder / "genome.fai")) as genome:
        computer = open_computer(
            genome=genome,
            model=make_network(),
            device=device,
            precision=args.precision or choose_precision([device], None),
            store=None,
            contacts=None,
        )
        models = LinearModels(made_fits((OWN_SUMS + 2) * BELUGA.features))
        index = ContactIndex(contacts)
        scorer = AlleleScorer(computer, genes, index, models)
        changes = draw_changes(np.random.default_rng(5), genes, contacts, index, args.alleles)
        scorer.effects(changes[:2])
        start = time.perf_counter()
        found = scorer.effects(changes)
        fast = (time.perf_counter() - start) / len(changes)
        chosen = np.random.default_rng(6).choice(len(changes), args.naive, replace=False)
        apart, scale, slow, pairs = 0.0, 0.0, 0.0, 0
        for number in chosen:
            mine = found.alleles == number
            start = time.perf_counter()
            expected = naive_effects(computer, genes, contacts, models, changes[number], found.genes[mine])
            slow += (time.perf_counter() - start) / args.naive
            apart = max(apart, float(np.abs(expected - (found.own + found.contact)[mine]).max()))
            scale, pairs = max(scale, float(np.abs(expected).max())), pairs + int(mine.sum())
    row = {
        "device": device,
        "alleles": len(changes),
        "genes an allele": len(found.alleles) / len(changes),
        "alleles/s": 1 / fast,
        "naive alleles/s": 1 / slow,
        "times as fast": slow / fast,
        "largest difference": apart,
        "largest effect": scale,
    }
    publish("variants", [row], args.json, command=f"python -m benchmarks.variants --alleles {args.alleles}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alleles", type=int, default=64)
    parser.add_argument("--naive", type=int, default=4, help="of them that are done the naive way too")
    parser.add_argument("--device", help="of torch; the first GPU where there is one, else cpu")
    parser.add_argument("--precision")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measure_alleles(args, Path(folder))


if __name__ == "__main__":
    main()
