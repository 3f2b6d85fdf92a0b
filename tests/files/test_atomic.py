"""Files of ours appear whole; what a link leads to under a name that anyone can foresee is never opened."""

import os
from pathlib import Path

import pytest

from spex.errors import InputError
from spex.files import atomic
from spex.files.atomic import open_own


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    atomic.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), atomic.whole_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


@pytest.mark.parametrize("durable, expected", [(True, ["fsync", "replace"]), (False, ["replace"])])
def test_a_durable_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch, durable, expected):
    done, replace = [], os.replace
    monkeypatch.setattr(os, "fsync", lambda number: done.append("fsync"))
    monkeypatch.setattr(os, "replace", lambda *paths: done.append("replace") or replace(*paths))
    with atomic.whole_file(tmp_path / "a.txt", durable=durable) as file:
        file.write(b"whole")
    assert done == expected


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


@pytest.mark.parametrize("mode", ["ab", "wb", "a+", "w"])
def test_a_file_is_opened_as_by_open(tmp_path, mode):
    for _ in range(2):
        with open_own(tmp_path / "own", mode) as file:
            file.write("x" if "b" not in mode else b"x")
    assert (tmp_path / "own").read_text() == ("xx" if "a" in mode else "x")
    (tmp_path / "link").symlink_to(tmp_path)
    with open_own(tmp_path / "link/own", mode):  # a folder may be a link, as data folders on other disks are
        pass


@pytest.mark.parametrize("mode", ["ab", "wb", "a+", "rb"])
@pytest.mark.parametrize("there", ["file", "nothing", "link", "loop", "pipe", "device"])
def test_what_is_no_plain_file_is_refused_and_left_alone(tmp_path, mode, there):
    target, own = tmp_path / "target", tmp_path / "own"
    target.write_text("kept")
    if there == "pipe":
        os.mkfifo(own)
    elif there == "device":
        own = Path("/dev/null")
    else:
        (tmp_path / "link").symlink_to(target)
        leads_to = {"file": target, "nothing": tmp_path / "none", "link": tmp_path / "link", "loop": own}[there]
        own.symlink_to(leads_to)
    with pytest.raises(InputError, match=r"(a symbolic link|a pipe or a device); expected a file of this program, or"):
        open_own(own, mode)
    assert target.read_text() == "kept" and not (tmp_path / "none").exists()


def test_errors_of_the_disk_stay_what_they_are(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_own(tmp_path / "none/own", "ab")
    with pytest.raises(IsADirectoryError):
        open_own(tmp_path, "ab")
