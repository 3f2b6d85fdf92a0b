"""A small world with hg38's chromosome names for the reproduction: the files that a server hands out."""

import gzip

import numpy as np
import pandas as pd
import torch
from conftest import narrow_state, random_letters, write_fasta, write_mcool

LENGTHS = {f"chr{number}": 50_000 + 500 * number for number in range(1, 23)}
GENES_PER_CHROM = 4
GENES = GENES_PER_CHROM * len(LENGTHS)
TISSUES = 24
BINS = 50


def gene_table(generator):
    """Genes on every autosome, in the order of a shuffled genome."""
    rows = [
        {
            "id": f"ENSG{index:011d}",
            "symbol": f"S{index}",
            "seqnames": chrom,
            "strand": "+-"[index % 2],
            "CAGE_representative_TSS": int(tss),
            "type": "protein_coding",
        }
        for index, (chrom, tss) in enumerate(
            (chrom, tss) for chrom in LENGTHS for tss in generator.integers(500, 49_000, GENES_PER_CHROM)
        )
    ]
    table = pd.DataFrame(rows).sample(frac=1, random_state=1)
    table.insert(4, "TSS", table["CAGE_representative_TSS"] + 7)
    return table


def expression_table(generator):
    """The published form: unnamed row numbers, a column per tissue."""
    values = generator.lognormal(1, 2, size=(GENES, TISSUES)).round(4)
    return pd.DataFrame(values, columns=[f"Tissue {number}" for number in range(1, TISSUES + 1)])


def contacts(generator, genes):
    """Pixels all over the chromosomes; one gene of chr8 has none."""
    lonely = genes.loc[genes["seqnames"] == "chr8", "CAGE_representative_TSS"].iloc[0]
    empty = round(lonely / 1000)
    pixels = {}
    for chrom in LENGTHS:
        pairs = {tuple(sorted(pair)) for pair in generator.integers(0, BINS, (400, 2)).tolist()}
        kept = [pair for pair in sorted(pairs) if chrom != "chr8" or empty not in pair]
        pixels[chrom] = [(*pair, float(generator.integers(1, 9))) for pair in kept]
    return pixels


def make_files(folder):
    """Write the files into a folder. Returns: dict of the name under which each is served -> its content."""
    generator = np.random.default_rng(22)
    genes = gene_table(generator)
    genes.to_csv(folder / "geneanno_GRCh38.csv", index=False)
    expression_table(generator).to_csv(folder / "geneanno.exp.csv", index_label="")
    features = pd.DataFrame({"Cell Type": ["GM12878", "K562"] * 1001, "Assay": "DNase", "Treatment": "None"})
    features.to_csv(folder / "deepsea_beluga_2002_features.tsv", sep="\t", index=False)
    write_fasta(folder / "hg38.fa", {chrom: random_letters(generator, length) for chrom, length in LENGTHS.items()})
    write_mcool(folder / "4DNFIARR7LP4.mcool", contacts(generator, genes), 1000, LENGTHS)
    torch.save(narrow_state(), folder / "deepsea.beluga.pth")
    (folder / "hg38.fa.gz").write_bytes(gzip.compress((folder / "hg38.fa").read_bytes(), 1, mtime=0))
    (folder / "hg38.fa").unlink()
    return {path.name: path.read_bytes() for path in folder.iterdir()}
