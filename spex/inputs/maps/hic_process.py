"""Reads a `.hic` file in a process of its own, which answers questions until its stdin ends.

    python hic_process.py FILE

A question is a line of JSON on stdin, its name and what it is about; the answer goes to stdout, all numbers in the
machine's byte order:

    ["head"]                                           resolutions and chromosomes, JSON
    ["others", RESOLUTION, CHROM, OTHER, ...]          counts between CHROM and the others, JSON
    ["pixels", RESOLUTION, CHROM, LENGTH, PIECE, ALL]  pixels of CHROM, LENGTH bp long, in pieces of about PIECE

JSON comes after its length, int64. A piece is its number of pixels n, int64, and three arrays (n,): both bins, int32,
and the counts, float32 as the file has them; -1 follows the last one. With ALL true the library reads the chromosome
as one array, at 20 bytes a pixel; else it goes from pixel to pixel, which takes twice as long and next to no memory.

It is started by `spex.inputs.maps.hic` as a script, needs nothing else of this package, and reports a damaged file in
one line on stderr, with status `DAMAGED`. Its end is that of its stdin, so that it outlives nobody; Ctrl-C is for the
process that asks.
"""

import atexit
import functools
import json
import os
import signal
import sys
from itertools import islice
from operator import attrgetter

import numpy as np

DAMAGED = 3
OBJECTS = 1000
"""The library's pixels that there are at once: so many stay in a processor's cache."""

COLUMNS = {"bin1_id": np.int32, "bin2_id": np.int32, "count": np.float32}


def load():
    """hictkpy, without a thread of its own.

    From its import to the end of the process hictkpy 1.4.0 keeps a core busy with waiting for messages of its log. What
    it leaves to be done at the end, which ends that thread, is done here; nobody reads its log.
    """
    left, register = [], atexit.register
    atexit.register = left.append
    try:
        import hictkpy  # noqa: PLC0415
    finally:
        atexit.register = register
    for end in left:
        end()
    return hictkpy


class Questions:
    """What can be asked about a file. library: hictkpy."""

    def __init__(self, library, path):
        self._library, self._path = library, path
        self._file = functools.cache(functools.partial(library.File, path))

    def head(self):
        resolutions = sorted(int(each) for each in self._library.MultiResFile(self._path).resolutions())
        chroms = self._file(resolutions[0]).chromosomes() if resolutions else {}
        return {"resolutions": resolutions, "chromsizes": {name: int(length) for name, length in chroms.items()}}

    def others(self, resolution, chrom, *names):
        file = self._file(resolution)
        return float(sum(file.fetch(chrom, other, count_type="float64").sum() for other in names))

    def pixels(self, resolution, chrom, length, piece, at_once):
        """Yield the columns of each piece."""
        file = self._file(resolution)
        found = file.fetch(f"{chrom}\t0\t{length}", count_type="float32", query_type="BED")
        if at_once:
            matrix = found.to_coo()
            for first in range(0, matrix.nnz, piece):
                yield [column[first : first + piece] for column in (matrix.row, matrix.col, matrix.data)]
            return
        first, pixels = file.bins().get_id(chrom, 0), iter(found)
        while some := [each for each in (_columns(pixels) for _ in range(-(-piece // OBJECTS))) if len(each[0])]:
            bin1, bin2, counts = map(np.concatenate, zip(*some, strict=True))
            yield bin1 - first, bin2 - first, counts


def _columns(pixels):
    """The columns of the next of the library's pixels; they end without any."""
    some = list(islice(pixels, OBJECTS))
    return [np.fromiter(map(attrgetter(name), some), kind, len(some)) for name, kind in COLUMNS.items()]


def answer(questions, name, words, out):
    if name != "pixels":
        text = json.dumps(getattr(questions, name)(*words)).encode()
        out.write(np.int64(len(text)).tobytes() + text)
        return
    for columns in questions.pixels(*words):
        out.write(np.int64(len(columns[0])).tobytes())
        for column, kind in zip(columns, COLUMNS.values(), strict=True):
            out.write(np.ascontiguousarray(column, kind))
    out.write(np.int64(-1).tobytes())


def main(path):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # whatever the library prints stays out of the way
        questions = Questions(load(), path)
        for line in sys.stdin:
            name, *words = json.loads(line)
            try:
                answer(questions, name, words, out)
                out.flush()
            except BrokenPipeError:
                raise
            except Exception as error:  # the library raises whatever its C++ does, std::bad_alloc too
                print((str(error) or type(error).__name__).replace("\n", " "), file=sys.stderr)
                return DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
