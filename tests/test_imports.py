"""Imports go down only, as the contracts in pyproject.toml have it; and the contracts notice what breaks them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "xgboost", "cooler", "pyfaidx", "matplotlib", "pandas", "scipy")

BREACHES = {
    "upwards": ("spex/inputs/genes.py", "import spex.runs.records", "spex.inputs.genes -> spex.runs.records"),
    "sideways": ("spex/resources/table.py", "import spex.runs.folder", "spex.resources.table -> spex.runs.folder"),
    "from commands": (
        "spex/runs/folder.py",
        "import spex.commands.parser",
        "spex.runs.folder -> spex.commands.parser",
    ),
    "expecto to spex": ("expecto/network.py", "import spex.errors", "expecto.network -> spex.errors"),
    "a new room": ("spex/utils.py", "import json", "utils"),
    "torch": ("spex/runs/folder.py", "import torch.nn", "spex.runs.folder -> torch"),
    "beluga": (
        "spex/features/write.py",
        "from expecto.beluga import HIDDEN",
        "spex.features.write -> expecto.beluga",
    ),
    "cooler": ("spex/contacts/rules.py", "import cooler", "spex.contacts.rules -> cooler"),
    "hictkpy": ("spex/contacts/rules.py", "import hictkpy", "spex.contacts.rules -> hictkpy"),
    "gemmi": ("spex/inputs/maps/loops.py", "import gemmi", "spex.inputs.maps.loops -> gemmi"),
    "memelite": ("spex/inputs/alleles.py", "import memelite", "spex.inputs.alleles -> memelite"),
    "pysam": ("spex/inputs/alleles.py", "import pysam", "spex.inputs.alleles -> pysam"),
    "pyfaidx": ("spex/inputs/genes.py", "from pyfaidx import Fasta", "spex.inputs.genes -> pyfaidx"),
    "xgboost": ("spex/models/ridge.py", "import xgboost", "spex.models.ridge -> xgboost"),
    "matplotlib": ("spex/runs/folder.py", "import matplotlib.figure", "spex.runs.folder -> matplotlib"),
    "jinja2": ("spex/reports/figures.py", "import jinja2", "spex.reports.figures -> jinja2"),
    "pyarrow": ("spex/runs/folder.py", "import pyarrow.parquet", "spex.runs.folder -> pyarrow"),
    "pybigtools": ("spex/reports/fit_figures.py", "import pybigtools", "spex.reports.fit_figures -> pybigtools"),
    "sklearn": ("spex/runs/folder.py", "from sklearn import metrics", "spex.runs.folder -> sklearn"),
    "inside a function": ("spex/runs/settings.py", "def f():\n    import torch", "spex.runs.settings -> torch"),
}
A_ROOM = "a new room"
"""The breach that import-linter looks for before it looks at imports."""


def check_imports(folder):
    """Returns: whether all contracts hold for the packages in a folder, and what import-linter says."""
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def test_imports_go_down_only():
    kept, said = check_imports(ROOT)
    assert kept, said


def said_of(folder, names):
    """What is said of the packages with breaches of these names, copied into a folder; it must not be that all hold."""
    for package in ("expecto", "spex"):
        shutil.copytree(ROOT / package, folder / package, ignore=not_code)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, code, _ in (BREACHES[name] for name in names):
        with open(folder / path, "a") as file:
            file.write(f"\n{code}\n")
    kept, said = check_imports(folder)
    assert not kept
    return said


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What is said of all breaches at once, each of which is named by itself."""
    return said_of(tmp_path_factory.mktemp("breaches"), BREACHES.keys() - {A_ROOM})


@pytest.mark.parametrize("name", [name for name in BREACHES if name != A_ROOM])
def test_a_breach_is_noticed_and_named(said, name):
    assert f"- {BREACHES[name][2]} (l." in said.replace("-   ", "- ")


def test_a_new_room_is_noticed_and_named(tmp_path):
    assert BREACHES[A_ROOM][2] in said_of(tmp_path, [A_ROOM])


def not_code(folder, names):
    return [name for name in names if not name.endswith(".py") and not Path(folder, name).is_dir()]


def test_the_package_loads_nothing_heavy():
    code = "import spex, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & set(HEAVY)


OF_BELUGA = {2002, 2003, 4004, 20020, 24024, "AGCT"}
"""Numbers of one network, which another one has not."""

ITS_WINDOW = 2000
WINDOW_OF_NONE = {"spex/models/boosters.py": 1, "spex/inputs/alleles.py": 1}
"""Modules in which 2000 is something else (rounds of boosting, the longest allele), and how often."""


def beluga_in(folder):
    """Where a package `spex` in a folder names the numbers of Beluga, or its entry in the registry: list of text."""
    found = []
    for path in sorted((folder / "spex").rglob("*.py")):
        module, windows = str(path.relative_to(folder)), 0
        for node in ast.walk(ast.parse(path.read_text())):
            value = node.value if isinstance(node, ast.Constant) else None
            names = [getattr(node, part, None) for part in ("id", "attr", "name")]
            if (type(value) in (int, str) and value in OF_BELUGA) or "BELUGA" in names:
                found.append(f"{module}:{node.lineno}")
            windows += type(value) is int and value == ITS_WINDOW
        if windows > WINDOW_OF_NONE.get(module, 0):
            found.append(f"{module}: {ITS_WINDOW}")
    return found


def test_nothing_in_spex_names_the_numbers_of_one_network():
    assert beluga_in(ROOT) == []


@pytest.mark.parametrize(
    "code",
    [
        "from expecto.network import BELUGA",
        "from expecto import network\nnetwork.BELUGA",
        "WIDTH = 20_020",
        "WINDOW = 2_000",
        'BASES = "AGCT"',
    ],
)
def test_a_number_of_one_network_is_noticed(tmp_path, code):
    path = tmp_path / "spex/features/new.py"
    path.parent.mkdir(parents=True)
    path.write_text(f"import json\n{code}\n")
    assert len(beluga_in(tmp_path)) == 1 and "spex/features/new.py" in beluga_in(tmp_path)[0]
