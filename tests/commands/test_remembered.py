"""A data folder remembers where its inputs are, so that later commands need no option for them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from refusals import refuse

from spex.commands import elements, tensors, train
from spex.commands import map as map_command
from spex.commands.main import start


@pytest.fixture
def lab(world, tmp_path, narrow, sketches, monkeypatch):
    """The folder of a lab with files under names of its own, tensors made of them, and no file at a default path."""
    for source, name in ((world.genes, "lab.csv"), (world.genome, "lab.fa"), (world.checkpoint, "lab.pth")):
        shutil.copy(source, tmp_path / name)
    shutil.copy(world.maps[0], tmp_path / "lab.mcool")
    genes = pd.read_csv(world.genes)
    values = np.random.default_rng(3).uniform(0, 50, (len(genes), 2))
    table = pd.DataFrame(values, columns=["Liver", "Lung"]).assign(id=genes["id"])
    table[["id", "Liver", "Lung"]].to_csv(tmp_path / "lab_expression.csv", index=False)
    monkeypatch.chdir(tmp_path)
    inputs = ["--genes_filename", "lab.csv", "--genome_filename", "lab.fa", "--beluga_model_filename", "lab.pth"]
    contacts = ["--mcool_filename", "lab.mcool", "--contact_rule", "corrected", "--min_count", "1"]
    assert start("tensors", ["--data_folder", "data", *inputs, *contacts, "--pred_cache_folder", "lab_cache"]) == 0
    return tmp_path


TRAIN = ["--data_folder", "data", "--model", "ridge", "--target", "Liver", "--test_chroms", "chr8"]


def test_later_commands_need_no_option_for_what_the_folder_was_made_with(lab, capsys, monkeypatch):
    assert train.main([*TRAIN, "--gene_expression_filename", "lab_expression.csv"]) == 0
    line = capsys.readouterr().out
    monkeypatch.chdir(lab / "data")  # paths are remembered whole, wherever the next command starts
    again = ["--data_folder", str(lab / "data"), *TRAIN[2:]]
    assert train.main([*again, "--genes_filename", str(lab / "lab.csv")]) == 0
    assert capsys.readouterr().out == line
    assert train.main(again) == 0
    printed = capsys.readouterr()
    assert printed.out == line and f"expression: {lab / 'lab_expression.csv'}" in printed.err
    assert elements.main([str(lab / "data"), "--out", "first", "--device", "CPU"]) == 0
    files = ("--genome", lab / "lab.fa", "--network", lab / "lab.pth", "--cache", lab / "lab_cache")
    assert elements.main([str(lab / "data"), "--out", "other", "--device", "CPU", *map(str, files)]) == 0
    assert (lab / "data/first/elements.tsv").read_bytes() == (lab / "data/other/elements.tsv").read_bytes()


def test_the_sheet_of_a_data_folder_is_that_of_its_map(lab, capsys):
    assert map_command.main(["data", "--json", "one.json"]) == 0
    assert map_command.main([str(lab / "lab.mcool"), "--genes", "lab.csv", "--json", "other.json"]) == 0
    one, other = (json.loads((lab / name).read_text()) for name in ("one.json", "other.json"))
    assert len(one) == 1 and one == other and one[0]["accounts"][0]["used"] == 2289


def test_hints_are_checked_and_are_no_part_of_what_the_folder_is(lab, capsys):
    argv = [*TRAIN, "--gene_expression_filename", "lab_expression.csv"]
    assert train.main(argv) == 0
    (lab / "lab_expression.csv").write_text((lab / "lab_expression.csv").read_text().replace("Lung", "Heart"))
    capsys.readouterr()
    refuse(
        capsys,
        train.main,
        TRAIN,
        "--gene_expression_filename .*/lab_expression.csv: changed since data was made with it; put it back, or give "
        "--gene_expression_filename",
    )
    assert train.main(argv) == 0  # given again, it is taken as it is now
    capsys.readouterr()
    (lab / "lab.csv").rename(lab / "moved.csv")
    refuse(capsys, train.main, argv, "--genes_filename .*/lab.csv: no such file any more; data was made with it")
    assert train.main([*argv, "--genes_filename", "moved.csv"]) == 0
    before = (lab / "data/run.json").read_bytes()
    (lab / "data/inputs.json").write_text("{")
    given = ["--genes_filename", "moved.csv", "--genome_filename", "lab.fa", "--beluga_model_filename", "lab.pth"]
    given += ["--mcool_filename", "lab.mcool", "--contact_rule", "corrected", "--min_count", "1"]
    assert tensors.main(["--data_folder", "data", *given, "--no_pred_cache"]) == 0
    assert (lab / "data/run.json").read_bytes() == before
    assert json.loads((lab / "data/inputs.json").read_text())["genes"][0]["path"] == str(lab / "moved.csv")


def test_a_mismatch_names_the_files_and_hashes_where_the_name_is_the_same(lab, capsys):
    inputs = ["--data_folder", "data", "--genome_filename", "lab.fa", "--beluga_model_filename", "lab.pth"]
    inputs += ["--mcool_filename", "lab.mcool", "--contact_rule", "corrected", "--min_count", "1", "--no_pred_cache"]
    (lab / "other.csv").write_text((lab / "lab.csv").read_text() + "\n")
    message = (
        f"run.json: --genes_filename was {lab}/lab.csv when this folder was made and is other.csv now; give the same"
    )
    refuse(capsys, tensors.main, [*inputs, "--genes_filename", "other.csv"], message)
    message = f"--genes_filename other.csv: the tensors in data were made with {lab}/lab.csv, says data/run.json"
    expression = ["--gene_expression_filename", "lab_expression.csv"]
    refuse(capsys, train.main, [*TRAIN, *expression, "--genes_filename", "other.csv"], message)
    shutil.copy(lab / "other.csv", lab / "lab.csv")
    message = r"genes_sha256 of lab.csv was \w{12}\.\.\. when this folder was made and is \w{12}\.\.\. now"
    refuse(capsys, tensors.main, [*inputs, "--genes_filename", "lab.csv"], message)
    message = r"were made with another file \(genes_sha256 \w{12}\.\.\., this one has \w{12}\.\.\.\)"
    refuse(capsys, train.main, [*TRAIN, *expression, "--genes_filename", "lab.csv"], message)
    (lab / "data/inputs.json").unlink()
    refuse(capsys, tensors.main, [*inputs, "--genes_filename", "other.csv"], "genes_sha256 of other.csv was")


def test_tensors_of_a_folder_without_options_goes_on_as_it_was_made(lab, capsys):
    folder = lab / "data"
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    count, lost = len([*folder.glob("tensors/*.npy")]), min(folder.glob("tensors/*.npy"))
    for done in (0, 1):
        if done:
            lost.unlink()
        assert tensors.main(["--data_folder", "data", "--compute_platform", "CPU"]) == 0
        log = capsys.readouterr().err
        assert f"{done} genes done, {count - done} already there" in log
        assert f"maps: {lab}/lab.mcool, as data was made with" in log and "rule corrected, resolution 1000" in log
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    refuse(capsys, tensors.main, ["--data_folder", "data", "--gene_type", "pc"], "geneanno_GRCh38.csv: no such file")
    (lab / "lab.fa").write_text((lab / "lab.fa").read_text().replace("A", "C", 1))
    refuse(capsys, tensors.main, ["--data_folder", "data"], "--genome_filename .*lab.fa: changed since data was made")


def test_a_folder_of_some_genes_gets_no_others(lab, capsys):
    inputs = ["--genes_filename", "lab.csv", "--genome_filename", "lab.fa", "--beluga_model_filename", "lab.pth"]
    few = ["--data_folder", "few", "--no_pred_cache"]
    assert tensors.main([*few, *inputs, "--gene_type", "pc"]) == 0
    made = sorted((lab / "few/tensors").iterdir())
    assert 0 < len(made) < len([*(lab / "data/tensors").iterdir()])
    assert tensors.main(few) == 0
    assert sorted((lab / "few/tensors").iterdir()) == made and "gene_type pc" in capsys.readouterr().err


@pytest.mark.parametrize(
    "gone, run, argv, option",
    [
        ("lab.fa", elements, ["data"], "--genome"),
        ("lab.pth", elements, ["data"], "--network"),
        ("lab.mcool", tensors, ["--data_folder", "data"], "--mcool_filename"),
        ("lab.csv", train, TRAIN, "--genes_filename"),
    ],
)
def test_an_input_that_is_gone_is_missed_by_its_name(lab, capsys, gone, run, argv, option):
    (lab / gone).unlink()
    found = rf"{option} {lab / gone}: no such file any more; data was made with it: put it back, or give {option}"
    refuse(capsys, run.main, argv, found)
