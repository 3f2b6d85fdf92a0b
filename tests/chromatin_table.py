"""A table of chromatin features of Beluga's form, made up."""

import pandas as pd

ASSAYS = ["DNase", "CTCF", "H3K4me3"]
CELLS = ["GM12878", "K562"]


def write_features(path, columns=("Cell Type", "Assay", "Treatment", "Source"), rows=2002):
    """Write a table whose cell types and assays take turns. Returns: its path."""
    table = pd.DataFrame(
        {
            columns[0]: [CELLS[row % 2] for row in range(rows)],
            columns[1]: [ASSAYS[row % 3] for row in range(rows)],
            columns[2]: "None",
            columns[3]: "x",
        }
    )
    table.to_csv(path, sep="\t", index=False)
    return path
