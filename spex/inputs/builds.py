"""Builds of genomes, by what a file's header says of itself and by the length of chromosome 1."""

import re

from spex.inputs.chromosomes import known_as

BUILDS = {
    "hg38 (GRCh38)": (248_956_422, r"grch38|hg38|hs38"),
    "hg19 (GRCh37)": (249_250_621, r"grch37|hg19|hs37|g1k_v37|\bb37"),
    "hg18 (NCBI36)": (247_249_719, r"ncbi36|hg18"),
    "T2T-CHM13": (248_387_328, r"chm13|t2t|\bhs1\b"),
    "mm10 (GRCm38)": (195_471_971, r"grcm38|mm10"),
    "mm39 (GRCm39)": (195_154_279, r"grcm39|mm39"),
}
"""Name -> bp of chromosome 1; what files call it, a regular expression."""


def build_of(chromsizes):
    """The build of a genome, None for one that is not known here. chromsizes: name -> bp."""
    length = chromsizes.get(known_as("chr1", chromsizes))
    return next((name for name, (known, _) in BUILDS.items() if known == length), None)


def builds_named(text):
    """The builds that a text names: set of names."""
    return {name for name, (_, words) in BUILDS.items() if re.search(words, text, re.IGNORECASE)}
