"""`tensors.py`, `spex tensors`: Beluga over the 40 kb around every TSS, and over the bins that the TSS touches.

    python tensors.py --data_folder DATA --mcool_filename MAP.mcool

Writes DATA/tensors/tensor_gene_<id>.npy, one float32 array per gene. A run that was stopped goes on with the same
command.
"""

from spex.commands.options import (
    add_gpus_option,
    add_precision_option,
    add_reading_options,
    attribute,
    check_shared_options,
    create_shared_parser,
    number,
    reading_of,
    refuse_without_map,
    shard_of,
    whole_number,
)
from spex.commands.running import run_script
from spex.contacts.rules import RULES, make_rule
from spex.features.devices import DTYPES, choose_devices, choose_precision
from spex.features.run import Computation, TensorInputs, fill_folder
from spex.inputs.normalise import excluded_chromosomes
from spex.runs.folder import DataFolder
from spex.runs.settings import OF_RULE

PROG = "tensors.py"


def create_parser(prog=PROG):
    parser = create_shared_parser(prog, "Compute the tensor of every gene.")
    add = parser.add_argument_group("tensors.py only").add_argument
    add("--contact_rule", choices=tuple(RULES), default="published", help="how contacted bins are used")
    add("--min_count", type=number(0), default=2, help="corrected rule: keep bins with at least this count")
    add_reading_options(add)
    add_precision_option(add, tuple(DTYPES))
    add("--block_size", type=whole_number(1), help="genes per block; default: 8 on CPU, 256 on CUDA")
    add_gpus_option(add)
    add("--no_pred_cache", action="store_true", help="neither read nor keep predictions in --pred_cache_folder")
    add("--cache_dtype", choices=("float32", "float16"), default="float32", help="float16 halves the prediction cache")
    return parser


def run(args):
    check_shared_options(args)
    rule = rule_of(args)
    devices = choose_devices(args.compute_platform, args.gpus)
    inputs = TensorInputs(
        genes=args.genes_filename,
        genome=args.genome_filename,
        network=args.beluga_model_filename,
        maps=args.mcool_filename,
        rule=rule,
        resolution=args.hic_resolution,
        gene_type=args.gene_type,
        tss_rule=args.tss_rule,
        excluded=excluded_chromosomes(args.exclude_chroms),
        reading=reading_of(args),
    )
    computation = Computation(
        devices=devices,
        precision=choose_precision(devices, args.precision),
        cache=None if args.no_pred_cache else args.pred_cache_folder,
        cache_dtype=args.cache_dtype,
        batch_size=args.batch_size,
        block_size=args.block_size,
    )
    fill_folder(DataFolder(args.data_folder), inputs, computation, shard=shard_of(args), test_only=args.test_only)


def rule_of(args):
    """The contact rule that the options describe.

    Raises:
        InputError: an option of the contact rule that would change nothing: without a contact map, or one that the
            rule has not.
    """
    parser = create_parser()
    for name in ("rule", "resolution", *OF_RULE):
        value = getattr(args, attribute(name))
        if not args.mcool_filename and value != parser.get_default(attribute(name)):
            refuse_without_map(name, value)
    given = {name: getattr(args, name) for name in OF_RULE if name in args.given}
    return make_rule(args.contact_rule, **(given if args.mcool_filename else {}))


def main(argv=None, prog=PROG):
    return run_script(prog, run, create_parser(prog).parse_args(argv))
