"""Which assembly a genome is, by its chromosome lengths."""

import pytest

from spex.errors import InputError
from spex.inputs.agree import GRCH38_LENGTHS, check_chromosomes

HG19_CHR1_LENGTH = 249_250_621


def test_lengths_of_hg19_are_called_so():
    hg19 = {**GRCH38_LENGTHS, "chr1": HG19_CHR1_LENGTH, "chr8": 146_364_022}
    with pytest.raises(
        InputError, match=r"chr1 is 249,250,621 bp long \(this is hg19 \(GRCh37\)\), expected 248,956,422"
    ):
        check_chromosomes("data/hg38.fa", hg19, GRCH38_LENGTHS)
