"""`spex workflow`: where the Snakemake workflow and the SLURM script are installed."""

from pathlib import Path

import spex
from spex.commands.options import OneLineParser

PROG = "spex workflow"
FOLDER = Path(spex.__file__).resolve().parent / "workflow"


def create_parser(prog=PROG):
    return OneLineParser(
        prog=prog,
        description="Print the folder of Snakefile and slurm_array.sh; how to start them is said in their first lines.",
        allow_abbrev=False,
    )


def main(argv=None, prog=PROG):
    create_parser(prog).parse_args(argv)
    print(FOLDER)
    return 0
