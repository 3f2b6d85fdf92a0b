import gzip

import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.crispr import read_crispr_pairs

HEADER = "dataset\tchrom\tchromStart\tchromEnd\tname\tmeasuredGeneSymbol\tValidConnection\tRegulated"
ROWS = [
    "A\tchr8\t1000\t1500\tx\tMYC\tTRUE\tTRUE",
    "A\tchr8\t4000\t4500\ty\tMYC\toverlaps promoter\tFALSE",
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
        ([HEADER, ROWS[0].replace("1500", "1000")], "chromEnd on line 2 is '1000'; expected a position behind chromSt"),
        ([HEADER, "A\tchr8\t1000"], "3 fields on line 2, 8 in the header"),
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
