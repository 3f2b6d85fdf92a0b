"""What a release publishes agrees with pyproject.toml: recipe, image, metadata, paper, forms for issues, catalogue."""

import re
import tomllib

import pytest
import yaml
from conftest import ROOT
from jinja2 import Environment, StrictUndefined
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import spex

IN_CONDA = {"matplotlib": "matplotlib-base", "torch": "pytorch", "xgboost": "py-xgboost", "xgboost-cpu": "py-xgboost"}
"""Packages that have another name there."""

DOWNLOADS = (
    "data/4DNFIARR7LP4.mcool",
    "data/hg38.fa",
    "expecto/deepsea.beluga.pth",
    "expecto/deepsea.beluga.pth.part",
    "expecto/deepsea_beluga_2002_features.tsv",
    "expecto/geneanno.exp.csv",
    "expecto/geneanno_GRCh38.csv",
)
PAPER = ROOT / "docs/paper/paper.md"


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def recipe():
    """recipe/meta.yaml as a dict, rendered as conda does it."""
    given = {"pin_subpackage": lambda name, max_pin: f"{name} {max_pin}", "PYTHON": "python"}
    template = Environment(undefined=StrictUndefined).from_string((ROOT / "recipe/meta.yaml").read_text())
    return yaml.safe_load(template.render(given))


@pytest.fixture(scope="module")
def citation():
    return yaml.safe_load((ROOT / "CITATION.cff").read_text())


def bounds(requirements):
    """Lower bounds: canonical name -> version. A marker or an exact version, which pip alone needs, is left out."""
    found = {}
    for requirement in map(Requirement, requirements):
        (clause,) = requirement.specifier
        assert clause.operator in (">=", "==")
        name = canonicalize_name(requirement.name)
        assert found.setdefault(IN_CONDA.get(name, name), clause.version) == clause.version
    return found


def conda_bounds(requirements):
    """The same of conda's form, `name >=version`."""
    found = dict(re.fullmatch(r"([a-z0-9-]+) >=([0-9.]+)", each).groups() for each in requirements)
    assert len(found) == len(requirements)
    return found


# the recipe


def test_the_recipe_asks_for_what_the_project_asks_for(project, recipe):
    python = {"python": project["requires-python"].removeprefix(">=")}
    assert conda_bounds(recipe["requirements"]["run"]) == bounds(project["dependencies"]) | python
    built_with = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    host = [each for each in recipe["requirements"]["host"] if each != "pip"]
    assert conda_bounds(host) == bounds(built_with) | python


def test_the_recipe_is_of_this_version_command_and_licence(project, recipe):
    assert recipe["package"] == {"name": project["name"], "version": spex.__version__}
    (entry,) = project["scripts"].items()
    assert recipe["build"]["entry_points"] == [" = ".join(entry)]
    assert recipe["about"]["summary"] == project["description"]
    assert recipe["about"]["license"] == project["license"]
    assert [recipe["about"]["license_file"]] == project["license-files"]
    assert (ROOT / recipe["about"]["license_file"]).is_file()


def test_the_recipe_keeps_bioconda_s_rules(recipe):
    """Those of its linter that a test without conda can check; a missing home is the next test's."""
    assert recipe["build"]["noarch"] == "python" and recipe["build"]["number"] == 0
    assert recipe["build"]["run_exports"] == [f"{recipe['package']['name']} x"]
    assert "--no-deps --no-build-isolation" in recipe["build"]["script"]
    assert not {"setuptools", "pip"} & {each.split()[0] for each in recipe["requirements"]["run"]}
    assert recipe["source"].keys() in ({"path"}, {"url", "sha256"}), "a released source has a hash"
    if "path" in recipe["source"]:
        assert (ROOT / "recipe" / recipe["source"]["path"] / "pyproject.toml").resolve().is_file()
    assert set(recipe["test"]["imports"]) >= {"spex", "expecto"}
    assert {"spex --version", "spex tensors --help"} <= set(recipe["test"]["commands"])


# one version, one address, one list of authors


