"""The report of a study: its page as HTML, and its tables against what the study left on the disk."""

import base64
import dataclasses
import hashlib
import json
import re

import numpy as np
import pandas as pd
import pytest
from made_study_report import made_study, sheet
from read_page import Page, assert_needs_nothing_else, assert_readable

from spex.errors import InputError
from spex.files.sealed import save_sealed_json
from spex.reports.study_report import write_study_report
from spex.reports.study_results import read_results
from spex.study.plan import StudyFit

TABLES = {"ranking", "pairs", "tissues", "own_cell_type", "kinds", "controls", "fits", "fits_by_tissue", "sheets"}
TABLES |= {"likeness", "resembling"}
EVIL = "<script>alert('x')</script> & \"quoted\" -->"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = made_study(tmp_path_factory.mktemp("study"), maps=4, tissues=3)
    assert write_study_report(study) == study.report == study.out / "study.html"
    return study


@pytest.fixture(scope="module")
def text(study):
    return study.report.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


@pytest.fixture(scope="module")
def results(study):
    return pd.read_csv(study.comparison_folder / "comparison.csv")


def table(study, name):
    return pd.read_csv(study.out / f"tables/{name}.csv")


def test_the_same_results_give_the_same_bytes(study):
    paths = [study.report, *sorted((study.out / "tables").iterdir())]
    assert {path.stem for path in paths[1:]} == TABLES
    before = [path.read_bytes() for path in paths]
    write_study_report(study)
    assert [path.read_bytes() for path in paths] == before


def test_the_page_needs_nothing_but_itself_and_can_be_read_by_anyone(text):
    assert_needs_nothing_else(text)
    assert_readable(text)


def test_only_the_script_that_sorts_may_run(text, page):
    (policy,) = [each["content"] for each in page.of("meta") if "http-equiv" in each]
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none';") and policy.endswith(f"script-src 'sha256-{fingerprint}'")


def test_every_table_is_a_download(study, page):
    links = {each["download"]: each["href"] for each in page.of("a") if "download" in each}
    assert links.keys() == {f"{name}.csv" for name in TABLES}
    for name, link in links.items():
        assert base64.b64decode(link.partition(",")[2]) == (study.out / "tables" / name).read_bytes()


def test_the_page_says_what_the_study_is(study, page):
    shown = " ".join(page.text.split())
    for each in study.maps:
        assert each.name in shown and each.files[0].name in shown
    for row in pd.read_csv(study.comparison_folder / "maps.csv").itertuples():
        assert f"{row.map}: {row.words}." in shown
    for part in ("genes.csv (gene_type pc)", "spex study run study.yaml", "ab" * 32, "spex", "2.0", "not given"):
        assert part in shown


def test_no_path_of_this_machine_is_told(study, text):
    tables = "".join(path.read_text() for path in (study.out / "tables").iterdir())
    assert str(study.path.parent) not in text + tables


def test_ranking_is_by_gain(study):
    ranking = table(study, "ranking")
    assert list(ranking["rank"]) == [1, 2, 3, 4] and ranking["gain"].is_monotonic_decreasing
    maps = pd.read_csv(study.comparison_folder / "maps.csv").set_index("map").loc[ranking["map"]]
    for column in ("gain_low", "gain_high", "touched", "q_seq", "words"):
        assert list(ranking[column]) == list(maps[column])
    assert list(ranking.loc[ranking["map"] == study.maps[1].name, "factor"]) == [study.maps[1].factor]


def test_own_cell_types_against_others(study, results):
    found = table(study, "own_cell_type").set_index("map")
    for each in study.maps:
        mine = results[results["map"] == each.name]
        own, others = mine[mine["own_cell_type"]]["gain"], mine[~mine["own_cell_type"]]["gain"]
        row = found.loc[each.name]
        expected = [own.mean(), others.mean(), own.mean() - others.mean()]
        np.testing.assert_allclose(row[["gain_own", "gain_others", "difference"]].astype(float), expected, atol=1e-9)
        assert row["exceeded"] == sum(other < own.mean() for other in others)
        assert (row["own_tissues"], row["other_tissues"]) == (1, 2)


def test_gain_by_experiment_and_factor(study):
    kinds, maps = table(study, "kinds"), pd.read_csv(study.comparison_folder / "maps.csv").set_index("map")
    expected = {}
    for each in study.maps:
        for by in ("experiment", "factor"):
            expected.setdefault((by, getattr(each, by) or "not given"), []).append(maps.loc[each.name, "gain"])
    assert {(row.by, row.group) for row in kinds.itertuples()} == expected.keys()
    for row in kinds.itertuples():
        gains = expected[row.by, row.group]
        found = (row.maps, row.gain, row.lowest, row.highest)
        np.testing.assert_allclose(found, (len(gains), np.mean(gains), min(gains), max(gains)))


def test_controls_are_means_over_tissues(study, results):
    for row in table(study, "controls").itertuples():
        mine = results[results["map"] == row.map]
        np.testing.assert_allclose(row.gain_shuffled, mine["gain_shuffled"].mean())
        np.testing.assert_allclose(row.map_over_numbers, mine["map_over_numbers"].mean())


