"""Contact maps of any format that there is a module for, opened and read.

A reader is a class with `options`, the names in `Reading` that say how its format is read, called with path, resolution
and Reading. It has `path`; `chromsizes`, name -> bp, or None where the format has no lengths, and then `fit`, called
with what is known of the chromosomes before anything is read; `pixel_count(chroms)`;
`pixels_of(chrom, tss_bins, advance)`; `depth(chroms, advance)`: as ContactMap's.
"""

from spex.contacts.collect import collect_contacts
from spex.errors import InputError
from spex.inputs.kinds import recognise, require_map
from spex.inputs.maps.cool import ContactMap
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.loops import LoopMap, TripletMap
from spex.inputs.maps.model3d import ModelMap
from spex.inputs.maps.settings import Reading
from spex.inputs.maps.text import LOOPS, MMCIF, MODEL, PDB, TRIPLETS, text_kind
from spex.progress import progress

READERS = {LOOPS: LoopMap, TRIPLETS: TripletMap}
"""Readers by what `recognise` and `text_kind` call their files; cooler's for the others, whose errors say what a file
is."""

MODELS = (MODEL, PDB, MMCIF)
"""Kinds of files that are read together, as an ensemble."""


def open_maps(paths, resolution, reading=Reading(), rule=None):  # noqa: B008 (frozen)
    """Open contact maps at a resolution (bp per bin), each by the reader of its content. Returns: list of readers.

    rule: that will use the contacts; a 3D model takes from it how far they reach. Models of all files are one reader.

    Raises:
        InputError: a file is missing, of no known format, damaged, or lacks the resolution; or `reading` says how
            files are read of which none is given; or there are models and maps of counts.
    """
    kinds = {path: _kind(require_map(path)) for path in paths}
    models = [path for path, kind in kinds.items() if kind in MODELS]
    counted = [path for path in kinds if path not in models]
    if models and counted:
        raise map_error(
            models[0], f"a 3D model, but {counted[0]} is none", expected="models alone, or maps of counts alone"
        )
    maps = [READERS.get(kinds[path], ContactMap)(path, resolution, reading) for path in counted]
    if models:
        maps = [ModelMap(models, resolution, reading, rule)]
    for name, value in reading.given().items():
        if not any(name in map_.options for map_ in maps):
            raise InputError(
                "none of the contact maps is of a format that it is for",
                argument=name,
                subject=value,
                hint="leave it out",
            )
    return maps


def _kind(path):
    """What a file is, by its content."""
    return text_kind(path) or recognise(path)


def read_maps(maps, genes, rule, resolution):
    """Contacts of genes, by one pass over each map. maps: from `open_maps`. Returns: Contacts."""
    total = sum(map_.pixel_count(genes["chrom"].unique()) for map_ in maps)
    with progress(total, "pixels", "contacts") as advance:
        return collect_contacts(maps, genes, rule, resolution, advance)
