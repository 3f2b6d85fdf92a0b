"""Whether inputs that are right by themselves belong together: genes, genome, contact maps."""

from spex.errors import InputError, shown
from spex.inputs.maps.address import map_sha256
from spex.inputs.maps.chroms import Chromosomes


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


def check_maps(maps, genes, genome_sizes=None):
    """Refuse maps that do not belong to the genes and the genome, or to each other.

    genome_sizes: chromosome name -> bp; without it the maps are compared with the first of them that has lengths.

    Raises:
        InputError: a gene's chromosome is not in a map, or has another length there than in the genome. A map without
            lengths is told them, and refuses what does not fit when it is read.
    """
    against, sizes = "the genome", genome_sizes
    if genome_sizes is None:
        against = "the first map"
        sizes = next((map_.chromsizes for map_ in maps if map_.chromsizes is not None), {})
    for map_ in maps:
        if map_.chromsizes is None:
            map_.fit(Chromosomes(genes["chrom"].unique().tolist(), sizes, against))
            continue
        about = {"argument": "maps", "subject": map_.path}
        for chrom in genes["chrom"].unique():
            if chrom not in map_.chromsizes:
                names = ", ".join(map(shown, list(map_.chromsizes)[:5]))
                raise InputError(
                    f"no chromosome '{shown(chrom)}', which the genes table names; it has {names}, ...",
                    **about,
                    expected="the same names in both",
                )
            if map_.chromsizes[chrom] != sizes[chrom]:
                raise InputError(
                    f"{chrom} is {map_.chromsizes[chrom]:,} bp long there and {sizes[chrom]:,} bp in {against}",
                    **about,
                    expected="a map of the same genome build",
                )


def check_different(paths, hashes):
    """Refuse a contact map that is given twice: its counts would be added to themselves."""
    first = {}
    for path in paths:
        digest = map_sha256(path, hashes)
        if digest in first:
            raise InputError(
                f"the same map as {first[digest]}", argument="maps", subject=path, expected="each map once"
            )
        first[digest] = path
