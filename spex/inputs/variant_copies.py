"""Copies of variant files with what was found of their alleles: VCF, plain or by bgzip, or BCF.

A copy differs from its source in INFO alone; what a table without a header lacks of VCF is put there.
"""

import os
import re
from itertools import islice
from pathlib import Path

from spex.errors import shown
from spex.files.atomic import temporary_path, whole_file
from spex.inputs.alleles import as_text
from spex.inputs.htslib import convert_to_bcf, load_pysam, reading, write_bgzf
from spex.inputs.vcf_text import TITLES

BGZF, BCF = (".gz", ".bgz"), (".bcf",)
"""Endings of the names of copies that are compressed by bgzip, or BCF."""

FIELD = "SPEX"
SUBFIELDS = "Allele|gene_id|gene_name|tissue|path|effect|quantile"
FIELD_LINE = re.compile(rb'##INFO=<(?:[^"]*,)?ID=%b[,>]' % FIELD.encode())
INFO = TITLES.index(b"INFO")
CONTIG_NAME = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")
NOT_IN_VALUE = r",;=\s\x00-\x20"
"""Characters that end a value of INFO, for a regular expression."""

MOST_DECLARED = 100_000
"""Chromosomes that are added to a header; others stay undeclared."""

INSTEAD_OF_BCF = "write VCF: give a name that ends in .vcf.gz"


def check_target(path):
    """Refuse early what `write_annotated` could not write at the end. path: of the copy.

    Raises:
        InputError: pysam, which a compressed copy needs, is not installed.
    """
    if Path(path).suffix.lower() in (*BGZF, *BCF):
        load_pysam()


def write_annotated(source, target_path, size, infos):
    """Write a copy of a variant file with the field SPEX in INFO, described in its header; an earlier one is replaced.

    source: VariantFile; of one that reads regions, their rows. target_path: ends in .gz for VCF by bgzip, in .bcf for
    BCF, else plain VCF; appears whole. size: rows a block. infos: for every block, dict of row number -> entries of
    `info_entry`; rows without entries lose an earlier field only. Chromosomes that the header lacks are added to it.

    Raises:
        InputError: as `VariantFile.rows`; a row that BCF cannot hold; pysam is not installed.
    """
    check_target(target_path)
    target_path = Path(target_path)
    lines = _annotated_lines(source, size, infos)
    ending = target_path.suffix.lower()
    with whole_file(target_path) as file:
        if ending in BGZF:
            write_bgzf(target_path, os.path.abspath(file.name), lines)
        elif ending in BCF:
            _write_bcf(source, target_path, str(file.name), lines)
        else:
            file.writelines(lines)


def _annotated_lines(source, size, infos):
    """Lines of the copy, with their ends."""
    undeclared = {}
    for line in source.rows():
        name = as_text(line.split(b"\t", 1)[0])
        if name not in source.contigs and name not in undeclared and len(undeclared) < MOST_DECLARED:
            undeclared[name] = source.chromsizes.get(source.called(name))
    for line in annotated_header(source.header, undeclared):
        yield line + b"\n"
    numbered = enumerate(source.rows(samples=True))
    for entries in infos:
        for number, line in islice(numbered, size):
            yield annotated_row(line, entries.get(number, ())) + b"\n"
    for _ in numbered:
        raise ValueError("fewer blocks of entries than of rows")


def _write_bcf(source, target_path, path, lines):
    """Write lines of VCF as BCF. Its header must declare all that rows name: htslib notes it when it reads them.

    target_path: what temporary files are named after. path: of the BCF.
    """
    draft, declared = temporary_path(target_path), temporary_path(target_path)
    try:
        with open(draft, "xb") as file:
            file.writelines(lines)
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
