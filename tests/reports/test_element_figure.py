from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from legible import assert_legible, boxes
from made_elements import elements, many_elements

from spex.reports import figures as base
from spex.reports.element_figure import THICK, THIN, draw_gene

GENE = SimpleNamespace(symbol="MYC", chrom="chr8", strand="+", tss=3_000_501)
LONG_SYMBOL = "A-GENE-WITH-A-NAME-OF-MANY-LETTERS-THAT-GOES-ON-AND-ON"
LONG_NAME = "Brain - Nucleus accumbens (basal ganglia), $x^2$, a tissue with a name that is as long as they come"


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """Draws a gene and gives the figure, and checks that all of it can be read; writes no file."""
    figures = []

    def keep(figure, path):
        assert_legible(figure)  # within the look of all pictures
        figures.append(figure)

    monkeypatch.setattr(base, "write_figure", keep)

    def draw(*args, **kwargs):
        draw_gene(tmp_path / "gene.png", *args, **kwargs)
        return figures[-1]

    return draw


def own_windows():
    starts = GENE.tss - 1 + 1000 * np.arange(-21, 21)
    return pd.DataFrame({"start": starts, "end": starts + 1000, "Score": np.cos(np.arange(42)) / 10})


def features(bins=3, each=3, name="a cell type with a long name | H3K27ac | None"):
    return [
        (f"chr8:{number}000000-{number}001000", [(f"{name} {one}", (-1) ** one * 0.01) for one in range(each)])
        for number in range(bins)
    ]


def arcs(figure):
    """Ends, heights, widths and colours of the arcs in the order drawn."""
    collection = figure.axes[0].collections[0]
    for points, width, colour in zip(
        collection.get_segments(), collection.get_linewidths(), collection.get_colors(), strict=True
    ):
        yield points[0, 0], points[-1, 0], points[:, 1].max(), width, colour


def test_arcs_go_from_the_tss_to_the_middles_of_the_bins_the_strongest_on_top(drawn):
    table = elements(
        *(
            {"start": start, "end": start + 1000, "TargetGeneTSS": GENE.tss, "Score": score}
            for start, score in ((3_100_000, -0.2), (2_500_000, 0.1), (4_000_000, 0.0))
        ),
        {"class_": "own", "Score": 9.0},
    )
    found = list(arcs(drawn(GENE, table)))
    assert [start for start, *_ in found] == [3_000_500] * 3
    assert [end for _, end, *_ in found] == [4_000_500, 2_500_500, 3_100_500]
    np.testing.assert_allclose([height for _, _, height, *_ in found], np.sqrt([1, 0.5, 0.1]), rtol=1e-3)
    np.testing.assert_allclose([width for *_, width, _ in found], [THIN, THIN + (THICK - THIN) / 2, THICK])
    grey, bluish, orange = (colour for *_, colour in found)
    assert np.ptp(grey[:3]) < 0.1 and bluish[2] > bluish[0] and orange[0] > orange[2]
    assert orange[0] == pytest.approx(0xBF / 255)  # the end of the scale


def test_the_colour_bar_is_symmetrical_and_has_a_unit(drawn):
    figure = drawn(GENE, many_elements(10))
    bar = figure.axes[-1]
    assert bar.get_ylabel() == "effect of a contact (colour and width),\nchange of ln(expression)"
    low, high = bar.get_ylim()
    assert low == -high == -many_elements(10)["Score"].abs().max()


@pytest.mark.parametrize("count", [1, 2, 60])
def test_numbers_of_contacts(drawn, count):
    figure = drawn(GENE, many_elements(count), own_windows(), features())
    assert len(list(arcs(figure))) == count
    words = "1 contacted bin" if count == 1 else f"{count} contacted bins"
    assert figure.axes[0].get_title(loc="left").startswith(f"MYC, K562 cells\n{words}, strongest chr8:")


def test_the_strongest_bin_is_named_with_its_effect(drawn):
    table = many_elements(20)
    strongest = table.loc[table["Score"].abs().idxmax()]
    title = drawn(GENE, table).axes[0].get_title(loc="left")
    assert title.endswith(f"strongest {strongest['name']}: {strongest['Score']:+.3g}")


@pytest.mark.parametrize("strand", ["+", "-"])
@pytest.mark.parametrize("way", [-1, 1])
def test_contacts_on_one_side_alone_and_far(drawn, strand, way):
    gene = SimpleNamespace(symbol=LONG_SYMBOL, chrom="chr8", strand=strand, tss=GENE.tss)
    table = many_elements(4, tissue=LONG_NAME)
    table["start"] = 3_000_000 + way * np.array([30_000, 45_000, 900_000, 1_500_000])
    table["end"] = table["start"] + 1000
    figure = drawn(gene, table, None, features(name=LONG_NAME))
    axes = figure.axes[0]
    low, high = axes.get_xlim()
    assert low < min(GENE.tss, table["start"].min()) and high > max(GENE.tss, table["end"].max())
    arrow, text = axes.texts
    assert (arrow.get_position()[0] > 0) == (strand == "+")
    frame = axes.get_window_extent()
    (box,) = boxes(figure, [text])
    tip = arrow.get_window_extent(figure.canvas.get_renderer())
    assert frame.x0 <= box.x0 and box.x1 <= frame.x1
    assert frame.x0 <= tip.x0 and tip.x1 <= frame.x1
    assert not box.overlaps(arrow.arrow_patch.get_window_extent())


