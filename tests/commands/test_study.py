"""spex study, as a user runs it."""

import json

import pytest
from refusals import files_in, refuse
from study_files import LINES, write_study

from spex.commands import study
from spex.study.cost import MEASURED
from spex.study.template import TEMPLATE


def made_by_now(folder):
    """Files but for the genome's index, which whoever reads the genome first leaves beside it."""
    return {path: content for path, content in files_in(folder).items() if path.suffix != ".fai"}


def test_init_writes_a_file_once(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert study.main(["init"]) == 0
    assert capsys.readouterr().out == "study.yaml: fill it in, then: spex study check study.yaml\n"
    assert (tmp_path / "study.yaml").read_text() == TEMPLATE
    assert study.main(["init", "other/my.yaml"]) == 0
    capsys.readouterr()
    before = files_in(tmp_path)
    refuse(capsys, study.main, ["init"], "error: study.yaml: it is there already; give another name")
    refuse(capsys, study.main, ["init", "study.yaml/a.yaml"], "error: FILE study.yaml: study.yaml is no folder")
    assert files_in(tmp_path) == before


def test_check_prints_what_it_takes_and_makes_nothing(world, tmp_path, capsys):
    path = write_study(tmp_path / "lab", world)
    before = made_by_now(tmp_path)
    assert study.main(["check", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("9 genes (9 with expression), 1 map, 3 tissues\n")
    assert made_by_now(tmp_path) == before
    numbers = tmp_path / "a/cost.json"
    assert study.main(["check", str(path), "--json", str(numbers)]) == 0
    assert capsys.readouterr().out == printed
    cost = json.loads(numbers.read_text())
    assert [each["name"] for each in cost["work"]["folders"]] == ["sequence alone", "first"]
    assert {"tensors", "train", "compare"} == cost["steps"].keys()


def test_check_measures_this_machine(world, tmp_path, capsys, narrow):
    path = write_study(tmp_path / "lab", world)
    assert study.main(["check", str(path), "--measure"]) == 0
    printed = capsys.readouterr().out
    assert "hours of one core (" in printed and MEASURED.cpu not in printed


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (LINES + "tissues: [Lievr]\n", "study.yaml, line 8: tissues 'Lievr': no such tissue"),
        (LINES + "    resolution: 5000\n", "study.yaml, line 8: resolution|line 7: files .*: no resolution 5000"),
        (LINES + "\tfits: []\n", "study.yaml, line 8: a tab"),
        (LINES + "fits: [{name: a, model: ridge, test_chroms: chr7}]\n", "study.yaml, fit a, chr7: no test genes"),
        (LINES.replace("genome.fa", "genes.csv"), "genome .*genes.csv: "),
        (LINES.replace("expression.csv", "narrow.pth"), "line 4: expression .*narrow.pth: "),
    ],
)
def test_what_cannot_be_used_takes_one_line_and_leaves_nothing(world, tmp_path, capsys, lines, message):
    path = write_study(tmp_path / "lab", world, lines=lines)
    before = made_by_now(tmp_path)
    refuse(capsys, study.main, ["check", str(path), "--json", str(tmp_path / "cost.json")], message)
    assert made_by_now(tmp_path) == before


@pytest.mark.parametrize(
    "words", [[], ["make"], ["check"], ["check", "no.yaml"], ["init", ""], ["check", "a", "--all"]]
)
def test_words_that_are_none(tmp_path, capsys, words):
    refuse(capsys, study.main, words, "error: ")
