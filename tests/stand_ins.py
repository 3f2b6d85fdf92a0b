"""Small files in the form of the large ones that users download."""

import cooler
import pandas as pd

LENGTHS = {f"chr{number}": 100 + number for number in range(1, 23)}
"""Lengths in bp of the small genome's chromosomes."""


def fasta(lengths, width=60):
    """A FASTA file's text. lengths: dict of name -> bp."""
    lines = []
    for name, length in lengths.items():
        sequence = ("ACGTN" * (length // 5 + 1))[:length]
        lines += [f">{name}", *(sequence[start : start + width] for start in range(0, length, width))]
    return "\n".join(lines) + "\n"


def write_map(path, resolutions):
    """A contact map of chr1 with three pixels at each resolution (bp per bin)."""
    for resolution in resolutions:
        bins = cooler.binnify(pd.Series({"chr1": 40_000}), resolution)
        pixels = pd.DataFrame({"bin1_id": [0, 1, 2], "bin2_id": [1, 3, 2], "count": [5, 2, 1]})
        cooler.create_cooler(f"{path}::/resolutions/{resolution}", bins, pixels, mode="a", ordered=True)
