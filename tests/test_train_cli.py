import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost
from numpy.testing import assert_allclose
from train_inputs import FAST, RUN_SETTINGS, argv, write_inputs

import train
from spex.models import PARAMETERS
from spex.storage import DataFolder, load_array, save_array

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def options(tmp_path):
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
def test_equals_a_direct_call_of_xgboost(options, capsys, validation):
    more = ["--validation_chroms", *validation] if validation else []
    assert train.main(argv(options, *more)) == 0
    training = {"chr1", "chr2", "chr9"} - set(validation)
    train_x, train_y = matrices(options, training)
    watched_x, watched_y = matrices(options, validation or ["chr8"])
    test_x, test_y = matrices(options, ["chr8"])
    parameters = {key: value for key, value in {**PARAMETERS["gbtree"], **FAST}.items() if "round" not in key}
    quantised = xgboost.QuantileDMatrix(train_x, train_y, max_bin=100)
    booster = xgboost.train(
        {**parameters, "seed": 1410},
        quantised,
        num_boost_round=6,
        evals=[(xgboost.QuantileDMatrix(watched_x, watched_y, ref=quantised, max_bin=100), "watched")],
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
    assert record["genes"]["train_genes"] == len(train_y)
    assert record["genes"]["test_genes"] == len(test_y)
    assert record["settings"]["seed"] == 1410
    rmse = np.sqrt(np.mean((predicted - test_y) ** 2))
    assert capsys.readouterr().out.startswith(f"rmse: {rmse:.4f} spearman: ")
    assert (fit / "predicted_vs_observed.png").read_bytes().startswith(b"\x89PNG")


def test_reports_the_published_line_and_the_protocol(options, capsys):
    assert train.main(argv(options)) == 0
    output = capsys.readouterr()
    words = output.out.split()
    assert output.out.count("\n") == 1
    assert words[::2] == ["rmse:", "spearman:", "pval:", "pearson:", "pval:"]
    assert all(np.isfinite([float(word) for word in words[1::2]]))
    assert "early stopping watches the test chromosome (chr8), as published" in output.err
    assert "--validation_chroms chr9 gives an unbiased one" in output.err
    assert "35 training genes, 0 validation genes, 12 test genes (chr8)" in output.err
    assert "which cannot be checked" in output.err


def test_genes_without_a_tensor_are_counted_and_named(options, capsys):
    folder = DataFolder(options["--data_folder"])
    for row in (0, 1, 5, 6, 11, 15, 16):
        folder.tensor_path(f"ENSG{row:011d}").unlink()
    assert train.main(argv(options)) == 0
    names = ", ".join(f"ENSG{row:011d}" for row in (0, 1, 5, 6, 11))
    assert f"7 genes have no tensor and are left out: {names} and 2 more" in capsys.readouterr().err
    assert json.loads((only_fit(options) / "metrics.json").read_text())["genes"]["genes_without_tensor"] == 7


def test_same_bytes_when_run_twice(options):
    assert train.main(argv(options)) == 0
    first = {path.name: path.read_bytes() for path in only_fit(options).iterdir()}
    assert train.main(argv(options)) == 0
    assert {path.name: path.read_bytes() for path in only_fit(options).iterdir()} == first


def test_reads_tensors_of_the_published_program(tmp_path, capsys):
    options = write_inputs(tmp_path, run_settings=None) | {"--params": str(tmp_path / "fast.json")}
    assert train.main(argv(options)) == 0
    line = capsys.readouterr().out
    for path in DataFolder(options["--data_folder"]).tensors.iterdir():
        np.save(path, load_array(path).astype(np.float64))
    assert train.main(argv(options)) == 0
    assert capsys.readouterr().out == line


def test_runs_without_the_libraries_of_tensors(options):
    code = f"""
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("torch", "cooler", "pyfaidx", "gspread"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import train
sys.exit(train.main({argv(options)!r}))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("rmse: ")


def test_missing_files(options, tmp_path, capsys):
    line = refused(capsys, options | {"--genes_filename": str(tmp_path / "none.csv")})
    assert "--genes_filename" in line and "python -m spex.resources get genes" in line
    line = refused(capsys, options | {"--gene_expression_filename": str(tmp_path / "none.csv")})
    assert "--gene_expression_filename" in line and "python -m spex.resources get expression" in line
    assert "python tensors.py" in refused(capsys, options | {"--data_folder": str(tmp_path / "none")})


def test_expression_that_does_not_fit(options, tmp_path, capsys):
    path = Path(options["--gene_expression_filename"])
    table = pd.read_csv(path, index_col=0)
    table.iloc[:-1].to_csv(path)
    assert "59 rows, but the genes table has 60" in refused(capsys, options)
    for value in (np.nan, -1.0, np.inf):
        table.assign(**{table.columns[0]: table.iloc[:, 0].where(table.index != 7, value)}).to_csv(path)
        assert "gene ENSG00000000007 (line 9)" in refused(capsys, options)
    table.reset_index(drop=True).to_csv(path, index=False)
    assert "neither an id column nor" in refused(capsys, options)
    path.write_bytes(gzip.compress(b"a,b"))
    assert "no readable table header" in refused(capsys, options)


@pytest.mark.parametrize("index", ["0", "5", "-1", "liver", "1.5"])
def test_unknown_target(options, capsys, index):
    line = refused(capsys, options | {"--target_index": index})
    assert f"--target_index {index}" in line
    assert "4 Liver" in line


def test_genes_for_each_role(options, capsys):
    assert "--test_chroms chr3: no test genes" in refused(capsys, options, "--test_chroms", "chr3")
    assert "--validation_chroms 9: no validation genes" in refused(capsys, options, "--validation_chroms", "9")
    everything = ["--test_chroms", "chr1", "chr2", "chr8", "chr9"]
    assert "no training genes" in refused(capsys, options, *everything)
    assert "no training genes" in refused(capsys, options, "--test_only")
    assert "among --test_chroms too" in refused(capsys, options, "--validation_chroms", "chr8")


def test_tensors_that_must_not_reach_training(options, capsys):
    folder = DataFolder(options["--data_folder"])
    path = folder.tensor_path("ENSG00000000000")
    good = load_array(path)
    bad = good.copy()
    bad[5] = np.nan
    for array in (bad, good[:-1], np.concatenate([good, good[:4004]]), good.astype(np.float64) * 1e60):
        save_array(path, array)
        line = refused(capsys, options)
        assert str(path) in line
        assert "run tensors.py again" in line
    path.write_bytes(path.read_bytes()[:-10])
    assert "cannot be used" in refused(capsys, options)


def test_width_follows_the_run_settings(tmp_path, capsys):
    options = write_inputs(tmp_path, width=20020, run_settings=RUN_SETTINGS | {"maps_sha256": ["3" * 64]})
    assert "expected 24024" in refused(capsys, options)


@pytest.mark.parametrize(
    "content, told",
    [
        ('{"etta": 0.1}', "etta"),
        ('{"eta": -1}', "xgboost refuses it"),
        ('{"num_boost_round": 0}', "num_boost_round"),
        ("[1]", "expected an object"),
        ("{", "not JSON"),
    ],
)
def test_parameters_that_cannot_be_used(options, tmp_path, capsys, content, told):
    (tmp_path / "fast.json").write_text(content)
    assert told in refused(capsys, options)
