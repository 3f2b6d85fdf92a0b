"""VCF: what a variant file is by its first line, its header, and copies with what was found of its alleles.

Lines are bytes without their ends: not all are UTF-8. A copy differs from its source in INFO alone; what a table
without a header lacks of VCF is put there.
"""

import contextlib
import re
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from spex.errors import InputError, shown
from spex.files.atomic import temporary_path, whole_file
from spex.files.bgzip import load_pysam, open_bgzf
from spex.inputs.alleles import as_text
from spex.inputs.htslib import convert_to_bcf, reading
from spex.inputs.identify import BCF, COMPRESSED, Format, identify, kind_of, take

TITLES = b"#CHROM POS ID REF ALT QUAL FILTER INFO".split()
EXPECTED = "VCF or BCF"
FORMAT_LINE = b"##fileformat=VCF"
FORMAT = FORMAT_LINE + b"v4.3"
FEWEST = TITLES.index(b"ALT") + 1
"""Columns; those after ALT may be missing."""
MARK = b"\xef\xbb\xbf"

LARGEST_HEADER = 64 << 20
"""Bytes; of a million samples it takes a third."""

BASES = re.compile(rb"[ACGTNacgtn]+")
ALTS = re.compile(rb"[ACGTNacgtn.*,]+|.*[<\[\]].*")
SLASHED = re.compile(rb"[^\s#]+\s+\d+\s+\d+\s+([ACGTNacgtn]+|-)(/([ACGTNacgtn]+|-))+(\s|$)")
AWK = "give chromosome, position, id, REF and ALT: awk -v OFS='\\t' '{{print {}}}' FILE > NEW"
BY_PYTHON = (
    "give chromosome, position, id, REF and ALT between tabs, without titles; or the table to spex.variant_effects in "
    "Python"
)

CONTIG = re.compile(rb"##contig=<(?:.*?,)?ID=([^,>]+)")
CONTIG_LENGTH = re.compile(rb"[<,]length=(\d{1,18})[,>]")
PACKED, BINARY = (".gz", ".bgz"), (".bcf",)
"""Endings of the names of copies that are compressed by bgzip, or BCF."""

FIELD = "SPEX"
SUBFIELDS = "Allele|gene_id|gene_name|tissue|path|effect|quantile|effect_sd|sign_agrees"
FIELD_LINE = re.compile(rb'##INFO=<(?:[^"]*,)?ID=%b[,>]' % FIELD.encode())
INFO = TITLES.index(b"INFO")
CONTIG_NAME = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
NOT_IN_VALUE = r",;=\s\x00-\x20"
"""Characters that end a value of INFO, for a regular expression."""

INSTEAD_OF_BCF = "write VCF: give a name that ends in .vcf.gz"


class FirstLine(NamedTuple):
    """What is seen of a variant file. kind: as of `identify.kind_of`, None for text. line: the first one."""

    kind: str | None
    line: bytes

    @property
    def fields(self):
        return self.line.split(b"\t")

    @property
    def quoted(self):
        return f"begins with '{shown(as_text(self.line))}'"


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


def _separated(separator, name):
    return Format(
        f"fields between {name}",
        lambda seen: _is_row(seen.line.split(separator.encode())),
        take(f"put tabs there: tr '{separator}' '\\t' < FILE > NEW"),
    )


