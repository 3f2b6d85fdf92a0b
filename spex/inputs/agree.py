"""Whether inputs that are right by themselves belong together: genes, genome, contact maps."""

import logging
import re

from spex.errors import InputError, shown
from spex.inputs.maps.address import map_sha256
from spex.inputs.maps.chroms import Chromosomes
from spex.inputs.maps.renamed import RenamedMap
from spex.inputs.normalise import known_as, names_in, some_of

BUILDS = {
    "hg38 (GRCh38)": (248_956_422, r"grch38|hg38|hs38"),
    "hg19 (GRCh37)": (249_250_621, r"grch37|hg19|hs37|g1k_v37|\bb37"),
    "hg18 (NCBI36)": (247_249_719, r"ncbi36|hg18"),
    "T2T-CHM13": (248_387_328, r"chm13|t2t|\bhs1\b"),
    "mm10 (GRCm38)": (195_471_971, r"grcm38|mm10"),
    "mm39 (GRCm39)": (195_154_279, r"grcm39|mm39"),
}
"""Name -> bp of chromosome 1; what files call it, a regular expression."""

_LENGTHS = """
248956422 242193529 198295559 190214555 181538259 170805979 159345973 145138636 138394717 133797422 135086622 133275309
114364328 107043718 101991189 90338345 83257441 80373285 58617616 64444167 46709983 50818468
"""
GRCH38_LENGTHS = {f"chr{number}": int(length) for number, length in enumerate(_LENGTHS.split(), start=1)}
"""The genome assembly that the published files are made for, by its chromosome lengths in bp."""

logger = logging.getLogger("spex")


def check_on_genome(genes, chromsizes):
    """Refuse genes that do not lie on the genome. chromsizes: chromosome name -> bp.

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
    passed over, and of those that a map lacks its genes have no contacts in it. A length that is the genome's rounded
    up to whole bins is the genome's. genome_sizes: chromosome name -> bp; without it the maps are compared with the
    first that has lengths.

    Returns: list of maps.

    Raises:
        InputError: no gene's chromosome is in a map, or one has another length there than in the genome, or a TSS lies
            past its end. A map without lengths is given them, and refuses what does not fit when it is read.
    """
    chroms, sizes, agreed = genes["chrom"].unique(), genome_sizes, []
    against = "the first map" if genome_sizes is None else "the genome"
    for map_ in maps:
        if map_.chromsizes is not None:
            map_ = _called_as(map_, chroms, sizes or {}, against)  # noqa: PLW2901
            check_tss_within(map_, genes)
            if genome_sizes is None:
                sizes = {**map_.chromsizes, **(sizes or {})}
        agreed.append(map_)
    for map_ in agreed:
        if map_.chromsizes is None:
            map_.fit(Chromosomes(chroms.tolist(), sizes or {}, against))
    return agreed


def _called_as(map_, chroms, sizes, against):
    """A map that has any of some chromosomes, under these names."""
    names = names_in(map_.chromsizes, chroms)
    missing = [chrom for chrom in chroms if chrom not in names]
    if not names:
        raise InputError(
            f"no chromosome '{shown(missing[0])}', which the genes table names beside {some_of(chroms)}; it has "
            f"{some_of(map_.chromsizes)}",
            argument="maps",
            subject=map_.path,
            expected="the same names in both, but for chr in front",
        )
    renamed = {ours: theirs for ours, theirs in names.items() if ours != theirs}
    if renamed:
        some = ", ".join(f"{shown(ours)} is {shown(theirs)} there" for ours, theirs in list(renamed.items())[:3])
        logger.info("%s: %s%s", map_.path, some, ", ..." if len(renamed) > 3 else "")
    lengths = _rounded_lengths(map_, names, sizes, against)
    return RenamedMap(map_, renamed, missing, lengths) if renamed or missing or lengths else map_


def _rounded_lengths(map_, names, sizes, against):
    """True lengths of the chromosomes whose length in a map is rounded up to whole bins: dict of name here -> bp.

    names: here -> in the map. sizes: name here -> bp.
    """
    found = {ours: map_.chromsizes[theirs] for ours, theirs in names.items() if ours in sizes}
    other = [ours for ours, length in found.items() if length != sizes[ours]]
    unlike = [ours for ours in other if not same_length(found[ours], sizes[ours], map_.resolution)]
    if unlike:
        raise InputError(
            f"{shown(unlike[0])} is {found[unlike[0]]:,} bp long there and {sizes[unlike[0]]:,} bp in {against}"
            + (f"; so are {len(unlike) - 1:,} more of {len(found):,} chromosomes" if len(unlike) > 1 else ""),
            argument="maps",
            subject=map_.path,
            expected="a map of the same genome build" if len(unlike) == len(found) else "the same lengths in both",
        )
    if other:
        logger.info("%s: lengths of its chromosomes are rounded up to whole bins of %d bp", map_.path, map_.resolution)
    return {ours: sizes[ours] for ours in other}


def same_length(one, other, resolution):
    """Whether two lengths of a chromosome in bp are the same, one of them perhaps rounded up to whole bins."""
    return one == other or max(one, other) == -(-min(one, other) // resolution) * resolution


def check_tss_within(map_, genes):
    """Refuse genes that lie past the end of their chromosome in a map: it is of another build or species.

    genes: DataFrame with id, chrom, tss.

    Raises:
        InputError: so it is, of one gene or more.
    """
    lengths = genes["chrom"].map(map_.chromsizes).to_numpy(float)  # NaN where the map has no such chromosome
    past = genes["tss"].to_numpy() > lengths
    if past.any():
        gene, length = genes.iloc[past.argmax()], lengths[past.argmax()]
        raise InputError(
            f"{past.sum():,} of {len(genes):,} genes lie past the end of their chromosome in it, such as {gene['id']}: "
            f"its TSS is {gene['tss']:,}, and {shown(gene['chrom'])} is {length:,.0f} bp long there",
            argument="maps",
            subject=map_.path,
            expected="a map and genes of the same genome build",
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


def check_chromosomes(path, found, lengths):
    """Compare chromosome lengths in bp, name by name. found, lengths: dicts of name -> length."""
    about = {"argument": "genome", "subject": path}
    for name, length in lengths.items():
        if name not in found:
            bare = name.removeprefix("chr")
            hint = f"; it calls it {bare}, as Ensembl does" if bare in found else ""
            raise InputError(f"no sequence {name}{hint}", **about, expected="UCSC's hg38 with chr1 to chr22")
        if found[name] != length:
            assembly = build_of(found)
            hint = f" (this is {assembly})" if assembly and found.get("chr1") != lengths.get("chr1") else ""
            raise InputError(f"{name} is {found[name]:,} bp long{hint}, expected {length:,} as in GRCh38", **about)


def build_of(chromsizes):
    """The build of a genome, None for one that is not known here. chromsizes: name -> bp."""
    length = chromsizes.get(known_as("chr1", chromsizes))
    return next((name for name, (known, _) in BUILDS.items() if known == length), None)


def builds_named(text):
    """The builds that a text names: set of names."""
    return {name for name, (_, words) in BUILDS.items() if re.search(words, text, re.IGNORECASE)}
