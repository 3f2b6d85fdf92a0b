"""Files of pictures: the same bytes whenever they are drawn, without date or chance."""

import pytest

from spex.reports import figures


@pytest.mark.parametrize("name", ["picture.png", "picture.svg"])
def test_a_picture_is_the_same_bytes_whenever_it_is_drawn(tmp_path, monkeypatch, name):
    contents = set()
    for epoch in ("0", "86400"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)  # matplotlib's clock
        with figures.rows(["a map", "another"], 4, 1) as (drawn, (axes,)):
            axes.fill_between([0, 1], [0, 1])  # in an SVG its clip path has an id that is drawn at random otherwise
            axes.plot([0, 1], [0, 1], "o", color=figures.BLUE)
            figures.write_figure(drawn, tmp_path / name)
        contents.add((tmp_path / name).read_bytes())
    assert len(contents) == 1
