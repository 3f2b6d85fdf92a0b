"""Features in bins, as boosted trees are fitted on, in little more memory than the bins take (xgboost).

Where the bins of a column end follows from that column alone, but xgboost looks for the ends of all columns at once,
which takes four times the memory of the features. Here it does so for some columns after the other. The bins of all of
them together come from a small matrix with the same ends, which is handed to xgboost as the one to follow. Few
rows do without that.
"""

import numpy as np
import xgboost

from spex.models.matrices import column_blocks

ROWS_AT_ONCE = 512


def quantise(features, rows, max_bin):
    """Put features into at most `max_bin` bins a column, the same as xgboost finds by itself.

    features: float32 (n, width), finite. rows: positions of those to quantise.

    Returns: xgboost.QuantileDMatrix of these rows.
    """
    if len(rows) <= ROWS_AT_ONCE:
        return quantise_like(None, features, rows, max_bin)
    ends, pattern = _column_by_column(features, rows, max_bin)
    pattern = xgboost.QuantileDMatrix(pattern, max_bin=max_bin)
    if not all(map(np.array_equal, pattern.get_quantile_cut(), ends)):
        pattern = None  # this xgboost places ends by another rule than those that are known; it takes more memory
    return quantise_like(pattern, features, rows, max_bin)


def quantise_like(pattern, features, rows, max_bin):
    """Put features into the bins of another matrix.

    pattern: QuantileDMatrix of the same columns, or None for bins of their own. The others, and what is returned: as
    of `quantise`.
    """
    return xgboost.QuantileDMatrix(_RowBatches(features, rows), ref=pattern, max_bin=max_bin)


def _column_by_column(features, rows, max_bin):
    """The ends of the bins of each column, and a small matrix that has the same ends.

    Returns: ends as `get_quantile_cut` gives them, uint64 (width + 1,) and float32 (ends,); and float32 (at most
    max_bin + 1, width), in each column the least number, all ends but the outer ones, and the largest number, which
    fills the rest.
    """
    starts, values, columns = [np.zeros(1, np.uint64)], [], []
    for block in column_blocks(features):
        part = features[rows, block]
        first, ends = xgboost.QuantileDMatrix(part, max_bin=max_bin).get_quantile_cut()
        starts.append(starts[-1][-1] + first[1:])
        values.append(ends)
        columns.append(_pattern(part, first.astype(np.intp), ends, min(max_bin, len(rows)) + 1))
    return (np.concatenate(starts), np.concatenate(values)), np.concatenate(columns, axis=1)


def _pattern(part, first, ends, height):
    """The columns of the small matrix. part: float32 (rows, columns). first: where each column's `ends` begin."""
    known = ends.copy()
    known[first[:-1]], known[first[1:] - 1] = part.min(axis=0), part.max(axis=0)
    counts = np.diff(first)
    column = np.repeat(np.arange(len(counts)), counts)
    pattern = np.tile(known[first[1:] - 1], (height, 1))
    pattern[np.arange(len(known)) - first[column], column] = known
    return pattern


class _RowBatches(xgboost.DataIter):
    """Hands some rows of a matrix to xgboost a few hundred at a time, so that they are never copied all together."""

    def __init__(self, features, rows):
        self.features = features
        self.rows = rows
        self.start = 0
        super().__init__()

    def next(self, input_data):
        batch = self.rows[self.start : self.start + ROWS_AT_ONCE]
        if len(batch) == 0:
            return False
        input_data(data=self.features[batch])
        self.start += ROWS_AT_ONCE
        return True

    def reset(self):
        self.start = 0
