import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost
from conftest import ROOT
from numpy.testing import assert_allclose
from processes import TRAIN, fork
from scipy import stats
from train_inputs import FAST, NARROW_SETTINGS, RUN_SETTINGS, TISSUES, argv, write_inputs, write_narrow_inputs

from spex.commands import draw, train
from spex.commands.main import start
from spex.files.atomic import temporary_path, write_text
from spex.files.sealed import load_array, load_sealed_json, save_array, save_sealed_json
from spex.models import quantised
from spex.models.registry import MODELS
from spex.models.scores import METRICS, score
from spex.reports import fit_figures as report
from spex.runs import google_sheet, records
from spex.runs.folder import DataFolder


@pytest.fixture
def options(tmp_path):
    return write_narrow_inputs(tmp_path) | {"--params": str(tmp_path / "fast.json")}


@pytest.fixture
def published(tmp_path):
    """The same with tensors of the published network's width."""
    return write_inputs(tmp_path) | {"--params": str(tmp_path / "fast.json")}


def only_fit(options):
    (folder,) = [path.parent for path in Path(options["--data_folder"]).glob("results/*/metrics.json")]
    return folder


def refused(capsys, options, *more):
    """Run train.py, which must exit with status 2, one line, and no result; returns that line."""
    assert train.main(argv(options, *more)) == 2
    output = capsys.readouterr()
    assert output.out == ""
    (line,) = [line for line in output.err.splitlines() if line.startswith("train.py: error: ")]
    assert output.err.splitlines()[-1] == line
    assert not DataFolder(options["--data_folder"]).results.exists()
    return line


def matrices(options, chroms):
    """Features and ln(expression) of the genes with a tensor on some chromosomes, read the obvious way."""
    table = pd.read_csv(options["--genes_filename"]).dropna()
    table = table[table["seqnames"].isin(chroms)]
    expression = pd.read_csv(options["--gene_expression_filename"]).iloc[table.index, 1]
    folder = DataFolder(options["--data_folder"])
    features = np.stack([load_array(folder.tensor_path(gene)) for gene in table["id"]])
    return features, np.log(expression.to_numpy() + 0.0001)


@pytest.mark.parametrize("validation", [[], ["chr9"]])
def test_equals_a_direct_call_of_xgboost(options, capsys, monkeypatch, validation):
    more = ["--validation_chroms", *validation] if validation else []
    if validation:  # bins column by column, as for many genes
        monkeypatch.setattr(quantised, "ROWS_AT_ONCE", 20)
    assert train.main(argv(options, *more)) == 0
    training = {"chr1", "chr2", "chr9"} - set(validation)
    train_x, train_y = matrices(options, training)
    watched_x, watched_y = matrices(options, validation or ["chr8"])
    test_x, test_y = matrices(options, ["chr8"])
    parameters = {key: value for key, value in {**MODELS["gbtree"].defaults, **FAST}.items() if "round" not in key}
    matrix = xgboost.QuantileDMatrix(train_x, train_y, max_bin=100)
    booster = xgboost.train(
        {**parameters, "seed": 1410},
        matrix,
        num_boost_round=6,
        evals=[(xgboost.QuantileDMatrix(watched_x, watched_y, ref=matrix, max_bin=100), "watched")],
        callbacks=[xgboost.callback.EarlyStopping(rounds=2, save_best=True)],
        verbose_eval=False,
    )
    predicted = booster.predict(xgboost.DMatrix(test_x))
    fit = only_fit(options)
    written = pd.read_csv(fit / "predictions.csv")
    assert_allclose(written["predicted"], predicted, rtol=1e-6)
    assert_allclose(written["observed"], test_y, rtol=1e-6)
    assert set(written["chrom"]) == {"chr8"}
    saved = xgboost.Booster(model_file=fit / "model.ubj")
    assert_allclose(saved.predict(xgboost.DMatrix(test_x)), predicted, rtol=1e-6)
    record = json.loads((fit / "metrics.json").read_text())
    assert record["genes"]["train"] == len(train_y)
    assert record["genes"]["test"] == len(test_y)
    assert record["settings"]["seed"] == 1410
    rmse = np.sqrt(np.mean((predicted - test_y) ** 2))
    assert capsys.readouterr().out.startswith(f"rmse: {rmse} spearman: ")
    pictures = {path.name: path.read_bytes() for path in fit.glob("*.png")}
    assert set(pictures) == {"predicted_vs_observed.png", "residuals.png", "learning_curve.png", "importance.png"}
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())


