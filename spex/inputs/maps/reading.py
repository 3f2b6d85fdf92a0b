"""Contact maps of any format that there is a module for, opened and read."""

from spex.contacts.collect import collect_contacts
from spex.inputs.kinds import require_map
from spex.inputs.maps.cool import ContactMap
from spex.progress import progress


def open_maps(paths, resolution):
    """Open contact maps at a resolution (bp per bin). Returns: list of maps, each with path, chromsizes, pixels_of.

    Raises:
        InputError: a file is missing, of no known format, damaged, or lacks the resolution.
    """
    return [ContactMap(require_map(path), resolution) for path in paths]


def read_maps(maps, genes, rule, resolution):
    """Contacts of genes, by one pass over each map. maps: from `open_maps`. Returns: Contacts."""
    total = sum(map_.pixel_count(genes["chrom"].unique()) for map_ in maps)
    with progress(total, "pixels", "contacts") as advance:
        return collect_contacts(maps, genes, rule, resolution, advance)
