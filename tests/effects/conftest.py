"""A data folder of the small world, with contacts by the corrected rule, and made linear models for its tensors."""

from types import SimpleNamespace

import numpy as np
import pytest

from expecto.network import BELUGA
from spex.contacts.collect import read_maps
from spex.contacts.rules import Corrected
from spex.effects.inputs import ContactIndex, LinearModels
from spex.features.devices import open_computer, open_model
from spex.inputs.genome import Genome
from spex.inputs.maps.formats import open_maps

RULE = Corrected(min_count=2)


def made_fit(seed, positions):
    """A linear fit that gives every feature its say."""
    generator = np.random.default_rng(seed)
    coefficients = generator.normal(size=positions * BELUGA.features)
    fit = SimpleNamespace(coefficients=coefficients, intercept=float(seed))
    return SimpleNamespace(name=f"fit{seed}", tissue=f"Tissue {seed}", fit=fit)


@pytest.fixture
def made(world, genes, narrow, tmp_path):
    """Called with a rule, or None for sequence alone: what effects are computed from."""

    def make(rule=RULE, resolution=1000):
        contacts = None
        if rule is not None:
            contacts = read_maps(open_maps(world.maps[:1], resolution), genes, rule, resolution)
        genome = Genome(world.genome, tmp_path / "index.fai")
        computer = open_computer(
            genome=genome,
            model=open_model(world.checkpoint),
            device="cpu",
            precision="float32",
            store=None,
            contacts=None,
        )
        positions = 10 + (0 if rule is None else 2 * rule.groups)
        fits = [made_fit(seed, positions) for seed in (1, 2)]
        return SimpleNamespace(
            genes=genes.reset_index(drop=True),
            contacts=contacts,
            index=None if contacts is None else ContactIndex(contacts),
            computer=computer,
            fits=fits,
            models=LinearModels(fits),
        )

    return make
