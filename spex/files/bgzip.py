"""Files of bgzip, which are packed in blocks, and tabix's indexes of them, by pysam."""

import errno
import os
from array import array
from contextlib import contextmanager

import numpy as np

from spex.errors import InputError, not_installed, shown
from spex.files.atomic import beside, remove_where_allowed, temporary_path

MOST_BASES = 1 << 29
"""Of a chromosome, in tabix's index."""


def load_pysam(does="reads BCF and regions and writes compressed copies", argument="variants"):
    """pysam, which comes with an extra; htslib prints nothing beside what it raises.

    does, argument: of the error where it is not installed.
    """
    try:
        import pysam  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("pysam", does, "variants", argument=argument) from error
    pysam.set_verbosity(0)
    return pysam


@contextmanager
def open_bgzf(target_path, path):
    """A file that is written as bgzip does. target_path: what errors name. path: of the file."""
    with _named_errors(target_path), load_pysam().BGZFile(os.path.abspath(path), "wb") as file:
        yield file


@contextmanager
def _named_errors(path):
    """Give errors of pysam, which does not say what the disk said, a number and the path of a file."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise OSError(errno.EIO, str(error), str(path)) from error


def write_by_place(path, table_path, places, zero_based):
    """Write the lines of a table in the order of the genome, as bgzip does, and tabix's index beside it.

    path: of the file; its index is `<path>.tbi`. table_path: text between tabs with a header. places: names of its
    columns of chromosome, start and end, where the last two may be one. zero_based: whether these are 0-based half-open
    and not 1-based inclusive. Memory: 50 bytes a line. Both files appear whole; until the index does, there is none.

    Raises:
        InputError: a line ends past `MOST_BASES`.
    """
    with open(table_path, "rb") as table:
        header = table.readline()
        fields = header.decode().rstrip("\n").split("\t")
        chrom, start, end = map(fields.index, places)
        numbers, chroms, starts, begins = {}, array("q"), array("q"), array("q", [table.tell()])
        for line in table:
            values = line.split(b"\t", max(chrom, start, end) + 1)
            chroms.append(numbers.setdefault(values[chrom], len(numbers)))
            starts.append(int(values[start]))
            if int(values[end]) > MOST_BASES:
                found = f"{shown(values[chrom].decode(errors='replace'))} with a place at {int(values[end]):,} bp"
                hint = "choose another, such as tsv"
                raise InputError(found, argument="format", expected=f"places up to {MOST_BASES:,} for tabix", hint=hint)
            begins.append(begins[-1] + len(line))
        rank = np.empty(len(numbers), np.int64)
        rank[[numbers[name] for name in sorted(numbers, key=lambda name: (len(name), name))]] = np.arange(len(numbers))
        index_path = beside(path, ".tbi")
        packed, index = temporary_path(path), temporary_path(index_path)
        try:
            with open_bgzf(path, packed) as file:
                file.write(header)
                for number in np.lexsort((starts, rank[chroms])):
                    table.seek(begins[number])
                    file.write(table.read(begins[number + 1] - begins[number]))
            options = {"seq_col": chrom, "start_col": start, "end_col": end, "line_skip": 1, "meta_char": "\0"}
            with _named_errors(path):
                load_pysam().tabix_index(str(packed), zerobased=zero_based, index=str(index), force=True, **options)
            remove_where_allowed(index_path)
            os.replace(packed, path)
            os.replace(index, index_path)
        finally:
            for each in (packed, index):
                each.unlink(missing_ok=True)
