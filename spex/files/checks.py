"""Paths that a user gave, before anything is read from them."""

import os
from pathlib import Path

from spex.errors import InputError


def require_folder(path, argument):
    """The path, when a folder is there or can be made. argument: name of the one that gave it."""
    path = Path(path)
    standing = next(place for place in (path, *path.parents) if place.exists() or place.is_symlink())
    if not standing.is_dir():
        raise InputError(f"{standing} is no folder", argument=argument, subject=path, hint="give another one")
    return path


def require_file(path, argument, resource=None):
    """The path, when a readable file is there.

    argument: name of the one that gave it. resource: the file's name in `python -m spex.resources`, where it has one.
    """
    path = Path(path)
    about = {"argument": argument, "subject": path}
    hint = f"get it with: python -m spex.resources get {resource}" if resource else None
    if path.is_dir():
        raise InputError("found a folder", **about, expected="a file", hint=hint)
    if not path.exists():
        raise InputError("no such file", **about, hint=hint or "check the path")
    if not path.is_file():
        raise InputError(
            "a pipe or a device",
            **about,
            expected="a file, which can be read more than once",
            hint="write it to a file",
        )
    if not os.access(path, os.R_OK):
        raise InputError("you have no permission to read it", **about, expected="a readable file")
    return path
