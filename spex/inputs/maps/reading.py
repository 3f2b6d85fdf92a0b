"""Contact maps of any format that there is a module for, opened and read.

A reader is a class with `options`, the names in `Reading` that say how its format is read, called with path, resolution
and Reading. It has `path`; `chromsizes`, name -> bp, or None where the format has no lengths, and then `ends`, name ->
bp that the file reaches up to; `pixel_count(chroms)`, perhaps None; `pixels_of(chrom, tss_bins, advance)`;
`depth(chroms, advance)`; `parts(chrom, advance)`: as ContactMap's.
"""

from spex.contacts.collect import collect_contacts
from spex.contacts.weights import passes
from spex.errors import InputError
from spex.inputs.kinds import HDF5, HIC, recognise
from spex.inputs.maps.address import require_map, split_uri
from spex.inputs.maps.cool import ContactMap
from spex.inputs.maps.hic import HicMap
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.settings import Reading
from spex.progress import progress

READERS = {HIC: HicMap}
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
    file, group = split_uri(path)
    kind = recognise(file)
    if group is not None and kind != HDF5:
        raise map_error(path, f"names a group, but {file} is {kind or 'no HDF5 file'}", hint=f"give {file} alone")
    return READERS.get(kind, ContactMap)(path, resolution, reading)


def count_pixels(maps, chroms):
    """Number of pixels that reading `chroms` streams through, or None where a format does not tell."""
    counts = [map_.pixel_count(chroms) for map_ in maps]
    return None if None in counts else sum(counts)


def read_maps(maps, genes, rule, resolution):
    """Contacts of genes, by one pass over each map, or two where weights ask for it. maps: from `open_maps`.

    Returns: Contacts.
    """
    total = count_pixels(maps, genes["chrom"].unique())
    with progress(total and passes(rule) * total, "pixels", "contacts") as advance:
        return collect_contacts(maps, genes, rule, resolution, advance)
