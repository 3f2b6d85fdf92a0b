"""Windows predicted with shared convolutions against the network applied window by window."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from narrow_scan import CODES, LENGTH, MODEL, SCANNER
from numpy.testing import assert_allclose
from torch.nn import functional

from expecto.network import BELUGA
from expecto.scan import Scanner, aligned, round_up
from spex.features.compute import lay_end_to_end


def window_by_window(codes, starts):
    one_hot = torch.eye(5, 4)[codes.long()].T[:, None]
    return torch.stack([MODEL(one_hot[None, :, :, start : start + 2000])[0] for start in starts])


def assert_same(starts):
    starts = torch.as_tensor(starts)
    predictions = SCANNER.predict(CODES, starts)
    assert predictions.shape == (len(starts), 2002)
    assert predictions.dtype == torch.float32
    assert_allclose(predictions, window_by_window(CODES, starts.tolist()), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "starts",
    [
        [0],
        [7000],
        list(range(0, 7001, 200)),
        list(range(7000, -1, -200)),
        list(range(0, 7001, 1000)),
        [0, 2000, 4000, 6000],
        [0, 3000, 6500],
        list(range(100, 117)),
        [500, 500, 1500],
    ],
    ids=["one", "last", "gene", "backwards", "bins", "touching", "apart", "every phase", "twice"],
)
def test_windows_have_the_values_that_they_have_alone(starts):
    assert_same(starts)


@given(st.lists(st.integers(0, LENGTH - 2000), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_any_starts_in_any_order(starts):
    assert_same(starts)


def test_a_window_has_the_same_bits_whatever_is_predicted_with_it():
    starts = torch.arange(0, 7001, 200)
    together = SCANNER.predict(CODES, starts)
    for part in (starts[:1], starts[3:5], starts[::5], starts[10:], starts.flip(0)):
        assert torch.equal(SCANNER.predict(CODES, part), together[part // 200])


def codes_of(first, end):
    """Base codes of a stretch of a sequence, unknown past its ends."""
    codes = np.full(end - first, BELUGA.unknown, np.uint8)
    inside = CODES[max(first, 0) : max(end, 0)].numpy()
    codes[max(-first, 0) :][: len(inside)] = inside
    return codes


def predict_laid(starts):
    codes, places = lay_end_to_end(codes_of, np.array(starts), BELUGA.window)
    return SCANNER.predict(torch.from_numpy(codes), torch.from_numpy(places))


@given(st.lists(st.integers(-1500, LENGTH - 500), min_size=2, max_size=10, unique=True), st.data())
@settings(max_examples=25, deadline=None)
def test_a_window_has_the_same_bits_in_any_run_that_is_read_with_its_margins(starts, data):
    starts = sorted(starts)
    some = sorted(data.draw(st.sets(st.sampled_from(starts), min_size=1)))
    together = predict_laid(starts)
    assert torch.equal(predict_laid(some), together[[starts.index(start) for start in some]])


def test_in_tiles_and_directly():
    direct = Scanner(MODEL)
    direct.in_tiles = False
    starts = torch.arange(3, 7001, 200)
    difference = (SCANNER.predict(CODES, starts) - direct.predict(CODES, starts)).abs().max()
    assert SCANNER.in_tiles and 0 < difference < 1e-6


@pytest.mark.parametrize("starts", [[-1], [7001]])
def test_windows_outside_the_sequence_are_refused(starts):
    with pytest.raises(ValueError, match="within the sequence of 9000 bases"):
        SCANNER.predict(CODES, torch.tensor(starts))


def test_no_windows_give_no_rows():
    assert SCANNER.predict(CODES, torch.empty(0, dtype=torch.int64)).shape == (0, 2002)


@pytest.mark.parametrize("dtype, most", [(torch.bfloat16, 0.05), (torch.float16, 0.005)])
def test_half_precisions_stay_near_float32(dtype, most):
    starts = torch.arange(0, 7001, 200)
    predictions = Scanner(MODEL, dtype=dtype).predict(CODES, starts)
    assert predictions.dtype == torch.float32
    difference = (predictions - SCANNER.predict(CODES, starts)).abs().max()
    assert 0 < difference < most


def test_filled_up_layers_give_the_same():
    generator = torch.Generator().manual_seed(4)
    layers = [(torch.randn(13, 21, generator=generator), torch.randn(13, generator=generator))]
    layers.append((torch.randn(5, 13, generator=generator), torch.randn(5, generator=generator)))
    filled = aligned(*layers)
    assert [len(bias) for _, bias in filled] == [16, 8]

    def through(layers, x):
        return functional.linear(functional.relu(functional.linear(x, *layers[0])), *layers[1])

    x = torch.randn(7, 21, generator=generator)
    assert_allclose(through(filled, x)[:, :5], through(layers, x), rtol=1e-5, atol=1e-5)
    assert not through(filled, x)[:, 5:].any()


@pytest.mark.parametrize("starts", [[0], [0, 3000, 6500], list(range(0, 7001, 200)), list(range(100, 117))])
def test_lengths_rounded_up_for_a_gpu_change_no_window(starts):
    scanner = Scanner(MODEL)
    scanner.on_gpu = True
    assert_allclose(scanner.predict(CODES, torch.tensor(starts)), window_by_window(CODES, starts), rtol=0, atol=1e-6)


def test_few_lengths_are_left_and_little_is_added():
    lengths = np.arange(1 << 16, 1 << 18, 5)
    rounded = np.array([round_up(int(length)) for length in lengths])
    assert len(set(rounded)) == 33  # 16 between powers of two, and the last of them
    assert ((rounded >= lengths) & (rounded < 1.07 * lengths)).all()
    assert [round_up(length) for length in (1, 31, 33)] == [1, 31, 34]
