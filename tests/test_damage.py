"""Every file that the program wrote, cut short or with a flipped byte: made again, or refused by name."""

import json
import shutil
from itertools import cycle

import pandas as pd
import pytest
from conftest import example_genes

from spex.commands import tensors, train
from spex.reports import fit_figures

REFUSED = "run.json"


def flip(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


DAMAGES = {"cut short": lambda content: content[: len(content) // 2], "empty": lambda content: b"", "flipped": flip}


@pytest.fixture
def commands(narrow, sketches, world, tensors_argv, tmp_path, monkeypatch):
    """The two commands on one data folder: tensors with contacts, then a fit on chr8 of every other gene."""
    monkeypatch.setattr(fit_figures, "draw_summary", lambda path: None)
    expression = example_genes()[["id"]].assign(tissue=range(1, 13), other=range(12, 0, -1))
    expression.to_csv(tmp_path / "expression.csv", index=False)
    (tmp_path / "p.json").write_text(json.dumps({"num_boost_round": 3, "early_stopping_rounds": 2, "lambda": 0}))
    shutil.copy(world.genome, tmp_path / "genome.fa")
    make = tensors_argv("--genome_filename", tmp_path / "genome.fa", maps=[0])
    fit = [
        *("--data_folder", str(tmp_path / "data"), "--genes_filename", str(world.genes), "--target_index", "all"),
        *("--gene_expression_filename", str(tmp_path / "expression.csv"), "--params", str(tmp_path / "p.json")),
    ]
    return lambda: tensors.main(make) or train.main(fit)


def written(folder):
    """Everything below the folder but what the test itself put there."""
    given = ("expression.csv", "p.json", "genome.fa")
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name not in given}


def of_one_kind(paths):
    """Kind -> files, of all tissues, genes or chromosomes, which are damaged at once: each must be whole again.

    A kind is a name, or the folder of arrays. What nothing reads is left out.
    """
    kinds = {}
    for path in paths:
        if path.name != "identity.json":  # shows people what a cache folder belongs to
            kind = path.parent.parent.name if path.suffix == ".npy" else path.name
            kinds.setdefault(kind, []).append(path)
    return kinds


@pytest.mark.parametrize("damages", [("cut short", "flipped"), pytest.param(("empty",), marks=pytest.mark.soak)])
def test_every_damaged_file_is_made_again_or_refused_by_name(commands, tmp_path, capsys, damages):
    """Several files of a kind are damaged in either way in turn, a single one first in the one and then the other."""
    assert commands() == 0
    whole = written(tmp_path)
    kinds = {path.name if "tensor_gene" not in path.name else "tensor" for path in whole}
    assert {"tensor", "run.json", "contacts.npz", "contacts.tsv", "input_hashes.json", "genome.fa.fai"} < kinds
    assert {"metrics.json", "model.ubj", "predictions.csv", "results.csv", "importance.csv"} < kinds
    tensor_files = [path for path in whole if path.parent.name == "tensors"]
    for name, paths in of_one_kind(whole).items():
        for ways in [damages] if len(paths) > 1 else [(each,) for each in damages]:
            damaged = {path: DAMAGES[way](whole[path]) for path, way in zip(paths, cycle(ways), strict=False)}
            for path, content in damaged.items():
                path.write_bytes(content)
            if "cache" in paths[0].parts:  # make all tensors anew, so that everything in the cache is read
                for tensor in tensor_files:
                    tensor.unlink()
            capsys.readouterr()
            status = commands()
            error = capsys.readouterr().err
            if name == REFUSED:
                assert status == 2
                (path,) = paths
                assert f"{path}: damaged or edited" in error.splitlines()[-1]
                assert path.read_bytes() == damaged[path]
                path.write_bytes(whole[path])
                assert commands() == 0
            assert status == 0 or name == REFUSED, error
            found = written(tmp_path)
            lost = [file for file in whole if file not in found and "cache" not in file.parts]
            changed = [file for file in whole if file in found and found[file] != whole[file]]
            assert not lost + changed
    table = pd.read_csv(tmp_path / "data" / "results" / "results.csv")
    assert list(table["target"]) == ["tissue", "other"]
