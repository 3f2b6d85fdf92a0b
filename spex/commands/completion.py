"""Print what makes a shell complete commands, options and paths."""

import argparse
from functools import partial

import shtab

from spex.commands.main import COMMANDS, PROG, parser_of, start
from spex.options import PATH


def run(args):
    print(shtab.complete(whole_parser(), args.shell))


def whole_parser():
    """One parser of all commands with all options, in place of one that looks at its first argument."""
    parser = argparse.ArgumentParser(PROG)
    parser.add_argument("--version", action="version", help="print the version, and stop")
    commands = parser.add_subparsers()
    for name, what in COMMANDS.items():
        own = parser_of(name)
        for each in own.whole():
            each.show_all()
            for action in each._actions:
                if getattr(action.type, "kind", None) is PATH:
                    action.complete = shtab.FILE
        commands.add_parser(name, help=what, add_help=False, parents=[own])
    return parser


main = partial(start, "completion")
