"""Stretches of the genome as base codes, with N past the ends of a chromosome."""

import contextlib
import string
from pathlib import Path

import numpy as np
import pyfaidx

from expecto.network import BASES, UNKNOWN
from spex.errors import InputError, shown
from spex.files.atomic import beside, is_read_only, temporary_path
from spex.inputs.identify import COMPRESSED, GZIPPED, OF_NO_KIND, Format, identify, look, take
from spex.inputs.swapped import others

LINE_ENDS = 64
"""Bytes looked at at both ends of a sequence's first line: an index may have taken blanks there for bases."""

BEHIND_RECORD = 64
"""Bytes looked at after a sequence for the next one's header; empty lines may precede it."""


LETTERS = string.ascii_letters.encode() + b"-*"
"""Bytes that can be a base in a FASTA file; all others in a sequence would shift the bases after them."""

NO_LETTER = 255


def _code_of_byte():
    """The base code of every byte, 256 bytes; NO_LETTER where no base can be meant."""
    codes = np.full(256, NO_LETTER, dtype=np.uint8)
    codes[list(LETTERS)] = UNKNOWN
    for code, base in enumerate(BASES):
        codes[[ord(base), ord(base.lower())]] = code
    return codes.tobytes()


CODE_OF_BYTE = _code_of_byte()

FORMATS = (
    Format("FASTA", lambda seen: seen.head.startswith(b">")),
    *others("genome"),
    Format(
        "compressed FASTA",
        lambda seen: seen.kind in COMPRESSED.values(),
        lambda seen: f"decompress it with: {'gunzip --keep' if seen.kind == GZIPPED else 'its own tool,'} {seen.path}",
        found=lambda seen: f"compressed ({seen.kind})",
    ),
    Format("another file", lambda seen: True, take(None), found=lambda seen: seen.kind or OF_NO_KIND),
)


class Genome:
    """An indexed FASTA file.

    path: FASTA, not compressed. spare_index: where the index goes when the genome's folder cannot be written to.

    Raises:
        InputError: the file is compressed, is not FASTA, has no sequence, or anything but letters in one.
    """

    def __init__(self, path, spare_index):
        self.path = Path(path)
        index = _whole_index(Path(path), Path(spare_index))
        self._fasta = pyfaidx.Fasta(str(path), indexname=str(index), as_raw=True, rebuild=False)
        self.chromsizes = {name: len(self._fasta[name]) for name in self._fasta.keys()}  # noqa: SIM118 (no mapping)

    def codes(self, chrom, start, end):
        """Base codes of a stretch.

        start, end: 0-based half-open, in bp; may reach past either end of the chromosome.
        Returns: (end - start,) uint8: positions in `expecto.network.BASES`; `UNKNOWN` for any other letter and outside
        the chromosome.

        Raises:
            InputError: a byte there is no letter (an index from elsewhere may take blanks for bases).
        """
        first, last = max(start, 0), min(end, self.chromsizes[chrom])
        if first >= last:
            return np.full(end - start, UNKNOWN, dtype=np.uint8)
        letters = self._fasta[chrom][first:last]  # pyfaidx wraps a negative start and shortens at the end, silently
        coded = bytearray(letters.encode()).translate(CODE_OF_BYTE)
        if NO_LETTER in coded:
            _check_letters(self.path)
            raise _error(self.path, "its index (.fai) does not fit it", hint="delete the index")
        codes = np.frombuffer(coded, np.uint8)
        if (first, last) == (start, end):
            return codes
        return np.pad(codes, (first - start, end - last), constant_values=UNKNOWN)

    def close(self):
        self._fasta.close()


def chromsizes_of(path, spare_index):
    """Lengths of a genome's chromosomes, name -> bp; the rest as of Genome."""
    with contextlib.closing(Genome(path, spare_index)) as genome:
        return genome.chromsizes


def _error(path, found, **parts):
    """An InputError about the genome. parts: as of InputError."""
    return InputError(found, argument="genome", subject=path, **parts)


