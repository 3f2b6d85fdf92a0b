"""Gene annotation of GENCODE, Ensembl and RefSeq, GTF or GFF3, to a table with one TSS a gene."""

import contextlib
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pandas as pd

from spex.errors import InputError, listed, shown
from spex.inputs.account import Account
from spex.inputs.choices import TSS_RULES
from spex.inputs.gene_tables import COLUMNS, POSITIONS
from spex.inputs.normalise import LARGEST_POSITION, PAR_Y, unversioned
from spex.inputs.opening import open_text
from spex.options import one_of

NAMED = re.compile(r"\.(gtf|gff|gff3)(\.(gz|bz2|xz))?$", re.IGNORECASE)
FIELDS, DIGITS = 9, 10
EXPECTED = "GTF or GFF3: nine fields between tabs on every line"
GENES = {"GTF": {"gene"}, "GFF3": {"gene", "ncRNA_gene", "pseudogene"}}
STRANDS, NO_FEATURE = ("+", "-"), ("", "NA")
NO_RECORD = ("#", "track ", "browser ")
PARTS = {"exon", "CDS", "five_prime_UTR", "three_prime_UTR", "UTR", "start_codon", "stop_codon", "region"}
"""Features that are no transcripts, though a gene of GFF3 may be their parent."""

GFF3_ATTRIBUTE = re.compile(r"[^\s=\"]+\s*=")
GTF_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^;\s"]+))\s*(?:;|$)')

TYPES = {
    "protein_coding": "protein_coding",
    "lincRNA": "lincRNA",
    "lncRNA": "lincRNA",
    "rRNA": "rRNA",
    "Mt_rRNA": "rRNA",
}
"""Biotype in the file -> type in the published table, which has no others."""
TYPE_NAMES = ("gene_type", "gene_biotype", "biotype")
TRANSCRIPT_TYPES = ("transcript_type", "transcript_biotype", "biotype")
SAME_TYPES = {"mRNA": "protein_coding", "lnc_RNA": "lncRNA"}
"""What RefSeq and the Sequence Ontology call transcripts of a gene's type."""
BIOTYPES = re.compile(
    r"protein_coding|retained_intron|nonsense_mediated_decay|non_stop_decay|processed_transcript|antisense|"
    r"sense_intronic|sense_overlapping|non_coding|ambiguous_orf|TEC|LRG_gene|(\w+_)?pseudogene|\w*RNA|"
    r"3prime_overlapping_ncrna|(IG|TR)_[A-Z]+_gene"
)
"""Biotypes of Ensembl, from the second field of its GTF up to release 75 (GRCh37)."""

SEVERAL, MOST_ODD = 10, 0.1
"""More genes than these, in number and as a share, without a TSS for a fault of their lines: the file is damaged."""

LACKING = {"mane": "without a MANE Select transcript", "canonical": "without an Ensembl canonical transcript"}
"""Why a rule leaves a gene out, a phrase that follows a number."""
MANE, CANONICAL = "MANE_Select", "Ensembl_canonical"


