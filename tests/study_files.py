"""Study files over the small world of conftest.py."""

import numpy as np
import pandas as pd

TISSUES = ("Brain - Cortex", "Brain - Cerebellum", "Liver")
LINES = """\
genes: genes.csv
genome: genome.fa
weights: narrow.pth
expression: expression.csv
maps:
  - name: first
    files: map0.mcool
"""


def write_study(folder, world, more="", lines=LINES):
    """Write study.yaml with the small world's files and expression beside it. more: lines at the end. Returns: path."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (world.genes, world.genome, world.checkpoint, *world.maps):
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path)
    genes = pd.read_csv(world.genes)["id"]
    values = np.random.default_rng(3).gamma(2, 3, (len(genes), len(TISSUES)))
    table = pd.DataFrame(values, columns=list(TISSUES))
    table.insert(0, "gene_id", genes)
    table.to_csv(folder / "expression.csv", index=False)
    path = folder / "study.yaml"
    path.write_text(lines + more)
    return path
