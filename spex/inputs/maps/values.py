"""Maps of values, such as predicted ones, with the counts of a reference map."""

from dataclasses import replace

import numpy as np

from spex.contacts.maps import RankedMap
from spex.errors import shown
from spex.inputs.agree import same_length
from spex.inputs.choices import Reading
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.formats import identify, open_maps
from spex.inputs.maps.loci import LociMap
from spex.inputs.maps.matching import Chromosomes, RenamedMap, require_any
from spex.inputs.maps.reader import map_error, require_map, split_uri
from spex.inputs.normalise import names_in


class CoolValues(CoolMap):
    """A cooler whose column is any finite numbers; NaN stands for no value."""

    def _counts(self, root, part):
        values = self._column(root, self._values, part, kinds="iuf").astype(np.float64)
        if np.isinf(values).any():
            name = shown(self._values.removeprefix("pixels/"))
            raise map_error(self.path, f"infinity in its column {name}", expected="finite numbers")
        return values


def open_predicted(path, resolution, reading):
    """Open a map of values. Returns: CoolValues or LociMap; parameters and errors as of `open_values`."""
    found = identify(split_uri(require_map(path))[0], resolution)
    kinds = {LociMap: LociMap, CoolMap: CoolValues}
    if found is None or found.reader not in kinds:
        kind = found.name if found else "of no known format"
        raise map_error(path, kind, expected="predicted values: a .cool or .mcool, or a table of loci and their .npy")
    return kinds[found.reader](path, resolution, reading)


def open_values(path, reference, resolution, reading):
    """Open a map of values, which gets the counts of a reference map: RankedMap.

    path: of a `.cool` or `.mcool` whose column (`reading.value_column`) is any number, or of a table of loci.
    reference: path of a map of counts, which the rest of `reading` is for. resolution: bp per bin, of both.

    Raises:
        InputError: one of the files is missing, of another format, damaged, lacks the resolution, or they have no
            chromosome in common.
    """
    values = open_predicted(path, resolution, reading)
    (counts,) = open_maps([reference], resolution, replace(reading, value_column=Reading.value_column))
    sizes = counts.chromsizes
    if not values.has_lengths:
        values.fit(Chromosomes(list(sizes), sizes if counts.has_lengths else {}, "the reference"))
        return RankedMap(values, counts, covers_all=False)
    names = names_in(values.chromsizes, sizes)
    require_any(names, path, values.chromsizes, sizes)
    for name, theirs in names.items():
        size = values.chromsizes[theirs]
        if counts.has_lengths and not same_length(size, sizes[name], resolution):
            found = f"{shown(theirs)} is {size:,} bp long there and {sizes[name]:,} bp in {reference}"
            raise map_error(path, found, expected="maps of the same genome build")
    return RankedMap(RenamedMap(values, names), counts, covers_all=True)