ROWS_ALONE = Format("rows of VCF without a header", lambda seen: seen.kind is None and _is_row(seen.fields))
FORMATS = (
    Format("BCF", lambda seen: seen.kind == BCF),
    ROWS_ALONE,
    Format("VCF", lambda seen: seen.kind is None and seen.line.upper().startswith((b"##", TITLES[0]))),
    Format("a file of another kind", lambda seen: seen.kind is not None, take(None), found=lambda seen: seen.kind),
    Format(
        "rows of chromosome, start from 0, end, REF and ALT",
        lambda seen: len(seen.fields) >= FEWEST and _is_stretch(seen.fields) and BASES.fullmatch(seen.fields[3]),
        take(AWK.format('$1, $2 + 1, ".", $4, $5')),
    ),
    Format(
        "rows of chromosome, position, REF and ALT",
        lambda seen: len(seen.fields) == FEWEST - 1 and _is_row([*seen.fields[:2], b".", *seen.fields[2:]]),
        take(AWK.format('$1, $2, ".", $3, $4')),
    ),
    *map(_separated, ",; ", ("commas", "semicolons", "blanks")),
    Format(
        "a table of variants with titles",
        lambda seen: {b"ref", b"alt"} <= {each.lower() for each in re.split(rb"[^A-Za-z0-9]+", seen.line)},
        take(BY_PYTHON),
        found=lambda seen: f"a table that {seen.quoted}",
    ),
    Format(
        "rows as VEP takes them, with alleles between /",
        lambda seen: SLASHED.match(seen.line) is not None,
        take("give them as VCF, which VEP writes too"),
    ),
    Format(
        "a BED file",
        lambda seen: len(seen.fields) > 2 and all(each.isdigit() for each in seen.fields[1:3]),
        take("it has no alleles: give the file that they are in"),
    ),
    Format("a FASTA file", lambda seen: seen.line.startswith(b">"), take(None)),
    Format(
        "a line of remarks",
        lambda seen: seen.line.startswith(b"#"),
        take("take lines of remarks out"),
        found=lambda seen: f"a line that {seen.quoted}",
    ),
    Format("another file", lambda seen: True, take(None), found=lambda seen: f"a file that {seen.quoted}"),
)
identify_variants = partial(identify, FORMATS, expected=EXPECTED)


def check_beginning(head, about):
    """Refuse what cannot be a variant file by its first bytes. about: as of `read_header`."""
    kind = kind_of(head)
    if head and kind not in COMPRESSED.values():
        line = head.removeprefix(MARK).partition(b"\n")[0].rstrip(b"\r")
        identify_variants(seen=FirstLine(kind, line), about=about)


def read_header(file, about, kind):
    """The header of VCF, or of a table of the same columns without one: chromosome, position, id, REF, ALT, or more.

    Leaves the file where it is read from next. file: binary. about: argument and subject of errors. kind: as of
    FirstLine.

    Returns: its lines, as VCF has them; how many lines of the file they take; how many columns a row has at least.

    Raises:
        InputError: it is no VCF and no such table, or a line of the header is missing.
    """
    lines = [_line_of(file).removeprefix(MARK)]
    first = FirstLine(kind, lines[0])
    if identify_variants(seen=first, about=about) is ROWS_ALONE:
        return [FORMAT, _titles(first.fields)], 0, len(first.fields)
    size = 0
    while lines[-1].startswith(b"##"):
        lines.append(_line_of(file))
        size += len(lines[-1])
        if size > LARGEST_HEADER:
            raise InputError(f"a header of more than {LARGEST_HEADER >> 20} MB", **about, expected=EXPECTED)
    taken, titles, fields = len(lines), b" ".join(TITLES).decode(), lines[-1].split(b"\t")
    if not lines[-1].upper().startswith(TITLES[0]):
        if not first.line.startswith(FORMAT_LINE):
            raise InputError(f"a file that {first.quoted}", **about, expected=EXPECTED)
        raise InputError("no line #CHROM above its rows", **about, expected=EXPECTED, hint=f"put it there: {titles}")
    if len(fields) < FEWEST or [each.upper() for each in fields[: len(TITLES)]] != TITLES[: len(fields)]:
        raise InputError(f"its titles are '{shown(as_text(lines[-1]))}'", **about, expected=f"{titles}, between tabs")
    lines[-1] = b"\t".join([*TITLES, *fields[len(TITLES) :]])
    if not any(line.startswith(FORMAT_LINE) for line in lines):
        lines.insert(0, FORMAT)
    return lines, taken, len(fields)


def _line_of(file):
    return file.readline().rstrip(b"\r\n")


def _titles(fields):
    """Titles for rows that have none. fields: of the first row."""
    samples = [b"FORMAT", *(b"sample%d" % number for number in range(1, len(fields)))]
    return b"\t".join([*TITLES, *samples[: max(len(fields) - len(TITLES), 0)]])


