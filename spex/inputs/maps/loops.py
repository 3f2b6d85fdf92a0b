"""Contacts from text: loops and interactions (BEDPE, FitHiChIP's tables), and triplets of two bins and a count."""

import logging
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from spex.contacts.maps import Pixels, joined, mark, summed
from spex.errors import listed, parameter, shown
from spex.inputs.account import Account
from spex.inputs.choices import Reading
from spex.inputs.maps.matching import MapWithoutLengths, Spellings
from spex.inputs.maps.reader import map_error
from spex.inputs.maps.text import first_bad, numbered, numbers_of, read_layout, read_rows
from spex.inputs.normalise import LARGEST_POSITION

COUNT_NAMES = ("cc", "count", "counts", "rawcount", "observed", "petcount", "pets", "contactcount", "readcount")
"""Headings, in small letters and without _ - . and blanks, of columns of raw counts, whatever wrote them: cc is
FitHiChIP's, observed HiCCUPS'. score, value and the like may be anything."""

PAIRS_AT_ONCE = 4_000_000
NEARLY_ALL = 0.95
"""Share of the pairs that stand in both directions with the same count, from which on this is how a table lists."""

SURE_STARTS = 20
"""Different starts of bins from which on it is no chance that all are multiples of a wider bin."""

ROW = np.dtype([(name, np.int32) for name in ("first1", "last1", "first2", "last2")] + [("count", np.float64)])
"""A row of a table: the first and the last position of either interval, in bp and then in bins, and the count."""

UNKNOWN = (".", "")
"""In place of a chromosome: the anchor is unknown."""

logger = logging.getLogger("spex")


