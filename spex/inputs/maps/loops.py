"""Contacts from text: loops and interactions (BEDPE, FitHiChIP's tables), and triplets of two bins and a count."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from spex.errors import parameter, shown
from spex.inputs.account import Account
from spex.inputs.maps.both_ways import count_once
from spex.inputs.maps.chroms import Spellings
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.pixels import Part, joined, seen_from_tss, touching
from spex.inputs.maps.settings import Reading
from spex.inputs.maps.text import numbered, numbers_of, read_layout, read_rows

COUNT_NAMES = ("cc", "count", "counts", "rawcount", "observed", "petcount", "pets", "contactcount", "readcount")
"""Headings, in small letters and without _ - . and blanks, of columns that hold raw counts, whatever wrote them: cc is
FitHiChIP's, observed HiCCUPS'. score, value and the like may be anything."""

PAIRS_AT_ONCE = 4_000_000
LARGEST_POSITION = 2**31 - 1
ROW = np.dtype([(name, np.int32) for name in ("first1", "last1", "first2", "last2")] + [("count", np.float64)])
"""A row of a table: the first and the last position of either stretch, in bp and then in bins, and the count."""

UNKNOWN = (".", "")
"""What stands in the place of a chromosome where an anchor is not known."""

logger = logging.getLogger("spex")


class TextContacts:
    """Contacts between pairs of stretches within chromosomes, as a table of text has them, held in 24 bytes a row.

    Formats are its subclasses: `_find_count` says which column holds the count, `_read_stretches` where a row's two
    stretches lie. The file is read when its pixels are first asked for.

    Raises:
        InputError: no column is known to hold the count; on reading, also a row that is not as the format has it, or a
            contact past the end of a chromosome.
    """

    options = ("count_column",)
    chromsizes = None
    columns = ()
    """Places of the columns of a row's two stretches."""
    chromosomes = (0, 0)
    """Places of the columns that name the chromosome of either."""

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution = Path(path), resolution
        self._chosen = reading.count_column
        self._layout = read_layout(path)
        header, first = self._layout.header, self._layout.first
        if header and len(header) != len(first):
            raise map_error(path, f"{len(header)} columns in its header, {len(first)} in its first row")
        self._count = self._find_count()
        self.resolutions, self._chromosomes, self._tables, self._account = [resolution], None, None, None

    def fit(self, chromosomes):
        """Say before anything is read which chromosomes there are, and where they end; without it names are the file's.

        chromosomes: Chromosomes.
        """
        self._chromosomes = chromosomes

    @property
    def ends(self):
        """Where the last bin with a contact ends on each chromosome: dict of name -> bp."""
        return {
            name: (int(max(table["last1"].max(), table["last2"].max())) + 1) * self.resolution
            for name, table in self._by_chromosome().items()
        }

    def pixel_count(self, chroms):
        """None: a table does not tell how many pixels its rows stand for."""
        return None

    def pixels_of(self, chrom, tss_bins, advance):
        """As of ContactMap; loops that give the same pair of bins are added."""
        table = self._table(chrom)
        if table is None or not len(tss_bins):
            return joined([])
        bins = int(max(table["last1"].max(), table["last2"].max(), tss_bins.max())) + 1
        is_tss = np.zeros(bins, dtype=bool)
        is_tss[tss_bins] = True
        before = np.concatenate([[0], np.cumsum(is_tss)])  # TSS bins in front of each bin
        met = before[table["last1"] + 1] > before[table["first1"]]
        met |= before[table["last2"] + 1] > before[table["first2"]]
        kept = []
        for bin1, bin2, counts in _pairs(table[met]):
            kept.append(seen_from_tss(bin1, bin2, counts, *touching(bin1, bin2, is_tss)))
            advance(len(bin1))
        return _summed(*joined(kept))

    def parts(self, chrom, advance):
        """As of ContactMap; rows between chromosomes are counted by `accounts` alone."""
        table = self._table(chrom)
        for bin1, bin2, counts in _pairs(table) if table is not None else ():
            yield Part(*_summed(bin1, bin2, counts))
            advance(len(bin1))

    def depth(self, chroms, advance):
        """As of ContactMap."""
        return float(sum(part.counts.sum() for chrom in chroms for part in self.parts(chrom, advance)))

    def accounts(self):
        """As of ContactMap; of rows."""
        self._by_chromosome()
        return [self._account]

    def _table(self, chrom):
        """Rows of a chromosome, ROW (n,), or None where it has none."""
        return self._by_chromosome().get(chrom)

    def _by_chromosome(self):
        if self._tables is None:
            self._tables = self._read()
        return self._tables

    def _read(self):
        """Read the file, and take account of its rows. Returns: name of a chromosome -> ROW (n,)."""
        account, spellings, kept, reached = Account(str(self.path)), Spellings(), {}, {}
        for all_lines, all_rows in read_rows(self.path, self._layout, sorted({*self.columns, self._count})):
            chroms, within = self._within_chromosomes(all_rows, spellings, account)
            lines, rows, chroms = all_lines[within], all_rows[within], chroms[within]
            *stretches, ends = self._read_stretches(rows, lines)
            counts = numbers_of(
                self.path, f"the count, column {self._count + 1},", rows[self._count], lines, whole=self._chosen is None
            )
            table = np.empty(len(rows), ROW)
            for name, values in zip(ROW.names, (*stretches, counts), strict=True):
                table[name] = values
            codes, names = pd.factorize(chroms)
            for code, name in enumerate(names):
                mine = np.flatnonzero(codes == code)
                last = mine[np.argmax(ends[mine])]
                kept.setdefault(name, []).append(table[mine])
                reached[name] = max(reached.get(name, (0, "")), (int(ends[last]), f"on line {lines[last]}"))
        if not kept:
            others = ", ".join(f"{number:,} {reason}" for reason, number in account.left_out.items())
            raise map_error(
                self.path,
                f"no contact within a chromosome in it{f': {others}' if others else ''}",
                expected="a row for each contact",
            )
        twice = [f"{shown(name)} is also called {shown(other)}" for name, other in spellings.twice.items()]
        if twice:
            account.notes.append(", ".join([*twice[:3], *(["..."] if len(twice) > 3 else [])]))
        return self._finished(kept, reached, account)

    def _within_chromosomes(self, rows, spellings, account):
        """Chromosome of each row by one name, object (n,), and which rows lie within one, bool (n,)."""
        written = pd.unique(pd.concat([rows[place] for place in sorted({*self.chromosomes})]))
        names = {each: spellings.of(each) for each in written if each.strip() not in UNKNOWN}
        one, other = (rows[place].map(names).to_numpy(object) for place in self.chromosomes)
        known = pd.notna(one) & pd.notna(other)
        within = known & (one == other)
        account.leave_out("with an anchor that is not known", (~known).sum())
        account.leave_out("between chromosomes", (known & ~within).sum())
        return one, within

    def _finished(self, kept, reached, account):
        """Rows of the genes' chromosomes, or of all where none are known, in bins; and the account of the file."""
        names = {name: name for name in kept}
        if self._chromosomes:
            names = self._chromosomes.match(self.path, reached, resolution=self.resolution)
        tables = {}
        for name, parts in kept.items():
            known = next((ours for ours, theirs in names.items() if theirs == name), None)
            reason = self._left_out(known)
            if reason is None:
                tables[known] = np.concatenate(parts)
            else:
                account.leave_out(reason, sum(map(len, parts)), [name])
        tables, again, both = count_once(tables)
        account.leave_out("the other way round, of pairs that stand in both directions and count once", again)
        if both:
            account.notes.append(f"{both:,} pairs stand in both directions, their counts are added")
        for table in tables.values():
            for name in ROW.names[:-1]:
                table[name] //= self.resolution
        account.used = sum(map(len, tables.values()))
        without = sum(int((table["count"] == 0).sum()) for table in tables.values())
        if without:
            account.notes.append(f"{without:,} of the rows used have a count of 0")
        self._account = account
        return tables

    def _left_out(self, chrom):
        """Why rows of a chromosome are left out; None where they are used. chrom: its name here, None without."""
        if not self._chromosomes:
            return None
        if chrom is None and self._chromosomes.sizes:
            return f"on chromosomes that {self._chromosomes.source} lacks"
        return None if chrom in self._chromosomes.names else "on chromosomes without genes"

    def _positions(self, rows, place, what, lines):
        values = numbers_of(self.path, f"{what}, column {place + 1},", rows[place], lines, whole=True)
        if (values > LARGEST_POSITION).any():
            line = lines[np.argmax(values > LARGEST_POSITION)]
            raise map_error(self.path, f"{what} on line {line} is {values.max():,.0f}", expected="a position in bp")
        return values

    def _column_given(self):
        """Place of the column that was chosen to hold the count, or None without one."""
        chosen, header = self._chosen, self._layout.header
        if chosen is None:
            return None
        if isinstance(chosen, str) and chosen not in (header or ()):
            found = f"its header has {', '.join(map(shown, header))}" if header else "it has no header"
        elif isinstance(chosen, int) and chosen > len(self._layout.first):
            found = f"it has {len(self._layout.first)} columns"
        else:
            place = header.index(chosen) if isinstance(chosen, str) else chosen - 1
            if place not in self.columns:
                return place
            found = f"that column says where a contact lies; the first row is {numbered(self._layout.first)}"
        raise map_error(
            self.path, f"{parameter('count_column')} {shown(chosen)}: {found}", expected="the column of the count"
        )