def test_scores_of_fits_beside_sequence_alone(study):
    alone = pd.read_csv(study.base_folder / "results/results.csv").query("model == 'ridge'")
    for each in study.maps:
        mine = pd.read_csv(study.map_folder(each.name) / "results/results.csv").query("model == 'ridge'")
        fits = table(study, "fits")
        (row,) = fits[(fits["map"] == each.name) & fits["fit"].str.startswith("ridge")].itertuples()
        by_tissue = [frame.groupby("target_index")["spearman"].mean() for frame in (mine, alone)]
        np.testing.assert_allclose(row.spearman, by_tissue[0].mean())
        np.testing.assert_allclose(row.spearman_alone, by_tissue[1].mean())
        assert row.better_in == (by_tissue[0] > by_tissue[1]).sum() and (row.tissues, row.seeds) == (3, 2)


def test_fits_of_one_model_with_other_parameters_are_told_apart(tmp_path):
    study = made_study(tmp_path, maps=1, tissues=1, fits=("ridge",), sheets=False)
    for folder in (study.map_folder(study.maps[0].name), study.base_folder):
        path = folder / "results/results.csv"
        first = pd.read_csv(path)
        second = first.assign(name=first["name"] + "-b", spearman=0.1)
        pd.concat([first, second]).to_csv(path, index=False)
        for number, frame in enumerate((first, second)):
            for name in frame["name"]:
                (folder / "results" / name).mkdir()
                record = {"settings": {"parameters": {"penalties": [number]}}}
                save_sealed_json(folder / "results" / name / "metrics.json", record)
    fits = read_results(study).tables()["fits"]
    assert sorted(fits["spearman_alone"].round(3)) == [0.1, round(first["spearman"].mean(), 3)]
    assert fits["fit"].is_unique and fits["fit"].str.match("ridge, parameters [0-9a-f]{8}$").all()


def test_folds_and_fits_of_others_are_left_out(tmp_path):
    study = made_study(tmp_path, maps=1, tissues=1, fits=("ridge",), sheets=False)
    folded = StudyFit("folded", {"model": "gbtree", "cv": "chromosomes"})
    study = dataclasses.replace(study, fits=(*study.fits, folded))
    for folder in (study.base_folder, study.map_folder(study.maps[0].name)):
        path = folder / "results/results.csv"
        first = pd.read_csv(path)
        pooled, fold = (first.assign(model="gbtree", split=split) for split in ("cv-22", "test-chr8"))
        other = first.assign(split="test-chr8_validation-chr9")
        pooled = pooled.assign(spearman_within=0.25)
        pd.concat([first, pooled, fold, other]).to_csv(path, index=False)
    fits = read_results(study).tables()["fits"].set_index("fit")
    assert sorted(fits.index) == ["folded", "ridge"]
    assert fits.loc["folded", ["spearman", "spearman_alone"]].tolist() == [0.25, 0.25]  # what is to be reported


def test_data_sheets_side_by_side(study):
    made = json.loads((study.out / "sheets.json").read_text())
    by_file = {each["map"]: each for each in made}
    sheets = table(study, "sheets").set_index("map")
    assert "cis_share" not in sheets  # no format reports it
    for each in study.maps:
        assert sheets.loc[each.name, "depth"] == by_file[str(each.files[0])]["depth"]
        assert sheets.loc[each.name, "genes_without_pixel_from_20_kb"] == 900


def test_each_map_stands_beside_the_better_one_that_it_is_most_like(study):
    scc = {}
    for row in pd.read_csv(study.out / "likeness.csv").itertuples():
        scc |= {(row.one, row.other): row.scc, (row.other, row.one): row.scc}
    gains, files = table(study, "ranking").set_index("map")["gain"], {each.name: each.files[0] for each in study.maps}
    found, order = table(study, "resembling"), list(gains.index)
    assert list(found["map"]) == order[1:]
    for row in found.itertuples():
        better = order[: order.index(row.map)]
        like = max(better, key=lambda name: scc[str(files[row.map]), str(files[name])])
        assert (row.like, row.scc) == (like, scc[str(files[row.map]), str(files[like])])
        assert (row.gain, row.gain_of_it) == (gains[row.map], gains[like])
    page = study.report.read_text()
    assert "A map that resembles a good map shares its signal" in page and page.count("Maps against maps. Left") == 1


def test_maps_of_several_files_are_compared_file_by_file(sketches, tmp_path):
    study = made_study(tmp_path, maps=2, tissues=1)
    moved = (study.maps[0].files[0], tmp_path / "elsewhere/b.mcool")
    study = dataclasses.replace(study, maps=(dataclasses.replace(study.maps[0], files=moved), study.maps[1]))
    old = pd.read_csv(study.out / "likeness.csv")
    (of_other,) = old["other"]
    new = pd.concat([old.assign(scc=0.2), old.assign(one="old/b.mcool", scc=0.9), old.assign(one="gone.cool")])
    new.to_csv(study.out / "likeness.csv", index=False)
    results = read_results(study)
    one, other = (each.name for each in study.maps)
    assert list(results.likeness["one"]) == [f"{one}: map_0.mcool", f"{one}: b.mcool"]
    assert list(results.likeness["other"]) == [other, other] and of_other
    assert results.tables()["resembling"]["scc"].tolist() == [0.9]
    (study.out / "likeness.csv").unlink()
    assert read_results(study).tables()["resembling"].empty


