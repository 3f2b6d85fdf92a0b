"""Whole products and threads: bits that depend on nothing else."""

import pytest
import torch

from expecto import rounding
from expecto.rounding import LINEAR_ROWS, filled, linear, side_by_side


def random(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_threads_are_shared(monkeypatch):
    """Those of each process by itself: threads do not go with a fork."""
    made, before = [], torch.get_num_threads()
    executor = rounding.ThreadPoolExecutor
    monkeypatch.setattr(rounding, "ThreadPoolExecutor", lambda *a, **more: made.append(a) or executor(*a, **more))
    rounding._threads.cache_clear()
    done = []
    try:
        torch.set_num_threads(2)
        for count in (3, 5, 3):
            side_by_side(done.append, range(count))
        assert made == [(2,)] and sorted(done) == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4]
        monkeypatch.setattr(rounding.os, "getpid", lambda: -1)
        side_by_side(done.append, range(3))
        assert made == [(2,), (2,)]
    finally:
        torch.set_num_threads(before)
        rounding._threads.cache_clear()


@pytest.mark.parametrize("shape", [(0, 3), (5,), (7, 2, 3), (10, 1)])
def test_rows_are_filled_with_zeros_up_to_a_whole_multiple(shape):
    rows = random(*shape, seed=6)
    found = filled(rows, 5)
    assert found.shape == (-(-len(rows) // 5) * 5, *shape[1:])
    assert torch.equal(found[: len(rows)], rows) and not found[len(rows) :].any()


@pytest.mark.parametrize("count", [1, 3, LINEAR_ROWS, 2 * LINEAR_ROWS + 7])
def test_a_row_of_a_linear_layer_has_the_same_bits_among_any_number(count):
    rows, weight, bias = random(3 * LINEAR_ROWS, 64, seed=1), random(33, 64, seed=2), random(33, seed=3)
    whole = linear(rows, weight, bias)
    assert torch.equal(linear(rows[:count], weight, bias), whole[:count])
    torch.testing.assert_close(whole, torch.nn.functional.linear(rows, weight, bias))
