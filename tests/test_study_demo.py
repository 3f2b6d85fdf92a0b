"""The embedded example as a study: its two other maps, and the commands that `make study` gives."""

import shutil

import pytest

from data.example import study_demo
from spex.study.reading import read_study


@pytest.fixture
def file(tmp_path):
    """study.yaml, with its maps."""
    (tmp_path / "weights.pth").touch()
    return study_demo.write_study(tmp_path / "study", tmp_path / "weights.pth")


def test_the_study_can_be_read_and_its_maps_are_what_they_are_called(file):
    study = read_study(file)
    assert [each.name for each in study.maps] == ["contacts", "half_of_the_counts", "wrong_cell"]
    assert [name for _, name in study.tissues] == ["Cells_EBV-transformed_lymphocytes", "Liver"]
    _, whole = study_demo.read_pixels(study_demo.EXAMPLE / "contacts.mcool")
    _, half = study_demo.read_pixels(file.parent / "half_of_the_counts.mcool")
    _, wrong = study_demo.read_pixels(file.parent / "wrong_cell.mcool")
    kept = sum(sum(pixels.values()) for pixels in half.values())
    assert abs(kept / sum(sum(pixels.values()) for pixels in whole.values()) - 0.5) < 0.02
    assert all(count <= whole[chrom][pair] for chrom in half for pair, count in half[chrom].items())
    assert {chrom: sum(pixels.values()) for chrom, pixels in wrong.items()} == {
        chrom: sum(pixels.values()) for chrom, pixels in whole.items()
    }
    assert wrong != whole


def test_in_another_cell_each_gene_touches_what_another_one_touched():
    starts = [10, 40, 70, 100]  # the gene three places on is the one before it
    pixels = {(10, 12): 5, (10, 60): 2, (11, 61): 3, (60, 100): 4, (40, 70): 6, (20, 90): 1}
    assert study_demo.of_another_cell(pixels, starts) == {
        (10, 12): 5,  # near
        (60, 100): 2,
        (61, 101): 3,  # from the bin behind the start
        (60, 70): 4,
        (40, 70): 6,  # between two starts
        (20, 90): 1,  # of no start
    }


def test_the_demo_starts_where_it_was(file, monkeypatch, capsys):
    made = {path: path.read_bytes() for path in file.parent.iterdir()}
    monkeypatch.setattr(study_demo, "FOLDER", file.parent)
    monkeypatch.setattr(study_demo, "stand_in_weights", lambda: file.parent.parent / "weights.pth")
    commands = []
    monkeypatch.setattr(study_demo, "run", lambda *words: commands.append(words))
    study_demo.main()
    assert commands == [("-m spex study check", file), ("-m spex study run", file)]
    assert {path: path.read_bytes() for path in file.parent.iterdir()} == made
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"The report is {file.parent}/study/study.html.")
    shutil.rmtree(file.parent)
    study_demo.main()
    assert {path: path.read_bytes() for path in file.parent.iterdir()} == made
