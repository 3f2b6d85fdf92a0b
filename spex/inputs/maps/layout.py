"""Where in an HDF5 file a contact map of one resolution lies, and what the file is when it holds none."""

import h5py
import numpy as np

from spex.errors import InputError, parameter, shown

TABLES = {"chroms", "bins", "pixels", "indexes"}
"""Groups that a cooler is made of; files of 2016 say so in no other way."""


def map_error(path, found, **parts):
    """An InputError about a contact map. parts: as of InputError."""
    return InputError(found, argument="maps", subject=path, **parts)


def find_group(file, path, resolution):
    """Name of the group that holds the resolution, in an `.mcool`, or in a `.cool` of it.

    file: h5py.File, open. path: of the file, for errors. resolution: bp per bin.

    Raises:
        InputError: there is none; tells what the file holds instead.
    """
    if is_cooler(file):
        if bin_size(file) == resolution:
            return "/"
        raise map_error(
            path,
            f"no resolution {resolution} (a .cool of one resolution only, of {bin_size(file)} bp)",
            hint=f"choose {parameter('resolution')} {bin_size(file)}, or make the map with: cooler zoomify -r "
            f"{resolution} -o map.mcool {path}",
        )
    link = _link_to(file, resolution)
    if isinstance(link, h5py.ExternalLink):
        raise map_error(
            path,
            f"its resolution {resolution} is a link to another file, {shown(link.filename)}",
            expected="the map itself",
            hint="give that file",
        )
    name = f"resolutions/{resolution}"
    if link is not None and is_cooler(file[name]):
        return name
    resolutions = sorted(int(key) for key in file.get("resolutions", {}) if _is_number(key))
    if resolutions:
        raise map_error(
            path,
            f"no resolution {resolution} (it has {', '.join(map(str, resolutions))})",
            hint=f"choose {parameter('resolution')} among them, or make the map with: cooler zoomify",
        )
    raise _other_layout(file, path, resolution)


def _link_to(file, resolution):
    """The link by which a resolution hangs in the file, or the one of all of them where that leads outside."""
    outer = file.get("resolutions", getlink=True)
    if isinstance(outer, h5py.ExternalLink):
        return outer
    group = file.get("resolutions", {})
    return group.get(str(resolution), getlink=True) if str(resolution) in group else None


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
        held = ", ".join(f"/{key} ({width} bp)" for key, width in levels.items())
        of_resolution = [key for key, width in levels.items() if width == resolution]
        return map_error(
            path,
            f"an old layout of zoom levels: {held}",
            expected=f"resolutions/{resolution}",
            hint=f"copy a level into a file of its own with: cooler cp {path}::/"
            f"{(of_resolution or list(levels))[0]} map.cool",
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
    """Width of a cooler's bins in bp, or None where they have no fixed one."""
    width = group.attrs.get("bin-size")
    return int(width) if isinstance(width, (int, np.integer)) else None
