"""Every path of a data folder, and files that appear whole and tell when they were damaged.

Nothing here depends on what the arrays mean. A file is written under an unpredictable temporary name in its own
folder and renamed, so a file that exists under its name is whole; what a later run relies on carries a checksum
besides, because disks and copies damage files after they were written.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import secrets
import socket
import struct
import threading
import time
import zlib
from pathlib import Path

import numpy as np

from spex.errors import InputError

STALE_AFTER_SECONDS = 24 * 3600
HEADER_LOCK = threading.Lock()
"""NumPy parses a header as Python's own text, and Python 3.11 fails now and then when two threads do so at once (its
counter of the parser's depth is shared): a whole file would be called damaged."""

NO_HARD_LINKS = (
    errno.EPERM,
    errno.EACCES,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOSYS,
    errno.EMLINK,
    errno.EXDEV,
    errno.EINVAL,
)
"""What file systems say that have no hard links, or no more of them."""

JSON_SEAL = "sha256_of_the_rest"
SEAL = struct.Struct("<cI")
SEAL_MARK = b"C"
"""What precedes the CRC-32. Five bytes in all: no whole number of items of 2, 4 or 8 bytes, so that no change of an
array's shape in the header can make the seal pass for items."""


class DamagedFileError(ValueError):
    """A file of ours whose content is not what was written: cut short, or with changed bytes."""


class DataFolder:
    """Where one run's files are: `tensors/`, `run.json`, `cached_genes.tsv`, `contacts.tsv`, `results/`.

    Raises:
        InputError: there is something else than a folder.
    """

    def __init__(self, root):
        self.root = require_folder(root, "--data_folder")
        self.tensors = self.root / "tensors"
        self.run_json = self.root / "run.json"
        self.cached_genes = self.root / "cached_genes.tsv"
        self.contacts_tsv = self.root / "contacts.tsv"
        self.contacts_npz = self.root / "contacts.npz"
        self.input_hashes = self.root / "input_hashes.json"
        self.genome_index = self.root / "genome.fai"
        self.results = self.root / "results"

    def tensor_path(self, gene_id):
        return self.tensors / f"tensor_gene_{gene_id}.npy"


