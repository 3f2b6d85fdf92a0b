"""GTF and GFF3 files as the table of genes that the program works with."""

import re
from collections import defaultdict
from typing import NamedTuple

import pandas as pd

from spex.arguments import choice
from spex.errors import InputError, shown
from spex.inputs.account import Account
from spex.inputs.annotation.records import Record, read_records
from spex.inputs.annotation.tss import CANONICAL, LACKING, MANE, Stretch, choose_tss
from spex.inputs.choices import TSS_RULES
from spex.inputs.ids import PAR_Y, unversioned
from spex.inputs.tables import listed

TYPES = {
    "protein_coding": "protein_coding",
    "lincRNA": "lincRNA",
    "lncRNA": "lincRNA",
    "rRNA": "rRNA",
    "Mt_rRNA": "rRNA",
}
"""Biotype in the file -> type in the published table, which has no others."""

GENE_TYPES = ("gene_type", "gene_biotype", "biotype")
TRANSCRIPT_TYPES = ("transcript_type", "transcript_biotype", "biotype")
SAME_TYPES = {"mRNA": "protein_coding", "lnc_RNA": "lncRNA"}
"""What RefSeq and the Sequence Ontology call transcripts of a gene's type."""

BIOTYPES = re.compile(
    r"protein_coding|retained_intron|nonsense_mediated_decay|non_stop_decay|processed_transcript|antisense|"
    r"sense_intronic|sense_overlapping|non_coding|ambiguous_orf|TEC|LRG_gene|(\w+_)?pseudogene|\w*RNA|"
    r"3prime_overlapping_ncrna|(IG|TR)_[A-Z]+_gene"
)
"""Biotypes of Ensembl, which stand in the second field of its GTF up to release 75 (GRCh37)."""

COLUMNS = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type", "line"]
SEVERAL, MOST_ODD = 10, 0.1
"""More genes than these, in number and as a share, without a TSS for a fault of their lines: the file is damaged."""


class Odd(NamedTuple):
    """Why a gene has no TSS. reason: in words that follow a number. error: what is wrong, where many are."""

    reason: str
    error: InputError


class Gene(NamedTuple):
    """A gene of the file. name: its id there. odd: why it cannot be used, or None."""

    record: Record
    name: str
    odd: Odd | None = None


def read_annotation(path, tss_rule="auto"):
    """Read the genes of a GTF or GFF3 file, in the order of the file.

    tss_rule: as `rule` of `choose_tss`.

    Returns: DataFrame with the columns of the published table as text, ids without version, `TSS` the 5' end of the
    gene and `CAGE_representative_TSS` that of the transcript that the rule takes (float64, 1-based); `line` (int64),
    that of the gene. And the Account of the genes that are not in it: those of other types than the published table's,
    PAR genes of Y, those without a transcript that the rule takes, and odd ones: in parts, without a strand, there
    twice.

    Raises:
        InputError: not such a file, no gene, no gene of a known type, or many odd ones.
    """
    choice(tss_rule, "tss_rule", TSS_RULES)
    account, rows, odd, untyped = Account(str(path), "genes"), [], [], 0
    genes, transcripts = _collect(path)
    for key, gene in _each_once(path, genes).items():
        biotype = _type_of(gene.record, GENE_TYPES)
        reason = _unused(gene.name, biotype)
        if reason is None and (fault := gene.odd or _odd_transcripts(path, gene.record, transcripts[key])):
            odd.append(fault)
            account.leave_out(fault.reason, names=[gene.name])
        elif reason is None:
            stretches = _stretches(gene.record, transcripts[key])
            tss = choose_tss(_stretch(gene.record, biotype), gene.record.strand, stretches, tss_rule)
            reason = LACKING[tss_rule] if tss is None else None
            untyped += _is_untyped(stretches, tss_rule)
            rows += [] if tss is None else [_row(gene, biotype, tss)]
        if reason is not None:
            account.leave_out(reason)
    _check_used(path, account, len(genes), len(rows), odd)
    if untyped:
        account.notes.append(f"{untyped:,} have transcripts without a type: the 5'-most of all is taken")
    return _table(rows), account


def _is_untyped(transcripts, tss_rule):
    """Whether the 5'-most of all transcripts is taken because none has a type. transcripts: Stretches."""
    chosen = {"auto": {MANE, CANONICAL}, "5prime": set()}.get(tss_rule)
    if not transcripts or chosen is None:
        return False
    return not any(each.type or each.tags & chosen for each in transcripts)


def _row(gene, biotype, tss):
    record = gene.record
    start = record.start if record.strand == "+" else record.end
    symbol = _first(record.attributes, ("gene_name", "Name", "gene")) or gene.name
    return gene.name, symbol, record.chrom, record.strand, start, tss, TYPES[biotype], record.line


def _table(rows):
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"TSS": "float64", "CAGE_representative_TSS": "float64"})
    for column in ("id", "symbol", "seqnames", "strand", "type"):
        table[column] = table[column].astype(object)
    table["id"] = unversioned(table["id"])
    return table


