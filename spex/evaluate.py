"""How well predictions agree with observations."""

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Scores:
    """Agreement over the test genes; rmse in units of ln(expression). A correlation with a constant is NaN."""

    rmse: float
    spearman: float
    spearman_p: float
    pearson: float
    pearson_p: float

    def line(self):
        """The one line that the published program reports."""
        return (
            f"rmse: {self.rmse:.4f} spearman: {self.spearman:.4f} pval: {self.spearman_p:.3g} "
            f"pearson: {self.pearson:.4f} pval: {self.pearson_p:.3g}"
        )


def score(observed, predicted):
    """Compare predictions with observations, both (n,) in ln(expression), n >= 3. Returns: Scores."""
    observed, predicted = np.asarray(observed, np.float64), np.asarray(predicted, np.float64)
    rmse = float(np.sqrt(np.mean((observed - predicted) ** 2)))
    if np.ptp(observed) == 0 or np.ptp(predicted) == 0:
        return Scores(rmse, *[float("nan")] * 4)
    spearman, pearson = stats.spearmanr(observed, predicted), stats.pearsonr(observed, predicted)
    return Scores(rmse, *(float(x) for x in (spearman.statistic, spearman.pvalue, pearson.statistic, pearson.pvalue)))