def test_the_newest_entry_of_the_changelog_is_this_version(citation):
    newest = re.search(r"^## \[(.+?)\](?: - (.+))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == spex.__version__ == citation["version"]
    assert re.fullmatch(r"unreleased|\d{4}-\d\d-\d\d", newest[2])
    assert str(citation.get("date-released", "unreleased")) == newest[2]


def test_the_address_is_the_same_everywhere_or_missing_everywhere(project, recipe, citation):
    """pyproject.toml has it first; the message names who lacks it."""
    address = project.get("urls", {}).get("Repository")
    found = {
        "CITATION.cff, repository-code": citation.get("repository-code"),
        "recipe/meta.yaml, about: home": recipe["about"].get("home"),
    }
    assert found == dict.fromkeys(found, address), f"expected as in pyproject.toml: {address}"


def test_the_authors_are_the_same_everywhere(project, citation):
    named = [each["name"] for each in project["authors"]]
    people = [each.get("name") or f"{each['given-names']} {each['family-names']}" for each in citation["authors"]]
    paper = yaml.safe_load(PAPER.read_text().split("---\n")[1])
    assert named == people == [each["name"] for each in paper["authors"]]
    assert citation["keywords"] == project["keywords"]


def test_the_classifiers_are_true(project):
    classifiers = set(project["classifiers"])
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    versions = {f"Programming Language :: Python :: {each}" for each in jobs["tests"]["strategy"]["matrix"]["python"]}
    assert {each for each in classifiers if re.search(r"Python :: \d\.\d", each)} == versions
    assert not any(each.startswith("License") for each in classifiers), "the licence is an SPDX expression"
    assert {each for each in classifiers if each.startswith("Operating")} == {"Operating System :: POSIX :: Linux"}
    assert all((ROOT / room / "py.typed").is_file() for room in ("expecto", "spex"))


# the image


def instructions():
    """Those of the Dockerfile: list of (instruction, what follows on one line)."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], " ".join(line.split()[1:])) for line in text.splitlines() if line.strip()]


def is_ignored(path):
    """Whether .dockerignore keeps a path out: the last line that matches it or a folder above it decides."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
            if re.fullmatch(f"{pattern}(?:/.*)?", path):
                ignored = not line.startswith("!")
    return ignored


def test_the_image_is_made_by_the_steps_of_the_makefile():
    runs = [step for what, words in instructions() if what == "RUN" for step in words.split(" && ")]
    makefile = (ROOT / "Makefile").read_text()
    index = re.search(r"^TORCH_CPU := (\S+)$", makefile, re.MULTILINE)[1]
    torch, lock, project, user = runs
    assert torch.endswith(f"--no-deps --index-url {index} \"$(grep '^torch==' requirements.lock)\"")
    assert "--index-url $(TORCH_CPU) --no-deps" in makefile and "grep '^torch==' requirements.lock" in makefile
    assert lock.endswith("-r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation .")
    assert user.startswith("useradd ")
    assert all(step.startswith("pip install --no-cache-dir ") for step in runs[:3])


def test_the_image_runs_the_command_and_not_as_root(project):
    last = dict(instructions())
    assert last["ENTRYPOINT"] == '["spex"]' and "spex" in project["scripts"]
    assert last["USER"] not in ("root", "0") and last["WORKDIR"] == "/work"
    tag = last["FROM"].removeprefix("python:").removesuffix("-slim")
    assert f"Programming Language :: Python :: {tag}" in project["classifiers"]


def test_what_the_image_copies_is_there_and_passes_dockerignore(project):
    copied = [word for what, words in instructions() if what == "COPY" for word in words.split()[:-1]]
    assert {"requirements.lock", "pyproject.toml", project["readme"], *project["license-files"]} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists() and not is_ignored(name)
    packaged = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for room, patterns in packaged.items():
        files = [path for pattern in patterns for path in (ROOT / room).glob(pattern)]
        assert files and room in copied
        assert [path for path in files if is_ignored(path.relative_to(ROOT).as_posix())] == []
    assert [path for path in (ROOT / "spex").rglob("*.py") if is_ignored(path.relative_to(ROOT).as_posix())] == []


@pytest.mark.parametrize(
    "path", [*DOWNLOADS, ".git/config", ".venv/bin/python", "data/demo/x.npy", "spex/__pycache__/x"]
)
def test_what_may_not_be_passed_on_stays_out_of_the_image(path):
    assert is_ignored(path)


def test_every_download_is_looked_for():
    from spex.resources.table import RESOURCES  # noqa: PLC0415

    assert {each.path for each in RESOURCES} <= set(DOWNLOADS)


def test_apptainer_takes_the_image_that_ci_builds():
    definition = (ROOT / "Apptainer.def").read_text()
    assert definition.startswith("Bootstrap: docker-daemon\nFrom: spex:latest\n")
    steps = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["container"]["steps"]
    assert [step["run"] for step in steps[1:3]] == ["docker build --tag spex .", "docker run --rm spex --version"]


def test_make_dist_leaves_the_tests_out():
    assert "prune tests\n" in (ROOT / "MANIFEST.in").read_text()
    commands = (ROOT / "Makefile").read_text().partition("\ndist: ")[2].partition("\n\n")[0]
    assert "build_sdist" in commands and "pip wheel" in commands and "pip hash" in commands


# the paper


def test_the_paper_has_its_parts_and_its_length():
    _, front, text = PAPER.read_text().split("---\n", 2)
    assert {"title", "tags", "authors", "date", "bibliography"} <= yaml.safe_load(front).keys()
    parts = re.findall(r"^# (.+)$", text, re.MULTILINE)
    assert {"Summary", "Statement of need", "State of the field"} <= set(parts) and parts[-1] == "References"
    words = re.findall(r"[A-Za-z0-9]\S*", re.sub(r"\[@\w+\]", "", text))
    assert 750 <= len(words) <= 1000
    assert not re.search(r"TODO|FIXME|XXX|0000-0000", PAPER.read_text())


def test_the_paper_cites_what_its_bibliography_has(citation):
    entries = (PAPER.parent / "paper.bib").read_text()
    listed = set(re.findall(r"^@\w+\{(\w+),$", entries, re.MULTILINE))
    assert set(re.findall(r"@([A-Z]\w+)", PAPER.read_text())) == listed
    assert {paper["doi"] for paper in citation["references"]} <= set(re.findall(r"doi = \{(.+?)\}", entries))
    assert entries.count("{") == entries.count("}")


def test_the_error_rates_of_the_paper_are_those_of_the_documents():
    paper = " ".join(PAPER.read_text().split())
    for place, figures in {
        "docs/limits.md": (
            "0.5 ± 0.3 %",
            "12.5 ± 1.7 %",
            "30.2 ± 2.6 %",
            "54 %",
            "93 %",
            "66 %",
            "55 %",
            "97 %",
            "2,273 genes",
        ),
        "docs/differences.md": ("0.7 s", "11.8 s", "2e-5"),
    }.items():
        text = " ".join((ROOT / place).read_text().split())
        assert [figure for figure in figures if figure not in text or figure not in paper] == []


# forms, and the catalogue of workflows


def test_the_forms_for_issues_ask_for_what_is_needed():
    forms = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")}
    assert forms.pop("config").keys() <= {"blank_issues_enabled", "contact_links"}
    required = {
        name: {each["id"] for each in form["body"] if each.get("validations", {}).get("required")}
        for name, form in forms.items()
    }
    assert required == {
        "bug_report": {"command", "log", "version", "expected"},
        "wrong_number": {"input", "printed", "right", "known", "version"},
        "question": {"question"},
    }
    text = (ROOT / ".github/ISSUE_TEMPLATE/bug_report.yml").read_text()
    assert all(word in text for word in ("--verbose --log_file", "spex --version"))


def test_the_catalogue_reads_what_is_true_of_the_workflow():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage.keys() == {"mandatory-flags", "software-stack-deployment", "report"}
    workflow = (ROOT / "spex/study/study.smk").read_text()
    deployed = usage["software-stack-deployment"]
    assert deployed.keys() == {"conda", "singularity", "singularity+conda"}
    assert deployed["conda"] == bool(re.search(r"^\s+conda:", workflow, re.MULTILINE))
    assert deployed["singularity"] == bool(re.search(r"^\s*container(ized)?:", workflow, re.MULTILINE))
    assert usage["report"] == bool(re.search(r"\breport\(", workflow))
    text = usage["mandatory-flags"]["desc"]
    assert "'spex-expression[workflow]'" in text and "`spex study run study.yaml`" in text
