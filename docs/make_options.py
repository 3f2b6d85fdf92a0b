"""Writes docs/options.md, the table of every option, from the parsers: python docs/make_options.py"""

import argparse
from pathlib import Path

from spex.commands.choices import Running
from spex.commands.main import parser_of
from spex.options import options_in

COMMANDS = (["tensors"], ["train"], ["compare"], ["elements"], ["variants"], ["variants", "null"], ["map"], ["study"])
COMMANDS += (["mutagenesis"], ["models"], ["resources"], ["reproduce"], ["draw"], ["completion"])
EVERY = {*options_in(Running)}
HEAD = """\
# Every option

Made from the parsers of the commands by docs/make_options.py. Options may be written with `-` in place of `_`. `spex
compare`, `elements`, `variants`, `mutagenesis` and `map` take the spellings of the published scripts too
(`--genes_filename` for `--genes`).
"""


def page():
    """The page, Markdown."""
    actions = {action.dest: action for action in parser_of("draw")._actions}
    shared = "".join(_row(actions[name], said.help) for name, (said, _) in options_in(Running).items())
    return HEAD + "".join(_section(words) for words in COMMANDS) + _table("every command", shared)


def _table(heading, rows):
    return f"\n## {heading}\n\n| option | values | default | |\n| --- | --- | --- | --- |\n{rows}"


def _section(words):
    parser = parser_of(words[0], [*words[1:]])
    rare = {id(action): shown for action, shown in parser._rare}
    sections, parsers = [], [parser]
    for each in parsers:
        rows = []
        for action in each._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers.extend(action.choices.values())
            shown = rare.get(id(action), action.help)
            if shown != argparse.SUPPRESS and action.dest not in EVERY | {"help", "help_all", "what", "command"}:
                rows.append(_row(action, shown or ""))
        if rows:
            sections.append(_table(each.prog, "".join(rows)))
    return "".join(sections)


def _row(action, shown):
    name = f"`{action.option_strings[-1]}`" if action.option_strings else f"`{action.metavar or action.dest}`"
    values = ", ".join(map(str, action.choices)) if action.choices else action.metavar or ""
    values = "" if action.nargs == 0 else values or ("number" if isinstance(action.default, int) else "")
    default = action.default
    default = " ".join(map(str, default)) if isinstance(default, list | tuple) else default
    default = "" if default in (None, False, argparse.SUPPRESS) else default
    cells = (
        name,
        values,
        str(default),
        (shown % {"default": action.default}).replace("|", "\\|"),
    )
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    Path(__file__).with_name("options.md").write_text(page(), encoding="utf-8")
