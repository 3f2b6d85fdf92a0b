"""Files of ours: they appear whole, and under a name that anyone can foresee nothing else than a plain file is opened.

A file is written under an unpredictable temporary name in its own folder and renamed, so a file that exists under its
name is whole. What a later run relies on has a checksum besides (`spex.files.sealed`).
"""

import contextlib
import errno
import fcntl
import json
import logging
import os
import re
import secrets
import shutil
import socket
import stat
import time
from pathlib import Path

from spex.errors import InputError

STALE_AFTER_SECONDS = 24 * 3600

CLEANED = set()  # folders that this process has written to
TEMPORARY = re.compile(r"\..+\.\d+\.[0-9a-f]{16}\.tmp")
"""Names that `temporary_path` gives; others' files may end in .tmp too."""

NO_HARD_LINKS = {
    *(errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EOPNOTSUPP),
    *(errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL),
}
"""What file systems say that have no hard links, or no more of them."""

HOLDER = 200  # characters that are read from a locked file

logger = logging.getLogger("spex")


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
    """An unpredictable name beside `path` that shows which process of which machine writes it.

    What killed writers left in that folder is removed when this process asks for a name there for the first time.
    """
    place = os.path.abspath(path.parent)
    if place not in CLEANED:
        CLEANED.add(place)
        with contextlib.suppress(OSError):  # the next write there reports what is wrong
            remove_abandoned(place)
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(8)}.tmp")


def beside(path, ending):
    """The file beside `path` whose name has this ending more."""
    return path.with_name(f"{path.name}{ending}")


def remove_abandoned(folder):
    """Delete temporary files in `folder` whose writer is dead: a gone process of this machine, or a day old."""
    host = socket.gethostname()
    for temporary in Path(folder).glob(".*.tmp"):
        if not TEMPORARY.fullmatch(temporary.name):
            continue
        owner, _, rest = temporary.name.removesuffix(".tmp").rpartition(".")[0].rpartition(".")
        with contextlib.suppress(FileNotFoundError):
            old = time.time() - temporary.stat().st_mtime > STALE_AFTER_SECONDS
            if old or (owner.endswith(f".{host}") and rest.isdigit() and not _is_running(int(rest))):
                remove_where_allowed(temporary)


def remove_where_allowed(path):
    """Delete a file or folder; where it is gone already, or may not be deleted, nothing happens."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        if not is_read_only(error):
            raise


def is_read_only(error):
    """Whether an OSError says that this user, or no user, can write there."""
    return error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def write_text(path, text):
    """Write UTF-8 text so that the file appears whole."""
    with whole_file(path) as file:
        file.write(text.encode())


def write_json(path, value):
    """Write `value` as `json_bytes` so that the file appears whole."""
    with whole_file(path) as file:
        file.write(json_bytes(value))


def read_json(path):
    """What `write_json` wrote."""
    return json.loads(Path(path).read_bytes().decode(errors="surrogateescape"))


def json_bytes(value):
    """A value as `json_text`, with the end of its last line."""
    return f"{json_text(value)}\n".encode(errors="surrogateescape")  # paths need not be UTF-8


def json_text(value):
    """A value as indented JSON with sorted keys."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def open_own(path, mode):
    """Open a file of ours, made where it is missing; never what a symbolic link there leads to. mode: as of `open`.

    Raises:
        InputError: a symbolic link, a pipe or a device is there.
    """
    try:
        return open(path, mode, opener=_open_plain)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise InputError(
            "a symbolic link" if os.path.islink(path) else "a pipe or a device",
            subject=path,
            expected="a file of this program, or none",
            hint="take it away",
        ) from error


def _open_plain(path, flags):
    number = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.ENXIO, "no plain file")
    return number


def open_locked(path, refuse):
    """Open a file of ours and lock it until it is closed or the process has ended, however it ends.

    It is the system's lock, not a file's existence: it goes with the process. Shared disks pass it on to other nodes.
    refuse: function from what stands in the file to the error where another process has locked it.

    Returns: the open file, to read and append text.

    Raises:
        InputError: that of `refuse`, or what is there is no plain file.
    """
    file = open_own(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        with file:
            raise refuse(file.read(HOLDER)) from None
    except OSError as error:
        logger.warning("%s: this file system has no locks (%s); start one program at a time", path, error.strerror)
    return file
