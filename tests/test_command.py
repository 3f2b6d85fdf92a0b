"""The command `spex`: every command of the program under one name."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import spex
from spex.commands import main

ROOT = Path(__file__).parents[1]
SHARED = {
    "__init__",
    "main",
    "parser",
    "parsers",
    "choices",
    "arguments",
    "running",
    "effect_inputs",
    "printed",
    "crate",
}
MODULES = {path.stem for path in (ROOT / "spex/commands").glob("*.py")} - SHARED


def leave(capsys, *words):
    """Run the command, which must leave by itself. Returns: exit status, stdout, stderr."""
    with pytest.raises(SystemExit) as left:
        main.main(words)
    output = capsys.readouterr()
    return left.value.code, output.out, output.err


def test_help_names_every_command_on_a_line_of_its_own(capsys):
    status, out, _ = leave(capsys, "--help")
    assert status == 0
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    for name, what in main.COMMANDS.items():
        assert [name, what] in lines
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "as_by"),
    [((), ["--help"]), (["help"], ["--help"]), (["help", "train"], ["train", "--help"])],
)
def test_help_is_a_word_too_and_what_comes_without_any(capsys, words, as_by):
    assert leave(capsys, *words) == leave(capsys, *as_by)


def test_version(capsys):
    assert leave(capsys, "--version")[:2] == (0, f"spex {spex.__version__}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tensor"], "found 'tensor', did you mean tensors?"),
        (["train.py", "--seed", "1"], "found 'train.py', did you mean train?"),
        (["Resources"], "found 'Resources', did you mean resources?"),
        (["xyz"], "found 'xyz', expected one of: tensors, features, train, "),
        (["\x1b[2J\n"], "expected one of: tensors, features, train, "),
        ([""], "found '', expected one of: "),
        (["--data_folder", "x"], "the following arguments are required: COMMAND"),
    ],
)
def test_what_is_no_command_is_refused_on_one_line(capsys, words, message):
    status, out, err = leave(capsys, *words)
    assert (status, out) == (2, "")
    assert err.startswith("spex: error: ") and message in err
    assert err.endswith("\n") and err[:-1].isprintable()


def test_every_module_of_a_command_is_listed():
    assert {name.replace("-", "_") for name in main.COMMANDS} == MODULES


@pytest.mark.parametrize("name", main.COMMANDS)
def test_a_command_calls_itself_by_its_whole_name(capsys, name):
    status, out, _ = leave(capsys, name, "--help")
    assert status == 0 and out.startswith(f"usage: spex {name} ")
    status, _, err = leave(capsys, name, "--no_such_option")
    assert status == 2 and err.startswith(f"spex {name}: error: ") and err.count("\n") == 1


def test_an_empty_word_too_many_is_refused_on_one_line(capsys):
    status, out, err = leave(capsys, "train", "--biosample", "", "")
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.startswith("spex train: error: unrecognized arguments: ")


def test_a_command_hands_on_its_status_and_its_name(capsys, tmp_path):
    assert main.main(["train", "--data_folder", str(tmp_path), "--genes_filename", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith("spex train: error: --genes_filename")


def test_the_package_runs_as_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "spex", "--version"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"spex {spex.__version__}\n")


@pytest.mark.parametrize("words", [["--help"], ["resources", "list"], ["train", "--help"], ["compare"]])
def test_a_command_line_is_parsed_before_libraries_are_loaded(words):
    code = f"""import runpy, sys
sys.argv = ["spex", *{words!r}]
try:
    runpy.run_module("spex", run_name="__main__")
finally:
    print(*sys.modules)"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == (2 if words == ["compare"] else 0), done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    own = {name.removeprefix("spex.commands.") for name in loaded if name.startswith("spex.commands.")}
    assert own - SHARED == ({"resources"} if "list" in words else set())
    assert not loaded & {"torch", "xgboost", "cooler", "matplotlib", "scipy"}
    assert "list" in words or "pandas" not in loaded


@pytest.mark.parametrize("name", main.COMMANDS)
def test_help_is_one_screen_and_has_an_example(capsys, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    _, short, _ = leave(capsys, name, "--help")
    assert max(map(len, short.splitlines())) <= 80 and len(short.splitlines()) < 60
    for each in main.parser_of(name).whole():
        words = each.prog.removeprefix(f"{main.PROGS.get(name, f'spex {name}')}").split()
        _, all_, _ = leave(capsys, name, *words, "--help-all")
        assert "--log_file FILE" in all_ and "--threads N" in all_


@pytest.mark.parametrize("at", ["spex.commands.main", "spex.commands.tensors", "torch"])
def test_ctrl_c_while_libraries_are_loaded_is_one_line(at, tmp_path):
    code = f"""import os, runpy, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["tensors.py", "--data_folder", {str(tmp_path / "data")!r}]
runpy.run_path("tensors.py", run_name="__main__")"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "tensors.py: stopped before it began\n")
    assert not any(tmp_path.iterdir())


def test_ctrl_c_that_somebody_has_switched_off_stays_so():
    code = """import signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from spex.__main__ import main
try:
    main("map")
finally:
    print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"""
    words = [sys.executable, "-c", code, "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"


COMPLETE = """source "$1"; shift
COMP_WORDS=(spex "$@"); COMP_CWORD=$#
_shtab_spex spex "${!#}"
echo "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
@pytest.mark.parametrize(
    "words, expected",
    [
        (["tens"], "tensors"),
        (["tensors", "--mcool"], "--mcool_filename"),
        (["tensors", "--contact_rule", ""], "published corrected"),
        (["elements", "--gen"], "--genome --genes"),
        (["study", ""], "init fetch check run report"),
        (["train", "--log_f"], "--log_file"),
        (["map", "maps_of"], "maps_of_a_lab.mcool"),
        (["map", "--genes", "maps_of"], "maps_of_a_lab.mcool"),
    ],
)
def test_completion(capsys, tmp_path, words, expected):
    assert main.main(["completion", "bash"]) == 0
    (tmp_path / "spex.bash").write_text(capsys.readouterr().out)
    (tmp_path / "maps_of_a_lab.mcool").touch()
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", "spex.bash", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == (expected, "")


def test_completion_of_other_shells(capsys):
    for shell in ("zsh", "tcsh"):
        assert main.main(["completion", shell]) == 0
        out = capsys.readouterr().out
        assert "mcool_filename" in out and "log_file" in out


def test_the_installed_command_is_this_one(tmp_path):
    command = shutil.which("spex", path=Path(sys.executable).parent)
    assert command, "install the project into this environment: make setup, or pip install --no-deps -e ."
    code = "import spex, sys; sys.stdout.write(spex.__file__)"
    python = Path(sys.executable)
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(done.stdout) == ROOT.resolve() / "spex/__init__.py"
    done = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"spex {spex.__version__}\n"
