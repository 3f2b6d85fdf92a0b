"""Exponential weights, and windows to gene features.

Zhou et al., Nat Genet 50:1171 (2018), Methods: for each decay rate r, windows are summed with weight exp(-r d), d in
units of 200 bp from the TSS, upstream and downstream apart; the window at the TSS counts on both sides.
"""

import numpy as np

from expecto import BIN_SIZE

REACH = 20_000
"""Distance in bp from the TSS to the farthest upstream window's centre."""

SHIFTS = np.arange(-REACH, REACH, BIN_SIZE)
"""Centres of a gene's windows, (200,) int64, in bp along the gene from the TSS; negative is upstream."""

DECAY_RATES = np.array([0.01, 0.02, 0.05, 0.1, 0.2])


def transform_weights():
    """Weight of each window in each of the ten sums.

    Returns: (10, 200) float64; rows 0-4 upstream, 5-9 downstream, by rising decay rate; columns as SHIFTS.
    """
    decay = np.exp(-DECAY_RATES[:, None] * np.abs(SHIFTS) / BIN_SIZE)  # (5, 200)
    return np.concatenate([decay * (SHIFTS <= 0), decay * (SHIFTS >= 0)])


def own_features(predictions, weights):
    """The gene's own features.

    predictions: (..., 200, 2002), windows in the order of SHIFTS. weights: (rows, 200) of the same kind and dtype:
    NumPy arrays or torch tensors.
    Returns: (..., rows, 2002): sum over windows of weight times probability.
    """
    return weights @ predictions
