"""Formats of contact maps: one registry, of what is read and of what is refused with the way to what is read.

A file's format follows from its content: the first bytes, what a text says of itself, and the shape of many rows.
"""

import math
import re
import shlex

from expecto.gene_features import STEP
from spex.contacts.rules import LEAST_DISTANCE
from spex.errors import InputError, command, parameter
from spex.inputs.choices import Reading
from spex.inputs.identify import HDF5, HIC, Format, recognise, take
from spex.inputs.identify import identify as identify_as
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.hic import HicMap
from spex.inputs.maps.loci import LociMap, is_locus
from spex.inputs.maps.loops import LoopMap, TripletMap, names_count
from spex.inputs.maps.model3d import MMCIF, PDB, ModelMap, molecule_kind
from spex.inputs.maps.reader import map_error, require_map, split_uri
from spex.inputs.maps.text import (
    MOST,
    NEARLY_ALL,
    PLACE,
    anchors_elsewhere,
    are_chromosomes,
    are_numbers,
    are_spans,
    are_whole,
    intervals_in_fields,
    is_along_chromosomes,
    numbered,
    read_sample,
    share_of_bedpe,
)
from spex.inputs.normalise import LARGEST_POSITION
from spex.inputs.swapped import others

TRIPLETS, LOOPS, MODEL = "triplets", "loops", "a 3D model"
STRANDS = {"+", "-", "."}
WANTED = "loops as BEDPE (chrom1 start1 end1 chrom2 start2 end2 count), triplets (chrom start1 start2 count) or a map"


def open_maps(paths, resolution, reading=Reading(), rule=None):  # noqa: B008 (frozen)
    """Open contact maps at a resolution (bp per bin), each by the reader of its format. Returns: list of MapReader.

    rule: that will use the contacts; a 3D model takes from it how far they reach. Models of all files are one reader.

    Raises:
        InputError: a file is missing, of no known format, damaged, or lacks the resolution; or there are models and
            maps of counts; or `reading` is for a format of which no file is given.
    """
    readers = {path: _reader_of(require_map(path), resolution) for path in paths}
    for path in (path for path, reader in readers.items() if not reader.has_counts):
        hint = f"{command('map')} gives them the counts of a map, with {parameter('values')} and {parameter('write')}"
        raise map_error(path, "predicted values, which are no counts", expected="raw counts", hint=hint)
    models = [path for path, reader in readers.items() if reader is ModelMap]
    counted = [path for path in readers if path not in models]
    if models and counted:
        found = f"a 3D model, but {counted[0]} is none"
        raise map_error(models[0], found, expected="models alone, or maps of counts alone")
    maps = [readers[path](path, resolution, reading) for path in counted]
    maps = [ModelMap(models, resolution, reading, rule)] if models else maps
    for name, value in reading.given().items():
        if not any(name in map_.options for map_ in maps):
            found = "none of the contact maps is of a format that it is for"
            raise InputError(found, argument=name, subject=value, hint="leave it out")
    return maps


def _reader_of(path, resolution):
    """The class that reads the file of a path or URI; cooler's for an unknown one, whose error says what it is."""
    file, group = split_uri(path)
    found = identify(file, resolution)
    if group is not None and (found is None or found.reader is not CoolMap):
        kind = found.name if found else recognise(file) or "no HDF5 file"
        raise map_error(path, f"names a group, but {file} is {kind}", hint=f"give {file} alone")
    return found.reader if found else CoolMap


def identify(path, resolution=1000):
    """The format of a file, by its content; None for what is neither text nor a format that is read.

    Text of another kind is refused by its name, where that can be seen, and with how to convert it.
    """
    sample = read_sample(path, resolution)
    found = identify_as(FORMATS, sample, {"argument": "maps", "subject": path}, WANTED)
    if found is None and sample.width > 0:
        raise map_error(path, _unlike(sample), expected=WANTED)
    return found


def _unlike(sample):
    """Why a table is of no known format."""
    width, first = sample.width, numbered((sample.rows or [sample.header])[0])
    if width >= 6 and sample.rows:
        if share_of_bedpe(sample)[0] < MOST:
            return f"no BEDPE, whose fourth column names a chromosome; the first row is {first}"
        return f"no BEDPE, whose columns 2, 3, 5 and 6 are starts and ends in bp; the first row is {first}"
    if width in (4, 5):
        name = "triplets, whose columns 2 and 3 are starts of bins" if width == 4 else "3D model with a row a bead"
        return f"no {name}; the first row is {first}"
    return f"a table of {width} columns between tabs or blanks; the first row is {first}"


