"""Contact maps: Juicer's `.hic` files, raw counts, streamed; header and index are checked before anything is read.

The library that reads pixels takes an index that leads nowhere for a map without pixels: of a file that its writer did
not finish, or that is cut or changed in a few bytes. Numbers are little-endian; names end with a zero byte.
"""

import contextlib
import importlib.util
import json
import logging
import mmap
import re
import signal
import struct
import subprocess
import sys
import tempfile
import weakref
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spex.contacts.maps import MapReader, Pixels, joined
from spex.errors import listed, not_installed, parameter, shown
from spex.inputs.account import Account
from spex.inputs.choices import Reading
from spex.inputs.maps.hic_process import DAMAGED
from spex.inputs.maps.reader import check_counts, damaged, map_error, whole_where_near

SCRIPT = Path(__file__).with_name("hic_process.py")
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
SUM_TOLERANCE = 1e-4
AT_ONCE = 24_000_000
"""Pixels of a chromosome that the library reads as one array, which takes half a gigabyte; of more, one by one."""

PIECE = 250_000
"""Pixels that come at a time, about: few enough for a processor's cache."""

PIPE_BYTES = 1 << 20
PACKED_BEGIN = 1 << 10
"""Bytes of a packed block that its first number is unpacked from: more than a table of deflate's codes takes."""

VERSIONS = (8, 9)
BLOCK = np.dtype([("number", "<i4"), ("position", "<i8"), ("size", "<i4")])
KEY = re.compile(r"(\d{1,9})_(\d{1,9})")

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Matrix:
    """What the index says of the pixels within a chromosome at one resolution. counts: their sum, those off the
    diagonal twice by some writers; 0 where it is not known. blocks: places of the blocks that contain them."""

    counts: float = 0.0
    blocks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Index:
    """What a file has pixels of. matrices: by name of the chromosome. between: pairs of different chromosomes, in
    either order."""

    matrices: dict[str, Matrix]
    between: set[tuple[str, str]]


