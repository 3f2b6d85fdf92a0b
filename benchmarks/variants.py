"""Effects of alleles against the naive way, two whole tensors an allele, with the network of full size.

    python -m benchmarks.variants [--alleles 64] [--naive 4]
    python -m benchmarks.variants --file 10000

Made genome, genes, contacts (some 20 bins a gene at 1,000 bp), weights and models of 53 tissues. Alleles lie at random
within what own windows or contacted bins hold, so each reaches a gene; one in ten is an insertion or deletion. The
naive way makes every tensor that an allele changes, without it and with it, from the sequences; effects are compared.
With --file, `spex variants` from start to end on a VCF of so many SNVs anywhere, of which some 5 % reach a gene.
"""

import argparse
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from benchmarks.gpu.synthetic import CHROMSIZES, make_contacts, make_genes, make_network, save_network, write_genome
from benchmarks.measure import publish
from expecto.gene_features import OWN_SUMS, own_windows, transform_weights
from expecto.network import BELUGA
from spex.commands import tensors, variants
from spex.contacts.rules import Corrected
from spex.effects.alleles import AlleleScorer
from spex.effects.changes import Change
from spex.effects.inputs import ContactIndex, LinearModels
from spex.features.compute import lay_end_to_end
from spex.features.devices import choose_device, choose_precision, open_computer
from spex.inputs.genome import Genome
from spex.models.ridge import RidgeFit
from spex.runs import records
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

GENES, FEW_GENES = 200, 8
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
            removed, added = [(0, 1), (1, 0), (0, 5), (5, 0), (3, 7)][generator.integers(0, 5)]
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
        reaching = np.unique(found.alleles)  # an insertion that repeats what is there may change nothing
        chosen = np.random.default_rng(6).choice(reaching, args.naive, replace=False)
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


def measure_file(args, folder):
    """Seconds that `spex variants` takes for a file of SNVs anywhere on the made genome, few of which reach a gene."""
    write_genome(folder / "genome.fa")
    save_network(make_network(), folder / "network.pth")
    genes = make_genes(FEW_GENES).drop(columns="symbol")
    genes.to_csv(folder / "genes.csv", index=False)
    contacts = make_contacts(genes, CHROMSIZES, RULE, RESOLUTION, BINS_PER_GENE)
    with open(folder / "map.tsv", "w") as file:
        for pair in contacts.pairs().merge(genes[["id", "tss"]], on="id").itertuples():
            mine = (pair.tss - 1) // RESOLUTION * RESOLUTION
            print(pair.chrom, *sorted((mine, pair.start)), int(pair.count), sep="\t", file=file)
    inputs = ["--genome_filename", folder / "genome.fa", "--beluga_model_filename", folder / "network.pth"]
    inputs += ["--pred_cache_folder", folder / "cache"]
    made = ["--data_folder", folder / "data", "--genes_filename", folder / "genes.csv", "--contact_rule", RULE.name]
    map_ = ["--mcool_filename", folder / "map.tsv", "--count_column", "4"]
    run_command(tensors.main, *inputs, *made, *map_)
    settings = read_run_settings(DataFolder(folder / "data"))
    for number, each in enumerate(made_fits(settings.width), start=1):
        place = folder / "data/results" / f"{number}-made_ridge"
        place.mkdir(parents=True)
        RidgeFit(coefficients=each.fit.coefficients, intercept=0.0).save(place)
        about = {"target": each.tissue, "target_index": number, "model": "ridge", "width": settings.width}
        records.write_record(place, settings=about | {"tensors": settings.recorded()})
    write_snvs(folder, args.file)
    start = time.perf_counter()
    run_command(variants.main, folder / "snvs.vcf", folder / "data", *inputs, "--out", folder / "effects")
    seconds = time.perf_counter() - start
    table = pd.read_csv(folder / "effects/effects.tsv", sep="\t", usecols=["chrom", "pos", "gene_id"])
    reached = len(table[["chrom", "pos"]].drop_duplicates())
    row = {"rows": args.file, "reach a gene": reached, "rows of the table": len(table), "seconds": seconds}
    publish("variants_file", [row], args.json, command=f"python -m benchmarks.variants --file {args.file}")


def run_command(command, *words):
    """Run one of the commands, which must end well."""
    if command([*map(str, words)]):
        raise SystemExit("a command failed; its own message is above")


def write_snvs(folder, count):
    """Write a VCF file of SNVs at random places that have a base."""
    generator = np.random.default_rng(8)
    chroms, sizes = list(CHROMSIZES), np.array(list(CHROMSIZES.values()))
    with closing(Genome(folder / "genome.fa", folder / "genome.fai")) as genome, open(folder / "snvs.vcf", "w") as file:
        print("##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", sep="\n", file=file)
        written = 0
        while written < count:
            chrom = chroms[generator.choice(len(chroms), p=sizes / sizes.sum())]
            place = int(generator.integers(0, CHROMSIZES[chrom]))
            base = int(genome.codes(chrom, place, place + 1)[0])
            if base < len(BELUGA.bases):
                alt = BELUGA.bases[(base + 1) % len(BELUGA.bases)]
                print(chrom, place + 1, ".", BELUGA.bases[base], alt, ".", ".", ".", sep="\t", file=file)
                written += 1


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alleles", type=int, default=64)
    parser.add_argument("--naive", type=int, default=4, help="of them that are done the naive way too")
    parser.add_argument("--file", type=int, metavar="ROWS", help="time a file of so many rows instead")
    parser.add_argument("--device", help="of torch; the first GPU where there is one, else cpu")
    parser.add_argument("--precision")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        (measure_file if args.file else measure_alleles)(args, Path(folder))


if __name__ == "__main__":
    main()
