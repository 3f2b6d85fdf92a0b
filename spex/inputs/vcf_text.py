"""VCF as text: its header, and the INFO of a row. Lines are bytes without their ends, since not all are UTF-8."""

import re

from spex.errors import InputError, shown

FIELD = "SPEX"
SUBFIELDS = "Allele|gene_id|gene_name|tissue|path|effect|quantile"

TITLES = b"#CHROM POS ID REF ALT QUAL FILTER INFO".split()
INFO = TITLES.index(b"INFO")
EXPECTED = "VCF or BCF"

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
    """The header's lines; the last has the titles of the columns. Leaves the file at the first row.

    file: binary. about: argument and subject of errors. kind: what the file is, when that is known and is not text.

    Raises:
        InputError: it is no VCF, or a line of the header is missing.
    """
    first = file.readline().removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
    if not first.startswith(b"##fileformat=VCF"):
        found, hint = (kind, None) if kind else _other_text(first)
        raise InputError(found, **about, expected=EXPECTED, hint=hint)
    lines = [first]
    while lines[-1].startswith(b"##"):
        lines.append(file.readline().rstrip(b"\r\n"))
    titles = b" ".join(TITLES).decode()
    if not lines[-1].startswith(TITLES[0]):
        raise InputError("no line #CHROM above its rows", **about, expected=EXPECTED, hint=f"put it there: {titles}")
    if lines[-1].split(b"\t")[: len(TITLES)] != TITLES:
        raise InputError(f"its titles are '{shown(as_text(lines[-1]))}'", **about, expected=f"{titles}, between tabs")
    return lines


def _other_text(line):
    """What a text file is that begins with this line, and what to do with it, or None."""
    fields = line.split(b"\t")
    if fields[0] == TITLES[0]:
        return "no line ##fileformat=VCFv4.3 above #CHROM", "put it there"
    if len(fields) > 4 and fields[1].isdigit() and fields[3].isalpha():
        titles = b" ".join(TITLES).decode()
        return "rows without a header", f"put two lines above them: ##fileformat=VCFv4.3, then {titles} between tabs"
    if len(fields) > 2 and fields[1].isdigit() and fields[2].isdigit():
        return "a BED file", "it has no alleles: give the file that they are in"
    if line.startswith(b">"):
        return "a FASTA file", None
    return f"a file that begins with '{shown(as_text(line))}'", None


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
