"""The embedded example: a small synthetic genome with genes, expression, contacts and alleles, and stand-in weights.

data/example/make_example.py made the files, and says what is planted in them.
"""

import shutil
from pathlib import Path

from spex.files.atomic import whole_file

HERE = Path(__file__).parent
FILES = ("genes.csv", "expression.csv", "genome.fa", "contacts.mcool", "variants.vcf", "params.json")
WEIGHTS = "stand_in_weights.pth"
TISSUE = "Cells_EBV-transformed_lymphocytes"
GENE = "EX30"
"""Gene of chr8 that contacts planted elements."""


def lay_out(folder):
    """Copy the example's files into a folder and make the weights there; what it has already stays as it is.

    Parameters
    ----------
    folder : path
        It is made where it is missing.

    Returns
    -------
    list of Path
        What was missing, and is there now.

    See Also
    --------
    spex.example.weights : what the weights are.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [folder / name for name in (*FILES, WEIGHTS) if not (folder / name).exists()]
    for path in missing:
        if path.name == WEIGHTS:
            from spex.example.weights import write_weights  # noqa: PLC0415 (loads torch)

            write_weights(path)
        else:
            with whole_file(path) as file, open(HERE / path.name, "rb") as source:
                shutil.copyfileobj(source, file)
    return missing
