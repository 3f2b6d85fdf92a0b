"""What commands make of their options."""

import contextlib
import logging
from pathlib import Path

from spex.commands.parser import chosen
from spex.errors import InputError, in_words, parameter
from spex.files.hashes import KnownHashes
from spex.inputs.choices import GeneChoice, Reading
from spex.inputs.genes import choose_genes
from spex.inputs.normalise import NO_CHROMOSOME
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

SEVERAL = ("maps", "expression")
"""Inputs of which a command takes several."""

logger = logging.getLogger("spex")


def read_genes(args):
    """The genes table of the options, and its genes that the model is made for.

    Returns: DataFrame of all, DataFrame of those, GeneChoice.
    """
    choice = chosen(GeneChoice, args)
    return *choose_genes(args.genes, choice), choice


def as_list(paths):
    """No path, one or several as a list."""
    return [] if paths is None else [paths] if isinstance(paths, str | Path) else [*paths]


def recall(args, root, *names):
    """Take inputs that are not given from where the data folder's are, and the choice of its genes with them.

    root: path of the data folder. names: of inputs. Their options count as given from then on.

    Returns: names of the options that were taken from there.
    """
    folder = DataFolder(root)
    hashes, settings, found = KnownHashes(folder.input_hashes), read_run_settings(folder), {}
    for name in (name for name in names if name not in args.given):
        paths, usual = folder.recall(name, hashes), as_list(getattr(args, name))
        gone = [] if name == "cache" or (usual and all(Path(each).exists() for each in usual)) else folder.gone(name)
        if gone:
            raise InputError(
                "no such file any more",
                argument=name,
                subject=gone[0],
                hint=f"{root} was made with it: put it back, or give {parameter(name)} its new place",
            )
        if paths and paths != [Path(each).absolute() for each in usual]:
            found[name] = paths if name in SEVERAL else paths[0]
    if settings is not None and "genes" in names:
        choice = {"tss_rule": settings.tss_rule, "exclude_chroms": settings.exclude_chroms}
        found |= {
            name: value or [NO_CHROMOSOME]
            for name, value in choice.items()
            if value is not None and name not in args.given
        }
    for name, value in found.items():
        setattr(args, name, value)
        logger.info("%s: %s, as %s was made with", name, in_words(value), root)
    args.given |= found.keys()
    with contextlib.suppress(OSError):  # a folder of someone else's, or on a full disk: hashes are computed again
        hashes.save()
    return found.keys()


def remembered_maps(roots):
    """The contact maps of data folders, as far as they are still there: list of paths, each once."""
    folders = [DataFolder(root) for root in roots]
    found = [path for each in folders for path in each.recall("maps", KnownHashes(each.input_hashes))]
    return [*dict.fromkeys(found)]


def reading_of(args):
    """The Reading that the options describe.

    Raises:
        InputError: an option of it that would change nothing, without a contact map.
    """
    reading = chosen(Reading, args)
    for name, value in reading.given().items() if not args.maps else ():
        refuse_without_map(name, value)
    return reading


def refuse_without_map(name, value):
    """Refuse an option about contact maps where none is given."""
    raise InputError(
        "says how a contact map is used, but none is given",
        argument=name,
        subject=in_words(value),
        hint=f"give {parameter('maps')} too, or leave it out",
    )
