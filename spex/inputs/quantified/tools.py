"""Tables that tools of RNA-seq write, known by their columns: which is the gene, and which are expression.

A tool more is an entry in TOOLS. Of tables of no tool that is known here, columns that cannot be a tissue by their
headings are ignored.
"""

import re
from dataclasses import dataclass

from spex.inputs.tables import is_unnamed

TRANSCRIPTS = "sum them over genes first, as tximport does, and give a table with gene ids"
TESTS = "give the expression that they were made from: TPM, or counts that are normalised, with a column a sample"


@dataclass(frozen=True)
class Tool:
    """A kind of table. what: in words. columns: headings that it has, beside others.

    ids: heading of the gene ids. tissues: pattern of the headings that are expression; None for all that may be.
    refusal: what to do instead, of tables that are no expression of genes.
    """

    what: str
    columns: tuple[str, ...]
    ids: str = ""
    tissues: str | None = None
    refusal: str | None = None


TOOLS = (
    Tool("counts of featureCounts", ("Geneid", "Chr", "Start", "End", "Strand", "Length"), "Geneid"),
    Tool("quantification by Salmon", ("Name", "Length", "EffectiveLength", "TPM", "NumReads"), "Name", "TPM"),
    Tool("quantification by Sailfish", ("Name", "Length", "TPM", "NumReads"), "Name", "TPM"),
    Tool("abundances of StringTie", ("Gene ID", "Reference", "Coverage", "FPKM", "TPM"), "Gene ID", "FPKM|TPM"),
    Tool("FPKM of Cufflinks", ("tracking_id", "gene_id", "gene_short_name", "locus"), "gene_id", "(.+_)?FPKM"),
    Tool("isoforms of RSEM", ("transcript_id", "gene_id", "expected_count"), refusal=TRANSCRIPTS),
    Tool("quantification by RSEM", ("gene_id", "expected_count", "TPM", "FPKM"), "gene_id"),
    Tool("transcripts of kallisto", ("target_id", "eff_length", "est_counts", "tpm"), refusal=TRANSCRIPTS),
    Tool("transcripts of StringTie (Ballgown)", ("t_id", "t_name", "gene_id", "FPKM"), refusal=TRANSCRIPTS),
    Tool("tests by DESeq2", ("baseMean", "log2FoldChange"), refusal=TESTS),
    Tool("tests by edgeR", ("logFC", "logCPM"), refusal=TESTS),
    Tool("tests by limma", ("logFC", "AveExpr"), refusal=TESTS),
    Tool("tests by Cuffdiff", ("test_id", "gene_id", "value_1", "value_2"), refusal=TESTS),
)

ID_HEADINGS = ("id", "geneid", "ensemblid", "ensemblgeneid")
NO_TISSUES = re.compile(
    r"id|gene(id|name|symbol|shortname|type|biotype|length|description)|ensembl(gene)?id|symbol|hgncsymbol|"
    r"externalgenename|description|biotype|entrez(gene)?id|ncbi(gene)?id|transcriptids?(\(s\))?|"
    r"chr|chrom|chromosome|seqnames?|start|end|strand|width|length|(effective|eff)length|"
    r"expectedcount|estcounts|numreads|posterior(meancount|standarddeviationofcount)|.+(ci(lower|upper)bound|coefficientofquartilevariation)"
)
"""Headings, as `plain` has them, of ids, names, places and lengths of genes, and of numbers of reads beside TPM, which
do not compare between genes."""

SUMMARY = re.compile(r"__.*|N_(unmapped|multimapping|noFeature|ambiguous)")
"""Ids of the rows, behind or before the genes, in which HTSeq and STAR count reads of no gene."""

LOGARITHM = re.compile(
    r"(^|[^a-z]|tpm|fpkm|rpkm|cpm|counts?|expr|expression)r?log_?(2|10|1p|p1|e|n)?_?"
    r"(tpm|fpkm|rpkm|cpm|counts?|expr|expression|norm|normali[sz]ed)?([^a-z0-9]|$)",
    re.IGNORECASE,
)
"""Headings and names of files that say logarithm: log2_TPM, logcounts, x_log, TPMLogp1."""


def plain(heading):
    """A heading without what differs between tools: gene_id, Gene ID and Geneid -> geneid."""
    return re.sub(r"[\s_.#]", "", heading).lower()


def tool_of(header):
    """The Tool whose table has these headings, or None."""
    return next((tool for tool in TOOLS if set(tool.columns) <= set(header)), None)


def may_be_tissue(heading):
    """Whether a column of this heading may be the expression in a tissue or sample."""
    return not is_unnamed(heading) and NO_TISSUES.fullmatch(plain(heading)) is None


def says_logarithm(text):
    """Whether a heading, or the name of a file, says that values are logarithms."""
    return LOGARITHM.search(text) is not None
