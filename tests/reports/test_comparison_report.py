"""The files of a comparison: whole, the same every time, and a page that needs nothing but itself."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_comparison import made_comparison, made_confirmation
from read_page import Page, assert_needs_nothing_else, assert_readable

from spex.reports.comparison_report import page, plain, read_comparison, verdict, write_report
from spex.reports.comparison_text import methods

FILES = {"verdict.md", "comparison.csv", "maps.csv", "groups.csv", "pairs.csv", "comparison.json", "report.html"}
FILES |= {"spex_comparison_mqc.json"}
PICTURES = {"forest.png", "tissues.png", "controls.png", "groups.png", "pairs.png"}
EVIL = "<script>alert('x')</script> & \"quoted\" *bold* [link](http://a.b) | --> \x07"


@pytest.fixture(scope="module")
def comparison():
    return made_comparison(3, 2, own_cell_types=True)


@pytest.fixture(scope="module")
def folder(comparison, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    assert write_report(folder / "new", comparison) == folder / "new/report.html"
    return folder / "new"


@pytest.fixture(scope="module")
def read(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))


def test_all_files_are_there(folder):
    assert {path.name for path in folder.iterdir()} == FILES | PICTURES


def test_written_again_they_have_the_same_bytes(folder, comparison, tmp_path):
    write_report(tmp_path, comparison)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_tables_are_those_of_the_comparison(folder, comparison):
    tables = {"comparison": comparison.results, "maps": comparison.maps}
    for name, table in (tables | {"groups": comparison.groups, "pairs": comparison.pairs}).items():
        written = pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])
        written = written.fillna({name: "" for name in {"strength"} & set(written)})
        pd.testing.assert_frame_equal(written.astype(table.dtypes), table, rtol=1e-8)


def test_settings_are_sorted_and_have_no_nan(folder):
    text = (folder / "comparison.json").read_text()
    settings = json.loads(text, parse_constant=pytest.fail)
    assert list(settings) == sorted(settings) and settings["nothing"] is None and settings["genes"] == 2273


def test_plain_values():
    value = {1: np.float32(0.5), "a": np.array([1, 2]), "b": (np.nan, np.inf, True), "c": {"d": np.int64(3)}, "e": None}
    assert plain(value) == {"1": 0.5, "a": [1, 2], "b": [None, None, True], "c": {"d": 3}, "e": None}
    assert plain([object])[0].startswith("<class")


def test_verdict_begins_with_a_sentence_a_map(folder, comparison):
    title, _, first, _, *rest = (folder / "verdict.md").read_text().splitlines()
    order = comparison.maps.sort_values("gain", ascending=False)
    assert title.startswith("# ")
    assert first == " ".join(f"**{row.map}: {row.words}.**" for row in order.itertuples())
    assert [line.split(".**")[0] for line in rest[: len(order)]] == [f"- **{name}" for name in order["map"]]
    assert all("Gain over sequence alone" in line for line in rest[: len(order)])


def test_names_cannot_format_the_verdict():
    text = verdict(made_comparison(1, 1, names=[EVIL], targets=["a_b*c"]))
    assert r"\<script\>" in text and r"\*bold\*" in text and r"\[link\]" in text and "\x07" not in text
    assert r"a_b\*c" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {11}


def test_the_page_needs_nothing_but_itself_and_can_be_read_by_anyone(folder, read):
    text = (folder / "report.html").read_text()
    assert_needs_nothing_else(text)
    assert_readable(text)
    assert len(read.of("script")) == 1 and len(read.of("svg")) == len(PICTURES)
    assert all(table["class"] == "sortable" for table in read.of("table"))


def test_the_page_says_what_the_tables_say(read, comparison):
    text = " ".join(read.text.split())
    first = text.index(comparison.maps.sort_values("gain", ascending=False)["map"].iloc[0])
    assert text.index("Gain over sequence alone") > first
    for row in comparison.maps.itertuples():
        assert f"{row.map}: {row.words}." in text
    for target in comparison.results["target"]:
        assert target in text
    assert "Brain - Nucleus accumbens (basal ganglia) 1 (the map's own cell type)" in text
    for part in (
        "Chromosomes 8 and 9",
        "Number is not cause",
        "tissues found together are one finding",
        '"rotations": 19',
    ):
        assert part in text


def test_the_page_knows_light_dark_and_paper(folder):
    text = (folder / "report.html").read_text()
    assert "prefers-color-scheme: dark" in text and "@media print" in text


def test_names_are_text_on_the_page():
    comparison = made_comparison(1, 1, names=[EVIL], targets=[f"</td>{EVIL}"])
    comparison.settings["note"] = "</pre><script>"
    text = page(comparison, [])
    assert len(Page(text).of("script")) == 1 and EVIL in Page(text).text
    assert "</pre><script>" in Page(text).text


def test_no_section_for_what_was_not_made():
    comparison = made_comparison(1, 1)
    comparison.results["gain_chr8_chr9"] = np.nan
    assert "Chromosomes 8 and 9 apart" not in page(comparison, [])


@pytest.mark.parametrize("verdicts, tissues", [([0, 0], 1), ([0], 3)])
def test_too_few_chromosomes(tmp_path, verdicts, tissues):
    comparison = made_comparison(len(verdicts), tissues, verdicts=verdicts)
    comparison.maps[["contacts", "genes_with_contacts", "folder"]] = None
    results = comparison.results.drop(columns=["gain_chr8_chr9", "spearman_base_chr8_chr9"])
    comparison = replace(comparison, results=results, groups=comparison.groups[:0])
    text = Page(write_report(tmp_path, comparison).read_text()).text
    assert "too few chromosomes for a verdict" in text and "nan" not in text.replace("Nan", "").lower().split()
    assert not (tmp_path / "groups.png").exists()


def test_confirmation_has_a_section_where_there_is_one():
    comparison = made_comparison(1, 1)
    text = Page(page(comparison, [], made_confirmation("A <b>"))).text
    assert "Confirmation by trees" in text and "A <b>" in text
    for part in ("+0.0123", "+0.0020 to +0.0210", "0.012", "0.0050", "0.0010", "1e-09", "990", "map - matched bins"):
        assert part in text
    assert "between seeds on the same genes; grows significant with the number of seeds" in text
    assert "Confirmation by trees" not in page(comparison, [])


def test_the_verdict_has_a_sentence_a_map_and_tissue_that_trees_were_fitted_for():
    comparison = made_comparison(2, 1, names=["low", "high"], verdicts=[6, 2])
    text = verdict(comparison, made_confirmation("low", "high"))
    lines = [line for line in text.splitlines() if "Welch p 1e-09" in line]
    assert [line.split(",")[0] for line in lines] == ["- **high", "- **low"]
    assert lines[0] == (
        "- **high, Liver \\| 1.** Map - matched bins +0.0123 (95 % interval +0.0020 to +0.0210, p 0.012; "
        "Welch p 1e-09); map - own sequence +0.0123 (95 % interval +0.0020 to +0.0210, p 0.012; Welch p 1e-09), on 990 "
        "test genes with 7 seeds."
    )
    assert "between seeds on the same genes; grows significant with the number of seeds" in text
    assert text.startswith(verdict(comparison)) and "trees" not in verdict(comparison)
    few = verdict(comparison, made_confirmation("low", seeds_suffice=False))
    assert "with 7 seeds, which leave more uncertain than they should." in few and "**high, Liver" not in few


def test_the_confirmation_is_written_beside_the_rest(comparison, sketches, tmp_path):
    found = made_confirmation(comparison.maps["map"][0])
    text = write_report(tmp_path, comparison, found).read_text()
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "confirmation.csv"), found)
    assert "Confirmation by trees" in text and "Confirmation by trees" in (tmp_path / "verdict.md").read_text()


def test_it_can_be_read_back(folder, comparison):
    found = read_comparison(folder)
    assert found.settings == plain(comparison.settings)
    pd.testing.assert_frame_equal(found.results.astype(comparison.results.dtypes), comparison.results, rtol=1e-8)


def test_a_comparison_from_before_an_option_was_renamed_is_read_by_the_new_name(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    settings = json.loads((folder / "comparison.json").read_text())
    settings.pop("whole_chromosome_fallback", None)
    for value in (True, False):
        (tmp_path / "comparison.json").write_text(json.dumps(settings | {"narrow_draw": value}))
        found = read_comparison(tmp_path)
        assert found.settings == settings | {"whole_chromosome_fallback": value}
        assert ("where none was left" in methods(found)) is not value
