"""Files of ours whose damage is noticed: disks and copies change bytes after they were written.

A seal is a checksum after the content (or a field of it, in JSON); what a later run relies on carries one."""

import hashlib
import io
import json
import math
import struct
import threading
import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from spex.errors import shown
from spex.files.atomic import json_bytes, whole_file

HEADER_LOCK = threading.Lock()
"""NumPy parses a header as Python's own text, and Python 3.11 fails now and then when two threads do so at once (its
counter of the parser's depth is shared): a whole file would be called damaged."""
JSON_SEAL = "sha256_of_the_rest"
SEAL = struct.Struct("<cI")

LARGEST_ARRAY = 1 << 40  # items; more are a header that was damaged
SEAL_MARK = b"C"
"""What precedes the CRC-32. Five bytes in all: no whole number of items of 2, 4 or 8 bytes, so that no change of an
array's shape in the header can make the seal pass for items."""


class DamagedFileError(ValueError):
    """A file of ours whose content is not what was written: cut short, or with changed bytes."""


def if_whole(load, path):
    """What one of this module's functions reads from a file; None where there is no such file, or a damaged one."""
    try:
        return load(path)
    except (FileNotFoundError, NotADirectoryError, DamagedFileError):
        return None


def save_sealed_json(path, value, *, once=False):
    """Write a dict as JSON with one field more, by which `load_sealed_json` finds out whether it was changed since.

    once: as in `whole_file`.
    """
    with whole_file(path, once=once) as file:
        file.write(_sealed_json(value))


def _sealed_json(value):
    return json_bytes({**value, JSON_SEAL: hashlib.sha256(json_bytes(value)).hexdigest()})


def load_sealed_json(path):
    """Read what `save_sealed_json` wrote, without the seal.

    Raises:
        DamagedFileError: cut short, edited, or not such a file.
        FileNotFoundError: there is no such file.
    """
    content = Path(path).read_bytes()
    try:
        value = json.loads(content.decode(errors="surrogateescape"))
        del value[JSON_SEAL]
        intact = content == _sealed_json(value)
    except (ValueError, KeyError, TypeError, RecursionError):
        intact = False
    if not intact:
        raise DamagedFileError(f"{path}: its checksum does not fit its content")
    return value


def _write_sealed(path, *parts, durable=True):
    """Write bytes and after them a seal, by which `load_sealed` finds out whether they were damaged since."""
    checksum = 0
    with whole_file(path, durable=durable) as file:
        for part in parts:
            file.write(part)
            checksum = zlib.crc32(part, checksum)
        file.write(SEAL.pack(SEAL_MARK, checksum))


def load_sealed(path):
    """Read the bytes of a file with a seal, without that.

    Raises:
        DamagedFileError: cut short, or with other bytes than were written.
    """
    content = Path(path).read_bytes()
    _check_seal(path, content, len(content) - SEAL.size)
    return content[: -SEAL.size]


def _seal(content):
    return SEAL.pack(SEAL_MARK, zlib.crc32(content))


def _check_seal(path, content, end):
    if content[max(end, 0) :] != _seal(memoryview(content)[: max(end, 0)]):
        raise DamagedFileError(f"{path}: its checksum does not fit its content")


def save_arrays(path, arrays):
    """Write arrays as `.npz` with a seal after it. arrays: dict from name, without pickled objects."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    _write_sealed(path, buffer.getbuffer())


def load_arrays(path):
    """Arrays that `save_arrays` wrote, by name.

    Raises:
        DamagedFileError: cut short, or with other bytes than were written.
        FileNotFoundError: there is no such file.
    """
    with np.load(io.BytesIO(load_sealed(path)), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored}


def save_array(path, array, *, durable=True):
    """Write an array as `.npy` with a seal after it, which NumPy's own reader passes over."""
    array = np.ascontiguousarray(array)
    _write_sealed(path, npy_header(array.shape, array.dtype), array.data, durable=durable)


@lru_cache
def npy_header(shape, dtype):
    """What stands before the numbers of a `.npy` file (its version 1.0) of an array in C order, as bytes."""
    header = io.BytesIO()
    plain = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, plain)
    return header.getvalue()


def load_array(path):
    """Read an array that `save_array`, or plain `numpy.save`, wrote.

    A file without a seal is taken when its length is right (tensors of the published program have none).

    Raises:
        DamagedFileError: not a `.npy` file, cut short, with other bytes than were written, or with pickled objects.
    """
    content = Path(path).read_bytes()
    buffer = io.BytesIO(content)
    shape, fortran_order, dtype = read_npy_header(buffer, path)
    start = buffer.tell()
    end = start + dtype.itemsize * math.prod(shape)
    if len(content) not in (end, end + SEAL.size):
        raise DamagedFileError(f"{path}: {len(content)} bytes, expected {end + SEAL.size}")
    if len(content) > end:
        _check_seal(path, content, end)
    array = np.frombuffer(content, dtype, count=(end - start) // dtype.itemsize, offset=start)
    return array.reshape(shape, order="F" if fortran_order else "C")


def read_npy_header(file, path):
    """Shape, whether in Fortran's order, and dtype of a `.npy` file; leaves it where the numbers begin.

    file: binary, at its beginning. path: for errors. Raises DamagedFileError for no such file, a shape or a type that
    no array of numbers has, or pickled objects.
    """
    try:
        version = np.lib.format.read_magic(file)
        formats = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        with HEADER_LOCK:
            shape, fortran_order, dtype = formats[version](file)
    except OSError:
        raise
    except Exception as error:  # the header is parsed as Python's own text and fails in as many ways
        raise DamagedFileError(f"{path}: not a readable .npy file ({shown(error, 200)})") from error
    if dtype.hasobject:
        raise DamagedFileError(f"{path}: contains pickled objects, which are never loaded")
    whole = all(type(length) is int and length >= 0 for length in shape)
    if dtype.itemsize == 0 or not whole or math.prod(shape) > LARGEST_ARRAY:
        raise DamagedFileError(f"{path}: {dtype} of shape {shown(shape)}, which is no array of numbers")
    return shape, fortran_order, dtype


def is_whole_array(path, shape, dtype):
    """Whether a file is just what `save_array` writes for some array of this shape and dtype, undamaged.

    Quicker than `load_array`, which takes the header apart. Raises FileNotFoundError.
    """
    header = npy_header(shape, np.dtype(dtype))
    content = Path(path).read_bytes()
    end = len(header) + int(np.prod(shape)) * np.dtype(dtype).itemsize
    return content.startswith(header) and content[end:] == _seal(memoryview(content)[:end])
