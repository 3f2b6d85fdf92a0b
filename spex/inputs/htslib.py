"""What htslib does for variant files, by pysam: BCF, indexes and bgzip; what it would believe is bounded here first."""

import os
import struct
from contextlib import contextmanager, suppress

from spex.errors import InputError
from spex.files.bgzip import load_pysam
from spex.inputs.opening import LONGEST_LINE, check_unfolding, open_bytes

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that bgzip ends a file with."""

BLOCK_HEADER, BLOCK_SIZE, UNFOLDED_SIZE = 18, struct.Struct("<H"), struct.Struct("<I")
"""Of a block of bgzip: bytes before its content; its size less one, which ends them; and, at its end, that of what it
expands to."""

BCF_MAGIC, BCF_LENGTH = 5, struct.Struct("<I")
PIECE = 1 << 20


@contextmanager
def reading(kind, path, **options):
    """A file that pysam reads. kind: name of pysam's class. options: of that.

    Raises:
        ValueError: whatever pysam finds wrong. Its OSErrors may carry the number of an error long past.
    """
    file = None
    try:
        file = getattr(load_pysam(), kind)(os.path.abspath(path), **options)  # some relative paths are addresses to it
        yield file
        file.close()
    except (OSError, RuntimeError) as error:
        raise ValueError(str(error)) from error
    finally:
        if file is not None:
            with suppress(OSError):  # what was wrong is raised already
                file.close()


def line_of(record):
    """A record of BCF as a line of VCF."""
    return str(record).rstrip("\n").encode()


def is_bgzf(file):
    """Whether a compressed file, open at any place, is one of bgzip."""
    place = file.tell()
    try:
        file.seek(0)
        head = file.read(BLOCK_HEADER)
        if head[:2] != BGZF_END[:2] or not head[3] & 4 or head[12:14] != b"BC":
            return False
        file.seek(max(os.fstat(file.fileno()).st_size - len(BGZF_END), 0))
        if file.read() != BGZF_END:
            # cut between two blocks, it would read as a whole
            raise EOFError("the block that bgzip puts at the end is missing")
        return True
    finally:
        file.seek(place)


def check_bgzf(path, about):
    """Refuse a file of bgzip that expands without bounds; htslib has none. about: as of `open_bytes`."""
    size = unfolded = 0
    with open(path, "rb") as file:
        while len(header := file.read(BLOCK_HEADER)) == BLOCK_HEADER and header[12:14] == b"BC":
            size += BLOCK_SIZE.unpack(header[16:])[0] + 1
            file.seek(size - UNFOLDED_SIZE.size)
            if len(end := file.read(UNFOLDED_SIZE.size)) < UNFOLDED_SIZE.size:
                return
            unfolded += UNFOLDED_SIZE.unpack(end)[0]
    check_unfolding(size, unfolded, about)


def rows_of_bcf(file, about):
    """Go through BCF, as a stream of bytes, before htslib does, which keeps each record whole. Yields: rows so far.

    about: argument and subject of errors. What is cut short is left to htslib, which says so.
    """
    records = 0
    file.read(BCF_MAGIC)
    lengths = _lengths(file, 1)
    while lengths:
        if sum(lengths) > LONGEST_LINE:
            raise InputError(
                f"{sum(lengths) >> 20:,} MB in {f'row {records}' if records else 'the header'}",
                **about,
                expected=f"at most {LONGEST_LINE >> 20} MB",
                hint="check how it was written or concatenated",
            )
        for length in lengths:
            while length > 0 and (piece := file.read(min(length, PIECE))):
                length -= len(piece)  # noqa: PLW2901
        yield records
        records += 1
        lengths = _lengths(file, 2)


def check_index(path, about):
    """Refuse an index that expands without bounds: htslib keeps all of it."""
    with open_bytes(path, about, lines=False) as file:
        while file.read(PIECE):
            pass


def _lengths(file, count):
    """The next numbers of bytes in a BCF file: list; empty at its end."""
    read = file.read(count * BCF_LENGTH.size)
    return [each for (each,) in BCF_LENGTH.iter_unpack(read)] if len(read) == count * BCF_LENGTH.size else []


def convert_to_bcf(vcf, bcf):
    """Write a file of VCF as BCF by bcftools: pysam's own writer adds END to symbolic alleles, declared or not."""
    pysam = load_pysam()
    from pysam import bcftools  # noqa: PLC0415 (an extra)

    arguments = ("--no-version", "-O", "b", "-o", os.path.abspath(bcf), os.path.abspath(vcf))
    try:
        bcftools.view(*arguments, catch_stdout=False)
    except pysam.SamtoolsError as error:
        raise ValueError(str(error)) from error
