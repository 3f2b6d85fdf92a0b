"""Inputs that are right by themselves and do not belong together."""

import re
from types import SimpleNamespace

import pytest
from conftest import CHROMSIZES, example_genes, without_zeros, write_hic, write_mcool

from spex.contacts.rules import Published
from spex.errors import InputError
from spex.inputs import genes as g
from spex.inputs.agree import agree_maps, check_on_genome
from spex.inputs.chromosomes import names_in
from spex.inputs.maps.chroms import Chromosomes
from spex.inputs.maps.cool import ContactMap
from spex.inputs.maps.reading import open_maps, read_maps


@pytest.mark.parametrize(
    "chromsizes, message",
    [
        (
            {"I": 120_400, "VIII": 90_000, "IX": 61_000},
            "no chromosome 'chr1', which the genes table names beside chr1, chr8, chr9; it has I, VIII, IX; expected",
        ),
        ({"1": 120_400, "8": 90_000, "9": 61_001}, "9 is 61,001 bp long there and 61,000 bp in the genome"),
        ({**CHROMSIZES, "chr8": 90_001}, "chr8 is 90,001 bp long there and 90,000 bp in the genome"),
    ],
)
def test_a_map_of_other_chromosomes_is_refused(tmp_path, genes, chromsizes, message):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes=chromsizes)
    genes = genes.sort_values("chrom")
    with pytest.raises(InputError, match=message):
        agree_maps([ContactMap(tmp_path / "map.mcool", 1000)], genes, CHROMSIZES)


@pytest.mark.parametrize("write, name", [(write_mcool, "map.mcool"), (write_hic, "map.hic")])
def test_1_and_chr1_are_one_chromosome(world, genes, tmp_path, caplog, write, name):
    pixels = without_zeros(world.pixels[0])
    bare = {chrom.removeprefix("chr"): length for chrom, length in CHROMSIZES.items()} | {"MT": 16_569, "GL000009.2": 9}
    write(tmp_path / "chr", pixels)
    write(tmp_path / name, {chrom.removeprefix("chr"): rows for chrom, rows in pixels.items()}, chromsizes=bare)
    with caplog.at_level("INFO", logger="spex"):
        maps = agree_maps(open_maps([tmp_path / name], 1000), genes, CHROMSIZES)
    told = [record.message for record in caplog.records if record.name == "spex"]
    assert len(told) == 1 and re.fullmatch(
        rf".*/{name}: chr\d is \d there, chr\d is \d there, chr\d is \d there", told[0]
    )
    found, expected = (
        read_maps(each, genes, Published(), 1000) for each in (maps, open_maps([tmp_path / "chr"], 1000))
    )
    assert found.table().equals(expected.table()) and found.pairs().equals(expected.pairs())
    assert found.chromsizes == expected.chromsizes
    assert maps[0].depth(["chr1"], print) == sum(count for _, _, count in pixels["chr1"])
    assert sum(len(part.bin1) for part in maps[0].parts("chr8", print)) == len(pixels["chr8"])


def test_maps_without_a_genome_are_compared_with_the_first_that_has_lengths(genes):
    first, other = (
        SimpleNamespace(path=name, chromsizes=sizes, resolution=1000)
        for name, sizes in (("first", CHROMSIZES), ("other", {**CHROMSIZES, "chr9": 7}))
    )
    told = []
    loops = SimpleNamespace(path="loops", chromsizes=None, fit=told.append)
    assert agree_maps([loops, first], genes) == [loops, first]
    assert agree_maps([loops], genes, {"chr1": 5}) and agree_maps([loops], genes)
    chroms = genes["chrom"].unique().tolist()
    expected = [(CHROMSIZES, "the first map"), ({"chr1": 5}, "the genome"), ({}, "the first map")]
    assert told == [Chromosomes(chroms, *known) for known in expected]
    with pytest.raises(InputError, match=r"maps other: chr9 is 7 bp long there and 61,000 bp in the first map"):
        agree_maps([loops, first, other], genes)


@pytest.fixture
def write(tmp_path):
    def to_csv(table):
        table.to_csv(tmp_path / "genes.csv", index=False)
        return tmp_path / "genes.csv"

    return to_csv


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"1": 10**6, "8": 10**6, "9": 10**6}, "names 'chr1', which the genome lacks; it has 1, 8, 9"),
        ({"chr1": 10**6, "chr8": 70_099, "chr9": 10**6}, "TSS 70,100 of gene G6 lies past the end of chr8"),
    ],
)
def test_genes_that_do_not_belong_to_the_genome_are_refused(write, sizes, message):
    with pytest.raises(InputError, match=message):
        check_on_genome(g.keep_genes(g.read_gene_table(write(example_genes()))), sizes)


@pytest.mark.parametrize(
    "there, names",
    [
        (["1", "MT"], {"chr1": "1", "1": "1", "chrM": "MT", "MT": "MT", "M": "MT"}),
        (["chr1", "chrM", "M"], {"chr1": "chr1", "1": "chr1", "chrM": "chrM", "MT": "chrM", "M": "M"}),
        (["chrMT"], {"chrM": "chrMT", "MT": "chrMT", "M": "chrMT"}),
    ],
)
def test_the_names_of_one_chromosome(there, names):
    assert names_in(there, ["chr1", "1", "chrM", "MT", "M", "chr2"]) == names
