"""Which rows train, validate and test."""

import logging

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.models.splits import cross_validation_splits, split_by_chromosome, warn_of_few

CHROMS = np.array([f"chr{number}" for number in (1, 1, 1, 1, 2, 2, 2, 8, 8, 8, 9, 9, 9, 10, 10, 10, 10, 10)])


@pytest.mark.parametrize(("test", "few"), [(["chr8"], 3), (["chr8", "chr9", "chr2"], 9), (["chr8", "chr2", "chr1"], 0)])
def test_a_score_of_few_genes_is_warned_of(caplog, test, few):
    with caplog.at_level(logging.WARNING, "spex"):
        warn_of_few(split_by_chromosome(CHROMS, test))
    assert [message.split(" genes")[0] for message in caplog.messages] == ([f"only {few} test"] if few else [])


def test_roles_by_chromosome():
    split = split_by_chromosome(CHROMS, ["chr8"], ["chr9"])
    assert_array_equal(CHROMS[split.test], ["chr8"] * 3)
    assert_array_equal(CHROMS[split.validation], ["chr9"] * 3)
    assert set(CHROMS[split.train]) == {"chr1", "chr2", "chr10"}
    assert split.watched is split.validation
    published = split_by_chromosome(CHROMS, ["chr8"])
    assert published.watched is published.test
    assert len(published.train) == len(CHROMS) - 3


@pytest.mark.parametrize(
    "test, validation, told",
    [
        (["chr8"], ["chr8"], "among test_chroms too"),
        (["8"], [], "they lie on chr1, chr2, chr8, chr9, chr10"),
        (["chr8"], ["chr3"], "validation_chroms chr3: no validation genes"),
        (["chr1", "chr2", "chr8"], ["chr9", "chr10"], "no training genes"),
    ],
)
def test_roles_that_cannot_be(test, validation, told):
    with pytest.raises(InputError, match=told):
        split_by_chromosome(CHROMS, test, validation)


def test_too_few_test_genes_for_a_correlation():
    with pytest.raises(InputError, match="2 test genes"):
        split_by_chromosome(CHROMS[2:], ["chr1"])


@pytest.mark.parametrize("groups", [None, 3, 4])
def test_cross_validation_tests_every_row_once_and_never_on_itself(groups):
    splits = cross_validation_splits(CHROMS, groups)
    assert len(splits) == (groups or 5)
    assert_array_equal(np.sort(np.concatenate([split.test for split in splits])), np.arange(len(CHROMS)))
    for split in splits:
        parts = [set(CHROMS[rows]) for rows in (split.train, split.validation, split.test)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(CHROMS))
        assert sum(map(len, (split.train, split.validation, split.test))) == len(CHROMS)


def test_groups_are_balanced():
    sizes = [len(split.test) for split in cross_validation_splits(CHROMS, 3)]
    assert sorted(sizes) == [5, 6, 7]


def test_too_many_or_too_few_groups():
    with pytest.raises(InputError, match="6 groups of the 5 chromosomes"):
        cross_validation_splits(CHROMS, 6)
    with pytest.raises(InputError, match="expected 3 to 2"):
        cross_validation_splits(CHROMS[:6])
