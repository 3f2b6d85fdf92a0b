"""`tensors.py`, `spex tensors`: Beluga over the 40 kb around every TSS, and over the bins that the TSS contacts.

    python tensors.py --data_folder DATA --mcool_filename MAP.mcool

Writes DATA/tensors/tensor_gene_<id>.npy, one float32 array per gene. A run that was stopped goes on with the same
command.
"""

import contextlib
import logging
from dataclasses import replace
from functools import partial

from spex.commands.arguments import read_genes, reading_of, recall, refuse_without_map
from spex.commands.choices import ContactChoice, Shard
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.contacts.rules import Corrected, Published, make_rule
from spex.errors import InputError, in_words
from spex.features.choices import Computing
from spex.features.run import TensorInputs, fill_folder
from spex.inputs.choices import GENE_TYPES, GeneChoice, Reading
from spex.inputs.genes import keep_genes, read_cached_genes
from spex.options import options_in
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

INPUTS = ("genes", "genome", "network", "maps")
DECISIVE = {
    *(*INPUTS, "precision", "cache_dtype"),
    *(name for owner in (GeneChoice, ContactChoice, Published, Corrected, Reading) for name in options_in(owner)),
}
"""Arguments that decide what a folder's tensors are, and of which genes."""

logger = logging.getLogger("spex")


def run(args):
    if not args.given & DECISIVE:
        recall_run(args)
    shard, rule, computing = chosen(Shard, args), rule_of(args), chosen(Computing, args)
    inputs = TensorInputs(
        genes=args.genes,
        genome=args.genome,
        network=args.network,
        maps=args.maps,
        rule=rule,
        resolution=args.resolution,
        choice=chosen(GeneChoice, args),
        reading=reading_of(args),
    )
    cache = None if args.no_cache else args.cache
    fill_folder(DataFolder(args.data_folder), inputs, computing, cache, shard=shard.pair, test_only=args.test_only)


def recall_run(args):
    """Take the inputs and settings that a data folder was made with, where no option is given that decides them.

    A folder that was made from files at their default paths, with default settings, remains as published.
    """
    folder = DataFolder(args.data_folder)
    settings = read_run_settings(folder)
    if settings is None or not recall(args, args.data_folder, *INPUTS):
        return
    recall(args, args.data_folder, "cache")
    made = settings.contact_options() | {"precision": settings.precision, "cache_dtype": settings.cache_dtype}
    made["gene_type"] = _gene_type_of(args, read_cached_genes(folder.cached_genes)["id"].tolist())
    for name, value in made.items():
        setattr(args, name, value)
    args.given |= made.keys()
    logger.info("%s was made with: %s", folder.root, ", ".join(f"{name} {in_words(made[name])}" for name in made))


def _gene_type_of(args, ids):
    """The gene type by which the genes of these ids, and no others, are kept; that of the options where none is."""
    table, _, choice = read_genes(args)
    for gene_type in reversed(GENE_TYPES):
        with contextlib.suppress(InputError):  # no gene of that type
            if keep_genes(table, replace(choice, gene_type=gene_type))["id"].tolist() == ids:
                return gene_type
    return args.gene_type


def rule_of(args):
    """The contact rule that the options describe.

    Raises:
        InputError: an option of the contact rule that would change nothing: without a contact map, or one that the
            rule has not.
    """
    if not args.maps:
        for owner in (ContactChoice, Published, Corrected):
            for name, value in chosen(owner, args).given().items():
                refuse_without_map(name, value)
        return make_rule(args.rule)
    of_rules = dict.fromkeys(name for owner in (Published, Corrected) for name in options_in(owner))
    return make_rule(args.rule, **{name: getattr(args, name) for name in of_rules if name in args.given})


main = partial(start, "tensors")