def test_the_printed_line_is_that_of_a_plain_run_of_xgboost_to_the_last_digit(options, tmp_path, capsys, sketches):
    """Published parameters but for the rounds, published protocol, plain DMatrix: what people will compare."""
    rounds = {"num_boost_round": 40, "early_stopping_rounds": 10}
    (tmp_path / "rounds.json").write_text(json.dumps(rounds))
    assert train.main(argv(options, "--params", str(tmp_path / "rounds.json"))) == 0
    train_x, train_y = matrices(options, {"chr1", "chr2", "chr9"})
    test_x, test_y = matrices(options, ["chr8"])
    parameters = {key: value for key, value in MODELS["gbtree"].defaults.items() if key not in rounds}
    test = xgboost.DMatrix(test_x, test_y)
    booster = xgboost.train(
        {**parameters, "seed": 1410},
        xgboost.DMatrix(train_x, train_y),
        num_boost_round=40,
        evals=[(test, "test")],
        callbacks=[xgboost.callback.EarlyStopping(rounds=10, save_best=True)],
        verbose_eval=False,
    )
    predicted = booster.predict(test)
    assert len(set(predicted)) > 1  # it has learnt something
    rmse = np.sqrt(np.mean((test_y - predicted) ** 2))
    spearman, pearson = stats.spearmanr(test_y, predicted), stats.pearsonr(test_y, predicted)
    assert capsys.readouterr().out == (
        f"rmse: {float(rmse)} spearman: {float(spearman.statistic)} pval: {float(spearman.pvalue)} "
        f"pearson: {float(pearson.statistic)} pval: {float(pearson.pvalue)}\n"
    )


def test_reports_the_published_line_and_the_protocol(published, capsys, sketches):
    assert train.main(argv(published)) == 0
    output = capsys.readouterr()
    words = output.out.split()
    assert output.out.count("\n") == 1
    assert words[::2] == ["rmse:", "spearman:", "pval:", "pearson:", "pval:"]
    assert all(np.isfinite([float(word) for word in words[1::2]]))
    assert "as published, early stopping watches the test chromosome (chr8): the score is biased upwards" in output.err
    assert "--validation_chroms chr9 gives an unbiased one" in output.err
    assert "35 training genes, 0 validation genes, 12 test genes (chr8)" in output.err
    assert "importance has no names of features; get them with: python -m spex.resources get features" in output.err
    assert start("train", argv(published), "spex train") == 0
    assert "get them with: spex resources get features" in capsys.readouterr().err
    assert "which cannot be checked" in output.err


def test_genes_without_a_tensor_are_counted_and_named(options, capsys, sketches):
    folder = DataFolder(options["--data_folder"])
    for row in (0, 1, 5, 6, 11, 15, 16):
        folder.tensor_path(f"ENSG{row:011d}").unlink()
    assert train.main(argv(options)) == 0
    names = ", ".join(f"ENSG{row:011d}" for row in (0, 1, 5, 6, 11))
    assert f"7 genes have no tensor and are left out: {names} and 2 more" in capsys.readouterr().err
    assert json.loads((only_fit(options) / "metrics.json").read_text())["genes"]["without_tensor"] == 7


def test_same_bytes_when_fitted_twice(options):
    assert train.main(argv(options)) == 0
    fit = only_fit(options)
    first = {path.name: path.read_bytes() for path in fit.iterdir()}
    (fit / "metrics.json").unlink()
    assert train.main(argv(options)) == 0
    assert {path.name: path.read_bytes() for path in fit.iterdir()} == first


def test_reads_tensors_of_the_published_program(tmp_path, capsys, sketches):
    options = write_inputs(tmp_path, run_settings=None) | {"--params": str(tmp_path / "fast.json")}
    assert train.main(argv(options)) == 0
    line = capsys.readouterr().out
    for path in DataFolder(options["--data_folder"]).tensors.iterdir():
        np.save(path, load_array(path).astype(np.float64))
    assert train.main(argv(options)) == 0
    assert capsys.readouterr().out == line


