"""Contact maps: Juicer's `.hic` files, raw counts, streamed."""

import contextlib
import importlib.util
import json
import logging
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from spex.contacts.maps import MapReader, Pixels
from spex.errors import InputError, parameter, shown
from spex.inputs.account import Account
from spex.inputs.agree import some_of
from spex.inputs.maps.hic_index import DamagedIndexError, Matrix, read_index
from spex.inputs.maps.hic_process import DAMAGED
from spex.inputs.maps.reader import Reading, check_counts, damaged, map_error, whole_where_near

SCRIPT = Path(__file__).with_name("hic_process.py")
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
FIRST_ROWS = 2000
SUM_TOLERANCE = 1e-4
BAND_PIXELS = 4_000_000
"""Pixels that are read at once, about: rows of bins are taken as many at a time as have so many."""

logger = logging.getLogger("spex")


class HicMap(MapReader):
    """One resolution of a `.hic` file, its counts as observed: no normalisation.

    Raises:
        InputError: hictkpy is not installed; damaged, or the resolution is missing (names those it has).
    """

    options = ()

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution, self._met = Path(path), resolution, {}
        if importlib.util.find_spec("hictkpy") is None:
            raise InputError(
                "hictkpy, which reads .hic files, is not installed",
                argument="maps",
                hint="get it with: pip install 'hictkpy>=1.4,<2'",
            )
        try:
            self._index = read_index(self.path, resolution)
        except DamagedIndexError as error:
            raise damaged(self.path, error) from error
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
        question = "bands", self.resolution, chrom, self.chromsizes[chrom], FIRST_ROWS, BAND_PIXELS
        pixels, total, diagonal = 0, 0.0, 0.0
        with self._process(*question) as out:
            while out.peek(1):
                (count,) = _column(out, 1, np.int64)
                bin1, bin2, counts = (_column(out, count, kind) for kind in (np.int64, np.int64, np.float64))
                counts = whole_where_near(counts)  # which the file has as float32
                check_counts(self.path, counts, np.float32)
                pixels, total = pixels + count, total + counts.sum()
                diagonal += counts[bin1 == bin2].sum()
                yield Pixels(bin1, bin2, counts)
                advance(len(counts))
        self._met[chrom] = int(pixels)
        self._check_sum(chrom, pixels, total, diagonal)

    def all_parts(self, chrom, advance):
        """As of MapReader; of the pixels between chromosomes the counts alone are known."""
        yield from self.parts(chrom, advance)
        nothing = np.empty(0, np.int64)
        yield Pixels(nothing, nothing, np.empty(0), trans_counts=self._counts_to_others(chrom))

    def accounts(self):
        """As of MapReader; what was not read is not counted, which a .hic does not say."""
        account = Account(str(self.path), "pixels", sum(self._met.values()))
        known = self.chromsizes
        if self._index:
            known = [name for name, each in self._index.matrices.items() if each.blocks]
        others = [chrom for chrom in known if chrom not in self._met]
        if others:
            account.notes.append(
                f"pixels on {len(others):,} chromosomes without genes ({some_of(others)}) are left out"
            )
        account.notes.append("pixels between chromosomes are not counted")
        return [account]

    def _check_sum(self, chrom, pixels, total, diagonal):
        """Compare what was read of a chromosome with what the index says of it.

        Juicer writes the sum of a symmetric matrix, with counts off the diagonal twice; hictk that of the pixels.
        """
        if self._index is None:
            return
        indexed = self._matrix_of(chrom)
        if indexed.blocks and indexed.counts > 0 and not pixels:
            found = f"no pixel of {shown(chrom)}, where its index has counts of {indexed.counts:,.0f}"
            raise damaged(self.path, found)
        sums = np.array([total, 2 * total - diagonal])
        if indexed.counts > 0 and not np.isclose(sums, indexed.counts, rtol=SUM_TOLERANCE).any():
            logger.warning(
                "%s: the counts of %s add up to %s, its index says %s: it is damaged, or its writer adds up otherwise",
                *(self.path, shown(chrom), f"{total:,.0f}", f"{indexed.counts:,.0f}"),
            )

    def _matrix_of(self, chrom):
        return self._index.matrices.get(chrom, Matrix(0.0, 0))

    def _counts_to_others(self, chrom):
        """Sum of the counts to the chromosomes behind this one, at the coarsest resolution, where it is the same."""
        chroms = list(self.chromsizes)
        others = chroms[chroms.index(chrom) + 1 :]
        if self._index:
            others = [other for other in others if (chrom, other) in self._index.between]
        return self._ask("others", self.resolutions[-1], chrom, *others) if others else 0.0

    def _ask(self, question, *parameters):
        """The answer to a question, from JSON."""
        with self._process(question, *parameters) as out:
            answer = out.read()
        return json.loads(answer)

    @contextlib.contextmanager
    def _process(self, question, *parameters):
        """The stdout of a process that answers a question, for the length of a block.

        Raises:
            InputError: the file is damaged.
        """
        command = [sys.executable, SCRIPT, question, self.path, *parameters]
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=errors) as process,
        ):
            try:
                yield process.stdout
                status = process.wait()
            except EOFError:
                process.stdout.close()
                status = process.wait()
                if not status:
                    raise
            finally:
                process.kill()
            errors.seek(0)
            text = errors.read().decode(errors="replace").strip()
        if status == -signal.SIGKILL:
            raise MemoryError
        if status == DAMAGED or -status in CRASHES:
            raise damaged(self.path, text.splitlines()[-1] if status == DAMAGED and text else "its reader crashed")
        if status:
            raise RuntimeError(f"the process that reads {self.path} ended with status {status}: {text}")


def _column(out, count, kind):
    """An array that a process wrote, (count,) of a dtype of eight bytes.

    Raises:
        EOFError: it ended too early.
    """
    content = out.read(8 * count)
    if len(content) < 8 * count:
        raise EOFError
    return np.frombuffer(content, kind)
