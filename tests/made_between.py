"""A synthetic comparison between cells: statistics of any number of cells, and the tables that they give."""

import numpy as np

from spex.compare.arms import MapStatistics
from spex.compare.between_tables import make_cell_tables

CHROMS = [f"chr{number}" for number in range(1, 13)]
SHIFTS = 19


def statistics(cells=4, seed=0, own=0.02, other=0.0, matched=0.0, number=0.0):
    """MapStatistics of cells' maps for all cells' expression. own, other: squared error that a cell's own map takes
    away and that others do, beside noise; matched: that matched bins do; number: what numbers add to Spearman."""
    random = np.random.default_rng(seed)
    arms = ["B", "N", "N*", "M", "D1", "D2", "D3"]
    genes, made = np.full(len(CHROMS), 30), []
    for place in range(cells):
        gain, draws = random.normal(scale=0.001, size=(2, 1 + SHIFTS, cells))
        gain[0] += np.where(np.arange(cells) == place, own, other)
        draws[0] += matched
        rho = np.full((len(arms), len(CHROMS), cells), 0.3) + random.normal(scale=0.001, size=(1, len(CHROMS), cells))
        rho += np.array([0, 0, number, own + number, 0, 0, 0])[:, None, None]
        rho[2:] += random.normal(scale=0.001, size=(5, len(CHROMS), cells))
        made.append(
            MapStatistics(
                name=f"cell {place}",
                chroms=CHROMS,
                genes=genes,
                arms=arms,
                rho=rho,
                gain_map=gain,
                gain_matched=draws,
                missed=np.tile(np.linspace(0.9, 0.6, len(arms))[:, None], (1, cells)),
                own_penalty=1.0,
                test_penalty=1.0,
                number_penalty=np.ones((len(CHROMS), cells)),
                map_penalty=np.ones((len(CHROMS), cells)),
                shifts=np.arange(SHIFTS),
                views=["contacts"],
                labels=["none"],
                group_genes=np.array([1]),
                group_squares=np.ones((3, 1, cells)),
            )
        )
    return made


def tables(made, genes=360, **options):
    """The CellComparison of statistics, with expression at random. genes: how many."""
    levels = np.random.default_rng(1).normal(size=(genes, len(made)))
    return make_cell_tables(made, [(place, f"T{place}") for place in range(len(made))], levels, **options)
