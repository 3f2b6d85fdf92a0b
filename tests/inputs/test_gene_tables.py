"""Genes from a table with no more than id, chrom, strand and tss."""

import numpy as np
import pytest

from spex.errors import InputError
from spex.inputs.choices import GeneChoice
from spex.inputs.genes import keep_genes, read_gene_table

ROWS = [("A", "I", "+", "100"), ("B", "II", "-", "2000"), ("C", "I", "-", "NA"), ("D", "MtDNA", "+", "7")]


def written(path, rows=ROWS, columns=("id", "chrom", "strand", "tss"), order=(0, 1, 2, 3), separator="\t"):
    lines = [separator.join(row[place] for place in order) for row in [columns, *rows]]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
@pytest.mark.parametrize("separator, name", [("\t", "genes.tsv"), (",", "genes.csv"), ("\t", "genes.csv")])
def test_columns_in_any_order_between_tabs_or_commas(tmp_path, order, separator, name):
    table = read_gene_table(written(tmp_path / name, order=order, separator=separator))
    assert table["id"].tolist() == table["symbol"].tolist() == ["A", "B", "C", "D"]
    genes = keep_genes(table)
    assert genes[["id", "chrom", "strand", "tss", "type", "line"]].values.tolist() == [
        ["A", "I", "+", 100, "unknown", 2],
        ["B", "II", "-", 2000, "unknown", 3],
    ]
    assert genes["tss"].dtype == np.int64
    with pytest.raises(InputError, match="no complete autosomal gene of gene_type pc; found types unknown"):
        keep_genes(table, GeneChoice("pc"))


def test_symbols_and_types_are_taken_where_they_are(tmp_path):
    rows = [(*row, "protein_coding" if row[0] == "A" else "rRNA", "a" if row[0] == "A" else "") for row in ROWS]
    columns = ("id", "chrom", "strand", "tss", "type", "symbol")
    table = read_gene_table(written(tmp_path / "genes.tsv", rows, columns, order=(4, 5, 3, 2, 1, 0)))
    assert table["symbol"].tolist() == ["a", "B", "C", "D"]
    assert keep_genes(table, GeneChoice("pc"))["id"].tolist() == ["A"]


@pytest.mark.parametrize(
    "rows, columns, message",
    [
        ([("A", "I", "+", "1k")], ("id", "chrom", "strand", "tss"), r"tss of A .line 2. is '1k'; expected a 1-based"),
        ([("A", "I", "+", "0")], ("id", "chrom", "strand", "tss"), "tss of A .* is '0'"),
        ([("A", "I", "*", "1")], ("id", "chrom", "strand", "tss"), r"'A' is on strand '\*' .line 2.; expected \+"),
        (ROWS[:1], ("id", "chrom", "strand", "start"), "no column tss; found id, chrom, strand, start"),
        ([(*ROWS[0], "B")], ("id", "chrom", "strand", "tss", "id"), "2 columns id; expected each column once"),
        ([*ROWS, ("A", "II", "+", "5")], ("id", "chrom", "strand", "tss"), "'A' has an id that occurs twice"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, rows, columns, message):
    path = written(tmp_path / "genes.csv", rows, columns, range(len(columns)), ",")
    with pytest.raises(InputError, match=message):
        keep_genes(read_gene_table(path))


def test_a_rule_has_nothing_to_choose_there(tmp_path):
    with pytest.raises(
        InputError, match=r"tss_rule mane: says which transcript .* but the genes table has one TSS a gene"
    ):
        read_gene_table(written(tmp_path / "genes.tsv"), "mane")


@pytest.mark.parametrize(
    "columns, right",
    [
        (("gene_id", "Chr", "Strand", "TSS"), True),
        (("Gene ID", "#chromosome", "strand", "tss"), True),
        (("ENSEMBL_ID", "chrom", "STRAND", "Tss"), True),
        (("gene_id", "chr", "strand", "start"), False),
    ],
)
def test_headings_that_mean_the_same_are_taken(tmp_path, columns, right):
    path = written(tmp_path / "genes.tsv", ROWS[:2], columns)
    if right:
        genes = keep_genes(read_gene_table(path))
        assert genes[["id", "chrom", "strand", "tss"]].values.tolist() == [["A", "I", "+", 100], ["B", "II", "-", 2000]]
    else:
        with pytest.raises(InputError, match="no column tss; found gene_id, chr, strand, start"):
            read_gene_table(path)


def test_the_heading_itself_goes_before_others_for_it(tmp_path):
    rows = [("A", "z", "I", "+", "100", "a", "protein_coding"), ("B", "y", "II", "-", "20", "", "rRNA")]
    columns = ("id", "gene_id", "chrom", "strand", "tss", "gene_name", "gene_biotype")
    genes = keep_genes(read_gene_table(written(tmp_path / "genes.tsv", rows, columns, range(7))))
    assert genes[["id", "symbol", "type"]].values.tolist() == [["A", "a", "protein_coding"]]
