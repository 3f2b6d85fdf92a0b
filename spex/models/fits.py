"""A fitted model: what it was fitted on, how well it predicts genes that it has not seen, and what it uses."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.models.matrices import Features
from spex.models.scores import Scores, score


@dataclass(frozen=True, eq=False)
class Fit:
    """One model of the expression in one tissue.

    target: name of the tissue. model: name in `registry.MODELS`; parameters, seed: what it was fitted with.
    test_chroms, validation_chroms: chromosomes that no gene it was fitted on lies on. scores: Scores over the test
    genes. predictions: DataFrame of the test genes with id, symbol, chrom, observed, predicted, the last two in
    ln(expression + pseudocount). history: rmse of training and watched genes, by round or by penalty. chosen: what
    training settled on. importance: float64 (width,), how much each feature contributes.
    """

    target: str
    model: str
    parameters: dict
    seed: int
    test_chroms: tuple[str, ...]
    validation_chroms: tuple[str, ...]
    scores: Scores
    predictions: pd.DataFrame
    history: dict
    chosen: dict
    importance: np.ndarray
    fitted: object

    def predict(self, features: Features | np.ndarray) -> np.ndarray:
        """Predict float64 (n,), in ln(expression + pseudocount). features: Features of n genes, or float32 (n, width).

        Raises:
            InputError: features of another width than the model was fitted on.
        """
        matrix = features.X if isinstance(features, Features) else np.asarray(features, np.float32)
        if matrix.ndim != 2 or matrix.shape[1] != len(self.importance):
            raise InputError(
                f"features of shape {matrix.shape}",
                expected=f"(n, {len(self.importance):,}), as the model was fitted on",
                hint="give both with contact maps, or both without",
            )
        return self.fitted.predict(matrix)

    def __repr__(self) -> str:
        return f"Fit({self.target}, {self.model}, {self.scores.rounded()})"


def assess(fitted, features, observed, target, genes=None):
    """Predict test genes.

    fitted: what a learner yields. features: float32 (test genes, width). observed: float64 (test genes,). target:
    name, for errors. genes: as of `score`.

    Returns: predictions, float64 (test genes,), and their Scores.

    Raises:
        InputError: the fit diverged, so that it predicts numbers that are not finite.
    """
    predicted = fitted.predict(features)
    if not np.isfinite(predicted).all():
        raise InputError(
            f"{shown(target)}: the fit predicts numbers that are not finite",
            argument="parameters",
            hint="choose parameters that do not let it diverge, such as a smaller eta",
        )
    return predicted, score(observed, predicted, genes=genes)


def predictions_table(genes, observed, predicted):
    """The predictions of some genes as a table.

    genes: DataFrame with id, symbol, chrom. observed: (n,), or None where only predictions exist. predicted: (n,).

    Returns: DataFrame with id, symbol, chrom, observed (where known), predicted.
    """
    table = genes[["id", "symbol", "chrom"]].reset_index(drop=True)
    return table.assign(**({} if observed is None else {"observed": observed}), predicted=predicted)


def by_feature(importance, layout, chromatin):
    """Contributions of each feature at each position.

    importance: float64 (width of a tensor,). layout: Layout. chromatin: from `read_chromatin_features`, or None without
    the table.

    Returns: DataFrame (features): chromatin_feature or feature (a name, or a number from 1), the labels where known,
    share (of the whole, 0 to 1), and one column per position with its share, empty where it has no such feature.
    """
    grids = layout.grids(importance / (importance.sum() or 1.0))
    shares = pd.concat(grids).reset_index()
    share = pd.Series(np.concatenate([grid.to_numpy().T.sum(axis=0) for grid in grids]), name="share")
    parts = [shares.iloc[:, :1], chromatin, share, shares.iloc[:, 1:]]
    return pd.concat([part for part in parts if part is not None], axis=1)


def by_group(table):
    """Sum the shares by kind of group.

    table: from `by_feature`.

    Returns: DataFrame with group ("position", "assay", "cell type", of another model "feature"), name, share; positions
    in their order, the others from the largest share down.
    """
    names = list(table.columns[table.columns.get_loc("share") + 1 :])
    parts = [pd.DataFrame({"group": "position", "name": names, "share": table[names].sum().to_numpy()})]
    for label in ("assay", "cell type", "feature"):
        if label in table.columns:
            sums = table.groupby(label)["share"].sum().sort_values(ascending=False, kind="stable")
            parts.append(pd.DataFrame({"group": label, "name": sums.index, "share": sums.to_numpy()}))
    return pd.concat(parts, ignore_index=True)
