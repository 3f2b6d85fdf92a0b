"""What `spex elements` and `spex variants` make of the options that they share."""

from pathlib import Path

from spex.commands.arguments import recall
from spex.effects.inputs import Sources, open_inputs
from spex.features.devices import choose_devices

MADE_WITH = ("genes", "maps", "rule", "resolution", "max_dist", "min_count", "distance_edges", "contact_weight")
"""Arguments that the data folder knows already; what is given again must be what its tensors were made with."""


def open_effect_inputs(args, *, linear, uncertainty=False):
    """The EffectInputs that the options describe. linear: take linear models only. uncertainty: as of `open_inputs`."""
    recall(args, args.data_folder, "genome", "network", *([] if args.no_cache else ["cache"]))
    sources = Sources(
        genome=Path(args.genome),
        network=Path(args.network),
        cache=None if args.no_cache else Path(args.cache),
        devices=choose_devices(args.device, args.gpus),
        precision=args.precision,
        batch_size=args.batch_size,
    )
    given = {name: getattr(args, name) for name in MADE_WITH if name in args.given}
    choice = {"linear": linear, "made_with": given, "uncertainty": uncertainty}
    return open_inputs(args.data_folder, sources, args.fit, args.targets, **choice)
