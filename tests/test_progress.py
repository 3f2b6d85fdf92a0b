"""What is reported of long work, by a clock of the test's own."""

import io
import logging
from types import SimpleNamespace

import pytest
from fits import FAST_TREES, ROWS, data
from numpy.testing import assert_allclose

from spex import progress as module
from spex.models.registry import MODELS
from spex.models.splits import split_by_chromosome


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def lines(monkeypatch, caplog):
    """Lets 40 seconds pass whenever somebody looks at the clock, and gives the log."""
    times = iter(range(0, 1_000_000, 40))
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(times)))
    caplog.set_level(logging.INFO, "spex")
    return caplog


@pytest.mark.parametrize(
    "count, more, line",
    [
        (1, {}, "trees: 1 of 100 rounds, 40 s each, 1:06:00 left"),
        (80, {}, "trees: 80 of 100 rounds, 2/s, 00:10 left"),
        (10, {"least": 5}, "trees: 10 of at most 100 rounds, 4 s each, 00:20 to 06:00 left"),
        (0.4, {}, "trees: 0.4 of 100 rounds, 100 s each, 2:46:00 left"),
        (98, {"least": 5}, "trees: 98 of at most 100 rounds, 2.45/s, 00:00 left"),
        (1, {"least": 5, "note": "2 of 7"}, "trees: 1 of at most 100 rounds, 40 s each, 2 of 7, 03:20 to 1:06:00 left"),
        (0, {}, "trees: 0 of 100 rounds, 0/s, unknown time left"),
    ],
)
def test_log_lines(lines, count, more, line):
    with module.progress(100, "rounds", "trees") as advance:
        advance(count, **more)
    assert [record.getMessage() for record in lines.records] == [line]


@pytest.mark.parametrize(
    "steps, line",
    [
        ([(60, 0)], "tensors: 60 of 100 genes, 0/s, unknown time left"),
        ([(60, 0), (1, 1)], "tensors: 61 of 100 genes, 40 s each, 26:00 left"),
        ([(1, 1), (60, 0), (4, 4)], "tensors: 65 of 100 genes, 16 s each, 09:20 left"),
        ([(8, 2)], "tensors: 8 of 100 genes, 20 s each, 30:40 left"),
        ([(0.1, 0.1)] * 10, "tensors: 1 of 100 genes, 400 s each, 11:00:00 left"),
        ([(0.7, 0.7), (2.3, 0.3)], "tensors: 3 of 100 genes, 80 s each, 2:09:20 left"),
    ],
)
def test_pace_and_time_left_are_of_what_is_computed_alone(lines, steps, line):
    """40 seconds each; those in which nothing was computed count for nothing."""
    with module.progress(100, "genes", "tensors") as advance:
        for count, computed in steps:
            advance(count, computed)
    assert lines.records[-1].getMessage() == line


def test_a_bar_has_the_least_time_and_the_note(monkeypatch, lines):
    shown = []

    class Bar(module.tqdm):
        def set_postfix_str(self, text, refresh):
            shown.append(text)

    monkeypatch.setattr(module, "tqdm", Bar)
    with module.progress(100, "rounds", "trees") as advance:
        advance(1)
        advance(1, least=5, note="2 of 7")
    assert shown == ["40 s each, 1:06:00 left", "40 s each, 2 of 7, 03:20 to 1:05:20 left"]


def test_a_bar_of_what_was_there_already_claims_no_pace(monkeypatch, lines):
    screen = Terminal()

    class Bar(module.tqdm):
        def __init__(self, **options):
            super().__init__(**options, file=screen, ncols=90, mininterval=0)

    monkeypatch.setattr(module, "tqdm", Bar)
    with module.progress(100, "genes", "tensors") as advance:
        advance(60, 0)
        advance(0.7)
        advance(0.3)
    bars = [bar for bar in screen.getvalue().split("\r") if bar.strip()]
    assert all("genes/s" not in bar for bar in bars)
    assert "60/100 genes [" in bars[-3] and bars[-3].endswith("unknown time left]")
    assert "60.7/100 genes [" in bars[-2] and bars[-2].endswith("57.1 s each, 37:25 left]")
    assert "61/100 genes [" in bars[-1] and bars[-1].endswith("80 s each, 52:00 left]")


def test_headings_count_and_tell_how_long_one_took(lines):
    assert list(module.headings(["Liver"], "target")) == ["Liver"]
    assert list(module.headings(["a", "b", "c"], "target")) == [
        "a, target 1 of 3",
        "b, target 2 of 3, 00:40 each so far",
        "c, target 3 of 3, 00:40 each so far",
    ]


def test_trees_tell_the_best_round_and_what_is_left_of_the_patience(lines):
    features, observed = data(60, targets=2)
    split = split_by_chromosome(["chr1", "chr8"] * (ROWS // 2), ["chr8"])
    observed[split.test] = -observed[split.test]  # what is learnt makes the test rows worse
    parameters = FAST_TREES | {"num_boost_round": 90, "early_stopping_rounds": 30}
    fits = list(MODELS["gbtree"].prepare(features, split, parameters).fit(observed, names="ab", wanted=[0, 1], seed=1))
    last = [record.getMessage() for record in lines.records if "b, target 2 of 2" in record.getMessage()][-1]
    best = fits[1].chosen["rounds_kept"]
    done = fits[1].chosen["rounds_run"] - 1
    assert f"{done} of at most 90 rounds, 40 s each, best rmse" in last
    assert f" after {best}, {done - best} of 30 rounds without a better one, 00:40 to " in last
    assert_allclose(float(last.partition("best rmse ")[2].split()[0]), min(fits[1].history["watched"]), atol=1e-4)
