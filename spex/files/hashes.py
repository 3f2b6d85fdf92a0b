"""Whether input files are what they were: hashes of their content, and stamps of size, times and place on the disk.

A file that is overwritten in place during a run would give numbers of neither content, under the hash of one. So what
was computed from inputs is published only after their stamps were compared once more.
"""

import hashlib
import json
import logging
import os
import time
from pathlib import Path

from spex.errors import InputError
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json

logger = logging.getLogger("spex")

FIELDS = ("size", "mtime_ns", "ctime_ns", "ino")
SETTLED_NS = 20_000_000
"""File systems keep the time of a change in steps of a few milliseconds: a second change within one leaves the stamp
as it is."""


def stamp_of(path):
    """Size, times of modification and change (ns), and place of a file: tuple of int; None where there is none."""
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return tuple(getattr(found, f"st_{field}") for field in FIELDS)


def settled_stamp_of(path):
    """As `stamp_of`, once any later change will have another one."""
    while (stamp := stamp_of(path)) and 0 <= (age := time.time_ns() - stamp[2]) < SETTLED_NS:
        time.sleep((SETTLED_NS - age) / 1e9)
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
        """Raise InputError when one of the files has changed, or is gone."""
        for path, (argument, stamp) in self._stamps.items():
            now = stamp_of(path)
            if now != stamp:
                raise InputError(
                    "gone since this run began" if now is None else "changed since this run began",
                    argument=argument,
                    subject=path,
                    expected="the same file to the end",
                    hint="what was computed from it last is not kept; rerun the same command when no program writes it",
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


def json_digest(value, length):
    """Hexadecimal digits that stand for a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]


def file_sha256(path):
    """Hash of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class KnownHashes:
    """SHA-256 of input files, remembered by path, size and times, so that a restart does not read gigabytes again.

    path: JSON file of the memory; where it is missing or damaged, hashes are computed again. Without it they are
    remembered by this object alone.
    """

    def __init__(self, path=None):
        self.path = path and Path(path)
        try:
            self._known = load_sealed_json(self.path) if path else {}
        except (OSError, DamagedFileError):
            self._known = {}
        self._new = False

    def sha256(self, path):
        """Hash of a file's content, in hexadecimal."""
        path = Path(path).resolve()
        before = settled_stamp_of(path)
        stamp = dict(zip(FIELDS[:-1], before, strict=False))  # network drives give a file other places elsewhere
        entry = self._known.get(str(path), {})
        if {name: entry.get(name) for name in stamp} != stamp:
            start = time.monotonic()
            entry = {**stamp, "sha256": file_sha256(path)}
            logger.debug("read %s for its hash, in %.1f s", path, time.monotonic() - start)
            if stamp_of(path) != before:
                raise InputError("changed while it was read", subject=path, hint="wait until no program writes it")
            self._known[str(path)] = entry
            self._new = True
        return entry["sha256"]

    def sha256_of_all(self, paths):
        """Hash of several files' content in this order; of one, its own."""
        digests = [self.sha256(path) for path in paths]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def save(self):
        """Write what was computed since."""
        if self._new and self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_sealed_json(self.path, self._known)
            self._new = False
