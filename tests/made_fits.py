"""Saved fits of made coefficients, as train.py keeps them under a data folder's results."""

import numpy as np

from spex.models.ridge import RidgeFit
from spex.runs import records
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
