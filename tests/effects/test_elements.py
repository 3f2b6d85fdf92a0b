"""Effects of elements against predictions from tensors with and without them."""

import numpy as np
import pandas as pd
import pytest

from expecto.network import BELUGA
from spex.effects.elements import COLUMNS, ElementScorer
from spex.files.sealed import load_array


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
