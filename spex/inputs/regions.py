"""Intervals of the genome that a user names: one region, or the rows of a BED file."""

from dataclasses import dataclass

from spex.errors import InputError, count, shown
from spex.files.checks import require_file
from spex.inputs.account import Account
from spex.inputs.alleles import no_chromosome
from spex.inputs.normalise import find_regions, known_as
from spex.inputs.opening import open_text

MOST_BASES = 1_000_000
EXPECTED = "a BED file: chromosome, start (from 0) and end between tabs"
HEADINGS = ("#", "track", "browser")


@dataclass(frozen=True)
class Interval:
    """A stretch of a chromosome, 0-based half-open in bp. name: as a user knows it."""

    chrom: str
    start: int
    end: int
    name: str

    @property
    def place(self):
        return place_of(self.chrom, self.start, self.end)


def place_of(chrom, start, end):
    """A stretch, 0-based half-open, as a region: 1-based, both ends included."""
    return f"{chrom}:{start + 1}-{end}"


def read_region(text, chromsizes):
    """The interval of a region such as chr8:1000-2000 (1-based, both ends included): list of one Interval.

    Raises:
        InputError: none, on no chromosome of the genome, or past the end of one.
    """
    found = find_regions([text], lambda chrom: known_as(chrom, chromsizes), chromsizes)
    ((chrom, ((start, end),)),) = found.items()
    interval = Interval(chrom, start, end if ":" in text else chromsizes[chrom], text)
    _check([interval], chromsizes, {"argument": "regions", "subject": shown(text)})
    return [interval]


def read_bed(path, chromsizes):
    """The intervals of a BED file, each once, in its order: list of Interval. chromsizes: name -> bp of the genome.

    Names are those of the fourth column, or the places as regions (1-based). What is left out is logged.

    Raises:
        InputError: not such a file, an interval past the end of its chromosome, or none on the genome's.
    """
    about = {"argument": "elements", "subject": path}
    intervals, strange, account = {}, {}, Account(str(path), "intervals")
    with open_text(require_file(path, "elements"), about, expected=EXPECTED) as file:
        for number, line in enumerate(file, start=1):
            fields = line.rstrip("\r\n").split("\t")
            if line.isspace() or line.startswith(HEADINGS):
                continue
            ends = [int(field) if field.isascii() and field.isdigit() else -1 for field in fields[1:3]]
            if len(ends) < 2 or not 0 <= ends[0] < ends[1]:
                raise InputError(f"no interval on line {number}, '{shown(line.rstrip())}'", **about, expected=EXPECTED)
            chrom = known_as(fields[0], chromsizes)
            if chrom is None:
                strange[fields[0]] = strange.get(fields[0], 0) + 1
                continue
            interval = Interval(chrom, *ends, (fields[3:] or [""])[0].strip() or place_of(chrom, *ends))
            account.leave_out("there already", (chrom, *ends) in intervals)
            intervals.setdefault((chrom, *ends), interval)
    if strange and not intervals:
        raise no_chromosome(strange, chromsizes, about)
    if not intervals:
        raise InputError("no interval in it", **about, expected=EXPECTED)
    _check(intervals.values(), chromsizes, about)
    account.used = len(intervals)
    account.leave_out("on chromosomes that the genome lacks", sum(strange.values()), strange)
    account.report()
    return list(intervals.values())


def _check(intervals, chromsizes, about):
    for each in intervals:
        if each.end > chromsizes[each.chrom]:
            length = f"{each.chrom} is {chromsizes[each.chrom]:,} bp long"
            raise InputError(f"{each.place} ends past its chromosome; {length}", **about, hint="is it another build?")
    bases = sum(each.end - each.start for each in intervals)
    if bases > MOST_BASES:
        raise InputError(count(bases, "base"), **about, expected=f"at most {MOST_BASES:,}, each with three alleles")
