"""Convolutions in tiles against direct ones in double precision."""

import pytest
import torch
from torch.nn import functional

from expecto.cook_toom import FULL_WIDTH, TILE, TILES_AT_ONCE, CookToom

BEFORE, AFTER = 24, 16


def random(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


WEIGHT, BIAS = random(AFTER, BEFORE, 8, seed=1) / (8 * BEFORE) ** 0.5, random(AFTER, seed=2)
TILED = CookToom(WEIGHT, BIAS)


def direct(x, dtype):
    return functional.conv1d(x.T[None].to(dtype), WEIGHT.to(dtype), BIAS.to(dtype))[0].T


@pytest.mark.parametrize("length", [11, 14, 15, 16, 500, 4 * TILED.at_once + 7, 4 * TILED.at_once + 11, 3001])
def test_outputs_are_those_of_a_direct_convolution(length):
    x = random(length, BEFORE, seed=length)
    found, exact = TILED(x), direct(x, torch.float64)
    assert found.shape == ((length - 7) // TILE, TILE, AFTER)
    exact = exact[: found.numel() // AFTER].view(found.shape)
    error, of_direct = found - exact, direct(x, torch.float32)[: found.numel() // AFTER].view(found.shape) - exact
    # of so few channels; of Beluga's, 1.25 times that of the direct one
    assert 0 < error.norm() < 3 * of_direct.norm() and error.abs().max() < 1e-5


@pytest.mark.parametrize("length", [0, 5, 10])
def test_too_few_inputs_make_no_tile(length):
    assert TILED(torch.zeros(length, BEFORE)).shape == (0, TILE, AFTER)


def test_a_tile_has_the_same_bits_wherever_its_inputs_are():
    x = random(9000, BEFORE, seed=3)
    together, second = TILED(x), TILE * (TILED.at_once + 1)
    for first, end in ((0, 11), (40, 1000), (4 * 700, 5000), (second, second + 11)):
        alone = TILED(x[first:end])
        assert torch.equal(alone, together[first // TILE :][: len(alone)])


@pytest.mark.parametrize(
    ("before", "after", "times"), [(4, 16, 8), (16, 16, 8), (64, 2, 2), (2, FULL_WIDTH, 1), (4, 320, 1), (960, 960, 1)]
)
def test_narrow_layers_take_more_tiles_at_once(before, after, times):
    """The published network's first layer, of 4 channels, is not narrow: it writes 320, and more tiles of those do not
    stay in the cache."""
    assert CookToom(torch.zeros(after, before, 8), torch.zeros(after)).at_once == times * TILES_AT_ONCE


def test_threads_do_not_change_a_bit():
    x, before = random(20_000, BEFORE, seed=4), torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(TILED(x))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(each, found[0]) for each in found)
