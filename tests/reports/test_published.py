"""The comparison's figures, worked out on trainings made up here."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from spex.files.sealed import save_sealed_json
from spex.reports import published as comparison
from spex.runs.folder import DataFolder
from spex.runs.records import FORMAT

GENES = [f"G{number}" for number in range(12)]
SEEDS = range(1410, 1413)
WITHOUT_PIXELS = ["G3", "G7"]


def write_fit(folder, seed, predicted, observed, target=22):
    """A finished training as train.py leaves it."""
    path = folder.results / f"{target}-tissue_seed{seed}"
    path.mkdir(parents=True)
    pd.DataFrame({"id": GENES, "observed": observed, "predicted": predicted}).to_csv(path / "predictions.csv")
    inputs = {"contact_rule": "published", "precision": "float32", "genome_sha256": "aa", "beluga_sha256": "bb"}
    settings = {"format": FORMAT, "target_index": target, "model": "gbtree", "split": "test-chr8", "seed": seed}
    settings |= {"genes_sha256": "cc", "expression_sha256": "dd"}
    record = {
        "settings": {**settings, "tensors": {**inputs, "maps_sha256": ["ee"]}},
        "genes": {"train": 1234},
        "versions": {"numpy": "2", "xgboost": "3"},
    }
    save_sealed_json(path / "metrics.json", record)


@pytest.fixture
def observed():
    return np.random.default_rng(1).normal(size=len(GENES))


@pytest.fixture
def folders(tmp_path, observed):
    """Three trainings of each kind; with contacts the noise is smaller. One of another seed, one of another target."""
    generator = np.random.default_rng(2)
    found = {features: DataFolder(tmp_path / features) for features in comparison.TITLES}
    for features, noise in (("sequence", 1.0), ("contacts", 0.3)):
        for seed in (*SEEDS, 7):
            write_fit(found[features], seed, observed + noise * generator.normal(size=len(GENES)), observed)
        write_fit(found[features], 1410, -observed, observed, target=3)
    table = pd.DataFrame({"id": [*GENES, "elsewhere"], "has_pixels": 1, "downstream_bins": 2, "upstream_bins": 0})
    table.loc[table["id"].isin(WITHOUT_PIXELS), ["has_pixels", "downstream_bins"]] = 0
    table.loc[table["id"] == "G0", "downstream_bins"] = 0
    table.to_csv(found["contacts"].contacts_tsv, sep="\t", index=False)
    return found


def predictions(folder, seed):
    return pd.read_csv(folder.results / f"22-tissue_seed{seed}" / "predictions.csv", index_col="id")


def cells(text, features, kind, source):
    (row,) = (
        line
        for line in text.splitlines()
        if line.startswith(f"| {comparison.TITLES[features]} | {kind}: ") and source in line
    )
    return [cell.strip() for cell in row.strip("|").split("|")]


@pytest.mark.parametrize("features", ["sequence", "contacts"])
@pytest.mark.parametrize(("kind", "left_out"), [("all", []), ("with contacts", WITHOUT_PIXELS)])
def test_measured_rows(folders, features, kind, left_out):
    text = comparison.compare(folders, SEEDS)
    trainings = [predictions(folders[features], seed).drop(left_out) for seed in SEEDS]
    rmse = [np.sqrt(np.mean((each["observed"] - each["predicted"]) ** 2)) for each in trainings]
    spearman, spearman_p = zip(
        *(stats.spearmanr(each["observed"], each["predicted"]) for each in trainings), strict=True
    )
    pearson, pearson_p = zip(*(stats.pearsonr(each["observed"], each["predicted"]) for each in trainings), strict=True)
    assert cells(text, features, kind, "measured")[1:] == [
        f"{kind}: {len(GENES) - len(left_out)}",
        "measured",
        f"{np.mean(rmse):.4f} ± {np.std(rmse, ddof=1):.4f}",
        f"{np.mean(spearman):.4f} ± {np.std(spearman, ddof=1):.4f}",
        f"{max(spearman_p):.2e}",
        f"{np.mean(pearson):.4f} ± {np.std(pearson, ddof=1):.4f}",
        f"{max(pearson_p):.2e}",
    ]


def test_published_rows_are_as_published(folders):
    text = comparison.compare(folders, SEEDS)
    sequence = ["2.2754", "0.8229", "9.17e-245", "0.8325", "1.29e-255"]
    contacts = ["2.0241", "0.8569", "1.90e-281", "0.8685", "5.78e-298"]
    assert cells(text, "sequence", "all", "published")[3:] == sequence
    assert cells(text, "contacts", "with contacts", "published")[3:] == contacts
    assert "all: 990 | published" in text and "with contacts: 972 | published" in text


def test_gain_is_paired_by_seed(folders):
    gain = [
        stats.spearmanr(*predictions(folders["contacts"], seed)[["observed", "predicted"]].to_numpy().T).statistic
        - stats.spearmanr(*predictions(folders["sequence"], seed)[["observed", "predicted"]].to_numpy().T).statistic
        for seed in SEEDS
    ]
    text = comparison.compare(folders, SEEDS)
    assert f"- all, 12 genes: {np.mean(gain):+.4f} ± {np.std(gain, ddof=1):.4f}" in text


def test_one_training_has_no_spread(folders):
    row = cells(comparison.compare(folders, SEEDS[:1]), "contacts", "all", "measured")
    assert "±" not in "".join(row)


def test_details_say_what_it_rests_on(folders):
    text = comparison.compare(folders, SEEDS)
    assert "- seeds 1410 to 1412; 1,234 training genes" in text
    assert "- of 12 test genes, 10 have a pixel in their TSS bin" in text and "9 a contacted bin that is kept" in text
    assert "- genome aa" in text and "- contact map ee" in text and "xgboost 3" in text
    assert "trial" not in text


def test_trial_says_that_it_is_one(folders):
    assert "**A trial on the first 5 genes of each chromosome" in comparison.compare(folders, SEEDS, 5)


def test_too_few_genes_with_contacts(folders):
    contacts = pd.read_csv(folders["contacts"].contacts_tsv, sep="\t")
    contacts.loc[contacts["id"] != "G5", "has_pixels"] = 0
    contacts.to_csv(folders["contacts"].contacts_tsv, sep="\t", index=False)
    text = comparison.compare(folders, SEEDS)
    assert cells(text, "contacts", "with contacts", "measured")[1:4] == [
        "with contacts: 1",
        "measured",
        "too few genes",
    ]
    assert "- with contacts, 1 genes: too few genes" in text
