"""The ways to set up agree: pyproject.toml, the lock, the conda environment; and the citation file parses."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spex

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9.]+(?:post[0-9]+)?)")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock():
    """Canonical name -> version."""
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(PIN.fullmatch(line) for line in lines), "the lock holds exact versions only"
    pins = {canonicalize_name(name): version for name, version in (PIN.fullmatch(line).groups() for line in lines)}
    assert len(pins) == len(lines), "a package is locked once"
    return pins


@pytest.fixture(scope="module")
def core(project):
    return [Requirement(text) for text in project["dependencies"]]


def test_the_core_is_given_by_lower_bounds_that_the_lock_satisfies(core, lock):
    here = [requirement for requirement in core if applies(requirement, "linux")]
    for requirement in here:
        name = canonicalize_name(requirement.name)
        assert name in lock and requirement.specifier.contains(lock[name]), requirement
        assert [clause.operator for clause in requirement.specifier] == [">=" if name != "torch" else "=="], requirement


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
    assert from_pip == {"pip": ["-r requirements.lock", "-e ."]}


def test_the_citation_names_both_papers_and_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == spex.__version__
    assert [paper["doi"] for paper in citation["references"]] == [
        "10.1038/s41598-023-38865-5",
        "10.1038/s41588-018-0160-6",
    ]
