"""Contact maps: Juicer's `.hic` files, raw counts, streamed."""

import contextlib
import importlib.util
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from spex.errors import InputError, parameter, shown
from spex.inputs.maps.hic_process import DAMAGED
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.pixels import Part, check_counts, joined, seen_from_tss, touching
from spex.inputs.maps.settings import Reading

SCRIPT = Path(__file__).with_name("hic_process.py")
FIRST_ROWS = 2000
BAND_PIXELS = 4_000_000
"""Pixels that are read at once, about: rows of bins are taken as many at a time as hold so many."""


class HicMap:
    """One resolution of a `.hic` file, its counts as observed: no normalisation.

    Raises:
        InputError: hictkpy is not installed; damaged, or the resolution is missing (names those it has).
    """

    options = ()

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution = Path(path), resolution
        _require_library()
        told = self._ask("head")
        self.resolutions, self.chromsizes = told["resolutions"], told["chromsizes"]
        if resolution not in self.resolutions:
            raise map_error(
                path,
                f"no resolution {resolution} (it has {', '.join(map(str, self.resolutions)) or 'none in bp'})",
                hint=f"choose {parameter('resolution')} among them",
            )

    def pixel_count(self, chroms):
        """None: a file does not tell how many pixels it holds."""
        return None

    def parts(self, chrom, advance):
        """As of ContactMap; of what lies between chromosomes the counts are told, the pixels are not."""
        yield from self._bands(chrom, advance)
        yield Part(*joined([]), trans_counts=self._counts_to_others(chrom))

    def _bands(self, chrom, advance):
        """Stream a chromosome's pixels, a band of rows at a time. advance: called with the number of pixels read."""
        question = "bands", self.resolution, chrom, self.chromsizes[chrom], FIRST_ROWS, BAND_PIXELS
        with self._process(*question) as out:
            while out.peek(1):
                (count,) = _column(out, 1, np.int64)
                bin1, bin2, counts = (_column(out, count, kind) for kind in (np.int64, np.int64, np.float64))
                check_counts(self.path, counts)
                yield Part(bin1, bin2, counts)
                advance(len(counts))

    def pixels_of(self, chrom, tss_bins, advance):
        """As of ContactMap."""
        bins = -(-self.chromsizes[chrom] // self.resolution)
        is_tss = np.zeros(bins, dtype=bool)
        is_tss[tss_bins[tss_bins < bins]] = True
        kept = []
        for part in self._bands(chrom, advance):
            from1, from2 = touching(part.bin1, part.bin2, is_tss)
            kept.append(seen_from_tss(part.bin1, part.bin2, part.counts, from1, from2))
        return joined(kept)

    def depth(self, chroms, advance):
        """As of ContactMap."""
        return float(sum(part.counts.sum() for chrom in chroms for part in self._bands(chrom, advance)))

    def _counts_to_others(self, chrom):
        """Sum of the counts to the chromosomes behind this one, at the coarsest resolution, where it is the same."""
        chroms = list(self.chromsizes)
        return self._ask("others", self.resolutions[-1], chrom, *chroms[chroms.index(chrom) + 1 :])

    def _ask(self, question, *words):
        """What a question is answered with, from JSON."""
        with self._process(question, *words) as out:
            answer = out.read()
        return json.loads(answer)

    @contextlib.contextmanager
    def _process(self, question, *words):
        """The stdout of a process that answers a question, for the length of a block.

        Raises:
            InputError: the file is damaged.
        """
        command = [sys.executable, SCRIPT, question, self.path, *words]
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
            told = errors.read().decode(errors="replace").strip()
        if status == -signal.SIGKILL:
            raise MemoryError
        if status == DAMAGED:
            reason = shown(told.splitlines()[-1], 200)
            raise map_error(self.path, f"damaged or cut short ({reason})", hint="fetch or copy it again")
        if status:
            raise RuntimeError(f"the process that reads {self.path} ended with status {status}: {told}")


def _column(out, count, kind):
    """An array that a process wrote, (count,) of a dtype of eight bytes.

    Raises:
        EOFError: it ended too early.
    """
    content = out.read(8 * count)
    if len(content) < 8 * count:
        raise EOFError
    return np.frombuffer(content, kind)


def _require_library():
    if importlib.util.find_spec("hictkpy") is None:
        raise InputError(
            "hictkpy, which reads .hic files, is not installed",
            argument="maps",
            hint="get it with: pip install 'hictkpy>=1.4,<2'",
        )
