"""Paths that a user gave; what comes through a pipe is kept as it is, for this user, as long as its owner."""

import io
import os
import stat
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from spex.errors import InputError
from spex.files import checks
from spex.files.checks import is_piped, keep_piped
from spex.resources.table import RESOURCES


@pytest.mark.parametrize(
    "kind, message", [("missing", "no such file; get it with: spex resources get"), ("folder", "a folder")]
)
def test_a_missing_file_of_the_published_ones_is_named_with_the_way_to_get_it(tmp_path, kind, message):
    path = tmp_path / "hg38.fa"
    if kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=f"genome .*hg38.fa: .*{message}"):
        checks.require_file(path, "genome")


def test_a_missing_file_of_ones_own_is_answered_with_those_of_nearly_its_name(tmp_path):
    (tmp_path / "annotation.gtf.gz").touch()
    (tmp_path / "lab.fa").touch()
    with pytest.raises(InputError, match=r"no such file; did you mean annotation\.gtf\.gz\?$"):
        checks.require_file(tmp_path / "anotation.gtf.gz", "genes")
    with pytest.raises(InputError, match=r"no such file; check the path$"):
        checks.require_file(tmp_path / "something else", "genes")
    with pytest.raises(InputError, match=r"no such file; there is no folder \S*/nowhere; check the path$"):
        checks.require_file(tmp_path / "nowhere/lab.fa", "genome")


def test_the_files_that_are_offered_are_those_of_the_table():
    assert {Path(each.path).name: each.name for each in RESOURCES} == checks.PUBLISHED_FILES


CONTENT = bytes(range(256)) * 9


class Owner:
    pass


@pytest.fixture
def spool(tmp_path, monkeypatch):
    """The folder for temporary files."""
    (tmp_path / "new").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "new"))
    return tmp_path / "new"


def test_standard_input(spool, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(CONTENT)))
    owner = Owner()
    assert is_piped("-")
    copy = keep_piped("-", owner, bool)
    assert copy.read_bytes() == CONTENT and copy.parent == spool
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    del owner
    assert not copy.exists()


def test_a_named_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(CONTENT,))
    writer.start()
    owner = Owner()
    assert is_piped(pipe)
    assert keep_piped(pipe, owner, bool).read_bytes() == CONTENT
    writer.join()


@pytest.mark.parametrize("name", ["file", "missing", "."])
def test_what_is_no_pipe(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    assert not is_piped(tmp_path / name)


def test_a_pipe_that_fills_the_disk_is_refused(spool, monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=SimpleNamespace(read=bytes)))
    monkeypatch.setattr(checks, "LEFT_FREE", 3 << 20)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda folder: SimpleNamespace(free=2 << 20))
    owner = Owner()
    with pytest.raises(InputError, match=r"/new: more than 4 MB came through the pipe, and the disk is nearly full"):
        keep_piped("-", owner, bool)
    del owner
    assert list(spool.iterdir()) == []
