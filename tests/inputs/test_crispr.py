import gzip

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from spex.errors import InputError
from spex.inputs.crispr import of_cell_type, read_credible_sets, read_crispr_pairs, tie_pairs

REAL = ROOT.parent / "shared" / "real"

HEADER = "dataset\tchrom\tchromStart\tchromEnd\tname\tmeasuredGeneSymbol\tValidConnection\tRegulated"
ROWS = [
    "A\tchr8\t1000\t1500\tx\tMYC\tTRUE\tTRUE",
    "A\tchr8\t4000\t4500\ty\tMYC\tTRUE\tFALSE",
    "B\tchrX\t0\t500\tz\tGATA1\tTRUE\t1",
    "B\tchrX\t1e+05\t100500\tz\tNA\tTRUE\tFalse",
]
EXPECTED = pd.DataFrame(
    {
        "chrom": ["chr8", "chr8", "chrX", "chrX"],
        "start": [1000, 4000, 0, 100_000],
        "end": [1500, 4500, 500, 100_500],
        "gene": ["MYC", "MYC", "GATA1", "NA"],
        "regulated": [True, False, True, False],
    }
)


def write(folder, *lines, name="pairs.tsv"):
    path = folder / name
    opener = gzip.open if name.endswith(".gz") else open
    with opener(path, "wt") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


@pytest.mark.parametrize("name", ["pairs.tsv", "pairs.tsv.gz"])
def test_the_public_table_is_read(tmp_path, name):
    found = read_crispr_pairs(write(tmp_path, HEADER, *ROWS, name=name))
    pd.testing.assert_frame_equal(found, EXPECTED, check_dtype=False)
    assert found["start"].dtype == "int64" and found["regulated"].dtype == bool


def test_the_columns_stand_in_any_order_and_the_first_may_have_a_hash(tmp_path):
    lines = ["#Regulated\tmeasuredGeneSymbol\tchromEnd\tchromStart\tchrom", "0\tMYC\t1500\t1000\tchr8"]
    expected = EXPECTED.iloc[:1].assign(regulated=False)
    pd.testing.assert_frame_equal(read_crispr_pairs(write(tmp_path, *lines)), expected, check_dtype=False)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER.replace("Regulated", "Significant"), *ROWS], "no column Regulated; found dataset, chrom, chromStart,"),
        ([HEADER.replace("\t", ",")], "no column .*; it is separated by commas, expected tabs; expected a tab-sep"),
        ([HEADER], "no pair of an element and a gene in it"),
        ([], "no readable table header"),
        ([HEADER, ROWS[0], ROWS[1].replace("FALSE", "NA")], "Regulated on line 3 is 'NA'; expected TRUE, FALSE, 1 or"),
        ([HEADER, ROWS[0].replace("1000", "1000.5")], "chromStart on line 2 is '1000.5'; expected a position"),
        ([HEADER, ROWS[0].replace("1500", "-1")], "chromEnd on line 2 is '-1'"),
        (
            [HEADER, ROWS[0].replace("1500", "999")],
            "chromEnd on line 2 is '999'; expected a position after",
        ),
        ([HEADER, *ROWS[:2], ROWS[2].replace("\t1", "\tNA")], "Regulated on line 4 is 'NA'"),
        ([HEADER, "A\tchr8\t1000"], "3 fields on line 2, 8 in the header"),
        ([HEADER, ROWS[0].replace("TRUE\tTRUE", "NA\tTRUE")], "ValidConnection is TRUE in none of its 1 rows"),
    ],
)
def test_what_is_refused(tmp_path, lines, message):
    path = write(tmp_path, *lines)
    with pytest.raises(InputError, match=message) as error:
        read_crispr_pairs(path)
    assert str(error.value).startswith(f"benchmark {path}: ") and "\n" not in str(error.value)


