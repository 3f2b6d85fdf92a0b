"""Paths that a user gave: whether a file or a folder is there, and pipes, kept so that they can be read twice."""

import contextlib
import os
import shutil
import sys
import tempfile
import weakref
from pathlib import Path

from spex.errors import InputError, command, did_you_mean
from spex.files.atomic import temporary_path

STANDARD_INPUT = "-"
PUBLISHED_FILES = {
    "geneanno_GRCh38.csv": "genes",
    "geneanno.exp.csv": "expression",
    "deepsea_beluga_2002_features.tsv": "features",
    "deepsea.beluga.pth": "beluga",
    "hg38.fa": "genome",
    "4DNFIARR7LP4.mcool": "contacts",
}
"""File name -> name in `python -m spex.resources`, of the files of the published program."""

PIECE = 1 << 20
LEFT_FREE = 256 << 20  # bytes of the disk that the copy of a pipe leaves to others; a pipe need not end


def require_folder(path, argument):
    """The path, when a folder is there or can be made. argument: name of the one that gave it."""
    path = Path(path)
    there = next(place for place in (path, *path.parents) if place.exists() or place.is_symlink())
    if not there.is_dir():
        raise InputError(f"{there} is no folder", argument=argument, subject=path, hint="give another one")
    return path


def require_place(path, argument):
    """The path of a file to be written, when its folder is there or can be made."""
    path = Path(path)
    return require_folder(path.parent, argument) / path.name


def require_filled(path, argument):
    """The path of a data folder, when there is one. argument: name of the one that gave it."""
    path = Path(path)
    if not path.exists():
        hint = f"{_near(path)}, or make the tensors first: {command('tensors --data_folder')} {path}"
        raise InputError("no such folder", argument=argument, subject=path, hint=hint)
    return path


def require_file(path, argument):
    """The path, when a readable file is there. argument: name of the one that gave it."""
    path = Path(path)
    about = {"argument": argument, "subject": path}
    if path.is_dir():
        raise InputError("found a folder", **about, expected="a file", hint=_way_to(path))
    if not path.exists():
        raise InputError("no such file", **about, hint=_way_to(path) or _near(path))
    if not path.is_file():
        expected = "a file, which can be read more than once"
        raise InputError("a pipe or a device", **about, expected=expected, hint="write it to a file")
    if not os.access(path, os.R_OK):
        raise InputError("you have no permission to read it", **about, expected="a readable file")
    return path


def require_given(path, argument):
    """The path of a file, or of a folder that is there."""
    return Path(path) if Path(path).is_dir() else require_file(path, argument)


def _way_to(path):
    """How to get one of the published files, known by its name; None of any other."""
    name = PUBLISHED_FILES.get(path.name)
    return name and f"get it with: {command('resources')} get {name}"


def _near(path):
    """What a missing path may have been meant to be."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; check the path"
    with contextlib.suppress(OSError):
        return did_you_mean(path.name, os.listdir(path.parent), 2) or "check the path"
    return "check the path"


def is_piped(path):
    """Whether this can be read once only: standard input, given as "-", or a named pipe."""
    return str(path) == STANDARD_INPUT or Path(path).is_fifo()


def keep_piped(path, owner, check):
    """Copy what comes through a pipe, byte for byte, into a file that only this user may read.

    owner: object; the copy, among the system's temporary files, is deleted when it goes. check: called with the first
    bytes, before more is kept; raises InputError where they cannot be used.

    Returns: path of the copy.

    Raises:
        InputError: it fills the disk.
    """
    copy = temporary_path(Path(tempfile.gettempdir()) / "piped").absolute()
    weakref.finalize(owner, copy.unlink, missing_ok=True)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(copy, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)))
        pipe = sys.stdin.buffer if str(path) == STANDARD_INPUT else stack.enter_context(open(path, "rb"))
        piece = pipe.read(PIECE)
        check(piece)
        while piece:
            file.write(piece)
            if file.tell() > LEFT_FREE and shutil.disk_usage(copy.parent).free < LEFT_FREE:
                raise InputError(
                    f"more than {file.tell() >> 20:,} MB came through the pipe, and the disk is nearly full",
                    subject=copy.parent,
                    hint="does it end? Free some space, or write it to a file on another disk",
                )
            piece = pipe.read(PIECE)
    return copy
