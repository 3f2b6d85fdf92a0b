"""Files of ours under names that anyone can foresee: what a link there leads to is never opened."""

import os
from pathlib import Path

import pytest

from spex.errors import InputError
from spex.files.own import open_own


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
