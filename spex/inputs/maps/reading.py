"""Contact maps of any format that there is a module for, opened and read.

A reader is a class with `options`, the names in `Reading` that say how its format is read, called with path, resolution
and Reading. It has `path`; `chromsizes`, name -> bp, or None where the format has no lengths, and then `ends`, name ->
bp that the file reaches up to; `pixel_count(chroms)`; `pixels_of(chrom, tss_bins, advance)`; `depth(chroms, advance)`:
as ContactMap's.
"""

from spex.contacts.collect import collect_contacts
from spex.errors import InputError
from spex.inputs.kinds import recognise, require_map
from spex.inputs.maps.cool import ContactMap
from spex.inputs.maps.settings import Reading
from spex.progress import progress

READERS = {}
"""Readers by what `recognise` calls their files; cooler's for the others, whose errors say what a file is."""


def open_maps(paths, resolution, reading=Reading()):  # noqa: B008 (frozen)
    """Open contact maps at a resolution (bp per bin), each by the reader of its content. Returns: list of them.

    Raises:
        InputError: a file is missing, of no known format, damaged, or lacks the resolution; or `reading` says how
            files are read of which none is given.
    """
    maps = [_open_map(require_map(path), resolution, reading) for path in paths]
    for name, value in reading.given().items():
        if not any(name in map_.options for map_ in maps):
            raise InputError(
                "none of the contact maps is of a format that it is for",
                argument=name,
                subject=value,
                hint="leave it out",
            )
    return maps


def _open_map(path, resolution, reading):
    return READERS.get(recognise(path), ContactMap)(path, resolution, reading)


def read_maps(maps, genes, rule, resolution):
    """Contacts of genes, by one pass over each map. maps: from `open_maps`. Returns: Contacts."""
    total = sum(map_.pixel_count(genes["chrom"].unique()) for map_ in maps)
    with progress(total, "pixels", "contacts") as advance:
        return collect_contacts(maps, genes, rule, resolution, advance)
