"""What comes through a pipe, kept so that it can be read more than once."""

import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

from spex.files.atomic import temporary_path

STANDARD_INPUT = "-"


def is_piped(path):
    """Whether this can be read once only: standard input, given as "-", or a named pipe."""
    return str(path) == STANDARD_INPUT or Path(path).is_fifo()


def keep_piped(path, folder, owner):
    """Copy what comes through a pipe, byte for byte, into a file that only this user may read.

    folder: of the copy; None is the system's for temporary files. owner: object; the copy is deleted when it goes.

    Returns: path of the copy.
    """
    copy = temporary_path(Path(folder or tempfile.gettempdir()) / "piped").absolute()
    copy.parent.mkdir(parents=True, exist_ok=True)
    weakref.finalize(owner, copy.unlink, missing_ok=True)
    with open(copy, "xb", opener=_for_this_user) as file:
        if str(path) == STANDARD_INPUT:
            shutil.copyfileobj(sys.stdin.buffer, file)
        else:
            with open(path, "rb") as pipe:
                shutil.copyfileobj(pipe, file)
    return copy


def _for_this_user(path, flags):
    return os.open(path, flags, 0o600)
