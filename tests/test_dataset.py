import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from train_inputs import RUN_SETTINGS

from spex.errors import InputError
from spex.files.sealed import save_array
from spex.models.matrices import column_blocks, column_moments
from spex.models.splits import cross_validation_splits, split_by_chromosome
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings
from spex.runs.tensors import expected_width, match_genes, read_features

CHROMS = np.array([f"chr{number}" for number in (1, 1, 1, 1, 2, 2, 2, 8, 8, 8, 9, 9, 9, 10, 10, 10, 10, 10)])


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
    assert "tensor_gene_g1.npy: holds NaN" in message and "and 2 more" in message
    for number, told in ((4, "int64 of shape"), (5, "checksum")):
        with pytest.raises(InputError, match=told):
            read_features(folder, [f"g{number}"], 20020)


def test_width_comes_from_the_run_or_from_a_tensor(folder):
    write_tensors(folder, count=1, width=24024)
    assert expected_width(folder, RunSettings(**RUN_SETTINGS, genes_sha256="1"), ["g0"]) == 20020
    with_maps = RunSettings(**RUN_SETTINGS | {"maps_sha256": ["a" * 64]}, genes_sha256="1")
    assert expected_width(folder, with_maps, ["g0"]) == 24024
    folder.tensor_path("a").write_bytes(b"damaged")
    assert expected_width(folder, None, ["a", "g0"]) == 24024


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


def test_roles_by_chromosome():
    split = split_by_chromosome(CHROMS, ["chr8"], ["chr9"])
    assert_array_equal(CHROMS[split.test], ["chr8"] * 3)
    assert_array_equal(CHROMS[split.validation], ["chr9"] * 3)
    assert set(CHROMS[split.train]) == {"chr1", "chr2", "chr10"}
    assert split.watched is split.validation
    published = split_by_chromosome(CHROMS, ["chr8"])
    assert published.watched is published.test
    assert len(published.train) == len(CHROMS) - 3


@pytest.mark.parametrize(
    "test, validation, told",
    [
        (["chr8"], ["chr8"], "among test_chroms too"),
        (["8"], [], "they lie on chr1, chr2, chr8, chr9, chr10"),
        (["chr8"], ["chr3"], "validation_chroms chr3: no validation genes"),
        (["chr1", "chr2", "chr8"], ["chr9", "chr10"], "no training genes"),
    ],
)
def test_roles_that_cannot_be(test, validation, told):
    with pytest.raises(InputError, match=told):
        split_by_chromosome(CHROMS, test, validation)


def test_too_few_test_genes_for_a_correlation():
    with pytest.raises(InputError, match="2 test genes"):
        split_by_chromosome(CHROMS[2:], ["chr1"])


@pytest.mark.parametrize("groups", [None, 3, 4])
def test_cross_validation_tests_every_row_once_and_never_on_itself(groups):
    splits = cross_validation_splits(CHROMS, groups)
    assert len(splits) == (groups or 5)
    assert_array_equal(np.sort(np.concatenate([split.test for split in splits])), np.arange(len(CHROMS)))
    for split in splits:
        parts = [set(CHROMS[rows]) for rows in (split.train, split.validation, split.test)]
        assert all(parts)
        assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(CHROMS))
        assert sum(map(len, (split.train, split.validation, split.test))) == len(CHROMS)


def test_groups_are_balanced():
    sizes = [len(split.test) for split in cross_validation_splits(CHROMS, 3)]
    assert sorted(sizes) == [5, 6, 7]


def test_too_many_or_too_few_groups():
    with pytest.raises(InputError, match="6 groups of the 5 chromosomes"):
        cross_validation_splits(CHROMS, 6)
    with pytest.raises(InputError, match="expected 3 to 2"):
        cross_validation_splits(CHROMS[:6])


def test_column_moments_equal_those_of_a_float64_copy():
    features = (np.random.default_rng(1).normal(size=(30, 2500)) * 100 + 1000).astype(np.float32)
    rows = np.array([0, 3, 4, 9, 20])
    mean, deviation = column_moments(features, rows)
    assert_allclose(mean, features[rows].astype(np.float64).mean(axis=0), rtol=1e-12)
    assert_allclose(deviation, features[rows].astype(np.float64).std(axis=0), rtol=1e-12)
    assert_array_equal(np.concatenate([np.arange(2500)[block] for block in column_blocks(features)]), np.arange(2500))