def test_a_map_of_several_files_has_a_data_sheet_for_each(sketches, tmp_path):
    study = made_study(tmp_path, maps=1, tissues=1)
    files = tuple(tmp_path / f"maps/{name}.mcool" for name in "abc")
    study = dataclasses.replace(study, maps=(dataclasses.replace(study.maps[0], files=files),))
    random = np.random.default_rng(0)
    made = [sheet(name, random) for name in (str(files[0]), "elsewhere/b.mcool")]
    (study.out / "sheets.json").write_text(json.dumps(made))
    write_study_report(study)
    assert list(table(study, "sheets")["file"]) == ["a.mcool", "b.mcool"]


def test_a_file_that_two_maps_use_has_the_data_sheet_of_their_resolutions(tmp_path):
    study = made_study(tmp_path, maps=2, tissues=1)
    file, random = tmp_path / "maps/shared.mcool", np.random.default_rng(0)
    maps = [
        dataclasses.replace(each, files=(file,), options={"hic_resolution": resolution})
        for each, resolution in zip(study.maps, (5000, 1000), strict=True)
    ]
    study = dataclasses.replace(study, maps=tuple(maps))
    made = [sheet(str(file), random) | {"resolution": resolution} for resolution in (1000, 5000)]
    (study.out / "sheets.json").write_text(json.dumps(made))
    sheets = read_results(study).sheets.set_index("map")
    assert [sheets.loc[each.name, "resolution"] for each in maps] == [5000, 1000]


def test_what_was_not_made_is_said_not_to_be(sketches, tmp_path):
    study = made_study(tmp_path, maps=2, tissues=1, fits=(), sheets=False, described=False)
    shown = Page(write_study_report(study).read_text()).text
    assert "No data sheets were made." in shown and "No fits were found" in shown
    assert "The study names neither experiment nor factor" in shown
    assert "own cell type" not in shown.replace("its own cell type", "")
    assert table(study, "kinds").empty and table(study, "own_cell_type").empty


def test_names_are_text_on_the_page(sketches, tmp_path, study):
    renamed = dataclasses.replace(study, maps=(dataclasses.replace(study.maps[0], experiment=EVIL), *study.maps[1:]))
    renamed = dataclasses.replace(renamed, out=tmp_path)
    (tmp_path / "comparison").symlink_to(study.comparison_folder)
    page = Page(write_study_report(renamed).read_text())
    assert len(page.of("script")) == 1 and EVIL in page.text


def test_too_few_chromosomes_for_a_verdict(sketches, tmp_path):
    study = made_study(tmp_path, maps=2, tissues=2, fits=(), sheets=False)
    for name in ("comparison.csv", "maps.csv"):
        path = study.comparison_folder / name
        frame = pd.read_csv(path).assign(gain_low=np.nan, gain_high=np.nan, q_seq=np.nan, verdict=0)
        frame.to_csv(path, index=False)
    shown = Page(write_study_report(study).read_text()).text
    assert "nan" not in shown.lower().split() and "intervals and tests were not computed" in shown


def spoil(name, content):
    """A function that spoils a file of a study."""
    return lambda study: (study.out / name).write_text(content)


@pytest.mark.parametrize(
    "damage, said",
    [
        (lambda study: (study.comparison_folder / "comparison.csv").unlink(), "comparison.csv: no such file"),
        (spoil("comparison/maps.csv", "a,b\n1,2\n"), "maps.csv: it is no table of a comparison"),
        (spoil("comparison/groups.csv", ""), "groups.csv: it is no table of a comparison"),
        (spoil("comparison/comparison.json", "{"), "comparison.json: it is no JSON"),
        (spoil("sheets.json", "[1]"), "sheets.json: it contains no data sheets of maps"),
        (spoil("likeness.csv", "one,other\n"), "likeness.csv: it lacks contacts_correlation, depth_one"),
    ],
)
def test_what_cannot_be_reported_is_refused_before_anything_is_written(tmp_path, damage, said):
    study = made_study(tmp_path, maps=1, tissues=1)
    damage(study)
    with pytest.raises(InputError) as refused:
        write_study_report(study)
    assert said in str(refused.value) and "\n" not in str(refused.value)
    assert not study.report.exists() and not (study.out / "tables").exists()


def test_a_map_that_the_comparison_lacks_is_named(study):
    more = dataclasses.replace(study, maps=(*study.maps, dataclasses.replace(study.maps[0], name="a new one")))
    with pytest.raises(InputError, match="lacks a new one"):
        write_study_report(more)


def test_a_map_that_left_the_study_is_not_reported(sketches, tmp_path, study):
    fewer = dataclasses.replace(study, maps=study.maps[1:], out=tmp_path)
    (tmp_path / "comparison").symlink_to(study.comparison_folder)
    assert study.maps[0].name not in write_study_report(fewer).read_text()
