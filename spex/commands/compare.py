"""`spex compare`: whether contact maps add anything to what the sequence around a gene predicts of its expression.

    spex compare BASE_FOLDER MAP_FOLDER ... --out comparison

BASE_FOLDER contains tensors of sequence alone, every MAP_FOLDER those with one map's contacts over the same genes.
Writes verdict.md, tables, pictures and report.html into the folder of --out. docs/comparing_maps.md explains them.
With --between the maps are compared with what is different about their cells: between.md, between.html and tables.
"""

import logging
import os
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in spex.commands.train

import spex
from spex.commands.arguments import read_genes, recall, remembered_maps
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.compare import confirm
from spex.compare.between import compare_cells
from spex.compare.cells import CellTypes
from spex.compare.inputs import CompareInputs, prepare
from spex.compare.protocol import Protocol
from spex.compare.run import compare_prepared
from spex.errors import InputError, visible
from spex.files.checks import require_file, require_filled, require_folder
from spex.files.hashes import KnownHashes, Watch
from spex.inputs.expression import open_expression, read_expression, select_targets
from spex.reports.between_report import write_cells
from spex.reports.comparison_report import write_report
from spex.runs.folder import DataFolder
from spex.runs.settings import check_made_with, genes_choice

logger = logging.getLogger("spex")


def cell_types_of(words):
    """The CellTypes of a command line's arguments: MAP_FOLDER=NAME, or a file."""
    given = {}
    for word in words:
        where, equals, cell = word.partition("=")
        if equals and not (where and cell):
            raise InputError(f"found {word!r}", argument="cell_type", expected="MAP_FOLDER=NAME")
        given |= {where: cell} if equals else CellTypes.read(require_file(word, "cell_type")).given
    return CellTypes(given)


def check_options(args):
    """Refuse options that contradict each other."""
    for name in ("confirm", "show_published") if args.between else ():
        if getattr(args, name):
            raise InputError("compares maps with sequence alone, not cells", argument=name, hint="leave out --between")
    if args.confirm and not (args.targets or args.target_index):
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
    protocol = chosen(Protocol, args)
    folders = {"base_folder": [args.base_folder], "map_folders": args.map_folders}
    for argument, folder in ((name, each) for name, given in folders.items() for each in given):
        require_filled(folder, argument)
        recall(args, folder, "genes", "expression", "cache")
    if (protocol.thin_to is not None or args.between) and not args.maps:
        args.maps = remembered_maps(args.map_folders)
    watch = Watch(genes=args.genes)
    table, genes, choice = read_genes(args)
    base = DataFolder(args.base_folder)
    hashes = KnownHashes(base.input_hashes if base.root.is_dir() else None)
    check_made_with(base, {"genes": args.genes, **genes_choice(choice)}, hashes, {})
    file = open_expression(args.expression, args.value, lambda: table["id"])
    watch.add("expression", *file.paths)
    indices = args.target_index if args.target_index or args.targets else ["all"]
    targets = select_targets(file, indices, args.targets)
    read = read_expression(file, targets, table, genes)
    values = read.values
    watch.check()
    inputs = CompareInputs(
        base=Path(args.base_folder),
        maps=[Path(each) for each in args.map_folders],
        expression=values.set_axis(genes["id"].loc[values.index], axis=0),
        targets=[(index, file.tissues[index - 1]) for index in targets],
        cache=args.cache,
        map_files=tuple(args.maps),
        cell_types=cell_types_of(args.cell_type),
        show_published=args.show_published,
        version=spex.__version__,
    )
    out = require_folder(args.out, "out")
    if args.between:
        report_cells(inputs, protocol, out, read.account)
        return
    ready = prepare(inputs, protocol, out)
    read.account.report()
    if args.confirm:
        confirm.check_chromosomes(ready.chroms)
    comparison = compare_prepared(ready)
    page = write_report(out, comparison)
    if args.confirm:
        logger.info("everything but the trees' confirmation is in %s", page.parent)
        write_report(out, comparison, confirm.confirm(ready, most_seeds=args.most_seeds))
    for row in comparison.maps.itertuples():
        print(f"{visible(row.map)}: {row.words}")
    logger.info("tables, pictures and the page are in %s", page.parent)


def report_cells(inputs, protocol, out, account):
    """Compare cells, write what was found, and print the verdicts."""
    compared = compare_cells(inputs, protocol, out)
    account.report()
    page = write_cells(out, compared)
    for row in compared.cells.itertuples():
        print(f"{visible(row.map)}: {row.words}")
    logger.info("tables, the picture and the page are in %s", page.parent)


main = partial(start, "compare")
