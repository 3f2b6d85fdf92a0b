"""What a model uses: the contributions of single features, summed by chromatin feature, assay, cell type, position."""

import numpy as np
import pandas as pd

from expecto.gene_features import groups_in, positions
from expecto.network import BELUGA


def by_chromatin_feature(importance, chromatin):
    """Contributions of each chromatin feature at each position.

    importance: float64 (width of a tensor,). chromatin: from `read_chromatin_features`, or None without the table.

    Returns: DataFrame (2002 rows): chromatin_feature (from 1), the labels where known, share (of the whole, 0 to 1),
    and one column per position with its share.
    """
    names = positions(groups_in(len(importance), BELUGA))
    shares = importance.reshape(len(names), BELUGA.features) / (importance.sum() or 1.0)
    table = pd.DataFrame({"chromatin_feature": np.arange(1, BELUGA.features + 1)})
    if chromatin is not None:
        table = pd.concat([table, chromatin], axis=1)
    table["share"] = shares.sum(axis=0)
    return pd.concat([table, pd.DataFrame(shares.T, columns=names)], axis=1)


def by_group(table):
    """Sum the shares by kind of group.

    table: from `by_chromatin_feature`.

    Returns: DataFrame with group ("position", "assay", "cell type"), name, share; positions in their order, the
    others from the largest share down.
    """
    names = list(table.columns[table.columns.get_loc("share") + 1 :])
    parts = [pd.DataFrame({"group": "position", "name": names, "share": table[names].sum().to_numpy()})]
    for label in ("assay", "cell type"):
        if label in table.columns:
            sums = table.groupby(label)["share"].sum().sort_values(ascending=False, kind="stable")
            parts.append(pd.DataFrame({"group": label, "name": sums.index, "share": sums.to_numpy()}))
    return pd.concat(parts, ignore_index=True)
