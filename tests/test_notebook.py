"""examples/first_look.ipynb runs as it stands, and its five lines give what the commands print."""

import json
import re

import nbclient
import nbformat
import pytest
import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, ROOT, leave_out_pictures, narrow_state

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
    """A folder with the example in it, and a narrow network in the place of the stand-in weights."""
    (tmp_path / "example").mkdir()
    torch.save(narrow_state(), tmp_path / "example" / WEIGHTS)
    lay_out(tmp_path / "example")
    return tmp_path


def test_the_notebook_prints_what_the_commands_print(place, narrow, capsys, monkeypatch):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first = next(number for number, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(first + 1, nbformat.v4.new_code_cell(NARROWED))
    resources = {"metadata": {"path": str(place)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()

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
