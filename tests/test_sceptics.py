"""What a sceptic asks, from maps as files to the tables: a twin of less depth, and the map of another cell."""

import numpy as np
import pandas as pd
import pytest

from data.example.sceptics import (
    CELLS,
    DEEP,
    KEPT,
    TWIN,
    lost_in_the_wrong_cell,
    results_of,
    thinned,
    twins_alike,
    write_sceptics_study,
)

ROTATIONS = ("--rotations", "7")
"""Fewer than usual, for time."""


pytestmark = pytest.mark.usefixtures("sketches_of_module")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_sceptics_study(tmp_path_factory.mktemp("sceptics") / "study", genes=300, chromosomes=12)


@pytest.fixture(scope="module")
def deep(study, tmp_path_factory):
    """Compared with all counts."""
    return results_of(study, tmp_path_factory.mktemp("deep"), *ROTATIONS)


def test_the_wrong_cell_s_map_loses_the_gain(deep):
    marked = deep["own_cell_type"]
    assert sorted(marked[marked].index) == sorted([*CELLS.items(), (TWIN, CELLS[DEEP])])
    assert lost_in_the_wrong_cell(deep)
    exchanged = deep.assign(own_cell_type=~marked)
    assert not lost_in_the_wrong_cell(exchanged)


def test_a_thinned_twin_is_not_below_its_map_once_depth_is_matched(study, deep, tmp_path):
    matched = results_of(study, tmp_path, *ROTATIONS, "--thin_to", "shallowest", names=(DEEP, TWIN))
    assert not twins_alike(deep) and twins_alike(matched)
    lead, left = (each.loc[(DEEP, CELLS[DEEP])].gain - each.loc[(TWIN, CELLS[DEEP])].gain for each in (deep, matched))
    assert lead > 0.1 and abs(left) < lead / 2
    assert matched.loc[(TWIN, CELLS[DEEP])].gain == pytest.approx(deep.loc[(TWIN, CELLS[DEEP])].gain, abs=1e-4)


def test_counts_are_kept_one_by_one():
    pixels = pd.DataFrame({"bin1": np.arange(3000), "count": 4})
    kept = thinned(np.random.default_rng(0), pixels, KEPT)
    assert kept["count"].between(1, 4).all() and kept["count"].sum() == pytest.approx(6000, rel=0.05)
    assert len(pixels) - len(kept) == pytest.approx(3000 / 16, rel=0.2)
