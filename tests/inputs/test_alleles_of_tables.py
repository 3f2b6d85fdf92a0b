"""Tables of variants as pandas, pysam and cyvcf2 hand them over: the alleles and statuses that a file would give."""

import numpy as np
import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.alleles import BAD_END, OK, SYMBOLIC, VariantTable, alleles_of_table
from spex.inputs.variant_files import VariantFile

CHROMSIZES = {"chr1": 1000, "chr2": 500}


def read(chromsizes=CHROMSIZES, **columns):
    """Alleles of a table. columns: in the place of those of one SNV."""
    size = max((len(each) for each in columns.values()), default=1)
    usual = {"chrom": ["chr1"] * size, "pos": [7] * size, "ref": ["A"] * size, "alt": ["C"] * size}
    return alleles_of_table(pd.DataFrame(usual | columns), chromsizes)


@pytest.mark.parametrize(
    "value",
    ["chr1", "1", " chr1 ", 1, 1.0, np.int64(1), np.float32(1), "1.0", b"chr1", np.str_("chr1")],
    ids=repr,
)
def test_a_chromosome_however_it_comes(value):
    (one,) = read(chrom=pd.Series([value], dtype=object))
    assert (one.on, one.status) == ("chr1", OK)
    assert one.chrom in ("1", "chr1")


@pytest.mark.parametrize("dtype", ["int64", "Int8", "float64", "Float32", "string", "category", object])
def test_chromosomes_of_every_dtype_of_pandas(dtype):
    first, second = read(chrom=pd.Series([1, 2]).astype(dtype), alt=pd.Series(["C", "G"]).astype("category"))
    assert [(one.on, one.chrom, one.alt) for one in (first, second)] == [("chr1", "1", "C"), ("chr2", "2", "G")]


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT, "", "nan", "None", "<NA>"], ids=repr)
def test_nothing_is_nothing(nothing):
    good, bad = read(chrom=pd.Series(["chr1", nothing], dtype=object))
    assert (good.status, bad.status, bad.chrom) == (OK, "unknown_chromosome", ".")
    (one,) = read(alt=pd.Series([nothing], dtype=object))
    assert (one.status, one.alt) == ("missing", ".")
    (one,) = read(ref=pd.Series([nothing], dtype=object))
    assert (one.status, one.ref) == ("not_acgt", ".")
    (one,) = read(id=pd.Series([nothing], dtype=object))
    assert (one.status, one.variant_id) == (OK, ".")
    with pytest.raises(InputError, match=r"variants: position .* in row 2 \(index 1\); expected a whole number from 0"):
        read(pos=pd.Series([7, nothing], dtype=object))


@pytest.mark.parametrize(
    ("alt", "expected"),
    [
        (("C",), ["C"]),
        (["C", "<DEL>"], ["C", "<DEL>"]),
        ("C,T", ["C", "T"]),
        (np.array(["C", "T", ""]), ["C", "T"]),
        (np.array([b"C", b""]), ["C"]),
        ([None, "T"], [".", "T"]),
        ((), ["."]),
        ([], ["."]),
        (b"C", ["C"]),
        (("*",), ["*"]),
    ],
    ids=repr,
)
def test_alleles_as_pysam_and_cyvcf2_have_them(alt, expected):
    column = pd.Series([None], dtype=object)
    column.iloc[0] = alt
    found = read(alt=column)
    assert [one.alt for one in found] == expected
    statuses = {"<DEL>": "symbolic", ".": "missing", "*": "missing"}
    assert [one.status for one in found] == [statuses.get(one, OK) for one in expected]


@pytest.mark.parametrize("value", [7, 7.0, "7", "7.0", " 7 ", np.int8(7), np.float32(7), b"7"], ids=repr)
def test_a_position_however_it_comes(value):
    assert read(pos=pd.Series([value], dtype=object))[0].pos == 7


