"""A made study of four cells with a map and a tissue each, of which is known what is different about them.

The maps have most of their contacts in common: a cell has some pixels of a map that all share, and others of its own.
Expression of a tissue follows the bins that its cell's map touches. One map has twice the counts of the others.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from data.example.made_study import write_study
from data.example.made_world import CHROMOSOMES, MapPlan, make_expression, make_world

GENES, SEED = 800, 1
CELLS = {"liver": "Liver", "lung": "Lung", "brain": "Brain", "heart": "Heart"}
"""Map of each cell -> its tissue."""

SHARED = 0.8
"""Share of the shared pixels that a cell has; another one has as many of them, and most of them are the same."""

SHARES = {"own": 0.30, "touched": 0.50, "number": 0.0, "region": 0.0, "neighbours": 0.05}
"""Of the variance of what tissues have in common. Touched bins predict more than in any real study, so that few genes
suffice."""

COUNTS, DEEP = 40, "liver"
PLAN = MapPlan(100_000, 1_500_000, counts=COUNTS, anchors=2 / 3)


def write_made_cells(root, genes=GENES, seed=SEED, chromosomes=CHROMOSOMES, cells=CELLS):
    """Write the study of some cells. cells: map -> tissue. Other arguments as of `write_made_study`.

    Returns: MadeStudy.
    """
    random = np.random.default_rng(seed)
    plans = {name: replace(PLAN, counts=COUNTS * (2 if name == DEEP else 1)) for name in cells}
    world = make_world(random, genes, chromosomes, {"": PLAN, **plans})
    shared = world.pixels[""]
    pixels = {name: _of_cell(random, shared, world.pixels[name], 2 if name == DEEP else 1) for name in cells}
    world = replace(world, pixels=pixels)

    def express(contacts):
        weights = random.integers(2**32)  # what the tissues have in common
        return np.column_stack([_expression(random, weights, world, contacts[name]) for name in cells])

    return write_study(root, random, world, express, list(cells.values()))


def _expression(random, weights, world, contacts):
    """Of one tissue, (n, 1): half follows what all have in common, and the touched bins; half is its own."""
    of_map = {"sequence": contacts, "number_only": contacts}
    common = make_expression(np.random.default_rng(weights), world, of_map, 1, SHARES)
    return np.sqrt(common * make_expression(random, world, of_map, 1, SHARES | {"touched": 0.0}))


def _of_cell(random, shared, own, times):
    """Pixels of a cell: some that all share, with so many times the counts, and some of its own."""
    kept = shared[random.random(len(shared)) < SHARED]
    pixels = [kept.assign(count=times * kept["count"]), own[random.random(len(own)) >= SHARED]]
    return pd.concat(pixels).groupby(["chrom", "bin1", "bin2"], sort=False, as_index=False)["count"].sum()
