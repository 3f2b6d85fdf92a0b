"""Ask of a made study what a sceptic asks of a comparison: is it the cell, is it the depth?

    python -m data.example.sceptics FOLDER

Two cells have a map each, of their own contacts, and a tissue each, whose expression follows the bins that the cell's
own map touches. A third map is a twin of the first with half of its counts. Ends with status 1 where an answer is
wrong. 0.5 GB, two minutes.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from data.example.compare_demo import compare_options
from data.example.made_study import MadeStudy, write_study
from data.example.made_world import CHROMOSOMES, MapPlan, make_expression, make_world
from spex.commands import compare

GENES, SEED = 1200, 2
"""The seed is chosen: touched bins that tell this much tell of their region too, and with another seed that passed for
sequence in the wrong cell. The gain was lost there all the same."""

SHARES = {"own": 0.30, "touched": 0.50, "number": 0.0, "region": 0.0, "neighbours": 0.05}
"""Of the variance of expression. Touched bins tell more than in any real study, so that few genes suffice."""

PLAN = MapPlan(100_000, 1_500_000, counts=45, anchors=2 / 3)
"""Far enough from the TSS that there are other bins at the same distances for nearly every contact."""

CELLS = {"liver": "Liver", "lung": "Lung"}
"""Tissue of each cell's map."""

TWIN, DEEP, KEPT = "liver_half", "liver", 0.5
SEQUENCE = (1, 2)
"""Verdicts that say: adds sequence information."""

SHOWN = ["own_cell_type", "gain", "gain_low", "gain_high", "touched", "q_seq", "verdict"]


def write_sceptics_study(root, genes=GENES, seed=SEED, chromosomes=CHROMOSOMES):
    """Write the study of two cells and a twin. Arguments as of `write_made_study`. Returns: MadeStudy."""
    random = np.random.default_rng(seed)
    world = make_world(random, genes, chromosomes, dict.fromkeys(CELLS, PLAN))
    world = replace(world, pixels=world.pixels | {TWIN: thinned(random, world.pixels[DEEP], KEPT)})

    def express(contacts):
        of_cells = ({"sequence": contacts[name], "number_only": contacts[name]} for name in CELLS)
        return np.column_stack([make_expression(random, world, each, 1, SHARES) for each in of_cells])

    return write_study(root, random, world, express, list(CELLS.values()))


def thinned(random, pixels, share):
    """Pixels of which every count is kept with the chance `share`."""
    kept = pixels.assign(count=random.binomial(pixels["count"], share))
    return kept[kept["count"] > 0]


def results_of(study, result, *options, names=(*CELLS, TWIN)):
    """Compare maps with their own cells marked. names: of the maps. Returns: DataFrame by map and tissue."""
    chosen = replace(study, maps={name: study.maps[name] for name in names})
    chosen = replace(chosen, map_files={name: study.map_files[name] for name in names})
    marks = [f"{study.maps[name]}={tissue}" for name, tissue in {**CELLS, TWIN: CELLS[DEEP]}.items() if name in names]
    if compare.main([*compare_options(chosen, result), "--cell_type", *marks, *options]):
        raise RuntimeError(f"no comparison in {result}")
    return pd.read_csv(Path(result) / "comparison.csv", index_col=["map", "target"])


def twins_alike(results):
    """Whether the deep map and its twin gain the same in their tissue: each within the other's interval, and the same
    verdict."""
    one, other = (results.loc[(name, CELLS[DEEP])] for name in (DEEP, TWIN))
    within = all(a.gain_low <= b.gain <= a.gain_high for a, b in ((one, other), (other, one)))
    return within and one.verdict == other.verdict


def lost_in_the_wrong_cell(results):
    """Whether each cell's map adds sequence information in its own tissue, and in the other one neither that nor any
    gain of which the interval is above 0."""
    rows = [results.loc[(name, tissue)] for name in CELLS for tissue in CELLS.values()]
    own, wrong = ([row for row in rows if row.own_cell_type == mark] for mark in (True, False))
    found = all(row.verdict in SEQUENCE and row.gain_low > 0 for row in own)
    lost = all(row.verdict not in SEQUENCE and row.gain_low <= 0 for row in wrong)
    return found and lost and max(row.gain for row in wrong) < 0.2 * min(row.gain for row in own)


def main(argv=None):
    parser = argparse.ArgumentParser(description="Ask of a made study whether it is the cell, and whether the depth.")
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    folder = parser.parse_args(argv).folder
    study = MadeStudy.of(folder / "study", (*CELLS, TWIN))
    if not study.expression.exists():
        write_sceptics_study(folder / "study")
    deep = results_of(study, folder / "all_counts")
    matched = results_of(study, folder / "depth_matched", "--thin_to", "shallowest")
    for head, results in (("All counts", deep), ("Thinned to the shallowest", matched)):
        print(f"\n{head}\n{results[SHOWN].round(4).to_string()}")
    answers = {
        "with all counts the deep map gains more than its twin": not twins_alike(deep),
        "thinned to the same depth the two gain the same": twins_alike(matched),
        "each cell's map loses its gain in the other cell's tissue": lost_in_the_wrong_cell(deep),
        "so it does when thinned": lost_in_the_wrong_cell(matched),
    }
    print("\n" + "\n".join(f"{'yes' if right else 'NO'}: {what}" for what, right in answers.items()))
    return 0 if all(answers.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
