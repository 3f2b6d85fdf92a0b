"""`tensors.py`, `spex tensors`: Beluga over the 40 kb around every TSS, and over the bins that the TSS contacts.

    python tensors.py --data_folder DATA --mcool_filename MAP.mcool

Writes DATA/tensors/tensor_gene_<id>.npy, one float32 array per gene. A run that was stopped goes on with the same
command.
"""

from functools import partial

from spex.commands.arguments import reading_of, refuse_without_map
from spex.commands.choices import ContactChoice, Shard
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.contacts.rules import Corrected, Published, make_rule
from spex.features.choices import Computing
from spex.features.devices import choose_devices, choose_precision
from spex.features.run import Computation, TensorInputs, fill_folder
from spex.inputs.choices import GeneChoice
from spex.inputs.normalise import excluded_chromosomes
from spex.options import options_in
from spex.runs.folder import DataFolder


def run(args):
    shard, rule, genes, computing = (
        chosen(Shard, args),
        rule_of(args),
        chosen(GeneChoice, args),
        chosen(Computing, args),
    )
    devices = choose_devices(computing.device, computing.gpus)
    inputs = TensorInputs(
        genes=args.genes,
        genome=args.genome,
        network=args.network,
        maps=args.maps,
        rule=rule,
        resolution=args.resolution,
        gene_type=genes.gene_type,
        tss_rule=genes.tss_rule,
        excluded=excluded_chromosomes(genes.exclude_chroms),
        reading=reading_of(args),
    )
    computation = Computation(
        devices=devices,
        precision=choose_precision(devices, computing.precision),
        cache=None if args.no_cache else args.cache,
        cache_dtype=computing.cache_dtype,
        batch_size=computing.batch_size,
        block_size=computing.block_size,
    )
    fill_folder(DataFolder(args.data_folder), inputs, computation, shard=shard.pair, test_only=args.test_only)


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
    of_rules = dict.fromkeys(name for owner in (Published, Corrected) for name, _, _ in options_in(owner))
    return make_rule(args.rule, **{name: getattr(args, name) for name in of_rules if name in args.given})


main = partial(start, "tensors")