def read_index(path, resolution):
    """What a file's index says that it has: Index; None for a version that is not known here. resolution: bp per bin.

    Raises:
        InputError: header or index lead out of the file, or are not as they must be.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _Content(path, content).index(resolution)


def count_records(path, blocks):
    """Number of pixels in blocks at some places of a file, which each of them begins with.

    Raises:
        InputError: a block is not packed as it must be.
    """
    total = 0
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for place in blocks:
            try:
                begin = zlib.decompressobj().decompress(content[place : place + PACKED_BEGIN], 4)
                total += struct.unpack("<i", begin)[0]
            except (zlib.error, struct.error):
                raise damaged(path, f"the block of pixels at byte {place:,} cannot be unpacked") from None
    return total


class HicMap(MapReader):
    """One resolution of a `.hic` file, its counts as observed: no normalisation.

    One process answers all that is asked about the file, until `close`.

    Raises:
        InputError: hictkpy is not installed; damaged, or the resolution is missing (names those it has).
    """

    options = ()

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution, self._met, self._idle = Path(path), resolution, {}, []
        if importlib.util.find_spec("hictkpy") is None:
            raise not_installed("hictkpy", "reads .hic files", "hic", argument="maps")
        self._index = read_index(self.path, resolution)
        head = self._ask("head")
        self.resolutions, self.chromsizes = head["resolutions"], head["chromsizes"]
        if resolution not in self.resolutions:
            raise map_error(
                path,
                f"no resolution {resolution} (it has {', '.join(map(str, self.resolutions)) or 'none in bp'})",
                hint=f"choose {parameter('resolution')} among them",
            )

    def parts(self, chrom, advance):
        self._met[chrom] = 0
        if self._index and not self._matrix_of(chrom).blocks:
            return
        at_once = bool(self._index) and count_records(self.path, self._matrix_of(chrom).blocks) <= AT_ONCE
        question = "pixels", self.resolution, chrom, self.chromsizes[chrom], PIECE, at_once
        pixels, total, diagonal = 0, 0.0, 0.0
        with self._asked(*question) as process:
            while (count := process.number()) >= 0:
                bin1, bin2 = (process.array(count, np.int32).astype(np.int64) for _ in range(2))
                counts = whole_where_near(process.array(count, np.float32).astype(np.float64))
                check_counts(self.path, counts, np.float32)
                pixels, total = pixels + count, total + counts.sum()
                diagonal += counts[bin1 == bin2].sum()
                yield Pixels(bin1, bin2, counts)
                advance(count)
        self._met[chrom] = pixels
        self._check_sum(chrom, pixels, total, diagonal)

    def all_parts(self, chrom, advance):
        """As of MapReader; of the pixels between chromosomes the counts alone are known."""
        yield from self.parts(chrom, advance)
        chroms = list(self.chromsizes)
        others = chroms[chroms.index(chrom) + 1 :]  # at the coarsest resolution, where the sum is the same
        if self._index:
            others = [other for other in others if (chrom, other) in self._index.between]
        counts = self._ask("others", self.resolutions[-1], chrom, *others) if others else 0.0
        yield Pixels(*joined([]), trans_counts=counts)

    def close(self):
        while self._idle:
            self._idle.pop().end()

    def accounts(self):
        """As of MapReader; what was not read is not counted, which a .hic does not say."""
        account = Account(str(self.path), "pixels", sum(self._met.values()))
        known = self.chromsizes
        if self._index:
            known = [name for name, each in self._index.matrices.items() if each.blocks]
        others = [chrom for chrom in known if chrom not in self._met]
        if others:
            account.notes.append(
                f"pixels on {len(others):,} chromosomes without genes ({listed(others, 5)}) are left out"
            )
        account.notes.append("pixels between chromosomes are not counted")
        return [account]

    def _check_sum(self, chrom, pixels, total, diagonal):
        """Compare what was read of a chromosome with what the index says of it.

        Juicer writes the sum of a symmetric matrix, with counts off the diagonal twice; hictk that of the pixels.
        """
        indexed = self._matrix_of(chrom)
        if indexed.counts <= 0:
            return
        if indexed.blocks and not pixels:
            found = f"no pixel of {shown(chrom)}, where its index has counts of {indexed.counts:,.0f}"
            raise damaged(self.path, found)
        if not np.isclose([total, 2 * total - diagonal], indexed.counts, rtol=SUM_TOLERANCE).any():
            logger.warning(
                "%s: the counts of %s add up to %s, its index says %s: it is damaged, or its writer adds up otherwise",
                *(self.path, shown(chrom), f"{total:,.0f}", f"{indexed.counts:,.0f}"),
            )

    def _matrix_of(self, chrom):
        return self._index.matrices.get(chrom, Matrix()) if self._index else Matrix()

    def _ask(self, *question):
        """The answer to a question, from JSON."""
        with self._asked(*question) as process:
            return json.loads(process.array(process.number(), np.uint8).tobytes())

    @contextlib.contextmanager
    def _asked(self, *question):
        """The process that answers a question, for a block that takes the whole answer; else it is of no more use."""
        process = self._idle.pop() if self._idle else _Process(self.path)
        try:
            process.ask(question)
            yield process
        except BaseException:
            process.end()
            raise
        self._idle.append(process)


class _Process:
    """A process that answers questions about a `.hic` file, until `end` is called or it is used no more."""

    def __init__(self, path):
        self._path, self._errors = path, tempfile.TemporaryFile()  # noqa: SIM115 (for as long as the process lives)
        command = [sys.executable, str(SCRIPT), str(path)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._errors, "pipesize": PIPE_BYTES}
        self._process = subprocess.Popen(command, **pipes)
        self.end = weakref.finalize(self, _end, self._process, self._errors)

    def ask(self, question):
        with contextlib.suppress(BrokenPipeError):  # it is gone: who waits for the answer sees why
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()

    def number(self):
        """A number that it wrote."""
        return int(self.array(1, np.int64)[0])

    def array(self, count, kind):
        """An array that it wrote, (count,).

        Raises:
            InputError: it ended before that, because the file is damaged. MemoryError: it was killed.
        """
        size = count * np.dtype(kind).itemsize
        content = self._process.stdout.read(size)
        if len(content) < size:
            raise self._ended()
        return np.frombuffer(content, kind)

    def _ended(self):
        """The error that says how it ended."""
        status = self._process.wait()
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        if status == -signal.SIGKILL:
            return MemoryError()
        if status == DAMAGED or -status in CRASHES:
            return damaged(self._path, text.splitlines()[-1] if status == DAMAGED and text else "its reader crashed")
        return RuntimeError(f"the process that reads {self._path} ended with status {status}: {text}")


def _end(process, errors):
    """End a process, wherever it is: it changes nothing."""
    process.kill()
    for pipe in (process.stdin, process.stdout, errors):
        with contextlib.suppress(BrokenPipeError):  # of a question that it did not take
            pipe.close()
    process.wait()


class _Content:
    """A file's bytes of version 8 or 9, and where in them one is."""

    def __init__(self, path, content):
        self._path, self._content, self._place, self._wide = path, content, 4, False

    def index(self, resolution):
        """Index of the file; None for a version that is not known here."""
        version = self._number("i")
        if version not in VERSIONS:
            return None
        self._wide = version > 8
        footer, chroms = self._header()
        length = len(self._content)
        if not self._place <= footer < length:
            self._refuse(f"its index is said to be at byte {footer:,} of {length:,}: not written to its end?")
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
        if self._wide and (end := self._number("q") + self._number("q")) > len(self._content):
            self._refuse(f"its normalisation is said to end at byte {end:,} of {len(self._content):,}")
        for _ in range(2 * self._count("attributes")):
            self._text()
        chroms = []
        for _ in range(self._count("chromosomes", least=1)):
            chroms.append(self._text())
            if self._long() <= 0:
                self._refuse(f"a length of no or fewer bp for {shown(chroms[-1])}")
        for _ in range(self._count("resolutions")):
            if self._number("i") <= 0:
                self._refuse("a resolution of no or fewer bp in its header")
        return footer, chroms

    def _entries(self, chroms):
        """Both chromosomes by their numbers, place and size of every matrix."""
        size = self._long()
        if not 0 <= size <= len(self._content) - self._place:
            self._refuse(f"its index is said to take {size:,} bytes")
        entries = []
        for _ in range(self._count("matrices", least=1, most=chroms * (chroms + 1) // 2)):
            key, place, size = self._text(), self._number("q"), self._number("i")
            numbers = KEY.fullmatch(key)
            if not numbers or max(map(int, numbers.groups())) >= chroms:
                self._refuse(f"its index has a matrix {shown(key)} of {chroms:,} chromosomes")
            if place <= 0 or size <= 0 or place + size > len(self._content):
                self._refuse(f"the matrix {key} is said to be at byte {place:,}, {size:,} bytes long")
            entries.append((*map(int, numbers.groups()), place, size))
        return entries

    def _matrix(self, chrom, end, resolution):
        """Matrix of the chromosome of a number within itself; the place is at its beginning."""
        if (self._number("i"), self._number("i")) != (chrom, chrom):
            self._refuse(f"another matrix where that of chromosome {chrom} should be")
        found = Matrix()
        for _ in range(self._count("resolutions of a matrix", least=1)):
            unit, _, counts = self._text(), self._number("i"), self._number("f")
            self._skip(12)
            width = self._number("i")
            self._skip(8)
            blocks = self._count("blocks", most=(end - self._place) // BLOCK.itemsize)
            if unit not in ("BP", "FRAG") or width <= 0:
                self._refuse(f"bins of {width} {shown(unit)} in its index")
            table = np.frombuffer(self._content[self._place : self._place + blocks * BLOCK.itemsize], BLOCK)
            self._skip(blocks * BLOCK.itemsize)
            if (unit, width) == ("BP", resolution):
                ends = table["position"] + table["size"]
                bad = (table["position"] <= 0) | (table["size"] <= 0) | (ends > len(self._content))
                if bad.any():
                    self._refuse(f"a block of pixels ends at byte {ends[bad][0]:,} of {len(self._content):,}")
                found = Matrix(counts if np.isfinite(counts) else 0.0, tuple(table["position"].tolist()))
        if self._place != end:
            self._refuse(f"the matrix of chromosome {chrom} has another length than its index says")
        return found

    def _refuse(self, reason):
        raise damaged(self._path, reason)

    def _count(self, what, least=0, most=10_000_000):
        """A number of things that follow."""
        count = self._number("i")
        if not least <= count <= most:
            self._refuse(f"{count:,} {what} in it")
        return count

    def _long(self):
        """A number whose width the version decides."""
        return self._number("q" if self._wide else "i")

    def _number(self, kind):
        size = struct.calcsize(kind)
        self._skip(size)
        return struct.unpack_from(f"<{kind}", self._content, self._place - size)[0]

    def _text(self):
        end = self._content.find(b"\0", self._place)
        if end < 0:
            self._refuse("it ends within a name")
        name = self._content[self._place : end].decode(errors="replace")
        self._place = end + 1
        return name

    def _skip(self, size):
        self._place += size
        if self._place > len(self._content):
            self._refuse("it ends within its header or index")
