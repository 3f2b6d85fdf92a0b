"""The site of the documents: every page in its menu, built strictly where Sphinx is installed, from one host."""

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import pytest
import yaml
from conftest import ROOT, made_once

DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BUILD = r"\.venv/bin/python -m sphinx (-W .+) build/site\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built by the command of `make docs`."""
    if not all(map(find_spec, ("sphinx", "furo", "myst_parser"))):
        pytest.skip("Sphinx, furo or myst-parser is not installed")
    return made_once(tmp_path_factory, "site", build) / "html"


def build(folder):
    words = re.search(BUILD, (ROOT / "Makefile").read_text())[1].replace("build/doctrees", str(folder / "doctrees"))
    command = [sys.executable, "-m", "sphinx", *words.split(), str(folder / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_page_is_in_the_menu():
    index = (DOCS / "index.md").read_text()
    listed = [line for block in re.findall(r"```{toctree}\n(.+?)```", index, re.DOTALL) for line in block.splitlines()]
    names = {line.rstrip(">").rpartition("<")[2] for line in listed if line and not line.startswith(":")}
    assert {page.stem for page in PAGES} - {"index"} == {name for name in names if not name.startswith("../")}
    assert all((DOCS / f"{name}.md").is_file() for name in names)


def test_warnings_are_errors_here_and_in_ci():
    assert re.search(BUILD, (ROOT / "Makefile").read_text())
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert "make docs" in [step.get("run") for step in jobs["docs"]["steps"]]
    assert set(jobs["publish"]["needs"]) == jobs.keys() - {"publish"}
    on_main = "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert jobs["publish"]["if"] == on_main
    assert [step["if"] for step in jobs["docs"]["steps"] if "pages" in step.get("uses", "")] == [on_main]


def test_the_reference_has_every_public_name():
    import spex  # noqa: PLC0415

    named = re.findall(r"^\.\. auto\w+:: (\w+)", (DOCS / "reference.md").read_text(), re.MULTILINE)
    assert sorted(named) == sorted({*spex.__all__} - {"__version__"})


def test_the_badges_are_true():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    tested = jobs["tests"]["strategy"]["matrix"]["python"]
    assert f"licence: {project['license']}<" in (DOCS / "badges/licence.svg").read_text()
    assert f"Python: {' | '.join(tested)}<" in (DOCS / "badges/python.svg").read_text()
    assert project["requires-python"] == f">={tested[0]}"


def test_the_site_is_built_and_asks_no_other_host_for_anything(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        text = page.read_text()
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"|<link[^>]+href="([^"]+)"', text)
        assert [place for pair in loaded for place in pair if re.match(r"(https?:)?//", place)] == [], page
    styles = [path.read_text() for path in site.rglob("*.css")]
    assert not [found for text in styles for found in re.findall(r"url\([\"']?(?:https?:)?//[^)]+|@import[^;]+", text)]


def test_the_top_leads_to_the_index_and_the_pages_of_the_library_are_made_from_docstrings(site):
    assert (site / "docs/index.html").is_file()
    assert 'url=docs/index.html"' in (site / "index.html").read_text()
    reference = (site / "docs/reference.html").read_text()
    for name in ("read_genes", "compare_maps", "Corrected", "InputError"):
        assert f'id="spex.{name}"' in reference
    assert "read_genes" in reference and "Examples" in reference