class LoopMap(TextContacts):
    """Loops as BEDPE has them: chrom1 start1 end1 chrom2 start2 end2, then other columns, one of which is the count.

    A loop stands for every pair of bins that its two anchors overlap, each once, with the loop's count; loops between
    chromosomes are left out. Anchors are 0-based half-open.
    """

    columns = (0, 1, 2, 3, 4, 5)
    chromosomes = (0, 3)

    def _find_count(self):
        given = self._column_given()
        if given is not None:
            return given
        header = self._layout.header or []
        named = [place for place, name in enumerate(header) if names_count(name) and place not in self.columns]
        if len(named) != 1:
            found = f"its header names {len(named)} columns of counts" if named else "no header names its count"
            raise map_error(
                self.path,
                f"{found}; the first row is {numbered(self._layout.first)}",
                expected=f"{parameter('count_column')} with the number of the column that holds the raw count",
            )
        logger.info("%s: the count is its column %d, %s", self.path, named[0] + 1, shown(header[named[0]]))
        return named[0]

    def _read_stretches(self, rows, lines):
        positions, ends = [], []
        for number, (place1, place2) in enumerate(((1, 2), (4, 5)), start=1):
            start = self._positions(rows, place1, f"start{number}", lines)
            end = self._positions(rows, place2, f"end{number}", lines)
            if (end < start).any():
                bad = int(np.argmax(end < start))
                raise map_error(
                    self.path,
                    f"an anchor on line {lines[bad]} goes from {start[bad]:.0f} to {end[bad]:.0f}",
                    expected="its start first",
                )
            positions += [start, np.maximum(start, end - 1)]
            ends.append(np.maximum(start + 1, end))
        return *positions, np.maximum(*ends)