def test_a_missing_file_and_a_damaged_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="benchmark"):
        read_crispr_pairs(tmp_path / "none.tsv")
    path = write(tmp_path, HEADER, *ROWS, name="pairs.tsv.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_crispr_pairs(path)


def test_an_element_of_no_length_is_one_base(tmp_path):
    found = read_crispr_pairs(write(tmp_path, HEADER, *ROWS, ROWS[0].replace("1500", "1000")))
    assert found[["start", "end"]].values.tolist() == [*EXPECTED[["start", "end"]].values.tolist(), [1000, 1001]]
    assert found.attrs["account"] == {
        "file": str(tmp_path / "pairs.tsv"),
        "unit": "pairs",
        "used": 5,
        "left_out": {},
        "notes": ["1 elements of no length are taken as 1 base"],
    }


def test_a_few_rows_without_an_answer_or_a_place_are_left_out_and_counted(tmp_path):
    few = [ROWS[0]] * 30 + [ROWS[0].replace("TRUE\tTRUE", "TRUE\tNA"), ROWS[1].replace("4000", ""), ROWS[1]]
    found = read_crispr_pairs(write(tmp_path, HEADER, *few))
    assert found["start"].tolist() == [1000] * 30 + [4000] and found["regulated"].tolist() == [True] * 30 + [False]
    assert found.attrs["account"]["left_out"] == {"without an answer": 1, "without a place": 1}
    assert found.attrs["account"]["used"] == 31
    with pytest.raises(InputError, match="Regulated on line 2 is 'NA'"):
        read_crispr_pairs(write(tmp_path, HEADER, *[few[30]] * 4, *few))


@pytest.mark.parametrize("heading", ["measuredGeneEnsemblId", "measuredEnsemblID"])
def test_ids_are_read_where_they_are(tmp_path, heading):
    ids = ["ENSG00000136997.17", "", "NA", "ENSG00000102145"]
    lines = [f"{row}\t{each}" for row, each in zip([HEADER, *ROWS], [heading, *ids], strict=True)]
    found = read_crispr_pairs(write(tmp_path, *lines))
    pd.testing.assert_frame_equal(found.drop(columns="gene_id"), EXPECTED, check_dtype=False)
    expected = ["ENSG00000136997", None, None, "ENSG00000102145"]
    assert found["gene_id"].where(found["gene_id"].notna(), None).tolist() == expected


def test_pairs_whose_connection_is_not_valid_are_left_out_and_counted(tmp_path):
    odd = [ROWS[0].replace("TRUE\tTRUE", f"{each}\tNA") for each in ("overlaps promoter", "FALSE", "", "NA")]
    found = read_crispr_pairs(write(tmp_path, HEADER, *odd[:2], *ROWS, *odd[2:]))
    pd.testing.assert_frame_equal(found, EXPECTED, check_dtype=False)
    assert found.attrs["account"]["left_out"] == {"whose ValidConnection is not TRUE": 4}


def test_one_cell_type_is_demanded_where_there_are_several(tmp_path):
    types = ["K562", "WTC11", "K562", "Jurkat"]
    lines = [f"{row}\t{each}" for row, each in zip([HEADER, *ROWS], ["CellType", *types], strict=True)]
    pairs = read_crispr_pairs(write(tmp_path, *lines))
    found = of_cell_type(pairs, "K562")
    pd.testing.assert_frame_equal(
        found.drop(columns="cell_type"), EXPECTED.iloc[[0, 2]].reset_index(drop=True), check_dtype=False
    )
    assert found.attrs["account"]["left_out"] == {"of other cell types": 2} and found.attrs["account"]["used"] == 2
    assert pairs.attrs["account"]["left_out"] == {} and len(of_cell_type(found, None)) == 2
    there = r"cell_type: .*pairs.tsv has K562 \(2 pairs\), (WTC11|Jurkat) \(1 pairs\), "
    for table, name, message in ((pairs, None, there), (pairs, "k562", there), (found, "WTC11", "none of 'WTC11'")):
        with pytest.raises(InputError, match=message):
            of_cell_type(table, name)
    assert of_cell_type(pairs.drop(columns="cell_type"), "whatever").shape == (4, 5)


SETS = [
    "rsid\tVariant\tGene\tPIP",
    "x\tchr8_1000_A_G_b38\tENSG00000136997.17\t0.9",
    "x\t8:1001:acg:T\tMYC\t0.0099",
    "x\tchr1_KI270706v1_random_5_A_G\tMYC\t1",
    "x\tchr8_7_A_G\tMYC\t0.01",
    "x\tchr8_8_A_G\tMYC\t0.89",
]


def test_credible_sets_are_pairs_of_a_variant_and_a_gene(tmp_path):
    found = read_credible_sets(write(tmp_path, *SETS))
    assert found[["chrom", "start", "end", "gene", "regulated"]].values.tolist() == [
        ["chr8", 999, 1000, "ENSG00000136997.17", True],
        ["8", 1000, 1003, "MYC", False],
        ["chr1_KI270706v1_random", 4, 5, "MYC", True],
    ]
    assert found["gene_id"].where(found["gene_id"].notna(), None).tolist() == ["ENSG00000136997", None, None]
    account = found.attrs["account"]
    assert account["left_out"] == {"with a PIP from 0.01 up to 0.9": 2} and account["used"] == 3


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (SETS[:1], "no pair of a variant and a gene in it"),
        ([SETS[0].replace("PIP", "p"), *SETS[1:]], "no column pip; found rsid, variant, gene, p"),
        ([*SETS[:2], SETS[2].replace("1001", "0")], "variant on line 3 is '8:0:acg:T'; expected chromosome, position"),
        ([*SETS[:2], SETS[2].replace("8:1001:acg:T", "rs12")], "variant on line 3 is 'rs12'"),
        ([*SETS[:2], SETS[2].replace("0.0099", "1.2")], "pip on line 3 is '1.2'; expected a probability"),
        ([*SETS[:2], SETS[2].replace("0.0099", "NA")], "pip on line 3 is 'NA'"),
    ],
)
def test_what_is_no_credible_set_is_refused(tmp_path, lines, message):
    path = write(tmp_path, *lines)
    with pytest.raises(InputError, match=message) as error:
        read_credible_sets(path)
    assert str(error.value).startswith(f"credible_sets {path}: ")


