"""A gene's windows, their exponential sums, and the layout of its tensor.

Zhou et al., Nat Genet 50:1171 (2018), Methods: for each decay rate r, windows are summed with weight exp(-r d), d in
units of 200 bp from the TSS, upstream and downstream apart; the window at the TSS counts on both sides. Chiliński et
al. (2023) add two sums over the bins that the TSS contacts; where these are grouped by their distance, two a group.
"""

import numpy as np

STEP = 200
"""Distance in bp between the centres of neighbouring windows of a gene."""

REACH = 20_000
"""Distance in bp from the TSS to the farthest upstream window's centre."""

SHIFTS = np.arange(-REACH, REACH, STEP)
"""Centres of a gene's windows, (200,) int64, in bp along the gene from the TSS; negative is upstream."""

DECAY_RATES = np.array([0.01, 0.02, 0.05, 0.1, 0.2])
OWN_SUMS = 2 * len(DECAY_RATES)
"""Weighted sums per chromatin feature: five decay rates upstream, five downstream."""

POSITIONS = (
    *(f"{side}, decay {rate:g}" for side in ("upstream", "downstream") for rate in DECAY_RATES),
    "contacts downstream",
    "contacts upstream",
)
"""The sums that make up a tensor, in order, each over every chromatin feature; contacts only in tensors with maps, and
there in one group."""


def transform_weights(distances=SHIFTS):
    """Weight of each window in each of the ten sums.

    distances: (n,) of the windows' centres in bp along the gene from the TSS; negative is upstream.
    Returns: (10, n) float64; rows 0-4 upstream, 5-9 downstream, by rising decay rate; columns as the distances.
    """
    decay = np.exp(-DECAY_RATES[:, None] * np.abs(distances) / STEP)  # (5, n)
    return np.concatenate([decay * (distances <= 0), decay * (distances >= 0)])


def own_features(predictions, weights):
    """The gene's own features.

    predictions: (..., 200, features), windows in the order of SHIFTS. weights: (rows, 200) of the same kind and dtype:
    NumPy arrays or torch tensors.
    Returns: (..., rows, features): sum over windows of weight times probability.
    """
    return weights @ predictions


def own_windows(tss, strand, window):
    """Where a gene's windows lie.

    tss: 1-based position. strand: "+" or "-". window: length of one in bp.
    Returns: first base of the stretch that all windows cover and the base after it (0-based half-open, 41,800 bp for
    windows of 2000; may reach past the chromosome), and the windows' starts within the stretch, (200,) int64, in the
    order of SHIFTS.

    Raises:
        ValueError: the strand is neither.
    """
    if strand not in ("+", "-"):
        raise ValueError(f"strand {strand!r} is neither + nor -")
    along_genome = SHIFTS if strand == "+" else -SHIFTS
    starts = tss + along_genome - window // 2
    first = int(starts.min())
    return first, first + 2 * REACH - STEP + window, starts - first


def along_gene(positions, tss, strands):
    """Distances in bp from the TSS to positions, along the gene: negative is upstream.

    positions: 0-based; tss: 1-based; strands: "+" or "-"; arrays of one shape.
    """
    return np.where(strands == "+", 1, -1) * (positions - (tss - 1))


def positions(groups):
    """The sums in a tensor, in order: ten, and two for each group of contacts (0 without contacts)."""
    if groups < 2:
        return POSITIONS[: OWN_SUMS + 2 * groups]
    sides = POSITIONS[OWN_SUMS:]
    return (*POSITIONS[:OWN_SUMS], *(f"{side}, group {number}" for number in range(1, groups + 1) for side in sides))


def groups_in(width, network):
    """Number of groups of contacts in tensors of `width` numbers, 0 without contacts; None where none are so long."""
    groups, rest = divmod(width - OWN_SUMS * network.features, 2 * network.features)
    return groups if groups >= 0 and not rest else None
