"""Maps with fewer contacts, and with counts of another map: how many are left, and what decides which."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.contacts.maps import DownsampledMap, Pixels, RankedMap, _uniform
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps.cool import CoolMap
from spex.inputs.maps.formats import open_maps


class MadeMap:
    """Every pair of bins of a chromosome, all with one count, seen from the bins that are asked for."""

    path, resolution, chromsizes, has_lengths = "made", 1000, {"chr1": 200_000}, True

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


def test_contacts_are_drawn_from_whole_numbers_alone(tmp_path):
    """Of others, which a chosen column may have, the binomial is NaN, which left them out."""
    loops = "".join(f"chr1\t0\t1000\tchr1\t{at}000\t{at + 1}000\t{count}\n" for at, count in ((30, 4), (40, 2.5)))
    (tmp_path / "loops").write_text(loops)
    (whole,) = open_maps([tmp_path / "loops"], 1000, Reading(count_column=7))
    assert whole.pixels_of("chr1", np.array([0]), print)[2].tolist() == [4, 2.5]
    with pytest.raises(InputError, match=r"^thin_to .*loops: a count of 2.5, and contacts are drawn from whole"):
        DownsampledMap(whole, 1, 0).pixels_of("chr1", np.array([0]), print)


def test_depth_counts_every_pair_once(world):
    total = sum(count for chrom in ("chr1", "chr9") for *_, count in world.pixels[0][chrom])
    read = []
    assert CoolMap(world.maps[0], 1000).depth(["chr1", "chr9"], read.append) == total
    assert sum(read) == CoolMap(world.maps[0], 1000).pixel_count(["chr1", "chr9"])


def ranked(values, reference, *, covers_all=True):
    """What a RankedMap of two tables of bin1, bin2 and number gives: dict of pair -> count."""

    def map_of(rows, cuts=2):
        def parts(chrom, advance):
            for part in np.array_split(np.array(rows, float).reshape(-1, 3), cuts):
                yield Pixels(part[:, 0].astype(np.int64), part[:, 1].astype(np.int64), part[:, 2])
                advance(len(part))

        there = SimpleNamespace(
            path="map", chromsizes={"chr1": 50_000}, has_lengths=True, resolution=1000, resolutions=[1000]
        )
        there.parts, there.accounts = parts, lambda: [len(rows)]
        return there

    map_ = RankedMap(map_of(values), map_of(reference), covers_all=covers_all)
    read = []
    (part,) = map_.parts("chr1", read.append)
    assert sum(read) == len(values) and map_.accounts() == [len(values), len(reference)]
    assert list(map_.parts("chr2", read.append)) == []
    found = dict(zip(zip(part.bin1.tolist(), part.bin2.tolist(), strict=True), part.counts.tolist(), strict=True))
    assert len(found) == len(part.counts)
    return found


def slow_ranks(values, reference, *, covers_all):
    """The same, by sorting lists distance by distance; values without ties."""
    found, by_pair = {}, {}
    for one, other, value in values:
        if not np.isnan(value):
            by_pair.setdefault((one, other), []).append(value)
    means = {pair: np.mean(each) for pair, each in by_pair.items()}
    for distance in range(50):
        known = [(one, other, count) for one, other, count in reference if covers_all or (one, other) in means]
        counts = [count for one, other, count in known if other - one == distance]
        best = sorted((pair for pair in means if pair[1] - pair[0] == distance), key=lambda pair: -means[pair])
        found |= dict(zip(best, sorted(counts, reverse=True), strict=False))
    return found


@pytest.mark.parametrize("covers_all", [True, False])
def test_the_highest_values_get_the_counts_of_the_reference_distance_by_distance(covers_all):
    random = np.random.default_rng(0)
    pairs = [(one, other) for one in range(40) for other in range(one, 40)]
    drawn = [pairs[place] for place in random.permutation(len(pairs))[:500]]
    values = [(*pair, random.normal()) for pair in [*drawn, *drawn[:60]]]
    values = [(*pair, np.nan if random.random() < 0.1 else value) for *pair, value in values]
    reference = [(*pairs[place], 1 + random.poisson(3)) for place in random.permutation(len(pairs))[:300]]
    found = ranked(values, reference, covers_all=covers_all)
    assert found == slow_ranks(values, reference, covers_all=covers_all) and len(found) > 100
    units = [(one, other, np.exp(3 * value) + 100 * (other - one)) for one, other, value in values[:440]]
    assert ranked(units, reference, covers_all=covers_all) == ranked(values[:440], reference, covers_all=covers_all)


def test_a_map_in_its_own_order_is_itself_and_a_noisy_copy_is_less_like_it_the_noisier_it_is():
    random = np.random.default_rng(1)
    every = [(one, other) for one in range(50) for other in range(one, 50)]
    counts = {pair: int(random.poisson(20 / (1 + pair[1] - pair[0]) * random.gamma(1))) for pair in every}
    reference = [(*pair, count) for pair, count in counts.items() if count]
    whole = {pair: float(count) for pair, count in counts.items() if count}
    assert ranked(reference, reference) == whole
    shared = []
    for noise in (0.5, 2, 8, 1000):
        found = ranked([(*pair, counts[pair] + noise * random.normal()) for pair in every], reference)
        assert sum(found.values()) == sum(whole.values())
        by_distance = [np.bincount([other - one for one, other in each], minlength=50) for each in (found, whole)]
        assert_array_equal(*by_distance)
        shared.append(len(found.keys() & whole.keys()) / len(whole))
    assert all(np.diff(shared) < 0) and shared[0] < 1
    flat = ranked([(*pair, -float(pair[1] - pair[0])) for pair in every], reference)  # distance alone: by chance
    assert abs(len(flat.keys() & whole.keys()) / len(whole) - shared[-1]) < 0.05
    first = np.mean([one for one, other in flat if other - one == 20])
    assert abs(first - 14.5) < 6  # and not from one end of the chromosome


def test_no_value_and_no_count_give_nothing():
    assert ranked([(0, 1, np.nan)], [(0, 1, 3)]) == {} and ranked([(0, 1, 2.0)], [(0, 2, 3)]) == {}
    assert ranked([], []) == {}
