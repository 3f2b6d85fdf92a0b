"""Chromosomes left out by algebra, against refitting for each of them."""

import logging

import numpy as np
import pytest
from compare_by_hand import CHROMS, GENES, leave_out, map_arms, own_and_observed, standardised
from numpy.testing import assert_allclose, assert_array_equal

from spex.compare import loco
from spex.compare.loco import Columns, OwnPart, chromosome_blocks
from spex.errors import InputError
from spex.files.sealed import DamagedFileError
from spex.models import matrices

PENALTY = 7.0


@pytest.fixture
def own():
    return OwnPart.of(own_and_observed()[0], CHROMS, own_and_observed()[1], penalties=[PENALTY])


def test_the_baseline_is_as_if_refitted_for_each_chromosome(own):
    features, observed = own_and_observed()
    errors = own.baseline.leave_out(own.times(observed))
    assert_allclose(errors, leave_out([(standardised(features), PENALTY)], observed), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("at_once", [5, 1024])
@pytest.mark.parametrize("neighbour_penalty", [0.5, 300.0])
def test_nested_blocks_are_as_if_refitted_for_each_chromosome(own, monkeypatch, at_once, neighbour_penalty):
    monkeypatch.setattr(matrices, "COLUMNS_AT_ONCE", at_once)
    features, observed = own_and_observed()
    arms = map_arms()
    numbers = Columns(own.baseline, arms.numbers).at(2.0)
    before = numbers.after(own.baseline.after(own.times(observed)))
    assert_allclose(numbers.times(observed), before, rtol=1e-12, atol=1e-12)
    columns = Columns(numbers, arms.neighbours)
    assert len(columns) == arms.neighbours.shape[1] - 1  # the constant one drops out
    parts = [(standardised(features), PENALTY), (standardised(arms.numbers), 2.0)]
    with_block = [*parts, (standardised(arms.neighbours), neighbour_penalty)]
    found = columns.at(neighbour_penalty)
    assert_allclose(found.leave_out(before), leave_out(with_block, observed), rtol=1e-10, atol=1e-10)
    for block, errors in numbers.left_out_after(before):
        assert_allclose(errors, leave_out(parts, observed)[block], rtol=1e-10, atol=1e-10)


def test_columns_that_all_drop_out_change_nothing(own):
    observed = own_and_observed()[1]
    before = own.baseline.after(own.times(observed))
    constant = Columns(own.baseline, np.full((GENES, 4), 0.1, dtype=np.float32)).at(1.0)
    assert_allclose(constant.leave_out(before), own.baseline.leave_out(own.times(observed)), rtol=1e-12)
    assert_array_equal(constant.after(before), before)


def test_the_penalty_misses_least_on_chromosomes_left_out(caplog):
    features, observed = own_and_observed()
    penalties = [0.1, 3.0, 30.0, 1e5]
    own = OwnPart.of(features, CHROMS, observed, penalties=penalties)
    spread = ((observed - observed.mean(axis=0)) ** 2).sum(axis=0)
    missed = []
    for penalty in penalties:
        errors = leave_out([(standardised(features), penalty)], observed)
        missed.append(((errors**2).sum(axis=0) / spread).mean())
    assert_allclose(own.tried, [penalties, missed], rtol=1e-9)
    assert own.penalty == penalties[int(np.argmin(missed))]
    alone = OwnPart.of(features, CHROMS, observed, penalties=[own.penalty])
    assert_allclose(np.triu(own.inverse), np.triu(alone.inverse), rtol=1e-12)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        assert OwnPart.of(features, CHROMS, observed, penalties=[1e4, 1e5]).penalty == 1e4
    assert "first penalty" in caplog.text


def test_penalties_are_relative_to_the_features():
    features, observed = own_and_observed()
    tried = OwnPart.of(features, CHROMS, observed).tried[0]
    assert_allclose(tried, np.array(loco.RELATIVE_PENALTIES) * (features.shape[1] - 1))  # one is constant


def test_what_is_kept_comes_back(own, tmp_path):
    observed = own_and_observed()[1]
    path = tmp_path / "own"
    own.save(path)
    assert path.stat().st_size == 8 * (2 + 3 + GENES * (GENES + 1) // 2) + 5
    again = OwnPart.load(path, CHROMS, observed)
    assert again.penalty == own.penalty
    assert_array_equal(again.tried, own.tried)
    assert_array_equal(again.times(observed), own.times(observed))
    assert_array_equal(again.baseline.leave_out(again.times(observed)), own.baseline.leave_out(own.times(observed)))


@pytest.mark.parametrize("place", [0, 9, 30, 4000, -3])
def test_what_is_kept_tells_when_it_was_damaged(own, tmp_path, place):
    path = tmp_path / "own"
    own.save(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        OwnPart.load(path, CHROMS, None)
    path.write_bytes(content[:place])
    with pytest.raises(DamagedFileError):
        OwnPart.load(path, CHROMS, None)


def test_genes_of_one_chromosome_or_without_any_difference_are_refused():
    features, observed = own_and_observed()
    with pytest.raises(InputError, match="all genes are on chr1; expected genes of two chromosomes"):
        OwnPart.of(features, np.full(GENES, "chr1"), observed)
    with pytest.raises(InputError, match="no feature"):
        OwnPart.of(np.ones_like(features), CHROMS, observed)


def test_each_chromosome_is_one_stretch():
    names, blocks = chromosome_blocks(["chr2", "chr2", "chr10"])
    assert names == ["chr2", "chr10"]
    assert blocks == [slice(0, 2), slice(2, 3)]
    with pytest.raises(ValueError, match="order"):
        chromosome_blocks(["chr1", "chr2", "chr1"])


def test_more_columns_than_genes():
    """They are turned into as many as there are genes, which changes no residual."""
    own, observed = own_and_observed()
    part = OwnPart.of(own, CHROMS, observed, penalties=[PENALTY])
    wide = np.random.default_rng(4).normal(size=(GENES, 3 * GENES)).astype(np.float32)
    columns = Columns(part.baseline, wide)
    assert len(columns) == 3 * GENES and columns.moved.shape == (GENES, GENES)
    errors = columns.at(20.0).leave_out(part.baseline.times(observed))
    expected = leave_out([(standardised(own), PENALTY), (standardised(wide), 20.0)], observed)
    assert_allclose(errors, expected, rtol=1e-8)