def test_without_contacts_the_tss_is_shown(drawn):
    figure = drawn(GENE, many_elements(0))
    assert figure.axes[0].get_title(loc="left") == "MYC\nno contacted bin"
    assert len(figure.axes) == 1
    low, high = figure.axes[0].get_xlim()
    assert low < GENE.tss - 50_000 and GENE.tss + 50_000 < high


def test_without_any_effect_there_is_no_colour_bar(drawn):
    figure = drawn(GENE, many_elements(9).assign(Score=0.0))
    assert figure.axes[0].get_title(loc="left") == "MYC, K562 cells\n9 contacted bins, none with an effect"
    assert len(figure.axes) == 1
    assert {width for *_, width, _ in arcs(figure)} == {THIN}


def test_a_bin_whose_middle_is_the_tss(drawn):
    table = elements({"start": 3_000_000, "end": 3_001_000, "TargetGeneTSS": GENE.tss})
    ((*_, height, _, _),) = arcs(drawn(GENE, table))
    assert height == 0


def test_own_windows_are_bars_in_kb_from_the_tss(drawn):
    own = own_windows()
    figure = drawn(GENE, many_elements(5), own)
    bars = figure.axes[1].patches
    np.testing.assert_allclose([bar.get_x() for bar in bars], np.arange(-21, 21))
    assert [bar.get_width() for bar in bars] == [1] * 42
    assert [bar.get_height() for bar in bars] == list(own["Score"])
    assert figure.axes[1].get_xlabel() == "kb from the TSS; downstream is to the right"
    reverse = drawn(SimpleNamespace(**vars(GENE) | {"strand": "-"}), many_elements(5), own)
    assert reverse.axes[1].get_xlabel() == "kb from the TSS; downstream is to the left"


def test_features_stand_below_their_bins(drawn):
    given = features(2, 2, name="DNase")
    axes = drawn(GENE, many_elements(5), own_windows(), given).axes[2]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == [given[0][0], "DNase 0", "DNase 1", given[1][0], "DNase 0", "DNase 1"]
    assert [bar.get_width() for bar in axes.patches] == [0, 0.01, -0.01] * 2
    places = [bar.get_y() + bar.get_height() / 2 for bar in axes.patches]
    np.testing.assert_allclose(places, axes.get_yticks())


def test_empty_panels_are_left_out(drawn):
    assert len(drawn(GENE, many_elements(5), own_windows().iloc[:0], []).axes) == 2  # the second is the colour bar


@pytest.mark.parametrize("name", ["gene.png", "gene.svg"])
def test_the_name_of_the_file_says_its_form(tmp_path, name):
    draw_gene(tmp_path / name, GENE, many_elements(6), own_windows(), features())
    content = (tmp_path / name).read_bytes()
    if name.endswith(".png"):
        assert content.startswith(b"\x89PNG")
    else:
        assert ElementTree.fromstring(content).tag == "{http://www.w3.org/2000/svg}svg"


def test_standard_deviations_are_dashes_and_intervals(drawn):
    table = many_elements(6).assign(effect_sd=lambda table: np.abs(table["Score"]) * [0.1, 1, 0.5, 0.52, 10, 0])
    own = own_windows().assign(effect_sd=np.r_[np.nan, np.linspace(0.01, 0.05, 41)])
    figure = drawn(GENE, table, own)
    dashes = [pattern is not None for _, pattern in figure.axes[0].collections[0].get_linestyle()]
    order = np.abs(table["Score"].to_numpy()).argsort(kind="stable")
    assert dashes == np.array([False, True, False, True, True, False])[order].tolist()
    strongest = table.loc[table["Score"].abs().idxmax()]
    title = figure.axes[0].get_title(loc="left").split("\n")
    assert title[1].endswith(f"(sd {strongest['effect_sd']:.2g})") and title[2] == "dashed: less than 1.96 sd from 0"
    (errors,) = figure.axes[1].collections
    ends = np.array([segment[:, 1] for segment in errors.get_segments()])
    half = 1.96 * own["effect_sd"].to_numpy()[1:]
    np.testing.assert_allclose(ends, np.column_stack([own["Score"][1:] - half, own["Score"][1:] + half]))
    plain = drawn(GENE, many_elements(6), own_windows())
    assert not plain.axes[1].collections and "sd" not in plain.axes[0].get_title(loc="left")
