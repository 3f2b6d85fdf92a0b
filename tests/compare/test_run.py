"""A comparison from folders to tables: kills, damage and who else is at it change no byte; what it depends on does."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import spex
from spex.compare import inputs as inputs_module
from spex.compare import prepare, run
from spex.compare.cells import CellTypes
from spex.compare.folders import MapFolder
from spex.compare.inputs import CompareInputs, Protocol
from spex.compare.run import compare_folders
from spex.errors import InputError

MAPS = ("sequence", "number_only")
PROTOCOL = Protocol(rotations=5)


@pytest.fixture(scope="module")
def inputs(study):
    """Half of the chromosomes, enough for a verdict."""
    genes = spex.read_genes(study.genes)
    half = genes["id"][genes["chrom"].isin([f"chr{number}" for number in range(1, 12)])]
    expression = pd.read_csv(study.expression, index_col="id").loc[half]
    return CompareInputs(
        base=study.base,
        maps=[study.maps[name] for name in MAPS],
        expression=expression,
        targets=list(enumerate(expression.columns, start=1)),
        cache=study.cache,
    )


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def whole(inputs, out):
    """A comparison that nobody disturbed, kept under `out`."""
    return compare_folders(inputs, PROTOCOL, out)


def parts_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "parts").iterdir() if path.suffix != ".json"}


def assert_same(found, expected):
    for name in ("results", "maps", "groups", "pairs"):
        assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert found.settings == expected.settings


@pytest.fixture
def computed(monkeypatch):
    """Names of the maps whose arms are fitted, in order."""
    names = []
    fit = run.compare_map
    monkeypatch.setattr(run, "compare_map", lambda *of, **options: names.append(of[-1].name) or fit(*of, **options))
    return names


def test_tables_have_a_row_for_each_map_and_tissue(whole, inputs):
    assert whole.results[["map", "target"]].to_numpy().tolist() == [
        [name, target] for name in MAPS for _, target in inputs.targets
    ]
    assert whole.maps["map"].tolist() == list(MAPS)
    assert (whole.maps["contacts"] > 1000).all() and (whole.maps["genes"] == len(inputs.expression)).all()
    others = [name for name in whole.results if name.startswith("gain_") and name not in ("gain_low", "gain_high")]
    missing = whole.results[others].isna().all()
    assert missing[missing].index.tolist() == ["gain_coverage"]  # no map was given
    assert set(whole.groups["view"]) == {"contacts", "distance", "chr8_chr9"}


def test_settings_tell_what_it_was_made_from(whole):
    seen = whole.settings
    assert seen["seed"] == 1410 and len(seen["shifts"]) == 5 and seen["correction"] == "bh"
    assert list(seen["maps"]) == list(MAPS)
    of_map = seen["maps"]["sequence"]
    assert len(of_map["tensors_sha256"]) == 64 and of_map["made_with"]["contact_rule"] == "corrected"
    assert set(of_map["draws"]) == {"D1", "D2", "D3"}
    assert sum(of_map["draws"]["D1"]["found"].values()) == pytest.approx(1)
    assert 0 < of_map["distance_only"]["touched"] < 0.5
    assert seen["whitening"] == {"shared": 0.2, "reach": 300_000}
    assert "numpy" in seen["versions"]


def test_it_goes_on_where_it_was_stopped_and_ends_with_the_same_bytes(
    whole, inputs, out, tmp_path, monkeypatch, computed, caplog
):
    fit = run.compare_map

    def stop_at_the_second(*of, **options):
        if of[-1].name == MAPS[1]:
            raise KeyboardInterrupt
        return fit(*of, **options)

    with monkeypatch.context() as patch:
        patch.setattr(run, "compare_map", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            compare_folders(inputs, PROTOCOL, tmp_path)
    assert computed == [MAPS[0]]
    shared = [next((tmp_path / "parts").glob(name)) for name in ("own_*", "white_*")]
    before = [path.stat().st_mtime_ns for path in shared]
    assert_same(compare_folders(inputs, PROTOCOL, tmp_path), whole)
    assert computed == list(MAPS) and [path.stat().st_mtime_ns for path in shared] == before
    assert parts_of(tmp_path) == parts_of(out)
    finished = next((tmp_path / "parts").glob("map_*"))
    finished.write_bytes(finished.read_bytes()[:-9])
    for path in shared:
        path.write_bytes(path.read_bytes()[:-9])
    with caplog.at_level(logging.WARNING, "spex"):
        assert_same(compare_folders(inputs, PROTOCOL, tmp_path), whole)
    assert all(f"{path}: " in caplog.text for path in (finished, *shared)) and len(computed) == 3
    assert parts_of(tmp_path) == parts_of(out)


@pytest.mark.parametrize(("peaks", "reported"), [((1e9, 5e9), True), ((5e9, 5e9), False)])
def test_memory_is_reported_where_this_comparison_took_it(whole, inputs, out, monkeypatch, caplog, peaks, reported):
    monkeypatch.setattr(run, "peak_memory", iter(peaks).__next__)
    with caplog.at_level(logging.INFO, "spex"):
        compare_folders(inputs, PROTOCOL, out)
    assert ("memory: 5.0 GB at most" in caplog.text) == reported


def test_a_map_that_fills_its_distances_has_no_control_by_distance_alone(whole, inputs, out, monkeypatch, caplog):
    seen = whole.settings["maps"][MAPS[0]]["distance_only"]["touched"]
    monkeypatch.setattr(prepare, "MOSTLY_ITSELF", seen - 0.001)
    maker = inputs_module.prepare(inputs, PROTOCOL, out).makers[0]
    ready = inputs_module.prepare(inputs, PROTOCOL, out)
    with caplog.at_level(logging.INFO, "spex"):
        arms, facts = maker.arms(ready.genes, ready.local)
    assert "distance_only" not in arms.others and "shuffled" in arms.others
    assert facts["distance_only"]["touched"] == seen
    assert f"{100 * seen:.0f} % of the bins drawn by distance alone are the gene's own" in caplog.text


def test_the_memory_that_is_announced_is_for_the_shifts_that_are_asked_for(inputs, monkeypatch):
    asked = []
    monkeypatch.setattr(inputs_module, "expected_memory", lambda *of: asked.append(of[-1]) or 0.0)
    inputs_module.prepare(inputs, PROTOCOL)
    assert asked == [PROTOCOL.rotations]


def test_what_is_finished_is_not_made_again(whole, inputs, out, computed):
    assert_same(compare_folders(inputs, PROTOCOL, out), whole)
    assert computed == []
    other = compare_folders(inputs, replace(PROTOCOL, correction="none", least_gain=0.1), out)
    assert computed == []  # these are for the tables alone
    assert_frame_equal(other.results[["map", "p_seq"]], whole.results[["map", "p_seq"]])
    alone = compare_folders(replace(inputs, maps=inputs.maps[1:]), PROTOCOL, out)
    assert computed == [] and alone.maps["map"].tolist() == [MAPS[1]]


class MadeAnewError(Exception):
    """A part is made that could have been read."""


@pytest.fixture
def nothing_made(monkeypatch):
    def refuse(*args, **options):
        raise MadeAnewError

    monkeypatch.setattr(run, "compare_map", refuse)
    monkeypatch.setattr(run.OwnPart, "of", refuse)


@pytest.mark.parametrize(
    "change",
    [
        lambda inputs: (inputs, replace(PROTOCOL, seed=7)),
        lambda inputs: (inputs, replace(PROTOCOL, rotations=6)),
        lambda inputs: (inputs, replace(PROTOCOL, pseudocount=0.01)),
        lambda inputs: (inputs, replace(PROTOCOL, genes_with_contacts=True)),
        lambda inputs: (
            replace(inputs, targets=inputs.targets[:1], expression=inputs.expression.iloc[:, :1]),
            PROTOCOL,
        ),
    ],
    ids=["seed", "rotations", "pseudocount", "genes", "tissues"],
)
def test_what_the_numbers_depend_on_makes_them_anew(whole, inputs, out, nothing_made, change):
    with pytest.raises(MadeAnewError):
        compare_folders(*change(inputs), out)


@pytest.mark.parametrize(("name", "value"), [("FORMAT", 2), ("SHARED", 0.1), ("REACH", 100_000)])
def test_what_another_rule_left_is_not_taken(whole, inputs, out, monkeypatch, nothing_made, name, value):
    assert compare_folders(inputs, PROTOCOL, out)
    monkeypatch.setattr(run, name, value)
    with pytest.raises(MadeAnewError):
        compare_folders(inputs, PROTOCOL, out)


def test_a_notebook_gets_the_same_tables(whole, inputs, study, out):
    found = spex.compare_maps(
        study.base,
        inputs.maps,
        inputs.expression,
        cache=study.cache,
        rotations=5,
        out=out,
        cell_types={MAPS[0]: "tissue 2", str(inputs.maps[1]): "Tissue*"},
    )
    assert isinstance(found, spex.Comparison) and found.settings["versions"]["spex"] == spex.__version__
    assert_frame_equal(found.results.drop(columns=["cell_type", "own_cell_type"]), whole.results)
    assert found.results["own_cell_type"].tolist() == [False, True, True, True]
    assert found.results["cell_type"].tolist() == ["tissue 2"] * 2 + ["Tissue*"] * 2


def test_a_map_that_is_given_can_be_thinned_and_its_coverage_told(whole, inputs, study, out):
    given = replace(inputs, maps=inputs.maps[:1], map_files=(study.map_files[MAPS[0]],))
    found = compare_folders(given, replace(PROTOCOL, thin_to=20_000), out)
    seen = found.settings["maps"][MAPS[0]]
    assert seen["share_kept"] * seen["depth"] == pytest.approx(20_000)
    assert found.results["gain_coverage"].notna().all()
    assert 0 < found.maps["contacts"][0] < whole.maps["contacts"][0]


def test_all_maps_are_thinned_to_the_shallowest():
    class Maker:
        def __init__(self, depth):
            self.known, self.depth, self.total = depth, None, None

        def measure(self):
            self.depth = self.known

        def thin(self, total):
            self.total = total

    makers = [Maker(70), Maker(50), Maker(90)]
    inputs_module._thin(makers, None)
    assert [each.total for each in makers] == [None] * 3
    inputs_module._thin(makers, "shallowest")
    assert [each.total for each in makers] == [50] * 3
    inputs_module._thin(makers, 60)
    assert [each.total for each in makers] == [60] * 3


def test_maps_that_are_shown_only_stand_in_no_test(whole, inputs, out, monkeypatch):
    monkeypatch.setattr(MapFolder, "shown_only", property(lambda self: self.name == MAPS[1]))
    found = compare_folders(inputs, PROTOCOL, out)
    assert found.maps["words"].tolist()[1].startswith("shown without a verdict") and found.maps["verdict"][1] == 0
    alone = compare_folders(replace(inputs, maps=inputs.maps[:1]), PROTOCOL, out)
    assert_frame_equal(found.results.iloc[:2], alone.results)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"maps": []}, "map_folders: none is given"),
        ({"cell_types": CellTypes({"nowhere": "Tissue 1"})}, "cell_type nowhere: no such map is compared"),
        ({"cell_types": CellTypes({"sequence": "Liver"})}, "cell_type Liver: no such tissue among the 2"),
        ({"cache": Path("/nowhere")}, "cache /nowhere: .* bins that controls of"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_done(inputs, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        compare_folders(replace(inputs, **changes), PROTOCOL, tmp_path)
    assert not (tmp_path / "parts").exists()


def test_genes_of_one_chromosome(inputs, study):
    genes = spex.read_genes(study.genes)
    some = inputs.expression.loc[genes["id"][genes["chrom"] == "chr3"]]
    with pytest.raises(InputError, match="genes that can be compared lie on chr3; expected genes of two chromosomes"):
        compare_folders(replace(inputs, expression=some), PROTOCOL)


def test_genes_too_few_for_all_shifts_are_refused(inputs, study):
    genes = spex.read_genes(study.genes)
    some = inputs.expression.loc[genes[genes["chrom"].isin(["chr1", "chr2"])].groupby("chrom")["id"].head(6)]
    message = "rotations: 12 genes can be shifted along the genome in 7 ways; expected genes for 19 circular shifts"
    with pytest.raises(InputError, match=message):
        compare_folders(replace(inputs, expression=some), Protocol())


def test_few_chromosomes_get_no_verdict(inputs, study):
    genes = spex.read_genes(study.genes)
    some = inputs.expression.loc[genes["id"][genes["chrom"].isin(["chr3", "chr8", "chr9"])]]
    found = compare_folders(replace(inputs, expression=some, maps=inputs.maps[:1]), PROTOCOL)
    assert found.maps["words"].tolist() == ["too few chromosomes for a verdict"]
    assert np.isfinite(found.results["gain"]).all() and found.results["p_seq"].isna().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed: found -1"),
        ({"rotations": 1}, "rotations: found 1"),
        ({"correction": "holm"}, "correction: found"),
        ({"thin_to": "deepest"}, "thin_to: found"),
        ({"thin_to": 0}, "thin_to: found 0"),
        ({"least_gain": float("nan")}, "least_gain: found nan"),
    ],
)
def test_protocols_refuse_what_they_do_not_know(changes, message):
    with pytest.raises(InputError, match=message):
        Protocol(**changes)


def test_cell_types_from_a_table(tmp_path):
    (tmp_path / "cells.tsv").write_text("cell_type\tmap\nLiver\tsequence\n\tnothing\n")
    assert CellTypes.read(tmp_path / "cells.tsv").given == {"sequence": "Liver"}
    (tmp_path / "cells.tsv").write_text("tissue\tmap\nLiver\tsequence\n")
    with pytest.raises(InputError, match="no column cell_type"):
        CellTypes.read(tmp_path / "cells.tsv")
