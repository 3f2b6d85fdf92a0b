"""The cluster scripts hand the right options to the program."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from spex.commands import tensors

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "spex/workflow/slurm_array.sh"


def run_task(*words, task="3", folder=ROOT, **environment):
    """Run the array script with a stand-in for Python that prints what it is given."""
    known = {"PATH": os.environ["PATH"], "PYTHON": "/bin/echo", **environment}
    if task is not None:
        known["SLURM_ARRAY_TASK_ID"] = task
    return subprocess.run([SCRIPT, *words], env=known, cwd=folder, capture_output=True, text=True, check=False)


def test_task_does_its_shard():
    done = run_task("16", "--mcool_filename", "a map.mcool")
    assert done.returncode == 0
    assert done.stdout == "-m spex tensors --divisor 16 --reminder 3 --mcool_filename a map.mcool\n"
    args = tensors.create_parser().parse_args(done.stdout.split()[3:7])
    assert (args.divisor, args.reminder) == (16, 3)


def test_threads_are_those_of_the_task(tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho $OMP_NUM_THREADS\n")
    python.chmod(0o755)
    assert run_task("4", PYTHON=str(python), SLURM_CPUS_PER_TASK="6").stdout == "6\n"


@pytest.mark.parametrize(
    ("words", "task", "message"),
    [
        ([], "3", "found '' as the first word, expected the number of shards"),
        (["--mcool_filename", "x"], "3", "found '--mcool_filename' as the first word"),
        (["0"], "3", "expected the number of shards"),
        (["16"], None, "start it with: sbatch --array=0-15"),
        (["3"], "3", "task 3 of 3 shards; expected --array=0-2"),
    ],
)
def test_array_submitted_wrong(words, task, message):
    done = run_task(*words, task=task)
    assert done.returncode == 2
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_interpreter_is_the_one_of_the_folder_or_else_of_the_path(tmp_path):
    """Submitted from any folder, without PYTHON: .venv/bin/python where that is, else python3."""
    stand_in(tmp_path / "bin/python3", "python3")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    assert run_task("16", folder=tmp_path, PYTHON="", PATH=path).stdout.startswith("python3 -m spex tensors")
    stand_in(tmp_path / ".venv/bin/python", "venv")
    assert run_task("16", folder=tmp_path, PYTHON="", PATH=path).stdout.startswith("venv -m spex tensors")


def stand_in(path, name):
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\necho {name} "$@"\n')
    path.chmod(0o755)


def test_interpreter_without_spex(tmp_path):
    for python in (str(tmp_path / "none"), "/bin/false"):
        done = run_task("16", folder=tmp_path, PYTHON=python)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{python}, started in {tmp_path}, has no spex" in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["slurm_array.sh", "Snakefile"])
def test_options_of_tensors_exist(name):
    text = (ROOT / "spex/workflow" / name).read_text()
    known = {flag for action in tensors.create_parser()._actions for flag in action.option_strings}
    used = {flag for line in text.splitlines() if "spex tensors" in line or "--divisor" in line for flag in flags(line)}
    assert {"--divisor", "--reminder"} <= used <= known | {"--array"}


def flags(line):
    return [] if line.startswith("#") else re.findall(r"(?<!\w)--[a-z_]+", line)
