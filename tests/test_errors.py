"""The library speaks of arguments, a command line of its options; an error keeps its parts wherever it goes."""

import ast
import multiprocessing
import re
from pathlib import Path

import pytest

import spex
from spex.commands.parsers import PARSERS
from spex.errors import InputError, command, listed, parameter

PACKAGE = Path(spex.__file__).parent
published = PARSERS["tensors"]([], "tensors.py").spell
WITH_OPTIONS = ("commands",)
"""Folders that may speak of options: they are the command line."""

OF_ANOTHER_PROGRAM = ("study/running.py",)
"""Files whose options are those of the program that they start."""

OPTION = re.compile(r"--[a-z0-9_]{3,}")
SCRIPT = re.compile(r"train\.py|tensors\.py|-m spex\.")
OTHER_PROGRAMS = (
    "gunzip --keep",
    "train --list_targets",
    "tensors --data_folder",
    "hicBuildMatrix --binSize",
    "cooler load --one-based",
    "cooler dump --join",
)
"""Commands that messages tell the user to give."""

ERROR = InputError(
    f"no bins of {parameter('resolution')} 1000",
    argument="maps",
    subject=Path("a.mcool"),
    expected=f"bins of {parameter('resolution')} 5000",
    hint=f"give {parameter('remainder')} too",
)


def texts(path):
    """Yield line and text of every string constant of a Python file, docstrings and the parts of f-strings too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_the_library_speaks_of_no_option():
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] in WITH_OPTIONS or inside.as_posix() in OF_ANOTHER_PROGRAM:
            continue
        for line, text in texts(path):
            rest = text
            for program in OTHER_PROGRAMS:
                rest = rest.replace(program, "")
            if OPTION.search(rest):
                found.append(f"{path.relative_to(PACKAGE.parent)}:{line}: {text!r}")
    assert not found, "\n".join(found)


def test_reader_and_command_line_get_the_same_error_in_their_own_words():
    assert str(ERROR) == (
        "maps a.mcool: no bins of resolution 1000; expected bins of resolution 5000; give remainder too"
    )
    assert ERROR.line(published) == (
        "--mcool_filename a.mcool: no bins of --hic_resolution 1000; expected bins of --hic_resolution 5000; give "
        "--reminder too"
    )


@pytest.mark.parametrize(
    "parts, told",
    [
        ({}, "found"),
        ({"argument": "genes"}, "genes: found"),
        ({"subject": "a.csv"}, "a.csv: found"),
        ({"argument": "gpus", "subject": 0}, "gpus 0: found"),
        ({"hint": "do this"}, "found; do this"),
    ],
)
def test_parts_that_are_not_there_leave_no_trace(parts, told):
    assert str(InputError("found", **parts)) == told


def test_a_hint_more_leaves_the_rest():
    more = ERROR.with_hint("or not")
    assert str(more) == f"{ERROR}; or not"
    assert (more.argument, more.subject) == (ERROR.argument, ERROR.subject)


def test_an_error_survives_the_way_from_another_process():
    queue = multiprocessing.get_context("spawn").Queue()
    queue.put(ERROR)  # a queue pickles whoever reads it
    arrived = queue.get(timeout=60)
    assert type(arrived) is InputError and vars(arrived) == vars(ERROR)
    assert str(arrived) == str(ERROR) and arrived.line(published) == ERROR.line(published)


@pytest.mark.parametrize(
    "prog, seen",
    [
        ("train.py", "python train.py --list_targets or spex map"),
        ("python -m spex.resources get", "python train.py --list_targets or spex map"),
        ("spex train", "spex train --list_targets or spex map"),
    ],
)
def test_commands_are_named_as_the_user_calls_them(prog, seen):
    error = InputError("none", hint=f"{command('train --list_targets')} or {command('map')}")
    assert error.line(PARSERS["train"]([], prog).spell) == f"none; {seen}"
    assert str(error) == "none; spex train --list_targets or spex map"


def test_no_message_names_a_script_that_the_user_may_not_have():
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.parent.name in WITH_OPTIONS:
            continue
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
        texts = [node for node in nodes if isinstance(node, ast.Constant) and node not in docstrings]
        found += [f"{path}:{node.lineno}" for node in texts if SCRIPT.search(str(node.value))]
    assert not found, "\n".join(found)


def test_a_command_spells_its_own_options_only():
    resources = PARSERS["resources"]([], "spex.resources").parse_args(["get"]).parser.spell
    assert resources("mirror") == "--mirror"
    assert resources("login") == "--4dn_key"
    assert [resources(name) for name in ("genes", "maps")] == ["genes", "maps"]


def test_the_first_names_of_a_list_and_how_many_more_there_are():
    assert listed([]) == "none"
    assert listed(["a", 7]) == "a, 7"
    assert listed((f"n\n{number}" for number in range(2000)), 2) == "n\\n0, n\\n1 and 1,998 more"
    assert listed(range(21)).endswith("18, 19 and 1 more")
