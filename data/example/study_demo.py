"""Run a whole study on a synthetic genome: three maps, two tissues, controls, verdicts, and one report.

    python -m data.example.study_demo

Writes into data/demo/study/, 0.6 GB. Started again it goes on where it was, however it ended.

Two cells have a map each and a tissue each, whose expression follows the bins that the cell's own map contacts; a third
map has half of the counts of the first (`sceptics`, on fewer genes). The network is left out: its predictions are
synthetic (`made_study`) and lie in the study's prediction cache when it starts.
"""

import os
from dataclasses import replace

import numpy as np
import pandas as pd

from data.example.demo_runs import DEMO, end, run, stand_in_weights
from data.example.made_study import Features, MadeStudy, fill_store, write_expression, write_maps
from data.example.made_world import BIN, make_expression, make_world
from data.example.sceptics import CELLS, DEEP, KEPT, PLAN, SEQUENCE, SHARES, TWIN, thinned
from spex.files.atomic import whole_file, write_text
from spex.files.hashes import file_sha256
from spex.runs.cache import PredictionStore
from spex.runs.settings import store_identity

FOLDER = DEMO / "study"
GENES, CHROMOSOMES, SEED = 264, 12, 1
MARGIN = 1_600_000
"""bp before the first and behind the last gene: a little more than contacts reach."""

LINE = 60
MADE = """\
Genes, contacts, predictions of the network and expression of this study are synthetic, so the truth is known: `liver`
and `lung` add sequence information in their own tissue, and none in the other one. `liver_half` shows what depth costs:
with half of the counts, fewer bins are contacted twice."""

STUDY = """\
# A synthetic study, written by data/example/study_demo.py. `spex study init` explains every key.
genes: genes.csv
genome: genome.fa
weights: {weights}
expression: expression.csv
tissues: [Liver, Lung]

maps:
  - name: liver
    files: maps/liver.cool
    resolution: {bin}
    cell_type: Liver
    experiment: synthetic, all counts
  - name: liver_half
    files: maps/liver_half.cool
    resolution: {bin}
    cell_type: Liver
    experiment: synthetic, half of the counts
  - name: lung
    files: maps/lung.cool
    resolution: {bin}
    cell_type: Lung
    experiment: synthetic, all counts

fits:
  - {{name: ridge, model: ridge}}

shards: 2
resources:
  tensors: {{threads: 1, memory_mb: 3000, minutes: 30}}
  train: {{threads: 1, memory_mb: 2000, minutes: 10}}
  compare: {{threads: 2, memory_mb: 2000, minutes: 10}}
  report: {{threads: 1, memory_mb: 1000, minutes: 10}}
"""


def write_study(folder, weights, genes=GENES, chromosomes=CHROMOSOMES):
    """Write the study's inputs, its filled prediction cache and, last, study.yaml into a folder, where that is missing.

    The same arguments give the same bytes. Returns: path of study.yaml.
    """
    file = folder / "study.yaml"
    if file.exists():
        return file
    random = np.random.default_rng(SEED)
    world = make_world(random, genes, chromosomes, dict.fromkeys(CELLS, PLAN), MARGIN)
    world = replace(world, pixels=world.pixels | {TWIN: thinned(random, world.pixels[DEEP], KEPT)})
    study = MadeStudy.of(folder, tuple(world.pixels))
    _, kept, contacts = write_maps(study, world)
    of_cells = [{"sequence": contacts[name], "number_only": contacts[name]} for name in CELLS]
    values = np.column_stack([make_expression(random, world, each, 1, SHARES) for each in of_cells])
    write_expression(study, kept, values, list(CELLS.values()))
    features = Features(random, world)
    genome = folder / "genome.fa"
    write_genome(genome, random, world.chromsizes)
    identity = store_identity(file_sha256(genome), file_sha256(weights), "float32")
    fill_store(PredictionStore(folder / "study" / "pred_cache", identity), kept, contacts, features)
    write_text(file, STUDY.format(weights=os.path.relpath(weights, folder), bin=BIN))
    return file


def write_genome(path, random, chromsizes):
    """Write a FASTA file of random letters."""
    with whole_file(path) as file:
        for chrom, size in chromsizes.items():
            letters = np.frombuffer(b"ACGT", np.uint8)[random.integers(4, size=size, dtype=np.uint8)]
            lines = np.full((-(-size // LINE), LINE + 1), ord("\n"), np.uint8)
            lines[:, :LINE].flat[:size] = letters
            last = size - (len(lines) - 1) * LINE
            file.write(f">{chrom}\n".encode() + lines.tobytes()[: len(lines) * (LINE + 1) - LINE + last - 1] + b"\n")


def untrue_verdicts(results):
    """What is not as it was built in, as text; nothing is known of the twin in its own tissue.

    results: DataFrame with map, target, own_cell_type, verdict.
    """
    return [
        f"{row.map} in {row.target}"
        for row in results.itertuples()
        if (row.verdict in SEQUENCE) != bool(row.own_cell_type) and not (row.map == TWIN and row.own_cell_type)
    ]


def main():
    print(MADE, flush=True)
    weights = stand_in_weights()
    if not (FOLDER / "study.yaml").exists():
        print(f"\nwriting the study to {FOLDER} (0.4 GB)", flush=True)
    file = write_study(FOLDER, weights)
    run("-m spex study check", file)
    run("-m spex study run", file)
    out = FOLDER / "study"
    wrong = untrue_verdicts(pd.read_csv(out / "comparison" / "comparison.csv"))
    said = f"Untrue: {'; '.join(wrong)}." if wrong else "Every verdict is true."
    print(f"\n{said} docs/studies.md says how to read them.")
    print(f"The report is {out / 'study.html'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    end(main)
