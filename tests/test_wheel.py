"""The wheel: what is in it, and the embedded example run with it, installed, far from the checkout."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_bytes
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, made_once, narrow_state
from packaging.requirements import Requirement

import spex
from spex.example import FILES

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "spex/example"
DOWNLOADS = ("*.csv", "*.pth", "*.tsv", "*.part*", "*.json", "__pycache__")
GENES = {"chr8": 3, "chr1": 1, "chr9": 1}
NARROW_COMMANDS = f"""
import sys
from expecto import beluga
from spex.commands.main import main
beluga.CHANNELS, beluga.HIDDEN = {NARROW_CHANNELS}, {NARROW_HIDDEN}
sys.exit(any(main(words.split()) for words in sys.argv[1:]))
"""
"""Both in one process: libraries take longer to load than either to run."""

FEW_ROUNDS = {"num_boost_round": 4, "early_stopping_rounds": 2}


def run(*command, folder):
    """Run a command in a folder as a user without this checkout does. Returns: its stdout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    (path,) = made_once(tmp_path_factory, "wheel", build).glob("*.whl")
    return path


def build(folder):
    """The wheel, built offline from a copy, so that nothing of an earlier build in the checkout gets into it."""
    source = folder / "source"
    source.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "tensors.py", "train.py"):
        shutil.copy(ROOT / name, source)
    for name in ("spex", "expecto", "benchmarks"):
        left_out = DOWNLOADS if name == "expecto" else ("__pycache__",)
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns(*left_out))
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, source, folder=source)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The bin folder of an environment that has the wheel and sees what this one has, but not the checkout."""
    return made_once(tmp_path_factory, "environment", partial(install, wheel)) / "bin"


def install(wheel, folder):
    """Lines that an editable install leaves in .pth files are not followed from a folder that a .pth file names."""
    venv.create(folder, with_pip=False, symlinks=True)
    options = ("--quiet", "--no-deps", "--no-index", wheel)
    run(sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", *options, folder=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    others = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (site / "others.pth").write_text("".join(f"{path}\n" for path in others))


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    metadata = f"spex_expression-{spex.__version__}.dist-info"
    assert wheel.name == f"spex_expression-{spex.__version__}-py3-none-any.whl"
    assert {name.split("/")[0] for name in names} == {"spex", "expecto", metadata}
    code = {path.relative_to(ROOT).as_posix() for room in ("spex", "expecto") for path in (ROOT / room).rglob("*.py")}
    data = {"expecto/py.typed", "spex/py.typed", "spex/study/study.smk"}
    data |= {f"spex/example/{name}" for name in FILES}
    data |= {f"spex/study/profiles/{name}/config.yaml" for name in ("local", "slurm")}
    places = [ROOT / "spex/reports" / name for name in ("templates", "igv")]
    data |= {path.relative_to(ROOT).as_posix() for place in places for path in place.iterdir()}
    assert {name for name in names if not name.startswith(metadata)} == code | data


def test_the_wheel_asks_for_all_that_training_needs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"spex_expression-{spex.__version__}.dist-info/METADATA"))
    asked = [Requirement(text) for text in metadata.get_all("Requires-Dist")]
    here = {"sys_platform": "linux", "extra": ""}
    core = {requirement.name for requirement in asked if not requirement.marker or requirement.marker.evaluate(here)}
    assert core >= {"h5py", "jinja2", "matplotlib", "numpy", "pandas", "requests", "scipy", "tqdm", "xgboost-cpu"}
    assert not core & {"xgboost", "pytest", "anndata"}


def test_the_checkout_is_not_on_the_path(installed, tmp_path):
    place = run(installed / "python", "-c", "import spex; print(spex.__file__)", folder=tmp_path)
    assert Path(place.strip()).is_relative_to(installed.parent)
    code = "from spex.study.running import PROFILES, SNAKEFILE; print(SNAKEFILE, *PROFILES.values(), sep='\\n')"
    for line in run(installed / "python", "-c", code, folder=tmp_path).splitlines():
        assert Path(line).exists() and Path(line).is_relative_to(installed.parent)


def test_the_installed_command_answers(installed, tmp_path):
    assert run(installed / "spex", "--version", folder=tmp_path) == f"spex {spex.__version__}\n"
    assert run(installed / "spex", "tensors", "--help", folder=tmp_path).startswith("usage: spex tensors ")
    assert run(installed / "python", "-m", "spex.resources", "list", folder=tmp_path).startswith("genes ")


def test_the_example_runs_with_the_wheel(installed, tmp_path):
    """With a narrow network: what is tried here is the package, and the full one takes a minute."""
    genes, expression = pd.read_csv(EXAMPLE / "genes.csv"), pd.read_csv(EXAMPLE / "expression.csv", index_col=0)
    usable = genes[genes["CAGE_representative_TSS"].notna() & (genes["type"] != "rRNA")]
    rows = [row for chrom, count in GENES.items() for row in usable.index[usable["seqnames"] == chrom][:count]]
    genes.loc[rows].to_csv(tmp_path / "genes.csv", index=False)
    expression.loc[rows].reset_index(drop=True).to_csv(tmp_path / "expression.csv", index_label="")
    (tmp_path / "few.json").write_text(json.dumps(FEW_ROUNDS))
    for name in ("genome.fa", "contacts.mcool"):
        shutil.copy(EXAMPLE / name, tmp_path)
    shared = "--data_folder data --genes_filename genes.csv --compute_platform CPU"
    inputs = "--genome_filename genome.fa --mcool_filename contacts.mcool --no_pred_cache"
    tables = "--gene_expression_filename expression.csv --target Liver --params few.json"
    torch.save(narrow_state(), tmp_path / "narrow.pth")
    commands = (f"tensors {shared} {inputs} --beluga_model_filename narrow.pth", f"train {shared} {tables}")
    line = run(installed / "python", "-c", NARROW_COMMANDS, *commands, folder=tmp_path)
    assert len(list(tmp_path.glob("data/tensors/tensor_gene_*.npy"))) == len(rows)
    assert line.count("\n") == 1
    (record,) = tmp_path.glob("data/results/*/metrics.json")
    assert json.loads(record.read_text())["settings"]["target"] == "Liver"
