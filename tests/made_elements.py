"""Elements tables for tests, as effects of contacted bins would give them."""

import numpy as np
import pandas as pd

from spex.effects.elements import COLUMNS


def element(**given):
    """One row, with what is not given made up or worked out. given: columns; `class_` for class."""
    row = {"chr": "chr8", "start": 5000, "end": 6000, "class": given.pop("class_", "contact"), "TargetGene": "MYC"}
    row |= {"TargetGeneEnsemblID": "ENSG1", "TargetGeneTSS": 30_001, "CellType": "K562", "Score": 0.5, "count": 3.0}
    row |= {"tissue": "K562 cells", "model": "ridge"} | given
    row["name"] = f"{row['chr']}:{row['start']}-{row['end']}"
    row["DistanceToTSS"] = abs((row["start"] + row["end"]) // 2 - (row["TargetGeneTSS"] - 1))
    row.setdefault("side", "downstream" if row["start"] >= row["TargetGeneTSS"] else "upstream")
    return row


def elements(*rows):
    """A table of rows, each a dict of what `element` takes."""
    table = pd.DataFrame([element(**row) for row in rows], columns=list(COLUMNS))
    return table.astype({name: kind for name, kind in COLUMNS.items() if kind != "string"})


def many_elements(count, seed=0, **given):
    """Contacted bins of 1 kb on both sides of a gene at 3 Mb, none twice, with effects of either sign."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.choice(np.arange(1500, 4500), count, replace=False)) * 1000
    rows = [
        {"start": int(start), "end": int(start) + 1000, "TargetGeneTSS": 3_000_501, "Score": float(score)}
        for start, score in zip(starts, rng.normal(0, 0.1, count), strict=True)
    ]
    return elements(*({**row, **given} for row in rows))