def contigs_of(header):
    """The chromosomes that a header names: dict of name -> length in bp, None where it gives none."""
    contigs = {}
    for line in header:
        if named := CONTIG.match(line):
            length = CONTIG_LENGTH.search(line)
            contigs[as_text(named[1])] = int(length[1]) if length else None
    return contigs


def check_target(path):
    """Refuse early what `annotated_copy` could not write at the end. path: of the copy.

    Raises:
        InputError: pysam, which a compressed copy needs, is not installed.
    """
    if Path(path).suffix.lower() in (*PACKED, *BINARY):
        load_pysam()


@contextlib.contextmanager
def annotated_copy(source, target_path, size):
    """Write a copy of a variant file with the field SPEX in INFO, described in its header; an earlier one is replaced.

    source: VariantFile that was gone through; of one that reads regions, their rows. target_path: ends in .gz for VCF
    by bgzip, in .bcf for BCF, else plain VCF; appears whole when the block ends. size: rows a block. Chromosomes that
    the header lacks are added to it.

    Yields: a function to call for each block of rows, with a dict of row number -> entries of `info_entry`; rows
    without entries lose an earlier field only.

    Raises:
        InputError: as `VariantFile.rows`; a row that does not fit into BCF; pysam is not installed.
    """
    check_target(target_path)
    target_path = Path(target_path)
    ending = target_path.suffix.lower()
    numbered = enumerate(source.rows(samples=True))
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(whole_file(target_path))
        if ending in PACKED:
            file = stack.enter_context(open_bgzf(target_path, file.name))
        elif ending in BINARY:
            file = stack.enter_context(_drafted_bcf(source, target_path, file.name))

        def add(entries):
            for number, line in islice(numbered, size):
                file.write(annotated_row(line, entries.get(number, ())) + b"\n")

        for line in annotated_header(source.header, source.undeclared):
            file.write(line + b"\n")
        yield add
        for _ in numbered:
            raise ValueError("fewer blocks of entries than of rows")


@contextlib.contextmanager
def _drafted_bcf(source, target_path, path):
    """A file of VCF that becomes BCF. Its header must declare all that rows name: htslib notes it when it reads them.

    target_path: what temporary files are named after. path: of the BCF.
    """
    draft, declared = temporary_path(target_path), temporary_path(target_path)
    try:
        with open(draft, "xb") as file:
            yield file
        header = _declaring_header(source, draft)
        with open(draft, "rb") as file, open(declared, "xb") as whole:
            whole.write(header)
            whole.writelines(line for line in file if not line.startswith(b"#"))
        try:
            convert_to_bcf(declared, path)
        except ValueError as error:
            raise source.error(f"cannot be kept as BCF ({shown(error, 200)})", hint=INSTEAD_OF_BCF) from error
    finally:
        draft.unlink(missing_ok=True)
        declared.unlink(missing_ok=True)


def _declaring_header(source, path):
    """The header of a VCF file, and what its rows name beside it, as bytes."""
    number = 0
    try:
        with reading("VariantFile", path) as rows:
            for _ in rows:
                number += 1
            return str(rows.header).encode()
    except ValueError as error:
        raise source.error(f"row {number + 1} does not fit into BCF ({shown(error)})", hint=INSTEAD_OF_BCF) from error


def annotated_header(header, chroms):
    """A header that declares the field SPEX and all chromosomes of the rows.

    chroms: those that the header lacks, name -> bp or None; names that VCF does not allow stay undeclared.
    """
    lines = [line for line in header[:-1] if not FIELD_LINE.match(line)]
    for name, length in chroms.items():
        if CONTIG_NAME.fullmatch(name):
            lines.append(f"##contig=<ID={name}{f',length={length}' if length else ''}>".encode())
    meaning = f"Effects on the expression of genes, in ln(expression): {SUBFIELDS}"
    lines.append(f'##INFO=<ID={FIELD},Number=.,Type=String,Description="{meaning}">'.encode())
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
