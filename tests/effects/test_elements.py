"""Effects of elements against predictions from tensors with and without them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from expecto.network import BELUGA
from spex.commands import tensors
from spex.effects.elements import COLUMNS, ElementScorer
from spex.effects.inputs import Sources, open_inputs
from spex.files.sealed import load_array
from spex.models.ridge import RidgeFit
from spex.runs import records
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings


def save_made_fit(folder, seed, name="ridge"):
    """A ridge fit of made coefficients under a data folder's results, as train.py keeps them."""
    settings = read_run_settings(folder)
    generator = np.random.default_rng(seed)
    place = folder.results / f"{seed}-made_{name}"
    place.mkdir(parents=True)
    fit = RidgeFit(coefficients=generator.normal(size=settings.width), intercept=float(seed))
    fit.save(place)
    made = {"target": f"Tissue {seed}", "target_index": seed, "model": "ridge", "width": settings.width}
    records.write_record(place, settings=made | {"tensors": settings.recorded()})
    return place, fit


@pytest.fixture
def filled(world, narrow, tensors_argv, tmp_path):
    """Called with options: a data folder with tensors and two fits, and what effects of it are computed from."""

    def fill(*extra, maps=(0,)):
        assert tensors.main(tensors_argv(*extra, maps=maps)) == 0
        folder = DataFolder(tmp_path / "data")
        fits = [save_made_fit(folder, seed) for seed in (1, 2)]
        sources = Sources(world.genome, world.checkpoint, tmp_path / "cache", ["cpu"])
        inputs = open_inputs(folder.root, sources, linear=True)
        return SimpleNamespace(folder=folder, fits=[fit for _, fit in fits], inputs=inputs)

    return fill


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
