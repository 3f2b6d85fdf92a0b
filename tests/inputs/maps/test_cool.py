"""Contact maps that must be refused."""

import h5py
import pytest
from conftest import write_mcool

from spex.contacts.collect import collect_contacts
from spex.contacts.rules import Published
from spex.errors import InputError
from spex.inputs.maps.cool import ContactMap


@pytest.fixture
def one_map(tmp_path):
    def write(pixels, **options):
        write_mcool(tmp_path / "map.mcool", {"chr1": pixels}, **options)
        return tmp_path / "map.mcool"

    return write


def test_a_map_without_the_resolution_lists_those_it_has(world):
    with pytest.raises(InputError, match=r"no resolution 5000 \(it has 1000, 2000\)"):
        ContactMap(world.maps[0], 5000)


def test_what_is_not_an_mcool_is_refused(tmp_path):
    path = tmp_path / "map.mcool"
    path.write_text("chr1\t0\t1000\n")
    with pytest.raises(InputError, match="not an HDF5 file"):
        ContactMap(path, 1000)
    path.unlink()
    h5py.File(path, "w").close()
    with pytest.raises(InputError, match="it holds no resolution at all"):
        ContactMap(path, 1000)


def test_a_map_cut_short_is_refused(world, tmp_path):
    path = tmp_path / "map.mcool"
    path.write_bytes(world.maps[0].read_bytes()[:20_000])
    with pytest.raises(InputError, match=r"damaged or cut short|not an HDF5"):
        ContactMap(path, 1000)


@pytest.mark.parametrize("count", [-1.0, float("nan")])
def test_counts_that_are_no_counts_are_refused(one_map, genes, count):
    map_ = ContactMap(one_map([(60, 90, count)]), 1000)
    with pytest.raises(InputError, match="expected raw counts"):
        collect_contacts([map_], genes, Published(), 1000, lambda count: None)
