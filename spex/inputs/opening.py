"""A user's file as bytes or text: any compression, by its content; UTF-8; lines and sizes within bounds.

Whatever is wrong with the bytes is raised here, as one InputError, for every format alike.
"""

import bz2
import contextlib
import gzip
import io
import lzma
import zlib

from spex.errors import InputError, shown
from spex.inputs.identify import COMPRESSED, LONGEST, kind_of, recognise

OPENERS = dict(zip(COMPRESSED.values(), (gzip.open, bz2.open, lzma.open), strict=True))
DAMAGED = (EOFError, zlib.error, lzma.LZMAError)
"""What decompression raises for damaged content, beside OSErrors without a number."""

LONGEST_LINE = 64 << 20
"""Bytes; a row of the largest cohorts' VCF takes a third of it."""

UNFOLDED = 64 << 20
MOST_UNFOLDING = 200
"""Past `UNFOLDED` bytes, content that is so many times as large as its compressed form is meant to fill memory; tables
and sequence reach 20."""

PIECE = 1 << 17


class _Bounded(io.RawIOBase):
    """Bytes of a stream, up to a line that is too long or content that expands too far.

    stream: of the content. kind: of the file, as text, None for one that is not known. packed: the file that the
    stream is decompressed from, or None. about: argument and subject of errors. lines: whether it has lines.
    """

    def __init__(self, stream, kind, packed, about, lines):
        self.kind, self.packed = kind, packed
        self._stream, self._about, self.lines = stream, about, lines
        self._line = self._size = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        piece = self._stream.read1(min(len(buffer), PIECE))  # as far as it goes where the rest is cut off
        buffer[: len(piece)] = piece
        self._size += len(piece)
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._line = len(piece) - 1 - end if end >= 0 else self._line + len(piece)
        if self.lines and self._line > LONGEST_LINE:
            raise InputError(
                f"a line of more than {LONGEST_LINE >> 20} MB",
                **self._about,
                expected="text in lines",
                hint="check how it was written or concatenated",
            )
        if self.packed:
            check_unfolding(self.packed.tell(), self._size, self._about)
        return len(piece)

    def close(self):
        self._stream.close()
        super().close()


def check_unfolding(packed, size, about):
    """Refuse `packed` bytes that expand to `size` bytes, so many more that they are meant to fill memory."""
    if size > max(UNFOLDED, MOST_UNFOLDING * packed):
        raise InputError(
            f"{packed >> 10:,} kB of it expand to more than {size >> 20:,} MB",
            **about,
            expected=f"a file whose content is less than {MOST_UNFOLDING} times as large",
            hint="decompress it first if it is right as it is",
        )


@contextlib.contextmanager
def open_bytes(path, about, where=str, *, lines=True):
    """The content of a file, decompressed, for the length of a block: a binary file.

    about: argument and subject of errors. where: function that gives the place in the file, as text. lines: whether
    it is text, whose lines are bounded. The file's `raw.kind` is what it is, and `raw.packed` what it is decompressed
    from.
    """
    with contextlib.ExitStack() as stack:
        with readable(about):
            file = stack.enter_context(open(path, "rb"))
            kind = kind_of(file.read(LONGEST))
            file.seek(0)
            opener = OPENERS.get(kind)
            stream = stack.enter_context(opener(file, "rb")) if opener else file
            raw = _Bounded(stream, kind, opener and file, about, lines)
            bounded = stack.enter_context(io.BufferedReader(raw, PIECE))
        with readable(about, where):
            yield bounded


def beginning(path, size):
    """The first bytes of a file's content, decompressed: `size` of them, or as many as can be read."""
    head = b""
    with contextlib.suppress(InputError), open_bytes(path, {}) as file:  # the reader raises it later
        while len(head) < size and (piece := file.read1(size - len(head))):
            head += piece
    return head


@contextlib.contextmanager
def open_text(path, about, *, expected=None, newline=""):
    """The content of a file as UTF-8 text, with or without a byte order mark; else as `open_bytes`.

    expected: as text, for errors. newline: as of `open`.

    Raises:
        InputError: also text in another encoding.
    """
    try:
        with open_bytes(path, about) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline=newline) as text:
            yield text
    except UnicodeDecodeError as error:
        kind = recognise(path)
        kind = None if kind in OPENERS else kind
        raise InputError(
            f"not UTF-8 text ({kind or f'byte 0x{error.object[error.start]:02x} in it'})",
            **about,
            expected=expected,
            hint="save it as text in UTF-8 (in a spreadsheet: CSV UTF-8)",
        ) from error


@contextlib.contextmanager
def readable(about, where=str, damaged=DAMAGED):
    """A block in which damaged content is raised as the user's input: `damaged` errors, and OSErrors without a number.

    where: as of `open_bytes`.
    """
    try:
        yield
    except InputError:
        raise
    except (*damaged, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk; gzip and bz2 raise others
            raise
        place = where()
        raise InputError(
            f"damaged or cut short{f' {place}' if place else ''} ({shown(error)})",
            **about,
            expected="a whole file",
            hint="fetch or copy it again",
        ) from error