def _whole_index(path, spare_index):
    """A FASTA index that belongs to the genome: the one beside it, or one made now that appears whole."""
    identify(FORMATS, look(path), {"argument": "genome", "subject": path}, "FASTA, which starts with '>'")
    own_index = beside(path, ".fai")
    for index in (own_index, spare_index):
        if _fits(index, path):
            return index
    try:
        return _build_index(path, own_index)
    except OSError as error:
        if not is_read_only(error):
            raise
        spare_index.parent.mkdir(parents=True, exist_ok=True)
        return _build_index(path, spare_index)


def _fits(index, path):
    """Whether an index belongs to the genome: its records lie end to end, each after a header line with its name."""
    try:
        records = [line.split("\t") for line in index.read_text().split("\n")[:-1]]
        if index.stat().st_mtime < path.stat().st_mtime:
            return False
        position = 0
        with open(path, "rb") as file:
            for name, *numbers in records:
                position = _end_of_record(file, position, name, *map(int, numbers))
        return position == path.stat().st_size > 0
    except (OSError, TypeError, ValueError, ZeroDivisionError):
        return False


def _end_of_record(file, position, name, length, offset, bases, width):
    """Where the next record begins in a FASTA file, when this one begins at `position` and is as its index says.

    length: bp. offset: of the first base in the file. bases, width: of a line, without and with its end.
    """
    file.seek(position)
    header = file.readline()
    if not header.startswith(b">") or header[1:].split()[:1] != [name.encode()] or file.tell() != offset:
        raise ValueError("no such header")
    for place in (offset, max(offset, offset + min(bases, length) - LINE_ENDS)):  # of the first line
        file.seek(place)
        if file.read(min(LINE_ENDS, bases, length)).translate(None, LETTERS):
            raise ValueError("more than letters counted as bases")
    file.seek(offset + bases)
    if length > bases and file.read(width - bases) not in (b"\n", b"\r\n"):
        raise ValueError("lines of another width")
    lines, rest = divmod(length - 1, bases)
    last = offset + lines * width + rest
    file.seek(last)
    base, behind = file.read(1), file.read(BEHIND_RECORD)
    following = behind.lstrip(b"\r\n")
    if base in b"\r\n" or (behind and following == behind) or (following and not following.startswith(b">")):
        raise ValueError("the sequence ends elsewhere")
    return last + 1 + len(behind) - len(following)


def _check_letters(path):
    """Refuse a FASTA file in which anything but letters stands within a sequence; pyfaidx counts it as bases."""
    name = ""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            content = line.rstrip(b"\r\n")
            if line.startswith(b">"):
                if b"\r" in content:
                    hint = f"convert it with: tr '\\r' '\\n' < {path} > new.fa"
                    raise _error(path, "its lines end in CR alone, as on old Macs", expected="LF or CR LF", hint=hint)
                name = " ".join(line[1:].decode(errors="replace").split()[:1])
            elif foreign := content.translate(None, LETTERS):
                what = "white space" if foreign[:1].isspace() else f"byte 0x{foreign[0]:02x}, which is no letter,"
                raise _error(
                    path,
                    f"not usable as FASTA: {what} within the sequence of {shown(name)}, line {number}",
                    expected="bases alone",
                    hint="take it out, or fetch the genome again",
                )


def _build_index(path, index):
    _check_letters(path)
    temporary = temporary_path(index)
    try:
        temporary.touch(exist_ok=False)  # fails here, without a message of pyfaidx, where nothing can be written
        temporary.unlink()
        pyfaidx.Faidx(str(path), indexname=str(temporary), rebuild=False).close()
        temporary.replace(index)
    except (pyfaidx.FastaIndexingError, pyfaidx.UnsupportedCompressionFormat, RuntimeError, ValueError) as error:
        raise _error(path, f"not usable as FASTA ({shown(error, 200)})") from error
    except OSError as error:
        if error.errno is None and isinstance(error.__context__, OSError):
            raise error.__context__ from None  # pyfaidx puts its own in the place of the one about a full disk
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return index
