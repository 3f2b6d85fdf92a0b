"""Lay out the embedded example in a folder, and print the commands that make something of it."""

import logging
import shlex
from functools import partial
from pathlib import Path

from spex.commands.main import start
from spex.example import GENE, TISSUE, WEIGHTS, lay_out

logger = logging.getLogger("spex")


def run(args):
    logger.info("%s: the example, and stand-in weights of 598 MB where they are missing", args.folder)
    made = lay_out(args.folder)
    logger.info("%s", ", ".join(path.name for path in made) if made else "all of it is there already")
    print("The example is synthetic, and its weights mean nothing: numbers show the program at work, not biology.")
    for what, commands in next_commands(Path(args.folder)):
        print(f"\n{what}:", *(f"  spex {shlex.join(map(str, words))}" for words in commands), sep="\n")


def next_commands(folder):
    """What to do with the example, in order: list of (what it is for, list of commands as words)."""
    alone, contacts = folder / "sequence_alone", folder / "with_contacts"
    inputs = ["--genes_filename", folder / "genes.csv", "--genome_filename", folder / "genome.fa"]
    inputs += ["--beluga_model_filename", folder / WEIGHTS, "--pred_cache_folder", folder / "pred_cache"]
    map_ = ["--mcool_filename", folder / "contacts.mcool", "--contact_rule", "corrected"]
    expression = ["--gene_expression_filename", folder / "expression.csv", "--target", TISSUE]
    return [
        (
            "Features of sequence alone, and with contacts: some minutes on two cores",
            [["tensors", "--data_folder", alone, *inputs], ["tensors", "--data_folder", contacts, *inputs, *map_]],
        ),
        ("A score on held-out chromosome 8", [["train", "--data_folder", contacts, *expression, "--model", "ridge"]]),
        (
            "What the map adds (the example has five chromosomes, a verdict needs ten)",
            [["compare", alone, contacts, "--out", folder / "comparison"]],
        ),
        ("What each contacted bin adds to a gene", [["elements", contacts, "--genes", GENE]]),
        (
            "What alleles do",
            [["variants", folder / "variants.vcf", contacts, "--out", folder / "effects"]],
        ),
    ]


main = partial(start, "example")
