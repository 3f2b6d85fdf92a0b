"""Maps with fewer contacts: how many are left, and that nothing but pixel and seed decides which."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.contacts.maps import DownsampledMap, _uniform
from spex.inputs.maps.cool import CoolMap


class MadeMap:
    """Every pair of bins of a chromosome, all with one count, seen from the bins that are asked for."""

    path, resolution, chromsizes = "made", 1000, {"chr1": 200_000}

    def __init__(self, count):
        self.count = count

    def pixels_of(self, chrom, tss_bins, advance):
        one, other = (each.ravel() for each in np.meshgrid(tss_bins, np.arange(200), indexing="ij"))
        return one, other, np.full(len(one), float(self.count))


def thinned(count, share, seed=1, bins=range(200), name="a"):
    return DownsampledMap(MadeMap(count), share, seed, name).pixels_of("chr1", np.array(bins), lambda count: None)


@pytest.mark.parametrize("count, share", [(1, 0.3), (3, 0.5), (40, 0.07)])
def test_counts_are_binomial(count, share):
    one, other, counts = thinned(count, share)
    once = one <= other
    seen = np.bincount(counts[once].astype(int), minlength=count + 1)
    seen[0] = 200 * 201 / 2 - once.sum()
    expected = seen.sum() * stats.binom.pmf(np.arange(count + 1), count, share)
    enough = expected > 5
    observed = [*seen[enough], seen[~enough].sum()]
    assert stats.chisquare(observed, [*expected[enough], max(expected[~enough].sum(), 1e-9)]).pvalue > 0.001


def test_a_pixel_has_one_count_from_wherever_it_is_seen():
    one, other, counts = thinned(5, 0.4)
    matrix = np.zeros((200, 200))
    matrix[one, other] = counts
    assert_array_equal(matrix, matrix.T)
    few = [7, 190, 33]
    one, other, counts = thinned(5, 0.4, bins=few)
    seen = np.zeros((200, 200))
    seen[one, other] = counts
    assert_array_equal(seen[few], matrix[few])


def test_seed_and_map_change_it():
    first = thinned(5, 0.4)[2].sum()
    assert len({first, thinned(5, 0.4, seed=2)[2].sum(), thinned(5, 0.4, name="b")[2].sum()}) == 3


def test_chances_are_uniform_and_hang_together_with_nothing():
    one, other = (each.ravel() for each in np.meshgrid(np.arange(300), np.arange(300)))
    chances = _uniform("seed", one, other)
    assert stats.kstest(chances, "uniform").pvalue > 0.001
    grid = chances.reshape(300, 300)
    for neighbour in (grid[1:], grid[:, 1:]):
        assert abs(np.corrcoef(neighbour.ravel(), grid[: len(neighbour), : neighbour.shape[1]].ravel())[0, 1]) < 0.01


def test_all_is_kept_or_less_through_the_same_reader(world):
    whole = CoolMap(world.maps[0], 1000)
    bins = np.arange(40, 80)
    expected = [
        each[whole.pixels_of("chr1", bins, lambda count: None)[2] > 0]
        for each in whole.pixels_of("chr1", bins, lambda count: None)
    ]
    for found, wanted in zip(
        DownsampledMap(whole, 1, 0).pixels_of("chr1", bins, lambda count: None), expected, strict=True
    ):
        assert_array_equal(found, wanted)
    one, other, counts = DownsampledMap(whole, 0.5, 0).pixels_of("chr1", bins, lambda count: None)
    before = dict(zip(zip(expected[0], expected[1], strict=True), expected[2], strict=True))
    assert all(count <= before[pair] for pair, count in zip(zip(one, other, strict=True), counts, strict=True))
    assert_allclose(counts.sum(), expected[2].sum() / 2, rtol=0.2)
    (account,) = DownsampledMap(whole, 0.5, 0).accounts()
    assert account.used == len(world.pixels[0]["chr1"])
    assert DownsampledMap(whole, 0.5, 0).pixel_count(["chr1"]) == whole.pixel_count(["chr1"])


def test_depth_counts_every_pair_once(world):
    total = sum(count for chrom in ("chr1", "chr9") for *_, count in world.pixels[0][chrom])
    read = []
    assert CoolMap(world.maps[0], 1000).depth(["chr1", "chr9"], read.append) == total
    assert sum(read) == CoolMap(world.maps[0], 1000).pixel_count(["chr1", "chr9"])