def _check_used(path, account, genes, used, odd):
    """Refuse a file of which no gene, or too few, can be used. genes: number of all. odd: of those of used types."""
    if odd and (not used or len(odd) > max(SEVERAL, MOST_ODD * (used + len(odd)))):
        raise odd[0].error
    if not used:
        left_out = sorted(account.left_out.items(), key=lambda item: -item[1])
        raise InputError(
            f"none of its {genes:,} genes can be used; left out: "
            f"{listed(f'{count:,} {reason}' for reason, count in left_out)}",
            argument="genes",
            subject=path,
            expected="genes whose gene_type, gene_biotype or biotype is protein_coding, lncRNA or lincRNA",
        )


def _unused(name, biotype):
    """Why no gene of this id and type is used, in words that follow a number, or None."""
    if PAR_Y.fullmatch(name):
        return "PAR genes of chrY"
    return None if biotype in TYPES else shown(biotype or "genes without a type", 30)


def _collect(path):
    """Genes and their transcripts.

    Returns: dict of key -> Gene, a transcript's key being that of its gene; dict of key -> Records.
    """
    genes, transcripts = {}, defaultdict(list)
    for record in read_records(path):
        if record.is_gene:
            gene = _gene(path, record)
            key = record.attributes.get("ID", gene.name)
            genes[key] = _repeated(path, genes[key], record) if key in genes else gene
        else:
            parents = record.attributes.get("Parent", record.attributes.get("gene_id", ""))
            for parent in parents.split(","):
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


def _gene(path, record):
    """The Gene of a line. GFF3 without gene_id has the id in ID, behind the word gene."""
    name = record.attributes.get("gene_id") or record.attributes.get("ID", "")
    name = name.removeprefix("gene:").removeprefix("gene-")
    odd = None
    if not name:
        name = f"line {record.line}"
        odd = _odd(
            "without an id",
            path,
            f"the gene on line {record.line} has no gene_id; its attributes are {listed(record.attributes)}",
            'gene_id "..." in GTF, gene_id=... or ID=... in GFF3',
        )
    elif record.fault:
        odd = _odd("at no position", path, record.fault, "1-based positions, the smaller one first")
    elif record.strand not in ("+", "-"):
        found = f"the gene on line {record.line} is on strand '{shown(record.strand)}'"
        odd = _odd("without a strand", path, found, "+ or -")
    return Gene(record, name, odd)


def _repeated(path, gene, record):
    """A gene that another line names too, as trans-splicing gives it, or a file that was put together."""
    in_parts = "part" in record.attributes or "trans-splicing" in record.attributes.get("exception", "")
    return gene._replace(
        odd=_odd(
            "in parts" if in_parts else "there twice",
            path,
            f"gene {shown(gene.name)} is on line {gene.record.line} and on line {record.line}",
            "each gene once",
        )
    )


def _each_once(path, genes):
    """The genes, those odd that share their id but for the version. genes: dict of key -> Gene."""
    plain = unversioned(pd.Series([gene.name for gene in genes.values()], dtype=object))
    for key, name, twice in zip(list(genes), plain, plain.duplicated(keep=False), strict=True):
        if twice:
            line = genes[key].record.line
            found = f"gene '{shown(name)}' has an id that occurs twice (versions do not count), first on line {line}"
            genes[key] = genes[key]._replace(odd=_odd("with an id that occurs twice", path, found, "each gene once"))
    return genes


def _odd_transcripts(path, gene, records):
    """Why the transcripts of a gene cannot be its: one on another chromosome, there twice or nowhere; or None."""
    seen = {}
    for record in records:
        if record.fault:
            return _odd("with a transcript at no position", path, record.fault, "1-based positions, the smaller first")
        if record.chrom != gene.chrom:
            return _odd(
                "with a transcript on another chromosome",
                path,
                f"the transcript on line {record.line} lies on {shown(record.chrom)}, its gene (line {gene.line}) on "
                f"{shown(gene.chrom)}",
                "one name a chromosome",
            )
        name = record.attributes.get("ID", record.attributes.get("transcript_id"))
        if name in seen and "part" not in record.attributes:
            found = f"transcript {shown(name)} is on line {seen[name]} and on line {record.line}"
            return _odd("with a transcript that is there twice", path, found, "each transcript once")
        if name is not None:
            seen[name] = record.line
    return None


def _odd(reason, path, found, expected):
    return Odd(reason, InputError(found, argument="genes", subject=path, expected=expected))


def _stretches(gene, records):
    """A gene's transcripts; those on its other strand, which trans-splicing gives, do not count."""
    return [_stretch(record, _type_of(record, TRANSCRIPT_TYPES)) for record in records if record.strand == gene.strand]


def _stretch(record, biotype):
    return Stretch(record.start, record.end, SAME_TYPES.get(biotype, biotype), record.tags)


def _type_of(record, names):
    """The biotype of a gene or a transcript: an attribute, the second field, or what its feature is called; or None."""
    given = _first(record.attributes, names)
    if given is None and BIOTYPES.fullmatch(record.source):
        return record.source
    return given or (None if record.is_gene or record.feature == "transcript" else record.feature)


def _first(attributes, names):
    """The first of some attributes that is there and not empty, or None."""
    return next((attributes[name] for name in names if attributes.get(name)), None)
