"""examples/first_look.ipynb runs as it stands, and its five lines give what the commands print."""

import json
import re
import sys

import ipykernel_launcher
import nbclient
import nbformat
import pandas as pd
import pytest
import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, ROOT, leave_out_pictures, narrow_state
from processes import fork_server

from spex.commands import tensors, train
from spex.example import WEIGHTS, lay_out
from spex.models.registry import MODELS

NOTEBOOK = ROOT / "examples" / "first_look.ipynb"
ROUNDS = {"num_boost_round": 15}
TISSUE = "Cells_EBV-transformed_lymphocytes"
NARROWED = f"""
from expecto import beluga
from spex.models import registry
beluga.CHANNELS, beluga.HIDDEN = {NARROW_CHANNELS}, {NARROW_HIDDEN}
registry.MODELS["gbtree"].defaults |= {ROUNDS}
"""
"""What the test adds behind the first cell: a narrow network and few rounds, or it would take minutes."""


def printed(notebook):
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    (line,) = [text for text in texts if text.startswith("rmse: ")]
    return line


@pytest.fixture
def place(tmp_path):
    """A folder with the example in it, of which two genes in three have no TSS; a narrow network for its weights."""
    example = tmp_path / "example"
    example.mkdir()
    torch.save(narrow_state(), example / WEIGHTS)
    lay_out(example)
    genes = pd.read_csv(example / "genes.csv")
    genes.loc[genes.index % 3 > 0, "CAGE_representative_TSS"] = None
    genes.to_csv(example / "genes.csv", index=False)
    return tmp_path


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """The name of a kernel that is a fork of a process which has imported the program."""
    words = [sys.executable, "-S", str(ROOT / "tests/forked.py"), fork_server(), ipykernel_launcher.__file__]
    folder = tmp_path / "jupyter/kernels/forked"
    folder.mkdir(parents=True)
    content = {"argv": [*words, "-f", "{connection_file}"], "display_name": "forked", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(content))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    return "forked"


def test_the_notebook_prints_what_the_commands_print(place, kernel, narrow, capsys, monkeypatch):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, nbformat.v4.new_code_cell(NARROWED))
    resources = {"metadata": {"path": str(place)}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name=kernel, resources=resources).execute()

    leave_out_pictures(monkeypatch)
    monkeypatch.setattr(MODELS["gbtree"], "defaults", MODELS["gbtree"].defaults | ROUNDS)
    monkeypatch.chdir(place)
    example = place / "example"
    genes = ["--data_folder", "run", "--genes_filename", str(example / "genes.csv")]
    inputs = ["--genome_filename", str(example / "genome.fa"), "--mcool_filename", str(example / "contacts.mcool")]
    weights = ["--beluga_model_filename", str(example / WEIGHTS), "--compute_platform", "CPU"]
    assert tensors.main([*genes, *inputs, *weights]) == 0
    (place / "params.json").write_text(json.dumps({"eta": 0.2}))
    expression = ["--gene_expression_filename", str(example / "expression.csv"), "--target", TISSUE]
    assert train.main([*genes, *expression, "--params", str(place / "params.json")]) == 0
    assert capsys.readouterr().out == printed(notebook)


def test_the_notebook_is_executed_and_small():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    assert re.fullmatch(r"rmse: \S+ spearman: \S+ pval: \S+ pearson: \S+ pval: \S+\n", printed(notebook))
    assert NOTEBOOK.stat().st_size < 30_000
    assert str(ROOT) not in NOTEBOOK.read_text()
