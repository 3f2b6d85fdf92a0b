"""Files of contact maps, and cooler URIs that name a group in one."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from spex.errors import InputError
from spex.files.hashes import KnownHashes, file_sha256
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.reader import check_different, map_sha256, require_map, split_uri


def test_a_uri_is_a_file_and_a_group_unless_a_file_is_called_that(tmp_path):
    assert split_uri("a/b.mcool::/resolutions/1000") == (Path("a/b.mcool"), "resolutions/1000")
    assert split_uri(Path("b.cool::/")) == (Path("b.cool"), "")
    assert split_uri("b.cool") == (Path("b.cool"), None)
    (tmp_path / "a::b").touch()
    assert split_uri(tmp_path / "a::b") == (tmp_path / "a::b", None)


@pytest.mark.parametrize(
    "name, advice",
    [
        ("4DNFIARR7LP4.mcool", "get it with: spex resources get contacts"),
        ("a", "check the path"),
        ("a::/resolutions/1000", "check the path"),
    ],
)
def test_a_missing_map_is_named_with_the_way_to_get_it(name, advice):
    with pytest.raises(InputError, match=f"^maps {name}: no such file; {advice}$"):
        require_map(name)


def test_the_same_map_by_file_and_by_uri_is_told(world):
    uri = f"{world.maps[0]}::/resolutions/1000"
    assert map_sha256(uri, KnownHashes()) == file_sha256(world.maps[0])
    with pytest.raises(InputError, match="the same map as"):
        check_different([world.maps[0], uri], KnownHashes())


def test_two_maps_of_one_file_are_two(world, tmp_path):
    path = tmp_path / "cells.scool"
    with h5py.File(path, "w") as file:
        for cell, map_ in zip("ab", world.maps, strict=True):
            with h5py.File(map_) as source:
                source.copy("resolutions/1000", file.require_group("cells"), cell)
    uris = [f"{path}::/cells/{cell}" for cell in "ab"]
    check_different(uris, KnownHashes())
    for uri, map_ in zip(uris, world.maps, strict=True):
        found, expected = (pixels(each) for each in (uri, map_))
        assert found == expected
    with pytest.raises(InputError, match=r"no map in /cells/c; expected one of /cells/a, /cells/b$"):
        open_maps([f"{path}::/cells/c"], 1000)


def test_a_level_of_the_old_layout_is_a_map_of_its_own(world, tmp_path):
    path = tmp_path / "old.mcool"
    with h5py.File(path, "w") as file, h5py.File(world.maps[0]) as source:
        for level, resolution in enumerate((2000, 1000)):
            source.copy(f"resolutions/{resolution}", file, str(level))
    assert pixels(f"{path}::/1") == pixels(world.maps[0])
    with pytest.raises(InputError, match=rf"an old layout of zoom levels: .*; give {path}::/1, or copy that level"):
        open_maps([path], 1000)


def pixels(path):
    return [column.tolist() for column in CoolMap(path, 1000).pixels_of("chr1", np.arange(121), lambda count: None)]


def test_a_uri_that_cannot_be_read_says_why(world, tmp_path):
    with pytest.raises(InputError, match=r"its bins are 2000 bp, not 1000; choose resolution 2000$"):
        open_maps([f"{world.maps[0]}::/resolutions/2000"], 1000)
    with pytest.raises(InputError, match=r"no map in /a; expected one of /resolutions/1000, /resolutions/2000$"):
        open_maps([f"{world.maps[0]}::a"], 1000)
    path = tmp_path / "links.mcool"
    with h5py.File(path, "w") as file:
        file["resolutions"] = h5py.ExternalLink(str(world.maps[0]), "/resolutions")
    with pytest.raises(InputError, match=r"/resolutions is a link to another file, .*map0.mcool; .*give that"):
        open_maps([f"{path}::/resolutions/1000"], 1000)
    (tmp_path / "map.hic").write_bytes(b"HIC\0" + bytes(99))
    with pytest.raises(
        InputError, match=r"names a group, but .*map.hic is Juicer's .hic format; give .*map.hic alone$"
    ):
        open_maps([f"{tmp_path / 'map.hic'}::/resolutions/1000"], 1000)
