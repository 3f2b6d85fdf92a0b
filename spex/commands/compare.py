"""`spex compare`: whether contact maps add anything to what the sequence around a gene tells of its expression.

    spex compare BASE_FOLDER MAP_FOLDER ... --out comparison

BASE_FOLDER holds tensors of sequence alone, every MAP_FOLDER those with one map's contacts over the same genes. Writes
verdict.md, tables, pictures and report.html into the folder of --out. docs/comparing_maps.md says how to read them.
"""

import logging
import os
from dataclasses import fields
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import spex
from spex.commands.options import (
    DefaultsFormatter,
    OneLineParser,
    add_expression_options,
    add_gene_choices,
    add_genes_option,
    add_map_option,
    attribute,
    create_shared_parser,
    number,
    option,
    path,
    read_genes,
    whole_number,
)
from spex.commands.running import run_script
from spex.compare.cells import CellTypes
from spex.compare.inputs import SHALLOWEST, CompareInputs, Protocol, prepare
from spex.compare.run import compare_prepared
from spex.compare.statistics import CORRECTIONS
from spex.errors import InputError, visible
from spex.files.checks import require_file, require_folder
from spex.files.hashes import KnownHashes
from spex.files.stamps import Watch
from spex.inputs.chromosomes import excluded_chromosomes
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.targets import select_targets
from spex.reports.comparison_report import write_report
from spex.runs.folder import DataFolder
from spex.runs.settings import check_genes_choice, check_made_with

PROG = "spex compare"
FOLDERS = {"base_folder": "BASE_FOLDER", "map_folders": "MAP_FOLDER"}

logger = logging.getLogger("spex")


