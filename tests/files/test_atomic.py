"""Files that appear whole."""

import os

import pytest

from spex.files import atomic


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    atomic.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), atomic.whole_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


def test_files_get_the_rights_of_the_users_umask(tmp_path):
    before = os.umask(0o027)
    try:
        atomic.write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_temporary_names_cannot_be_foretold(tmp_path):
    assert atomic.temporary_path(tmp_path / "a") != atomic.temporary_path(tmp_path / "a")


def test_temporary_files_of_dead_processes_are_removed_and_others_stay(tmp_path, monkeypatch):
    mine = atomic.temporary_path(tmp_path / "mine.npy")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 2**22 + 5)  # above the kernel's limit: nobody has this number
        dead = atomic.temporary_path(tmp_path / "dead.npy")
        patch.setattr(atomic.socket, "gethostname", lambda: "node.far.away")
        far, old = (atomic.temporary_path(tmp_path / name) for name in ("far.npy", "old.npy"))
    others = [tmp_path / "tensor.npy", tmp_path / ".their.tmp", tmp_path / ".x.node.1.tmp"]
    for path in (mine, dead, far, old, *others):
        path.touch()
    for path in (old, *others):
        os.utime(path, (1, 1))
    atomic.remove_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, far, *others}


def test_whoever_writes_first_into_a_folder_removes_what_a_killed_writer_left(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 2**22 + 5)
        dead = atomic.temporary_path(tmp_path / "elements.tsv")
    dead.touch()
    atomic.write_text(tmp_path / "first", "")
    assert dead.exists()  # this process had been here before
    monkeypatch.setattr(atomic, "CLEANED", set())
    atomic.write_text(tmp_path / "second", "")
    assert {path.name for path in tmp_path.iterdir()} == {"first", "second"}
