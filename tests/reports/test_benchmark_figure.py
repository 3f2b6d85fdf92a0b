"""The picture of effects on tested pairs: legible, complete, the same bytes each time."""

import numpy as np
import pandas as pd
import pytest
from legible import assert_all_legible

from spex.models.benchmark import CLASSES, score_pairs
from spex.reports import figures
from spex.reports.benchmark_figure import OF_CLASS, SCORES, draw_benchmark


def pairs_of(count):
    rng = np.random.default_rng(2)
    distance = np.rint(10 ** rng.uniform(3, 6, count)).astype(int)
    touched, regulated = rng.random(count) < 5000 / distance, rng.random(count) < 0.2
    columns = {"distance": distance, "touched": touched, "regulated": regulated, "start": 0, "end": 500}
    columns |= {
        "effect": touched * rng.random(count),
        "effect_signed": rng.normal(size=count),
        "contacts": touched * 1.0,
        "nearest_tss": touched,
    }
    return pd.DataFrame(columns | {"block": rng.integers(0, 20, count)})


def drawn(path, pairs, monkeypatch):
    """The figure as it is saved."""
    kept = []

    def checked(figure, where):
        assert_all_legible(figure)
        kept.append(figure)

    monkeypatch.setattr(figures, "write_figure", checked)
    draw_benchmark(path, pairs, score_pairs(pairs, 50), "a tissue of a long name " * 3)
    return kept[0]


def test_every_score_and_class_is_drawn(tmp_path, monkeypatch):
    pairs = pairs_of(400)
    figure = drawn(tmp_path / "a.png", pairs, monkeypatch)
    curves, areas, differences = figure.axes
    texts = [name for name, *_ in SCORES.values()]
    assert [line.get_label() for line in curves.get_lines()[:-1]] == texts
    assert [label.get_text() for label in areas.get_yticklabels()] == texts
    assert list(OF_CLASS) == list(CLASSES)
    scores = score_pairs(pairs, 50)
    for axes, column in ((areas, "auroc"), (differences, "auroc_difference")):
        marks = axes.get_lines()
        for name, (colour, marker) in OF_CLASS.items():
            (line,) = [each for each in marks if (each.get_color(), each.get_marker()) == (colour, marker)]
            np.testing.assert_array_equal(line.get_xdata(), scores.loc[scores["class"] == name, column])
    within = curves.get_lines()[texts.index("within 100 kb")]
    near = pairs["distance"] < 100_000
    assert within.get_xdata()[0] == pytest.approx((near & pairs["regulated"]).sum() / pairs["regulated"].sum())
    assert within.get_ydata()[0] == pytest.approx(pairs["regulated"][near].mean())
