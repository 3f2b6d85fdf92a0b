"""Which chromosomes genes are left out on, in any species."""

import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.normalise import (
    EXCLUDED,
    LARGEST_POSITION,
    check_one_naming,
    excluded_chromosomes,
    find_regions,
    names_like,
    reasons_by_chromosome,
)


def kept(names, excluded=EXCLUDED):
    names = pd.Series(names, dtype=object)
    return names[reasons_by_chromosome(names, excluded) == ""].tolist()


def test_what_a_user_names_is_brought_to_one_form():
    assert excluded_chromosomes() == EXCLUDED == ("chrX", "chrY", "chrM", "scaffolds")
    assert excluded_chromosomes(["scaffolds", "MT", "Y", "chrX"]) == EXCLUDED
    assert excluded_chromosomes(["chrW", "Z", "X"]) == ("chrX", "W", "Z")
    assert excluded_chromosomes(["none"]) == ()
    with pytest.raises(InputError, match="exclude_chroms: none beside chrX; expected either"):
        excluded_chromosomes(["none", "chrX"])


@pytest.mark.parametrize(
    "names, left",
    [
        (["I", "II", "V", "X", "MtDNA"], ["I", "II", "V"]),  # worm
        (["I", "IX", "X", "XVI", "Mito"], ["I", "IX", "X", "XVI"]),  # yeast, whose X is the tenth
        (["chrI", "chrIX", "chrX", "chrM"], ["chrI", "chrIX", "chrX"]),
        (["2L", "2R", "4", "X", "Y", "mitochondrion_genome"], ["2L", "2R", "4"]),  # fly
        (["1", "22", "23", "24", "25", "MT", "KN150101.1"], ["1", "22", "23", "24", "25"]),  # zebrafish
        (["chr22", "chr23", "24"], ["chr22"]),  # human, X and Y by number
        (["1", "GL456210.1", "JACDXM010000023.1", "scaffold_12", "contig7", None], ["1", None]),
    ],
)
def test_the_default_in_other_species(names, left):
    assert kept(names) == left


def test_names_replace_the_default_with_and_without_chr():
    names = ["chr1", "chrZ", "chrW", "chrX", "chrM", "chrUn_1"]
    assert kept(names, excluded_chromosomes(["Z", "chrW", "M"])) == ["chr1", "chrX", "chrUn_1"]
    assert kept(names, excluded_chromosomes(["none"])) == names
    assert kept(["IX", "X"], excluded_chromosomes(["X"])) == ["IX"]
    with pytest.raises(InputError, match="exclude_chroms Q: no gene lies there; the genes table has chr1, chrM"):
        kept(names, excluded_chromosomes(["Q"]))


def test_one_chromosome_has_one_name():
    check_one_naming(pd.Series(["chr1", "2"]))
    with pytest.raises(InputError, match="genes table: genes lie on 2 and on chr2; expected one name a chromosome"):
        check_one_naming(pd.Series(["chr1", "2", "chr2"]))


NAMES = {"chr8": "8", "8": "8", "chr9": "chr9", "HLA-A*01:01:01": "HLA-A*01:01:01", "9": "chr9"}


@pytest.mark.parametrize(
    "texts, covered",
    [
        (["chr8:1-2000"], {"8": [(0, 2000)]}),
        (["chr8:1,001-2,000", "8:500-600", "chr9"], {"8": [(499, 600), (1000, 2000)], "chr9": [(0, LARGEST_POSITION)]}),
        (["8:7-9", "8:1-3", "8:4-5"], {"8": [(0, 5), (6, 9)]}),
        (["8:1-100", "8:20-30", "8:90-120"], {"8": [(0, 120)]}),
        (["8:5-5", "8"], {"8": [(0, LARGEST_POSITION)]}),
        (["HLA-A*01:01:01", "HLA-A*01:01:01:3-4"], {"HLA-A*01:01:01": [(0, LARGEST_POSITION)]}),
        (["8:5-99999999999"], {"8": [(4, LARGEST_POSITION)]}),
    ],
)
def test_regions_by_chromosome(texts, covered):
    assert find_regions(texts, NAMES.get, NAMES) == covered


@pytest.mark.parametrize(
    "text", ["", "chr8:", "chr8:7", "chr8:0-5", "chr8:6-5", "chr8:a-b", "chr8:1-2-3x", "8:,-,", "::"]
)
def test_what_is_no_region(text):
    with pytest.raises(InputError) as refused:
        find_regions([text], NAMES.get, NAMES)
    assert str(refused.value) == (
        f"regions {text}: no region; expected one like chr8 or chr8:1-2000, from 1, both ends included"
    )


@pytest.mark.parametrize("text", ["chrX", "nonsense", "chr8 1 2", "chr77:1-5"])
def test_an_unknown_chromosome(text):
    with pytest.raises(InputError) as refused:
        find_regions([text], NAMES.get, NAMES)
    assert str(refused.value) == (
        f"regions {text}: no such chromosome; expected one of chr8, 8, chr9, HLA-A*01:01:01, 9"
    )


def test_names_that_a_pattern_fits():
    names = ["Brain", "brain stem", "Liver [adult]", "Liver a"]
    assert names_like(names, "BRAIN*") == ["Brain", "brain stem"]
    assert names_like(names, "brain") == ["Brain"]
    assert names_like(names, "liver [adult]") == ["Liver a"]  # any of these letters
    assert names_like(names, "Liver [adult]") == ["Liver [adult]"]  # but for a name that is written so
    assert names_like(names, "X*") == []
