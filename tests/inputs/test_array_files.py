"""Files of arrays: every format gives the same; damaged, foreign, linked and swelling ones are refused in one line."""

import shutil

import h5py
import numpy as np
import pytest
from given_files import write_arrays as write
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.inputs.array_files import FORMATS, as_texts, open_arrays
from spex.inputs.bin_numbers import read_bin_table
from spex.inputs.given_features import read_given_features

ABOUT = {"argument": "features", "subject": "file"}
ARRAYS = {"ids": np.array(["ENSG1", "ENSG2", "ENSG3"]), "X": np.arange(6, dtype=np.float32).reshape(3, 2)}
BINS = {"chrom": np.array(["2", "1", "2"]), "start": np.array([3000, 0, 1000]), "X": np.arange(3.0)[:, None]}


ENDINGS = ("npz", "h5", "zarr")


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_format_gives_the_arrays(tmp_path, ending):
    with open_arrays(write(tmp_path / f"a.{ending}", ARRAYS), ABOUT) as arrays:
        assert {*arrays} == {*ARRAYS} and as_texts(arrays["ids"]).tolist() == ARRAYS["ids"].tolist()
        assert_array_equal(arrays["X"][1:], ARRAYS["X"][1:])


def test_every_format_that_is_read_is_tried():
    assert len([each for each in FORMATS if each.reader]) == len(ENDINGS)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("keep", [0, 30, 0.5])
def test_a_cut_file_is_refused(tmp_path, ending, keep):
    path = write(tmp_path / f"a.{ending}", ARRAYS | {"X": np.random.default_rng(0).random((3, 4000))})
    parts = [each for each in sorted(path.rglob("*")) if each.is_file()] if path.is_dir() else [path]
    for part in parts:
        content = part.read_bytes()
        part.write_bytes(content[: int(keep * len(content)) if keep == 0.5 else keep])
    with pytest.raises(InputError, match=r"damaged or cut short|an empty file|text or bytes of another kind|found"):
        read_given_features(path)


def test_a_missing_chunk_of_zarr_is_no_zeros_in_silence(tmp_path, caplog):
    """zarr writes none where all values are the fill value, so it cannot be refused."""
    path = write(tmp_path / "a.zarr", ARRAYS)
    read_given_features(path)
    assert not caplog.records
    shutil.rmtree(path / "X" / "c")
    assert not read_given_features(path).X.any()
    assert "1 of 1 chunks of X are not there, as where all is 0.0; they are taken for that" in caplog.text


def test_what_leads_elsewhere_or_runs_something_is_refused(tmp_path):
    write(tmp_path / "other.h5", ARRAYS)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["ids"] = ARRAYS["ids"].tolist()
        file["X"] = h5py.ExternalLink("other.h5", "X")
    with pytest.raises(InputError, match="X is a link to another file"):
        read_given_features(tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5ad", "w") as file:
        file["obs"] = file["var"] = 0
        file["X"] = h5py.ExternalLink("other.h5", "X")
    with pytest.raises(InputError, match="X is a link to another file"):
        read_given_features(tmp_path / "a.h5ad")
    np.savez(tmp_path / "a.npz", ids=np.array(["ENSG1"], dtype=object), X=np.ones((1, 2)))
    with pytest.raises(InputError, match=r"arrays of Python objects, which are not read; save ids and names"):
        read_given_features(tmp_path / "a.npz")
    np.savez_compressed(tmp_path / "b.npz", ids=ARRAYS["ids"], X=np.zeros((3, 10_000_000), np.float32))
    with pytest.raises(InputError, match="expand to more than"):
        read_given_features(tmp_path / "b.npz")


@pytest.mark.parametrize(
    "content, found", [(b"", "an empty file"), (b"id,a\nENSG1,2\n", "text or bytes"), (b"\x89PNG", "text or bytes")]
)
def test_another_kind_of_file_is_refused(tmp_path, content, found):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match=f"{found}.*; expected .npz, HDF5 or zarr"):
        read_given_features(tmp_path / "a.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match=r"a folder; expected \.npz, HDF5 or zarr"):
        read_given_features(tmp_path / "folder")


@pytest.mark.parametrize("ending", ENDINGS)
def test_bins_in_any_order_and_another_spelling_of_chromosomes(tmp_path, ending):
    """What the table names 2 is chr2 of the genes; rows of other bins are counted."""
    path = write(tmp_path / f"bins.{ending}", BINS)
    found = read_bin_table(path, {"chr2": np.array([1, 3])}, 1000)
    assert found.values["chr2"].ravel().tolist() == [2, 0] and found.width == 1
    assert found.accounts[0].summary()["left_out"] == {"of other bins than contacted ones": 1}
