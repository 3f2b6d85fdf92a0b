import gzip
import sys

import numpy as np
import pandas as pd
import pysam
import pytest
from made_elements import elements, many_elements

from spex.effects.elements import COLUMNS, PLACE
from spex.errors import InputError
from spex.files import streamed_tables
from spex.files.streamed_tables import FORMATS, write_tables


def write_elements(folder, tables, format="tsv", *, gzip_past=None):
    """Tables of elements, which have columns of every type."""
    return write_tables(folder, "elements", tables, COLUMNS, format, gzip_past=gzip_past, place=PLACE)


def read_back(path):
    text = {name: str for name, kind in COLUMNS.items() if kind == "string"}
    empty = {name: [""] for name in COLUMNS if name not in text}
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values=empty, quoting=3)


def assert_same(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-8)


def test_a_line_is_as_the_columns_say(tmp_path):
    path = write_elements(tmp_path / "new", [elements({"Score": -1 / 3, "count": 12.0}), elements()])
    assert path == tmp_path / "new/elements.tsv"
    assert path.read_text() == (
        "chr\tstart\tend\tname\tclass\tTargetGene\tTargetGeneEnsemblID\tTargetGeneTSS\tCellType\tScore\t"
        "DistanceToTSS\tcount\tside\teffect_sd\tsign_agrees\ttissue\tmodel\n"
        "chr8\t5000\t6000\tchr8:5000-6000\tcontact\tMYC\tENSG1\t30001\tK562\t-0.333333333\t"
        "24500\t12\tupstream\t\t\tK562 cells\tridge\n"
    )


def test_tables_follow_each_other_in_their_order_and_surplus_columns_are_left_out(tmp_path):
    parts = [many_elements(5, seed=1), elements({"chr": "chr9"}).assign(more=1), many_elements(3, seed=2)]
    assert_same(read_back(write_elements(tmp_path, iter(parts))), pd.concat(parts, ignore_index=True)[list(COLUMNS)])


def test_without_any_element_there_is_a_header(tmp_path):
    assert write_elements(tmp_path, []).read_text() == "\t".join(COLUMNS) + "\n"


@pytest.mark.parametrize("format", ["tsv", "parquet"])
def test_names_move_no_field(tmp_path, format):
    odd = ['a\tb\nc"d', "NA", '"quoted"', "żółty 𝛼", ""]
    if format == "parquet":
        pytest.importorskip("pyarrow")
    table = elements(*({"TargetGene": name, "tissue": name} for name in odd))
    path = write_elements(tmp_path, [table], format)
    found = read_back(path) if format == "tsv" else pd.read_parquet(path)
    assert list(found["tissue"]) == list(found["TargetGene"])
    assert list(found["tissue"]) == (['a\\tb\\nc"d', *odd[1:]] if format == "tsv" else odd)


@pytest.mark.parametrize("rows, name", [(6, "elements.tsv"), (7, "elements.tsv.gz"), (20, "elements.tsv.gz")])
def test_long_tables_are_gzipped_the_same_way_each_time(tmp_path, monkeypatch, rows, name):
    monkeypatch.setattr(streamed_tables, "ROWS_AT_ONCE", 3)
    table = many_elements(rows)
    parts = [table.iloc[:4], table.iloc[4:6], table.iloc[6:]]
    path = write_elements(tmp_path, iter(parts), gzip_past=6)
    content = path.read_bytes()
    assert path.name == name
    assert_same(read_back(path), table)
    assert write_elements(tmp_path, [table], gzip_past=6).read_bytes() == content
    if name.endswith(".gz"):
        assert content[3] == 0 and content[4:8] == bytes(4)  # no file's name in the header, no time
        assert gzip.decompress(content).count(b"\n") == rows + 1


def test_a_folder_holds_one_table_after_success_and_the_old_one_after_failure(tmp_path):
    def failing():
        yield many_elements(2)
        raise ZeroDivisionError

    (tmp_path / "elements.tsv.gz").write_bytes(b"old")
    with pytest.raises(ZeroDivisionError):
        write_elements(tmp_path, failing())
    assert [path.name for path in tmp_path.iterdir()] == ["elements.tsv.gz"]
    write_elements(tmp_path, [many_elements(2)])
    assert [path.name for path in tmp_path.iterdir()] == ["elements.tsv"]


