"""`spex COMMAND ...`: every command of the program under one name.

The module of a command is imported when it is chosen: torch alone takes seconds.
"""

import argparse
import difflib
import sys
from importlib import import_module

import spex
from spex.commands.options import OneLineParser

PROG = "spex"
COMMANDS = {
    "tensors": "compute the tensor of every gene",
    "train": "fit a model of expression per tissue and score it on held-out chromosomes",
    "compare": "tell what contact maps add to the sequence",
    "study": "run many maps, tissues and controls as one file says",
    "elements": "tell what each contacted bin adds to a gene's prediction",
    "variants": "tell what alleles do to the genes that they reach, through contacts too",
    "map": "tell what contact maps hold: depth, counts by distance, contacts of genes",
    "draw": "draw the pictures of finished fits",
    "resources": "list, get and check the files that the program needs",
    "reproduce": "get the files, run the published protocol, compare with its figures",
}
"""Name of each module in spex/commands with a `main(argv, prog=...)`, with - in place of _ -> what it does."""


def create_parser():
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    parser = OneLineParser(
        prog=PROG,
        description="Gene expression from DNA sequence and the 3D contacts of the gene's start.",
        epilog="\n".join(["commands:", *lines, "", f"{PROG} COMMAND --help lists the options of one."]),
        usage=f"{PROG} [--help] [--version] COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {spex.__version__}")
    parser.add_argument("command", type=command, metavar="COMMAND", help="one of those below")
    return parser


def command(text):
    """An argument type: the name of a command."""
    if text not in COMMANDS:
        nearest = difflib.get_close_matches(text.lower().removesuffix(".py"), COMMANDS, n=1)
        offer = f"did you mean {nearest[0]}?" if nearest else f"expected one of: {', '.join(COMMANDS)}"
        raise argparse.ArgumentTypeError(f"found {text!r}, {offer}")
    return text


def main(argv=None):
    words = sys.argv[1:] if argv is None else [*argv]
    name = create_parser().parse_args(words[:1]).command
    return import_module(f"spex.commands.{name.replace('-', '_')}").main(words[1:], prog=f"{PROG} {name}")