def test_runs_without_the_libraries_of_tensors_and_loads_pictures_late(options):
    code = f"""
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("torch", "cooler", "pyfaidx", "gspread"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from spex.commands import train
assert "matplotlib" not in sys.modules
import spex.commands.draw
sys.exit(train.main({argv(options)!r}))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rmse: ")


def test_missing_files(options, tmp_path, capsys):
    for option, name, resource in (
        ("--genes_filename", "geneanno_GRCh38.csv", "genes"),
        ("--gene_expression_filename", "geneanno.exp.csv", "expression"),
    ):
        line = refused(capsys, options | {option: str(tmp_path / name)})
        assert f"{option} " in line and line.endswith(
            f"no such file; get it with: python -m spex.resources get {resource}"
        )
        line = refused(capsys, options | {option: str(tmp_path / "q")})
        assert f"{option} " in line and line.endswith("no such file; check the path")
    assert "python tensors.py" in refused(capsys, options | {"--data_folder": str(tmp_path / "none")})


def test_width_follows_the_run_settings(tmp_path, capsys):
    options = write_inputs(tmp_path, width=20020, run_settings=RUN_SETTINGS | {"maps_sha256": ["3" * 64]})
    assert "expected 24024" in refused(capsys, options)


def results_of(options):
    """Everything under results/ but pictures: relative path to bytes."""
    results = DataFolder(options["--data_folder"]).results
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in results.rglob("*")
        if path.is_file() and path.suffix != ".png"
    }


def results_table(options):
    return pd.read_csv(DataFolder(options["--data_folder"]).results / "results.csv")


def test_lists_targets(options, capsys):
    assert train.main(argv(options, "--list_targets")) == 0
    assert capsys.readouterr().out == "".join(f"{index}\t{name}\n" for index, name in enumerate(TISSUES, start=1))


def test_options_of_lists_can_be_given_again(options, capsys, sketches):
    more = ["--model", "ridge", "--test_chroms", "chr8", "--test_chroms", "chr1", "chr8", "--target_index", "3"]
    del options["--params"]
    assert train.main(argv(options, *more)) == 0
    table = results_table(options)
    assert list(table["target_index"]) == [1, 3]
    assert set(table["split"]) == {"test-chr1+chr8"}


def test_a_reader_that_has_seen_enough_is_no_error(options):
    process = fork([*TRAIN, *argv(options, "--list_targets")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.wait() == 141
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("rounds, reported", [(1, True), (500, False)])
def test_a_fit_that_ends_before_it_stops_learning_is_reported(options, tmp_path, capsys, sketches, rounds, reported):
    (tmp_path / "fast.json").write_text(json.dumps(FAST | {"num_boost_round": rounds, "eta": 1, "max_delta_step": 0}))
    assert train.main(argv(options)) == 0
    assert ("num_boost_round in --params allows more" in capsys.readouterr().err) == reported


def test_tensors_without_a_record_are_reported(tmp_path, capsys, sketches):
    options = write_inputs(tmp_path, run_settings=None) | {"--params": str(tmp_path / "fast.json")}
    assert train.main(argv(options)) == 0
    assert "run.json: no such file, so what the tensors were made from is unknown" in capsys.readouterr().err


def test_every_tissue_in_one_command(options, capsys, sketches):
    assert train.main(argv(options | {"--target_index": "all"})) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1 + len(TISSUES)
    table = results_table(options)
    assert sorted(table["target"]) == sorted(TISSUES)
    results = DataFolder(options["--data_folder"]).results
    (summary,) = results.glob("summary_*.csv")
    assert list(pd.read_csv(summary)["spearman"]) == sorted(table["spearman"], reverse=True)
    for name in table["name"]:
        files = {path.name for path in (results / name).iterdir()}  # but pictures, which `sketches` leaves out
        assert files == {
            "metrics.json",
            "model.ubj",
            "predictions.csv",
            "importance.csv",
            "importance_groups.csv",
        }


def test_a_tissue_fitted_among_others_is_the_same_as_alone(options, sketches, tmp_path):
    assert train.main(argv(options | {"--target_index": "2"})) == 0
    alone = results_of(options)
    assert train.main(argv(options | {"--target_index": "all"})) == 0
    together = results_of(options)
    assert {name: together[name] for name in alone if name != "results.csv"} == {
        name: content for name, content in alone.items() if name != "results.csv"
    }
    assert len(results_table(options)) == len(TISSUES)


@pytest.mark.parametrize("model, kills", [("gbtree", [3, 8]), ("ridge", [2, 6, 7, 9, 13])])
@pytest.mark.usefixtures("sketches")
def test_killed_at_any_file_and_run_again(tmp_path, monkeypatch, model, kills):
    def command(folder):
        options = write_narrow_inputs(folder) | {"--target": "Brain*"}
        more = ["--params", str(folder / "fast.json")] if model == "gbtree" else []
        del options["--target_index"]
        return options, argv(options, "--model", model, *more)

    monkeypatch.setattr(records, "SHARE_OF_TIME", math.inf)  # results.csv with every fit, however slow the disk
    (tmp_path / "whole").mkdir()
    whole, arguments = command(tmp_path / "whole")
    assert train.main(arguments) == 0
    expected = results_of(whole)
    replace = os.replace
    for kill_at in kills:
        place = tmp_path / str(kill_at)
        place.mkdir()
        options, arguments = command(place)
        done = []

        def replace_or_die(source, target, done=done, kill_at=kill_at):
            done.append(target)
            if len(done) == kill_at:
                raise KeyboardInterrupt
            replace(source, target)

        monkeypatch.setattr(os, "replace", replace_or_die)
        assert train.main(arguments) == 130
        monkeypatch.setattr(os, "replace", replace)
        assert len(results_of(options)) < len(expected)
        assert train.main(arguments) == 0
        assert results_of(options) == expected


def test_another_setting_never_overwrites(options, tmp_path, sketches):
    (tmp_path / "slow.json").write_text(json.dumps(FAST | {"eta": 0.1}))
    variants = [
        ["--pseudocount", "0.01"],
        ["--validation_chroms", "chr9"],
        ["--params", str(tmp_path / "slow.json")],
    ]
    for count, more in enumerate([[], *variants, []], start=1):
        assert train.main(argv(options, *more)) == 0
        assert len(results_table(options)) == min(count, 1 + len(variants))
    folder = DataFolder(options["--data_folder"])
    path = folder.tensor_path("ENSG00000000000")
    save_array(path, load_array(path) + np.float32(1))
    assert train.main(argv(options)) == 0
    assert len(results_table(options)) == 2 + len(variants)


def without_parameters(options):
    return {name: value for name, value in options.items() if name != "--params"}


def test_another_note_fits_nothing_again_and_takes_the_place_of_the_old_one(options, capsys, sketches):
    def note(*more):
        assert train.main(argv(options, *more)) == 0
        table = results_table(options)
        assert len(table) == 1
        return ["" if pd.isna(text) else text for text in table[["biosample", "log_note"]].iloc[0]], capsys.readouterr()

    assert note("--biosample", "GM12878")[0] == ["GM12878", ""]
    model = (only_fit(options) / "model.ubj").stat().st_mtime_ns
    for more, expected in (
        (["--log_note", "second look"], ["GM12878", "second look"]),
        ([], ["GM12878", "second look"]),
        (["--biosample", "K562"], ["K562", "second look"]),
    ):
        found, output = note(*more)
        assert found == expected
        assert "finished before" in output.err and output.out.startswith("rmse: ")
    assert (only_fit(options) / "model.ubj").stat().st_mtime_ns == model


def test_pictures_are_drawn_again_without_fitting(options, capsys):
    assert train.main(argv(options)) == 0
    fit = only_fit(options)
    pictures = {path: path.read_bytes() for path in fit.glob("*.png")}
    model = (fit / "model.ubj").stat().st_mtime_ns
    for path in pictures:
        path.unlink()
    assert draw.main([options["--data_folder"]]) == 0
    assert "1 fits and tables drawn" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in fit.glob("*.png")} == pictures
    next(iter(pictures)).unlink()
    assert train.main(argv(options)) == 0  # what is missing is drawn by the command that made it, too
    assert {path: path.read_bytes() for path in fit.glob("*.png")} == pictures
    assert (fit / "model.ubj").stat().st_mtime_ns == model


def test_what_a_killed_run_left_half_written_goes(options, capsys, monkeypatch):
    """Beside the tables of all fits, and beside a fit's pictures, which are drawn when it is finished already."""
    monkeypatch.setattr(report, "write_figure", lambda figure, path: write_text(path, ""))
    assert train.main(argv(options)) == 0
    fit = only_fit(options)
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = [
        temporary_path(path).with_name(temporary_path(path).name.replace(f".{os.getpid()}.", f".{gone.pid}."))
        for path in (fit / "importance.png", fit.parent / "results.csv")
    ]
    for path in left:
        path.touch()
    (fit / "importance.png").unlink()  # as when the kill came while it was written
    monkeypatch.setattr("spex.files.atomic.CLEANED", set())  # as in a process of its own
    assert train.main(argv(options)) == 0
    assert "finished before" in capsys.readouterr().err
    assert not [path for path in left if path.exists()]


