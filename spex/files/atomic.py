"""Every path of a data folder, and files that appear whole and tell when they were damaged.

Nothing here depends on what the arrays mean. A file is written under an unpredictable temporary name in its own
folder and renamed, so a file that exists under its name is whole; what a later run relies on carries a checksum
besides, because disks and copies damage files after they were written.
"""

import contextlib
import errno
import json
import os
import re
import secrets
import socket
import time
from pathlib import Path

STALE_AFTER_SECONDS = 24 * 3600

CLEANED = set()
"""Folders that this process has written to."""

TEMPORARY = re.compile(r"\..+\.\d+\.[0-9a-f]{16}\.tmp")
"""Names that `temporary_path` gives; others' files may end in .tmp too."""

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
        with contextlib.suppress(OSError):  # whoever writes there next says what is wrong with it
            remove_abandoned(place)
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(8)}.tmp")


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
