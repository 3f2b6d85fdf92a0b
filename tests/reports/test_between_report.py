"""Files and page of a comparison between cells, and its section in a study's report."""

from dataclasses import replace

import pytest
from made_between import statistics, tables
from made_study_report import made_study
from pandas.testing import assert_frame_equal
from read_page import Page

from spex.compare.between_tables import ALL
from spex.errors import InputError
from spex.reports.between_report import read_cells, values_of_cells, write_cells
from spex.reports.study_report import write_study_report

EVIL = "<script>alert('x')</script> & | *of* _one_"
SETTINGS = {"correction": "bh", "shifts": list(range(19)), "seed": 1410}


def compared(**changes):
    made = statistics(**changes)
    made = [replace(made[0], name=EVIL), *made[1:]]
    return tables(made, settings=SETTINGS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("between")
    assert write_cells(folder, compared()) == folder / "between.html"
    return folder


def test_what_is_written_is_read_again_and_written_the_same(folder, tmp_path):
    found = read_cells(folder)
    assert_frame_equal(found.cells, compared().cells, check_dtype=False, check_exact=False)
    assert_frame_equal(found.exchanges, compared().exchanges)
    assert found.settings == SETTINGS
    write_cells(tmp_path, found)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["between.csv", "between.html", "between.json", "between.md", "exchanges.csv", "exchanges.png"]
    assert [(tmp_path / name).read_bytes() for name in names] == [(folder / name).read_bytes() for name in names]


def test_page_and_text_have_a_verdict_for_each_cell_and_one_for_all(folder):
    page, text = (folder / "between.html").read_text(), (folder / "between.md").read_text()
    cells = compared().cells
    for row in cells.itertuples():
        assert row.words in text and row.words in page
    assert text.count("strong evidence of cell-specific sequence information.") == 5 and f"**{ALL}:**" in text
    assert EVIL not in page and EVIL not in text
    assert "23 of 23" in text and "(of 23 exchanges among all cells)" in page
    for said in (page, text):
        assert "evidence is a q below 0.02, strong evidence one below 0.002" in said
        assert "of all cells together p below 0.01 and 0.001" in said and "19 circular shifts" in said
    assert f"correlation of {cells['spearman_others'].iloc[-1]:.3f}" in text
    assert "the gene's own sequence explains 10.0 %, and with the map 25.0 % is explained" in text
    assert page.count("<table") == 2 and Page(page)


def test_of_two_cells_and_without_tests_the_page_says_so():
    two = values_of_cells(compared(cells=2))
    assert two["between_two"] and two["between_corrected"] == "not adjusted"
    assert two["between_several"] == {"strong evidence": 0.001, "evidence": 0.01}
    few = tables([replace(each, genes=each.genes // 3) for each in statistics()], genes=120)
    assert values_of_cells(few)["between_untested"].startswith("Fewer than 10 chromosomes")
    assert not values_of_cells(compared())["between_untested"]


@pytest.mark.usefixtures("sketches")
def test_a_study_s_report_has_a_section_of_it(tmp_path):
    study = made_study(tmp_path, maps=2, tissues=2, fits=(), sheets=False)
    assert ">Between cells<" not in write_study_report(study).read_text()
    study = replace(study, between=tuple(each.name for each in study.maps))
    with pytest.raises(InputError, match="run the study to its end first"):
        write_study_report(study)
    write_cells(study.between_folder, compared())
    page = write_study_report(study).read_text()
    assert ">Between cells<" in page and "strong evidence of cell-specific sequence information" in page
    assert (study.out / "tables/between.csv").exists() and "Table of cells" in page
