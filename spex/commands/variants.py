"""`spex variants`: what alleles do to the genes that they reach, through their local windows and through contacts.

    spex variants FILE.vcf DATA_FOLDER --model FIT --out FOLDER
    spex variants FILE.vcf DATA_FOLDER --model FIT --effects shift_*.diff.h5 --out FOLDER
    spex variants FILE.vcf DATA_FOLDER --model FIT --haplotypes --out FOLDER
    spex variants null DATA_FOLDER --model FIT

Writes FOLDER/effects.tsv, a row an allele, gene and tissue. The second form takes what alleles do to chromatin features
from ExPecto's files, in place of the network. The third writes FOLDER/haplotypes.tsv: what all alleles of one do when
they act together. The last makes the null variants that the column quantile ranks effects among, beside each model.
docs/variants.md says what such scores are worth.
"""

import contextlib
import logging
from functools import partial

from spex.commands.choices import Shard
from spex.commands.effect_inputs import open_effect_inputs
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.effects import haplotypes
from spex.effects.chromatin_effects import ChromatinEffectsRun
from spex.effects.nulls import CLASSES, SNV, STRATA, kept_classes, null_effects, save_nulls
from spex.effects.variant_tables import COLUMNS, PLACE, best_genes, best_of_each, info_entries, wide_columns, wide_table
from spex.effects.variants import VariantRun, null_identity, open_variants
from spex.errors import InputError, parameter
from spex.files.atomic import remove_where_allowed
from spex.files.checks import require_folder
from spex.files.sealed import DamagedFileError
from spex.files.streamed_tables import require_format, write_tables
from spex.inputs.choices import GeneChoice
from spex.inputs.genes import choose_genes
from spex.inputs.vcf import annotated_copy, check_target
from spex.reports.effect_page import Strongest, write_variant_page
from spex.reports.multiqc import write_account

EFFECTS, HAPLOTYPES, PAGE = "effects", "haplotypes", "effects.html"

logger = logging.getLogger("spex")


def run(args):
    if getattr(args, "null", False):
        return run_null(args)
    shard = chosen(Shard, args).pair
    require_format(args.format)
    if args.vcf_out:
        check_target(args.vcf_out)
    for name in ("effects", "vcf_out", "wide", "best_per_variant", "page") if args.haplotypes else ():
        if name in args.given:
            raise InputError(f"of no use with {parameter('haplotypes')}", argument=name, hint="leave it out")
    if args.samples and not args.haplotypes:
        raise InputError(f"of no use without {parameter('haplotypes')}", argument="samples", hint="give that too")
    out = require_folder(args.out, "out")
    run_ = (by_files if args.effects else by_haplotypes if args.haplotypes else by_network)(args, out)
    inputs = run_.inputs
    if not run_.score(shard):
        logger.info("other shards are not done; the run that finishes the last block writes the table")
        return None
    stem, place, columns = EFFECTS, PLACE, wide_columns(inputs) if args.wide else COLUMNS
    if args.haplotypes:
        stem, place, columns = HAPLOTYPES, haplotypes.PLACE, haplotypes.COLUMNS
    with contextlib.ExitStack() as stack:
        tables = run_.tables()
        if args.vcf_out:
            copy = stack.enter_context(annotated_copy(run_.file, args.vcf_out, args.block_size))
            tables = _copied(tables, copy)
        strongest = Strongest()
        rows = tables if args.haplotypes else _choose(args, inputs, tables, strongest)
        written = write_tables(out, stem, rows, columns, args.format, place=place)
    remove_where_allowed(out / PAGE)
    if args.page:
        write_variant_page(out / PAGE, strongest, inputs.genes, {} if args.effects else inputs.chromsizes())
    run_.account.notes.append(
        "by the local windows alone; REF is not compared with a genome" if args.effects else "contacts are held fixed"
    )
    run_.account.report()
    write_account(out, "variants", "Alleles", run_.account)
    print(written)
    return None


def by_network(args, out):
    """The run that the options describe: VariantRun."""
    inputs = open_effect_inputs(args, linear=True, uncertainty=args.uncertainty)
    return VariantRun(inputs, open_variants(inputs, args.variants, args.regions), out, block_rows=args.block_size)


def by_haplotypes(args, out):
    """The same of the haplotypes of samples: HaplotypeRun."""
    inputs = open_effect_inputs(args, linear=True, uncertainty=args.uncertainty)
    file = open_variants(inputs, args.variants, args.regions)
    return haplotypes.HaplotypeRun(inputs, file, out, args.samples, block_rows=args.block_size)


def by_files(args, out):
    """The same with files of chromatin effects in the place of the network: ChromatinEffectsRun."""
    for name in ("regions", "divisor"):
        if name in args.given:
            hint = "leave it out"
            raise InputError(
                f"of no use with {parameter('effects')}, whose rows are the whole file's", argument=name, hint=hint
            )
    return ChromatinEffectsRun(
        args.data_folder,
        args.variants,
        args.effects,
        out,
        genes=choose_genes(args.genes, GeneChoice())[1] if args.genes else None,
        fits=list(map(str, args.fit)),
        tissues=args.targets,
        block_rows=args.block_size,
        uncertainty=args.uncertainty,
    )


def _copied(tables, copy):
    """The tables of blocks, each put into the copy of the variant file as it passes."""
    for table in tables:
        copy(info_entries(table))
        yield table


def _choose(args, inputs, tables, strongest):
    """The tables of blocks as the options ask for them. strongest: Strongest, which sees their rows."""
    if args.best_per_variant:
        tables = map(best_genes if args.wide else best_of_each, tables)
    for table in strongest.passing(tables):
        yield wide_table(table, inputs) if args.wide else table


def run_null(args):
    inputs = open_effect_inputs(args, linear=True)
    inputs.require_network()
    wanted = [SNV, *(name for name in CLASSES if name != SNV and (args.classes == "all" or args.classes in name))]
    identity = {"number": args.number, "seed": args.seed}
    places = [(each.folder, null_identity(inputs, each) | identity) for each in inputs.fits]
    kept = [_kept_classes(*each) for each in places]
    missing = [name for name in wanted if not all(name in each for each in kept)]
    if not missing:
        logger.info("null variants of all %d models are there already", len(places))
        return
    with inputs.computer(inputs.sources.devices[0]) as computer:
        tables = null_effects(inputs, computer, args.number, args.seed, missing)
    inputs.watch.check()
    for each, table in zip(places, tables, strict=True):
        save_nulls(each[0], table, each[1], missing)
    counts = tables[0]["stratum"].value_counts()
    logger.info("%s", "; ".join(f"{name}: {counts.get(name, 0)}" for name in STRATA))


def _kept_classes(place, identity):
    """Classes of the whole null variants in the folder of a fit; damaged ones are made again."""
    try:
        return kept_classes(place, identity)
    except DamagedFileError as error:
        logger.warning("%s; they are computed again", error)
        return []


main = partial(start, "variants")
