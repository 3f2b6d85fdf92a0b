"""The synthetic study of `make study`: its inputs, its filled cache, and the commands that are given."""

import cooler
import numpy as np
import pandas as pd
import pytest

from data.example import study_demo
from spex.files.hashes import file_sha256
from spex.inputs.genes import keep_genes, read_gene_table
from spex.runs.cache import PredictionStore
from spex.runs.settings import store_identity
from spex.study.reading import read_study

BIN = 5000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """study.yaml of a study of few genes, with its inputs."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "weights.pth").write_bytes(b"weights")
    return study_demo.write_study(folder / "study", folder / "weights.pth", genes=66, chromosomes=3)


def pixels_of(file, name):
    """(bin1, bin2) -> count."""
    table = cooler.Cooler(str(file.parent / "maps" / f"{name}.cool")).pixels()[:]
    return dict(zip(zip(table["bin1_id"], table["bin2_id"], strict=True), table["count"], strict=True))


def test_the_study_can_be_read_and_its_maps_are_what_they_are_called(file):
    study = read_study(file)
    assert [each.name for each in study.maps] == ["liver", "liver_half", "lung"]
    assert [name for _, name in study.tissues] == ["Liver", "Lung"]
    whole, half, other = (pixels_of(file, name) for name in ("liver", "liver_half", "lung"))
    assert abs(sum(half.values()) / sum(whole.values()) - 0.5) < 0.02
    assert all(count <= whole[pair] for pair, count in half.items())
    assert len(whole.keys() & other.keys()) < 0.5 * len(whole)


def test_the_genome_is_whole_and_as_long_as_the_maps_say(file):
    records = (file.parent / "genome.fa").read_text().split(">")[1:]
    lengths = {}
    for record in records:
        name, *lines = record.splitlines()
        assert {len(line) for line in lines[:-1]} == {60} and 0 < len(lines[-1]) <= 60
        assert set("".join(lines)) == set("ACGT")
        lengths[name] = sum(map(len, lines))
    assert lengths == cooler.Cooler(str(file.parent / "maps/liver.cool")).chromsizes.to_dict()


def test_the_cache_has_all_that_tensors_need(file):
    """The own windows of every gene, and the three windows of every bin that is contacted twice or more."""
    identity = store_identity(
        file_sha256(file.parent / "genome.fa"), file_sha256(file.parent.parent / "weights.pth"), "float32"
    )
    store = PredictionStore(read_study(file).cache, identity)
    genes = keep_genes(read_gene_table(file.parent / "genes.csv"))
    bins = cooler.Cooler(str(file.parent / "maps/lung.cool")).bins()[:]
    contacted = 0
    for chrom, mine in genes.groupby("chrom"):
        assert store.has("own", chrom, (2 * mine["tss"] + (mine["strand"] == "-")).to_numpy()).all()
        own = set((mine["tss"] - 1) // BIN)
        pairs = [
            (bins["start"][one] // BIN, bins["start"][other] // BIN)
            for (one, other), count in pixels_of(file, "lung").items()
            if count >= 2 and bins["chrom"][one] == chrom
        ]
        far = {bin_ for pair in pairs if pair[1] - pair[0] > 1 for bin_ in pair} - own
        starts = np.sort(np.add.outer(np.array(sorted(far), np.int64) * BIN, [0, 1500, 3000]).ravel())
        assert store.has("windows", chrom, starts).all()
        contacted += len(far)
    assert contacted > 200


def test_written_again_it_is_the_same(file, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"weights")
    again = study_demo.write_study(tmp_path / "study", tmp_path / "weights.pth", genes=66, chromosomes=3)
    for name in ("study.yaml", "genes.csv", "genome.fa", "expression.csv", "maps/liver_half.cool"):
        assert (again.parent / name).read_bytes() == (file.parent / name).read_bytes()


@pytest.mark.parametrize(
    "verdicts, status, said",
    [((2, 7, 1, 6, 3), 0, "Every verdict is true."), ((2, 2, 3, 7, 3), 1, "Untrue: liver in Lung; lung in Lung.")],
)
def test_the_demo_starts_where_it_was_and_says_what_is_true(file, monkeypatch, capsys, verdicts, status, said):
    made = {path: path.read_bytes() for path in file.parent.glob("*.*")}
    monkeypatch.setattr(study_demo, "FOLDER", file.parent)
    monkeypatch.setattr(study_demo, "stand_in_weights", lambda: file.parent.parent / "weights.pth")
    commands = []
    monkeypatch.setattr(study_demo, "run", lambda *words: commands.append(words))
    rows = [("liver", "Liver", True), ("liver", "Lung", False), ("lung", "Lung", True), ("lung", "Liver", False)]
    rows += [("liver_half", "Liver", True)]
    table = pd.DataFrame(rows, columns=["map", "target", "own_cell_type"]).assign(verdict=verdicts)
    (file.parent / "study/comparison").mkdir(exist_ok=True)
    table.to_csv(file.parent / "study/comparison/comparison.csv")
    assert study_demo.main() == status
    assert commands == [("-m spex study check", file), ("-m spex study run", file)]
    assert {path: path.read_bytes() for path in file.parent.glob("*.*")} == made
    *_, verdict, last = capsys.readouterr().out.splitlines()
    assert verdict.startswith(said) and last == f"The report is {file.parent}/study/study.html"