def test_summaries_are_drawn_again(options, capsys, monkeypatch):
    monkeypatch.setattr(report, "draw_fit", lambda folder, record: None)  # which are drawn again in another test
    assert train.main(argv(without_parameters(options) | {"--target_index": "all"}, "--model", "ridge")) == 0
    (picture,) = DataFolder(options["--data_folder"]).results.glob("summary_*.png")
    content = picture.read_bytes()
    picture.unlink()
    assert draw.main([options["--data_folder"]]) == 0
    assert picture.read_bytes() == content


def test_drawing_passes_over_what_it_cannot_draw(options, tmp_path, capsys, sketches):
    assert draw.main([str(tmp_path / "nothing")]) == 2
    assert "no folder results in it; fit something first" in capsys.readouterr().err
    assert train.main(argv(options)) == 0
    fit = only_fit(options)
    results, record = fit.parent, load_sealed_json(fit / "metrics.json")
    (fit / "predictions.csv").write_text("id\n")
    for name, content in (("old", "target_index,target,fits,rmse,spearman\n1,Liver,2,1.0,0.5\n"), ("empty", "")):
        (results / f"summary_gbtree_test-chr8_{name}.csv").write_text(content)
    (results / "of_version_1.0").mkdir()
    old = {name: value for name, value in record.items() if name not in ("history", "notes")} | {"files": {}}
    save_sealed_json(results / "of_version_1.0" / "metrics.json", old)
    assert draw.main([options["--data_folder"]]) == 0
    err = capsys.readouterr().err
    assert f"{fit}: not drawn: damaged; rerun the command that made it to rebuild it" in err
    assert "of_version_1.0: not drawn: of version 1.0, which kept no history" in err
    assert err.count("not drawn: damaged, or of version 1.0") == 2
    assert "0 fits and tables drawn" in err


