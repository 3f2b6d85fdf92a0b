"""`spex COMMAND ...`: every command of the program under one name.

A command line is parsed before the modules of its command are imported: torch alone takes seconds.
"""

import argparse
import shlex
import sys
from functools import partial
from importlib import import_module

import spex
from spex.commands.choices import Running
from spex.commands.parser import OneLineParser
from spex.commands.parsers import PARSERS
from spex.commands.running import run_script
from spex.errors import did_you_mean

PROG = "spex"
PROGS = {"tensors": "tensors.py", "train": "train.py", "resources": "python -m spex.resources"}
"""How commands are called that have a name of their own."""

COMMANDS = {
    "tensors": "compute the tensor of every gene",
    "features": "make tensors of features that another model gave",
    "train": "fit a model of expression per tissue and score it on held-out chromosomes",
    "compare": "report what contact maps add to the sequence",
    "study": "run many maps, tissues and controls, described by one file",
    "elements": "report what each contacted bin adds to a gene's prediction",
    "variants": "report what alleles do to the genes that they reach, through contacts too",
    "mutagenesis": "report what every SNV of a region does to the genes that it reaches",
    "models": "take ExPecto's published models in, and fitted ones out as files for others",
    "map": "report what contact maps contain: depth, counts by distance, contacts of genes",
    "draw": "draw the pictures of finished fits",
    "resources": "list, get and check the files that the program needs",
    "reproduce": "get the files, run the published protocol, compare with its figures",
    "example": "lay out a small example in a folder, to try the program on",
    "completion": "print what makes a shell complete commands and options",
}
"""Name of each command, which is that of its parser and of its module in spex/commands -> what it does."""

MORE = [
    f"{PROG} COMMAND --help lists the options of one, --help_all the rarer ones too.",
    "All take --quiet, --verbose, --log_file FILE and --threads N.",
]


def create_parser():
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    parser = OneLineParser(
        PROG,
        "Gene expression from DNA sequence and the 3D contacts of the gene's start.",
        epilog="\n".join(["commands:", *lines, "", *MORE]),
        usage=f"{PROG} [--help] [--version] COMMAND ...",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {spex.__version__}")
    parser.add_argument("command", type=command, metavar="COMMAND", help="one of those below")
    return parser


def command(text):
    """An argument type: the name of a command."""
    if text not in COMMANDS:
        offer = did_you_mean(text.removesuffix(".py"), COMMANDS) or f"expected one of: {', '.join(COMMANDS)}"
        raise argparse.ArgumentTypeError(f"found {text!r}, {offer}")
    return text


def parser_of(name, words=(), prog=None):
    """The parser of a command. words: arguments of its command line; those that choose a parser are removed."""
    parser = PARSERS[name](words, prog or PROGS.get(name, f"{PROG} {name}"))
    for each in parser.whole():
        each.options("how it runs", Running)
    return parser


def start(name, argv=None, prog=None, loaded=lambda: None, **replacements):
    """Run a command, from its arguments to its exit status.

    name: in `PARSERS`. argv: arguments, by default those of this process. prog: how the user calls it. loaded: called
    when all libraries are loaded and the work begins. replacements: for arguments of the command's `run`, for tests.

    Returns: as of `run_script`.
    """
    words = sys.argv[1:] if argv is None else [*argv]
    parser = parser_of(name, words, prog)
    args, called = parser.parse_args(words), shlex.join([*parser.prog.split(), *words])
    parser = getattr(args, "parser", parser)  # of a command with subcommands
    args.spell = parser.spell
    run = partial(_run, name, replacements, loaded, called, parser)
    return run_script(parser.prog, run, args, spell=parser.spell, resumes=getattr(args, "resumes", True))


def _run(name, replacements, loaded, called, parser, args):
    module = import_module(f"spex.commands.{name}")
    crate = import_module("spex.commands.crate").Crate(called, parser, args) if args.crate else None
    loaded()
    status = module.run(args, **replacements)
    if crate and not status:
        crate.write()
    return status


def main(argv=None, **more):
    """Run the command that a command line names; without one, or by `help`, show what there is. more: as of `start`."""
    words = sys.argv[1:] if argv is None else [*argv]
    if words[:1] in ([], ["help"]):
        words = [*words[1:], "--help"]
    name = create_parser().parse_args(words[:1]).command
    return start(name, words[1:], f"{PROG} {name}", **more)