class TextContacts(MapWithoutLengths):
    """Contacts between pairs of intervals within chromosomes, as a table of text has them, kept in 24 bytes a row.

    Formats are its subclasses: `_find_count` gives the column of the count, `_read_intervals` where a row's two lie.
    columns: places of the columns of both; chromosomes: of those that name the chromosome of either. Loops that give
    the same pair of bins are added. The file is read when its pixels are first asked for.

    Raises:
        InputError: no column is known to have the count; on reading, also a row that is not as the format has it, or a
            contact past the end of a chromosome.
    """

    options = ("count_column",)
    columns = ()
    chromosomes = (0, 0)

    def __init__(self, path, resolution, reading=Reading()):  # noqa: B008 (frozen)
        self.path, self.resolution, self.resolutions = Path(path), resolution, [resolution]
        self._chosen = reading.count_column
        self._layout = read_layout(path)
        header, first = self._layout.header, self._layout.first
        if header and len(header) != len(first):
            raise map_error(path, f"{len(header)} columns in its header, {len(first)} in its first row")
        self._count = self._find_count()

    @property
    def chromsizes(self):
        """Where the last bin with a contact ends on each chromosome: dict of name -> bp."""
        return {
            name: (int(max(table["last1"].max(), table["last2"].max())) + 1) * self.resolution
            for name, table in self._read[0].items()
        }

    def pixels_of(self, chrom, tss_bins, advance):
        table = self._table(chrom)
        if not len(table) or not len(tss_bins):
            return joined([])
        is_tss = mark(tss_bins, int(max(table["last1"].max(), table["last2"].max(), tss_bins.max())) + 1)
        before = np.concatenate([[0], np.cumsum(is_tss)])  # TSS bins in front of each bin
        met = np.logical_or(*(before[table[f"last{n}"] + 1] > before[table[f"first{n}"]] for n in (1, 2)))
        kept = []
        for pairs in _pairs(table[met]):
            kept.append(Pixels(*pairs).seen_from(is_tss))
            advance(len(pairs[0]))
        return summed(*joined(kept))

    def parts(self, chrom, advance):
        for pairs in _pairs(self._table(chrom)):
            yield Pixels(*summed(*pairs))
            advance(len(pairs[0]))

    def _table(self, chrom):
        """Rows of a chromosome, ROW (n,)."""
        return self._read[0].get(chrom, np.empty(0, ROW))

    @cached_property
    def _read(self):
        """Rows of the file in bins, name of a chromosome -> ROW (n,); Account of them, in a list."""
        account, spellings, kept, reached = Account(str(self.path)), Spellings(), {}, {}
        for all_lines, all_rows in read_rows(self.path, self._layout, sorted({*self.columns, self._count})):
            chroms, within = self._within_chromosomes(all_rows, spellings, account)
            lines, rows, chroms = all_lines[within], all_rows[within], chroms[within]
            *intervals, ends = self._read_intervals(rows, lines)
            name = f"the count, column {self._count + 1},"
            counts = numbers_of(self.path, name, rows[self._count], lines, whole=self._chosen is None)
            table = np.empty(len(rows), ROW)
            for name, values in zip(ROW.names, (*intervals, counts), strict=True):
                table[name] = values
            codes, names = pd.factorize(chroms)
            for code, name in enumerate(names):
                mine = np.flatnonzero(codes == code)
                last = mine[np.argmax(ends[mine])]
                kept.setdefault(name, []).append(table[mine])
                reached[name] = max(reached.get(name, (0, "")), (int(ends[last]), f"on line {lines[last]}"))
        if not kept:
            others = ", ".join(f"{number:,} {reason}" for reason, number in account.left_out.items())
            found = f"no contact within a chromosome in it{f': {others}' if others else ''}"
            raise map_error(self.path, found, expected="a row for each contact")
        if spellings.twice:
            account.notes.append(
                listed((f"{shown(name)} is also called {shown(other)}" for name, other in spellings.twice.items()), 3)
            )
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
        rows = {name: sum(map(len, parts)) for name, parts in kept.items()}
        names = self.used(self.path, reached, rows, account, resolution=self.resolution)
        tables = {ours: np.concatenate(kept[theirs]) for ours, theirs in names.items()}
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
        return tables, [account]

    def _positions(self, rows, place, what, lines):
        values = numbers_of(self.path, f"{what}, column {place + 1},", rows[place], lines, whole=True)
        if (row := first_bad(values > LARGEST_POSITION)) is not None:
            found = f"{what} on line {lines[row]} is {values[row]:,.0f}"
            raise map_error(self.path, found, expected="a position in bp")
        return values

    def _column_given(self):
        """Place of the column that was chosen for the count, or None without one."""
        chosen, header = self._chosen, self._layout.header
        if chosen is None:
            return None
        if isinstance(chosen, str) and chosen not in (header or ()):
            found = f"its header has {', '.join(map(shown, header))}" if header else "it has no header"
        elif isinstance(chosen, str) and header.count(chosen) > 1:
            found = f"{header.count(chosen)} columns of its header are called that; give the number of one"
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

    A loop stands for every pair of bins that its two anchors, 0-based half-open, overlap, each once, with its count.
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
                expected=f"{parameter('count_column')} with the number of the column of the raw count",
            )
        logger.info("%s: the count is its column %d, %s", self.path, named[0] + 1, shown(header[named[0]]))
        return named[0]

    def _read_intervals(self, rows, lines):
        positions, ends = [], []
        for number, (place1, place2) in enumerate(((1, 2), (4, 5)), start=1):
            start = self._positions(rows, place1, f"start{number}", lines)
            end = self._positions(rows, place2, f"end{number}", lines)
            if (row := first_bad(end < start)) is not None:
                found = f"an anchor on line {lines[row]} goes from {start[row]:.0f} to {end[row]:.0f}"
                raise map_error(self.path, found, expected="its start first")
            positions += [start, np.maximum(start, end - 1)]
            ends.append(np.maximum(start + 1, end))
        return *positions, np.maximum(*ends)