def test_a_fit_made_again_leaves_no_picture_of_the_old_one(options, capsys, monkeypatch):
    monkeypatch.setattr(report, "write_figure", lambda figure, path: path.touch())
    assert train.main(argv(options)) == 0
    fit = only_fit(options)
    assert list(fit.glob("*.png"))
    (fit / "model.ubj").write_bytes(b"damaged")
    monkeypatch.setattr(train, "draw_missing", lambda folder, record: 1 / 0)  # killed before it draws
    with pytest.raises(ZeroDivisionError):
        train.main(argv(options))
    assert not list(fit.glob("*.png"))


def test_ridge_has_no_seed_in_its_identity(options, capsys, sketches):
    for seed in ("1", "2"):
        assert train.main(argv(without_parameters(options), "--model", "ridge", "--seed", seed)) == 0
    record = json.loads((only_fit(options) / "metrics.json").read_text())
    assert record["settings"]["seed"] is None
    assert "seed" not in record["name"]


def test_the_seed_of_the_trees_does_not_drive_the_bootstrap(options, capsys, sketches):
    assert train.main(argv(options, "--seed", "7")) == 0
    table = pd.read_csv(only_fit(options) / "predictions.csv")
    record = json.loads((only_fit(options) / "metrics.json").read_text())
    again = score(table["observed"], table["predicted"])  # with the default seed
    assert_allclose(record["scores"]["spearman_low"], again.spearman_low, rtol=1e-6)
    assert_allclose(record["scores"]["pearson_high"], again.pearson_high, rtol=1e-6)


def test_repeats_take_one_seed_each(options, capsys, sketches):
    assert train.main(argv(options, "--repeats", "3", "--seed", "5")) == 0
    header, row = capsys.readouterr().out.splitlines()
    table = results_table(options)
    assert list(table["seed"]) == [5, 6, 7]
    assert table["rmse"].nunique() == 3
    shown = "index tissue genes fits rmse ± s.d. Spearman ± s.d. Pearson ± s.d."
    assert header.split() == shown.split()
    assert row.split()[-10] == "3"
    numbers = [f"{getattr(table[name], of)():.4f}" for name in METRICS for of in ("mean", "std")]
    assert row.replace("±", "").split()[-6:] == numbers
    assert "ridge has no random part" in refused_again(capsys, options, "--repeats", "3", "--model", "ridge")


def test_the_table_of_single_fits_has_no_columns_of_equal_numbers(options, capsys, sketches):
    several = without_parameters(options) | {"--target_index": "1-2"}
    assert train.main(argv(several, "--model", "ridge")) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    names = "index tissue genes rmse Spearman (95 % interval) Pearson (95 % interval)"
    assert header.split() == names.split()
    table = results_table(options).sort_values("spearman", ascending=False)
    for row, fit in zip(rows, table.itertuples(), strict=True):
        spearman = f"{fit.spearman:.4f} ({fit.spearman_low:.3f} to {fit.spearman_high:.3f})"
        assert f" {fit.rmse:.4f} " in row and spearman in row and len(row) <= 100


def refused_again(capsys, options, *more):
    assert train.main(argv(options, *more)) == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("groups, folds", [([], 4), (["--cv_groups", "3"], 3)])
def test_cross_validation_predicts_every_gene_once_out_of_sample(options, capsys, sketches, groups, folds):
    command = argv(options, "--cv", "chromosomes", "--model", "ridge", *groups)
    command = [part for part in command if part not in ("--params", options["--params"])]
    assert train.main(command) == 0
    results = DataFolder(options["--data_folder"]).results
    table = results_table(options).set_index("split")
    pooled = pd.read_csv(results / table["name"][f"cv-{folds}"] / "predictions.csv")
    genes = pd.read_csv(options["--genes_filename"]).dropna()
    assert list(pooled["id"]) == list(genes[genes["seqnames"] != "chrX"]["id"])
    parts = table.drop(f"cv-{folds}")
    assert len(parts) == folds
    for name in parts["name"]:
        record = json.loads((results / name / "metrics.json").read_text())
        test, validation = record["settings"]["test_chroms"], record["settings"]["validation_chroms"]
        assert validation and not set(test) & set(validation)
        fold = pd.read_csv(results / name / "predictions.csv")
        assert set(fold["chrom"]) == set(test)
        assert_allclose(pooled.set_index("id").loc[fold["id"], "predicted"], fold["predicted"], rtol=1e-9)
    rmse = np.sqrt(np.mean((pooled["observed"] - pooled["predicted"]) ** 2))
    output = capsys.readouterr()
    printed = output.out.split()
    assert_allclose(float(printed[1]), rmse, rtol=1e-8)  # predictions go through a table of nine digits
    by_chrom = pooled.groupby("chrom")[["observed", "predicted"]]
    sizes, each = by_chrom.size(), by_chrom.apply(lambda part: stats.spearmanr(*part.to_numpy().T).statistic)
    within, row = np.average(each, weights=sizes), table.loc[f"cv-{folds}"]
    assert_allclose([float(output.out.rpartition("spearman: ")[2].split()[0]), row["spearman_within"]], within)
    assert row["spearman_within_low"] < within < row["spearman_within_high"]
    assert "report the mean Spearman within chromosomes" in output.err
    record = json.loads((results / row["name"] / "metrics.json").read_text())
    assert record["settings"]["bootstrap"] == "blocks"
    before = results_of(options)
    assert train.main(command) == 0
    assert results_of(options) == before


