"""Compare the maps of four synthetic cells with what is different about each, first as they are, then exchanged.

    python -m data.example.cells_demo

Writes into data/demo/cells/, 0.6 GB. Started again it goes on where it was.
"""

import pandas as pd

from data.example.compare_demo import compare_options
from data.example.demo_runs import DEMO, end, run
from data.example.made_cells import CELLS, write_made_cells
from data.example.made_study import MadeStudy
from spex.compare.verdict import FOUND

FOLDER = DEMO / "cells"
EXCHANGED = dict(zip(CELLS, [*CELLS.values()][1:] + [*CELLS.values()][:1], strict=True))
"""Each map with the tissue of another cell."""

SYNTHETIC = """\
Genes, contacts, features and expression of four cells are synthetic, and it is known that each tissue follows the
contacts of its cell's own map (data/example/made_cells.py): the numbers show the program at work, not biology."""


def between_cells(study, result, cells):
    """Compare the maps of a study between cells. cells: map -> tissue. Returns: DataFrame of between.csv."""
    marks = [f"{study.maps[name]}={tissue}" for name, tissue in cells.items()]
    run("-m spex compare", *compare_options(study, result), "--between", "--cell_type", *marks)
    return pd.read_csv(result / "between.csv", index_col="map")


def main():
    print(SYNTHETIC, flush=True)
    study = MadeStudy.of(FOLDER / "study", tuple(CELLS))
    if not study.expression.exists():
        print(f"\nwriting the study to {FOLDER / 'study'} (0.6 GB)", flush=True)
        write_made_cells(FOLDER / "study")
    own = between_cells(study, FOLDER / "own", CELLS)["verdict"].isin(FOUND["sequence"])
    exchanged = between_cells(study, FOLDER / "exchanged", EXCHANGED)["verdict"].isin(FOUND["sequence"])
    answers = {
        "cell-specific sequence information is found in every cell, and in all together": own.all(),
        "with the maps exchanged between cells it is found in none": not exchanged.any(),
    }
    print("\n" + "\n".join(f"{'yes' if right else 'NO'}: {what}" for what, right in answers.items()))
    print(f"The whole report is {FOLDER / 'own' / 'between.html'}.")
    return 0 if all(answers.values()) else 1


if __name__ == "__main__":
    end(main)
