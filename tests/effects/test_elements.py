"""Effects of elements against predictions from tensors with and without them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import xgboost
from oracles import beluga, predict_window

from expecto.gene_features import OWN_SUMS
from expecto.network import BELUGA
from spex.effects.elements import COLUMNS, ElementScorer
from spex.effects.inputs import find_genes, open_inputs
from spex.errors import InputError
from spex.files.sealed import load_array
from spex.models.boosters import BoosterFit
from spex.runs import records


def elements_of(inputs, **options):
    with inputs.computer("cpu") as computer:
        scorer = ElementScorer(inputs, computer, **options)
        return pd.concat(list(scorer.tables(np.arange(len(inputs.genes)), lambda _: None)), ignore_index=True)


@pytest.mark.parametrize(
    "extra", [("--contact_rule", "corrected"), (), ("--contact_weight", "log"), ("--distance_edges", "0.6", "1.15")]
)
def test_with_a_linear_model_elements_and_own_windows_add_up_to_the_prediction(filled, extra):
    made = filled(*extra)
    table = elements_of(made.inputs, own_windows=True)
    assert list(table.columns) == list(COLUMNS)
    tensors_ = np.stack([load_array(made.folder.tensor_path(gene)) for gene in made.inputs.genes["id"]])
    scale = np.abs(tensors_).max() * np.sqrt(tensors_.shape[1])
    for fit, name in zip(made.fits, ("Tissue 1", "Tissue 2"), strict=True):
        sums = table[table["tissue"] == name].groupby("TargetGeneEnsemblID")["Score"].sum()
        expected = fit.predict(tensors_) - fit.intercept
        assert np.abs(sums.loc[made.inputs.genes["id"]].to_numpy() - expected).max() < 1e-6 * scale
        of_contacts = table[(table["tissue"] == name) & (table["class"] == "contact")]
        sums = of_contacts.groupby("TargetGeneEnsemblID")["Score"].sum()
        own = 10 * BELUGA.features
        for row, gene in enumerate(made.inputs.genes["id"]):
            if gene in sums.index:
                neighbours = tensors_[row, own:].astype(float) @ fit.coefficients[own:]
                assert abs(sums[gene] - neighbours) < 1e-6 * scale


def test_trees_are_knocked_out_one_element_at_a_time(filled):
    made = filled("--contact_rule", "corrected")
    tensors_ = np.stack([load_array(made.folder.tensor_path(gene)) for gene in made.inputs.genes["id"]])
    generator = np.random.default_rng(4)
    labels = tensors_ @ generator.normal(size=tensors_.shape[1])
    booster = xgboost.train({"max_depth": 3, "eta": 0.5, "lambda": 0.1}, xgboost.DMatrix(tensors_, labels), 8)
    place = made.folder.results / "trees"
    place.mkdir()
    fit = BoosterFit(booster)
    fit.save(place)
    settings = {"target": "Liver", "target_index": 1, "model": "gbtree", "width": tensors_.shape[1]}
    records.write_record(place, settings=settings | {"tensors": made.inputs.settings.recorded()})
    inputs = open_inputs(made.folder.root, made.sources, ["gbtree"], linear=False)
    table = elements_of(inputs, own_windows=True)
    contacts, index = inputs.contacts, inputs.index()
    state = torch.load(inputs.sources.network, weights_only=True)
    checked = 0
    for row in table[table["class"] == "contact"].iloc[::5].itertuples():
        gene = inputs.genes["id"].tolist().index(row.TargetGeneEnsemblID)
        number = contacts.offsets[gene] + contacts.bins[
            contacts.offsets[gene] : contacts.offsets[gene + 1]
        ].tolist().index(row.start // 1000)
        letters = Path(inputs.sources.genome).read_text().split(f">{row.chr}\n")[1].split(">")[0].replace("\n", "")
        held = predict_window(
            lambda windows: beluga(state, torch.from_numpy(windows)).numpy(), letters, row.start + 500
        )
        without = tensors_[gene].copy().reshape(-1, BELUGA.features)
        without[OWN_SUMS + index.columns[number]] -= held.astype(np.float32)
        expected = fit.predict(tensors_[[gene]])[0] - fit.predict(without.reshape(1, -1))[0]
        assert row.Score == pytest.approx(expected, abs=1e-5)
        checked += 1
    assert checked > 5 and (table["Score"] != 0).any() and (table["tissue"] == "Liver").all()


def test_named_genes_alone_and_their_strongest_features(filled):
    made = filled("--contact_rule", "corrected")
    rows = find_genes(made.inputs.genes, ["G0", "symbol_G4"])
    assert made.inputs.genes["id"].iloc[rows].tolist() == sorted(
        ["G0", "G4"], key=made.inputs.genes["id"].tolist().index
    )
    with made.inputs.computer("cpu") as computer:
        scorer = ElementScorer(made.inputs, computer)
        table = pd.concat(list(scorer.tables(rows, lambda _: None)))
        whole = elements_of(made.inputs)
        expected = whole[whole["TargetGeneEnsemblID"].isin(["G0", "G4"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(table.reset_index(drop=True), expected)
        gene = int(rows[0])
        told = scorer.strongest_features(gene, 1, 2, 3)
        everything = scorer.strongest_features(gene, 1, 10_000, BELUGA.features)
    mine = table[(table["TargetGeneEnsemblID"] == made.inputs.genes["id"].iloc[gene]) & (table["tissue"] == "Tissue 2")]
    by_name = mine.set_index("name")["Score"]
    assert [name for name, _ in told] == by_name.abs().sort_values(ascending=False).index[:2].tolist()
    for name, features in everything:
        assert sum(value for _, value in features) == pytest.approx(by_name[name], abs=1e-9)
    assert [len(features) for _, features in told] == [3, 3]
    with pytest.raises(InputError, match="genes: no gene nobody among the 9 of the folder"):
        find_genes(made.inputs.genes, ["G0", "nobody"])