def test_intervals_of_blocks_are_asked_for_and_a_published_fit_knows_nothing_of_them(options, sketches):
    results = DataFolder(options["--data_folder"]).results
    assert train.main(argv(options)) == 0
    published = results_of(options)
    (record,) = results.glob("*/metrics.json")
    before = json.loads(record.read_text())
    assert "bootstrap" not in before["settings"] and not [name for name in before["scores"] if "within" in name]
    assert not [name for name in results_table(options) if "within" in name]
    assert train.main(argv(options, "--bootstrap", "genes")) == 0
    assert results_of(options) == published
    assert train.main(argv(options, "--bootstrap", "blocks")) == 0
    (other,) = {path.parent for path in results.glob("*/metrics.json")} - {record.parent}
    after = json.loads((other / "metrics.json").read_text())
    assert after["settings"] == before["settings"] | {"bootstrap": "blocks"}
    assert after["scores"]["spearman"] == before["scores"]["spearman"]
    assert after["scores"]["spearman_low"] != before["scores"]["spearman_low"]


def test_a_table_of_folds_has_the_mean_within_chromosomes_beside_the_pooled_score(options, capsys, sketches):
    several = without_parameters(options) | {"--target_index": "1-2"}
    command = argv(several, "--cv", "chromosomes", "--cv_groups", "3", "--model", "ridge", "--bootstrap", "genes")
    assert train.main(command) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    names = "index tissue genes rmse Spearman within (95 % interval) pooled (95 % interval)"
    assert header.split() == names.split()
    (path,) = DataFolder(options["--data_folder"]).results.glob("summary_*.csv")
    for row, fit in zip(rows, pd.read_csv(path).itertuples(), strict=True):
        within = f"{fit.spearman_within:.4f} ({fit.spearman_within_low:.3f} to {fit.spearman_within_high:.3f})"
        assert within in row and f" {fit.spearman:.4f} (" in row and len(row) <= 100


def test_folds_are_drawn_all_together_and_each_only_when_asked(options, monkeypatch):
    monkeypatch.setattr(report, "write_figure", lambda figure, path: path.touch())
    command = argv(without_parameters(options), "--cv", "chromosomes", "--cv_groups", "3", "--model", "ridge")
    for _ in range(2):
        assert train.main(command) == 0
        folders = [path.parent for path in DataFolder(options["--data_folder"]).results.glob("*/metrics.json")]
        pooled, *folds = sorted(folders, key=lambda folder: "cv-3" not in folder.name)
        assert {path.name for path in pooled.glob("*.png")} == {"predicted_vs_observed.png", "residuals.png"}
        assert len(folds) == 3 and not [picture for fold in folds for picture in fold.glob("*.png")]
    assert draw.main([options["--data_folder"]]) == 0
    assert [len(list(fold.glob("*.png"))) for fold in folds] == [4, 4, 4]


@pytest.mark.usefixtures("sketches")
def test_folds_of_ridge_are_no_fits_of_single_splits_and_can_be_resumed(options):
    """The same chromosomes give other numbers: a cross-validation standardises over all genes."""
    ridge = argv(without_parameters(options), "--model", "ridge")
    together = [*ridge, "--cv", "chromosomes"]
    assert train.main([*ridge, "--test_chroms", "chr8", "--validation_chroms", "chr9"]) == 0
    assert train.main(together) == 0
    results = DataFolder(options["--data_folder"]).results
    table = results_table(options)
    (alone, fold) = (json.loads((results / name / "metrics.json").read_text()) for name in _of_chr8(table))
    if "standardised_over" in alone["settings"]:
        alone, fold = fold, alone
    assert fold["settings"] == alone["settings"] | {"standardised_over": "all genes"}
    assert_allclose(fold["scores"]["rmse"], alone["scores"]["rmse"], rtol=0.1)
    whole = results_of(options)
    (lost,) = results.glob(f"{fold['name']}")
    for path in lost.iterdir():
        path.unlink()
    assert train.main(together) == 0
    assert results_of(options) == whole


