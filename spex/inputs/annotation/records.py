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
NO_RECORD = ("#", "track ", "browser ")
PARTS = {"exon", "CDS", "five_prime_UTR", "three_prime_UTR", "UTR", "start_codon", "stop_codon", "region"}
"""Features that are no transcripts, though a gene of GFF3 may be their parent."""

GFF3_ATTRIBUTE = re.compile(r"[^\s=\"]+\s*=")
GTF_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^;\s"]+))\s*(?:;|$)')
LARGEST_POSITION, DIGITS = 2**31 - 1, 10


class Record(NamedTuple):
    """A gene, or what may be a transcript. start, end: 1-based, both included. line: its number in the file, from 1.

    source: its second field. attributes: of several of one name, the last; tags: all of the attribute `tag`, blanks as
    underscores. fault: what is wrong with its positions, in words, which are 0 then; None where they are right.
    """

    line: int
    is_gene: bool
    source: str
    feature: str
    chrom: str
    start: int
    end: int
    strand: str
    attributes: dict[str, str]
    tags: frozenset[str]
    fault: str | None


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
    """Yield the Records of genes and, as far as the file says, transcripts, up to the sequence that GFF3 may end in.

    Raises:
        InputError: not text, damaged, or a line without nine fields.
    """
    about = {"argument": "genes", "subject": path}
    with open_text(path, about, expected=EXPECTED, newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if line.startswith((">", "##FASTA")):
                return
            if line.startswith(NO_RECORD) or line.isspace():
                continue
            fields = line.rstrip("\r\n").split("\t")
            if len(fields) != FIELDS:
                raise InputError(f"{len(fields)} fields on line {number}", **about, expected=EXPECTED)
            if fields[2] not in PARTS and (record := _record(number, [field.strip() for field in fields])):
                yield record


def _record(number, fields):
    """The Record of a line; None where it is neither a gene nor what may be a transcript."""
    chrom, source, feature, start, end, _, strand, _, text = fields
    form = "GFF3" if GFF3_ATTRIBUTE.match(text) else "GTF"
    is_gene = feature in GENES[form]
    if not is_gene and (feature != "transcript" if form == "GTF" else feature in PARTS):
        return None
    start, end, fault = _positions(feature, number, start, end)
    attributes, tags = _gtf_attributes(text) if form == "GTF" else _gff_attributes(text)
    return Record(number, is_gene, source, feature, chrom, start, end, strand, attributes, tags, fault)


def _positions(feature, number, start, end):
    """Start and end, 1-based, both included, and None; or 0, 0 and what is wrong with them."""
    whole = all(text.isdecimal() and len(text) <= DIGITS for text in (start, end))
    if whole and 1 <= int(start) <= int(end) <= LARGEST_POSITION:
        return int(start), int(end), None
    return 0, 0, f"{shown(feature)} on line {number} is at '{shown(start)}' to '{shown(end)}'"


def _gtf_attributes(text):
    pairs = [(key, quoted or plain) for key, quoted, plain in GTF_ATTRIBUTE.findall(text)]
    return dict(pairs), frozenset(value.replace(" ", "_") for key, value in pairs if key == "tag")


def _gff_attributes(text):
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    attributes = {key.strip(): unquote(value.strip()) for key, _, value in pairs}
    tags = attributes.get("tag", "").split(",")
    return attributes, frozenset(tag.strip().replace(" ", "_") for tag in tags if tag)
