"""Effects of alleles against the naive way, two whole tensors an allele, with the network of full size.

    python -m benchmarks.variants [--alleles 64] [--naive 4]
    python -m benchmarks.variants --snvs dense
    python -m benchmarks.variants --snvs scattered
    python -m benchmarks.variants --file 10000

Made genome, genes, contacts (some 20 bins a gene at 1,000 bp), weights and models of 53 tissues. Alleles lie at random
within what own windows or contacted bins hold, so each reaches a gene; one in ten is an insertion or deletion. The
naive way makes every tensor that an allele changes, without it and with it, from the sequences; effects are compared.
With --snvs, SNVs computed in part against whole windows with them, in turn: 2,000 side by side within 200 kb, or one
for each of 200 genes, so that hardly two share a window. With --file, `spex variants` from start to end on a VCF of so
many SNVs anywhere, of which some 5 % reach a gene.
"""

import argparse
import tempfile
import time
from contextlib import closing, contextmanager
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
from spex.features.compute import FeatureComputer, lay_end_to_end
from spex.features.devices import choose_device, choose_precision, open_computer
from spex.inputs.choices import Blocks
from spex.inputs.genome import Genome
from spex.models.ridge import RidgeFit
from spex.runs import records
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

GENES, FEW_GENES = 200, 8
DENSE, REGION = 2_000, ("chr1", 2_900_000, 3_100_000)
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
            position = int(index.first[number] + generator.integers(0, BELUGA.window))
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
        starts, places = np.unique(moved(index.starts.ravel()), return_inverse=True)
        bins = computer.predict(*lay_end_to_end(codes, starts, BELUGA.window))[places]
        np.add.at(tensor, OWN_SUMS + index.columns, bins.astype(np.float64) * index.weights[:, None])
    return tensor


def naive_effects(computer, genes, contacts, models, change, reached):
    """Effects of an allele from two whole tensors of each gene that it reaches, float64 (genes, tissues)."""
    effects = []
    for row in reached:
        before, after = (whole_tensor(computer, genes.iloc[row], contacts, row, each) for each in (None, change))
        effects.append(models.coefficients @ (after - before).ravel())
    return np.array(effects)


@contextmanager
def opened(args, folder):
    """The made world: a FeatureComputer, genes, their contacts, ContactIndex and LinearModels."""
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
        yield computer, genes, contacts, ContactIndex(contacts), models


def measure_alleles(args, folder):
    """Seconds an allele of both ways, in turn, and how far their effects are apart."""
    with opened(args, folder) as (computer, genes, contacts, index, models):
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
            "device": str(computer.scanner.device),
            "alleles": len(changes),
            "genes an allele": len(found.alleles) / len(changes),
            "alleles/s": 1 / fast,
            "naive alleles/s": 1 / slow,
            "times as fast": slow / fast,
            "largest difference": apart,
            "largest effect": scale,
        }
    publish("variants", [row], args.json, command=f"python -m benchmarks.variants --alleles {args.alleles}")


class WholeWindows(FeatureComputer):
    """Predicts every window that an allele changes anew."""

    substitutes = False

    @classmethod
    def beside(cls, computer):
        """The same genome and network as of another computer, whose contacts and store it goes without."""
        return cls(
            genome=computer.genome,
            scanner=computer.scanner,
            store=None,
            contacts=None,
            windows_per_pass=computer.windows_per_pass,
            bins_per_pass=computer.bins_per_pass,
        )


def dense_snvs(genome):
    """SNVs at the same distance from each other."""
    chrom, first, end = REGION
    places = np.linspace(first, end, DENSE, endpoint=False).astype(int)
    return [(chrom, place, int(genome.codes(chrom, place, place + 1)[0])) for place in places.tolist()]


def scattered_snvs(genome, genes, index):
    """One SNV for each gene, in turn in its local windows and in a bin that it contacts."""
    generator = np.random.default_rng(9)
    for row, gene in enumerate(genes.itertuples()):
        mine = np.flatnonzero(index.genes == row)
        place = int(gene.tss + generator.integers(-20_000, 20_000))
        if row % 2 and len(mine):
            place = int(index.first[generator.choice(mine)] + generator.integers(0, BELUGA.window))
        if 0 <= place < CHROMSIZES[gene.chrom]:
            yield gene.chrom, place, int(genome.codes(gene.chrom, place, place + 1)[0])


def measure_snvs(args, folder):
    """CPU seconds an allele in part and by whole windows, block by block as `spex variants` takes them, in turn."""
    with opened(args, folder) as (computer, genes, _, index, models):
        genome = computer.genome
        places = dense_snvs(genome) if args.snvs == "dense" else scattered_snvs(genome, genes, index)
        changes = [
            Change(chrom, place, 1, np.array([(base + 1) % len(BELUGA.bases)], np.uint8))
            for chrom, place, base in places
            if base < len(BELUGA.bases)
        ]
        whole = WholeWindows.beside(computer)
        scorers = {name: AlleleScorer(it, genes, index, models) for name, it in (("part", computer), ("whole", whole))}
        size = Blocks.block_size
        blocks = [changes[first : first + size] for first in range(0, len(changes), size)][: args.blocks]
        seconds, effects = dict.fromkeys(scorers, 0.0), {name: [] for name in scorers}
        for block in blocks:
            for name, scorer in scorers.items():
                start = time.process_time()
                effects[name].append(scorer.effects(block))
                seconds[name] += time.process_time() - start
        total = {name: np.concatenate([each.own + each.contact for each in mine]) for name, mine in effects.items()}
        alleles = sum(map(len, blocks))
        row = {
            "SNVs": args.snvs,
            "alleles": alleles,
            "windows an allele": computer.counts["windows with substitutions"] / alleles,
            "alleles a CPU second": alleles / seconds["part"],
            "whole windows": alleles / seconds["whole"],
            "times as fast": seconds["whole"] / seconds["part"],
            "largest difference": float(np.abs(total["part"] - total["whole"]).max()),
            "largest effect": float(np.abs(total["whole"]).max()),
        }
    publish("variants_snvs", [row], args.json, command=f"python -m benchmarks.variants --snvs {args.snvs}")


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
    parser.add_argument("--snvs", choices=["dense", "scattered"], help="SNVs in part against whole windows instead")
    parser.add_argument("--blocks", type=int, help=f"blocks of {Blocks.block_size} of these, at most")
    parser.add_argument("--file", type=int, metavar="ROWS", help="time a file of so many rows instead")
    parser.add_argument("--device", help="of torch; the first GPU where there is one, else cpu")
    parser.add_argument("--precision")
    parser.add_argument("--json")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        measure = measure_snvs if args.snvs else measure_file if args.file else measure_alleles
        measure(args, Path(folder))


if __name__ == "__main__":
    main()
