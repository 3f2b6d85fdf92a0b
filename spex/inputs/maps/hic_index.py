"""Header and index of a `.hic` file of version 8 or 9, looked through before anything is read by them.

The library that reads pixels takes an index that leads nowhere for a map without pixels: of a file that its writer did
not finish, or that is cut or changed in a few bytes. Numbers are little-endian; names end with a zero byte.
"""

import mmap
import re
import struct
from dataclasses import dataclass

import numpy as np

from spex.errors import shown

VERSIONS = (8, 9)
BLOCK = np.dtype([("number", "<i4"), ("position", "<i8"), ("size", "<i4")])
KEY = re.compile(r"(\d{1,9})_(\d{1,9})")


class DamagedIndexError(ValueError):
    """Where a file contradicts itself, in words."""


@dataclass(frozen=True)
class Index:
    """What a file has pixels of. matrices: name of a chromosome -> Matrix. between: pairs of different chromosomes, in
    either order."""

    matrices: dict
    between: set


@dataclass(frozen=True)
class Matrix:
    """What the index says of the pixels within a chromosome at one resolution. counts: their sum, those off the
    diagonal twice by some writers; 0 where it is not known. blocks: number of blocks that contain them."""

    counts: float
    blocks: int


def read_index(path, resolution):
    """What a file's index says that it has. resolution: bp per bin.

    Returns: Index; None for a version that is not known here.

    Raises:
        DamagedIndexError: header or index lead out of the file, or are not as they must be.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _Content(content).index(resolution)


class _Content:
    """A file's bytes, and where in them one is."""

    def __init__(self, content):
        self._content, self._place, self._wide = content, 4, False

    def index(self, resolution):
        version = self._number("i")
        if version not in VERSIONS:
            return None
        self._wide = version > 8
        footer, chroms = self._header()
        if not self._place <= footer < len(self._content):
            raise DamagedIndexError(
                f"its index is said to be at byte {footer:,} of {len(self._content):,}: not written to its end?"
            )
        self._place = footer
        found = Index({}, set())
        for one, other, place, size in self._entries(len(chroms)):
            found.between.update(((chroms[one], chroms[other]), (chroms[other], chroms[one])))
            if one == other and one > 0:
                self._place = place
                found.matrices[chroms[one]] = self._matrix(one, place + size, resolution)
        return found

    def _header(self):
        """Place of the index; names of the chromosomes, the first of which stands for all."""
        footer = self._number("q")
        self._text()
        if self._wide:
            end = self._number("q") + self._number("q")
            if end > len(self._content):
                raise DamagedIndexError(f"its normalisation is said to end at byte {end:,} of {len(self._content):,}")
        for _ in range(self._count("attributes")):
            self._text()
            self._text()
        chroms = []
        for _ in range(self._count("chromosomes", least=1)):
            chroms.append(self._text())
            if self._number("q" if self._wide else "i") <= 0:
                raise DamagedIndexError(f"a length of no or fewer bp for {shown(chroms[-1])}")
        for _ in range(self._count("resolutions")):
            if self._number("i") <= 0:
                raise DamagedIndexError("a resolution of no or fewer bp in its header")
        return footer, chroms

    def _entries(self, chroms):
        """Both chromosomes by their numbers, place and size of every matrix."""
        size = self._number("q" if self._wide else "i")
        if not 0 <= size <= len(self._content) - self._place:
            raise DamagedIndexError(f"its index is said to take {size:,} bytes")
        entries = []
        for _ in range(self._count("matrices", least=1, most=chroms * (chroms + 1) // 2)):
            key = self._text()
            place, size = self._number("q"), self._number("i")
            numbers = KEY.fullmatch(key)
            if not numbers or max(map(int, numbers.groups())) >= chroms:
                raise DamagedIndexError(f"its index has a matrix {shown(key)} of {chroms:,} chromosomes")
            if place <= 0 or size <= 0 or place + size > len(self._content):
                raise DamagedIndexError(f"the matrix {key} is said to be at byte {place:,}, {size:,} bytes long")
            entries.append((*map(int, numbers.groups()), place, size))
        return entries

    def _matrix(self, chrom, end, resolution):
        """Matrix of the chromosome of a number within itself; the place is at its beginning."""
        if (self._number("i"), self._number("i")) != (chrom, chrom):
            raise DamagedIndexError(f"another matrix where that of chromosome {chrom} should be")
        found = Matrix(0.0, 0)
        for _ in range(self._count("resolutions of a matrix", least=1)):
            unit = self._text()
            self._number("i")
            counts = self._number("f")
            self._skip(12)
            width = self._number("i")
            self._skip(8)
            blocks = self._count("blocks", most=(end - self._place) // BLOCK.itemsize)
            if unit not in ("BP", "FRAG") or width <= 0:
                raise DamagedIndexError(f"bins of {width} {shown(unit)} in its index")
            table = np.frombuffer(self._content[self._place : self._place + blocks * BLOCK.itemsize], BLOCK)
            self._skip(blocks * BLOCK.itemsize)
            if (unit, width) == ("BP", resolution):
                self._check_blocks(table)
                found = Matrix(counts if np.isfinite(counts) else 0.0, blocks)
        if self._place != end:
            raise DamagedIndexError(f"the matrix of chromosome {chrom} has another length than its index says")
        return found

    def _check_blocks(self, blocks):
        ends = blocks["position"] + blocks["size"]
        bad = (blocks["position"] <= 0) | (blocks["size"] <= 0) | (ends > len(self._content))
        if bad.any():
            raise DamagedIndexError(f"a block of pixels ends at byte {ends[bad][0]:,} of {len(self._content):,}")

    def _count(self, what, least=0, most=10_000_000):
        """A number of things that follow."""
        count = self._number("i")
        if not least <= count <= most:
            raise DamagedIndexError(f"{count:,} {what} in it")
        return count

    def _number(self, kind):
        size = struct.calcsize(kind)
        self._skip(size)
        return struct.unpack_from(f"<{kind}", self._content, self._place - size)[0]

    def _text(self):
        end = self._content.find(b"\0", self._place)
        if end < 0:
            raise DamagedIndexError("it ends within a name")
        name = self._content[self._place : end].decode(errors="replace")
        self._place = end + 1
        return name

    def _skip(self, size):
        self._place += size
        if self._place > len(self._content):
            raise DamagedIndexError("it ends within its header or index")
