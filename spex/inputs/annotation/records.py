"""Lines of GTF and GFF3 files: genes, and what may be their transcripts."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from spex.errors import InputError, shown
from spex.inputs.opening import open_text

NAMED = re.compile(r"\.(gtf|gff|gff3)(\.(gz|bz2|xz))?$", re.IGNORECASE)
FIELDS = 9
EXPECTED = "GTF or GFF3: nine fields between tabs on every line"
GENES = {"GTF": {"gene"}, "GFF3": {"gene", "ncRNA_gene", "pseudogene"}}
PARTS = {"exon", "CDS", "five_prime_UTR", "three_prime_UTR", "UTR", "start_codon", "stop_codon", "region"}
"""Features of GFF3 that are no transcripts, though a gene may be their parent."""

GTF_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^;\s"]+))\s*(?:;|$)')
LARGEST_POSITION = 2**31 - 1


class Record(NamedTuple):
    """A gene, or what may be a transcript. start, end: 1-based, both included. line: its number in the file, from 1.

    attributes: of several of one name, the last; tags: all of the attribute `tag`, blanks as underscores.
    """

    line: int
    is_gene: bool
    feature: str
    chrom: str
    start: int
    end: int
    strand: str
    attributes: dict[str, str]
    tags: frozenset[str]


def is_annotation(path):
    """Whether a file is GTF or GFF3, by its name or by its first line that is no comment."""
    if NAMED.search(Path(path).name):
        return True
    try:
        with open_text(path, {}, newline="\n") as file:
            for line in file:
                if line.startswith("##gff-version"):
                    return True
                if line.strip() and not line.startswith("#"):
                    fields = line.split("\t")
                    return len(fields) == FIELDS and fields[3].isdecimal() and fields[4].isdecimal()
    except InputError:
        return False
    return False


def read_records(path):
    """Yield the Records of genes and, as far as the file tells, transcripts.

    Raises:
        InputError: not text, damaged, a line without nine fields, or one with positions that are none.
    """
    about = {"argument": "genes", "subject": path}
    with open_text(path, about, expected=EXPECTED, newline="\n") as file:
        yield from _parse(file, about)


def _parse(file, about):
    form = None
    for number, line in enumerate(file, start=1):
        if line.startswith("#"):
            if line.startswith("##FASTA"):
                return
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) != FIELDS:
            if fields == [""]:
                continue
            raise InputError(f"{len(fields)} fields on line {number}", **about, expected=EXPECTED)
        if form is None:
            form = "GFF3" if re.match(r"[^\s=\"]+=", fields[8]) else "GTF"
        is_gene = fields[2] in GENES[form]
        if is_gene or (fields[2] == "transcript" if form == "GTF" else fields[2] not in PARTS):
            start, end = _positions(fields, number, about)
            attributes, tags = _gtf_attributes(fields[8]) if form == "GTF" else _gff_attributes(fields[8])
            yield Record(number, is_gene, fields[2], fields[0], start, end, fields[6], attributes, tags)


def _positions(fields, number, about):
    """Start and end, 1-based, both included."""
    if fields[3].isdecimal() and fields[4].isdecimal():
        start, end = int(fields[3]), int(fields[4])
        if 1 <= start <= end <= LARGEST_POSITION:
            return start, end
    raise InputError(
        f"{shown(fields[2])} on line {number} is at '{shown(fields[3])}' to '{shown(fields[4])}'",
        **about,
        expected="1-based positions, the smaller one first",
    )


def _gtf_attributes(text):
    pairs = [(key, quoted or plain) for key, quoted, plain in GTF_ATTRIBUTE.findall(text)]
    return dict(pairs), frozenset(value.replace(" ", "_") for key, value in pairs if key == "tag")


def _gff_attributes(text):
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    attributes = {key.strip(): unquote(value) if "%" in value else value for key, _, value in pairs}
    tags = attributes.get("tag", "").split(",")
    return attributes, frozenset(tag.strip().replace(" ", "_") for tag in tags if tag)