def begins(pattern):
    """A sign: how the file begins."""
    return lambda sample: re.match(pattern, sample.text, re.IGNORECASE) is not None


def rows(test, least):
    """A sign: what most rows are like, of so many columns at least."""
    return lambda sample: sample.mostly(test, least)


def either(*signs):
    """A sign: one of several."""
    return lambda sample: any(sign(sample) for sign in signs)


def _is_table(test, width):
    """The sign of a table that is read: its width, and what it is like, where there are any rows."""
    return lambda sample: sample.width == width and (not sample.rows or test(sample))


def _is_bedpe(sample):
    return sample.width >= 6 and (not sample.rows or min(share_of_bedpe(sample)) >= MOST)


def _is_track(sample):
    """bedGraph: four columns, of which two are one interval."""
    if sample.width != 4 or not sample.mostly(lambda row: are_numbers(row[3])):
        return False
    says_so = begins(r"((#|browser).*\n)*track\b|#bedgraph")
    return says_so(sample) or is_along_chromosomes(sample, LEAST_DISTANCE)


def _is_bed(sample):
    """BED: one interval in each row, whatever follows it."""
    if sample.width < 3:
        return False
    spans = sample.share(lambda row: are_chromosomes(row[0]) and are_spans(*row[1:3])) >= NEARLY_ALL
    named = sample.width == 3 or (sample.width >= 4 and not sample.mostly(lambda row: are_numbers(row[3])))
    return spans and (named or (sample.width == 5 and is_along_chromosomes(sample, LEAST_DISTANCE)))


def _is_juicer(shift):
    """Text of Juicer: strand, chromosome, position, fragment of either read, perhaps after the read's name."""

    def is_one(row):
        one, other = row[shift : shift + 4], row[shift + 4 : shift + 8]
        strands = {one[0], other[0]} <= {"0", "1", "16"}
        return strands and are_whole(*one[2:], *other[2:]) and (are_chromosomes(one[1], other[1]))

    return lambda sample: sample.width >= 8 + shift and sample.share(is_one) >= MOST


def _has_names(sample):
    """A row a name, numbers after it, under a header: expression and the like."""
    numbers = sample.mostly(lambda row: are_numbers(*row[1:]), least=3)
    names = {row[0] for row in sample.rows if not are_chromosomes(row[0])}
    return numbers and bool(sample.header) and len(names) >= max(NEARLY_ALL * len(sample.rows), 2)


def _each_once(sample):
    return len({(row[0], row[1]) for row in sample.rows}) >= MOST * len(sample.rows)


def _binned(*columns, first=""):
    """Way: pairs of reads into a map. columns: of chromosome and position of either read, from 1."""
    names = " ".join(f"-{name} {number}" for name, number in zip(("c1", "p1", "c2", "p2"), columns, strict=True))
    return lambda sample: (
        f"count its pairs in bins: {_content(sample)} | {first}cooler cload pairs {names} "
        f"CHROM.SIZES:{sample.resolution} - map.cool"
    )


def _as_bedpe(sample, columns, count, choose=""):
    """Advice: the columns of BEDPE by awk. columns, choose (which rows): as awk has them. count: number of its column,
    None where that is not known."""
    fields = "-F'\\t' " if sample.separator else ""
    which = "" if count else ", N being the number of the column of the raw count,"
    return (
        f"write it as BEDPE{which} with: {_content(sample)} | awk {fields}-v OFS='\\t' "
        f"'{choose}{{print {columns}, ${count or 'N'}}}' > loops.bedpe; then give {parameter('count_column')} 7"
    )


def _content(sample):
    return f"gzip -cdf {shlex.quote(str(sample.path))}"


def _count_of(sample, *names):
    """Number of the column whose heading is that of a raw count; None where there is not just one.

    R leaves out the heading of the names of rows, which stand first.
    """
    shift = 1 if len(sample.header) < sample.width else 0
    numbers = [place for place, name in enumerate(sample.header) if names_count(name) or name.lower() in names]
    return numbers[0] + 1 + shift if len(numbers) == 1 else None


