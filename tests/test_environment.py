"""The ways to set up agree: pyproject.toml, the lock, the conda environment; and the citation file parses."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9._-]+)==([0-9.]+)")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(PIN.fullmatch(line) for line in lines), "the lock holds exact versions only"
    return dict(PIN.fullmatch(line).groups() for line in lines)


def test_the_lock_holds_every_direct_dependency_at_its_version(project, lock):
    extras = project["optional-dependencies"]
    direct = dict(PIN.fullmatch(pin).groups() for pin in project["dependencies"] + extras["cpu"] + extras["dev"])
    locked = {name.lower(): version for name, version in lock.items()}
    assert {name: locked.get(name) for name in direct} == direct


def test_xgboost_comes_once_and_in_the_same_version_for_cpu_and_gpu(project, lock):
    extras = project["optional-dependencies"]
    assert extras["gpu"] == [extras["cpu"][0].replace("xgboost-cpu", "xgboost")]
    assert not any(requirement.startswith("xgboost") for requirement in project["dependencies"])
    assert "xgboost" not in lock


def test_the_conda_environment_is_the_lock_on_a_supported_python(project):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = environment["dependencies"]
    assert python == project["requires-python"].replace(">=", "python=")
    assert pip == "pip"
    assert from_pip == {"pip": ["-r requirements.lock"]}


def test_the_citation_names_both_papers_and_the_version(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == project["version"]
    assert [paper["doi"] for paper in citation["references"]] == [
        "10.1038/s41598-023-38865-5",
        "10.1038/s41588-018-0160-6",
    ]
