"""From a bare machine to the published table: get the files, run tensors and train twice, compare the figures.

    spex reproduce [--data FOLDER] [--genes N] [--repeats N]

Every step passes over what is done, so the same command goes on where it was stopped.
"""

import logging
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

from spex.commands import resources
from spex.commands.main import start
from spex.errors import InputError
from spex.files.atomic import write_text
from spex.inputs.genes import keep_genes, read_gene_table
from spex.reports.published import TARGET, compare
from spex.resources.table import RESOURCES, finder, get
from spex.runs.folder import DataFolder

COMMANDS = {name: (sys.executable, "-m", "spex", name) for name in ("tensors", "train")}
FIRST_SEED = 1410

logger = logging.getLogger("spex")


def run(args, table=RESOURCES, commands=COMMANDS):
    """Do what the command line says. table: the files to get. commands: how to start tensors and train."""
    find = finder(table, args.data)
    get(table, find, **resources.access(args))
    work = Path(args.folder, f"first_{args.genes}_genes" if args.genes else "all_genes")
    genes = write_first_genes(find("genes"), work, args.genes) if args.genes else find("genes")
    platform = ["--compute_platform", args.device] if args.device else []
    folders = {"sequence": DataFolder(work / "sequence"), "contacts": DataFolder(work / "contacts")}
    for features, folder in folders.items():
        shared = ["--data_folder", folder.root, "--genes_filename", genes, *platform]
        inputs = ["--genome_filename", find("genome"), "--beluga_model_filename", find("beluga")]
        maps = ["--mcool_filename", find("contacts")] if features == "contacts" else []
        run_command(commands, "tensors", *shared, *inputs, *maps, "--pred_cache_folder", work / "pred_cache")
        tables = ["--gene_expression_filename", find("expression"), "--features_filename", find("features")]
        seeds = ["--seed", FIRST_SEED, "--repeats", args.repeats]
        run_command(commands, "train", *shared, *tables, "--target_index", TARGET, *seeds)
    text = compare(folders, range(FIRST_SEED, FIRST_SEED + args.repeats), args.genes)
    write_text(Path(args.report), text)
    print(text)
    logger.info("written to %s", args.report)


def write_first_genes(path, work, count):
    """A genes table in which only the first genes of each chromosome can be used: the others lose their position.

    Their rows stay, because the expression file follows the table row by row. Returns: its path.
    """
    table = read_gene_table(path)
    first = keep_genes(table).groupby("chrom").head(count).index
    table.loc[~table.index.isin(first), "CAGE_representative_TSS"] = None
    work.mkdir(parents=True, exist_ok=True)
    write_text(work / "genes.csv", table.to_csv(index=False, lineterminator="\n"))
    return work / "genes.csv"


def run_command(commands, name, *options):
    """Run one of the commands until it ends.

    Raises:
        InputError: it failed, and has reported why.
    """
    options = [str(option) for option in options]
    logger.info("spex %s", shlex.join([name, *options]))
    status = subprocess.run([*commands[name], *options], check=False).returncode
    if status:
        raise InputError(f"spex {name} ended with status {status}, see above; the same command goes on from there")


main = partial(start, "reproduce")