def test_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "elements.tsv").write_text("old")
    parts = [many_elements(4), elements(), elements({"chr": "chr9", "Score": -1 / 3})]
    path = write_elements(tmp_path, iter(parts), "parquet")
    assert [each.name for each in tmp_path.iterdir()] == ["elements.parquet"]
    found = pd.read_parquet(path)
    pd.testing.assert_frame_equal(found, pd.concat([parts[0], parts[2]], ignore_index=True), check_dtype=False)
    assert found["start"].dtype == found["TargetGeneTSS"].dtype == np.int64
    content = path.read_bytes()
    assert write_elements(tmp_path, parts, "parquet").read_bytes() == content
    assert list(pd.read_parquet(write_elements(tmp_path, [], "parquet")).columns) == list(COLUMNS)


def test_parquet_by_chromosome(tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(streamed_tables, "OPEN_AT_ONCE", 2)
    (tmp_path / "elements.tsv").write_text("old")
    (tmp_path / "elements.parquet").write_text("old")
    names = ["chr8", "chr9", "chr8", "HLA/x=1", "chr9", "chr8"]
    parts = [elements({"chr": name, "start": number}) for number, name in enumerate(names)]
    path = write_elements(tmp_path, [parts[0], pd.concat(parts[1:3]), *parts[3:], elements()], "parquet_by_chromosome")
    assert [each.name for each in tmp_path.iterdir()] == ["elements.parquet"]
    assert {each.name for each in path.iterdir()} == {"chr=chr8", "chr=chr9", "chr=HLA%2Fx%3D1"}
    found = pd.read_parquet(path).sort_values("start", ignore_index=True)
    assert found["chr"].astype(str).tolist() == names
    columns = [name for name in COLUMNS if name != "chr"]
    expected = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(found[columns], expected[columns], check_dtype=False)
    assert write_elements(tmp_path, parts[:1], "parquet_by_chromosome") == path  # in the place of the one before
    assert pd.read_parquet(path)["chr"].tolist() == ["chr8"]
    assert write_elements(tmp_path, parts, "parquet").is_file()


def test_tabix_finds_the_rows_of_a_place(tmp_path):
    generator = np.random.default_rng(4)
    starts, chroms = generator.integers(0, 900, 300) * 1000, generator.choice(["chr10", "chr2", "chrX"], 300)
    rows = [
        {"chr": chrom, "start": int(start), "end": int(start) + 1000, "TargetGene": f"G{number}"}
        for number, (chrom, start) in enumerate(zip(chroms, starts, strict=True))
    ]
    (tmp_path / "elements.tsv").write_text("old")
    path = write_elements(tmp_path, [elements(*rows[:100]), elements(*rows[100:])], "tabix")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["elements.tsv.gz", "elements.tsv.gz.tbi"]
    index = {name: each.read_bytes() for name, each in zip("ti", sorted(tmp_path.iterdir()), strict=True)}
    table = read_back(path)
    assert table["chr"].drop_duplicates().tolist() == ["chr2", "chrX", "chr10"]
    assert all(part["start"].is_monotonic_increasing for _, part in table.groupby("chr"))
    with pysam.TabixFile(str(path)) as file:
        for chrom, start, end in (("chr2", 0, 1), ("chr2", 100_000, 300_000), ("chrX", 899_999, 10**6)):
            found = [line.split("\t")[5] for line in file.fetch(chrom, start, end)]
            wanted = [row for row in rows if row["chr"] == chrom and row["start"] < end and row["end"] > start]
            assert found == [row["TargetGene"] for row in sorted(wanted, key=lambda row: row["start"])]
    write_elements(tmp_path, [elements(*rows)], "tabix")
    assert index == {name: each.read_bytes() for name, each in zip("ti", sorted(tmp_path.iterdir()), strict=True)}
    assert [each.name for each in (write_elements(tmp_path, [elements()]).parent).iterdir()] == ["elements.tsv"]
    assert len(read_back(write_elements(tmp_path, [elements()], "tabix"))) == 0


def test_a_place_that_tabix_cannot_have_is_refused(tmp_path):
    last = {"chr": "chr5", "start": 2**29 - 1000, "end": 2**29}
    path = write_elements(tmp_path, [elements(last)], "tabix")
    with pysam.TabixFile(str(path)) as file:
        assert len([*file.fetch("chr5", 2**29 - 1, 2**29)]) == 1
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(InputError, match=r"format: chr5 with a place at 536,870,913 bp; expected .* choose another"):
        write_elements(tmp_path, [elements(last | {"end": 2**29 + 1})], "tabix")
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_parquet_without_pyarrow_is_refused_before_any_table_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="format: pyarrow, which writes Parquet, is not installed; get it with: pip"):
        write_elements(tmp_path / "new", iter(lambda: 1 / 0, None), "parquet")
    assert not (tmp_path / "new").exists()


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(InputError, match=f"format: found 'xlsx'; expected one of {', '.join(FORMATS)}"):
        write_elements(tmp_path, [], "xlsx")
