"""Windows with substituted bases, computed from the cells that change, against the changed sequences."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from narrow_scan import CODES, LENGTH, MODEL, SCANNER, narrow_model

from expecto.network import BELUGA
from expecto.scan import Scanner

GENE = list(range(0, 7001, 200))


def substituted(codes, place, bases):
    changed = codes.clone()
    changed[place : place + len(bases)] = bases
    return changed


def draw(starts, length, count, seed):
    """Random substitutions of `length` bases, within windows or past their edges: windows, places, bases."""
    generator = torch.Generator().manual_seed(seed)
    windows = torch.randint(0, len(starts), (count,), generator=generator)
    offsets = torch.randint(1 - length, BELUGA.window, (count,), generator=generator)
    edges = torch.tensor([0, BELUGA.window - 1, 1, 1 - length])
    offsets[: len(edges)] = edges
    places = (torch.as_tensor(starts)[windows] + offsets).clamp(0, LENGTH - length)
    bases = torch.randint(0, len(BELUGA.bases) + 1, (count, length), generator=generator, dtype=torch.uint8)
    return windows, places, bases


def whole(starts, windows, places, bases):
    """The same by predicting every window of the changed sequence."""
    rows = zip(windows.tolist(), places.tolist(), bases, strict=True)
    changed = [substituted(CODES, place, new)[starts[window] :][: BELUGA.window] for window, place, new in rows]
    return SCANNER.predict(torch.cat(changed), BELUGA.window * torch.arange(len(changed)))


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@pytest.mark.parametrize(
    "starts",
    [[0], GENE, GENE[::-1], [0, 1992, 4000, 6000], [0, 2000, 4000], list(range(100, 117)), [500, 500, 1500]],
    ids=["one", "gene", "backwards", "cells apart", "touching", "every phase", "twice"],
)
def test_windows_with_substitutions_are_those_of_the_changed_sequence(starts, length):
    chosen = draw(starts, length, 24, seed=length)
    without, changed = SCANNER.predict_substituted(CODES, torch.tensor(starts), *chosen)
    expected = whole(starts, *chosen)
    assert torch.equal(without, SCANNER.predict(CODES, torch.tensor(starts)))
    assert (changed - expected).abs().max() < 1e-6
    assert (expected - without[chosen[0]]).abs().max() > 0.005


@given(st.lists(st.integers(0, LENGTH - 2000), min_size=1, max_size=8), st.integers(1, 60), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_any_windows_and_places(starts, length, seed):
    chosen = draw(starts, length, 8, seed)
    _, changed = SCANNER.predict_substituted(CODES, torch.tensor(starts), *chosen)
    assert (changed - whole(starts, *chosen)).abs().max() < 1e-6


def test_they_are_no_farther_from_float64_than_whole_windows():
    chosen = draw(GENE, 1, 60, seed=8)
    _, changed = SCANNER.predict_substituted(CODES, torch.tensor(GENE), *chosen)
    exact = narrow_model().double()
    one_hot = torch.eye(5, 4, dtype=torch.float64)
    windows = [
        one_hot[substituted(CODES, int(place), new)[GENE[window] : GENE[window] + 2000].long()].T[:, None]
        for window, place, new in zip(*chosen, strict=True)
    ]
    exact = exact(torch.stack(windows))
    error, of_whole = ((each - exact).abs().square().mean().sqrt() for each in (changed, whole(GENE, *chosen)))
    assert 0 < error < 1.2 * of_whole


def test_a_substitution_has_the_same_bits_whatever_is_computed_with_it():
    windows, places, bases = draw(GENE, 1, 300, seed=3)
    starts = torch.tensor(GENE)
    _, together = SCANNER.predict_substituted(CODES, starts, windows, places, bases)
    for part in (slice(7, 8), slice(0, 300, 17), slice(150, 300)):
        _, alone = SCANNER.predict_substituted(CODES, starts, windows[part], places[part], bases[part])
        assert torch.equal(alone, together[part])
    for row in (0, 5, 11):
        mine = torch.tensor([GENE[windows[row]]])
        _, alone = SCANNER.predict_substituted(CODES, mine, torch.tensor([0]), places[row, None], bases[row, None])
        assert torch.equal(alone[0], together[row])


def test_without_substitutions_the_windows_alone_are_predicted():
    nothing = torch.empty(0, dtype=torch.int64)
    found = SCANNER.predict_substituted(CODES, torch.tensor(GENE), nothing, nothing, torch.empty(0, 1).byte())
    assert torch.equal(found[0], SCANNER.predict(CODES, torch.tensor(GENE)))
    assert found[1].shape == (0, BELUGA.features)


def test_on_a_gpu_all_go_through_each_product_at_once():
    scanner = Scanner(MODEL)
    scanner.on_gpu = True
    chosen = draw(GENE, 3, 100, seed=4)
    _, changed = scanner.predict_substituted(CODES, torch.tensor(GENE), *chosen)
    assert (changed - whole(GENE, *chosen)).abs().max() < 1e-6
