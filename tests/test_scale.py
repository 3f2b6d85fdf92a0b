"""The simulation of scale: what it says where the answer is plain."""

import numpy as np
import pytest

from benchmarks import scale


@pytest.fixture(scope="module")
def genes():
    return scale.read_genes(None).iloc[::20].reset_index(drop=True)


@pytest.fixture(scope="module")
def touched(genes):
    return scale.touch(genes, 8)


def test_genes_touch_about_as_many_bins_as_asked_for_on_their_chromosome(genes, touched):
    numbers = np.array(list(map(len, touched)))
    assert 5 < numbers.mean() < 9 and 0.04 < (numbers == 0).mean() < 0.3 and numbers.max() > 4 * numbers.mean()
    of_place = [[bins for bins, place in zip(touched, genes["place"], strict=True) if place == each] for each in (0, 1)]
    assert max(map(np.max, filter(len, of_place[0]))) < min(map(np.min, filter(len, of_place[1])))


@pytest.mark.parametrize("key", scale.KEYS)
def test_one_job_computes_every_bin_once(genes, touched, key):
    row = scale.row_of(genes, touched, key, 1, "computed", 8)
    assert row["bins computed / needed"] == row["slowest / least"] == 1


@pytest.mark.parametrize("key", ["rows", "stretch", "work", "guess"])
def test_jobs_do_every_gene_once_and_bins_that_they_share_once_or_more(genes, touched, key):
    shard = scale.shard_of_genes(key, genes, touched, 5, 30.0)
    assert set(shard) == set(range(5))
    if key != "rows":
        assert (np.diff(shard) >= 0).all()
    row = scale.row_of(genes, touched, key, 5, "in the cache", 8)
    seen = [set(np.concatenate([touched[gene] for gene in np.flatnonzero(shard == job)])) for job in range(5)]
    most = sum(map(len, seen)) / len(set().union(*seen))
    assert 1 <= row["bins computed / needed"] <= most


def test_stretches_of_equal_work_are_equal(genes, touched):
    row = scale.row_of(genes, touched, "work", 5, "computed", 8)
    assert row["slowest / mean"] < 1.03
