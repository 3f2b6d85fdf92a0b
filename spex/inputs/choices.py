"""What a user can choose about inputs: genes, expression, how contact maps are read. Loads no library."""

from dataclasses import dataclass

from spex.inputs.normalise import excluded_chromosomes
from spex.options import NUMBER, Options, either, one_of, option, several, text, whole

GENE_TYPES = ("pc", "lincRNA", "all")
TSS_RULES = ("auto", "mane", "canonical", "5prime")
VALUES = ("TPM", "FPKM")


@dataclass(frozen=True)
class GeneChoice(Options):
    """Which genes are used, and where they start. exclude_chroms: None for chrX, chrY, chrM and scaffolds."""

    gene_type: str = option("all", one_of(GENE_TYPES), "pc: protein coding; all: everything but rRNA")
    tss_rule: str = option(
        "auto",
        one_of(TSS_RULES),
        "GTF and GFF3: the transcript whose start is the gene's; auto: MANE Select, else Ensembl canonical, else the "
        "5'-most one of the gene's own type",
        rare=True,
    )
    exclude_chroms: tuple[str, ...] | None = option(
        None,
        several(text("a chromosome's name"), "chromosomes by name, one or a list"),
        "chromosomes whose genes are left out, or none (default: chrX chrY chrM scaffolds)",
        metavar="CHROM",
        example="[chrX, chrY, chrM, scaffolds]",
        rare=True,
    )

    @property
    def excluded(self) -> tuple[str, ...]:
        """The chromosomes that are left out, as of `excluded_chromosomes`."""
        return excluded_chromosomes(self.exclude_chroms)


@dataclass(frozen=True)
class SampleChoice(Options):
    """How expression is read, where a format leaves a choice."""

    value: str | None = option(
        None,
        one_of(VALUES),
        "files with a sample each: column of the expression (default: TPM)",
        example="TPM",
        rare=True,
    )


@dataclass(frozen=True)
class Reading(Options):
    """What is taken for the count of a contact, where a format leaves a choice.

    value_column: of the pixels of cooler's files. count_column: of loops and other tables, its number from 1 up or its
    name in the header. contact_radius: in the units of 3D models; two beads that are nearer are in contact.
    """

    value_column: str = option("count", text(), ".mcool and .cool: column of the pixels that is the count", rare=True)
    count_column: int | str | None = option(
        None,
        either(whole(1), text("a column's name")),
        "tables: column that contains the count, its number from 1 up or its name",
        example="7",
    )
    contact_radius: float | None = option(
        None,
        NUMBER,
        "3D models: beads nearer than this are in contact, in the model's units",
        example="1.5",
        rare=True,
    )


@dataclass(frozen=True)
class Blocks(Options):
    """How much of a variant file is scored and kept together."""

    block_size: int = option(512, whole(1), "rows of the file per block", rare=True)
