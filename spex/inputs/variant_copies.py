"""Copies of variant files with what was found of their alleles: VCF, plain or by bgzip, or BCF.

A copy differs from its source in INFO alone; what a table without a header lacks of VCF is put there.
"""

import os
from itertools import islice
from pathlib import Path

from spex.errors import shown
from spex.files.atomic import temporary_path, whole_file
from spex.inputs.htslib import convert_to_bcf, load_pysam, reading, write_bgzf
from spex.inputs.vcf_text import annotated_header, annotated_row, as_text

BGZF, BCF = (".gz", ".bgz"), (".bcf",)
"""Endings of the names of copies that are compressed by bgzip, or BCF."""

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
