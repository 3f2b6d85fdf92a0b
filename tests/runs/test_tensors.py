"""Tensors of a data folder as a matrix, and the genes that have one."""

import re
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from refusals import Touch
from train_inputs import RUN_SETTINGS

from spex.errors import InputError
from spex.files.sealed import save_array
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings
from spex.runs.tensors import TensorMatrix, layout_of, match_genes, read_features


@pytest.fixture
def folder(tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.tensors.mkdir(parents=True)
    return folder


def write_tensors(folder, count=5, width=20020, dtype=np.float32):
    tensors = np.random.default_rng(0).normal(size=(count, width)).astype(dtype)
    for number, tensor in enumerate(tensors):
        save_array(folder.tensor_path(f"g{number}"), tensor)
    return tensors


def test_tensors_become_the_rows_in_the_order_asked_for(folder):
    tensors = write_tensors(folder)
    matrix, _ = read_features(folder, ["g3", "g0", "g4"], 20020)
    assert matrix.dtype == np.float32
    assert_array_equal(matrix, tensors[[3, 0, 4]])


def test_published_float64_tensors_are_read(folder):
    tensors = write_tensors(folder, count=2, width=24024, dtype=np.float64)
    np.save(folder.tensor_path("g1"), tensors[1])
    assert_array_equal(read_features(folder, ["g0", "g1"], 24024)[0], tensors.astype(np.float32))


def test_the_digest_stands_for_the_content(folder):
    tensors = write_tensors(folder, count=3)
    _, digest = read_features(folder, ["g0", "g1", "g2"], 20020)
    assert read_features(folder, ["g0", "g1", "g2"], 20020)[1] == digest
    assert read_features(folder, ["g0", "g2", "g1"], 20020)[1] != digest
    tensors[1, 77] += 1
    save_array(folder.tensor_path("g1"), tensors[1])
    assert read_features(folder, ["g0", "g1", "g2"], 20020)[1] != digest


def test_a_matrix_is_handed_over_and_read_again(folder):
    tensors = write_tensors(folder, count=3)
    kept = TensorMatrix(folder, ["g2", "g0"], 20020)
    assert kept.shape == (2, 20020)
    first = kept.hand_over()
    let_go = weakref.ref(first)
    assert_array_equal(first, tensors[[2, 0]])
    del first
    assert let_go() is None
    assert_array_equal(kept.hand_over(), tensors[[2, 0]])
    save_array(folder.tensor_path("g0"), tensors[1])
    with pytest.raises(InputError, match="its tensors have changed since this run began"):
        kept.hand_over()


def test_every_bad_tensor_is_counted_and_the_first_are_named(folder):
    tensors = write_tensors(folder, count=7)
    for number in (1, 2):
        tensors[number, number] = (np.nan, np.inf)[number - 1]
        save_array(folder.tensor_path(f"g{number}"), tensors[number])
    save_array(folder.tensor_path("g3"), tensors[3, :-1])
    save_array(folder.tensor_path("g4"), np.arange(20020))
    content = bytearray(folder.tensor_path("g5").read_bytes())
    content[5000] ^= 1
    folder.tensor_path("g5").write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_features(folder, [f"g{number}" for number in range(7)], 20020)
    message = str(refused.value)
    assert message.startswith("5 of 7 tensors cannot be used: ")
    assert "tensor_gene_g1.npy: contains NaN" in message and "and 2 more" in message
    for number, told in ((4, "int64 of shape"), (5, "checksum")):
        with pytest.raises(InputError, match=told):
            read_features(folder, [f"g{number}"], 20020)


def test_width_comes_from_the_run_or_from_a_tensor(folder):
    write_tensors(folder, count=1, width=24024)
    assert layout_of(folder, RunSettings(**RUN_SETTINGS, genes_sha256="1"), ["g0"]).width == 20020
    with_maps = RunSettings(**RUN_SETTINGS | {"maps_sha256": ["a" * 64]}, genes_sha256="1")
    assert layout_of(folder, with_maps, ["g0"]).width == 24024
    assert layout_of(folder, replace(with_maps, distance_edges=[0.3, 0.6]), ["g0"]).width == 28028
    folder.tensor_path("a").write_bytes(b"damaged")
    assert layout_of(folder, None, ["a", "g0"]).width == 24024


def test_genes_are_kept_that_have_expression_and_a_tensor(folder):
    write_tensors(folder, count=3)
    genes = pd.DataFrame({"id": ["g0", "g1", "g2", "g3", "g4"]}, index=[4, 6, 7, 9, 12])
    expression = pd.DataFrame({1: [0.1, 0.2, 0.3, 0.4]}, index=[4, 7, 9, 12])
    matched = match_genes(folder, genes, expression)
    assert list(matched.genes["id"]) == ["g0", "g2"]
    assert list(matched.expression[1]) == [0.1, 0.2]
    assert list(matched.without_expression["id"]) == ["g1"]
    assert list(matched.without_tensor["id"]) == ["g3", "g4"]
    with pytest.raises(InputError, match="no tensor of the 1 genes"):
        match_genes(folder, genes.loc[[9]], expression.loc[[9]])


def whole_tensor():
    return np.random.default_rng(0).random(20_020, dtype=np.float32)


TENSORS = {
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-10]),
    "empty": lambda path: path.write_bytes(b""),
    "a flipped bit": lambda path: path.write_bytes(path.read_bytes()[:999] + b"\x7f" + path.read_bytes()[1000:]),
    "text": lambda path: path.write_text("0.5\n" * 20_020),
    "too long": lambda path: save_array(path, np.zeros(24_024, np.float32)),
    "too short": lambda path: save_array(path, np.zeros(20_019, np.float32)),
    "a matrix": lambda path: save_array(path, np.zeros((10, 2002), np.float32)),
    "whole numbers": lambda path: save_array(path, np.zeros(20_020, np.int32)),
    "complex numbers": lambda path: save_array(path, np.zeros(20_020, np.complex64)),
    "NaN": lambda path: save_array(path, np.where(np.arange(20_020) == 5, np.nan, whole_tensor())),
    "infinity": lambda path: save_array(path, np.where(np.arange(20_020) == 5, np.inf, whole_tensor())),
    "beyond float32": lambda path: save_array(path, np.full(20_020, 1e60)),
    "a call in a pickle": lambda path: np.save(path, np.array([Touch(path.with_name("called"))]), allow_pickle=True),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_a_tensor_that_cannot_be_used_is_named(folder, kind):
    write_tensors(folder, count=2)
    path = folder.tensor_path("g1")
    TENSORS[kind](path)
    message = f"1 of 2 tensors cannot be used: {re.escape(str(path))}: .*run spex tensors again"
    with pytest.raises(InputError, match=message):
        read_features(folder, ["g0", "g1"], 20020)
    assert not path.with_name("called").exists()
