"""Hashes of files, remembered so that a restart does not read gigabytes again."""

import hashlib
from pathlib import Path

from spex.errors import InputError
from spex.files.sealed import DamagedFileError, load_sealed_json, save_sealed_json
from spex.files.stamps import settled_stamp_of, stamp_of

STAMP = ("size", "mtime_ns", "ctime_ns")


def file_sha256(path):
    """Hash of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class KnownHashes:
    """SHA-256 of input files, remembered by path, size and times of modification and change.

    A restart then does not read gigabytes again. path: JSON file of the memory; where it is missing or damaged, hashes
    are computed anew. Without it they are remembered by this object alone.
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
        stamp = dict(zip(STAMP, before, strict=False))  # network drives give a file other places on other machines
        entry = self._known.get(str(path), {})
        if {name: entry.get(name) for name in stamp} != stamp:
            entry = {**stamp, "sha256": file_sha256(path)}
            if stamp_of(path) != before:
                raise InputError("changed while it was read", subject=path, hint="wait until nobody writes it")
            self._known[str(path)] = entry
            self._new = True
        return entry["sha256"]

    def sha256_of_all(self, paths):
        """Hash of several files' content in this order; of one, its own."""
        digests = [self.sha256(path) for path in paths]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def save(self):
        """Write what was computed anew."""
        if self._new and self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_sealed_json(self.path, self._known)
            self._new = False
