"""Whether inputs that are right by themselves belong together: genes, genome, contact maps."""

import logging

from spex.errors import InputError, shown
from spex.inputs.chromosomes import names_in
from spex.inputs.maps.address import map_sha256
from spex.inputs.maps.chroms import Chromosomes
from spex.inputs.maps.renamed import RenamedMap

logger = logging.getLogger("spex")


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


def agree_maps(maps, genes, genome_sizes=None):
    """Contact maps with their chromosomes called as the genes call them; refuses those of another genome.

    `1` and `chr1` are one chromosome where their lengths are the same, which is logged; chromosomes without genes are
    passed over. genome_sizes: chromosome name -> bp; without it the maps are compared with the first that has lengths.

    Returns: list of maps.

    Raises:
        InputError: a gene's chromosome is not in a map, or has another length there than in the genome. A map without
            lengths is told them, and refuses what does not fit when it is read.
    """
    chroms, sizes, agreed = genes["chrom"].unique(), genome_sizes, []
    against = "the first map" if genome_sizes is None else "the genome"
    for map_ in maps:
        if map_.chromsizes is not None:
            map_ = _called_as(map_, chroms)  # noqa: PLW2901
            sizes = sizes or map_.chromsizes
            _check_lengths(map_, chroms, sizes, against)
        agreed.append(map_)
    for map_ in agreed:
        if map_.chromsizes is None:
            map_.fit(Chromosomes(chroms.tolist(), sizes or {}, against))
    return agreed


def _called_as(map_, chroms):
    """A map that has all of some chromosomes, under these names.

    Raises:
        InputError: one is not in it.
    """
    names = names_in(map_.chromsizes, chroms)
    missing = [chrom for chrom in chroms if chrom not in names]
    if missing:
        raise InputError(
            f"no chromosome '{shown(missing[0])}', which the genes table names beside {some_of(chroms)}; it has "
            f"{some_of(map_.chromsizes)}",
            argument="maps",
            subject=map_.path,
            expected="the same names in both, but for chr in front",
        )
    renamed = {ours: theirs for ours, theirs in names.items() if ours != theirs}
    if renamed:
        told = ", ".join(f"{shown(ours)} is {shown(theirs)} there" for ours, theirs in list(renamed.items())[:3])
        logger.info("%s: %s%s", map_.path, told, ", ..." if len(renamed) > 3 else "")
    return RenamedMap(map_, renamed) if renamed else map_


def some_of(names):
    """The first of some names, as a message has them."""
    names = list(names)
    return ", ".join([*map(shown, names[:5]), *(["..."] if len(names) > 5 else [])]) or "none"


def _check_lengths(map_, chroms, sizes, against):
    """Refuse chromosomes of other lengths than they should have."""
    for chrom in chroms:
        if map_.chromsizes[chrom] != sizes[chrom]:
            raise InputError(
                f"{chrom} is {map_.chromsizes[chrom]:,} bp long there and {sizes[chrom]:,} bp in {against}",
                argument="maps",
                subject=map_.path,
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
