"""Regions as a user writes them."""

import pytest

from spex.errors import InputError
from spex.inputs.normalise import LARGEST_POSITION, find_regions

NAMES = {"chr8": "8", "8": "8", "chr9": "chr9", "HLA-A*01:01:01": "HLA-A*01:01:01", "9": "chr9"}


@pytest.mark.parametrize(
    "texts, covered",
    [
        (["chr8:1-2000"], {"8": [(1, 2000)]}),
        (["chr8:1,001-2,000", "8:500-600", "chr9"], {"8": [(500, 600), (1001, 2000)], "chr9": [(1, LARGEST_POSITION)]}),
        (["8:7-9", "8:1-3", "8:4-5"], {"8": [(1, 5), (7, 9)]}),
        (["8:1-100", "8:20-30", "8:90-120"], {"8": [(1, 120)]}),
        (["8:5-5", "8"], {"8": [(1, LARGEST_POSITION)]}),
        (["HLA-A*01:01:01", "HLA-A*01:01:01:3-4"], {"HLA-A*01:01:01": [(1, LARGEST_POSITION)]}),
        (["8:5-99999999999"], {"8": [(5, LARGEST_POSITION)]}),
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
