import csv
import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spex.models.fits import predictions_table
from spex.runs import records

SETTINGS = {
    "target_index": 22,
    "target": "Brain - Cortex (BA9) / β",
    "model": "gbtree",
    "split": "test-chr8",
    "seed": 1410,
}
NOTES = {"biosample": "", "log_note": ""}
GENES = {"train": 5, "validation": 0, "test": 3}
SCORES = {"rmse": 2.0, "spearman": float("nan")}


def test_names_tell_fits_apart():
    name = records.fit_name(SETTINGS)
    assert re.fullmatch(r"22-Brain-Cortex-BA9_gbtree_test-chr8_seed1410_[0-9a-f]{8}", name)
    changed = [SETTINGS | {field: "other"} for field in SETTINGS] + [SETTINGS | {"pseudocount": 1}]
    assert len({name, *map(records.fit_name, changed)}) == len(SETTINGS) + 2


def test_names_of_long_and_odd_tissues_are_file_names(tmp_path):
    for target in ("x" * 500, "../../etc", ".hidden", "a/b"):
        name = records.fit_name(SETTINGS | {"target": target})
        (tmp_path / name).mkdir()
    many = [f"chr{number}_KI270706v1_random" for number in range(20)]
    (tmp_path / records.fit_name(SETTINGS | {"split": records.split_name(many, many)})).mkdir()
    assert len(list(tmp_path.iterdir())) == 5


def test_splits_in_names_and_titles():
    assert records.split_name(["chr8"], []) == "test-chr8"
    split = records.split_name(["chr1", "chr2"], ["chr9"])
    assert split == "test-chr1+chr2_validation-chr9"
    assert records.split_title({"split": split}) == "test chr1, chr2, validation chr9"
    assert records.split_title({"split": "cv-22"}) == "out of sample in 22 folds"


@pytest.fixture
def written(tmp_path):
    folder = tmp_path / "fit"
    folder.mkdir()
    (folder / "predictions.csv").write_text("id,predicted\nG1,0.5\n")
    (folder / "residuals.png").write_bytes(b"picture")
    return folder, records.write_record(folder, settings=SETTINGS, notes=NOTES, genes=GENES, chosen={}, scores=SCORES)


def test_records_come_back_and_are_plain_json(written):
    folder, record = written
    assert records.read_record(folder) == record == records.read_finished(folder, SETTINGS)
    assert records.read_finished(folder, SETTINGS | {"seed": 1}) is None
    assert json.loads((folder / "metrics.json").read_text(), parse_constant=pytest.fail)["scores"]["spearman"] is None
    assert record["versions"]["numpy"] == np.__version__


def test_what_is_not_finished_has_no_record(tmp_path, written):
    assert records.read_record(tmp_path / "none") is None
    folder, _ = written
    whole = (folder / "metrics.json").read_text()
    for damaged in (whole[:-3], whole.replace("2.0", "1.0")):
        (folder / "metrics.json").write_text(damaged)
        assert records.read_record(folder) is None
        assert records.write_results(tmp_path) == [folder]


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_fit_with_a_damaged_file_is_not_finished(written, damage, caplog):
    folder, record = written
    (folder / "residuals.png").unlink()
    assert records.read_finished(folder, SETTINGS) == record
    predictions = folder / "predictions.csv"
    predictions.write_text("id,predicted\nG1,0.6\n") if damage == "changed" else predictions.unlink()
    assert records.find_changed(folder, record) == ["predictions.csv"]
    assert records.read_finished(folder, SETTINGS) is None
    assert "predictions.csv: damaged or missing since it was written; it is fitted again" in caplog.text


def test_results_hold_one_row_per_fit_however_often_they_are_written(tmp_path, written):
    _, record = written
    other = tmp_path / "another"
    other.mkdir()
    records.write_record(
        other, settings=SETTINGS | {"target": "Liver"}, notes=NOTES, genes=GENES, chosen={}, scores=SCORES
    )
    records.write_results(tmp_path)
    content = (tmp_path / "results.csv").read_bytes()
    records.write_results(tmp_path)
    assert (tmp_path / "results.csv").read_bytes() == content
    table = pd.read_csv(tmp_path / "results.csv")
    assert list(table["name"]) == ["another", "fit"]
    assert list(table["rmse"]) == [2.0, 2.0]
    assert records.results_row(record)["genes_train"] == 5


def write_many(results, count, renew):
    for number in range(count):
        folder = results / f"fit{number}"
        folder.mkdir()
        settings = SETTINGS | {"target_index": number}
        records.write_record(folder, settings=settings, notes=NOTES, genes=GENES, chosen={}, scores=SCORES)
        renew()


