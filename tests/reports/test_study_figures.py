"""Pictures of a study's report: nothing is cut off or overlaps, and what is drawn are the tables."""

import itertools

import numpy as np
import pytest
from legible import assert_all_legible, boxes
from made_study_report import made_study

from spex.reports import cell_figures, figures, row_figures
from spex.reports.study_results import read_results


@pytest.fixture(params=[1, 3, 32])
def found(request, tmp_path):
    return read_results(made_study(tmp_path, maps=request.param, tissues=2))


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were saved, each looked at within the look of all row_figures."""
    kept = {}

    def keep(figure, name, alt):
        assert name not in kept and alt
        assert_all_legible(figure)
        kept[name] = figure

    monkeypatch.setattr(figures, "save", keep)
    return kept


def marks(axes, label):
    """Where the marks of a legend's entry lie along the values."""
    return np.concatenate([line.get_xdata() for line in axes.lines if line.get_label() == label])


def test_pictures_show_their_tables(found, drawn):
    tables = found.tables()
    row_figures.draw_kinds(tables["kinds"], found.maps)
    row_figures.draw_own_cell_type(tables["own_cell_type"])
    row_figures.draw_fits(tables["fits"])
    row_figures.draw_sheets(tables["sheets"])
    kinds = {name for name in ("experiment", "factor") if (found.about[name] != "").any()}
    assert drawn.keys() == {*kinds, "own_cell_type", "fit_1", "fit_2", "sheets"}
    (axes,) = drawn["own_cell_type"].axes
    np.testing.assert_allclose(marks(axes, "the map's own cell type"), tables["own_cell_type"]["gain_own"])
    np.testing.assert_allclose(marks(axes, "the other tissues, mean"), tables["own_cell_type"]["gain_others"])
    first = tables["fits"][tables["fits"]["fit"] == tables["fits"]["fit"][0]]
    np.testing.assert_allclose(marks(drawn["fit_1"].axes[0], "with the map"), first["spearman"])
    depth, shares = drawn["sheets"].axes
    np.testing.assert_allclose(depth.lines[0].get_xdata(), tables["sheets"]["depth"])
    ends = [bar.get_x() + bar.get_width() for bar in shares.patches[-len(found.maps) :]]
    np.testing.assert_allclose(ends, 100)
    for name in kinds:
        dots = [line.get_xdata()[0] for line in drawn[name].axes[0].lines if line.get_marker() not in ("None", "")]
        np.testing.assert_allclose(sorted(dots), sorted(found.maps["gain"]))
        named = {text.get_text(): text.xy[0] for text in drawn[name].axes[0].texts}
        groups = found.maps[found.maps.groupby(name)["map"].transform("size") <= row_figures.NAMED_MAPS]
        assert named == dict(zip(groups["map"], groups["gain"], strict=True)) and (named or len(found.maps) > 3)
        in_picture = boxes(drawn[name], drawn[name].axes[0].texts)
        assert not any(one.overlaps(other) for one, other in itertools.combinations(in_picture, 2))


@pytest.mark.parametrize("maps", [3, 12, pytest.param(32, marks=pytest.mark.soak)])
def test_likeness_is_a_number_for_each_two_maps(tmp_path, drawn, maps):
    likeness = read_results(made_study(tmp_path, maps=maps, tissues=2)).tables()["likeness"]
    cell_figures.draw_likeness(likeness)
    assert drawn["likeness"].get_figwidth() > 6 + 2 * 0.42 * maps  # cells with room for a number, however many
    matrix = [[text.get_text() for text in axes.texts] for axes in drawn["likeness"].axes[:2]]
    for column, shown in zip(("scc", "jaccard"), matrix, strict=True):
        assert shown == 2 * [f"{value:.2f}" for value in likeness[column]] and len(shown) == maps * (maps - 1)


@pytest.mark.parametrize("depths", [[0.0, 5.0], [45_400.0, 22_672.0], [900.0, 4e9], [1e6, 1e6]])
def test_depths_of_any_size_are_legible(tmp_path, drawn, depths):
    sheets = read_results(made_study(tmp_path, maps=2, tissues=1)).tables()["sheets"].assign(depth=depths)
    row_figures.draw_sheets(sheets)
    low, high = drawn["sheets"].axes[0].get_xlim()
    assert low < max(min(depths), 1) and max(depths) < high
