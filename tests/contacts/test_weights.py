"""What contacts count as, against loops over all pairs of bins."""

import math

import cooler
import h5py
import numpy as np
import oracles
import pytest
from conftest import CHROMSIZES, write_hic, write_mcool
from numpy.testing import assert_allclose, assert_array_equal

from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps import cool as contact_map
from spex.inputs.maps.formats import open_maps

CHROM, LAST = "chr1", -(-CHROMSIZES["chr1"] // 1000)


def read(maps, genes, weight, **options):
    return read_maps(open_maps(maps, 1000), genes, Corrected(contact_weight=weight, **options), 1000)


def balance(path, weights, resolution=1000):
    """Write weights of bins as cooler balance does."""
    with h5py.File(path, "a") as file:
        file[f"resolutions/{resolution}/bins"].create_dataset("weight", data=weights)


def without_zeros(pixels):
    return {chrom: [pixel for pixel in of if pixel[2]] for chrom, of in pixels.items()}


@pytest.fixture
def balanced(world, tmp_path):
    """A copy of the first map with made weights, some bins left out. Returns: its path; chromosome -> weights."""
    path = tmp_path / "balanced.mcool"
    write_mcool(path, world.pixels[0])
    bins = cooler.Cooler(f"{path}::/resolutions/1000").bins()[:]
    weights = np.random.default_rng(1).uniform(0.1, 2, len(bins))
    weights[::9] = np.nan
    balance(path, weights)
    return path, {chrom: weights[(bins["chrom"] == chrom).to_numpy()] for chrom in CHROMSIZES}


def test_counts_and_logarithms(world, genes):
    plain = read(world.maps, genes, "one")
    assert plain.weights is None and "weight" not in plain.pairs()
    counted, logged = read(world.maps, genes, "count"), read(world.maps, genes, "log")
    for contacts in (counted, logged):
        assert_array_equal(contacts.bins, plain.bins)
        assert_array_equal(contacts.counts, plain.counts)
    assert_array_equal(counted.weights, plain.counts)
    assert_allclose(logged.weights, [math.log(1 + count) for count in plain.counts])
    assert_array_equal(logged.pairs()["weight"], logged.weights)


@pytest.mark.parametrize("used", [[0], [0, 1]])
def test_expected_counts_are_means_over_all_pairs_at_a_distance(world, genes, used, monkeypatch):
    genes = genes[genes["chrom"] == CHROM].head(3)
    monkeypatch.setattr(contact_map, "CHUNK_PIXELS", 100)
    contacts = read([world.maps[index] for index in used], genes, "expected")
    pixels = [pixel for index in used for pixel in world.pixels[index][CHROM]]
    of_each = np.repeat(contacts.rule.tss_bins(contacts.tss, 1000), np.diff(contacts.offsets))
    assert len(contacts.bins) > 3
    means = {}
    for tss_bin, other, count, weight in zip(of_each, contacts.bins, contacts.counts, contacts.weights, strict=True):
        distance = abs(int(other) - int(tss_bin))
        if distance not in means:
            means[distance] = oracles.count_by_distance(pixels, LAST, distance)
        assert weight == pytest.approx(count / means[distance])


def test_expected_counts_of_a_hic_file(world, genes, tmp_path):
    write_hic(tmp_path / "map.hic", without_zeros(world.pixels[0]))
    ours, theirs = (read([path], genes, "expected") for path in (world.maps[0], tmp_path / "map.hic"))
    assert_array_equal(theirs.bins, ours.bins)
    assert_allclose(theirs.weights, ours.weights)


def test_balanced_counts_and_bins_that_balancing_left_out(world, genes, balanced):
    path, weights = balanced
    plain, contacts = read([world.maps[0]], genes, "one"), read([path], genes, "balanced")
    assert_array_equal(contacts.has_pixels, plain.has_pixels)
    left_out = 0
    for row, chrom in enumerate(plain.chroms):
        tss_bin = int(plain.rule.tss_bins(plain.tss[row], 1000))
        expected = []
        for place in range(*plain.offsets[row : row + 2]):
            other, count = int(plain.bins[place]), plain.counts[place]
            weight = count * weights[chrom][tss_bin] * weights[chrom][other]
            if math.isnan(weight):
                left_out += 1
            else:
                expected.append((other, count, weight))
        span = slice(*contacts.offsets[row : row + 2])
        found = np.column_stack([contacts.bins[span], contacts.counts[span], contacts.weights[span]])
        assert_allclose(found, np.reshape(expected, (-1, 3)))
    assert left_out and len(contacts.bins)


def test_maps_without_what_weights_need_are_refused(world, genes, balanced, tmp_path):
    with pytest.raises(InputError, match=r"map0\.mcool: not balanced: no bins/weight .*with: cooler balance .*map0"):
        read(world.maps[:1], genes, "balanced")
    other = open_maps([balanced[0]], 1000, Reading(value_column="other"))
    with pytest.raises(
        InputError, match=r"its balancing is of pixels/count, but the counts are read from pixels/other"
    ):
        other[0].balancing(CHROM)
    with pytest.raises(InputError, match=r"^contact_weight balanced: 2 contact maps .*cooler merge"):
        read([balanced[0], world.maps[1]], genes, "balanced")
    write_hic(tmp_path / "map.hic", without_zeros(world.pixels[0]))
    with pytest.raises(
        InputError, match=r"^contact_weight balanced: the format of .*map\.hic keeps no weights of bins"
    ):
        read([tmp_path / "map.hic"], genes, "balanced")
    path = tmp_path / "integers.mcool"
    write_mcool(path, world.pixels[0])
    balance(path, np.ones(cooler.Cooler(f"{path}::/resolutions/1000").info["nbins"], int))
    with pytest.raises(InputError, match="bins/weight is 1-dimensional int64"):
        read([path], genes, "balanced")
