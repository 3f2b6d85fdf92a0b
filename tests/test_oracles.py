"""One case of each oracle worked by hand."""

import math

import numpy as np
import oracles
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

RTOL = 1e-12


def centre_is_a(windows):
    """A predictor of two features: 1 when the letter at 0-based position p is an A, and always 1."""
    return np.stack([windows[:, 0, 0, 1000], np.ones(len(windows))], axis=1)


def with_a_at(positions, length=60_000):
    """A chromosome of C with an A at each of the given 0-based positions."""
    letters = ["C"] * length
    for position in positions:
        letters[position] = "A"
    return "".join(letters)


def test_a_window_has_one_column_per_letter_in_channels_a_g_c_t():
    window = oracles.encode_window("aGcTNR", 1002)
    assert window.shape == (4, 2000)
    assert window.dtype == np.float32
    assert_array_equal(window[:, :5], [[0, 0, 0, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]])
    assert window.sum() == 2


def test_a_window_is_n_left_and_right_of_the_chromosome():
    window = oracles.encode_window("aGcTNR", 3)
    assert not window[:, :997].any()
    assert_array_equal(
        window[:, 997:1003], [[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 0, 0]]
    )
    assert not window[:, 1003:].any()


def test_the_network_of_one_channel_and_unit_weights_multiplies_by_eight_and_counts_cells():
    """A window of A: each convolution gives 8 times its input, 106 cells are left, and sigmoid(0) is 1/2."""
    shapes = {name: (1, 1, 1, 8) for name in ("model.0.2", "model.0.6", "model.0.8", "model.0.12", "model.0.14")}
    shapes |= {"model.0.0": (1, 4, 1, 8), "model.1.2.1": (1, 106), "model.1.4.1": (2, 1)}
    state = {f"{name}.weight": torch.ones(shape) for name, shape in shapes.items()}
    state |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in shapes.items()}
    state["model.1.4.1.weight"] = torch.tensor([[1.0], [0.0]]) / (8**6 * 106)
    window = torch.from_numpy(oracles.encode_window("A" * 2000, 1000)).reshape(1, 4, 1, 2000)
    assert_allclose(oracles.beluga(state, window), [[1 / (1 + math.exp(-1)), 0.5]], rtol=1e-6)


def test_a_torch_module_serves_as_predictor():
    module = torch.nn.Flatten()
    prediction = oracles.predict_window(module, "ACGT", 2)
    assert prediction.dtype == np.float64
    assert_array_equal(prediction, oracles.encode_window("ACGT", 2).ravel())


@pytest.mark.parametrize("strand, sign", [("+", 1), ("-", -1)])
def test_gene_features_weigh_each_window_by_its_distance(strand, sign):
    tss = 30_000
    upstream, downstream = tss - sign * 600, tss + sign * 400
    features = oracles.gene_features(centre_is_a, with_a_at([upstream, downstream]), tss, strand).reshape(10, 2)
    rates = [0.01, 0.02, 0.05, 0.1, 0.2]
    assert_allclose(features[:5, 0], [math.exp(-3 * rate) for rate in rates], rtol=RTOL)
    assert_allclose(features[5:, 0], [math.exp(-2 * rate) for rate in rates], rtol=RTOL)
    upstream_sums = [(1 - math.exp(-101 * rate)) / (1 - math.exp(-rate)) for rate in rates]
    downstream_sums = [(1 - math.exp(-100 * rate)) / (1 - math.exp(-rate)) for rate in rates]
    assert_allclose(features[:, 1], upstream_sums + downstream_sums, rtol=RTOL)


def test_the_tss_window_counts_on_both_sides():
    features = oracles.gene_features(centre_is_a, with_a_at([30_000]), 30_000, "+").reshape(10, 2)
    assert_allclose(features[:, 0], np.ones(10), rtol=RTOL)


@pytest.mark.parametrize(
    "numerator, denominator, nearest", [(1499, 1000, 1), (1500, 1000, 2), (2500, 1000, 2), (2501, 1000, 3), (9, 5, 2)]
)
def test_halves_are_rounded_to_even(numerator, denominator, nearest):
    assert oracles.round_half_to_even(numerator, denominator) == nearest


@pytest.mark.parametrize("tss, nearest_edge, containing", [(1000, 1, 0), (1001, 1, 1), (2500, 2, 2), (3500, 4, 3)])
def test_the_tss_bin_by_both_rules(tss, nearest_edge, containing):
    assert oracles.tss_bin(tss, 1000, "published") == nearest_edge
    assert oracles.tss_bin(tss, 1000, "corrected") == containing


def test_contacts_lie_on_either_side_of_a_pixel_and_maps_add_up():
    maps = [[(3, 7, 2), (7, 7, 5), (7, 40, 1), (3, 4, 9)], [(7, 40, 0.5)]]
    assert oracles.contacts_of_bin(maps, 7) == {3: 2, 7: 5, 40: 1.5}