def _reorder(sample, anchors):
    columns = [place + step for place in anchors for step in (1, 2, 3)]
    count = _count_of(sample, "n_reads", "interaction reads")
    return _as_bedpe(sample, ", ".join(f"${each}" for each in columns), count)


def _split_places(sample):
    one, other = (place + 1 for place in intervals_in_fields(sample)[:2])
    choose = f'split(${one}, a, "[:,-]") > 2 && split(${other}, b, "[:,-]") > 2 '
    count = 3 if sample.width == 3 else _count_of(sample, "rab")
    return _as_bedpe(sample, "a[1], a[2], a[3], b[1], b[2], b[3]", count, choose)


def _split_longrange(sample):
    advice = _as_bedpe(sample, "$1, $2, $3, a[1], a[2], a[3]", "a", 'split($4, a, "[:,-]") > 2 ').replace("$a", "a[4]")
    return f"{advice}, if the number after the comma is a raw count"


def _has_positions(sample):
    """Whether a table of three columns has starts of two bins and a count, and no numbers of bins: all are multiples of
    some width."""
    if sample.width != 3 or not sample.mostly(lambda row: are_whole(*row[:2]) and are_numbers(row[2])):
        return False
    numbers = [float(each) for row in sample.rows if are_whole(*row[:2]) for each in row[:2]]
    return max(numbers) <= LARGEST_POSITION and math.gcd(*map(int, numbers)) >= STEP


def _from_middles(sample):
    half = sample.resolution // 2
    columns = f"$1, $2 - {half}, $2 + {half}, $3, $4 - {half}, $4 + {half}"
    count = _count_of(sample) or (5 if sample.width == 5 else None)
    advice = _as_bedpe(sample, columns, count, "$2 ~ /^[0-9]+$/ ")
    return f"{advice}, where positions are middles of bins of {sample.resolution} bp; of reads: cooler cload pairs"