@pytest.mark.parametrize(
    "value", [7.5, 7.0000001, -1, "-1", "7 kb", "1_0", "7e0", True, np.inf, 10**19, 1e300, "²", (7,)], ids=repr
)
def test_what_is_no_position(value):
    column = pd.Series([None], dtype=object)
    column.iloc[0] = value
    with pytest.raises(InputError, match=r"^variants: position .* in row 1 \(index 0\); expected a whole number"):
        read(pos=column)


@pytest.mark.parametrize(
    ("columns", "end"),
    [
        ({"end": [20]}, 20),
        ({"end": [20.0], "svlen": [np.nan]}, 20),
        ({"svlen": pd.Series([-13], dtype="Int64")}, 20),
        ({"END": ["20"], "SVLEN": [(-13,)]}, 20),
        ({"svlen": [-13.0]}, 20),
        ({"end": [None]}, 0),
        ({"end": [3]}, -1),
        ({"end": [20], "svlen": [99]}, -1),
    ],
    ids=repr,
)
def test_ends_of_symbolic_alleles(columns, end):
    (one,) = read(alt=["<DEL>"], **columns)
    assert (one.end, one.status) == (end, {20: OK, 0: SYMBOLIC, -1: BAD_END}[end])


def test_other_columns_and_titles_as_vcf_has_them():
    table = pd.DataFrame({"#CHROM": ["1"], "POS": [7], "ID": ["rs1"], "REF": ["A"], "ALT": ["C"], "QUAL": [1.5]})
    (one,) = alleles_of_table(table, CHROMSIZES)
    assert (one.variant_id, one.on, one.pos, one.ref, one.alt) == ("rs1", "chr1", 7, "A", "C")
    (one,) = alleles_of_table(table.set_index(pd.Index(["x"])), CHROMSIZES)
    assert one.number == 0


def test_tables_that_are_none():
    with pytest.raises(InputError, match=r"^variants: no column pos, alt; expected chrom, pos \(1-based\), ref, alt$"):
        alleles_of_table(pd.DataFrame({"chrom": ["1"], "ref": ["A"]}), CHROMSIZES)
    twice = pd.DataFrame([["1", 7, 8, "A", "C"]], columns=["chrom", "pos", "POS", "ref", "alt"])
    with pytest.raises(InputError, match=r"^variants: column pos twice"):
        alleles_of_table(twice, CHROMSIZES)
    with pytest.raises(
        InputError, match=r"none of its chromosomes is in the genome; it has I, \.; expected names like"
    ):
        read(chrom=["I", None])
    assert alleles_of_table(pd.DataFrame(columns=["chrom", "pos", "ref", "alt"]), CHROMSIZES) == []


def test_a_file_and_a_table_of_the_same_rows_give_the_same(tmp_path):
    rows = [
        ("chr1", 5, "rs1", "A", "C"),
        ("1", 900, ".", "ACGT", "A,ACGTT,<DEL>"),
        ("chr3", 70, "x", "T", "G"),
        (".", 70, "x", "T", "G"),
        ("chr2", 0, ".", "T", "G"),
        ("chr2", 501, ".", "T", "*"),
        ("chr2", 501, ".", "T", "G"),
        ("chr2", 5, ".", "T", "."),
        ("chr2", 5, ".", ".", "T"),
        ("chr2", 5, ".", "T", "G]chr1:9]"),
        ("chr2", 5, ".", "t", "T"),
    ]
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    (tmp_path / "x.tsv").write_text(text)
    (of_file,) = VariantFile(tmp_path / "x.tsv", CHROMSIZES).blocks(99)
    table = pd.DataFrame(rows, columns=["chrom", "pos", "id", "ref", "alt"])
    assert alleles_of_table(table, CHROMSIZES) == of_file
    for size in (1, 2, 5, 99):
        of_blocks = VariantFile(tmp_path / "x.tsv", CHROMSIZES).blocks(size)
        assert list(VariantTable(table, CHROMSIZES).blocks(size)) == list(of_blocks)
    assert len({one.status for one in of_file}) == 8
