"""Contact maps of any format that there is a module for, opened and read.

A reader is a class with `options`, the names in `Reading` that say how its format is read, called with path, resolution
and Reading. It has `path`; `resolutions`, those of the file in bp; `chromsizes`, name -> bp, or None where the format
has no lengths, and then `fit`, which may be called with what is known of the chromosomes before anything is read, and
`ends`, name -> bp that the file reaches up to; `pixel_count(chroms)`, perhaps None;
`pixels_of(chrom, tss_bins, advance)`; `depth(chroms, advance)`; `parts(chrom, advance)`: as ContactMap's; `accounts()`,
an Account of each of its files, of what has been read so far; `has_balancing` and `balancing(chrom)` where the format
has weights of bins.
"""

import logging
from dataclasses import replace

import numpy as np

from spex.contacts.collect import collect_contacts
from spex.contacts.weights import passes
from spex.errors import InputError
from spex.inputs.identify import HDF5, HIC, recognise
from spex.inputs.maps.address import require_map, split_uri
from spex.inputs.maps.cool import ContactMap
from spex.inputs.maps.formats import LOOPS, MMCIF, MODEL, PDB, TRIPLETS, identify
from spex.inputs.maps.hic import HicMap
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.loops import LoopMap, TripletMap
from spex.inputs.maps.model3d import ModelMap
from spex.inputs.maps.settings import Reading
from spex.inputs.text_tables import listed
from spex.progress import progress

logger = logging.getLogger("spex")

READERS = {HIC: HicMap, LOOPS: LoopMap, TRIPLETS: TripletMap}
"""Readers by what `recognise` and `identify` call their files; cooler's for the others, whose errors say what a file
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
    kinds = {path: _kind(require_map(path), resolution) for path in paths}
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


def _kind(path, resolution):
    """What the file of a path or URI is, by its content."""
    file, group = split_uri(path)
    kind = identify(file, resolution) or recognise(file)
    if group is not None and kind != HDF5:
        raise map_error(path, f"names a group, but {file} is {kind or 'no HDF5 file'}", hint=f"give {file} alone")
    return kind


def count_pixels(maps, chroms):
    """Number of pixels that reading `chroms` streams through, or None where a format does not tell."""
    counts = [map_.pixel_count(chroms) for map_ in maps]
    return None if None in counts else sum(counts)


def read_maps(maps, genes, rule, resolution):
    """Contacts of genes, by one pass over each map, or two where weights ask for it. maps: from `open_maps`.

    Reports what was used of each file, and on which chromosomes no gene has a pixel.

    Returns: Contacts.
    """
    total = count_pixels(maps, genes["chrom"].unique())
    with progress(total and passes(rule) * total, "pixels", "contacts") as advance:
        contacts = collect_contacts(maps, genes, rule, resolution, advance)
    _report_without_pixels(maps, contacts)
    return replace(contacts, accounts=report_accounts(maps))


def report_accounts(maps):
    """Log what was used of each file that has been read, and what was left out. Returns: the same, list of dicts."""
    accounts = [account for map_ in maps for account in map_.accounts()]
    for account in accounts:
        account.report()
    return [account.summary() for account in accounts]


def _report_without_pixels(maps, contacts):
    """Warn of chromosomes that have genes, none of them with a pixel: the maps may be of a part of the genome."""
    found = set(contacts.chroms[contacts.has_pixels])
    without = [chrom for chrom in dict.fromkeys(contacts.chroms.tolist()) if chrom not in found]
    if without:
        logger.warning(
            "%s: %d of %d genes lie on chromosomes where no gene has a pixel (%s); they have no contacts",
            *(", ".join(str(map_.path) for map_ in maps), np.isin(contacts.chroms, without).sum()),
            *(len(contacts.chroms), listed(without)),
        )
