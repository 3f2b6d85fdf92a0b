"""Maps against maps, against loops over whole matrices."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.contacts import likeness
from spex.contacts.likeness import Profiler, as_arrays, compare_profiles, from_arrays, smoothed, stratum_adjusted
from spex.contacts.maps import DownsampledMap, Pixels
from spex.contacts.sheet import count_map

RESOLUTION = 10_000
LENGTHS = {"chr1": 5_603_000, "chr2": 3_200_000}
GENES = pd.DataFrame(
    {
        "id": ["A", "B", "C", "D", "E"],
        "chrom": ["chr1", "chr1", "chr1", "chr2", "chrX"],
        "tss": [15_000, 4_000_001, 5_590_000, 3_000_000, 5],
    }
)


def matrices(seed, depth=3.0):
    """Counts that fall with the distance, with loops at random places: chromosome -> symmetric matrix."""
    random, found = np.random.default_rng(seed), {}
    for chrom, length in LENGTHS.items():
        bins = -(-length // RESOLUTION)
        distance = np.abs(np.subtract.outer(np.arange(bins), np.arange(bins)))
        rates = depth * (1 + np.outer(*[random.random(bins) > 0.7] * 2)) * 20 / (distance + 4)
        upper = np.triu(random.poisson(rates))
        found[chrom] = upper + np.triu(upper, 1).T
    return found


def map_of(counts, name="map"):
    """A map of these matrices."""

    def parts(chrom, advance):
        one, other = np.nonzero(np.triu(counts[chrom]))
        values = counts[chrom][one, other].astype(float)
        yield Pixels(one, other, values)

    return SimpleNamespace(
        path=name, chromsizes=LENGTHS, has_lengths=True, resolutions=[RESOLUTION], parts=parts, all_parts=parts
    )


def profile_of(map_, genes=GENES):
    profiler = Profiler(map_.path, RESOLUTION, genes)
    for chrom, length in LENGTHS.items():
        profiler.begin(chrom, -(-length // RESOLUTION))
        for part in map_.parts(chrom, None):
            profiler.add(part)
    return profiler.finish()


def slow_scc(one, other):
    """HiCRep's coefficient of two symmetric matrices in bins of 40 kb."""
    binned = []
    for counts in (one, other):
        bins = -(-len(counts) // 4)
        summed = np.zeros((bins, bins))
        for i, j in zip(*np.nonzero(counts), strict=True):
            if i // 4 != j // 4 or i <= j:  # within a bin each pair once
                summed[i // 4, j // 4] += counts[i, j]
        means = np.zeros_like(summed)
        for i in range(bins):
            for j in range(bins):
                means[i, j] = summed[max(i - 5, 0) : i + 6, max(j - 5, 0) : j + 6].mean()
        binned.append(means)
    correlations, weights = [], []
    for distance in range(min(126, len(binned[0]))):
        x, y = (np.diagonal(each, distance) for each in binned)
        kept = (x > 0) | (y > 0)
        x, y = x[kept], y[kept]
        if len(x) > 1 and np.ptp(x) and np.ptp(y):
            correlations.append(stats.pearsonr(x, y).statistic)
            variances = [np.var(stats.rankdata(each) / len(each)) for each in (x, y)]
            weights.append(len(x) * np.sqrt(variances[0] * variances[1]))
    return np.average(correlations, weights=weights), len(binned[0])


@pytest.fixture(scope="module")
def two():
    """Two maps that share half of their contacts, and their matrices. The second is sparse."""
    common = matrices(0)
    return [
        {chrom: (common[chrom] + own[chrom]) // divisor for chrom in LENGTHS}
        for own, divisor in ((matrices(1), 1), (matrices(2), 4))
    ]


def test_the_stratum_adjusted_correlation_equals_the_slow_one(two):
    table = compare_profiles([profile_of(map_of(counts, name)) for name, counts in zip("ab", two, strict=True)])
    each, bins = zip(*(slow_scc(two[0][chrom], two[1][chrom]) for chrom in LENGTHS), strict=True)
    assert list(table[["one", "other"]].iloc[0]) == ["a", "b"]
    assert_allclose(table["scc"], np.average(each, weights=bins), rtol=1e-6)  # counts are kept as float32
    assert 0.1 < table["scc"][0] < 0.9
    assert_allclose(table["depth_one"], sum(np.triu(two[0][chrom]).sum() for chrom in LENGTHS))


def test_a_map_has_1_with_itself_and_thinning_lowers_it_smoothly(two):
    whole = map_of(two[0])
    shares = (1.0, 0.5, 0.1, 0.02)
    profiles = [profile_of(whole)] + [profile_of(DownsampledMap(whole, share, 0)) for share in shares]
    table = compare_profiles(profiles).iloc[: len(shares)]
    assert_allclose(table["scc"][0], 1, rtol=1e-12)
    assert table["jaccard"][0] == 1 and table["contacts_correlation"][0] == pytest.approx(1)
    falls = -np.diff(table["scc"])
    assert (falls > 0).all() and falls.max() < 0.45
    assert (np.diff(table["jaccard"]) < 0).all()


def test_smoothing_in_stripes_is_that_at_once_and_stays_0_where_nothing_is(monkeypatch):
    random = np.random.default_rng(0)
    band = random.poisson(0.02, size=(9 + 6, 70)).astype(np.float32)
    whole = smoothed(band, 3)
    monkeypatch.setattr(likeness, "STRIPE", 16)
    assert_array_equal(smoothed(band, 3), whole)
    band[:, 30:] = 0
    assert not smoothed(band, 3)[:, 33:].any()


def test_the_coefficient_by_hand():
    one, other = np.array([[1.0, 2, 3, 4], [0, 0, 0, 0]]), np.array([[2.0, 1, 4, 3], [1, 1, 1, 0]])
    assert_allclose(stratum_adjusted(one, other), 0.6)  # the second distance is constant in one
    assert np.isnan(stratum_adjusted(one[1:], other[1:]))


def test_shared_contacts_equal_sets(two):
    table = compare_profiles([profile_of(map_of(counts)) for counts in two]).iloc[0]
    sets, numbers = [], []
    for counts in two:
        mine = {}
        for gene in GENES[:4].itertuples():
            row, tss = counts[gene.chrom], (gene.tss - 1) // RESOLUTION
            for bin_ in range(len(row)):
                distance = abs(bin_ - tss) * RESOLUTION
                if row[tss, bin_] >= 2 and 20_000 <= distance < 2_000_000:
                    mine[gene.id, bin_] = distance
        sets.append(mine)
        numbers.append([sum(each == gene for each, _ in mine) for gene in "ABCD"])
    edges = (20_000, 100_000, 500_000, 2_000_000)
    for name, low, high in zip(likeness.GENE_GROUPS, edges, edges[1:], strict=False):
        one, other = ({key for key, distance in mine.items() if low <= distance < high} for mine in sets)
        assert table[f"jaccard {name}"] == len(one & other) / len(one | other)
    assert table["jaccard"] == len(sets[0].keys() & sets[1].keys()) / len(sets[0].keys() | sets[1].keys())
    assert_allclose(table["contacts_correlation"], stats.spearmanr(*numbers).statistic)


def test_what_cannot_be_compared_is_nan_and_the_rest_is_not(two):
    one, other = (profile_of(map_of(counts)) for counts in two)
    coarse = compare_profiles([one, replace(other, resolution=20_000)]).iloc[0]  # bins of 40 kb too
    assert coarse["scc"] > 0 and np.isnan(coarse["jaccard"])
    other_bins = compare_profiles([one, replace(other, resolution=30_000)]).iloc[0]
    elsewhere = replace(other, bands={"chr9": other.bands["chr1"]})
    assert np.isnan(other_bins["scc"]) and np.isnan(compare_profiles([one, elsewhere])["scc"][0])
    without_genes = compare_profiles([profile_of(map_of(counts), None) for counts in two]).iloc[0]
    assert without_genes["scc"] == compare_profiles([one, other])["scc"][0] and np.isnan(without_genes["jaccard"])
    nothing = map_of({chrom: np.zeros_like(counts) for chrom, counts in two[0].items()})
    empty = compare_profiles([profile_of(nothing), profile_of(nothing)]).iloc[0]
    assert empty[["scc", "jaccard", "contacts_correlation"]].isna().all() and empty["depth_one"] == 0


def test_a_longer_chromosome_of_one_map_is_padded(two):
    one, other = (profile_of(map_of(counts)) for counts in two)
    longer = replace(other, bands={chrom: np.pad(band, ((0, 0), (0, 9))) for chrom, band in other.bands.items()})
    padded = replace(one, bands={chrom: np.pad(band, ((0, 0), (0, 9))) for chrom, band in one.bands.items()})
    assert compare_profiles([one, longer])["scc"][0] == compare_profiles([padded, longer])["scc"][0]


def test_a_profile_is_the_same_from_a_file_and_from_the_pass_of_a_data_sheet(two):
    expected = profile_of(map_of(two[0]))
    profiler = Profiler("map", RESOLUTION, GENES)
    count_map(map_of(two[0]), GENES, RESOLUTION, lambda count: None, profiler)
    for found in (profiler.finish(), from_arrays(as_arrays([expected, expected]))[1]):
        assert vars(found).keys() == vars(expected).keys() and found.name == "map"
        assert found.depth == expected.depth and found.resolution == RESOLUTION
        assert_array_equal(found.contacts, expected.contacts)
        assert_array_equal(found.genes, expected.genes)
        assert found.bands.keys() == expected.bands.keys()
        for chrom, band in expected.bands.items():
            assert_array_equal(found.bands[chrom], band)
