"""Where in an HDF5 file a contact map of one resolution lies, and what the file is when it holds none."""

import h5py
import numpy as np

from spex.errors import InputError, parameter, shown

TABLES = {"chroms", "bins", "pixels", "indexes"}
"""Groups that a cooler is made of; files of 2016 say so in no other way."""


def map_error(path, found, **parts):
    """An InputError about a contact map. parts: as of InputError."""
    return InputError(found, argument="maps", subject=path, **parts)


def find_group(file, path, resolution, group=None):
    """Name of the group that holds the resolution, in an `.mcool`, or in a `.cool` of it.

    file: h5py.File, open. path: of the file, for errors. resolution: bp per bin. group: that a URI names, without it
    the one of the resolution.

    Raises:
        InputError: there is none; tells what the file holds instead.
    """
    if group:
        return _named_group(file, path, resolution, group)
    if is_cooler(file):
        width = bin_size(file)
        if width in (resolution, None):
            return "/"
        raise map_error(
            path,
            f"no resolution {resolution} (a .cool of one resolution only, of {width} bp)",
            hint=f"choose {parameter('resolution')} {width}, or {_way_to(resolution, {width: path})}",
        )
    name = f"resolutions/{resolution}"
    if name in file and is_cooler(file[name]):
        return name
    resolutions = list_resolutions(file)
    if resolutions:
        raise map_error(
            path,
            f"no resolution {resolution} (it has {', '.join(map(str, resolutions))})",
            hint=f"choose {parameter('resolution')} among them, or "
            + _way_to(resolution, {each: f"{path}::resolutions/{each}" for each in resolutions}),
        )
    raise _other_layout(file, path, resolution)


def _way_to(resolution, held):
    """How to come by a resolution that a file lacks. held: resolutions that it has -> URI of the map."""
    finer = [each for each in held if resolution % each == 0]
    if not finer:
        widths = " and ".join(map(str, held))
        return f"make it from the pairs of reads with cooler cload: bins of {widths} bp do not add up to {resolution}"
    return f"make the map with: cooler zoomify -r {resolution} -o map.mcool {held[max(finer)]}"


def list_resolutions(file):
    """Resolutions of an `.mcool`, ascending, in bp."""
    return sorted(int(key) for key in file.get("resolutions", {}) if _is_number(key))


def _named_group(file, path, resolution, group):
    """The group that a URI names, when it holds a map of the resolution."""
    if group not in file or not is_cooler(file[group]):
        held = [f"/{each}" for each in _coolers(file)]
        raise map_error(
            path,
            f"no map in /{shown(group)}",
            expected=f"one of {', '.join(map(shown, held[:5]))}{', ...' if len(held) > 5 else ''}"
            if held
            else "a .mcool or .cool of cooler",
        )
    if bin_size(file[group]) not in (resolution, None):
        raise map_error(
            path,
            f"its bins are {bin_size(file[group])} bp, not {resolution}",
            hint=f"choose {parameter('resolution')} {bin_size(file[group])}",
        )
    return group


def _coolers(file):
    """Names of the groups that hold a map, as far as cooler's layouts go: two levels down."""
    names = [""] if is_cooler(file) else []
    for name, outer in file.items():
        inner = outer.items() if isinstance(outer, h5py.Group) else ()
        names += [name] if is_cooler(outer) else [f"{name}/{key}" for key, each in inner if is_cooler(each)]
    return names


def _other_layout(file, path, resolution):
    """An error that tells what an HDF5 file without resolutions is."""
    if "cells" in file:
        return map_error(
            path,
            f"maps of {len(file['cells'])} single cells (.scool)",
            expected="one map",
            hint=f"put the cells together with: cooler merge all.cool {path}::/cells/NAME ...; then give all.cool",
        )
    levels = {key: bin_size(file[key]) for key in sorted(file) if _is_number(key) and is_cooler(file[key])}
    if levels:
        held = ", ".join(f"/{key} ({f'{width} bp' if width else 'no fixed width'})" for key, width in levels.items())
        of_resolution = [key for key, width in levels.items() if width == resolution]
        return map_error(
            path,
            f"an old layout of zoom levels: {held}",
            expected=f"resolutions/{resolution}",
            hint=f"give {path}::/{(of_resolution or list(levels))[0]}, or copy that level into a file of its own "
            f"with: cooler cp {path}::/{(of_resolution or list(levels))[0]} map.cool",
        )
    return map_error(
        path,
        f"no resolution {resolution} (it holds no resolution at all); found "
        f"{', '.join(map(shown, list(file)[:5])) or 'nothing'} in it",
        expected="a .mcool or .cool of cooler",
    )


def _is_number(name):
    return name.isascii() and name.isdigit()


def is_cooler(group):
    """Whether an HDF5 group holds a map as cooler lays it out."""
    return isinstance(group, h5py.Group) and set(group) >= TABLES


def bin_size(group):
    """Width of a cooler's bins in bp, or None where they have no fixed one, or the file does not say which."""
    width = group.attrs.get("bin-size")
    width = width.decode(errors="replace") if isinstance(width, bytes) else width
    if isinstance(width, str):
        return int(width) if _is_number(width) else None
    return int(width) if isinstance(width, (int, np.integer)) else None