class TripletMap(TextContacts):
    """Triplets: chrom start1 start2 count, starts of two bins of the resolution, in either order."""

    columns = (0, 1, 2)

    def _find_count(self):
        return self._column_given() or 3

    def _read_stretches(self, rows, lines):
        starts = [self._positions(rows, place, f"start{place}", lines) for place in (1, 2)]
        for start in starts:
            odd = start % self.resolution != 0
            if odd.any():
                bad = int(np.argmax(odd))
                raise map_error(
                    self.path,
                    f"a bin on line {lines[bad]} starts at {start[bad]:.0f}",
                    expected=f"a multiple of {parameter('resolution')} {self.resolution}",
                    hint="give starts of bins of that width, or loops as BEDPE (bedGraph has no contacts)",
                )
        return starts[0], starts[0], starts[1], starts[1], np.maximum(*starts) + 1


def _pairs(table):
    """The pairs of bins that rows stand for. table: ROW (n,).

    Yields: lower and higher bin, int64, and count, float64, of some pairs at a time. A pair stands once for each row,
    whichever stretch either bin is of.
    """
    first1, last1, first2, last2 = (table[name].astype(np.int64) for name in ROW.names[:4])
    width2 = last2 - first2 + 1
    numbers = (last1 - first1 + 1) * width2
    edges = np.flatnonzero(np.diff(np.cumsum(numbers) // PAIRS_AT_ONCE)) + 1
    for rows in np.split(np.arange(len(table)), edges):
        if not len(rows):
            continue
        row = np.repeat(rows, numbers[rows])
        place = np.arange(len(row)) - np.repeat(np.cumsum(numbers[rows]) - numbers[rows], numbers[rows])
        one, other = first1[row] + place // width2[row], first2[row] + place % width2[row]
        # where both stretches hold both bins the pair comes twice
        again = (one > other) & (one >= first2[row]) & (one <= last2[row])
        again &= (other >= first1[row]) & (other <= last1[row])
        one, other, row = one[~again], other[~again], row[~again]
        yield np.minimum(one, other), np.maximum(one, other), table["count"][row]


def _summed(one, other, counts):
    """Pairs of bins, each once with the sum of its counts, ascending."""
    width = int(other.max(initial=0)) + 1
    pairs, which = np.unique(one * width + other, return_inverse=True)
    return *np.divmod(pairs, width), np.bincount(which, counts, minlength=len(pairs))


def names_count(heading):
    """Whether a heading is that of a column of raw counts."""
    return "".join(letter for letter in heading.lower() if letter not in "_-. ") in COUNT_NAMES
