"""What the command lines share: options, their types, and errors on one line."""

import argparse
import sys
from dataclasses import fields

from expecto.gene_features import OWN_SUMS, STEP
from expecto.network import BELUGA
from spex.contacts.rules import EVERY_ONE, WEIGHTS
from spex.errors import InputError, in_words, parameter, visible
from spex.files.checks import require_file
from spex.inputs.annotation.tss import TSS_RULES
from spex.inputs.chromosomes import EXCLUDED, excluded_chromosomes
from spex.inputs.expression import VALUES
from spex.inputs.genes import GENE_TYPES, keep_genes, read_gene_table
from spex.inputs.maps.reader import Reading
from spex.models.fits import PSEUDOCOUNT

FIXED_SIZES = {
    "--bin_size": STEP,
    "--window_size": BELUGA.window,
    "--tensor_width": OWN_SUMS,
    "--features_count": BELUGA.features,
}


OPTIONS = {
    "genes": "--genes_filename",
    "genome": "--genome_filename",
    "network": "--beluga_model_filename",
    "maps": "--mcool_filename",
    "expression": "--gene_expression_filename",
    "chromatin_features": "--features_filename",
    "cache": "--pred_cache_folder",
    "rule": "--contact_rule",
    "resolution": "--hic_resolution",
    "parameters": "--params",
    "device": "--compute_platform",
    "fit": "--predict",
    "targets": "--target",
    "remainder": "--reminder",
    "credentials": "--google_sheets_credentials_filename",
    "spreadsheet_id": "--google_spreadsheet_id",
    "login": "--4dn_key",
}
"""Arguments of the library whose option has another name."""


def option(argument):
    """How the command line spells an argument of the library."""
    return OPTIONS.get(argument, f"--{argument}")


def attribute(argument):
    """Where the parsed options hold an argument of the library."""
    return option(argument).removeprefix("--")


EXPRESSION = "./expecto/geneanno.exp.csv"


class DefaultsFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that say something: not None, nor an empty list or text."""

    def _get_help_string(self, action):
        return action.help if action.default in (None, [], "", False) else super()._get_help_string(action)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors take one line, like every other error of the scripts."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {visible(message)} (see {self.prog} --help)\n")

    def parse_known_args(self, args=None, namespace=None):
        """As argparse's, with one attribute more: `given`, the options that were not left to their defaults."""
        args = sys.argv[1:] if args is None else list(args)
        parsed, rest = super().parse_known_args(args, namespace)
        unset = argparse.Namespace(**dict.fromkeys(vars(parsed)))  # argparse sets a default where no attribute is
        found, _ = super().parse_known_args(args, unset)
        parsed.given = frozenset(name for name, value in vars(found).items() if value is not None)
        return parsed, rest


def create_shared_parser(prog, description):
    """A parser with the options that the published scripts share."""
    parser = OneLineParser(prog=prog, description=description, formatter_class=DefaultsFormatter, allow_abbrev=False)
    add = parser.add_argument_group("inputs and outputs").add_argument
    add(
        "--data_folder",
        type=path,
        default="data_beluga_expecto_hg38",
        help="folder of the run: tensors, records, results",
    )
    add_genes_option(add)
    add_expression_options(add)
    add("--genome_filename", type=path, default="./data/hg38.fa", help="genome, FASTA")
    add("--beluga_model_filename", type=path, default="./expecto/deepsea.beluga.pth", help="checkpoint of the CNN")
    add_map_option(
        add,
        "contact maps (.mcool, .cool, FILE::GROUP of cooler, .hic, BEDPE, triplets), whose counts are added, or 3D "
        "models (text, PDB, mmCIF), an ensemble",
    )
    add("--pred_cache_folder", type=path, default="./pred_cache", help="predictions that several runs share")
    add = parser.add_argument_group("genes").add_argument
    add_gene_choices(add)
    add("--divisor", type=whole_number(1), help="number of shards; with --reminder")
    add("--reminder", type=whole_number(0), help="shard to do: genes whose row number %% divisor is this")
    add("--test_only", action="store_true", help="chr8 genes only")
    add = parser.add_argument_group("contacts").add_argument
    add("--hic_resolution", type=whole_number(1), default=1000, help="bp per bin of the contact map")
    add("--max_dist", type=number(0), default=1.15, help="published rule: keep bins with 1/sqrt(count) below this")
    add(
        "--distance_edges",
        type=number(0),
        nargs="+",
        action="extend",
        metavar="DISTANCE",
        help="sum contacts apart by 1/sqrt(count), in groups that end at these distances; none beyond the last "
        "(default: one group of all)",
    )
    add("--contact_weight", choices=WEIGHTS, default=EVERY_ONE, help="what each kept bin counts as in its sum")
    add = parser.add_argument_group("computation").add_argument
    add_platform_options(add)
    add = parser.add_argument_group("training").add_argument
    add("--pseudocount", type=number(0), default=PSEUDOCOUNT, help="added to the expression before the logarithm")
    add(
        "--target_index",
        nargs="+",
        action="extend",
        metavar="INDEX",
        help="columns of the expression file: 22, 1-53, several, or all (default: 22, where that is EBV-transformed "
        "lymphocytes)",
    )
    add = parser.add_argument_group("record").add_argument
    add("--biosample", default="", help="free text for the record")
    add("--log_note", default="", help="free text for the record")
    add(
        "--google_sheets_credentials_filename",
        type=path,
        help="service account's key file, for a row in a Google sheet",
    )
    add("--google_spreadsheet_id", help="the Google sheet")
    add = parser.add_argument_group("fixed by the checkpoint (accepted, not changeable)").add_argument
    for flag, size in FIXED_SIZES.items():
        add(flag, type=fixed_size(size), default=size, help="fixed")
    return parser