@pytest.mark.parametrize(
    "rule, kept",
    [
        ("published", [(10, 1), (50, 1), (51, 4)]),  # 1/sqrt(count) < 1.15 keeps counts of 0.7561 and more
        ("corrected", [(51, 4)]),
    ],
)
def test_contacts_are_kept_when_strong_and_20_kb_away(rule, kept):
    maps = [[(10, 30, 1), (11, 30, 9), (30, 49, 9), (30, 50, 1), (30, 51, 4), (30, 52, 0.75), (30, 53, 0)]]
    assert oracles.kept_contacts(maps, 30_100, rule=rule) == kept


@pytest.mark.parametrize("rule", ["published", "corrected"])
@pytest.mark.parametrize("strand", ["+", "-"])
def test_neighbours_fall_downstream_or_upstream_of_the_gene(rule, strand):
    maps = [[(5, 30, 4), (30, 51, 4), (30, 52, 4)]]
    centres, weight = ([5000, 51_000], 5) if rule == "published" else ([5500, 51_500], 1)
    features = oracles.neighbour_features(centre_is_a, with_a_at(centres), 30_100, strand, maps, rule=rule)
    left, right = [weight, weight], [weight, 2 * weight]
    assert_allclose(features, right + left if strand == "+" else left + right, rtol=RTOL)


def test_five_kilobases_are_tiled_by_three_windows_by_the_corrected_rule():
    assert oracles.tile_centres(2, 5000) == [11_000, 12_500, 14_000]
    maps = [[(6, 12, 4)]]
    features = oracles.neighbour_features(
        centre_is_a, with_a_at([61_000, 64_000], 80_000), 30_100, "+", maps, rule="corrected", resolution=5000
    )
    assert_allclose(features, [2 / 3, 1, 0, 0], rtol=RTOL)


def test_groups_of_distances_have_sums_of_their_own():
    maps = [[(5, 30, 16), (30, 51, 4), (30, 52, 3)]]  # 0.25, 0.5 and 0.58 apart
    features = oracles.neighbour_features(
        centre_is_a, with_a_at([]), 30_100, "+", maps, rule="corrected", distance_edges=[0.25, 0.5, 0.55]
    )
    nearest, next_ones, last = [0, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]  # an edge is where the next group begins
    assert_allclose(features, nearest + next_ones + last, rtol=RTOL)


def test_weights_multiply_what_a_contact_adds():
    maps = [[(5, 30, 16), (30, 51, 4)]]
    features = oracles.neighbour_features(
        centre_is_a, with_a_at([]), 30_100, "+", maps, rule="corrected", weigh=lambda one, other, count: count + other
    )
    assert_allclose(features, [0, 55, 0, 21], rtol=RTOL)


def test_the_mean_by_distance_counts_pairs_without_a_pixel():
    assert oracles.count_by_distance([(0, 2, 3), (1, 3, 5), (1, 2, 9)], 5, 2) == 8 / 3


def test_a_gene_without_a_pixel_takes_its_own_windows_by_the_published_rule_only():
    sequence = with_a_at([30_000, 30_200])
    maps = [[(3, 4, 9)], []]
    assert_allclose(
        oracles.neighbour_features(centre_is_a, sequence, 30_000, "-", maps, rule="published"),
        [2, 200, 2, 200],
        rtol=RTOL,
    )
    assert_array_equal(
        oracles.neighbour_features(centre_is_a, sequence, 30_000, "-", maps, rule="corrected"), np.zeros(4)
    )


@pytest.mark.parametrize("rule", ["published", "corrected"])
def test_a_gene_with_near_pixels_only_has_no_neighbours(rule):
    maps = [[(30, 30, 9), (29, 30, 9), (30, 49, 9)]]
    features = oracles.neighbour_features(centre_is_a, with_a_at([]), 30_100, "+", maps, rule=rule)
    assert_array_equal(features, np.zeros(4))


def test_changes_of_two_windows_count_by_their_distance_and_side():
    """One feature; a window 200 bp upstream, and the one at the TSS, which counts on both sides."""
    up, down = [[10.0], [20.0], [30.0], [40.0], [50.0]], [[1.0], [2.0], [3.0], [4.0], [5.0]]
    decays = [math.exp(-rate) for rate in (0.01, 0.02, 0.05, 0.1, 0.2)]
    expected = 7 * sum(weight * c for weight, c in zip(decays, (10, 20, 30, 40, 50), strict=True)) + 2 * (150 + 15)
    found = oracles.effect_of_shifts(up + down, {-200: [7.0], 0: [2.0]}, 5000, 5000, "+")
    assert_allclose(found, expected, rtol=RTOL)
    assert_allclose(oracles.effect_of_shifts(up + down, {400: [7.0], 200: [2.0]}, 4800, 5000, "-"), expected, rtol=RTOL)
