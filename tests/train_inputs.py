"""Small data folders for the tests of training: random tensors, expression that depends on them."""

import json

import numpy as np
import pandas as pd

from spex.files.hashes import file_sha256
from spex.files.sealed import save_array
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings, claim_run

CHROMS = ("chr1", "chr2", "chr8", "chr9", "chrX")
GENES = 60
TISSUES = ("Adipose - Subcutaneous", "Brain - Cortex", "Brain - Cerebellum", "Liver")
RUN_SETTINGS = {
    "genome_sha256": "1" * 64,
    "beluga_sha256": "2" * 64,
    "precision": "float32",
    "maps_sha256": [],
}
NARROW_SETTINGS = RUN_SETTINGS | {"network": {"name": "narrow", "window": 2000, "features": 200, "bases": "AGCT"}}
"""Of a network with a tenth of the published one's features: trees take a fifth of the time, and learn as well."""

FAST = {"num_boost_round": 6, "early_stopping_rounds": 2, "lambda": 1, "max_depth": 3, "colsample_bytree": 0.05}
"""Parameters that make a fit short and still let it learn from fifty genes."""


def gene_table():
    """60 genes over four autosomes and chrX, one row without a position."""
    rows = [
        {
            "id": f"ENSG{row:011d}",
            "symbol": f"G{row}",
            "seqnames": CHROMS[row % len(CHROMS)],
            "strand": "+-"[row % 2],
            "TSS": 1000.0 * (row + 1),
            "CAGE_representative_TSS": 1000.0 * (row + 1) + 3,
            "type": ("protein_coding", "lincRNA")[row % 3 == 0],
        }
        for row in range(GENES)
    ]
    rows[10]["CAGE_representative_TSS"] = np.nan
    return pd.DataFrame(rows)


def expression_table(rng, signal):
    """Published form: unnamed row numbers, then a column per tissue; rises with `signal`, one number per gene."""
    noise = rng.normal(scale=0.3, size=(len(signal), len(TISSUES)))
    slopes = np.linspace(2, 1, len(TISSUES))
    return pd.DataFrame(np.exp(signal[:, None] * slopes + noise), columns=list(TISSUES))


def write_inputs(root, width=20020, run_settings=RUN_SETTINGS):
    """Write genes.csv, expression.csv, fast.json and a data folder `data` under root; returns the options.

    width: of tensors, the published program's; run_settings: those of the run that made them, None without a record.
    """
    rng = np.random.default_rng(7)
    table = gene_table()
    features = rng.normal(size=(GENES, width)).astype(np.float32)
    features[:, : width // 2] += rng.normal(size=GENES).astype(np.float32)[:, None]
    table.to_csv(root / "genes.csv", index=False)
    expression_table(rng, features[:, : width // 2].mean(axis=1)).to_csv(root / "expression.csv")
    (root / "fast.json").write_text(json.dumps(FAST))
    folder = DataFolder(root / "data")
    folder.tensors.mkdir(parents=True)
    if run_settings is not None:
        claim_run(folder, RunSettings(**run_settings, genes_sha256=file_sha256(root / "genes.csv")))
    for row, gene in table.iterrows():
        if gene["seqnames"] != "chrX" and row != 10:
            save_array(folder.tensor_path(gene["id"]), features[row], durable=False)
    return {
        "--data_folder": str(root / "data"),
        "--genes_filename": str(root / "genes.csv"),
        "--gene_expression_filename": str(root / "expression.csv"),
        "--target_index": "1",
    }


def write_narrow_inputs(root):
    """The same with tensors of `NARROW_SETTINGS`, for whatever does not depend on the width."""
    return write_inputs(root, 2000, NARROW_SETTINGS)


def argv(options, *more):
    """The options of `write_inputs` as a command line."""
    return [part for pair in options.items() for part in pair] + list(more)
