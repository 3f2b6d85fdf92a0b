"""What each output of the network is: the published table of chromatin features, or names in a description."""

from pathlib import Path

import numpy as np
import pandas as pd

from expecto.network import PUBLISHED
from spex.errors import InputError, shown
from spex.files.checks import require_file
from spex.inputs.networks import description_of
from spex.inputs.text_tables import is_row_label, is_unnamed, numbers_of, read_table, row_numbers

LABELS = ("cell type", "assay", "treatment")


def read_chromatin_features(path, network=PUBLISHED):
    """Read what each chromatin feature of a network is from a table of the published one's form.

    path: tab-separated, a row for each of the network's features under a header. Its columns are found by name whatever
    their case; where none is called so, cell type, assay and treatment are the first three that are called otherwise.

    Returns: DataFrame (features) of text with columns "cell type", "assay", "treatment".

    Raises:
        InputError: not such a table.
    """
    expected = f"a table of the network's {network.features} features under a header: {', '.join(LABELS)}"
    about = {"argument": "chromatin_features", "subject": path}
    content = read_table(require_file(path, about["argument"]), about["argument"], "\t", expected=expected)
    header, count = content.header, len(content.rows)
    labels = [place for place, name in enumerate(header) if is_row_label(name) and _are_labels(place, content)]
    places = [place for place in range(len(header)) if place not in labels]
    if count != network.features or len(places) < len(LABELS):
        raise InputError(f"{count} rows of {len(header)} columns", **about, expected=expected)
    for place in labels:  # features have no other name than their place in the table
        numbers = row_numbers(content.column(place))
        if numbers is not None and (np.diff(numbers) < 0).any():
            raise InputError(
                "its row numbers are not in order",
                **about,
                expected="the features in the order of the network's outputs",
                hint=f"sort it by {shown(header[place]) or 'its first column'}",
            )
    table = pd.DataFrame({place: content.column(place) for place in places})
    named = {"".join(filter(str.isalpha, header[place].lower())): place for place in places}
    found = [named.get(label.replace(" ", "")) for label in LABELS]
    others = iter(place for place in places if place not in found)
    chosen = [next(others) if place is None else place for place in found]
    return table[chosen].set_axis(list(LABELS), axis=1)


def _are_labels(place, content):
    """Whether a column with the heading of row labels contains them: the first one without a heading, or numbers, which
    no chromatin feature is called by; R calls columns without headings V1, V2, V3."""
    if place == 0 and is_unnamed(content.header[0]):
        return True
    return numbers_of(content.column(place))[0].notna().mean() > 0.5


def find_chromatin_features(path, usual_path, network, files):
    """What each feature of a network is, or None where that is not known.

    path: of a table, None to find it: the published network's at `usual_path`, of another one the names in its
    description. network: None of features that no network predicts. files: paths of the network, as the data folder
    remembers them.

    Returns: DataFrame (features) of text, as of `read_chromatin_features`; of names the column "assay" alone.

    Raises:
        InputError: not such a table.
    """
    if network is None:
        return None
    if path is not None:
        return read_chromatin_features(path, network)
    if network == PUBLISHED:
        return read_chromatin_features(usual_path) if Path(usual_path).exists() else None
    described = [description for file in files if (description := description_of(file))]
    return pd.DataFrame({"assay": described[0].names}) if described and described[0].names else None
