"""The ways to set up agree: pyproject.toml, the locks, make, the conda environment; and the citation file parses."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spex
from spex.errors import DISTRIBUTION

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9.]+(?:post[0-9]+|b[0-9]+)?)")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def read_lock(name):
    """Canonical name -> version."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#")]
    assert all(PIN.fullmatch(line) for line in lines), "a lock contains exact versions only"
    pins = {canonicalize_name(name): version for name, version in (PIN.fullmatch(line).groups() for line in lines)}
    assert len(pins) == len(lines), "a package is locked once"
    return pins


@pytest.fixture(scope="module")
def run_lock():
    return read_lock("requirements.lock")


@pytest.fixture(scope="module")
def lock(run_lock):
    """Both locks, the developer's on top of the other one."""
    of_developers = read_lock("requirements-dev.lock")
    assert not of_developers.keys() & run_lock.keys(), "a package is locked once"
    return run_lock | of_developers


@pytest.fixture(scope="module")
def core(project):
    return [Requirement(text) for text in project["dependencies"]]


def test_the_core_is_given_by_lower_bounds_that_the_run_lock_satisfies(core, run_lock):
    here = [requirement for requirement in core if applies(requirement, "linux")]
    for requirement in here:
        name = canonicalize_name(requirement.name)
        assert name in run_lock and requirement.specifier.contains(run_lock[name]), requirement
        assert [clause.operator for clause in requirement.specifier] == [">=" if name != "torch" else "=="], requirement


def test_the_run_lock_is_what_the_core_needs_and_nothing_else(core, run_lock):
    """By what the installed packages say of themselves."""
    needed, waiting = set(), [requirement for requirement in core if applies(requirement, sys.platform)]
    while waiting:
        name = canonicalize_name(waiting.pop().name)
        if name not in needed:
            needed.add(name)
            of_name = map(Requirement, distribution(name).requires or ())
            waiting += [each for each in of_name if each.marker is None or each.marker.evaluate({"extra": ""})]
    needed = {name for name in needed if not name.startswith(("nvidia-", "cuda-", "triton", "xgboost"))}
    assert needed <= run_lock.keys()
    assert run_lock.keys() - needed <= {"setuptools", "xgboost-cpu"}, "setuptools builds the command spex"


def test_make_study_installs_what_the_workflow_extra_asks_for(project):
    names = {canonicalize_name(Requirement(text).name) for text in project["optional-dependencies"]["workflow"]}
    recipe = (ROOT / "Makefile").read_text().partition("\n.venv/ready-study:")[2].partition("\n\n")[0]
    (install,) = re.findall(r"-c requirements-dev\.lock ([a-z -]+),pip\)", recipe)
    assert set(install.split()) == names


def test_the_cpu_build_of_pytorch_is_tried_first_and_only_without_a_gpu():
    """On Linux; what make would do, without doing it."""
    steps = {
        gpu: subprocess.run(
            ["make", "--dry-run", "--always-make", "setup", f"GPU={gpu}"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout
        for gpu in (0, 1)
    }  # fmt: skip
    installs = [line for line in steps[0].splitlines() if "pip install" in line]
    on_linux = ["--index-url https://download.pytorch.org/whl/cpu --no-deps" in line for line in installs]
    assert on_linux == [sys.platform == "linux", False, False][-len(installs) :]
    assert "download.pytorch.org" not in steps[1]
    assert "requirements-dev.lock" not in steps[0] + steps[1]


def test_every_tool_and_every_extra_that_is_locked_agrees_with_the_lock(project, lock):
    extras = project["optional-dependencies"]
    for requirement in map(Requirement, extras["dev"]):
        assert str(requirement.specifier) == f"=={lock[canonicalize_name(requirement.name)]}", requirement
    for requirement in (Requirement(text) for extra in extras.values() for text in extra):
        name = canonicalize_name(requirement.name)
        assert name not in lock or requirement.specifier.contains(lock[name]), requirement


@pytest.mark.parametrize(
    ("platform", "package"), [("linux", "xgboost-cpu"), ("win32", "xgboost-cpu"), ("darwin", "xgboost")]
)
def test_xgboost_comes_once(core, platform, package):
    """The two packages hold the same files; no extra brings the other one in."""
    given = [requirement for requirement in core if applies(requirement, platform)]
    assert [requirement.name for requirement in given if requirement.name.startswith("xgboost")] == [package]


def test_xgboost_is_in_no_extra_and_once_in_the_lock(project, lock):
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    assert not any(text.startswith("xgboost") for text in extras)
    assert [name for name in lock if name.startswith("xgboost")] == ["xgboost-cpu"]


def applies(requirement, platform):
    return requirement.marker is None or requirement.marker.evaluate({"sys_platform": platform})


def test_the_version_is_said_once(project):
    assert "version" not in project and project["dynamic"] == ["version"]
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert tool["setuptools"]["dynamic"]["version"] == {"attr": "spex.__version__"}


def test_the_conda_environment_is_the_lock_on_a_supported_python(project):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = environment["dependencies"]
    assert python == project["requires-python"].replace(">=", "python=")
    assert pip == "pip"
    index = "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert from_pip == {"pip": [index, "-r requirements.lock", "-e ."]}


def test_the_citation_names_both_papers_and_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == spex.__version__
    assert [paper["doi"] for paper in citation["references"]] == [
        "10.1038/s41598-023-38865-5",
        "10.1038/s41588-018-0160-6",
    ]


def test_messages_name_extras_that_there_are(project):
    assert project["name"] == DISTRIBUTION
    calls = [
        (path.name, call.args[2].value)
        for path in (ROOT / "spex").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "not_installed"
    ]
    assert {extra for _, extra in calls} == project["optional-dependencies"].keys() - {"dev"}
