"""What a user can choose on a command line beside what the rooms below have. Loads no library that takes time."""

from dataclasses import dataclass
from pathlib import Path

from spex.contacts.rules import RULES
from spex.errors import InputError, parameter
from spex.models.choices import PSEUDOCOUNT
from spex.options import ANYTHING, NUMBER, PATH, PATHS, TRUTH, Options, one_of, option, several, text, whole

CHROMATIN_FEATURES = "./expecto/deepsea_beluga_2002_features.tsv"
"""Names of the network's outputs, where they were downloaded."""


@dataclass(frozen=True)
class Inputs(Options):
    """Files and folders, and where they are by default."""

    data_folder: Path = option("data_beluga_expecto_hg38", PATH, "folder of the run: tensors, records, results")
    genes: Path = option(
        "./expecto/geneanno_GRCh38.csv",
        PATH,
        "gene annotation: GTF, GFF3, or a table with id, chrom, strand and tss",
    )
    expression: tuple[Path, ...] = option(
        "./expecto/geneanno.exp.csv",
        PATHS,
        "expression of each gene: a table, .h5ad, or files (or a folder) with a sample each",
        metavar="EXPRESSION",
    )
    genome: Path = option("./data/hg38.fa", PATH, "genome, FASTA")
    network: Path = option(
        "./expecto/deepsea.beluga.pth", PATH, "checkpoint of the CNN, or a JSON file that describes another network"
    )
    maps: tuple[Path, ...] = option(
        (),
        PATHS,
        "contact maps (.mcool, .cool, FILE::GROUP of cooler, .hic, BEDPE, triplets), whose counts are added, or 3D "
        "models (text, PDB, mmCIF), an ensemble",
        metavar="MAP",
    )
    cache: Path = option("./pred_cache", PATH, "predictions that several runs share")
    no_cache: bool = option(False, TRUTH, "neither read nor keep predictions in the prediction cache", rare=True)
    chromatin_features: Path | None = option(
        None,
        PATH,
        f"names of the network's outputs (default: {CHROMATIN_FEATURES}, where it exists)",
        metavar="TABLE",
        rare=True,
    )


@dataclass(frozen=True)
class Targets(Options):
    """Tissues, and the transformation of their expression."""

    targets: tuple[str, ...] = option(
        None, several(text("a tissue"), "tissues"), 'tissues by name or shell pattern, like "Brain*"', metavar="NAME"
    )
    target_index: tuple[str, ...] = option(
        None,
        several(text("an index"), "indices"),
        "columns of the expression file: 22, 1-53, several, or all",
        metavar="INDEX",
    )
    pseudocount: float = option(PSEUDOCOUNT, NUMBER, "added to the expression before the logarithm", rare=True)


@dataclass(frozen=True)
class ContactChoice(Options):
    """How contacts are used, beside the options of the rule."""

    rule: str = option("published", one_of(RULES), "how contacted bins are used")
    resolution: int = option(1000, whole(1), "bp per bin of the contact map")


@dataclass(frozen=True)
class Shard(Options):
    """A part of the work, for several processes at once.

    Raises:
        InputError: a number without the other one, or a remainder that no number has.
    """

    divisor: int | None = option(None, whole(1), "number of shards", rare=True)
    remainder: int | None = option(
        None, whole(0), "shard to compute: genes (spex variants: blocks) whose number % divisor is this", rare=True
    )

    def __post_init__(self):
        super().__post_init__()
        lacking = [name for name in ("divisor", "remainder") if getattr(self, name) is None]
        if len(lacking) == 1:
            other = "remainder" if lacking == ["divisor"] else "divisor"
            raise InputError(f"is given without {parameter(lacking[0])}", argument=other, hint="a shard needs both")
        if not lacking and self.remainder >= self.divisor:
            raise InputError(
                f"found {self.remainder}",
                argument="remainder",
                expected=f"0 to {self.divisor - 1}, the remainders of {parameter('divisor')} {self.divisor}",
            )

    @property
    def pair(self):
        """Divisor and remainder, None for the whole."""
        return None if self.divisor is None else (self.divisor, self.remainder)


@dataclass(frozen=True)
class Record(Options):
    """What is recorded of a fit beside its numbers, and where."""

    biosample: str = option("", ANYTHING, "free text for the record", rare=True)
    log_note: str = option("", ANYTHING, "free text for the record", rare=True)
    credentials: Path | None = option(
        None, PATH, "service account's key file, for a row in a Google sheet", metavar="FILE", rare=True
    )
    spreadsheet_id: str | None = option(None, text(), "the Google sheet", metavar="ID", rare=True)


@dataclass(frozen=True)
class Running(Options):
    """How a command runs, whatever it does.

    Raises:
        InputError: it is to say both more and less.
    """

    quiet: bool = option(False, TRUTH, "log warnings only, and show no progress", rare=True)
    verbose: bool = option(
        False,
        TRUTH,
        "log what explains a run too: versions, files that are hashed, blocks of genes, time and memory",
        rare=True,
    )
    log_file: Path | None = option(None, PATH, "append the log to a file too, with errors", metavar="FILE", rare=True)
    threads: int | None = option(
        None, whole(1), "threads of numerical libraries; default: one for each processor", metavar="N", rare=True
    )
    crate: bool = option(
        False,
        TRUTH,
        "describe the run beside its results: command, versions, inputs with hashes (RO-Crate, ro-crate-metadata.json)",
        rare=True,
    )

    def __post_init__(self):
        super().__post_init__()
        if self.quiet and self.verbose:
            raise InputError(f"is given with {parameter('quiet')}", argument="verbose", hint="give one of them")
