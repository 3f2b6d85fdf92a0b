"""Text with contacts, told apart by content and read some lines at a time."""

import gzip

import numpy as np
import pytest

from spex.errors import InputError
from spex.inputs.maps import text
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.formats import LOOPS, MODEL, TRIPLETS, identify
from spex.inputs.maps.model3d import MMCIF, PDB
from spex.inputs.maps.text import numbers_of, read_layout, read_rows

KINDS = [
    ("chr1\t0\t1000\tchr1\t5000\t6000\t3\n", LOOPS),
    ("chr1 0 1000 chr1 5000 6000\n", LOOPS),
    ("chr1\ts1\te1\tchr2\ts2\te2\tcc\nchr1\t0\t1000\tchr1\t5000\t6000\t3\n", LOOPS),
    ("# made by\n\nchr1\t0\t5000\t3\n", TRIPLETS),
    ("chrom start1 start2 count\nchr1 0 5000 3\n", TRIPLETS),
    ("chr1\t0\t0.5\t1e-3\t-4\n", MODEL),
    ("\ufeffchr1\t0\t0.5\t1e-3\t-4\n", MODEL),
    ("REMARK   1 made\nATOM      1  CA  BEA 1   1       0.000   1.000   2.000\n", PDB),
    ("data_model\nloop_\n_atom_site.id\n", MMCIF),
    ("# nothing\n", None),
    ("", None),
    ("chr1\t0\t1000\tchr1\t5000\t6000\t\0\n", None),
]


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzipped"])
@pytest.mark.parametrize("content, kind", KINDS)
def test_the_kind_is_told_by_content_whatever_the_name(tmp_path, content, kind, zipped):
    raw = content.encode()
    (tmp_path / "map.mcool").write_bytes(gzip.compress(raw) if zipped else raw)
    assert kind_of(tmp_path / "map.mcool") == kind


def kind_of(path):
    found = identify(path)
    return found and found.name


def test_what_is_no_text_is_told_by_its_first_bytes(world, tmp_path):
    assert identify(world.maps[0]).reader is CoolMap
    (tmp_path / "other.gz").write_bytes(b"\x1f\x8b" + bytes(99))
    assert identify(tmp_path / "other.gz") is None
    (tmp_path / "latin").write_bytes(b"chr\xe9 0 5000 3\n")
    assert identify(tmp_path / "latin") is None


@pytest.mark.parametrize(
    "content, header, first",
    [
        ("chr1 0 9 3\n", None, ["chr1", "0", "9", "3"]),
        ("c s1 s2 n\nchr1 0 9 3\n", ["c", "s1", "s2", "n"], ["chr1", "0", "9", "3"]),
        ("#c\ts1\ts2\tn\n# program 1.2\nchr1\t0\t9\t3\n", ["c", "s1", "s2", "n"], ["chr1", "0", "9", "3"]),
        ("# made by us\nchr1\t0\t9\t3\n", None, ["chr1", "0", "9", "3"]),
        ("chr1\tx\t9\t3\n", None, ["chr1", "x", "9", "3"]),
        ("c\ts1\ts2\tn\n", ["c", "s1", "s2", "n"], ["c", "s1", "s2", "n"]),
    ],
)
def test_headers_stand_above_the_rows_or_in_a_comment(tmp_path, content, header, first):
    (tmp_path / "table").write_text(content)
    layout = read_layout(tmp_path / "table")
    assert (layout.header, layout.first) == (header, first)
    assert [len(lines) for lines, _ in read_rows(tmp_path / "table", layout, [0])] == [1] * content.count("chr1")


@pytest.mark.parametrize("separator", ["\t", "  "], ids=["tabs", "blanks"])
def test_rows_keep_the_numbers_of_their_lines(tmp_path, monkeypatch, separator):
    monkeypatch.setattr(text, "LINES_AT_ONCE", 3)
    content = ["# comment", "chrom,start,other,n", *(f"chr{n},{n},{n * 2},{n}" for n in range(8))]
    content[4:4] = ["", "# between", " "]
    (tmp_path / "table").write_text("\n".join(line.replace(",", separator) for line in content))
    parts = list(read_rows(tmp_path / "table", read_layout(tmp_path / "table"), [0, 2]))
    assert [len(lines) for lines, _ in parts] == [3, 3, 2]
    lines = np.concatenate([lines for lines, _ in parts])
    assert lines.tolist() == [3, 4, 8, 9, 10, 11, 12, 13]
    assert [name for _, rows in parts for name in rows[0]] == [f"chr{n}" for n in range(8)]
    assert [other for _, rows in parts for other in rows[2]] == [str(n * 2) for n in range(8)]


def changed(line, replacement):
    rows = ["chr1\t0\t5000\t3\n"] * 1200
    rows[line - 1] = replacement
    return "".join(rows).encode()


def test_a_file_cut_short_is_still_known(tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(changed(3, "chr8\t0\t5000\t3\n"))[:-9])
    assert kind_of(tmp_path / "cut.gz") == TRIPLETS


DAMAGED = {
    "a column less on line 1000": (changed(1000, "chr1\t0\t5000\n"), "3 columns on line 1000, 4 on the first row"),
    "a column more on line 1000": (changed(1000, "chr1\t0\t5000\t3\t\n"), "5 columns on line 1000, 4 on the first"),
    "a zero byte": (changed(900, "chr1\t0\t50\x0000\t3\n"), "a zero byte on line 900"),
    "another encoding": (changed(1000, "chr1\t0\t5000\t3\n").replace(b"\n", b"\xe9\n"), "not UTF-8 text"),
    "cut short": (gzip.compress(changed(1, "chr1\t0\t5000\t3\n"))[:-12], "damaged or cut short"),
    "bad checksum": (gzip.compress(changed(1, "chr1\t0\t5000\t3\n"))[:-8] + bytes(8), "damaged or cut short"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_table_is_refused(tmp_path, kind):
    content, message = DAMAGED[kind]
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(InputError, match=f"^maps .*table: {message}"):
        list(read_rows(tmp_path / "table", read_layout(tmp_path / "table"), [0]))


@pytest.mark.parametrize("written", ["-1", "nan", "inf", "x", "", "1.5"])
def test_numbers_that_cannot_be_are_named_with_their_line(tmp_path, written):
    (tmp_path / "table").write_text(f"chr1\t0\t5000\t2\nchr1\t0\t5000\t{written}\n")
    ((lines, rows),) = read_rows(tmp_path / "table", read_layout(tmp_path / "table"), [3])
    with pytest.raises(InputError, match=rf"the count on line 2 is '{written}'; expected a whole number from 0 up"):
        numbers_of("table", "the count", rows[3], lines, whole=True)
    if written == "1.5":
        assert numbers_of("table", "the count", rows[3], lines, whole=False).tolist() == [2, 1.5]
