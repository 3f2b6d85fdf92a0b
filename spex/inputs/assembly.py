"""The genome assembly that the published files are made for, GRCh38, by its chromosome lengths."""

from spex.errors import InputError
from spex.inputs.builds import build_of

GRCH38_LENGTHS = {
    "chr1": 248_956_422,
    "chr2": 242_193_529,
    "chr3": 198_295_559,
    "chr4": 190_214_555,
    "chr5": 181_538_259,
    "chr6": 170_805_979,
    "chr7": 159_345_973,
    "chr8": 145_138_636,
    "chr9": 138_394_717,
    "chr10": 133_797_422,
    "chr11": 135_086_622,
    "chr12": 133_275_309,
    "chr13": 114_364_328,
    "chr14": 107_043_718,
    "chr15": 101_991_189,
    "chr16": 90_338_345,
    "chr17": 83_257_441,
    "chr18": 80_373_285,
    "chr19": 58_617_616,
    "chr20": 64_444_167,
    "chr21": 46_709_983,
    "chr22": 50_818_468,
}


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
