"""The gallery has every picture that the program can draw: they are found in the code, so a new one fails."""

import ast
import io
import re
import runpy
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image

REPORTS = ROOT / "spex/reports"
WRITERS = ("save", "write_figure")
"""Functions of figures.py by which every picture leaves the program."""

MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def gallery():
    return runpy.run_path(str(ROOT / "docs/make_gallery.py"))


def drawing_functions():
    """Functions of spex/reports that save a picture, as module.function."""
    found = set()
    for path in REPORTS.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and path.name != "figures.py":
                called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
                names = {getattr(each, "attr", getattr(each, "id", None)) for each in called}
                if names & set(WRITERS):
                    found.add(f"{path.stem}.{function.name}")
    return found


def test_every_function_that_draws_has_a_picture(gallery):
    listed = {function for names in gallery["PICTURES"].values() for function in names}
    assert drawing_functions() == listed, "give docs/make_gallery.py and docs/gallery.md an entry"


def test_figures_leave_by_the_known_functions_alone():
    others = [path.name for path in Path(ROOT / "spex").rglob("*.py") if "savefig" in path.read_text()]
    assert others == ["figures.py"]


def test_every_picture_is_on_the_page_with_a_sentence_and_small(gallery):
    page = (ROOT / "docs/gallery.md").read_text()
    names = {name for of_kind in gallery["PICTURES"].values() for name in of_kind.values()}
    assert {path.name for path in (ROOT / "docs/pictures").iterdir()} == {f"{name}.png" for name in names}
    entries = re.findall(
        r"^\*\*.+?\*\*.*?: .+?\.\n\n!\[[^]]+\]\(pictures/(\w+)\.png\)$", page, re.MULTILINE | re.DOTALL
    )
    assert sorted(entries) == sorted(names)
    for name in names:
        path = ROOT / f"docs/pictures/{name}.png"
        assert path.stat().st_size <= MOST_BYTES
        with Image.open(path) as image:
            assert image.width > 500


def test_small_keeps_the_picture(gallery):
    file = io.BytesIO()
    Image.new("RGB", (30, 20), "#0067a5").save(file, "PNG")
    with Image.open(io.BytesIO(gallery["small"](file.getvalue()))) as image:
        assert image.size == (30, 20) and image.convert("RGB").getpixel((0, 0)) == (0, 0x67, 0xA5)