def _of_chr8(table):
    return table["name"][table["split"] == "test-chr8_validation-chr9"]


@pytest.mark.parametrize("more", [["--validation_chroms", "chr9"], ["--cv", "chromosomes", "--cv_groups", "3"]])
def test_a_penalty_of_the_neighbours_own_is_chosen_recorded_and_drawn(tmp_path, monkeypatch, capsys, more):
    if "--cv" in more:  # whose pictures are those of the other
        monkeypatch.setattr(report, "write_figure", lambda figure, path: path.touch())
    options = write_inputs(tmp_path, width=24024, run_settings=RUN_SETTINGS | {"maps_sha256": ["a" * 64]})
    own = ["--neighbour_penalties", "1e3", "none", "--neighbour_penalties", "1e5"]
    (tmp_path / "few.json").write_text(json.dumps({"penalties": [1e3, 1e5]}))
    command = argv(options, "--model", "ridge", "--params", str(tmp_path / "few.json"), *own, *more)
    assert train.main(command) == 0
    message = capsys.readouterr().err
    results = DataFolder(options["--data_folder"]).results
    table = results_table(options)
    single = table[~table["split"].str.startswith("cv-")]
    assert set(single["neighbour_penalty"].astype(str)) <= {"1000.0", "100000.0", "none"}
    for name in single["name"]:
        record = json.loads((results / name / "metrics.json").read_text())
        assert record["settings"]["parameters"]["neighbour_penalties"] == [1e3, "none", 1e5]
        assert record["history"]["penalty"] == [1e3] * 3 + [1e5] * 3
        assert record["history"]["neighbour_penalty"] == [1e3, 1e5, "none"] * 2
        chosen = record["chosen"]["neighbour_penalty"]
        assert f"neighbour_penalty {chosen if chosen == 'none' else f'{chosen:g}'}" in message
        assert (results / name / "learning_curve.png").exists() == ("--cv" not in more)
    assert train.main(command) == 0
    assert "finished before" in capsys.readouterr().err


def test_neighbour_penalties_in_one_place_only(tmp_path, capsys, sketches):
    options = write_inputs(tmp_path, width=24024, run_settings=RUN_SETTINGS | {"maps_sha256": ["a" * 64]})
    (tmp_path / "own.json").write_text(json.dumps({"neighbour_penalties": [1e3, "none"]}))
    more = ["--model", "ridge", "--params", str(tmp_path / "own.json"), "--neighbour_penalties", "1"]
    assert train.main(argv(options, *more)) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "own.json: neighbour_penalties is given by --neighbour_penalties too; give one of them" in line
    assert train.main(argv(options, *more[:-2])) == 0


def test_groups_of_contacts_from_run_json_to_scores_and_names(tmp_path, capsys, sketches):
    """Three groups: 32,032 features, six contact columns in the importance, and a penalty for all of them."""
    settings = RUN_SETTINGS | {
        "maps_sha256": ["a" * 64],
        "contact_rule": "corrected",
        "distance_edges": [0.3, 0.6, 1.0],
    }
    options = write_inputs(tmp_path, width=32032, run_settings=settings)
    assert train.main(argv(options, "--model", "ridge", "--neighbour_penalties", "1e3", "none")) == 0
    fit = only_fit(options)
    record = json.loads((fit / "metrics.json").read_text())
    assert record["settings"]["width"] == 32032 and record["settings"]["tensors"]["distance_edges"] == [0.3, 0.6, 1.0]
    groups = pd.read_csv(fit / "importance_groups.csv")
    names = groups["name"][groups["group"] == "position"].tolist()
    sides = ("contacts downstream", "contacts upstream")
    assert names[10:] == [f"{side}, group {number}" for number in (1, 2, 3) for side in sides]
    assert list(pd.read_csv(fit / "importance.csv").columns[-16:]) == names
    assert train.main(argv(options, "--distance_edges", "0.3")) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert "--distance_edges 0.3: the tensors in" in message and "with distance_edges 0.3 0.6 1, says" in message