class Record(NamedTuple):
    """A gene, or what may be a transcript. start, end: 1-based, both included. line: its number in the file, from 1.

    source: its second field. attributes: of several of one name, the last; tags: all of the attribute `tag`, blanks as
    underscores. fault: what is wrong with its positions, as text; None where they are right.
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

    def first_of(self, *names):
        """The first of some attributes that is there and not empty, or None."""
        return next((self.attributes[name] for name in names if self.attributes.get(name)), None)


class Odd(NamedTuple):
    """Why a gene has no TSS. reason: a phrase that follows a number. found, expected: of the error, where many are."""

    reason: str
    found: str
    expected: str = "each gene once"


class Gene(NamedTuple):
    """A gene of the file. name: its id there. odd: why it cannot be used, or None."""

    record: Record
    name: str
    odd: Odd | None = None


class Stretch(NamedTuple):
    """A gene or a transcript. start, end: 1-based, both included. tags: as the file has them, blanks as underscores."""

    start: int
    end: int
    type: str | None = None
    tags: frozenset[str] = frozenset()


def is_annotation(path):
    """Whether a file is GTF or GFF3, by its name or by its first line that is no comment."""
    if NAMED.search(Path(path).name):
        return True
    with contextlib.suppress(InputError), open_text(path, {}, newline="\n") as file:  # the reader raises it later
        for line in file:
            if line.startswith("##gff-version"):
                return True
            if line.strip() and not line.startswith("#"):
                fields = line.split("\t")
                return len(fields) == FIELDS and fields[3].isdecimal() and fields[4].isdecimal()
    return False


def read_annotation(path, tss_rule="auto"):
    """Read the genes of a GTF or GFF3 file, in the order of the file.

    tss_rule: as `rule` of `choose_tss`.

    Returns: DataFrame with the columns of the published table as text, ids without version, `TSS` the 5' end of the
    gene and `CAGE_representative_TSS` that of the transcript that the rule takes (float64, 1-based); `line` (int64),
    that of the gene. And the Account of the genes that are not in it: those of other types than the published table's,
    PAR genes of Y, those without a transcript that the rule takes, and odd ones: in parts, without a strand, there
    twice.
    """
    one_of(TSS_RULES).check(tss_rule, "tss_rule")
    account, rows, odd, untyped = Account(str(path), "genes"), [], [], 0
    genes, transcripts = _collect(path)
    for key, gene in _each_once(genes).items():
        biotype = _type_of(gene.record, TYPE_NAMES)
        if reason := _unused(gene.name, biotype):
            account.leave_out(reason)
        elif fault := gene.odd or _odd_transcripts(gene.record, transcripts[key]):
            odd.append(fault)
            account.leave_out(fault.reason, names=[gene.name])
        else:
            record, others = gene.record, transcripts[key]
            stretches = [  # those on its other strand, which trans-splicing gives, do not count
                _stretch(each, _type_of(each, TRANSCRIPT_TYPES)) for each in others if each.strand == record.strand
            ]
            tss = choose_tss(_stretch(record, biotype), record.strand, stretches, tss_rule)
            untyped += _is_untyped(stretches, tss_rule)
            if tss is None:
                account.leave_out(LACKING[tss_rule])
            else:
                symbol = record.first_of("gene_name", "Name", "gene") or gene.name
                start = record.start if record.strand == "+" else record.end
                place = record.chrom, record.strand, start, tss
                rows.append((gene.name, symbol, *place, TYPES[biotype], record.line))
    _check_used(path, account, len(genes), len(rows), odd)
    for lost in transcripts[""]:
        if lost.feature == "transcript" and lost.fault:  # it may be any gene's
            raise InputError(lost.fault, argument="genes", subject=path, expected=EXPECTED)
    if untyped:
        account.notes.append(f"{untyped:,} have transcripts without a type: the 5'-most of all is taken")
    texts = dict.fromkeys(("id", "symbol", "seqnames", "strand", "type"), object)
    table = pd.DataFrame(rows, columns=[*COLUMNS, "line"]).astype(texts | dict.fromkeys(POSITIONS, "float64"))
    return table.assign(id=unversioned(table["id"])), account


def choose_tss(gene, strand, transcripts, rule="auto"):
    """The TSS of a gene: the 5' end of the transcript that a rule takes, of several the 5'-most one.

    gene: Stretch. strand: "+" or "-". transcripts: Stretches. rule: `mane` takes MANE Select, `canonical` Ensembl
    canonical, `5prime` all transcripts of the gene's own type, or all where none is, or the gene where it has none;
    `auto` the first of these three that there is.

    Returns: int, 1-based, or None where the rule takes none.
    """
    one_of(TSS_RULES).check(rule, "tss_rule")
    taken = {
        "mane": [each for each in transcripts if MANE in each.tags],
        "canonical": [each for each in transcripts if CANONICAL in each.tags],
        "5prime": [each for each in transcripts if each.type == gene.type] or transcripts or [gene],
    }
    chosen = next(filter(None, taken.values())) if rule == "auto" else taken[rule]
    if not chosen:
        return None
    return min(each.start for each in chosen) if strand == "+" else max(each.end for each in chosen)


def _read_records(path):
    """Yield the Records of genes and, as far as the file says, transcripts, up to the sequence that GFF3 may end in."""
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
            if fields[2].strip() in NO_FEATURE:
                raise InputError(f"no feature on line {number}", **about, expected=EXPECTED)
            if fields[2] not in PARTS and (record := _record(number, [field.strip() for field in fields])):
                yield record


def _record(number, fields):
    """The Record of a line; None where it is neither a gene nor what may be a transcript."""
    chrom, source, feature, start, end, _, strand, _, text = fields
    form = "GFF3" if GFF3_ATTRIBUTE.match(text) else "GTF"
    is_gene = feature in GENES[form]
    if not is_gene and (feature != "transcript" if form == "GTF" else feature in PARTS):
        return None
    attributes, tags = _gtf_attributes(text) if form == "GTF" else _gff_attributes(text)
    fault = None
    if form == "GTF" and not is_gene and not attributes.get("gene_id"):
        fault = f"the transcript on line {number} has no gene_id"
    whole = all(text.isdecimal() and len(text) <= DIGITS for text in (start, end))
    if not whole or not 1 <= int(start) <= int(end) <= LARGEST_POSITION:
        fault = f"{shown(feature)} on line {number} is at '{shown(start)}' to '{shown(end)}'"
        start = end = 0
    return Record(number, is_gene, source, feature, chrom, int(start), int(end), strand, attributes, tags, fault)


def _gtf_attributes(text):
    pairs = [(key, quoted or plain) for key, quoted, plain in GTF_ATTRIBUTE.findall(text)]
    return dict(pairs), frozenset(value.replace(" ", "_") for key, value in pairs if key == "tag")


def _gff_attributes(text):
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    attributes = {key.strip(): unquote(value.strip()) for key, _, value in pairs}
    tags = attributes.get("tag", "").split(",")
    return attributes, frozenset(tag.strip().replace(" ", "_") for tag in tags if tag)


def _collect(path):
    """Genes and their transcripts.

    Returns: dict of key -> Gene, a transcript's key being that of its gene; dict of key -> Records.
    """
    genes, transcripts = {}, defaultdict(list)
    for record in _read_records(path):
        if record.is_gene:
            gene = _gene(record)
            key = record.attributes.get("ID", gene.name)
            genes[key] = _repeated(genes[key], record) if key in genes else gene
        else:
            for parent in record.attributes.get("Parent", record.attributes.get("gene_id", "")).split(","):
                transcripts[parent].append(record)
    if not genes:
        raise InputError(
            "no gene in it",
            argument="genes",
            subject=path,
            expected="GTF or GFF3 with a line for each gene, as GENCODE, Ensembl and RefSeq have them",
            hint="a table with id, chrom, strand and tss will do too",
        )
    return genes, transcripts


def _gene(record):
    """The Gene of a line. GFF3 without gene_id has the id in ID, after the word gene."""
    name = record.attributes.get("gene_id") or record.attributes.get("ID", "")
    name = name.removeprefix("gene:").removeprefix("gene-")
    where, odd = f"the gene on line {record.line}", None
    if not name:
        name = f"line {record.line}"
        found = f"{where} has no gene_id; its attributes are {listed(record.attributes)}"
        odd = Odd("without an id", found, 'gene_id "..." in GTF, gene_id=... or ID=... in GFF3')
    elif record.fault:
        odd = Odd("at no position", record.fault, "1-based positions, the smaller one first")
    elif record.strand not in STRANDS:
        odd = Odd("without a strand", f"{where} is on strand '{shown(record.strand)}'", "+ or -")
    return Gene(record, name, odd)


def _repeated(gene, record):
    """A gene that another line names too, as trans-splicing gives it, or a concatenated file."""
    in_parts = "part" in record.attributes or "trans-splicing" in record.attributes.get("exception", "")
    found = f"gene {shown(gene.name)} is on line {gene.record.line} and on line {record.line}"
    return gene._replace(odd=Odd("in parts" if in_parts else "there twice", found))


def _each_once(genes):
    """The genes, those odd that share their id but for the version. genes: dict of key -> Gene."""
    plain = unversioned(pd.Series([gene.name for gene in genes.values()], dtype=object))
    for key, name, twice in zip(list(genes), plain, plain.duplicated(keep=False), strict=True):
        if twice:
            line = genes[key].record.line
            found = f"gene '{shown(name)}' has an id that occurs twice (versions do not count), first on line {line}"
            genes[key] = genes[key]._replace(odd=Odd("with an id that occurs twice", found))
    return genes


def _odd_transcripts(gene, records):
    """Why the transcripts of a gene cannot be its: one on another chromosome, there twice or nowhere; or None."""
    seen = {}
    for record in records:
        where = f"the transcript on line {record.line}"
        if record.fault:
            return Odd("with a transcript at no position", record.fault, "1-based positions, the smaller first")
        if record.strand not in STRANDS:
            found = f"{where} is on strand '{shown(record.strand)}'"
            return Odd("with a transcript without a strand", found, "+ or -")
        if record.chrom != gene.chrom:
            found = f"{where} lies on {shown(record.chrom)}, its gene (line {gene.line}) on {shown(gene.chrom)}"
            return Odd("with a transcript on another chromosome", found, "one name a chromosome")
        name = record.attributes.get("ID", record.attributes.get("transcript_id"))
        if name in seen and "part" not in record.attributes:
            found = f"transcript {shown(name)} is on line {seen[name]} and on line {record.line}"
            return Odd("with a transcript that is there twice", found, "each transcript once")
        if name is not None:
            seen[name] = record.line
    return None


def _unused(name, biotype):
    """Why no gene of this id and type is used, a phrase that follows a number, or None."""
    if PAR_Y.fullmatch(name):
        return "PAR genes of chrY"
    return None if biotype in TYPES else shown(biotype or "genes without a type", 30)


def _stretch(record, biotype):
    return Stretch(record.start, record.end, SAME_TYPES.get(biotype, biotype), record.tags)


def _type_of(record, names):
    """The biotype of a gene or a transcript: an attribute, the second field, or what its feature is called; or None."""
    given = record.first_of(*names)
    if given is None and BIOTYPES.fullmatch(record.source):
        return record.source
    return given or (None if record.is_gene or record.feature == "transcript" else record.feature)


def _is_untyped(transcripts, tss_rule):
    """Whether the 5'-most of all transcripts is taken because none has a type. transcripts: Stretches."""
    chosen = {"auto": {MANE, CANONICAL}, "5prime": set()}.get(tss_rule)
    typed = chosen is None or any(each.type or each.tags & chosen for each in transcripts)
    return bool(transcripts) and not typed


def _check_used(path, account, genes, used, odd):
    """Refuse a file of which no gene, or too few, can be used. genes: number of all. odd: of those of used types."""
    about = {"argument": "genes", "subject": path}
    if odd and (not used or len(odd) > max(SEVERAL, MOST_ODD * (used + len(odd)))):
        raise InputError(odd[0].found, **about, expected=odd[0].expected)
    if not used:
        left_out = sorted(account.left_out.items(), key=lambda item: -item[1])
        counts = listed(f"{count:,} {reason}" for reason, count in left_out)
        raise InputError(
            f"none of its {genes:,} genes can be used; left out: {counts}",
            **about,
            expected="genes whose gene_type, gene_biotype or biotype is protein_coding, lncRNA or lincRNA",
        )
