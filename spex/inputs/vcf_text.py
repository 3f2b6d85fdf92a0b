"""VCF as text: its header, and the INFO of a row. Lines are bytes without their ends, since not all are UTF-8."""

import re

from spex.errors import InputError, shown
from spex.inputs.identify import BEGINNINGS, COMPRESSED

FIELD = "SPEX"
SUBFIELDS = "Allele|gene_id|gene_name|tissue|path|effect|quantile"

TITLES = b"#CHROM POS ID REF ALT QUAL FILTER INFO".split()
INFO = TITLES.index(b"INFO")
EXPECTED = "VCF or BCF"
FORMAT_LINE = b"##fileformat=VCF"
FORMAT = FORMAT_LINE + b"v4.3"
FEWEST = TITLES.index(b"ALT") + 1
"""Columns; those behind ALT may be missing."""

LARGEST_HEADER = 64 << 20
"""Bytes; of a million samples it takes a third."""

BASES = re.compile(rb"[ACGTNacgtn]+")
ALTS = re.compile(rb"[ACGTNacgtn.*,]+|.*[<\[\]].*")
SEPARATORS = {b",": "commas", b" ": "blanks", b";": "semicolons"}
AWK = "give chromosome, position, id, REF and ALT: awk -v OFS='\\t' '{{print {}}}' FILE > NEW"
BY_PYTHON = (
    "give chromosome, position, id, REF and ALT between tabs, without titles; or the table to spex.variant_effects in "
    "Python, with columns chrom, pos (from 1), ref and alt"
)

CONTIG = re.compile(rb"##contig=<(?:.*?,)?ID=([^,>]+)")
CONTIG_LENGTH = re.compile(rb"[<,]length=(\d{1,18})[,>]")
CONTIG_NAME = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
FIELD_LINE = re.compile(rb'##INFO=<(?:[^"]*,)?ID=%b[,>]' % FIELD.encode())

NOT_IN_VALUE = r",;=\s\x00-\x20"
"""Characters that end a value of INFO, for a regular expression."""


def as_text(field):
    """A piece of a line as text; bytes that are not UTF-8 as their escapes."""
    return field.decode(errors="backslashreplace")


def read_header(file, about, kind):
    """The header of VCF, or of a table of the same columns without one: chromosome, position, id, REF, ALT, or more.

    Leaves the file where it is read from next. file: binary. about: argument and subject of errors. kind: what the file
    is, when that is known and is not text.

    Returns: its lines, as VCF has them; how many lines of the file they take; how many columns a row has at least.

    Raises:
        InputError: it is no VCF and no such table, or a line of the header is missing.
    """
    lines = [_line_of(file).removeprefix(b"\xef\xbb\xbf")]
    fields = lines[0].split(b"\t")
    if kind is None and _is_row(fields):
        return [FORMAT, _titles(fields)], 0, len(fields)
    size = 0
    while lines[-1].startswith(b"##"):
        lines.append(_line_of(file))
        size += len(lines[-1])
        if size > LARGEST_HEADER:
            raise InputError(f"a header of more than {LARGEST_HEADER >> 20} MB", **about, expected=EXPECTED)
    taken, titles, fields = len(lines), b" ".join(TITLES).decode(), lines[-1].split(b"\t")
    if not lines[-1].upper().startswith(TITLES[0]):
        if not lines[0].startswith(FORMAT_LINE):
            found, hint = (kind, None) if kind else _other_text(lines[0])
            raise InputError(found, **about, expected=EXPECTED, hint=hint)
        raise InputError("no line #CHROM above its rows", **about, expected=EXPECTED, hint=f"put it there: {titles}")
    if len(fields) < FEWEST or [each.upper() for each in fields[: len(TITLES)]] != TITLES[: len(fields)]:
        raise InputError(f"its titles are '{shown(as_text(lines[-1]))}'", **about, expected=f"{titles}, between tabs")
    lines[-1] = b"\t".join([*TITLES, *fields[len(TITLES) :]])
    if not any(line.startswith(FORMAT_LINE) for line in lines):
        lines.insert(0, FORMAT)
    return lines, taken, len(fields)


def check_beginning(head, about):
    """Refuse what cannot be a variant file by its first bytes. about: as of `read_header`."""
    kind = next((kind for beginning, kind in BEGINNINGS.items() if head.startswith(beginning)), None)
    line = head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].rstrip(b"\r")
    packed = kind in COMPRESSED.values() or head.startswith(b"BCF")
    if head and not packed and not line.startswith(b"#") and not _is_row(line.split(b"\t")):
        found, hint = (kind, None) if kind else _other_text(line)
        raise InputError(found, **about, expected=EXPECTED, hint=hint)


