import numpy as np
import pandas as pd
import pytest
from legible import assert_legible

from spex.models.scores import summarise
from spex.reports import fit_figures as report

UNIT = "ln(expression + 0.0001)"
LONG_NAME = "Brain - Nucleus accumbens (basal ganglia), a tissue with a long name"


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Lets a picture be drawn and gives its figure, and checks that all of it can be read, and the file's name."""
    figures = []

    def keep(figure, path):
        assert_legible(figure)  # within the look of all pictures
        assert path == tmp_path / "picture.png"
        figures.append(figure)

    monkeypatch.setattr(report, "write_figure", keep)

    def draw(function, *args, **kwargs):
        function(tmp_path / "picture.png", *args, **kwargs)
        return figures[-1]

    return draw


@pytest.mark.parametrize("count", [12, 990])
def test_predicted_against_observed(drawn, count):
    rng = np.random.default_rng(0)
    observed = rng.normal(size=count)
    predicted = observed + rng.normal(size=count)
    figure = drawn(
        report.draw_predicted_against_observed, observed, predicted, title="t\n12 genes", caption="rmse 1", unit=UNIT
    )
    axes = figure.axes[0]
    assert axes.get_xlabel() == f"observed, {UNIT}" and axes.get_ylabel() == f"predicted, {UNIT}"
    points = np.asarray(axes.collections[0].get_offsets())
    assert sorted(points[:, 0]) == sorted(observed) and sorted(points[:, 1]) == sorted(predicted)
    assert len(figure.axes) == (1 if count < report.FEW_GENES else 2)  # the second is the colour bar


def test_density_counts_the_points_of_a_cell():
    x = np.array([0.0, 0.0, 0.001, 1.0, 1.0])
    assert list(report._density(x, x)) == [3, 3, 3, 2, 2]


def test_residuals(drawn):
    rng = np.random.default_rng(0)
    figure = drawn(report.draw_residuals, rng.normal(size=300), rng.normal(size=300), title="t", unit=UNIT)
    assert sum(patch.get_height() for patch in figure.axes[0].patches) == 300


def test_a_picture_is_a_png(tmp_path):
    report.draw_residuals(tmp_path / "picture.png", np.arange(3.0), np.zeros(3), title="t", unit=UNIT)
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["rounds", "penalty"])
def test_learning_curve(drawn, kind):
    history = {"train": [3.0, 2.0, 1.0], "watched": [3.1, 2.5, 2.6]}
    chosen = {"rounds_run": 3, "rounds_kept": 2}
    if kind == "penalty":
        history["penalty"], chosen = [1.0, 10.0, 100.0], {"penalty": 10.0}
    figure = drawn(report.draw_learning_curve, history, chosen, title="t", watched="test genes (chr8)", unit=UNIT)
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[:2] == ["training genes", "test genes (chr8)"]
    assert axes.lines[2].get_xdata()[0] == (2 if kind == "rounds" else 10.0)


@pytest.mark.parametrize("chosen", [1e3, "none"])
def test_learning_curve_where_the_neighbours_have_a_penalty_of_their_own(drawn, chosen):
    history = {
        "penalty": [1.0, 1.0, 1.0, 10.0, 10.0, 10.0],
        "neighbour_penalty": [10.0, 1e3, "none"] * 2,
        "train": [1.0, 1.1, 1.2, 2.0, 2.1, 2.2],
        "watched": [3.0, 3.1, 3.2, 2.9, 2.8, 2.7],
    }
    kept = {"penalty": 10.0, "neighbour_penalty": chosen}
    figure = drawn(report.draw_learning_curve, history, kept, title="t", watched="test genes (chr8)", unit=UNIT)
    (axes,) = figure.axes
    lines = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    others = {10.0: "10", 1e3: "1000", "none": "none"}
    name = others.pop(chosen)
    watched = {10.0: [3.0, 2.9], 1e3: [3.1, 2.8], "none": [3.2, 2.7]}
    assert lines[f"test genes (chr8), neighbours {name}"] == watched[chosen]
    assert lines["training genes"] == ([1.1, 2.1] if chosen == 1e3 else [1.2, 2.2])
    for value, text in others.items():
        assert lines[f"the same, neighbours {text}"] == watched[value]
    assert axes.get_legend().get_texts()[-1].get_text().startswith("chosen: 10")


@pytest.mark.parametrize("kinds", [["position"], ["position", "assay"]])
def test_importance(drawn, kinds):
    groups = pd.DataFrame(
        [(kind, f"{kind} with a longish name {number}", 1 / 30) for kind in kinds for number in range(30)],
        columns=["group", "name", "share"],
    )
    figure = drawn(report.draw_importance, groups, title="t", measure="total gain")
    assert len(figure.axes) == len(kinds)


def test_the_caption_of_folds_has_the_mean_within_chromosomes_first():
    scores = {"rmse": 1.0} | {f"{name}{end}": 0.5 for name in ("spearman", "pearson") for end in ("", "_low", "_high")}
    assert report._caption(scores).splitlines()[1:] == [
        "Spearman 0.500 (0.500 to 0.500)",
        "Pearson 0.500 (0.500 to 0.500)",
    ]
    scores |= {"spearman_within": 0.4, "spearman_within_low": 0.3, "spearman_within_high": None}
    assert report._caption(scores).splitlines()[1:3] == [
        "Spearman within chromosomes 0.400 (0.300 to nan)",
        "Spearman, pooled 0.500 (0.500 to 0.500)",
    ]


@pytest.mark.parametrize("count, repeats", [(1, 2), (3, 1), (53, 1)])
def test_tissues_ranked(drawn, count, repeats):
    rng = np.random.default_rng(0)
    rows = [
        {"target_index": number, "target": f"{LONG_NAME} {number}", "genes_test": 990, "rmse": 2.0}
        | {"pearson": 0.8, "pearson_low": 0.7, "pearson_high": 0.9, "spearman": 0.8 + 0.1 * rng.random()}
        for number in range(1, count + 1)
        for _ in range(repeats)
    ]
    table = pd.DataFrame(rows)
    table["spearman_low"], table["spearman_high"] = table["spearman"] - 0.02, table["spearman"] + 0.02
    figure = drawn(report.draw_tissues, summarise(table), title=f"{count} tissues")
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(shown) == count and shown[0] == summarise(table)["target"].iloc[0]
    folds = table.assign(spearman_within=0.5, spearman_within_low=0.4, spearman_within_high=0.6)
    figure = drawn(report.draw_tissues, summarise(folds), title=f"{count} tissues")
    within, pooled = figure.axes[0].lines
    assert list(within.get_xdata()) == [0.5] * count and list(pooled.get_xdata()) == list(summarise(folds)["spearman"])
