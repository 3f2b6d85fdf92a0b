"""What a file is: kinds of binary files by their first bytes, and registries of formats by what a file looks like.

Each room that reads files has a tuple of `Format`: those it reads, and those of other programs, which it refuses by
name with the way to one that it reads. The first that fits counts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spex.errors import InputError

HDF5, HIC, BCF = "an HDF5 file", "Juicer's .hic format", "a BCF of variants"
BIGWIG, PARQUET, ZIP = "a bigWig track", "a Parquet table", "a zip archive, as .xlsx and .zip files are"
OF_NO_KIND = "text or bytes of another kind"
"""What a file is said to be whose kind is not known here."""

GZIPPED = "gzipped"
COMPRESSED = {b"\x1f\x8b": GZIPPED, b"BZh": "compressed by bzip2", b"\xfd7zXZ\x00": "compressed by xz"}
BEGINNINGS = {
    **COMPRESSED,
    b"\xff\xfe": "UTF-16, as Excel's Unicode text is",
    b"\xfe\xff": "UTF-16, as Excel's Unicode text is",
    b"\x28\xb5\x2f\xfd": "compressed by zstd",
    b"PK\x03\x04": ZIP,
    b"\xd0\xcf\x11\xe0": "an Excel file of the old kind (.xls)",
    b"\x89HDF\r\n\x1a\n": HDF5,
    b"HIC\x00": HIC,
    b"\x43\x27\x41\x1a": "a .2bit file",
    b"\x1a\x41\x27\x43": "a .2bit file",
    b"\x93NUMPY": "a NumPy array",
    b"\x26\xfc\x8f\x88": BIGWIG,
    b"\xeb\xf2\x89\x87": "a bigBed track (bigInteract too)",
    b"BAM\x01": "aligned reads (BAM)",
    b"CRAM\x02": "aligned reads (CRAM)",
    b"CRAM\x03": "aligned reads (CRAM)",
    b"BCF\x02": BCF,
    b"PAR1\x15": PARQUET,
    b"%PDF": "a PDF",
    b"version https://git-lfs": "a Git LFS pointer, not the file it stands for",
    b"<!DOCTYPE": "a web page",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<HTML": "a web page",
    b"<?xml": "XML",
}
LONGEST = max(map(len, BEGINNINGS))


class Seen(NamedTuple):
    """What a file is seen to begin with. kind: as of `kind_of`. head: its first `LONGEST` bytes."""

    path: Path
    kind: str | None
    head: bytes


def look(path):
    """What a file begins with: Seen."""
    with open(path, "rb") as file:
        head = file.read(LONGEST)
    return Seen(path, kind_of(head), head)


def recognise(path):
    """What kind of file this is, as text, or None for a kind that is not known here."""
    return look(path).kind


def kind_of(head):
    """The same of a file's first `LONGEST` bytes."""
    if not head:
        return "an empty file"
    return next((kind for beginning, kind in BEGINNINGS.items() if head.startswith(beginning)), None)


@dataclass(frozen=True)
class Format:
    """A format of a file.

    name: as text. sign: whether what was seen of a file is of it. way: of one that is not read, from what was seen to
    what to do instead, or None. reader: of one that is read, where the registry has it. found: what to say that a file
    of it is, where that quotes the file; else its name.
    """

    name: str
    sign: Callable[[Any], bool]
    way: Callable[[Any], str | None] | None = None
    reader: Callable | None = None
    found: Callable[[Any], str] | None = None


def identify(formats, seen, about, expected):
    """The first of some formats whose sign is there, or None.

    seen: of a file, what the signs look at. about: argument and subject of errors. expected: as text, for errors.

    Raises:
        InputError: it is one that is not read.
    """
    found = next((each for each in formats if each.sign(seen)), None)
    if found is not None and found.way is not None:
        name = found.found(seen) if found.found else found.name
        raise InputError(name, **about, expected=expected, hint=found.way(seen))
    return found


def take(what):
    """Way: the same for every file."""
    return lambda seen: what
