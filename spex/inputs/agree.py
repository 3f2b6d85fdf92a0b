"""Whether genes and lengths of chromosomes are of one genome."""

from spex.errors import InputError, shown


def check_on_genome(genes, chromsizes):
    """Refuse genes that the genome cannot hold. chromsizes: chromosome name -> bp.

    Raises:
        InputError: a gene's chromosome is not in the genome, or its TSS lies past the chromosome's end.
    """
    for chrom, tss in genes.groupby("chrom")["tss"]:
        if chrom not in chromsizes:
            names = ", ".join(map(shown, list(chromsizes)[:5]))
            raise InputError(
                f"the genes table names '{shown(chrom)}', which the genome lacks; it has {names}, ...",
                expected="the same names in both",
            )
        if tss.max() > chromsizes[chrom]:
            row = tss.idxmax()
            raise InputError(
                f"TSS {tss[row]:,} of gene {genes['id'][row]} lies past the end of {chrom} ({chromsizes[chrom]:,} bp)",
                subject=f"genes table, line {genes['line'][row]}" if "line" in genes else "genes table",
                expected="a genome of the same build as the table",
            )


def same_length(one, other, resolution):
    """Whether two lengths of a chromosome in bp are the same, one of them perhaps rounded up to whole bins."""
    return one == other or max(one, other) == -(-min(one, other) // resolution) * resolution


def some_of(names):
    """The first of some names, as a message has them."""
    names = list(names)
    return ", ".join([*map(shown, names[:5]), *(["..."] if len(names) > 5 else [])]) or "none"
