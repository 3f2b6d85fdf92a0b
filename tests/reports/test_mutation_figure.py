from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from legible import assert_all_legible
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

from spex.contacts.collect import Contacts
from spex.contacts.rules import Corrected
from spex.effects.mutagenesis import IntervalEffects
from spex.inputs.regions import Interval
from spex.reports import figures as base
from spex.reports.mutation_figure import BARS, COLOURS, LETTERS_SHOWN, draw_mutations

START = 3_000_000


def made(length, seed=1):
    """Effects of random size in two genes and tissues; the second gene matters more, around its base 40."""
    generator = np.random.default_rng(seed)
    reference = generator.choice(list("ACGT"), length)
    reference[3] = "N"
    snvs = generator.normal(0, 0.01, (length, 4, 2, 2))
    snvs[np.arange(length), ["ACGT".find(letter) for letter in reference]] = 0
    snvs[38:42, :, 1] *= 30
    snvs[3] = np.nan
    genes = pd.DataFrame({"id": ["a", "b"], "symbol": ["A1", "a $gene$ of a long name"], "tss": [1, START + 61]})
    fits = [SimpleNamespace(tissue=f"Tissue {number}", name=f"{number}") for number in (1, 2)]
    return IntervalEffects(Interval("chr8", START, START + length, "peak_1"), reference, genes, fits, snvs, None)


def contacts():
    """The second gene contacts the bin from START on, the first one another."""
    two, bins = np.array(["a", "b"]), np.array([9, START // 1000], np.int32)
    return Contacts(two, two, np.ones(2, int), two, two == "a", np.arange(3), bins, bins, two == "a", 1000, Corrected())


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draws and gives the figure, when all of it can be read; writes none."""
    figures = []

    def keep(figure, path):
        assert_all_legible(figure)
        figures.append(figure)

    monkeypatch.setattr(base, "write_figure", keep)

    def draw(found, tissue=1, contacts=None):
        draw_mutations(tmp_path / "mutations.png", found, tissue, contacts)
        return figures[-1]

    return draw


@pytest.mark.parametrize("length", [60, 500, 5_000])
def test_letters_are_as_high_as_what_the_bases_add_and_bars_have_the_rest(drawn, length):
    found = made(length)
    above, below = drawn(found, contacts=contacts()).axes
    adds = -np.nan_to_num(found.snvs[:, :, 1, 1].sum(axis=1) / 3)
    shown = min(length, LETTERS_SHOWN)
    sums = [np.abs(adds[first : first + shown]).sum() for first in range(length - shown + 1)]
    first = int(np.argmax(sums))
    letters = [patch for patch in above.patches if isinstance(patch, PathPatch)]
    drawn_bases = [at for at in range(first, first + shown) if adds[at]]
    assert len(letters) == len(drawn_bases) == shown - (first <= 3)
    for patch, at in zip(letters, drawn_bases, strict=True):
        box = patch.get_path().get_extents()
        ends = sorted([0, adds[at]])
        np.testing.assert_allclose([box.y0, box.y1], ends, atol=1e-9)
        assert at - first < box.x0 < box.x1 < at - first + 1
        assert to_hex(patch.get_facecolor()) == COLOURS[found.reference[at]]
    heights = [patch.get_height() for patch in below.patches if patch.get_width() < 100 and patch.get_width() != shown]
    assert max(map(abs, heights)) == pytest.approx(np.abs(adds).max()) and len(heights) == min(length, BARS)
    legend = [text.get_text() for text in below.get_legend().get_texts()]
    assert legend[-1] == "bin that it contacts" and legend[:-1] == ["TSS of a $gene$ of a long name"][: length > 60]
    assert f"chr8:{START + first + 1:,}-" in above.get_title(loc="left")


def test_a_picture_of_nothing_is_drawn(drawn):
    found = made(100)
    found.snvs[:] = 0
    figure = drawn(found)
    assert not [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]
