"""What a model uses, against slow sums."""

import numpy as np
import pytest
from chromatin_table import write_features
from numpy.testing import assert_allclose

from expecto.gene_features import POSITIONS
from spex.inputs.chromatin import read_chromatin_features
from spex.models.fits import by_feature, by_group
from spex.models.layout import published_layout


@pytest.mark.parametrize("groups", [10, 12])
def test_shares_equal_slow_sums(tmp_path, groups):
    chromatin = read_chromatin_features(write_features(tmp_path / "f.tsv"))
    importance = np.random.default_rng(0).random(groups * 2002)
    table = by_feature(importance, published_layout(len(importance)), chromatin)
    total = importance.sum()
    assert_allclose(table["share"][3], sum(importance[row * 2002 + 3] for row in range(groups)) / total, rtol=1e-12)
    assert_allclose(table[POSITIONS[9]][17], importance[9 * 2002 + 17] / total, rtol=1e-12)
    grouped = by_group(table)
    assert_allclose(grouped.groupby("group")["share"].sum(), [1, 1, 1], rtol=1e-12)
    ctcf = sum(importance[row * 2002 + column] for row in range(groups) for column in range(1, 2002, 3))
    assert_allclose(grouped.set_index(["group", "name"])["share"]["assay", "CTCF"], ctcf / total, rtol=1e-9)
    positions = grouped[grouped["group"] == "position"]
    assert list(positions["name"]) == list(POSITIONS[:groups])
    assert_allclose(positions["share"].iloc[2], importance[2 * 2002 : 3 * 2002].sum() / total, rtol=1e-12)


def test_positions_stand_in_the_order_of_the_features():
    assert POSITIONS[0] == "upstream, decay 0.01"
    assert POSITIONS[9] == "downstream, decay 0.2"
    assert POSITIONS[10:] == ("contacts downstream", "contacts upstream")


def test_without_names_and_without_any_use():
    table = by_feature(np.zeros(20020), published_layout(20020), None)
    assert list(table.columns) == ["chromatin_feature", "share", *POSITIONS[:10]]
    assert (by_group(table)["share"] == 0).all()
    assert set(by_group(table)["group"]) == {"position"}
