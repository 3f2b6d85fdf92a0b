"""Inputs that are right by themselves and do not belong together."""

import pytest
from conftest import CHROMSIZES, example_genes, write_mcool

from spex.errors import InputError
from spex.inputs import genes as g
from spex.inputs.agree import check_maps, check_on_genome
from spex.inputs.maps.cool import ContactMap


@pytest.mark.parametrize(
    "chromsizes, message",
    [
        ({"1": 120_400, "8": 90_000, "9": 61_000}, "no chromosome 'chr1', which the genes table names; it has 1, 8"),
        ({**CHROMSIZES, "chr8": 90_001}, "chr8 is 90,001 bp long there and 90,000 bp in the genome"),
    ],
)
def test_a_map_of_other_chromosomes_is_refused(tmp_path, genes, chromsizes, message):
    write_mcool(tmp_path / "map.mcool", {}, chromsizes=chromsizes)
    genes = genes.sort_values("chrom")
    with pytest.raises(InputError, match=message):
        check_maps([ContactMap(tmp_path / "map.mcool", 1000)], genes, CHROMSIZES)


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
