"""Whether input files are still what they were when a run began: size, times and place on the disk.

A file that is overwritten in place during a run would give numbers of neither content, under the hash of one. So what
was computed from inputs is published only after their stamps were compared once more.
"""

import os
import time
from pathlib import Path

from spex.errors import InputError

FIELDS = ("st_size", "st_mtime_ns", "st_ctime_ns", "st_ino")
SETTLED_NS = 20_000_000
"""File systems tell the time of a change in steps of a few milliseconds: of two changes within one the second would
leave the stamp as it is."""


def stamp_of(path):
    """Size, times of modification and change (ns), and place of a file: tuple of int; None where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return tuple(getattr(found, field) for field in FIELDS)


def settled_stamp_of(path):
    """As `stamp_of`, once any later change will have another one."""
    while (stamp := stamp_of(path)) and 0 <= time.time_ns() - stamp[2] < SETTLED_NS:
        time.sleep(SETTLED_NS / 1e9)
    return stamp


class Watch:
    """Input files of a run, and their stamps when it began. It can be pickled for other processes.

    files: name of the argument that gave them -> one path, or several.
    """

    def __init__(self, **files):
        self._stamps = {}
        for argument, paths in files.items():
            self.add(argument, *([paths] if isinstance(paths, str | Path) else paths))

    def add(self, argument, *paths):
        """Watch more files. argument: name of the one that gave them."""
        for path in paths:
            self._stamps.setdefault(str(path), (argument, settled_stamp_of(path)))

    def check(self):
        """Refuse to go on when one of the files is not what it was.

        Raises:
            InputError: a file has changed, or is gone.
        """
        for path, (argument, stamp) in self._stamps.items():
            now = stamp_of(path)
            if now != stamp:
                raise InputError(
                    "gone since this run began" if now is None else "changed since this run began",
                    argument=argument,
                    subject=path,
                    expected="the same file to the end",
                    hint="what was computed from it last is not kept; run the same command again when nobody writes it",
                )

    def passing(self, items):
        """Yield items, and check when the last one has passed: before what is made of them is published."""
        yield from items
        self.check()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.check()
