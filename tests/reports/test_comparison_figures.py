from dataclasses import replace

import numpy as np
import pytest
from legible import assert_all_legible
from made_comparison import GROUPS, made_comparison

from spex.reports import cell_figures as cells
from spex.reports import figures, row_figures
from spex.reports.figures import LOSS_TO_GAIN, PALETTE
from spex.reports.numbers import signed


@pytest.fixture
def drawn(monkeypatch):
    """Draws pictures and gives their figures, and checks that nothing in them is cut off or overlaps."""

    def draw(function, comparison):
        drawn = []

        def keep(figure, name, alt):
            drawn.append(figure)
            assert name and alt
            assert_all_legible(figure)  # within the look of all pictures

        monkeypatch.setattr(figures, "save", keep)
        function(comparison)
        return drawn

    return draw


@pytest.mark.parametrize("maps, tissues", [(1, 1), (12, 3), pytest.param(32, 3, marks=pytest.mark.soak)])
def test_pictures_with_a_row_a_map(drawn, maps, tissues):
    comparison = made_comparison(maps, tissues)
    for function in (row_figures.draw_forest, row_figures.draw_controls, cells.draw_groups):
        (figure,) = drawn(function, comparison)
        assert len(figure.axes[0].get_yticklabels()) == maps


def test_forest_has_the_numbers_of_the_table(drawn):
    comparison = made_comparison(3, 2, verdicts=[2, 7, 4])
    (figure,) = drawn(row_figures.draw_forest, comparison)
    maps = comparison.maps.sort_values("gain", ascending=False)
    for axes, column in zip(figure.axes, ("gain", "number", "touched"), strict=True):
        marks = [line for line in axes.lines if line.get_marker() not in (None, "None", "")]
        assert [line.get_xdata()[0] for line in marks] == list(maps[column])
        ends = [path.vertices[:, 0] for lines in axes.collections for path in lines.get_paths()][-3:]
        np.testing.assert_allclose(ends, maps[[f"{column}_low", f"{column}_high"]])
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[:3] == ["evidence of sequence information", "adds contact-number information", "no finding"]


def test_forest_without_intervals(drawn):
    (figure,) = drawn(row_figures.draw_forest, made_comparison(2, 1, verdicts=[0, 0]))
    assert not any(axes.collections for axes in figure.axes)


def test_controls_are_means_over_tissues_and_those_not_made_are_left_out(drawn):
    comparison = made_comparison(2, 3)
    comparison.results["gain_coverage"] = np.nan
    (figure,) = drawn(row_figures.draw_controls, comparison)
    shown = {line.get_label(): line.get_xdata() for line in figure.axes[0].lines}
    assert not any("coverage" in text for text in shown)
    order = comparison.maps.sort_values("gain", ascending=False)["map"]
    for column, words, _, _ in row_figures.CONTROLS:
        if words in shown:
            expected = [comparison.results.loc[comparison.results["map"] == name, column].mean() for name in order]
            np.testing.assert_allclose(shown[words], expected)
    assert "the map" in shown and "distance-matched bins (matched)" in shown


@pytest.mark.parametrize("tissues, pictures", [(2, 1), (60, 2)])
def test_tissues(drawn, tissues, pictures):
    assert len(drawn(cells.draw_tissues, made_comparison(6, tissues))) == pictures


def test_one_tissue_needs_no_picture_of_tissues(drawn):
    assert drawn(cells.draw_tissues, made_comparison(3, 1)) == []


def test_what_was_found_is_marked_and_own_cell_types_are_framed(drawn):
    comparison = made_comparison(3, 4, verdicts=[2, 3, 4], own_cell_types=True)
    (figure,) = drawn(cells.draw_tissues, comparison)
    order = list(comparison.maps.sort_values("gain", ascending=False)["map"])
    marks = {tuple(place) for line in figure.axes[0].lines for place in zip(*line.get_data(), strict=True)}
    found = comparison.results[comparison.results["verdict"] < 6]
    assert marks == {(order.index(row.map), row.target_index - 1) for row in found.itertuples()}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend[-1] == "the map's own cell type" and "evidence of sequence information" in legend
    own = comparison.results[comparison.results["own_cell_type"]]
    corners = figure.axes[0].patches[-1].get_path().vertices.reshape(-1, 5, 2)
    centres = {tuple(np.round(corner[:4].mean(axis=0)).astype(int)) for corner in corners}
    assert centres == {(order.index(row.map), row.target_index - 1) for row in own.itertuples()}