TABS = "tr ' ' '\\t' | "
CONTACTS = take("give the interactions or the contact map of the experiment: a contact is a pair of stretches")
FORMATS = (
    *others("maps"),
    Format(HDF5, lambda sample: recognise(sample.path) == HDF5, reader=CoolMap),
    Format(HIC, lambda sample: recognise(sample.path) == HIC, reader=HicMap),
    Format(MMCIF, lambda sample: molecule_kind(sample.text) == MMCIF, reader=ModelMap),
    Format(PDB, lambda sample: molecule_kind(sample.text) == PDB, reader=ModelMap),
    Format("a table of loci with predicted maps", lambda sample: sample.mostly(is_locus, 4), reader=LociMap),
    Format("a FASTA file of sequence", begins(r"[>;]"), way=CONTACTS),
    Format("a GFF or GTF file of genes", begins(r"##gff-version|#!genome|##description: .*annotation"), way=CONTACTS),
    Format(
        "aligned reads (SAM)",
        either(
            begins(r"@(HD|SQ|RG|PG|CO)\t"),
            rows(lambda row: are_whole(row[1], row[3], row[4]) and re.fullmatch(r"(\d+[MIDNSHP=X])+|\*", row[5]), 11),
        ),
        way=take("make a map of their pairs: pairtools parse, then cooler cload pairs"),
    ),
    Format("a sparse matrix (Matrix Market)", begins(r"%%MatrixMarket"), way=CONTACTS),
    Format("a wiggle track", begins(r"((track|browser).*\n)*(fixedStep|variableStep)"), way=CONTACTS),
    Format("a bedGraph track, no pairs of bins", _is_track, way=CONTACTS),
    Format(
        "fields in quotes",
        rows(lambda row: any(each.startswith('"chr') for each in row[:2]), 2),
        way=take(
            'write it without them and without names of rows (R: write.table(x, FILE, sep = "\\t", quote = FALSE, '
            "row.names = FALSE))"
        ),
    ),
    Format(
        "columns between commas",
        lambda sample: sample.width == 1 and (sample.rows or [sample.header])[0][0].count(",") > 2,
        way=take("write it with tabs between the columns"),
    ),
    Format("pairs of reads (Juicer's short or long form)", _is_juicer(0), way=_binned(2, 3, 6, 7, first=TABS)),
    Format("pairs of reads (Juicer's medium form)", _is_juicer(1), way=_binned(3, 4, 7, 8, first=TABS)),
    Format(
        "a 4DN .pairs file, a row for each pair of reads",
        either(
            begins("## pairs format"),
            rows(
                lambda row: (
                    are_chromosomes(row[1], row[3]) and are_whole(row[2], row[4]) and not are_chromosomes(row[0])
                ),
                least=5,
            ),
        ),
        way=_binned(2, 3, 4, 5),
    ),
    Format(
        "pairs of reads (HiC-Pro's allValidPairs)",
        rows(lambda row: are_chromosomes(row[1], row[4]) and are_whole(row[2], row[5]) and row[3] in STRANDS, 7),
        way=_binned(2, 3, 5, 6),
    ),
    Format(LOOPS, _is_bedpe, reader=LoopMap),
    Format(
        "a table of pairs of positions (as FitHiC2, GOTHiC and Juicer's extra short form have them), no BEDPE",
        rows(lambda row: are_chromosomes(row[0], row[2]) and are_whole(row[1], row[3]), 4),
        way=_from_middles,
    ),
    Format(
        "UCSC interact, no BEDPE: its anchors are in columns 9 to 11 and 14 to 16",
        rows(lambda row: are_chromosomes(row[0], row[8], row[13]) and are_spans(*row[9:11], *row[14:16]), 18),
        way=lambda sample: _reorder(sample, (8, 13)),
    ),
    Format(
        "no BEDPE: its anchors (chromosome, start, end) are in other columns, as in CHiCAGO's ibed and PeakMatrix, and "
        "in cLoops2",
        lambda sample: anchors_elsewhere(sample) is not None,
        way=lambda sample: _reorder(sample, anchors_elsewhere(sample)),
    ),
    Format(
        "no BEDPE: the other anchor is in one field (WashU longrange)",
        rows(lambda row: are_chromosomes(row[0]) and are_spans(*row[1:3]) and PLACE.fullmatch(row[3]), 4),
        way=_split_longrange,
    ),
    Format(
        "no BEDPE: each anchor is in one field, such as chr1:5000-6000 (cLoops, WashU)",
        lambda sample: len(intervals_in_fields(sample)) > 1,
        way=_split_places,
    ),
    Format(
        "a GFF or GTF file of genes",
        rows(lambda row: are_spans(*row[3:5]) and row[6] in STRANDS and row[7] in {"0", "1", "2", "."}, 9),
        way=CONTACTS,
    ),
    Format("a BED file of stretches (BED, narrowPeak, BED12), no pairs of them", _is_bed, way=CONTACTS),
    Format("a table of numbers by name, such as expression", _has_names, way=CONTACTS),
    Format(TRIPLETS, _is_table(lambda sample: sample.mostly(lambda row: are_whole(*row[1:3])), 4), reader=TripletMap),
    Format(
        MODEL,
        _is_table(lambda sample: sample.mostly(lambda row: are_whole(row[1])) and _each_once(sample), 5),
        reader=ModelMap,
    ),
    Format(
        "starts of two bins and a count, without their chromosome (juicer_tools dump, straw)",
        _has_positions,
        way=lambda sample: (
            f"put the chromosome in front, such as chr8: {_content(sample)} | "
            "awk -v OFS='\\t' '{print \"chr8\", $1, $2, $3}' > triplets.tsv; or give the .hic itself"
        ),
    ),
    Format(
        "a matrix as numbers of two bins and a count (HiC-Pro, cooler dump)",
        lambda sample: sample.width == 3 and sample.mostly(lambda row: are_whole(*row[:2]) and are_numbers(row[2])),
        way=lambda sample: (
            "make a map of it with its table of bins: cooler load --one-based -f coo BINS.bed "
            f"{shlex.quote(str(sample.path))} map.cool (one-based as HiC-Pro's are); cooler dump --join writes BEDPE"
        ),
    ),
    Format(
        "a matrix of numbers, a row a bin",
        rows(lambda row: are_numbers(*row), 6),
        way=take("write a row for each pair of bins: chromosome, starts of both, count"),
    ),
)
