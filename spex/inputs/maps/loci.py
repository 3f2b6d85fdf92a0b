"""Predicted maps of single loci: a table of chromosome, start, end and the .npy file of the locus's matrix."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from spex.contacts.maps import Pixels
from spex.errors import shown
from spex.inputs.account import Account
from spex.inputs.choices import Reading
from spex.inputs.maps.matching import MapWithoutLengths, Spellings
from spex.inputs.maps.reader import map_error
from spex.inputs.maps.text import are_whole, first_bad, numbers_of, read_layout, read_rows
from spex.inputs.normalise import LARGEST_POSITION

ENDING = ".npy"


class LociMap(MapWithoutLengths):
    """Matrices of values of some loci, each in bins of the resolution; more is more contact, in any unit.

    The table has chromosome, start and end (0-based half-open, bp) and the path of the matrix, from the table's folder,
    in four columns. NaN stands for no value. Values are no counts: `spex.inputs.maps.values` gives them some.

    Raises:
        InputError: on reading, a row that is not so, or a file that is no square matrix of the locus's bins.
    """

    has_counts = False
    options = ()

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (as of every reader)
        self.path, self.resolution, self.resolutions = Path(path), resolution, [resolution]
        self._layout = read_layout(path)

    @property
    def chromsizes(self):
        """Where the last locus ends on each chromosome: dict of name -> bp."""
        return {name: int(loci["end"].max()) for name, loci in self._read[0].items()}

    def parts(self, chrom, advance):
        for locus in self._read[0].get(chrom, pd.DataFrame()).itertuples():
            matrix = self._matrix(locus)
            one, other = np.triu_indices(len(matrix))
            values = matrix[one, other].astype(np.float64)
            kept = ~np.isnan(values)
            first = locus.start // self.resolution
            yield Pixels(first + one[kept], first + other[kept], values[kept])
            advance(int(kept.sum()))

    def _matrix(self, locus):
        """The matrix of a row of the table."""
        path, bins = self.path.parent / locus.file, (locus.end - locus.start) // self.resolution
        try:
            matrix = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise map_error(
                self.path,
                f"{shown(locus.file)} on line {locus.line}: {shown(error, 200)}",
                expected=f"a NumPy file ({ENDING}) there, its path counted from the table's folder",
            ) from error
        if getattr(matrix, "shape", None) != (bins, bins) or matrix.dtype.kind not in "iuf":
            raise map_error(
                self.path,
                f"{shown(locus.file)} on line {locus.line} is {matrix.dtype} of shape {matrix.shape}",
                expected=f"numbers of shape ({bins}, {bins}), a row a bin of {self.resolution:,} bp of the locus",
            )
        if np.isinf(matrix).any():
            found = f"{shown(locus.file)} on line {locus.line} contains infinity"
            raise map_error(self.path, found, expected="finite numbers, or NaN for no value")
        return matrix

    @cached_property
    def _read(self):
        """Loci by the name of their chromosome, DataFrame of start, end, file and line; Account of them, in a list."""
        account, spellings, kept, reached = Account(str(self.path), "loci"), Spellings(), {}, {}
        for lines, rows in read_rows(self.path, self._layout, range(4)):
            table = pd.DataFrame({"file": rows[3].str.strip(), "line": lines})
            for place, name in ((1, "start"), (2, "end")):
                table[name] = numbers_of(self.path, f"the {name}", rows[place], lines, whole=True).astype(np.int64)
            self._check(table)
            for chrom, loci in table.groupby(rows[0].map(spellings.of).to_numpy(object), sort=False):
                last = loci.loc[loci["end"].idxmax()]
                kept.setdefault(chrom, []).append(loci)
                reached[chrom] = max(reached.get(chrom, (0, "")), (int(last["end"]), f"on line {last['line']}"))
        loci = {chrom: pd.concat(parts, ignore_index=True) for chrom, parts in kept.items()}
        rows = {chrom: len(each) for chrom, each in loci.items()}
        names = self.used(self.path, reached, rows, account, resolution=self.resolution)
        used = {ours: loci[theirs] for ours, theirs in names.items()}
        account.used += sum(map(len, used.values()))
        return used, [account]

    def _check(self, table):
        """Refuse loci that are no whole bins, and rows without a file."""
        start, end = table["start"], table["end"]
        bad = (start >= end) | (start % self.resolution != 0) | (end % self.resolution != 0) | (end > LARGEST_POSITION)
        bad |= ~table["file"].str.endswith(ENDING)
        if (row := first_bad(bad.to_numpy())) is not None:
            locus = table.iloc[row]
            raise map_error(
                self.path,
                f"{locus['start']:,} to {locus['end']:,} and '{shown(locus['file'])}' on line {locus['line']}",
                expected=f"start before end, both multiples of {self.resolution:,} bp, and the {ENDING} of the locus",
            )


def is_locus(row):
    """Whether a row is of a table of loci."""
    return len(row) == 4 and are_whole(*row[1:3]) and row[3].endswith(ENDING)
