"""Small files in the form of the large ones that users download."""

from conftest import write_fasta, write_mcool

LENGTHS = {f"chr{number}": 100 + number for number in range(1, 23)}
"""Lengths in bp of a small genome under hg38's names."""


def write_genome(path, lengths):
    """A FASTA file. lengths: dict of name -> bp. Returns: its content."""
    write_fasta(path, {name: ("ACGTN" * (length // 5 + 1))[:length] for name, length in lengths.items()}, width=60)
    return path.read_bytes()


def write_map(path, *resolutions):
    """A contact map of chr1 at these resolutions (bp per bin). Returns: its content."""
    write_mcool(path, {"chr1": [(0, 1, 5), (1, 3, 2)]}, resolutions[0], {"chr1": 40_000}, resolutions[1:])
    return path.read_bytes()
