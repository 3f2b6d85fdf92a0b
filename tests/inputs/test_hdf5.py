"""HDF5 files of users: whole in one file, in chunks that memory bears."""

import h5py
import numpy as np
import pytest

from spex.errors import InputError
from spex.inputs import hdf5
from spex.inputs.hdf5 import check_whole, open_hdf5

ABOUT = {"argument": "maps", "subject": "given"}


def refused(path, message, **options):
    with pytest.raises(InputError, match=rf"^maps given: {message}"), open_hdf5(path, ABOUT) as file:
        check_whole(file, ABOUT, **options)


@pytest.fixture
def secret(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["a/b"] = np.arange(9)
    return tmp_path / "secret.h5"


LINKS = {
    "a group": lambda file, secret: file.__setitem__("a", h5py.ExternalLink(secret, "/a")),
    "deep below": lambda file, secret: file.__setitem__("x/y/z", h5py.ExternalLink(secret, "/a/b")),
    "a soft link to one": lambda file, secret: (
        file.__setitem__("far", h5py.ExternalLink(secret, "/a")),
        file.__setitem__("near", h5py.SoftLink("/far/b")),
    ),
}


@pytest.mark.parametrize("kind", LINKS)
def test_links_to_other_files_are_refused_wherever_they_are(tmp_path, secret, kind):
    with h5py.File(tmp_path / "given.h5", "w") as file:
        file["own"] = [1, 2]
        LINKS[kind](file, str(secret))
    refused(tmp_path / "given.h5", r"/\S+ is a link to another file, .*secret.h5; expected data that are whole in one")


def test_data_in_other_files_are_refused(tmp_path, secret):
    (tmp_path / "raw").write_bytes(b"root:x:0:0:" * 8)
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("a/b", (8,), "u1", external=[(str(tmp_path / "raw"), 0, 8)])
    refused(tmp_path / "raw.h5", "the data of /a/b lie in another file; expected data that are whole in one file")
    with h5py.File(tmp_path / "virtual.h5", "w") as file:
        layout = h5py.VirtualLayout(shape=(9,), dtype="int64")
        layout[:] = h5py.VirtualSource(str(secret), "a/b", shape=(9,))
        file.create_virtual_dataset("c", layout)
    refused(tmp_path / "virtual.h5", "the data of /c lie in another file")


def test_links_within_the_file_are_none_of_that(tmp_path):
    with h5py.File(tmp_path / "given.h5", "w") as file:
        file["a/b"] = np.arange(9)
        file["soft"], file["hard"], file["nowhere"] = h5py.SoftLink("/a/b"), file["a/b"], h5py.SoftLink("/none")
    with open_hdf5(tmp_path / "given.h5", ABOUT) as file:
        check_whole(file, ABOUT)


def test_chunks_and_what_is_read_whole_have_bounds(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "given.h5", "w") as file:
        file.create_dataset("a", (50 << 20,), "i8", chunks=(50 << 20,), compression="gzip")
    refused(tmp_path / "given.h5", "/a is stored in chunks of 400 MB; expected chunks of at most 256 MB; rewrite it")
    with h5py.File(tmp_path / "given.h5", "w") as file:
        file.create_dataset("a", data=np.zeros(1 << 20), chunks=(1 << 17,), compression="gzip")
    monkeypatch.setattr(hdf5, "UNFOLDED", 1 << 20)
    refused(tmp_path / "given.h5", "0 MB of data expand to 8 MB; expected data that are less", in_memory=True)
    with open_hdf5(tmp_path / "given.h5", ABOUT) as file:
        check_whole(file, ABOUT)
    monkeypatch.setattr(hdf5, "MOST_LINKS", 0)
    refused(tmp_path / "given.h5", "more than 0 groups and data sets in it; expected fewer")
