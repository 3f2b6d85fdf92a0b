"""Chromosomes of maps without lengths."""

import logging

import pytest

from spex.errors import InputError
from spex.inputs.maps.matching import Chromosomes

GENOME = Chromosomes(["chr1", "chr8"], {"chr1": 5000, "chr8": 3000, "chrX": 1000})
ENSEMBL = Chromosomes(["1", "8"], {"1": 5000, "8": 3000, "X": 1000})


def reached(*names, end=900):
    return {name: (end, f"on line {line}") for line, name in enumerate(names, start=1)}


@pytest.mark.parametrize(
    "known, names, expected",
    [
        (GENOME, ["chr1", "chrX", "chrUn_1"], {"chr1": "chr1", "chrX": "chrX"}),
        (GENOME, ["1", "8", "MT"], {"chr1": "1", "chr8": "8"}),
        (ENSEMBL, ["chr1", "chrX"], {"1": "chr1", "X": "chrX"}),
        (GENOME, ["chr1", "8"], {"chr1": "chr1", "chr8": "8"}),
        (Chromosomes(["chrM", "chr1"]), ["MT", "1 "], {"chrM": "MT", "chr1": "1 "}),
        (Chromosomes(["chr1"]), ["1", "2"], {"chr1": "1"}),
    ],
)
def test_names_alone_decide(known, names, expected):
    assert known.match("loops", reached(*names)) == expected


def test_another_spelling_is_logged_once(caplog):
    caplog.set_level(logging.INFO, "spex")
    GENOME.match("loops", reached("1", "8"))
    assert [record.getMessage() for record in caplog.records] == ["loops: chr1 is 1 there, chr8 is 8 there"]
    GENOME.match("loops", reached("chr1"))
    assert len(caplog.records) == 1


def test_what_does_not_fit_the_genome_is_refused():
    message = r"^maps loops: none of the genes lies on a chromosome of it: it has I, II, the genes chr1, chr8; "
    with pytest.raises(InputError, match=message):
        GENOME.match("loops", reached("I", "II"))
    with pytest.raises(
        InputError, match=r"^maps loops: chr8 reaches to 3,001 bp on line 2 and is 3,000 bp long in the g"
    ):
        GENOME.match("loops", reached("chr1", "chr8", end=3001))
    assert Chromosomes(["chr8"]).match("loops", reached("chr8", end=3001)) == {"chr8": "chr8"}
    with pytest.raises(InputError, match=r"^maps model: the genome has no chromosome 'chrB'; it has chr1, chr8, chrX;"):
        GENOME.match("model", reached("chr1", "chrB"), strict=True)
    assert Chromosomes(["chr8"]).match("model", reached("chr8", "chrB"), strict=True) == {"chr8": "chr8"}