def test_groups_are_written_on_their_cells(drawn):
    comparison = made_comparison(2, 2)
    (figure,) = drawn(cells.draw_groups, comparison)
    order = list(comparison.maps.sort_values("gain", ascending=False)["map"])
    texts = {(*text.get_position(), text.get_text()) for text in figure.axes[0].texts}
    for row, name in enumerate(order):
        for column, group in enumerate(GROUPS["contacts"]):
            groups = comparison.groups
            mine = groups[(groups["view"] == "contacts") & (groups["group"] == group) & (groups["map"] == name)]
            gains = {signed(100 * mine["gain"].mean(), digits) for digits in (1, 2)}
            assert any((column, row - 0.22, gain) in texts for gain in gains)
            assert (column, row + 0.2, f"{group}\n{100 + 10 * column} genes") in texts


def test_each_map_has_groups_of_its_own_and_none_has_the_first_column(drawn):
    comparison = made_comparison(2, 2)
    first, second = comparison.maps.sort_values("gain", ascending=False)["map"]
    groups = comparison.groups
    groups = groups[(groups["map"] == first) | (groups["group"] != "none")].copy()
    groups.loc[(groups["map"] == second) & (groups["group"] == "1 to 3"), "group"] = "2 to 5"
    comparison = replace(comparison, groups=groups)
    grid = cells._grid(groups, "contacts", [first, second])
    assert list(grid.loc[grid["row"] == 0, "group"]) == GROUPS["contacts"]
    assert list(grid.loc[grid["row"] == 1, "group"]) == ["2 to 5", *GROUPS["contacts"][2:]]
    assert list(grid["column"]) == [0, 1, 2, 3, 4, 1, 2, 3, 4]
    assert list(cells._grid(groups, "distance", [first, second])["column"]) == [0, 1, 2, 0, 1, 2]
    (figure,) = drawn(cells.draw_groups, comparison)
    assert len(figure.axes[0].texts) == 2 * 9


def test_a_group_without_genes_has_an_empty_cell(drawn):
    comparison = made_comparison(1, 2)
    comparison.groups.loc[comparison.groups["group"] == "1 to 3", "gain"] = np.nan
    (figure,) = drawn(cells.draw_groups, comparison)
    assert len(figure.axes[0].texts) == 2 * (len(GROUPS["contacts"]) - 1)


@pytest.mark.parametrize(
    "largest, step", [(0.0, 1e-4), (0.011, 0.002), (0.0137, 0.0025), (0.05, 0.01), (5.5, 1), (np.nan, 1e-4)]
)
def test_step_of_the_colours(largest, step):
    assert cells.step_of(np.array([largest, 0.0, -largest / 2])) == pytest.approx(step)


@pytest.mark.parametrize("step, decimals", [(1e-4, 4), (0.002, 3), (0.0025, 4), (0.01, 2), (5, 0)])
def test_decimals_of_the_scale(step, decimals):
    assert cells._decimals(step) == decimals


def test_a_colour_is_the_nearest_step(drawn):
    comparison = made_comparison(1, 3)
    comparison.results["gain"] = [0.05, -0.05, 0.0]
    (figure,) = drawn(cells.draw_tissues, comparison)
    shown = [patch.get_facecolor() for patch in figure.axes[0].patches]
    assert len(shown) == 3
    expected = [tuple(int(LOSS_TO_GAIN[place][at : at + 2], 16) / 255 for at in (1, 3, 5)) for place in (0, 5, 10)]
    np.testing.assert_allclose([colour[:3] for colour in shown], expected)


def test_a_picture_for_a_page_alone_has_no_file():
    with figures.for_a_page():
        alone = row_figures.draw_forest(made_comparison(2, 1))
    both = row_figures.draw_forest(made_comparison(2, 1))
    assert alone.png == b"" and both.png.startswith(b"\x89PNG")
    assert [picture.svg.startswith("<svg") for picture in (alone, both)] == [True, True]


def test_svg_fits_into_a_page():
    picture = row_figures.draw_forest(made_comparison(2, 1, names=["a --><script>x</script>", "$x_1$ & <b>"]))
    for unwanted in ("<!--", "<script", "<style", "<metadata", "http://www.w3.org/1999/02", 'id="figure_1"'):
        assert unwanted not in picture.svg
    assert "var(--ink)" in picture.svg
    assert not any(light in picture.svg for light, _ in PALETTE.values())


@pytest.mark.parametrize(
    "text, shown",
    [
        ("short", "short"),
        ("two words", "two words"),
        ("one two three", "one two\nthree"),
        ("abcdefghijklmnopqrst", "abcdefg…op\nqrst"),
        ("", ""),
        ("tab\there", "tab\\there"),
    ],
)
def test_labels(text, shown):
    made = figures.label(text, 10, 2)
    assert len(made.splitlines()) <= 2 and all(len(line) <= 10 for line in made.splitlines())
    if "…" not in shown:
        assert made == shown


def test_a_long_label_keeps_its_end():
    long = "A very long name of a map that nobody will ever want to read in a picture, 5 kb, replicate "
    made = [figures.label(f"{long}{number}", 34, 2) for number in (1, 2)]
    assert made[0] != made[1] and "…" in made[0] and made[0].startswith("A very long name")