def create_parser(prog=PROG):
    shared = create_shared_parser(prog, "")
    parser = OneLineParser(
        prog=prog,
        description="Tell what contact maps add to the sequence, beside what their numbers of contacts and other bins "
        "at the same distances tell.",
        formatter_class=DefaultsFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument_group("inputs and outputs").add_argument
    add("base_folder", type=path, metavar=FOLDERS["base_folder"], help="data folder of sequence alone")
    add("map_folders", type=path, nargs="+", metavar=FOLDERS["map_folders"], help="data folder of one map each")
    add("--out", type=path, required=True, metavar="DIR", help="folder of the comparison")
    add_genes_option(add)
    add_expression_options(add)
    add(
        option("cache"),
        type=path,
        default=shared.get_default(attribute("cache")),
        help="predictions that the runs share; controls come from there",
    )
    add_map_option(add, "the maps of the folders, in any order; for --thin_to, and for the arm of their coverage")
    add = parser.add_argument_group("genes and tissues").add_argument
    add_gene_choices(add)
    add("--genes_with_contacts", action="store_true", help="only genes with a contact in every map")
    add("--target", nargs="+", action="extend", metavar="NAME", help="tissues by name or pattern; default: all")
    add("--target_index", nargs="+", action="extend", metavar="INDEX", help="tissues by index: 22, 1-53, or all")
    add("--pseudocount", type=number(0), default=shared.get_default("pseudocount"), help="added before the logarithm")
    add(
        "--cell_type",
        nargs="+",
        action="extend",
        default=[],
        metavar="MAP_FOLDER=NAME",
        help="tissue that is a map's own cell type, by name or pattern; or a tab-separated file with map and cell_type",
    )
    add = parser.add_argument_group("statistics").add_argument
    add("--least_gain", type=number(0), default=Protocol.least_gain, help="gain of Spearman below which it is nothing")
    add("--correction", choices=CORRECTIONS, default=Protocol.correction, help="of p-values over maps and tissues")
    add("--seed", type=whole_number(0, 2**31 - 1), default=Protocol.seed, help="of controls, rotations and thinning")
    add("--rotations", type=whole_number(2), default=Protocol.rotations, help="of residuals along the genome")
    add(
        "--narrow_draw",
        action="store_true",
        help="let any bin of the chromosome serve as a matched one once none is left within twice the distance",
    )
    add = parser.add_argument_group("views").add_argument
    add("--thin_to", type=counts, metavar="N", help="thin every map to N counts, or to those of the shallowest")
    add(
        "--confirm",
        choices=("gbtree",),
        help="the published trees on the same arms too, for the tissues that --target or --target_index names",
    )
    add("--most_seeds", type=whole_number(3), default=20, help="with --confirm: seeds of an arm")
    add("--show_published", action="store_true", help="take maps by the published contact rule, without a verdict")
    return parser


def counts(text):
    """An argument type: a whole number above 0, or "shallowest"."""
    return text if text == SHALLOWEST else whole_number(1)(text)


def cell_types_of(words):
    """The CellTypes that words say: MAP_FOLDER=NAME, or a file."""
    given = {}
    for word in words:
        where, equals, cell = word.partition("=")
        if equals and not (where and cell):
            raise InputError(f"found {word!r}", argument="cell_type", expected="MAP_FOLDER=NAME")
        given |= {where: cell} if equals else CellTypes.read(require_file(word, "cell_type")).given
    return CellTypes(given)


def check_options(args):
    """Refuse options that contradict each other."""
    if args.confirm and not (args.target or args.target_index):
        raise InputError(
            "trees take hours for each tissue",
            argument="confirm",
            subject=args.confirm,
            hint="name the tissues with --target or --target_index",
        )
    if not args.confirm and "most_seeds" in args.given:
        raise InputError(
            "says how often trees are fitted, but none are asked for", argument="most_seeds", hint="give --confirm too"
        )


def run(args):
    check_options(args)
    watch = Watch(genes=args.genes_filename)
    table, genes = read_genes(args.genes_filename, args)
    base = DataFolder(args.base_folder)
    hashes = KnownHashes(base.input_hashes if base.root.is_dir() else None)
    check_made_with(base, {"genes": args.genes_filename}, hashes, {})
    check_genes_choice(base, args.tss_rule, excluded_chromosomes(args.exclude_chroms))
    file = open_expression(args.gene_expression_filename, args.value, lambda: table["id"])
    watch.add("expression", *file.paths)
    indices = args.target_index if args.target_index or args.target else ["all"]
    targets = select_targets(file, indices, args.target)
    read = read_expression(file, targets, table, genes)
    values = read.values
    watch.check()
    inputs = CompareInputs(
        base=Path(args.base_folder),
        maps=[Path(each) for each in args.map_folders],
        expression=values.set_axis(genes["id"].loc[values.index], axis=0),
        targets=[(index, file.tissues[index - 1]) for index in targets],
        cache=args.pred_cache_folder,
        map_files=tuple(args.mcool_filename),
        cell_types=cell_types_of(args.cell_type),
        show_published=args.show_published,
        version=spex.__version__,
    )
    protocol = Protocol(**{field.name: getattr(args, field.name) for field in fields(Protocol)})
    out = require_folder(args.out, "out")
    ready = prepare(inputs, protocol, out)
    read.account.report()
    if args.confirm:
        from spex.compare import confirm  # noqa: PLC0415 (xgboost takes a second to load)

        confirm.check_chromosomes(ready.chroms)
    comparison = compare_prepared(ready)
    page = write_report(out, comparison)
    if args.confirm:
        logger.info("everything but the trees' confirmation is in %s", page.parent)
        write_report(out, comparison, confirm.confirm(ready, most_seeds=args.most_seeds))
    for row in comparison.maps.itertuples():
        print(f"{visible(row.map)}: {row.words}")
    logger.info("tables, pictures and the page are in %s", page.parent)


def spell(argument):
    """How this command spells an argument of the library."""
    return FOLDERS.get(argument, option(argument))


def main(argv=None, prog=PROG):
    return run_script(prog, run, create_parser(prog).parse_args(argv), spell=spell)