def add_platform_options(add):
    """The options that say where the network is computed. add: of a parser."""
    add("--compute_platform", choices=("CPU", "CUDA"), default=None, help="default: CUDA where there is one, else CPU")
    add(
        "--batch_size",
        type=whole_number(1),
        help="windows that the CNN sees at once; default: 200 on CPU, what fits its memory on CUDA",
    )


def add_precision_option(add, choices):
    """The option of the network's precision. add: of a parser. choices: names of precisions."""
    add("--precision", choices=choices, help="of the network; default: float32 on CPU, tf32 on CUDA")


def add_gpus_option(add):
    """The option that says which GPUs are used. add: of a parser."""
    add(
        "--gpus",
        nargs="+",
        action="extend",
        type=whole_number(0),
        metavar="NUMBER",
        help="GPUs to use, counted from 0; default: all",
    )


def add_genes_option(add):
    """The option of the genes. add: of a parser."""
    add(
        "--genes_filename",
        type=path,
        default="./expecto/geneanno_GRCh38.csv",
        help="gene annotation: the published table, a table with id, chrom, strand and tss, GTF or GFF3",
    )


def add_gene_choices(add):
    """The options that say which genes are used, and where they start. add: of a parser."""
    add("--gene_type", choices=GENE_TYPES, default="all", help="pc: protein coding; all: everything but rRNA")
    add(
        "--tss_rule",
        choices=TSS_RULES,
        default="auto",
        help="GTF and GFF3: the transcript whose start is the gene's; auto: MANE Select, else Ensembl canonical, else "
        "the 5'-most one of the gene's own type",
    )
    add(
        "--exclude_chroms",
        nargs="+",
        action="extend",
        metavar="CHROM",
        help=f"chromosomes whose genes are left out, or none (default: {' '.join(EXCLUDED)})",
    )


def add_expression_options(add):
    """The options of the expression. add: of a parser."""
    add(
        "--gene_expression_filename",
        type=path,
        nargs="+",
        default=EXPRESSION,
        metavar="EXPRESSION",
        help="expression, by gene id or by row number: a table, .h5ad, or files (or a folder) with a sample each",
    )
    add("--value", choices=VALUES, help="files with a sample each: column of the expression (default: TPM)")


def read_genes(path, args):
    """The genes table at a path, and its genes that the model is made for, as the options choose them."""
    table = read_gene_table(require_file(path, "genes", "genes"), args.tss_rule)
    return table, keep_genes(table, args.gene_type, excluded_chromosomes(args.exclude_chroms))


def add_map_option(add, what):
    """The option of contact maps. add: of a parser. what: they are for."""
    add(
        "--mcool_filename",
        "--contacts_filename",
        type=path,
        nargs="+",
        action="extend",
        default=[],
        metavar="MAP",
        help=what,
    )


def add_reading_options(add):
    """The options that say how contact maps are read, by the names in Reading. add: of a parser."""
    add("--value_column", default=Reading.value_column, help=".mcool and .cool: column of the pixels that is the count")
    add("--count_column", type=column, help="tables: column that holds the count, its number from 1 up or its name")
    add(
        "--contact_radius",
        type=number(0),
        help="3D models: beads nearer than this are in contact, in the model's units",
    )


def reading_of(args):
    """The Reading that the options describe.

    Raises:
        InputError: an option of it that would change nothing, without a contact map.
    """
    reading = Reading(**{field.name: getattr(args, field.name) for field in fields(Reading)})
    for name, value in reading.given().items() if not args.mcool_filename else ():
        refuse_without_map(name, value)
    return reading


def refuse_without_map(name, value):
    """Refuse an option about contact maps where none is given."""
    raise InputError(
        "says how a contact map is used, but none is given",
        argument=name,
        subject=in_words(value),
        hint=f"give {parameter('maps')} too, or leave it out",
    )


def check_shared_options(args):
    """Refuse combinations of shared options that no single option can tell.

    Raises:
        InputError: a shard without its number or count, or a shard number past the count.
    """
    if (args.divisor is None) != (args.reminder is None):
        raise InputError("--divisor and --reminder: only one was given; a shard needs both")
    if args.divisor is not None and args.reminder >= args.divisor:
        raise InputError(
            f"--reminder {args.reminder}: expected 0 to {args.divisor - 1}, the remainders of --divisor {args.divisor}"
        )


def shard_of(args):
    """Divisor and remainder of the genes' row numbers, or None for all genes."""
    return None if args.divisor is None else (args.divisor, args.reminder)


def whole_number(least, most=None):
    """An argument type: whole numbers from `least` to `most`, or up without end."""

    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            end = "up" if most is None else f"to {most}"
            raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from {least} {end}")
        return value

    return parse


def number(above):
    """An argument type: finite numbers above `above`."""

    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not above < value < float("inf"):
            raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above {above}")
        return value

    return parse


def column(text):
    """An argument type: a column's number from 1 up, or its name."""
    return whole_number(1)(text) if text.lstrip("-").isdecimal() else path(text)


def penalty(text):
    """An argument type: a number above 0, or none."""
    return text if text == "none" else number(0)(text)


def path(text):
    """An argument type: a path, which an unset variable of the shell is not."""
    if not text:
        raise argparse.ArgumentTypeError("found nothing, expected a path; is a variable of the shell not set?")
    return text


def fixed_size(size):
    """An argument type for what the checkpoint fixes: the one value, or an error."""

    def parse(text):
        if text != str(size):
            raise argparse.ArgumentTypeError(f"found {text!r}, but the checkpoint fixes it at {size}")
        return size

    return parse
