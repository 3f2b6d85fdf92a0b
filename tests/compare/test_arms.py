"""All arms of a map against refitting each for every chromosome, tissue, penalty and rotation."""

import numpy as np
import pytest
from compare_by_hand import (
    CHROMS,
    GENES,
    NEIGHBOURS,
    TISSUES,
    TSS,
    blocks,
    choose,
    leave_out,
    map_arms,
    own_and_observed,
    standardised,
    whitened,
    whitened_columns,
    whitened_constants,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from spex.compare.arms import MapStatistics, compare_map
from spex.compare.loco import OwnPart
from spex.compare.whitening import Whitening

PENALTY = 7.0
SHIFTS = np.array([5, 17, 30])


def compare(arms):
    """Own features in the precision of the neighbour blocks: float64 to be compared with what is slow."""
    features, observed = own_and_observed()
    features = features.astype(arms.neighbours.dtype)
    own = OwnPart.of(features, CHROMS, observed, penalties=[PENALTY])
    tested = OwnPart.of(features, CHROMS, observed, penalties=[PENALTY], whitening=Whitening(CHROMS, TSS))
    steps = []
    found = compare_map(own, tested, arms, shifts=SHIFTS, advance=steps.append)
    assert sum(steps) == arms.passes
    return found


@pytest.fixture(scope="module")
def arms():
    return map_arms(others=("local_sum", "coverage"))


@pytest.fixture(scope="module")
def found(arms):
    return compare(arms)


class Slow:
    """The same by refitting. prepare: of columns, before they are standardised."""

    def __init__(self, arms, observed, prepare=standardised, constants=None):
        self.prepare, self.constants = prepare, constants
        self.own, self.numbers = prepare(own_and_observed()[0]), prepare(arms.numbers)
        self.observed = observed

    def errors(self, number_penalty, block=None, block_penalty=None, observed=None):
        parts = [(self.own, PENALTY), (self.numbers, number_penalty)]
        if block_penalty is not None:
            parts.append((self.prepare(block), block_penalty))
        return leave_out(parts, self.observed if observed is None else observed, self.constants)


@pytest.fixture(scope="module")
def slow(arms):
    return Slow(arms, own_and_observed()[1])


@pytest.fixture(scope="module")
def penalty_for_tests(slow):
    observed = slow.observed
    share = (slow.errors(GENES / 230) ** 2).sum(axis=0) / ((observed - observed.mean(axis=0)) ** 2).sum(axis=0)
    return (NEIGHBOURS - 1) * share.mean() / 0.02


def spearman(observed, errors):
    return [
        [stats.spearmanr(observed[genes, t], (observed - errors)[genes, t]).statistic for t in range(TISSUES)]
        for genes in blocks()
    ]


def test_baseline_and_numbers(found, slow):
    observed = slow.observed
    base = slow.errors(None)
    assert_allclose(found.of("B"), spearman(observed, base), rtol=1e-10)
    assert_allclose(found.of("N"), spearman(observed, slow.errors(GENES / 230)), rtol=1e-10)
    tried = [(np.inf, base)]
    tried += [(penalty, slow.errors(penalty)) for penalty in (GENES / 230, GENES / 23, GENES / 2.3)]
    errors, penalties = choose(tried)
    assert_allclose(found.number_penalty, penalties)
    assert_allclose(found.of("N*"), spearman(observed, errors), rtol=1e-10)
    spread = ((observed - observed.mean(axis=0)) ** 2).sum(axis=0)
    assert_allclose(found.missed[found.arms.index("N*")], (errors**2).sum(axis=0) / spread)


def test_neighbour_blocks_at_chosen_penalties(found, slow, arms, penalty_for_tests):
    assert found.test_penalty == pytest.approx(penalty_for_tests)
    numbers = GENES / 230
    for arm, block in {"M": arms.neighbours, "D1": arms.draws(0), "D2": arms.draws(1), "D3": arms.draws(2)}.items():
        tried = [(np.inf, slow.errors(numbers))]
        penalties = [penalty_for_tests / factor for factor in (1, 3, 10, 30)]
        tried += [(penalty, slow.errors(numbers, block, penalty)) for penalty in penalties]
        errors, chosen = choose(tried)
        assert_allclose(found.of(arm), spearman(slow.observed, errors), rtol=1e-10)
        if arm == "M":
            assert_allclose(found.map_penalty, chosen)
            assert len(np.unique(chosen)) > 1


def test_gains_on_rotated_residuals_of_whitened_genes(found, arms, penalty_for_tests):
    """Expression and all columns times the inverse root of a covariance; then everything as it is without that."""
    slow = Slow(arms, whitened(own_and_observed()[1]), prepare=whitened_columns, constants=whitened_constants())
    errors = slow.errors(GENES / 230)
    fitted = slow.observed - errors
    worlds = [slow.observed]
    for shift in SHIFTS:
        moved = np.array([errors[(gene - shift) % GENES] for gene in range(GENES)])
        worlds.append(fitted + moved)

    def gain(block, observed):
        squares = (slow.errors(GENES / 230, block, penalty_for_tests, observed) ** 2).sum(axis=0)
        return 1 - squares / (slow.errors(GENES / 230, observed=observed) ** 2).sum(axis=0)

    assert_allclose(found.gain_map, [gain(arms.neighbours, world) for world in worlds], rtol=1e-9)
    matched = [np.mean([gain(arms.draws(draw), world) for draw in range(3)], axis=0) for world in worlds]
    assert_allclose(found.gain_matched, matched, rtol=1e-9)


def test_groups_of_genes(found, slow, arms, penalty_for_tests):
    assert list(zip(found.views, found.labels, strict=True)) == [
        ("contacts", "few"),
        ("contacts", "many"),
        ("chr8_chr9", "chr8 and chr9"),
    ]
    members = [arms.groups["contacts"] == 0, arms.groups["contacts"] == 1, np.isin(CHROMS, ["chr8", "chr9"])]
    assert_array_equal(found.group_genes, [each.sum() for each in members])
    base = slow.errors(GENES / 230)
    mapped = slow.errors(GENES / 230, arms.neighbours, penalty_for_tests)
    for place, group in enumerate(members):
        assert_allclose(found.group_squares[0, place], (base[group] ** 2).sum(axis=0), rtol=1e-9)
        assert_allclose(found.group_squares[1, place], (mapped[group] ** 2).sum(axis=0), rtol=1e-9)


def test_blocks_in_single_precision_tell_the_same(found):
    single = compare(map_arms(others=("local_sum", "coverage"), dtype=np.float32))
    assert_allclose(single.missed, found.missed, rtol=1e-5)
    for name in ("gain_map", "gain_matched"):
        assert_allclose(getattr(single, name), getattr(found, name), atol=1e-5)
        assert not np.array_equal(getattr(single, name), getattr(found, name))
    assert_array_equal(single.map_penalty, found.map_penalty)
    assert_array_equal(single.of("B"), found.of("B"))
    assert_array_equal(single.of("N*"), found.of("N*"))


def test_other_arms_stand_beside(found):
    assert found.arms == ["B", "N", "N*", "M", "D1", "D2", "D3", "local_sum", "coverage"]
    assert found.chroms == ["chr1", "chr2", "chr8", "chr9", "chr10"]
    assert_array_equal(found.genes, [14, 9, 11, 12, 10])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_map_without_contacts_changes_nothing(dtype):
    empty = map_arms(others=(), dtype=dtype)
    nothing = np.zeros_like(empty.neighbours)
    arms = type(empty)("empty", np.zeros_like(empty.numbers), nothing, lambda draw: nothing)
    found = compare(arms)
    assert_array_equal(found.of("M"), found.of("N"))
    assert_allclose(found.of("N"), found.of("B"), rtol=1e-12)
    assert_array_equal(found.gain_map, 0)
    assert np.isinf(found.map_penalty).all() and np.isinf(found.number_penalty).all()


def test_statistics_as_arrays_and_back(found, tmp_path):
    np.savez(tmp_path / "map.npz", **found.to_arrays())
    with np.load(tmp_path / "map.npz") as arrays:
        again = MapStatistics.from_arrays(arrays)
    for name, value in vars(found).items():
        assert type(getattr(again, name)) is type(value)
        assert_array_equal(getattr(again, name), value)
