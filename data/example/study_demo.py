"""Run a whole study on the embedded example: three maps, two tissues, controls, and one report.

    python -m data.example.study_demo

Writes into data/demo/study/. Started again it goes on where it was, however it ended.
"""

import os
import sys

import cooler
import numpy as np

from data.example.demo import DEMO, EXAMPLE, NO_BIOLOGY, run, stand_in_weights
from data.example.make_example import NEAR_BINS, RESOLUTION, write_map
from spex.files.atomic import write_text
from spex.inputs.genes import keep_genes, read_gene_table

FOLDER = DEMO / "study"
SEED, KEPT = 20_239, 0.5
"""Of the twin: each count is kept with this chance."""

GENES_AWAY = 3
"""Whose contacts a gene has in the wrong cell; nearer ones reach elements that lie beside it."""

STUDY = """\
# The embedded example as a study, written by data/example/study_demo.py. `spex study init` explains every key.
genes: {example}/genes.csv
genome: {example}/genome.fa
weights: {weights}
expression: {example}/expression.csv
tissues: [Cells_EBV-transformed_lymphocytes, Liver]

maps:
  - name: contacts
    files: {example}/contacts.mcool
    cell_type: Cells_EBV-transformed_lymphocytes
    experiment: made, all counts
  - name: half_of_the_counts
    files: half_of_the_counts.mcool
    cell_type: Cells_EBV-transformed_lymphocytes
    experiment: made, thinned
  - name: wrong_cell
    files: wrong_cell.mcool
    experiment: made, all counts

fits:
  - {{name: ridge, model: ridge}}

shards: 2
resources:
  tensors: {{threads: 1, memory_mb: 3000, minutes: 30}}
  train: {{threads: 1, memory_mb: 2000, minutes: 10}}
  compare: {{threads: 2, memory_mb: 2000, minutes: 10}}
  report: {{threads: 1, memory_mb: 1000, minutes: 10}}
"""


def read_pixels(path):
    """Chromosome sizes, and of each chromosome its pixels: dict from (bin1, bin2) to count."""
    map_ = cooler.Cooler(f"{path}::/resolutions/{RESOLUTION}")
    pixels = {}
    for chrom in map_.chromnames:
        table, first = map_.matrix(balance=False, as_pixels=True).fetch(chrom), map_.offset(chrom)
        pairs = zip((table["bin1_id"] - first).tolist(), (table["bin2_id"] - first).tolist(), strict=True)
        pixels[chrom] = dict(zip(pairs, table["count"].tolist(), strict=True))
    return map_.chromsizes.to_dict(), pixels


def thinned(pixels, random):
    """The pixels of one chromosome, each count kept with the chance KEPT."""
    kept = {pair: int(random.binomial(count, KEPT)) for pair, count in pixels.items()}
    return {pair: count for pair, count in kept.items() if count}


def of_another_cell(pixels, starts):
    """The pixels of one chromosome, those of each gene's start beyond its surroundings given to another gene.

    starts: bin of each gene's start, ascending. So every gene touches as many bins as another one did, and the same
    bins are touched in all, but they tell nothing of its own expression.
    """
    following = {}  # bin of a start, or the one behind it, -> the same of the other gene
    for start, other in zip(starts, np.roll(starts, -GENES_AWAY).tolist(), strict=True):
        following |= {start: other, start + 1: other + 1}
    moved = {}
    for (bin1, bin2), count in pixels.items():
        pair = (bin1, bin2)
        if bin2 - bin1 >= NEAR_BINS and (bin1 in following) != (bin2 in following):
            pair = tuple(sorted((following.get(bin1, bin1), following.get(bin2, bin2))))
        moved[pair] = moved.get(pair, 0) + count
    return moved


def write_study(folder, weights):
    """Write the two other maps and study.yaml into a folder, where they are missing. Returns: path of study.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    chromsizes, pixels = read_pixels(EXAMPLE / "contacts.mcool")
    genes = keep_genes(read_gene_table(EXAMPLE / "genes.csv"))
    starts = {chrom: sorted((mine["tss"] - 1) // RESOLUTION) for chrom, mine in genes.groupby("chrom")}
    random = np.random.default_rng(SEED)
    maps = {
        "half_of_the_counts": {chrom: thinned(mine, random) for chrom, mine in pixels.items()},
        "wrong_cell": {chrom: of_another_cell(mine, starts.get(chrom, [])) for chrom, mine in pixels.items()},
    }
    for name, made in maps.items():
        path = folder / f"{name}.mcool"
        if not path.exists():
            write_map(path.with_suffix(".part"), chromsizes, made)
            path.with_suffix(".part").replace(path)
    file = folder / "study.yaml"
    if not file.exists():
        example, weights = (os.path.relpath(path, folder) for path in (EXAMPLE, weights))
        write_text(file, STUDY.format(example=example, weights=weights))
    return file


def main():
    print(NO_BIOLOGY.partition(" It learns")[0], flush=True)
    file = write_study(FOLDER, stand_in_weights())
    run("-m spex study check", file)
    run("-m spex study run", file)
    print(f"\nThe report is {FOLDER / 'study' / 'study.html'}. docs/studies.md says how to read it.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # the command that was running has said what is kept