def test_results_are_written_less_often_the_longer_it_takes(tmp_path, monkeypatch):
    """By a clock on which a fit takes a second and each look at a record an eighth of one."""
    now, written = [0.0], []
    write = records.write_results

    def write_and_pass_time(results):
        written.append(len(list(results.glob("*/metrics.json"))))
        now[0] += written[-1] / 8
        return write(results)

    def renew_after_a_second():
        now[0] += 1
        renew()

    monkeypatch.setattr(records, "write_results", write_and_pass_time)
    monkeypatch.setattr(records, "time", SimpleNamespace(monotonic=lambda: now[0]))
    with records.results_kept_up(tmp_path) as renew:
        write_many(tmp_path, 60, renew_after_a_second)
    assert written == [1, 8, 58]


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, ValueError])
def test_results_are_whole_when_something_stops_the_run(tmp_path, monkeypatch, stopped_by):
    monkeypatch.setattr(records, "time", SimpleNamespace(monotonic=iter([0.0, 1.0, 2.0, 3.0]).__next__))
    with pytest.raises(stopped_by), records.results_kept_up(tmp_path) as renew:
        write_many(tmp_path, 3, renew)
        assert len(pd.read_csv(tmp_path / "results.csv")) == 1
        raise stopped_by
    assert len(pd.read_csv(tmp_path / "results.csv")) == 3


def test_predictions_give_float32_back(tmp_path):
    genes = pd.DataFrame({"id": ["a", "b"], "symbol": ["A", "B"], "chrom": "chr8", "other": 1})
    predicted = np.random.default_rng(0).normal(size=2).astype(np.float32)
    records.write_table(tmp_path / "p.csv", predictions_table(genes, predicted * 2, predicted))
    table = pd.read_csv(tmp_path / "p.csv")
    assert list(table.columns) == ["id", "symbol", "chrom", "observed", "predicted"]
    assert (table["predicted"].to_numpy(np.float32) == predicted).all()
    records.write_table(tmp_path / "p.csv", predictions_table(genes, None, predicted))
    assert list(pd.read_csv(tmp_path / "p.csv").columns) == ["id", "symbol", "chrom", "predicted"]


NAMES = ["=1+1", "+x", "-x", "@x", "\tx", "a\nb", "'=x", "''-", "'x", "x=", "", "NA", "007", "1e5", "a,b", "\udcff"]


@pd.option_context("mode.string_storage", "python")  # as every command sets it
def test_texts_are_no_formulas_in_a_spreadsheet_and_come_back_as_they_were(tmp_path):
    """Numbers below 0 stay numbers."""
    table = pd.DataFrame({"id": NAMES, "-title": NAMES[::-1], "number": np.linspace(-3, 3, len(NAMES)), "count": -1})
    records.write_table(tmp_path / "t.csv", table)
    with open(tmp_path / "t.csv", newline="", errors="surrogateescape") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "'-title", "number", "count"]
    assert not [cell for row in rows for cell in row[:2] if cell[:1] in [*"=+-@\t\r"] and cell]
    assert [float(row[2]) for row in rows] == pytest.approx(table["number"]) and {row[3] for row in rows} == {"-1"}
    assert [row[0] for row in rows[:6]] == ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "a\nb"]
    read = records.read_table(tmp_path / "t.csv", ("id", "-title"))
    assert list(read.columns) == list(table.columns)
    for name in ("id", "-title"):
        assert read[name].fillna("").tolist() == table[name].tolist()
    records.write_table(tmp_path / "cr.csv", pd.DataFrame({"id": ["\r=x", "x\r=y"]}))
    assert (tmp_path / "cr.csv").read_bytes() == b"id\n\\r=x\nx\\r=y\n"
    records.write_table(tmp_path / "none.csv", table[:0])
    assert len(records.read_table(tmp_path / "none.csv", ("id",))) == 0


def test_results_of_a_tissue_that_begins_as_a_formula(tmp_path):
    folder = tmp_path / "fit"
    folder.mkdir()
    settings = SETTINGS | {"target": "=HYPERLINK(1)"}
    records.write_record(folder, settings=settings, notes=NOTES, genes=GENES, chosen={}, scores=SCORES)
    records.write_results(tmp_path)
    (row,) = csv.DictReader((tmp_path / "results.csv").read_text().splitlines())
    assert row["target"] == "'=HYPERLINK(1)"
    assert records.read_table(tmp_path / "results.csv", ("target",))["target"].tolist() == ["=HYPERLINK(1)"]
