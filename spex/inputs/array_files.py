"""Arrays by name in a file of another program: .npz, HDF5 or zarr. Nothing in it is run, and no pickle is read."""

import contextlib
import json
import logging
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from spex.errors import InputError, not_installed, shown
from spex.inputs.hdf5 import check_whole, open_hdf5
from spex.inputs.identify import HDF5, OF_NO_KIND, ZIP, Format, identify, recognise
from spex.inputs.opening import check_unfolding

ZARR_CODECS = {
    *("bytes", "blosc", "gzip", "zlib", "zstd", "lz4", "bz2", "lzma", "transpose", "sharding_indexed", "crc32c"),
    *("vlen-utf8", "vlen-bytes", "shuffle", "delta", "fixedscaleoffset"),
}
"""What chunks of zarr may be coded by; numcodecs has one that is a pickle."""

logger = logging.getLogger("spex")

METADATA = ("zarr.json", ".zarray", ".zgroup")


@contextlib.contextmanager
def open_arrays(path, about):
    """The arrays of a file, for the length of a block: dict of name -> what np.asarray and slices read.

    path: .npz, HDF5 file, or folder of zarr. about: argument and subject of errors.

    Raises:
        InputError: it is of another kind or damaged, leads to other files, or contains objects.
    """
    found = identify(FORMATS, Path(path), about, ".npz, HDF5 or zarr")
    try:
        with found.reader(Path(path), about) as arrays:
            yield arrays
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        if "Object arrays" in str(error):
            raise InputError(
                "arrays of Python objects, which are not read", **about, hint="save ids and names with .astype(str)"
            ) from error
        raise InputError(
            f"damaged or cut short ({shown(error)})", **about, expected="a whole file", hint="write or copy it again"
        ) from error


@contextlib.contextmanager
def _open_npz(path, about):
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            check_unfolding(member.compress_size, member.file_size, about)
    with np.load(path, allow_pickle=False) as arrays:
        yield {name: arrays[name] for name in arrays.files}


@contextlib.contextmanager
def _open_hdf5(path, about):
    with open_hdf5(path, about) as file:
        check_whole(file, about)
        yield dict(file)


@contextlib.contextmanager
def _open_zarr(path, about):
    try:
        import zarr  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("zarr", "reads it", "zarr", **about) from error
    for place in (each for name in METADATA for each in path.rglob(name)):
        unknown = _codecs(json.loads(place.read_bytes())) - ZARR_CODECS
        if unknown:
            raise InputError(f"arrays coded by {shown(min(unknown))}", **about, expected="compressed numbers and text")
    with warnings.catch_warnings(action="ignore"):  # of types of text that other libraries may not read
        arrays = dict(zarr.open_group(path, mode="r").arrays())
        for name, array in arrays.items():
            if array.nchunks_initialized < array.nchunks:
                logger.warning(
                    "%s: %s of %s chunks of %s are not there, as where all is %s; they are taken for that",
                    *(path, f"{array.nchunks - array.nchunks_initialized:,}", f"{array.nchunks:,}", name),
                    array.fill_value,
                )
        yield arrays


def _codecs(metadata):
    """Names of the codecs in metadata of an array of zarr, format 2 or 3, those within others too."""
    names = set()
    if isinstance(metadata, list):
        return names.union(*map(_codecs, metadata))
    if isinstance(metadata, dict):
        for key, value in metadata.items():
            if key in ("compressor", "filters", "codecs", "index_codecs"):
                coded = value if isinstance(value, list) else [value]
                names |= {str(each.get("id", each.get("name"))) for each in coded if isinstance(each, dict)}
            names |= _codecs(value) if key != "attributes" else set()
    return names


def as_texts(array):
    """An array of text as numpy has it, (n,) str; bytes are UTF-8."""
    values = np.asarray(array[:]).tolist()
    return np.array([each.decode() if isinstance(each, bytes) else str(each) for each in values], str)


def as_float32(values, name, about):
    """Numbers of any real type as float32; those that are too large for it become infinite. name: of the array.

    Raises:
        InputError: it has no numbers.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        raise InputError(f"{name} contains {values.dtype}", **about, expected="numbers")
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


FORMATS = (
    Format("zarr", lambda path: path.is_dir() and any((path / name).exists() for name in METADATA), reader=_open_zarr),
    Format("a folder", lambda path: path.is_dir(), lambda path: "give a zarr group, or a file"),
    Format("an HDF5 file", lambda path: recognise(path) == HDF5, reader=_open_hdf5),
    Format("a NumPy archive", lambda path: recognise(path) == ZIP, reader=_open_npz),
    Format(
        "another file",
        lambda path: True,
        lambda path: "write it with numpy.savez, h5py or zarr",
        found=lambda path: recognise(path) or OF_NO_KIND,
    ),
)
