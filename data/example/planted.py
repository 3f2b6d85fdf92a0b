"""Count in how many genes of the example a planted element has the largest effect.

    python -m data.example.planted ELEMENTS.tsv

ELEMENTS.tsv is the table of `spex elements` on the example. Of each gene, the contacted bin with the largest |effect| is
either one of the eight that were planted, or one that a count at random touches.
"""

import argparse

import numpy as np
import pandas as pd

from data.example.make_example import ELEMENT_BINS, GENES_PER_CHROMOSOME, RESOLUTION, SEED, plan_genes


def planted_bins():
    """First base of every planted bin by chromosome and TSS: dict of (chrom, tss) -> set of 0-based positions."""
    rng = np.random.default_rng(SEED)
    genes = [gene for chrom, count in GENES_PER_CHROMOSOME.items() for gene in plan_genes(rng, chrom, count)]
    return {
        (gene.chrom, gene.tss): {(first + i) * RESOLUTION for first in gene.elements for i in range(ELEMENT_BINS)}
        for gene in genes
        if gene.kind == "looped"
    }


def count_first(table):
    """Counts over genes with a planted contact.

    table: elements. Returns: genes, those whose strongest contact is planted, and the same two numbers of the genes that
    touch other bins too.
    """
    planted = planted_bins()
    genes = first = others = first_of_others = 0
    for place, elements in table[table["class"] == "contact"].groupby(["chr", "TargetGeneTSS", "model"]):
        bins = planted.get(place[:2], set())
        is_planted = elements["start"].isin(bins).to_numpy()
        if not is_planted.any():
            continue
        wins = bool(is_planted[elements["Score"].abs().to_numpy().argmax()])
        genes, first = genes + 1, first + wins
        if not is_planted.all():
            others, first_of_others = others + 1, first_of_others + wins
    return genes, first, others, first_of_others


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("elements")
    genes, first, others, first_of_others = count_first(pd.read_csv(parser.parse_args(argv).elements, sep="\t"))
    print(f"a planted element has the largest effect in {first} of {genes} genes that touch one ({first / genes:.1%});")
    print(f"of those that touch other bins too, in {first_of_others} of {others}")


if __name__ == "__main__":
    main()
