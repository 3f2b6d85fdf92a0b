"""`spex features`: features of another model as a data folder, which the other commands take as any.

    spex features FILE --data_folder DATA [--maps MAP --tracks TRACK.bw ...]

Writes one tensor a gene: its own features, then sums over the bins that it contacts. docs/features.md has the formats.
"""

from functools import partial

from spex.commands.arguments import reading_of
from spex.commands.main import start
from spex.commands.parser import chosen
from spex.contacts.rules import Corrected
from spex.features.choices import GivenChoice
from spex.features.given import GivenInputs, fill_with_features
from spex.inputs.choices import GeneChoice
from spex.runs.folder import DataFolder


def run(args):
    inputs = GivenInputs(
        features=args.features,
        genes=args.genes,
        given=chosen(GivenChoice, args),
        maps=tuple(args.maps),
        rule=chosen(Corrected, args),
        resolution=args.resolution,
        choice=chosen(GeneChoice, args),
        reading=reading_of(args),
    )
    fill_with_features(DataFolder(args.data_folder), inputs, args.cache)


main = partial(start, "features")
