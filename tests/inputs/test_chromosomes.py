"""Which chromosomes genes are left out on, in any species."""

import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.normalise import EXCLUDED, check_one_naming, excluded_chromosomes, reasons_by_chromosome


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
