"""Which tissues the user means."""

import re

import numpy as np
import pandas as pd
import pytest

from spex.errors import InputError
from spex.inputs.expression import open_expression, select_targets

IDS = [f"ENSG{number:011d}" for number in range(12)]

TISSUES = ["Adipose - Subcutaneous", "Brain - Cortex", "Brain - Cerebellum", "Liver"]

VALUES = np.arange(48.0).reshape(12, 4) / 7


def with_ids(ids=IDS, order=None):
    frame = pd.DataFrame(VALUES, columns=TISSUES)
    frame.insert(0, "id", ids)
    return frame if order is None else frame.iloc[order]


def refusal(action, *args):
    with pytest.raises(InputError) as refused:
        action(*args)
    return str(refused.value)


@pytest.fixture
def file(tmp_path):
    with_ids().to_csv(tmp_path / "e.csv", index=False)
    return open_expression(tmp_path / "e.csv")


@pytest.mark.parametrize(
    "indices, patterns, expected",
    [
        (["4"], None, [4]),
        (["3", "1"], None, [1, 3]),
        (["1,3-4"], None, [1, 3, 4]),
        (["2-3", "3"], None, [2, 3]),
        (["all"], None, [1, 2, 3, 4]),
        (None, ["Liver"], [4]),
        (None, ["brain*"], [2, 3]),
        (None, ["LIVER", "*cortex"], [2, 4]),
        (["1"], ["Liver"], [1, 4]),
    ],
)
def test_ways_to_choose_targets(file, indices, patterns, expected):
    assert select_targets(file, indices, patterns) == expected


@pytest.mark.parametrize("index", ["0", "5", "-1", "1-5", "3-2", "liver", "1.5", "", "1,,2", "²"])
def test_target_indices_that_the_file_lacks(file, index):
    message = refusal(select_targets, file, [index])
    assert "has 1 to 4 (1 Adipose - Subcutaneous, 2 Brain - Cortex, " in message
    assert "--list_targets" in message


def test_without_a_target_only_the_published_tissue_will_do(tmp_path, file):
    assert "column 22 of .* is not there (1 to 4)" in re.sub("of .*e.csv is", "of .* is", refusal(select_targets, file))

    def with_ebv_at(place):
        names = [f"Tissue {number}" for number in range(1, 25)]
        names[place - 1] = "Cells - EBV-transformed lymphocytes"
        (tmp_path / "e.csv").write_text(",".join(["id", *names]) + "\n")
        return open_expression(tmp_path / "e.csv")

    assert select_targets(with_ebv_at(22)) == [22]
    moved = with_ebv_at(23)
    message = refusal(select_targets, moved)
    assert "is Tissue 22; give the one you want: target_index 23 is Cells - EBV-transformed lymphocytes" in message
    assert select_targets(moved, ["22"]) == [22]


def test_unknown_tissue_names_get_the_nearest_ones(file):
    assert "nearest: Liver;" in refusal(select_targets, file, None, ["Livr"])
    assert "Brain - Cerebellum" in refusal(select_targets, file, None, ["brain cerebelum"])


def test_a_name_that_looks_like_a_pattern(tmp_path):
    (tmp_path / "e.csv").write_text("id,Skin [a],Skin a\nENSG1,1,2\n")
    assert select_targets(open_expression(tmp_path / "e.csv"), None, ["Skin [a]"]) == [1]