def _line_of(file):
    return file.readline().rstrip(b"\r\n")


def _titles(fields):
    """Titles for rows that have none. fields: of the first row."""
    samples = [b"FORMAT", *(b"sample%d" % number for number in range(1, len(fields)))]
    return b"\t".join([*TITLES, *samples[: max(len(fields) - len(TITLES), 0)]])


def _is_row(fields):
    """Whether the fields of a line are those of a row of VCF, from the chromosome to ALT. An end in the place of the id
    shows positions from 0."""
    return (
        len(fields) >= FEWEST
        and fields[1].isdigit()
        and BASES.fullmatch(fields[3]) is not None
        and ALTS.fullmatch(fields[4]) is not None
        and not _is_stretch(fields)
    )


def _is_stretch(fields):
    """Whether the second and third field are a stretch of as many bases as REF has, 0-based half-open."""
    numbers = all(each.isdigit() and len(each) < 19 for each in fields[1:3])
    return numbers and int(fields[2]) - int(fields[1]) == len(fields[3])


def _other_text(line):
    """What a text file is that begins with this line, and what to do with it, or None."""
    fields = line.split(b"\t")
    found = _other_table(line, fields)
    if found:
        return found
    if len(fields) > 2 and fields[1].isdigit() and fields[2].isdigit():
        return "a BED file", "it has no alleles: give the file that they are in"
    if line.startswith(b">"):
        return "a FASTA file", None
    if line.startswith(b"#") and not line.startswith(b"##"):
        return f"a line that begins with '{shown(as_text(line))}'", "take lines of remarks out"
    return f"a file that begins with '{shown(as_text(line))}'", None


def _other_table(line, fields):
    """What a table of variants is that has not the columns of VCF, and what to do with it; None for no such table."""
    if len(fields) >= FEWEST and _is_stretch(fields) and BASES.fullmatch(fields[3]):
        return "rows of chromosome, start from 0, end, REF and ALT", AWK.format('$1, $2 + 1, ".", $4, $5')
    if len(fields) == FEWEST - 1 and _is_row([*fields[:2], b".", *fields[2:]]):
        return "rows of chromosome, position, REF and ALT", AWK.format('$1, $2, ".", $3, $4')
    for separator, name in SEPARATORS.items():
        if _is_row(line.split(separator)):
            return f"fields between {name}", f"put tabs there: tr '{separator.decode()}' '\\t' < FILE > NEW"
    words = {each.lower() for each in re.split(rb"[^A-Za-z0-9]+", line)}
    if {b"ref", b"alt"} <= words:
        return f"a table that begins with '{shown(as_text(line))}'", BY_PYTHON
    return None


def contigs_of(header):
    """The chromosomes that a header names: dict of name -> length in bp, None where it gives none."""
    contigs = {}
    for line in header:
        named = CONTIG.match(line)
        if named:
            length = CONTIG_LENGTH.search(line)
            contigs[as_text(named[1])] = int(length[1]) if length else None
    return contigs


def annotated_header(header, chroms):
    """A header that declares the field SPEX and all chromosomes of the rows.

    chroms: those that the header lacks, name -> bp or None; names that VCF does not allow stay undeclared.
    """
    lines = [line for line in header[:-1] if not FIELD_LINE.match(line)]
    for name, length in chroms.items():
        if CONTIG_NAME.fullmatch(name):
            lines.append(f"##contig=<ID={name}{f',length={length}' if length else ''}>".encode())
    told = f"Effects on the expression of genes, in ln(expression): {SUBFIELDS}"
    lines.append(f'##INFO=<ID={FIELD},Number=.,Type=String,Description="{told}">'.encode())
    return [*lines, header[-1]]


def annotated_row(line, entries):
    """A row with `entries` as its field SPEX, whatever stood in that before; without the field where there is none."""
    fields = line.split(b"\t", INFO + 1)
    mark = FIELD.encode()
    kept = [part for part in fields[INFO].split(b";") if part not in (b"", b".", mark)]
    kept = [part for part in kept if not part.startswith(mark + b"=")]
    if entries:
        kept.append(mark + b"=" + ",".join(_encoded(entry, NOT_IN_VALUE) for entry in entries).encode())
    fields[INFO] = b";".join(kept) or b"."
    return b"\t".join(fields)


def info_entry(*values):
    """One entry of the field SPEX: values between |; what has a meaning in INFO is percent-encoded, as VCF 4.3 says."""
    return "|".join(_encoded(str(value), NOT_IN_VALUE + "|%") for value in values)


def _encoded(text, characters):
    return re.sub(f"[{characters}]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
