"""Users' files as bytes and text: compression by content, bounds on lines and sizes, one error for what is damaged."""

import bz2
import gzip
import io
import lzma
import os

import pytest

from spex.errors import InputError
from spex.files.checks import require_file
from spex.inputs import opening, text_tables
from spex.inputs.opening import beginning, open_bytes, open_text
from spex.inputs.text_tables import read_table

TEXT = "gene\tü\r\n" * 50_000
PACKS = {"plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def about(path):
    return {"argument": "genes", "subject": path}


@pytest.mark.parametrize("pack", PACKS.values(), ids=PACKS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_text_of_any_compression_is_told_by_its_content(tmp_path, pack, mark):
    path = tmp_path / "given.xz"
    path.write_bytes(pack((mark + TEXT).encode()))
    with open_text(path, about(path)) as file:
        assert file.read() == TEXT
    with open_text(path, about(path), newline=None) as file:
        assert list(file)[:2] == ["gene\tü\n"] * 2
    with open_bytes(path, about(path)) as file:
        assert file.readline() == (mark + "gene\tü\r\n").encode()
    assert beginning(path, 9) == (mark + TEXT).encode()[:9]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_cut_short_is_read_as_far_as_it_goes_and_then_refused(tmp_path, pack):
    path = tmp_path / "given"
    content = os.urandom(300_000).hex().encode()
    path.write_bytes(pack(content)[:-20])
    assert beginning(path, 1000) == content[:1000] or pack is not gzip.compress
    message = r"^genes .*given: damaged or cut short .*; fetch or copy it again$"
    with pytest.raises(InputError, match=message), open_text(path, about(path)) as file:
        file.read()


def test_lines_and_unfolding_have_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "LONGEST_LINE", 1 << 20)
    monkeypatch.setattr(opening, "UNFOLDED", 4 << 20)
    long, many = tmp_path / "long", tmp_path / "many.gz"
    long.write_bytes(b"a,b\n" + b"x" * (1 << 20) + b"\n")
    many.write_bytes(gzip.compress(b"a,b\n" * (2 << 20)))
    wide = tmp_path / "wide"
    wide.write_bytes(b"x" * ((1 << 20) + (1 << 18)))
    for path, message in ((wide, "a line of more than 1 MB"), (many, r"[0-9]+ kB of it expand to more than 4 MB")):
        with pytest.raises(InputError, match=f"^genes .*: {message}; expected"), open_bytes(path, about(path)) as file:
            file.read()
    with open_bytes(long, about(long)) as file:
        assert len(file.read()) == 5 + (1 << 20)
    monkeypatch.setattr(opening, "MOST_UNFOLDING", 10_000)
    with open_bytes(many, about(many)) as file:
        assert len(file.read()) == 8 << 20


def test_a_bomb_is_refused_before_it_fills_memory(tmp_path):
    """2 MB that unfold to one line of 2 GB."""
    path = tmp_path / "bomb.csv.gz"
    with open(path, "wb") as file:
        piece = gzip.compress(b"1" * (64 << 20), 9)
        for _ in range(32):
            file.write(piece)
    seen = io.BytesIO()
    message = r"bomb.csv.gz: (a line of more than 64 MB|[0-9]+ kB of it expand)"
    with pytest.raises(InputError, match=message), open_bytes(path, about(path)) as file:
        while piece := file.read(1 << 20):
            seen.write(piece)
    assert seen.tell() < 128 << 20


@pytest.mark.parametrize("separator", [",", "\t"])
def test_tables_have_bounds(tmp_path, monkeypatch, separator):
    monkeypatch.setattr(text_tables, "MOST_COLUMNS", 5)
    monkeypatch.setattr(text_tables, "MOST_CELLS", 12)
    path = tmp_path / "table"
    path.write_text(separator.join("abcdef") + "\n")
    with pytest.raises(InputError, match="more than 5 fields on line 1; expected a table"):
        read_table(path, "genes", separator, expected="a table")
    path.write_text((separator.join("abc") + "\n") * 6)
    with pytest.raises(InputError, match="more than 12 cells; expected a table; give fewer columns or rows"):
        read_table(path, "genes", separator, expected="a table")
    assert len(read_table(path, "genes", separator, expected="", columns=lambda header: [0, 2]).rows) == 5


def test_pipes_and_devices_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", "/dev/null"):
        with pytest.raises(InputError, match="a pipe or a device; expected a file, which can be read more than once"):
            require_file(path, "genes")
