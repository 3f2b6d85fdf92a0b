"""Whether genes, lengths of chromosomes and what a file states about itself belong to one genome."""

import re

from spex.errors import InputError, listed, shown
from spex.inputs.normalise import known_as

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


def check_on_genome(genes, chromsizes, path=None):
    """Refuse genes that do not lie on the genome. chromsizes: chromosome name -> bp. path: of the genes, for errors.

    Raises:
        InputError: a gene's chromosome is not in the genome, or its TSS lies past the chromosome's end.
    """
    about = {"subject": "genes table"} if path is None else {"argument": "genes", "subject": path}
    for chrom, tss in genes.groupby("chrom")["tss"]:
        if chrom not in chromsizes:
            raise InputError(
                f"the genes table names '{shown(chrom)}', which the genome lacks; it has {listed(chromsizes, 5)}",
                **about,
                expected="the same names in both",
            )
        if tss.max() > chromsizes[chrom]:
            row = tss.idxmax()
            line = f" (line {genes['line'][row]})" if "line" in genes else ""
            raise InputError(
                f"TSS {tss[row]:,} of gene {genes['id'][row]}{line} lies past the end of {chrom} "
                f"({chromsizes[chrom]:,} bp)",
                **about,
                expected="a genome of the same build as the table",
            )


def same_length(one, other, resolution):
    """Whether two lengths of a chromosome in bp are the same, one of them perhaps rounded up to whole bins."""
    return one == other or max(one, other) == -(-min(one, other) // resolution) * resolution


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
    return {name for name, (_, pattern) in BUILDS.items() if re.search(pattern, text, re.IGNORECASE)}
