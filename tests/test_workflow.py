"""The cluster scripts hand the right options to the program."""

import os
import re
import shlex
import subprocess
import sys
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


def run_workflow(folder, *settings, more=("-n", "-p")):
    """The Snakefile with settings: its process, and the words of each command of spex that it lists."""
    snakefile = ROOT / "spex/workflow/Snakefile"
    command = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--cores", "1", *more]
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), str(folder / "home"))
    done = subprocess.run(
        [*command, *(["--config", *settings] if settings else [])],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **places},
        capture_output=True,
        text=True,
        check=False,
    )
    listed = re.compile(r"^Shell command: OMP_NUM_THREADS=\d+ (.*?)(?=\n\S|\Z)", re.MULTILINE | re.DOTALL)
    return done, sorted(shlex.split(each)[3:] for each in listed.findall(done.stdout))


@pytest.mark.parametrize("name", ["2024_11_30", "it's run #2; ü&*", "-x"])
def test_settings_are_text_as_written(tmp_path, name):
    (tmp_path / "1e3").write_text("a map")
    settings = [f"data_folder={name}", "mcool=1e3 'a b'::/x", "targets=1-3 7", "shards=1", "train=--model ridge"]
    done, commands = run_workflow(tmp_path, *settings)
    folder = f"./{name}" if name.startswith("-") else name
    shard = ["--divisor", "1", "--reminder", "0", "--mcool_filename", "1e3", "a b::/x"]
    assert commands == [
        ["tensors", "--data_folder", folder, *shard],
        ["train", "--data_folder", folder, "--target_index", "1-3", "7", "--model", "ridge"],
    ], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("data_folder=<results>", "data_folder: found '<results>'; expected no brackets {} or <>"),
        ("data_folder=it's $(touch X)", r"data_folder: found \"it's \$\(touch X\)\"; expected no \$"),
        ("shards=1_0", "shards: found '1_0'; expected a whole number from 1 up"),
        ("targets=2_2", "targets: found '2_2'; expected target indices such as 22, 1-53 or all"),
        ("mcool='a", 'mcool: found "\'a"; expected quotes in pairs'),
    ],
)
def test_settings_that_cannot_be_used(tmp_path, setting, message):
    done, commands = run_workflow(tmp_path, setting)
    assert done.returncode != 0 and commands == []
    assert re.search(f"^Snakefile: error: {message}", done.stderr, re.MULTILINE), done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "X").exists()


def test_a_configuration_file_with_a_date_in_place_of_text(tmp_path):
    (tmp_path / "settings.yaml").write_text("data_folder: 2024_11_30\nshards: 2\n")
    done, _ = run_workflow(tmp_path, more=("-n", "--configfile", "settings.yaml"))
    assert "Snakefile: error: data_folder: found 20241130; expected text; put it in quotes" in done.stderr