class TripletMap(TextContacts):
    """Triplets: chrom start1 start2 count, starts of two bins of the resolution, in either order."""

    columns = (0, 1, 2)

    def _find_count(self):
        return self._column_given() or 3

    def _read_intervals(self, rows, lines):
        starts = [self._positions(rows, place, f"start{place}", lines) for place in (1, 2)]
        for start in starts:
            if (row := first_bad(start % self.resolution != 0)) is not None:
                raise map_error(
                    self.path,
                    f"a bin on line {lines[row]} starts at {start[row]:.0f}",
                    expected=f"a multiple of {parameter('resolution')} {self.resolution}",
                    hint="give starts of bins of that width, or loops as BEDPE (bedGraph has no contacts)",
                )
        return starts[0], starts[0], starts[1], starts[1], np.maximum(*starts) + 1

    def _finished(self, kept, reached, account):
        self._check_width([table for parts in kept.values() for table in parts])
        return super()._finished(kept, reached, account)

    def _check_width(self, tables):
        """Refuse starts of wider bins than the resolution: most of each bin would have no contact."""
        starts = [table[name] for table in tables for name in ("first1", "first2")]
        width = int(np.gcd.reduce([np.gcd.reduce(each) for each in starts]))
        if width > self.resolution and len(np.unique(np.concatenate(starts))) >= SURE_STARTS:
            raise map_error(
                self.path,
                f"all its bins start at multiples of {width:,} bp",
                expected=f"bins of {parameter('resolution')} {self.resolution}",
                hint=f"choose {parameter('resolution')} {width}, or give the bins as the anchors of loops (BEDPE), "
                "which stand for every narrower bin within them",
            )


def _pairs(table):
    """The pairs of bins that rows stand for, once for each row. table: ROW (n,).

    Yields: lower and higher bin, int64, and count, float64, of some pairs at a time.
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
        # where both intervals contain both bins the pair comes twice
        again = (one > other) & (one >= first2[row]) & (one <= last2[row])
        again &= (other >= first1[row]) & (other <= last1[row])
        one, other, row = one[~again], other[~again], row[~again]
        yield np.minimum(one, other), np.maximum(one, other), table["count"][row]


def names_count(heading):
    """Whether a heading is that of a column of raw counts."""
    return "".join(letter for letter in heading.lower() if letter not in "_-. ") in COUNT_NAMES


def count_once(tables):
    """Rows of pairs of intervals, each pair once where (nearly) every one stands in both directions with one count.

    tables: name of a chromosome -> ROW (n,); an interval with itself has no direction. Returns: the same without the
    rows that repeat another one the other way round; the number of these; of pairs in both directions that stay so.
    """
    looked = {name: _look(table) for name, table in tables.items()}
    pairs, alike, both = (sum(each[place] for each in looked.values()) for place in range(3))
    if not alike or alike < NEARLY_ALL * pairs:
        return tables, 0, both
    kept = {name: table[~looked[name][3]] for name, table in tables.items()}
    return kept, sum(int(each[3].sum()) for each in looked.values()), 0


def _look(table):
    """Pairs of different intervals: how many, those in both directions with one count, those in both at all.

    Returns: three numbers; bool (rows,), which repeat another one the other way round with its count.
    """
    one, other = (table[f"first{side}"].astype(np.int64) << 32 | table[f"last{side}"] for side in (1, 2))
    rows = pd.DataFrame({"low": np.minimum(one, other), "high": np.maximum(one, other), "count": table["count"]})
    rows = rows.assign(turned=one > other)[one != other]
    pairs = rows.groupby(["low", "high"])["turned"].agg(["any", "all"])
    directions = rows.groupby(["low", "high", "count"])["turned"]
    alike = directions.transform("any") & ~directions.transform("all")
    again = np.zeros(len(table), dtype=bool)
    again[rows.index] = alike & rows["turned"]
    with_count = rows.loc[alike, ["low", "high"]].drop_duplicates()
    return len(pairs), len(with_count), int((pairs["any"] & ~pairs["all"]).sum()), again
