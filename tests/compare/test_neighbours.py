"""Sums out of the prediction cache are those of the tensors; what the cache lacks is told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from expecto.network import BELUGA
from spex.compare.folders import open_base, open_map_folders
from spex.compare.neighbours import BinPredictions, local_sums, neighbour_blocks
from spex.compare.prepare import MapMaker, coverage, find_map_files, group_genes
from spex.contacts.controls import draw_matched, select_genes
from spex.contacts.rules import Corrected
from spex.errors import InputError
from spex.files.hashes import KnownHashes
from spex.inputs.maps.formats import open_maps
from spex.runs.cache import PredictionStore
from spex.runs.tensors import read_features


@pytest.fixture(scope="module")
def base(study):
    return open_base(study.base)


@pytest.fixture(scope="module")
def mapped(study, base):
    return open_map_folders([study.maps["sequence"]], base)[0]


@pytest.fixture
def maker(study, mapped):
    return MapMaker.of(mapped, study.cache, 3)


def test_blocks_are_those_of_the_tensors(mapped, maker):
    ids = mapped.contacts.genes[::9].tolist()
    contacts = select_genes(mapped.contacts, ids)
    done = []
    (block,) = neighbour_blocks([contacts], maker.predictions, 2002, done.append)
    assert sum(done) == len(ids)
    expected, _ = read_features(mapped.folder, ids, 24024, slice(20020, None))
    assert expected.shape == (len(ids), 2 * BELUGA.features)
    assert_allclose(block, expected, rtol=1e-6)


def test_blocks_of_groups_and_weights_are_those_of_a_loop(mapped, maker):
    contacts = select_genes(mapped.contacts, mapped.contacts.genes[::40].tolist())
    rule = Corrected(distance_edges=(0.4, 0.6, 1), contact_weight="count")
    contacts = replace(contacts, rule=rule, weights=contacts.counts)
    (block,) = neighbour_blocks([contacts], maker.predictions, 2002, lambda count: None)
    expected, met = np.zeros((len(contacts.genes), 6, BELUGA.features)), set()
    for row, chrom in enumerate(contacts.chroms):
        for place in range(*contacts.offsets[row : row + 2]):
            count, start = contacts.counts[place], contacts.bins[place] * contacts.resolution
            rows = maker.predictions.store.get("windows", chrom, start + np.array([0, 1500, 3000]))[1]
            group = sum(count**-0.5 >= edge for edge in (0.4, 0.6))
            expected[row, 2 * group + (not contacts.downstream[place])] += count * rows.mean(axis=0)
            met.add(group)
    assert_allclose(block, expected.reshape(len(block), -1), rtol=1e-5)
    assert met == {0, 1, 2}


def test_a_map_that_is_weighted_as_a_whole_is_not_thinned(mapped, maker):
    maker.check_weight()
    weighted = replace(mapped, rule=Corrected(contact_weight="expected"))
    with pytest.raises(InputError, match=r"thin_to: contacts of .*sequence have expected weights, which a down"):
        replace(maker, map_folder=weighted).check_weight()


def test_several_sets_of_contacts_read_together(mapped, maker):
    contacts = select_genes(mapped.contacts, mapped.contacts.genes[:40].tolist())
    drawn = draw_matched(contacts, 1)[0]
    together = neighbour_blocks([contacts, drawn], maker.predictions, 2002, lambda count: None)
    for block, of in zip(together, (contacts, drawn), strict=True):
        assert_array_equal(block, neighbour_blocks([of], maker.predictions, 2002, lambda count: None)[0])
    assert not np.array_equal(*together)


def test_local_sums_are_the_eleventh_of_own_windows(study, base):
    store = PredictionStore(study.cache, base.settings.store_identity, np.dtype(base.settings.cache_dtype))
    genes = base.genes.iloc[[3, 100, 7]]
    sums = local_sums(store, genes, 2002)
    for row, gene in enumerate(genes.itertuples()):
        key = gene.tss * 2 + (gene.strand == "-")
        _, rows = store.get("own", gene.chrom, np.array([key]))
        assert_array_equal(sums[row], rows[0].reshape(11, -1)[10])
    assert local_sums(store, genes.assign(tss=genes["tss"] + 1), 2002) is None


def test_a_cache_that_lacks_bins_is_refused(tmp_path, mapped, maker):
    maker.predictions.check(mapped.contacts, ["chr1", "chr2"])
    store = PredictionStore(tmp_path, mapped.settings.store_identity)
    empty = BinPredictions(store, mapped.folder.root)
    touched = np.unique(mapped.contacts.window_starts[mapped.contacts.chrom == "chr2"], axis=0)
    wanted, starts = len(touched), touched[0]
    with pytest.raises(
        InputError, match=rf"cache {tmp_path}: {wanted:,} of {wanted:,} bins that controls of .*sequence"
    ):
        empty.check(mapped.contacts, ["chr2"])
    with pytest.raises(InputError, match="2 of 2 windows of bins"):
        empty.of("chr2", touched[:2].ravel()[:2])
    store.put("windows", "chr2", starts[:-1], np.ones((2, BELUGA.features), np.float32))
    with pytest.raises(InputError, match=rf"cache {tmp_path}: {wanted:,} of {wanted:,} bins"):
        empty.check(mapped.contacts, ["chr2"])
    store.put("windows", "chr2", starts[-1:], np.ones((1, BELUGA.features), np.float32))
    store.flush()
    with pytest.raises(InputError, match=f"{wanted - 1:,} of {wanted:,} bins"):
        empty.check(mapped.contacts, ["chr2"])


def test_coverage_by_reading_every_pixel(study, mapped):
    contacts = select_genes(mapped.contacts, mapped.contacts.genes[[0, 30, 200]].tolist())
    maps = open_maps([study.map_files["sequence"]], contacts.resolution)
    found = coverage(maps, contacts, "sequence")
    for row, (chrom, tss) in enumerate(zip(contacts.chroms, contacts.tss, strict=True)):
        bins = np.arange(-(-maps[0].chromsizes[chrom] // contacts.resolution))
        one, other, counts = maps[0].pixels_of(chrom, bins, lambda count: None)
        mine = one == (tss - 1) // contacts.resolution
        expected = np.array([counts[mine].sum(), counts[mine & (one == other)].sum()])
        assert_allclose(found[row], [*expected, *np.log1p(expected)])


def test_maps_find_their_folders_by_content(study, maker):
    files = [study.map_files["sequence"]]
    find_map_files(files, [maker], KnownHashes(), all_needed=True)
    assert [each.path for each in maker.files] == files
    with pytest.raises(InputError, match="none of the folders that are compared was made from it"):
        find_map_files([study.map_files["nothing"]], [maker], KnownHashes(), all_needed=False)


def test_a_map_that_is_thinned_must_be_given(maker):
    with pytest.raises(InputError, match=r"thin_to: needs the map that .*sequence was made with; give it with maps"):
        find_map_files([], [maker], KnownHashes(), all_needed=True)


def test_thinned_contacts_are_some_of_the_map_s(study, mapped, maker):
    find_map_files([study.map_files["sequence"]], [maker], KnownHashes(), all_needed=True)
    maker.measure()
    maker.thin(maker.depth / 2)
    assert maker.share == 0.5
    whole, thinned = mapped.contacts.pairs(), maker._contacts.pairs()
    both = thinned.merge(whole, on=["id", "start", "side"], suffixes=("", "_whole"))
    assert len(both) == len(thinned) < len(whole)
    assert (both["count"] <= both["count_whole"]).all()
    maker.thin(10 * maker.depth)
    assert maker.share == 1


def test_groups_by_hand(mapped):
    groups, labels = group_genes(mapped.contacts)
    numbers = np.diff(mapped.contacts.offsets)
    assert labels["contacts"][0] == "none"
    assert_array_equal(groups["contacts"] == 0, numbers == 0)
    assert_array_equal(groups["distance"] == -1, numbers == 0)
    for place, label in enumerate(labels["contacts"][1:], start=1):
        ends = [int(end) for end in label.split(" to ")]
        of_group = numbers[groups["contacts"] == place]
        assert [of_group.min(), of_group.max()] == [ends[0], ends[-1]]
    assert all(label.endswith(" kb") for label in labels["distance"])
    counts = pd.Series(groups["distance"][numbers > 0]).value_counts()
    assert len(counts) == 4 and counts.max() - counts.min() < 0.1 * counts.sum()
