"""Reading, checking and filtering the genes table."""

import numpy as np
import pytest
from conftest import ROOT, example_genes
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.inputs import genes as g

REAL_TABLE = ROOT.parent / "shared" / "geneanno_GRCh38.csv"


@pytest.fixture
def write(tmp_path):
    def to_csv(table):
        table.to_csv(tmp_path / "genes.csv", index=False)
        return tmp_path / "genes.csv"

    return to_csv


@pytest.mark.skipif(not REAL_TABLE.exists(), reason="the real table may not be passed on")
def test_the_real_table_keeps_the_published_number_of_genes():
    table = g.read_gene_table(REAL_TABLE)
    genes = g.keep_genes(table)
    assert len(table) == 24_339
    assert len(genes) == 22_826
    assert (genes["chrom"] == "chr8").sum() == 990
    bins = genes["tss"] / 1000
    assert (np.rint(bins) != (genes["tss"] - 1) // 1000).mean() == pytest.approx(0.504, abs=0.001)


@pytest.mark.parametrize("gene_type, kept", [("all", range(9)), ("pc", [0, 2, 3, 4, 5, 7, 8]), ("lincRNA", [1, 6])])
def test_filter_by_type_chromosome_and_missing_values_keeps_row_numbers(write, gene_type, kept):
    table = g.read_gene_table(write(example_genes()))
    genes = g.keep_genes(table, gene_type)
    assert sorted(genes["id"]) == [f"G{number}" for number in kept]
    assert_array_equal(table["id"][genes.index], genes["id"])
    assert genes["tss"].dtype == np.int64


def test_cached_genes_start_with_the_original_row_number(write):
    table = g.read_gene_table(write(example_genes()))
    genes = g.keep_genes(table)
    lines = g.cached_genes_text(table, genes).splitlines()
    assert lines[0].split("\t") == ["index", *g.COLUMNS]
    assert [int(line.split("\t")[0]) for line in lines[1:]] == genes.index.tolist()


def edited(**cells):
    table = example_genes().astype(object)
    for column, value in cells.items():
        table.loc[table["id"] == "G1", column] = value
    return table


@pytest.mark.parametrize(
    "table, message",
    [
        (example_genes().drop(columns="strand"), "no column strand; found id, symbol"),
        (edited(strand="."), "'G1' is on strand '.'; expected"),
        (edited(CAGE_representative_TSS="12k"), "of G1 .* is '12k'; expected a 1-based position"),
        (edited(CAGE_representative_TSS=-3), "of G1 .* is '-3'; expected"),
        (edited(CAGE_representative_TSS=5.5), "of G1 .* is '5.5'; expected"),
        (edited(CAGE_representative_TSS=float("inf")), "of G1 .* is 'inf'; expected"),
        (edited(id="G2"), "'G2' has an id that occurs twice"),
        (edited(id="../../etc/passwd"), "cannot be part of a file name"),
        (edited(id=".."), "cannot be part of a file name"),
        (edited(id="a\tb"), "cannot be part of a file name"),
        (example_genes().assign(type="rRNA"), "no complete autosomal gene .* found types rRNA"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(write, table, message):
    with pytest.raises(InputError, match=message):
        g.keep_genes(g.read_gene_table(write(table)))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'id,symbol\n"a,b\n', b"id\na,b,c\nd\n"])
def test_what_is_not_a_table_is_refused(tmp_path, content):
    (tmp_path / "genes.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"^genes .*genes\.csv: "):
        g.read_gene_table(tmp_path / "genes.csv")
