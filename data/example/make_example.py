"""Make the embedded example: a small genome, its genes, their expression and a contact map.

    python -m data.example.make_example [FOLDER]

Everything is invented; what is planted can be found again:

- The 6 kb around each TSS hold stretches of CpG repeats: the promoter's strength, 0 to 1, is their share.
- Each gene's start touches two distal elements, one on either side and some 35 kb away, which are made of GGAA and TTTA
  repeats: their activity, 0 to 1, is the share of GGAA.
- ln(expression) of a tissue is a weighted sum of promoter strength and activity of the gene's elements, plus noise.
- In the map, the bins of a gene's start have pixels with each bin of its elements. Beside them stand the decay along
  the diagonal and single counts at random. Some genes have near pixels only, some none at all.

The gene table holds, as real ones do, genes that are left out: on chrX, of type rRNA, without a position.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cooler
import h5py
import numpy as np
import pandas as pd

SEED = 20231
GENES_PER_CHROMOSOME = {"chr1": 14, "chr2": 12, "chr8": 18, "chr9": 10, "chr22": 10, "chrX": 2}
CELL = 25_000
"""Each gene has a cell of this many bp: its promoter in the middle, an element of either neighbouring gene beside it.
The cells at the ends of a chromosome hold an element alone."""
MARGIN = 10_000
TAIL = 617
TELOMERE = 2_000
GAP = 500
PROMOTER_OFFSET, PROMOTER_REACH = 12_500, 3_000
LEFT_ELEMENT_OFFSET, RIGHT_ELEMENT_OFFSET = 2_000 - CELL, 19_000 + CELL
"""Starts of a gene's elements, in bp from the start of the gene's cell."""
ELEMENT_BINS = 4
ELEMENT_FLANKS = (1_250, 1_750)
"""bp of element before the start of its first bin and after the start of its last: windows of either rule fit in."""
REPEAT_LENGTH = 40
RESOLUTION = 1_000
COARSE_RESOLUTION = 5_000
GC_CONTENT = 0.41
REPEAT_ERRORS = 0.05
CREATION_DATE = "2026-01-01T00:00:00"
"""What the map says of itself in place of the time of its making, so that its bytes are always the same."""
NEAR_BINS = 16
"""The decay along the diagonal reaches this many bins, less than the 20 kb from which contacts count."""
ODD_GENES = {"chr1": {3: "near", 9: "isolated"}, "chr22": {2: "near", 7: "isolated"}}
"""Genes (numbers within the chromosome) without any contact beyond their surroundings, and without any pixel."""

BASELINE = 1.5
NOISE = 0.4
TISSUES = {  # weights of the promoter's strength and of the elements' activity
    "Adipose_Subcutaneous": (2.0, 3.0),
    "Cells_EBV-transformed_lymphocytes": (2.5, 3.5),
    "Liver": (3.0, 4.0),
    "Lung": (2.5, 3.0),
    "Whole_Blood": (2.0, 3.5),
}


@dataclass
class Gene:
    """One gene. tss: 1-based. strength: of its promoter. activity: of its elements. kind: looped, near, isolated.

    elements: first bin of each element that its start touches.
    """

    chrom: str
    tss: int
    strand: str
    strength: float
    activity: float
    kind: str
    elements: list[int]


def plan_genes(rng, chrom, count):
    """The genes of a chromosome, from left to right."""
    strengths, activities = unrelated_levels(rng, count)
    genes = []
    for number in range(count):
        cell = MARGIN + (number + 1) * CELL
        genes.append(
            Gene(
                chrom=chrom,
                tss=cell + PROMOTER_OFFSET + int(rng.integers(-700, 700)),
                strand="+-"[rng.integers(2)],
                strength=strengths[number],
                activity=activities[number],
                kind=ODD_GENES.get(chrom, {}).get(number, "looped"),
                elements=[(cell + offset) // RESOLUTION for offset in (LEFT_ELEMENT_OFFSET, RIGHT_ELEMENT_OFFSET)],
            )
        )
    return genes


def unrelated_levels(rng, count):
    """Two sets of evenly spread levels, 0 to 1, with next to no correlation: of 50 orders of the second, the best."""
    levels = (np.arange(count) + 0.5) / count
    first = rng.permutation(levels)
    orders = [rng.permutation(levels) for _ in range(50)]
    return first, min(orders, key=lambda second: abs(np.dot(first - 0.5, second - 0.5)))


def make_sequence(rng, genes):
    """The letters of one chromosome: (length,) array of single bytes."""
    length = 2 * MARGIN + (len(genes) + 2) * CELL + TAIL
    letters = random_letters(rng, length)
    for gene in genes:
        plant_repeats(rng, letters[gene.tss - PROMOTER_REACH : gene.tss + PROMOTER_REACH], b"CG", gene.strength)
        for first_bin in gene.elements:
            start = first_bin * RESOLUTION - ELEMENT_FLANKS[0]
            end = (first_bin + ELEMENT_BINS - 1) * RESOLUTION + ELEMENT_FLANKS[1]
            plant_repeats(rng, letters[start:end], b"TTTA", 1)
            plant_repeats(rng, letters[start:end], b"GGAA", gene.activity)
    disguise(rng, letters)
    return letters


def random_letters(rng, length):
    at, gc = (1 - GC_CONTENT) / 2, GC_CONTENT / 2
    return rng.choice(np.frombuffer(b"ACGT", "S1"), size=length, p=[at, gc, gc, at])


def plant_repeats(rng, letters, unit, share):
    """Turn a share of a stretch into repeats of `unit`, in place, with some errors."""
    repeat = np.frombuffer(unit * (REPEAT_LENGTH // len(unit)), "S1")
    places = rng.permutation(len(letters) // REPEAT_LENGTH) * REPEAT_LENGTH
    for start in places[: round(share * len(places))]:
        right = rng.random(REPEAT_LENGTH) >= REPEAT_ERRORS
        letters[start : start + REPEAT_LENGTH][right] = repeat[right]


def disguise(rng, letters):
    """Give a sequence, in place, what real ones have: soft-masked stretches, N at the ends, a gap, IUPAC letters."""
    for start in range(0, len(letters), 3_000):
        stretch = letters[start : start + int(rng.integers(300, 2_500))]
        stretch[:] = np.char.lower(stretch)
    letters[rng.integers(TELOMERE, len(letters) - TELOMERE, size=8)] = np.frombuffer(b"RYKMSWrn", "S1")
    letters[MARGIN - GAP : MARGIN] = b"N"
    letters[:TELOMERE] = letters[-TELOMERE:] = b"N"


def write_genome(path, sequences):
    with open(path, "wb") as file:
        for chrom, letters in sequences.items():
            file.write(f">{chrom}\n".encode())
            for start in range(0, len(letters), 60):
                file.write(letters[start : start + 60].tobytes() + b"\n")


def gene_table(rng, genes):
    """The table in the published form, its rows shuffled, with a few that the program leaves out.

    Returns: DataFrame, and for each of its rows the gene, or None.
    """
    rows = []
    for gene in genes:
        rows.append([gene.chrom, gene.strand, gene.tss + int(rng.integers(-150, 150)), gene.tss])
    kinds = ["lincRNA" if rng.random() < 0.2 else "protein_coding" for _ in genes]
    rows += [
        ["chr1", "+", 60_100, 60_010],
        ["chr8", "-", 99_900, 99_950],
        ["chr2", "-", None, None],
        ["chr9", "+", 55_500, None],
    ]
    kinds += ["rRNA", "rRNA", "protein_coding", "protein_coding"]
    table = pd.DataFrame(rows, columns=["seqnames", "strand", "TSS", "CAGE_representative_TSS"], dtype=object)
    table = table.astype({"TSS": float, "CAGE_representative_TSS": float})
    table.insert(0, "id", [f"ENSG009{number:08d}" for number in range(1, len(table) + 1)])
    table.insert(1, "symbol", [f"EX{number}" for number in range(1, len(table) + 1)])
    table["type"] = kinds
    order = rng.permutation(len(table))
    return table.iloc[order], [genes[row] if row < len(genes) else None for row in order]


def expression_table(rng, genes):
    """Expression per row of the gene table and tissue, in TPM-like units; noise alone where there is no gene."""
    table = {}
    for tissue, (promoter_weight, contact_weight) in TISSUES.items():
        logs = BASELINE + NOISE * rng.standard_normal(len(genes))
        for row, gene in enumerate(genes):
            if gene is not None:
                activity = gene.activity if gene.kind == "looped" else 0
                logs[row] += promoter_weight * (2 * gene.strength - 1) + contact_weight * (2 * activity - 1)
        table[tissue] = np.round(np.exp(logs), 4)
    return pd.DataFrame(table)


def start_bins(gene):
    """The bins that a gene's start belongs to: the one that holds it, and the one whose edge is nearest."""
    return {(gene.tss - 1) // RESOLUTION, round(gene.tss / RESOLUTION)}


def make_pixels(rng, genes, bin_count):
    """The pixels of one chromosome: dict from (bin1, bin2), bin1 <= bin2, to count."""
    pixels = {}
    for bin1 in range(bin_count):
        for bin2 in range(bin1, min(bin1 + NEAR_BINS, bin_count)):
            pixels[bin1, bin2] = int(rng.poisson(6 / (1 + bin2 - bin1)))
    for _ in range(bin_count // 16):
        pair = tuple(sorted(rng.integers(bin_count, size=2).tolist()))
        pixels[pair] = max(pixels.get(pair, 0), 1)
    for gene in genes:
        if gene.kind == "looped":
            for viewpoint in start_bins(gene):
                for contacted in (first + i for first in gene.elements for i in range(ELEMENT_BINS)):
                    pixels[min(viewpoint, contacted), max(viewpoint, contacted)] = 2 + int(rng.poisson(3))
    kinds = {viewpoint: gene.kind for gene in genes for viewpoint in start_bins(gene)}
    return {pair: count for pair, count in pixels.items() if count and is_allowed(pair, kinds)}


def is_allowed(pair, kinds):
    """Whether two bins may touch. kinds: kind of gene by the bins of its start."""
    ends = {kinds.get(bin_number) for bin_number in pair}
    return "isolated" not in ends and ("near" not in ends or pair[1] - pair[0] < NEAR_BINS)


def write_map(path, chromsizes, pixels):
    """Write the pixels of all chromosomes as an .mcool of two resolutions, with the same bytes every time."""
    bins = cooler.binnify(pd.Series(chromsizes), RESOLUTION)
    first_bin = bins.reset_index().groupby("chrom", observed=True)["index"].min()
    rows = sorted(
        (first_bin[chrom] + bin1, first_bin[chrom] + bin2, count)
        for chrom, pairs in pixels.items()
        for (bin1, bin2), count in pairs.items()
    )
    table = pd.DataFrame(rows, columns=["bin1_id", "bin2_id", "count"])
    with tempfile.TemporaryDirectory() as folder:
        cooler.create_cooler(f"{folder}/fine.cool", bins, table, ordered=True)
        zoomed = f"{folder}/zoomed.mcool"
        cooler.zoomify_cooler(f"{folder}/fine.cool", zoomed, [RESOLUTION, COARSE_RESOLUTION], chunksize=10**6)
        with h5py.File(zoomed, "r+") as source, h5py.File(path, "w") as file:
            for group in source["resolutions"].values():
                group.attrs["creation-date"] = CREATION_DATE
            source.copy("resolutions", file)  # the copy holds no trace of the date that was replaced
            file.attrs.update(source.attrs)


def write_variants(path, genes, sequences):
    """Write variants of chr8 as VCF: an SNV, an insertion and a deletion in the first element of three genes each, an
    SNV beside their TSS, and one in the margin of the chromosome."""
    rng = np.random.default_rng(SEED + 1)
    letters, mine = sequences["chr8"], genes["chr8"]
    places = [(MARGIN // 2, 1, 1)]
    for gene in mine[3:6]:
        start = gene.elements[0] * RESOLUTION
        places += [(start + 900, 1, 1), (start + 1_700, 1, 8), (start + 2_400, 8, 1), (gene.tss - 200, 1, 1)]
    lines = ["##fileformat=VCFv4.2", f"##contig=<ID=chr8,length={len(letters)}>"]
    lines.append("\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]))
    for number, (pos, removed, added) in enumerate(sorted(places), start=1):
        ref = letters[pos - 1 : pos - 1 + removed].tobytes().decode().upper()
        others = [base for base in "ACGT" if base != ref[0]]
        alt = rng.choice(others) if removed == added else ref[0] + "".join(rng.choice(list("ACGT"), added - 1))
        lines.append(f"chr8\t{pos}\tvariant{number}\t{ref}\t{alt}\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n")


def make_example(folder):
    """Write genome.fa, genes.csv, expression.csv, contacts.mcool and variants.vcf into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    genes = {chrom: plan_genes(rng, chrom, count) for chrom, count in GENES_PER_CHROMOSOME.items()}
    sequences = {chrom: make_sequence(rng, mine) for chrom, mine in genes.items()}
    chromsizes = {chrom: len(letters) for chrom, letters in sequences.items()}
    table, gene_of_row = gene_table(rng, [gene for mine in genes.values() for gene in mine])
    expression = expression_table(rng, gene_of_row)
    pixels = {chrom: make_pixels(rng, mine, -(-chromsizes[chrom] // RESOLUTION)) for chrom, mine in genes.items()}
    write_genome(folder / "genome.fa", sequences)
    table.to_csv(folder / "genes.csv", index=False, lineterminator="\n")
    expression.to_csv(folder / "expression.csv", lineterminator="\n")
    write_map(folder / "contacts.mcool", chromsizes, pixels)
    write_variants(folder / "variants.vcf", genes, sequences)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Make the embedded example.")
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=Path(__file__).parent, type=Path)
    make_example(parser.parse_args(argv).folder)


if __name__ == "__main__":
    main()
