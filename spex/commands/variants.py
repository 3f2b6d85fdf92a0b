"""`spex variants`: what alleles do to the genes that they reach, through their own windows and through contacts.

    spex variants FILE.vcf DATA_FOLDER --model FIT --out FOLDER
    spex variants null DATA_FOLDER --model FIT

Writes FOLDER/effects.tsv, a row an allele, gene and tissue. The second form makes the null variants that the column
quantile ranks effects among, beside each model. docs/variants.md says what such scores are worth.
"""

import logging
import sys
from pathlib import Path

from spex.commands.effect_inputs import add_effect_options, open_effect_inputs, spell
from spex.commands.options import DefaultsFormatter, OneLineParser, check_shared_options, path, shard_of, whole_number
from spex.commands.running import run_script
from spex.effects.nulls import STRATA, load_nulls, null_effects, save_nulls
from spex.effects.variant_tables import COLUMNS, best_genes, best_of_each, info_entries, wide_columns, wide_table
from spex.effects.variants import BLOCK_ROWS, VariantRun, null_identity
from spex.files.checks import require_folder
from spex.files.sealed import DamagedFileError
from spex.inputs.variant_copies import check_target, write_annotated
from spex.progress import progress
from spex.reports.streamed_tables import FORMATS, require_format, write_tables

PROG = "spex variants"
NULL = "null"
WORTH = (
    "What such scores are worth: contacts are held fixed; models of this kind often get the sign of a difference "
    "between individuals wrong (Huang et al. 2023, Nat Genet) and under-use distal sequence (Karollus et al. 2023, "
    "Genome Biol)."
)
EFFECTS = "effects"

logger = logging.getLogger("spex")


def create_parser(prog=PROG):
    parser = OneLineParser(
        prog=prog,
        description="Tell what alleles do to the expression of every gene that they reach, through the gene's own "
        f"windows and through contacted bins. {prog} {NULL} --help tells of null variants.",
        epilog=WORTH,
        formatter_class=DefaultsFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("variants", type=path, metavar="FILE", help=".vcf, .vcf.gz or .bcf, or - for standard input")
    add_effect_options(parser, "linear models only, of any number of tissues")
    add = parser.add_argument_group("variants").add_argument
    add("--out", type=path, required=True, metavar="FOLDER", help="folder of the effects")
    add(
        "--region",
        nargs="+",
        action="extend",
        default=[],
        metavar="CHROM:START-END",
        help="only variants there (1-based, inclusive); the file needs an index",
    )
    add("--best_per_variant", action="store_true", help="of each allele the row with the largest effect alone")
    add("--wide", action="store_true", help="a row an allele and gene, with the effect in each tissue in a column")
    add("--format", choices=FORMATS, default="tsv", help=f"of {EFFECTS}.tsv or {EFFECTS}.parquet")
    add("--vcf_out", type=path, metavar="FILE", help="the variant file again, with an INFO field SPEX")
    add("--block_size", type=whole_number(1), default=BLOCK_ROWS, help="rows of the file that are kept together")
    add("--divisor", type=whole_number(1), help="number of shards; with --reminder")
    add("--reminder", type=whole_number(0), help="shard to do: blocks whose number %% divisor is this")
    return parser


def create_null_parser(prog):
    parser = OneLineParser(
        prog=f"{prog} {NULL}",
        description="Make null variants for each model: random SNVs at places where variants can act, kept beside the "
        "model, among which the column quantile ranks effects.",
        formatter_class=DefaultsFormatter,
        allow_abbrev=False,
    )
    add_effect_options(parser, "linear models only")
    add = parser.add_argument_group("null variants").add_argument
    add("--number", type=whole_number(20), default=300, help=f"of null variants in each of {len(STRATA)} strata")
    add("--seed", type=whole_number(0, 2**31 - 1), default=1410, help="of the draws")
    return parser


def run(args):
    check_shared_options(args)
    require_format(args.format)
    if args.vcf_out:
        check_target(args.vcf_out)
    out = require_folder(args.out, "out")
    inputs = open_effect_inputs(args, linear=True)
    run_ = VariantRun(inputs, args.variants, out, regions=args.region, block_rows=args.block_size)
    if not run_.score(shard_of(args)):
        logger.info("other shards are not done; the run that finishes the last block writes the table")
        return
    told = _choose(args, inputs, run_.tables())
    columns = wide_columns(inputs) if args.wide else COLUMNS
    written = write_tables(out, EFFECTS, told, columns, args.format)
    if args.vcf_out:
        write_annotated(run_.file, Path(args.vcf_out), args.block_size, map(info_entries, run_.tables()))
    run_.account.notes.append("contacts are held fixed")
    run_.account.report()
    print(written)


def _choose(args, inputs, tables):
    """The tables of blocks as the options ask for them."""
    for table in tables:
        if args.wide:
            yield wide_table(best_genes(table) if args.best_per_variant else table, inputs)
        else:
            yield best_of_each(table) if args.best_per_variant else table


def run_null(args):
    inputs = open_effect_inputs(args, linear=True)
    identity = {"number": args.number, "seed": args.seed}
    identities = [null_identity(inputs, each) | identity for each in inputs.fits]
    if all(_has_nulls(each.folder, known) for each, known in zip(inputs.fits, identities, strict=True)):
        logger.info("null variants of all %d models are there already", len(inputs.fits))
        return
    with (
        inputs.computer(inputs.sources.devices[0]) as computer,
        progress(args.number * len(STRATA), "variants", "null variants") as advance,
    ):
        tables = null_effects(inputs, computer, args.number, args.seed, advance)
    inputs.watch.check()
    for each, table, known in zip(inputs.fits, tables, identities, strict=True):
        save_nulls(each.folder, table, known)
    counts = tables[0]["stratum"].value_counts()
    logger.info("%s", "; ".join(f"{name}: {counts.get(name, 0)}" for name in STRATA))


def _has_nulls(place, identity):
    """Whether whole null variants are kept in the folder of a fit; damaged ones are made again."""
    try:
        return load_nulls(place, identity) is not None
    except DamagedFileError as error:
        logger.warning("%s; they are made again", error)
        return False


def main(argv=None, prog=PROG):
    words = sys.argv[1:] if argv is None else [*argv]
    if words[:1] == [NULL]:
        return run_script(f"{prog} {NULL}", run_null, create_null_parser(prog).parse_args(words[1:]), spell=spell)
    return run_script(prog, run, create_parser(prog).parse_args(words), spell=spell)
