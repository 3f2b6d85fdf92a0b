"""Where in an HDF5 file the cooler of one resolution lies, and what the file is when there is none.

`cooler.fileops` says the same of a path, but opens it with a lock, and does not know the files of 2016, which have
nothing but their groups.
"""

import h5py
import numpy as np

from spex.errors import parameter, shown
from spex.inputs.maps.reader import map_error

TABLES = {"chroms", "bins", "pixels", "indexes"}
"""Groups that a cooler is made of."""


def find_group(file, path, resolution, group=None):
    """Name of the group that contains the resolution, in an `.mcool`, or in a `.cool` of it.

    file: h5py.File, open. path: of the file, for errors. resolution: bp per bin. group: that a URI names; the one of
    the resolution without it.

    Raises:
        InputError: there is none (says what the file has instead), or its pixels or bins are not as they must be.
    """
    name = group or ("/" if is_cooler(file) else f"resolutions/{resolution}")
    if name not in file or not is_cooler(file[name]):
        raise _no_group(file, path, group) if group else _no_resolution(file, path, resolution)
    width = bin_size(file[name])
    if width not in (resolution, None):
        if name == "/":
            found = f"no resolution {resolution} (a .cool of one resolution only, of {width} bp)"
            hint = f"choose {parameter('resolution')} {width}, or {_way_to(resolution, {width: path})}"
        elif group:
            found = f"its bins are {width} bp, not {resolution}"
            hint = f"choose {parameter('resolution')} {width}"
        else:
            found, hint = f"bins of {name} are {width} bp, not {resolution}", None
        raise map_error(path, found, hint=hint)
    mode = text_of(file[name].attrs.get("storage-mode", "symmetric-upper"))
    if mode != "symmetric-upper":
        raise map_error(
            path,
            f"stored {shown(mode)}",
            expected="symmetric-upper, each pair of bins once",
            hint="make the map again with cooler, which stores it so by default",
        )
    if width is None:
        raise map_error(
            path,
            f"bins of {name} are of no fixed width (restriction fragments?), or the file does not say which",
            expected="bins of one width",
            hint=f"make a map with bins of {resolution} bp from the pairs of reads: cooler cload, or "
            f"hicBuildMatrix --binSize {resolution}",
        )
    return name


def list_resolutions(file):
    """Resolutions of an `.mcool`, ascending, in bp."""
    return sorted(int(key) for key in file.get("resolutions", {}) if _is_number(key))


def is_cooler(group):
    """Whether an HDF5 group is a map as cooler lays it out."""
    return isinstance(group, h5py.Group) and set(group) >= TABLES


def bin_size(group):
    """Width of a cooler's bins in bp, or None where they have no fixed one, or the file does not say which."""
    width = group.attrs.get("bin-size")
    if isinstance(width, (str, bytes)):
        return int(text_of(width)) if _is_number(text_of(width)) else None
    return int(width) if isinstance(width, (int, np.integer)) else None


def text_of(value):
    """Text that HDF5 gives as str or, of variable length, as bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _is_number(name):
    return name.isascii() and name.isdigit()


def _no_group(file, path, group):
    """An error for a URI whose group is no map; names the maps that there are, two levels down."""
    names = ["/"] if is_cooler(file) else []
    for name, outer in file.items():
        inner = outer.items() if isinstance(outer, h5py.Group) else ()
        names += [f"/{name}"] if is_cooler(outer) else [f"/{name}/{key}" for key, each in inner if is_cooler(each)]
    listed = f"{', '.join(map(shown, names[:5]))}{', ...' if len(names) > 5 else ''}"
    expected = f"one of {listed}" if names else "a .mcool or .cool of cooler"
    return map_error(path, f"no map in /{shown(group)}", expected=expected)


def _no_resolution(file, path, resolution):
    """An error that says what an HDF5 file is that lacks a resolution."""
    resolutions = list_resolutions(file)
    if resolutions:
        return map_error(
            path,
            f"no resolution {resolution} (it has {', '.join(map(str, resolutions))})",
            hint=f"choose {parameter('resolution')} among them, or "
            + _way_to(resolution, {each: f"{path}::resolutions/{each}" for each in resolutions}),
        )
    if "cells" in file:
        return map_error(
            path,
            f"maps of {len(file['cells'])} single cells (.scool)",
            expected="one map",
            hint=f"put the cells together with: cooler merge all.cool {path}::/cells/NAME ...; then give all.cool",
        )
    levels = {key: bin_size(file[key]) for key in sorted(file) if _is_number(key) and is_cooler(file[key])}
    if levels:
        listed = ", ".join(f"/{key} ({f'{width} bp' if width else 'no fixed width'})" for key, width in levels.items())
        level = f"{path}::/{next((key for key, width in levels.items() if width == resolution), next(iter(levels)))}"
        return map_error(
            path,
            f"an old layout of zoom levels: {listed}",
            expected=f"resolutions/{resolution}",
            hint=f"give {level}, or copy that level into a file of its own with: cooler cp {level} map.cool",
        )
    return map_error(
        path,
        f"no resolution {resolution} (it has no resolution at all); found "
        f"{', '.join(map(shown, list(file)[:5])) or 'nothing'} in it",
        expected="a .mcool or .cool of cooler",
    )


def _way_to(resolution, uris):
    """How to come by a resolution that a file lacks. uris: of the resolutions that it has."""
    finer = [each for each in uris if resolution % each == 0]
    if not finer:
        widths = " and ".join(map(str, uris))
        return f"make it from the pairs of reads with cooler cload: bins of {widths} bp do not add up to {resolution}"
    return f"make the map with: cooler zoomify -r {resolution} -o map.mcool {uris[max(finer)]}"
