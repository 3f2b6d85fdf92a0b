"""What `spex elements` and `spex variants` share: options of the data folder, the models and the device."""

from pathlib import Path

from spex.commands.options import (
    add_genes_option,
    add_gpus_option,
    add_map_option,
    add_platform_options,
    add_precision_option,
    attribute,
    create_shared_parser,
    number,
    option,
    path,
    whole_number,
)
from spex.contacts.rules import RULES, WEIGHTS
from spex.effects.inputs import Sources, open_inputs
from spex.features.devices import DTYPES, choose_devices

FOLDER = "DATA_FOLDER"
MADE_WITH = ("genes", "maps", "contact_rule", "resolution", "max_dist", "min_count", "distance_edges", "contact_weight")
"""Arguments that the tensors tell already; what is given again must be what they were made with."""


def add_effect_options(parser, models):
    """Options of both commands. models: which ones --model takes, in words."""
    shared = create_shared_parser(parser.prog, "")
    add = parser.add_argument_group("inputs").add_argument
    add("data_folder", type=path, metavar=FOLDER, help="data folder that tensors.py filled")
    add(
        "--model",
        type=path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FIT",
        help=f"folders under results/, or ridge, gblinear or gbtree for all such fits there: {models} (default: ridge)",
    )
    add("--target", nargs="+", action="extend", default=[], metavar="NAME", help="tissues by name or pattern")
    for argument, text in (("genome", "genome, FASTA"), ("network", "checkpoint of the CNN")):
        add(option(argument), type=path, default=shared.get_default(attribute(argument)), help=text)
    add(
        option("cache"),
        type=path,
        default=shared.get_default(attribute("cache")),
        help="predictions that the runs share",
    )
    add("--no_pred_cache", action="store_true", help="neither read nor keep predictions there")
    add = parser.add_argument_group("computation").add_argument
    add_platform_options(add)
    add_gpus_option(add)
    add_precision_option(add, tuple(DTYPES))
    add = parser.add_argument_group(
        "how the tensors were made (known from the data folder; refused where it differs)"
    ).add_argument
    add_genes_option(add)
    add_map_option(add, "contact maps")
    add("--contact_rule", choices=tuple(RULES), help="how contacted bins are used")
    add("--hic_resolution", type=whole_number(1), help="bp per bin")
    add("--max_dist", type=number(0), help="published rule: largest 1/sqrt(count)")
    add("--min_count", type=number(0), help="corrected rule: least count")
    add("--distance_edges", type=number(0), nargs="+", action="extend", metavar="DISTANCE", help="ends of groups")
    add("--contact_weight", choices=WEIGHTS, help="what each bin counts as")


def open_effect_inputs(args, *, linear):
    """The EffectInputs that the options describe. linear: take linear models only."""
    given = {name: getattr(args, attribute(name)) for name in MADE_WITH if attribute(name) in args.given}
    sources = Sources(
        genome=Path(args.genome_filename),
        network=Path(args.beluga_model_filename),
        cache=None if args.no_pred_cache else Path(args.pred_cache_folder),
        devices=choose_devices(args.compute_platform, args.gpus),
        precision=args.precision,
        batch_size=args.batch_size,
    )
    return open_inputs(args.data_folder, sources, args.model, args.target, linear=linear, made_with=given)


def spell(argument):
    """How these commands spell an argument of the library."""
    own = {"data_folder": FOLDER, "fit": "--model", "variants": "FILE", "regions": "--region", "named_genes": "--genes"}
    return own.get(argument, option(argument))