GENES = pd.DataFrame(
    {
        "id": ["ENSG00000000001.4", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004", "ENSG00000000005"],
        "symbol": ["A", "B", "B", "C", "A"],
        "chrom": ["chr1", "chr1", "chr1", "chr2", "chr2"],
    },
    index=[7, 3, 5, 1, 9],
)


def pairs_of(*rows, **columns):
    pairs = pd.DataFrame(rows, columns=["chrom", "gene", *columns]).assign(start=0, end=1, regulated=True)
    pairs.attrs["account"] = {"file": "x.tsv", "unit": "pairs", "used": len(rows), "left_out": {}, "notes": []}
    return pairs


def test_pairs_are_tied_by_symbol_to_one_gene_or_none():
    pairs = pairs_of(("chr1", "A"), ("2", "A"), ("chr1", "B"), ("1", "C"), ("chrY", "A"), ("chr2 ", "C"))
    tied, account = tie_pairs(pairs, GENES)
    assert tied[["chrom", "gene", "row"]].values.tolist() == [["chr1", "A", 0], ["chr2", "A", 4], ["chr2", "C", 3]]
    assert account.line() == (
        "x.tsv: 3 pairs used; left out: 1 with a symbol of several genes (B), 2 of genes that are not there (C, A)"
    )
    assert pairs.attrs["account"]["left_out"] == {}


def test_pairs_are_tied_by_id_where_there_is_one():
    rows = [
        ("chr1", "B", "ENSG00000000003"),  # one of two of its symbol
        ("chr1", "old name", "ENSG00000000001"),
        ("chr2", "A", None),  # by its symbol
        ("chr1", "B", None),
        ("chr2", "C", "ENSG00000000099"),  # the symbol of another gene
        ("chr2", "A", "ENSG00000000001"),
    ]
    tied, account = tie_pairs(pairs_of(*rows, gene_id=None), GENES)
    assert tied["row"].tolist() == [2, 0, 4]
    assert account.left_out == {
        "with a symbol of several genes": 1,
        "of genes that are not there": 1,
        "of genes on another chromosome": 1,
    }


def test_ids_that_the_genes_do_not_have_leave_the_symbols():
    rows = [("chr1", "A", "ENSG00000000001"), ("chr2", "C", "ENSG00000000004"), ("chr1", "B", "ENSG00000000002")]
    tied, account = tie_pairs(pairs_of(*rows, gene_id=None), GENES.assign(id=list("vwxyz")))
    assert tied["row"].tolist() == [0, 3] and account.left_out == {"with a symbol of several genes": 1}


@pytest.mark.skipif(not REAL.exists(), reason="the real tables may not be passed on")
@pytest.mark.parametrize(
    "name, count, regulated, points", [("training_K562", 10_356, 471, 0), ("heldout_5_cell_types", 4_378, 190, 1)]
)
def test_the_public_benchmark_as_pandas_reads_it(name, count, regulated, points):
    path = REAL / f"EPCrisprBenchmark_combined_data.{name}.GRCh38.tsv.gz"
    found, table = read_crispr_pairs(path), pd.read_csv(path, sep="\t", keep_default_na=False)
    assert len(found) == count and found["regulated"].sum() == regulated
    ends = table["chromEnd"] + (table["chromEnd"] == table["chromStart"])
    assert (ends != table["chromEnd"]).sum() == points
    expected = table[["chrom", "chromStart"]].assign(end=ends, gene=table["measuredGeneSymbol"])
    expected = expected.assign(regulated=table["Regulated"], gene_id=table["measuredGeneEnsemblId"])
    expected["cell_type"] = table["CellType"]
    assert found.astype(object).values.tolist() == expected.astype(object).values.tolist()
    assert found.attrs["account"]["left_out"] == {} and found.attrs["account"]["used"] == count


@pytest.mark.skipif(not REAL.exists(), reason="the real tables may not be passed on")
def test_the_held_out_benchmark_has_five_cell_types():
    pairs = read_crispr_pairs(REAL / "EPCrisprBenchmark_combined_data.heldout_5_cell_types.GRCh38.tsv.gz")
    found = {name: of_cell_type(pairs, name) for name in ("K562", "WTC11", "HCT116", "Jurkat", "GM12878")}
    assert [len(each) for each in found.values()] == [1918, 1921, 396, 75, 68]
    assert [each["regulated"].sum() for each in found.values()] == [118, 15, 34, 7, 16]
    with pytest.raises(InputError, match=r"has WTC11 \(1,921 pairs\), K562"):
        of_cell_type(pairs, None)


@pytest.mark.skipif(not REAL.exists(), reason="the real tables may not be passed on")
def test_the_public_benchmark_is_tied_to_the_published_genes():
    genes = pd.read_csv(ROOT.parent / "shared" / "geneanno_GRCh38.csv").dropna()
    genes = genes.rename(columns={"seqnames": "chrom"})
    pairs = read_crispr_pairs(REAL / "EPCrisprBenchmark_combined_data.training_K562.GRCh38.tsv.gz")
    tied, account = tie_pairs(pairs, genes)
    places = dict(zip(genes["id"], zip(genes["chrom"], range(len(genes)), strict=True), strict=True))
    right = [places.get(gene, (None, -1)) for gene in pairs["gene_id"]]
    known = np.array([chrom == place for chrom, (place, _) in zip(pairs["chrom"], right, strict=True)])
    assert tied["row"].tolist() == [row for (_, row), there in zip(right, known, strict=True) if there]
    assert account.used == known.sum() and sum(account.left_out.values()) == (~known).sum()
