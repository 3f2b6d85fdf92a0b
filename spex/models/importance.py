"""What a model uses: the contributions of single features, summed by chromatin feature, assay, cell type, position."""

from pathlib import Path

import numpy as np
import pandas as pd

from expecto import CHROMATIN_FEATURES
from expecto.gene_features import DECAY_RATES
from spex.errors import InputError, shown
from spex.files.storage import require_file
from spex.inputs.tables import is_row_label, read_table, row_numbers

OPTION = "--features_filename"
POSITIONS = (
    *(f"{side}, decay {rate:g}" for side in ("upstream", "downstream") for rate in DECAY_RATES),
    "contacts downstream",
    "contacts upstream",
)
"""The groups of 2002 features that make up a tensor, in order; contacts are there in tensors with maps only."""

LABELS = ("cell type", "assay", "treatment")


def read_chromatin_features(path):
    """Read what each chromatin feature is from Beluga's feature table.

    path: tab-separated, 2002 rows under a header. Its columns are found by name whatever their case; where none is
    called so, cell type, assay and treatment are the first three.

    Returns: DataFrame (2002 rows) of text with columns "cell type", "assay", "treatment".

    Raises:
        InputError: not such a table.
    """
    expected = f"Beluga's table of {CHROMATIN_FEATURES} chromatin features under a header: {', '.join(LABELS)}"
    content = read_table(require_file(path, OPTION, "features"), OPTION, "\t", expected=expected)
    header, count = content.header, len(content.rows)
    labels = [place for place, name in enumerate(header) if is_row_label(name)]
    places = [place for place in range(len(header)) if place not in labels]
    if count != CHROMATIN_FEATURES or len(places) < len(LABELS):
        raise InputError(f"{OPTION} {path}: {count} rows of {len(header)} columns; expected {expected}")
    for place in labels:  # features have no other name than their place in the table
        numbers = row_numbers(content.column(place))
        if numbers is not None and not np.array_equal(numbers, np.arange(count)):
            raise InputError(
                f"{OPTION} {path}: its row numbers are not in order; expected the features in the order of the "
                f"network's outputs; sort it by {shown(header[place]) or 'its first column'}"
            )
    table = pd.DataFrame({place: content.column(place) for place in places})
    named = {"".join(filter(str.isalpha, header[place].lower())): place for place in places}
    chosen = [named.get(label.replace(" ", ""), places[number]) for number, label in enumerate(LABELS)]
    return table[chosen].set_axis(list(LABELS), axis=1)


def find_chromatin_features(path, usual_path):
    """The feature table at `path`; without one the table in its usual place, or None where there is none."""
    if path is None and not Path(usual_path).exists():
        return None
    return read_chromatin_features(path or usual_path)


def by_chromatin_feature(importance, chromatin):
    """Contributions of each chromatin feature at each position.

    importance: float64 (20,020 or 24,024). chromatin: from `read_chromatin_features`, or None without the table.

    Returns: DataFrame (2002 rows): chromatin_feature (from 1), the labels where known, share (of the whole, 0 to 1),
    and one column per position with its share.
    """
    groups = importance.reshape(-1, CHROMATIN_FEATURES)  # (10 or 12, 2002)
    shares = groups / (importance.sum() or 1.0)
    table = pd.DataFrame({"chromatin_feature": np.arange(1, CHROMATIN_FEATURES + 1)})
    if chromatin is not None:
        table = pd.concat([table, chromatin], axis=1)
    table["share"] = shares.sum(axis=0)
    return pd.concat([table, pd.DataFrame(shares.T, columns=POSITIONS[: len(groups)])], axis=1)


def by_group(table):
    """Sum the shares by kind of group.

    table: from `by_chromatin_feature`.

    Returns: DataFrame with group ("position", "assay", "cell type"), name, share; positions in their order, the
    others from the largest share down.
    """
    positions = [name for name in POSITIONS if name in table.columns]
    parts = [pd.DataFrame({"group": "position", "name": positions, "share": table[positions].sum().to_numpy()})]
    for label in ("assay", "cell type"):
        if label in table.columns:
            sums = table.groupby(label)["share"].sum().sort_values(ascending=False, kind="stable")
            parts.append(pd.DataFrame({"group": label, "name": sums.index, "share": sums.to_numpy()}))
    return pd.concat(parts, ignore_index=True)
