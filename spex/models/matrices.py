"""Sums over the columns of matrices too large for a copy."""

import numpy as np

COLUMNS_AT_ONCE = 1024


def column_moments(features, rows):
    """Mean and standard deviation of each column over some rows, both float64 (width,), without a float64 copy."""
    mean, deviation = np.empty((2, features.shape[1]))
    for block in column_blocks(features):
        values = features[rows, block].astype(np.float64)
        mean[block], deviation[block] = values.mean(axis=0), values.std(axis=0)
    return mean, deviation


def column_blocks(features):
    """Slices that together cover all columns of a matrix."""
    return [slice(start, start + COLUMNS_AT_ONCE) for start in range(0, features.shape[1], COLUMNS_AT_ONCE)]