@pytest.mark.parametrize("model", ["gbtree", "ridge"])
def test_a_saved_model_on_another_folder(options, tmp_path, capsys, sketches, model):
    more = ["--model", model]
    if model == "ridge":
        del options["--params"]
    assert train.main(argv(options, *more)) == 0
    fit = only_fit(options)
    (tmp_path / "other").mkdir()
    other = write_inputs(tmp_path / "other", 2000, run_settings=NARROW_SETTINGS | {"genome_sha256": "f" * 64})
    capsys.readouterr()
    assert train.main(argv(other, "--predict", str(fit))) == 0
    table = pd.read_csv(capsys.readouterr().out.strip())
    assert len(table) == 47
    (fit / "importance.csv").unlink()  # a copy of the record and the model is enough
    assert train.main(argv(other, "--predict", str(fit))) == 0
    tested = pd.read_csv(fit / "predictions.csv").set_index("id")["predicted"]
    assert_allclose(table.set_index("id").loc[tested.index, "predicted"], tested, rtol=1e-6)


@pytest.mark.parametrize(
    "width, changes, message",
    [
        (24024, {"maps_sha256": ["a" * 64]}, "fitted on tensors of 20,020 features"),
        (20020, {"beluga_sha256": "e" * 64}, "fitted on tensors with beluga_sha256"),
        (20020, {"contact_rule": "corrected"}, "fitted on tensors with contact_rule None"),
        (
            28028,
            {"maps_sha256": ["a" * 64], "distance_edges": [0.3, 1.0]},
            "of 20,020 features, those in .* have 28,028",
        ),
        (20020, {"contact_weight": "log"}, "fitted on tensors with contact_weight None"),
    ],
)
@pytest.mark.usefixtures("sketches")
def test_a_saved_model_refuses_other_features(published, capsys, width, changes, message):
    assert train.main(argv(published)) == 0
    assert capsys.readouterr().out
    tmp_path = Path(published["--data_folder"]).parent
    (tmp_path / "other").mkdir()
    other = write_inputs(tmp_path / "other", width=width, run_settings=RUN_SETTINGS | changes)
    assert re.search(message, refused(capsys, other, "--predict", str(only_fit(published))))


def test_expression_by_gene_id_gives_what_the_published_form_gives(options, tmp_path, sketches):
    assert train.main(argv(options)) == 0
    first = pd.read_csv(only_fit(options) / "predictions.csv")
    table = pd.read_csv(options["--gene_expression_filename"], index_col=0)
    table.insert(0, "id", pd.read_csv(options["--genes_filename"])["id"] + ".3")
    table.sample(frac=1, random_state=1).to_csv(tmp_path / "e.tsv.gz", sep="\t", index=False)
    assert train.main(argv(options | {"--gene_expression_filename": str(tmp_path / "e.tsv.gz")})) == 0
    results = DataFolder(options["--data_folder"]).results
    second, other = (pd.read_csv(results / name / "predictions.csv") for name in results_table(options)["name"])
    pd.testing.assert_frame_equal(second, other)
    pd.testing.assert_frame_equal(second, first)


def test_new_fits_go_to_the_sheet_once(options, monkeypatch, sketches):
    rows = []

    class Log:
        def append(self, fields):
            rows.append(fields)

    monkeypatch.setattr(train, "open_sheet_log", lambda *_: Log())
    for _ in range(2):
        assert train.main(argv(options, "--biosample", "GM12878")) == 0
    (row,) = rows
    assert row["target"] == TISSUES[0] and row["biosample"] == "GM12878"
    assert set(row) == {"date", *results_table(options).columns}


def test_sheet_options_are_checked_before_anything_is_read(options, capsys):
    assert "only one was given" in refused(capsys, options, "--google_spreadsheet_id", "x")
    assert google_sheet.open_sheet_log(None, None) is None


def test_importance_is_named_by_the_feature_table(published, tmp_path, capsys, sketches):
    names = pd.DataFrame({"Cell Type": "K562", "Assay": np.resize(["DNase", "CTCF"], 2002), "Treatment": "None"})
    names.to_csv(tmp_path / "f.tsv", sep="\t", index=False)
    assert train.main(argv(published, "--features_filename", str(tmp_path / "f.tsv"))) == 0
    groups = pd.read_csv(only_fit(published) / "importance_groups.csv")
    assert set(groups[groups["group"] == "assay"]["name"]) == {"DNase", "CTCF"}
    assert_allclose(groups.groupby("group")["share"].sum(), 1, rtol=1e-6)
    none = str(tmp_path / "deepsea_beluga_2002_features.tsv")
    assert "resources get features" in refused_again(capsys, published, "--features_filename", none)


def test_a_model_that_learns_nothing_is_reported_all_the_same(options, tmp_path, capsys):
    (tmp_path / "fast.json").write_text(json.dumps(FAST | {"gamma": 1e9}))
    assert train.main(argv(options)) == 0
    output = capsys.readouterr()
    assert "spearman: nan pval: nan" in output.out
    assert "95 % intervals: none" in output.err
    record = json.loads((only_fit(options) / "metrics.json").read_text())
    assert record["scores"]["spearman"] is None
    assert pd.read_csv(only_fit(options) / "predictions.csv")["predicted"].nunique() == 1
