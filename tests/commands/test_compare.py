"""`spex compare` from the command line to the files it leaves, and how it ends where it cannot go on."""

import json

import pandas as pd
import pytest
from refusals import files_in

from spex.commands import compare
from spex.errors import InputError

FILES = {
    *(
        "verdict.md",
        "comparison.csv",
        "maps.csv",
        "groups.csv",
        "pairs.csv",
        "comparison.json",
        "report.html",
        "spex_comparison_mqc.json",
    ),
    *("forest.png", "controls.png", "groups.png", "parts"),
}
"""What a comparison in one tissue leaves."""


@pytest.fixture(scope="module")
def argv(study):
    """Arguments of a comparison with few rotations; extras appended."""

    def make(out, *extra, base=study.base, maps=("sequence",)):
        return [
            *map(str, (base, *(study.maps.get(name, name) for name in maps))),
            *("--genes_filename", str(study.genes)),
            *("--gene_expression_filename", str(study.expression)),
            *("--pred_cache_folder", str(study.cache)),
            *("--out", str(out), "--rotations", "3"),
            *map(str, extra),
        ]

    return make


def refuse(capsys, argv, message):
    """Run the command, which must end with status 2 and one line that holds `message`."""
    try:
        status = compare.main(argv)
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2 and captured.out == "", captured.err
    assert captured.err.count("\n") == 1 and captured.err.startswith("spex compare: error: "), captured.err
    assert message in captured.err, captured.err


def test_everything_is_written_and_written_the_same_again(argv, sketches, tmp_path, capsys):
    given = argv(tmp_path / "out", "--target", "*1", "--cell_type", "sequence=Tissue 1")
    assert compare.main(given) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("sequence: ") and "GB of memory" in captured.err
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == FILES
    results = pd.read_csv(folder / "comparison.csv")
    assert results["target"].tolist() == ["Tissue 1"] and results["own_cell_type"].tolist() == [True]
    assert json.loads((folder / "comparison.json").read_text())["targets"] == [[1, "Tissue 1"]]
    before = files_in(folder)
    assert compare.main(given) == 0
    assert files_in(folder) == before


BETWEEN = ("between.md", "between.html", "between.json", "between.csv", "exchanges.csv", "exchanges.png", "parts")
CELLS = {"sequence": "Tissue 1", "region_only": "Tissue 2"}


def test_maps_are_compared_between_cells(argv, study, sketches, tmp_path, capsys):
    marks = [f"{study.maps[name]}={tissue}" for name, tissue in CELLS.items()]
    files = [study.map_files[name] for name in CELLS]
    few = tmp_path / "expression.csv"
    pd.read_csv(study.expression).iloc[:250].to_csv(few, index=False)
    given = argv(tmp_path / "out", "--between", "--maps", *files, "--cell_type", *marks, maps=CELLS)
    given[given.index(str(study.expression))] = str(few)
    assert compare.main(given) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert [line.split(":")[0] for line in lines] == [*CELLS, "all cells"]
    assert (
        "sums over bins of 2 cells: 0.0 GB" in captured.err
        and "downsampled to" in captured.err
        and "rows used" in captured.err
    )
    folder = tmp_path / "out"
    assert {path.name for path in folder.iterdir()} == set(BETWEEN)
    cells = pd.read_csv(folder / "between.csv")
    assert lines == [f"{row.map}: {row.words}" for row in cells.itertuples()]
    assert cells["target"].tolist()[:2] == list(CELLS.values())
    assert json.loads((folder / "between.json").read_text())["targets"] == [[1, "Tissue 1"], [2, "Tissue 2"]]
    before = files_in(folder)
    assert compare.main(given) == 0
    assert files_in(folder) == before


@pytest.mark.parametrize(
    ("extra", "changes", "message"),
    [
        ((), {"maps": ("sequence", "sequence")}, "MAP_FOLDER"),
        ((), {"maps": ("nowhere",)}, "MAP_FOLDER nowhere: no such folder"),
        ((), {"base": "nowhere"}, "BASE_FOLDER nowhere: no such folder"),
        (("--cell_type", "=x"), {}, "--cell_type: found '=x'; expected MAP_FOLDER=NAME"),
        (("--cell_type", "nowhere.tsv"), {}, "--cell_type nowhere.tsv: no such file"),
        (("--cell_type", "sequence=Liver"), {}, "--cell_type Liver: no such tissue"),
        (("--target", "Liver"), {}, "--target 'Liver': no such tissue"),
        (("--target_index", "7"), {}, "--target_index 7: "),
        (("--thin_to", "deepest"), {}, "--thin_to: found 'deepest', expected a whole number from 1"),
        (("--thin_to", "shallowest"), {}, "--thin_to: needs the map that"),
        (("--pred_cache_folder", "nowhere"), {}, "--cache nowhere: "),
        (("--correction", "holm"), {}, "--correction"),
        (("--least_gain", "0"), {}, "--least_gain"),
        (("--confirm", "gbtree"), {}, "--confirm gbtree: trees take hours for each tissue; name the tissues"),
        (("--most_seeds", "5"), {}, "--most_seeds: says how often trees are fitted"),
        (("--between",), {}, "MAP_FOLDER: 1 map; expected maps of two cells or more"),
        (("--between", "--show_published"), {}, "--show_published: compares maps with sequence alone, not cells"),
        (("--between", "--confirm", "gbtree"), {}, "--confirm: compares maps with sequence alone, not cells"),
        (("--between",), {"maps": tuple(CELLS)}, "--thin_to: needs the map that"),
    ],
    ids=str,
)
def test_refusals_are_one_line_in_the_command_s_own_words(argv, tmp_path, capsys, monkeypatch, extra, changes, message):
    monkeypatch.chdir(tmp_path)
    refuse(capsys, argv("out", *extra, **changes), message)
    assert not (tmp_path / "out").exists()


def test_a_base_of_another_genes_table(argv, tmp_path, capsys, study):
    other = tmp_path / "genes.csv"
    pd.read_csv(study.genes).iloc[1:].to_csv(other, index=False)
    refuse(capsys, [*argv(tmp_path / "out"), "--genes_filename", str(other)], "--genes ")


def test_cell_types_of_words_and_tables(tmp_path):
    (tmp_path / "cells.tsv").write_text("map\tcell_type\nnothing\tLung\n")
    found = compare.cell_types_of(["data/sequence=Liver = x", str(tmp_path / "cells.tsv")])
    assert found.given == {"data/sequence": "Liver = x", "nothing": "Lung"}
    with pytest.raises(InputError):
        compare.cell_types_of(["sequence="])


@pytest.mark.parametrize(
    "folders, message",
    [
        (["bas", "map"], "BASE_FOLDER bas: no such folder; did you mean base?"),
        (["base", "mapp"], "MAP_FOLDER mapp: no such folder; check the path"),
    ],
)
def test_a_folder_that_is_not_there_is_said_before_files_that_it_would_remember(
    tmp_path, monkeypatch, capsys, folders, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    assert compare.main([*folders, "--out", "out"]) == 2
    assert capsys.readouterr().err.startswith(f"spex compare: error: {message}")
