"""GTF and GFF3 files as the table of genes that the program works with."""

from collections import Counter, defaultdict

import pandas as pd

from spex.arguments import choice
from spex.errors import InputError, shown
from spex.inputs.annotation.records import read_records
from spex.inputs.annotation.tss import LACKING, TSS_RULES, Stretch, choose_tss
from spex.inputs.ids import unversioned
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

PAR_Y = "_PAR_Y"
"""End of the ids of genes that GENCODE has twice, on X and on Y."""


def read_annotation(path, tss_rule="auto"):
    """Read the genes of a GTF or GFF3 file, in the order of the file.

    tss_rule: as `rule` of `choose_tss`.

    Returns: DataFrame with the columns of the published table as text, ids without version, `TSS` the 5' end of the
    gene and `CAGE_representative_TSS` that of the transcript that the rule takes (float64, 1-based); `line` (int64),
    that of the gene. Its `attrs["left_out"]` counts the genes that are not in it: those of other types than the
    published table's, PAR genes of Y, and those without a transcript that the rule takes; words -> number.

    Raises:
        InputError: not such a file, no gene, no gene of a known type, a gene without id or strand, a transcript twice.
    """
    choice(tss_rule, "tss_rule", TSS_RULES)
    genes, transcripts = _collect(path)
    rows, left_out = [], Counter()
    for key, (gene, name) in genes.items():
        biotype = _first(gene.attributes, GENE_TYPES)
        reason = "PAR genes of chrY" if name.endswith(PAR_Y) else None
        if reason is None and biotype not in TYPES:
            reason = shown(biotype or "genes without a type", 30)
        tss = None
        if reason is None:
            tss = choose_tss(
                _stretch(gene, biotype), gene.strand, _transcripts_of(path, gene, transcripts[key]), tss_rule
            )
            reason = LACKING[tss_rule] if tss is None else None
        if reason is not None:
            left_out[reason] += 1
            continue
        start = gene.start if gene.strand == "+" else gene.end
        symbol = _first(gene.attributes, ("gene_name", "Name", "gene")) or name
        rows.append((name, symbol, gene.chrom, gene.strand, start, tss, TYPES[biotype], gene.line))
    if not rows:
        raise InputError(
            f"none of its {len(genes):,} genes can be used; left out: "
            f"{listed(f'{count:,} {reason}' for reason, count in left_out.most_common())}",
            argument="genes",
            subject=path,
            expected="genes whose gene_type, gene_biotype or biotype is protein_coding, lncRNA or lincRNA",
        )
    columns = ["id", "symbol", "seqnames", "strand", "TSS", "CAGE_representative_TSS", "type", "line"]
    table = pd.DataFrame(rows, columns=columns).astype({"TSS": "float64", "CAGE_representative_TSS": "float64"})
    for column in ("id", "symbol", "seqnames", "strand", "type"):
        table[column] = table[column].astype(object)
    table["id"] = unversioned(table["id"])
    table.attrs["left_out"] = dict(left_out)
    return table


def _collect(path):
    """Genes and their transcripts.

    Returns: dict of key -> (Record, id) of genes, a transcript's key being that of its gene; dict of key -> Records.
    """
    genes, transcripts = {}, defaultdict(list)
    for record in read_records(path):
        if record.is_gene:
            name = _gene_id(path, record)
            key = record.attributes.get("ID", name)
            if key in genes:
                raise InputError(
                    f"gene {shown(name)} is on line {genes[key][0].line} and on line {record.line}",
                    argument="genes",
                    subject=path,
                    expected="each gene once",
                )
            genes[key] = record, name
            continue
        parent = record.attributes.get("Parent", record.attributes.get("gene_id"))
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


def _gene_id(path, record):
    """A gene's id as the file has it; GFF3 without gene_id has one in ID, behind the word gene."""
    name = record.attributes.get("gene_id") or record.attributes.get("ID", "")
    if not name:
        raise InputError(
            f"the gene on line {record.line} has no gene_id; its attributes are {listed(record.attributes)}",
            argument="genes",
            subject=path,
            expected='gene_id "..." in GTF, gene_id=... or ID=... in GFF3',
        )
    return name.removeprefix("gene:").removeprefix("gene-")


def _transcripts_of(path, gene, records):
    """Stretches of a gene's transcripts; those on its other strand, which trans-splicing gives, do not count.

    Raises:
        InputError: the gene has no strand, or a transcript lies on another chromosome or is there twice.
    """
    about = {"argument": "genes", "subject": path}
    if gene.strand not in ("+", "-"):
        raise InputError(
            f"the gene on line {gene.line} is on strand '{shown(gene.strand)}'", **about, expected="+ or -"
        )
    seen = {}
    for record in records:
        if record.chrom != gene.chrom:
            raise InputError(
                f"the transcript on line {record.line} lies on {shown(record.chrom)}, its gene (line {gene.line}) on "
                f"{shown(gene.chrom)}",
                **about,
                expected="one name a chromosome",
            )
        name = record.attributes.get("ID", record.attributes.get("transcript_id"))
        if name in seen and "part" not in record.attributes:
            raise InputError(
                f"transcript {shown(name)} is on line {seen[name]} and on line {record.line}",
                **about,
                expected="each transcript once",
            )
        if name is not None:
            seen[name] = record.line
    return [
        _stretch(record, _first(record.attributes, TRANSCRIPT_TYPES) or record.feature)
        for record in records
        if record.strand == gene.strand
    ]


def _stretch(record, biotype):
    return Stretch(record.start, record.end, SAME_TYPES.get(biotype, biotype), record.tags)


def _first(attributes, names):
    """The first of some attributes that is there and not empty, or None."""
    return next((attributes[name] for name in names if attributes.get(name)), None)