@contextlib.contextmanager
def whole_file(path, *, durable=True, once=False):
    """Open a binary file that appears under `path` only when the block ends well.

    durable: flush to the disk before the rename. Without it a power cut may leave an empty file under the name, so
    it is for files whose checksum is verified before they are trusted. once: keep a file that is there already,
    whoever else makes one at the same time; otherwise it is replaced.
    """
    path = Path(path)
    temporary = temporary_path(path)
    try:
        with open(temporary, "xb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if once:
            _link_once(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _link_once(temporary, path):
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        os.replace(temporary, path)  # no hard links on this file system: the last of two first runs wins


def temporary_path(path):
    """An unpredictable name beside `path` that tells which process of which machine writes it."""
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(8)}.tmp")


def remove_abandoned(folder):
    """Delete temporary files in `folder` whose writer is dead: a gone process of this machine, or a day old."""
    host = socket.gethostname()
    for temporary in Path(folder).glob(".*.tmp"):
        owner, _, rest = temporary.name.removesuffix(".tmp").rpartition(".")[0].rpartition(".")
        with contextlib.suppress(FileNotFoundError):
            old = time.time() - temporary.stat().st_mtime > STALE_AFTER_SECONDS
            if old or (owner.endswith(f".{host}") and rest.isdigit() and not _is_running(int(rest))):
                remove_where_allowed(temporary)


def remove_where_allowed(path):
    """Delete a file; where it is gone already, or cannot be deleted for want of permission, nothing happens."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        if not is_read_only(error):
            raise


def is_read_only(error):
    """Whether an OSError says that a place cannot be written to by this user, or by nobody."""
    return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_text(path, text):
    """Write UTF-8 text so that the file appears whole."""
    with whole_file(path) as file:
        file.write(text.encode())


def write_json(path, value):
    """Write `value` as indented JSON with sorted keys so that the file appears whole."""
    with whole_file(path) as file:
        file.write(_json(value))


def _json(value):
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode(errors="surrogateescape")  # paths need not be UTF-8


def file_sha256(path):
    """Hash of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_sealed_json(path, value, *, once=False):
    """Write a dict as JSON with one field more, by which `load_sealed_json` finds out whether it was changed since.

    once: as in `whole_file`.
    """
    with whole_file(path, once=once) as file:
        file.write(_sealed_json(value))


def _sealed_json(value):
    return _json({**value, JSON_SEAL: hashlib.sha256(_json(value)).hexdigest()})


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


def save_sealed(path, content, *, durable=True):
    """Write bytes and behind them a seal by which `load_sealed` finds out whether they were damaged since."""
    with whole_file(path, durable=durable) as file:
        file.write(content)
        file.write(_seal(content))


def load_sealed(path):
    """Read what `save_sealed` wrote, without the seal.

    Raises:
        DamagedFileError: cut short, or with other bytes than were written.
    """
    content = Path(path).read_bytes()
    if content[-SEAL.size :] != _seal(memoryview(content)[: -SEAL.size]):
        raise DamagedFileError(f"{path}: its checksum does not fit its content")
    return content[: -SEAL.size]


def _seal(content):
    return SEAL.pack(SEAL_MARK, zlib.crc32(content))


def save_array(path, array, *, durable=True):
    """Write an array as `.npy` with a seal behind it, which NumPy's own reader passes over."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    save_sealed(path, buffer.getbuffer(), durable=durable)


def load_array(path):
    """Read an array that `save_array`, or plain `numpy.save`, wrote.

    A file without a seal is taken when its length is right (tensors of the published program have none).

    Raises:
        DamagedFileError: not a `.npy` file, cut short, with other bytes than were written, or with pickled objects.
    """
    content = Path(path).read_bytes()
    buffer = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(buffer)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        with HEADER_LOCK:
            shape, fortran_order, dtype = read_header[version](buffer)
    except Exception as error:  # the header is parsed as Python's own text and fails in as many ways
        raise DamagedFileError(f"{path}: not a readable .npy file ({error})") from error
    if dtype.hasobject:
        raise DamagedFileError(f"{path}: holds pickled objects, which are never loaded")
    start = buffer.tell()
    end = start + dtype.itemsize * int(np.prod(shape, dtype=np.int64))
    if len(content) not in (end, end + SEAL.size):
        raise DamagedFileError(f"{path}: {len(content)} bytes, expected {end + SEAL.size}")
    if len(content) > end and content[end:] != _seal(memoryview(content)[:end]):
        raise DamagedFileError(f"{path}: its checksum does not fit its content")
    array = np.frombuffer(content, dtype, count=(end - start) // dtype.itemsize, offset=start)
    return array.reshape(shape, order="F" if fortran_order else "C")


def is_whole_array(path, shape, dtype):
    """Whether a file is just what `save_array` writes for some array of this shape and dtype, undamaged.

    Quicker than `load_array`, which takes the header apart.

    Raises:
        FileNotFoundError: there is no such file.
    """
    header = io.BytesIO()
    plain = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, plain)
    content = Path(path).read_bytes()
    end = header.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize
    return content.startswith(header.getvalue()) and content[end:] == _seal(memoryview(content)[:end])


def require_folder(path, option):
    """The path, when a folder is there or can be made. option: flag that names it."""
    path = Path(path)
    standing = next(place for place in (path, *path.parents) if place.exists() or place.is_symlink())
    if not standing.is_dir():
        raise InputError(f"{option} {path}: {standing} is no folder; give another one")
    return path


def require_file(path, option, resource=None):
    """The path, when a readable file is there.

    option: flag that names the file. resource: its name in `python -m spex.resources`, where it has one.
    """
    path = Path(path)
    hint = f"; get it with: python -m spex.resources get {resource}" if resource else ""
    if path.is_dir():
        raise InputError(f"{option} {path}: found a folder, expected a file{hint}")
    if not path.exists():
        raise InputError(f"{option} {path}: no such file{hint or '; check the path'}")
    if not os.access(path, os.R_OK):
        raise InputError(f"{option} {path}: you have no permission to read it; expected a readable file")
    return path
