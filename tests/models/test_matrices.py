"""Sums over columns against those of a copy."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from spex.errors import InputError
from spex.models.layout import Layout
from spex.models.matrices import Features, column_blocks, column_moments


def test_column_moments_equal_those_of_a_float64_copy():
    features = (np.random.default_rng(1).normal(size=(30, 2500)) * 100 + 1000).astype(np.float32)
    rows = np.array([0, 3, 4, 9, 20])
    mean, deviation = column_moments(features, rows)
    assert_allclose(mean, features[rows].astype(np.float64).mean(axis=0), rtol=1e-12)
    assert_allclose(deviation, features[rows].astype(np.float64).std(axis=0), rtol=1e-12)
    assert_array_equal(np.concatenate([np.arange(2500)[block] for block in column_blocks(features)]), np.arange(2500))


@pytest.mark.parametrize("groups", [0, 1, 3])
def test_features_know_their_groups_of_contacts(groups):
    genes = pd.DataFrame({"id": ["A", "B"], "symbol": ["a", "b"], "chrom": "chr1", "strand": "+", "tss": [1, 2]})
    features = Features(np.zeros((2, 20_020 + 4_004 * groups)), genes)
    assert features.groups == groups and features.with_contacts == (groups > 0)
    names = list(dict.fromkeys(features.columns.get_level_values("position")))
    assert len(features.columns) == features.X.shape[1] and len(names) == 10 + 2 * groups
    last = {0: "downstream, decay 0.2", 1: "contacts upstream", 3: "contacts upstream, group 3"}
    assert names[-1] == last[groups]
    table = features.to_anndata()
    assert table.var_names.is_unique and table.var_names[-1] == f"{last[groups]}: 2002"


@pytest.mark.filterwarnings("ignore:The 'mode.chained_assignment' option")  # which anndata sets
@pytest.mark.parametrize("text", [object, "str", "category"])
def test_the_anndata_can_be_written_and_read_again(tmp_path, text):
    anndata = pytest.importorskip("anndata")
    genes = pd.DataFrame({"id": ["A", "B", "C"], "symbol": ["a", "b", "b"], "chrom": "chr1", "strand": list("+-+")})
    genes = genes.astype(text).assign(tss=[1, 2, 3]).set_index(pd.Index([5, 7, 9]))
    genes.attrs["account"] = {"used": 3}
    X = np.random.default_rng(0).random((3, 24_024), dtype=np.float32)
    features = Features(X, genes)
    made = features.to_anndata()
    made.write_h5ad(tmp_path / "x.h5ad")
    found = anndata.read_h5ad(tmp_path / "x.h5ad")
    assert_array_equal(found.X, X)
    assert list(found.obs_names) == ["A", "B", "C"]
    for name in ("symbol", "chrom", "strand", "tss"):
        assert found.obs[name].tolist() == genes[name].tolist()
    assert found.var["position"].tolist() == features.columns.get_level_values("position").tolist()
    made[1:, ::2002].copy().write_h5ad(tmp_path / "part.h5ad")
    assert anndata.read_h5ad(tmp_path / "part.h5ad").obs["symbol"].tolist() == ["b", "b"]


GENE = pd.DataFrame({"id": ["A"], "symbol": ["a"], "chrom": ["chr1"], "strand": ["+"], "tss": [1]})


@pytest.mark.parametrize("shape", [(2, 50), (50,), (1, 49), (1, 2, 25)])
def test_a_matrix_of_another_shape_is_refused(shape):
    with pytest.raises(InputError, match=r"a matrix of shape \(.*\) for 1 genes; expected one row per gene"):
        Features(np.zeros(shape), GENE, Layout(("own",), own=50))


@pytest.mark.parametrize("width", [1, 50, 3072, 16_016, 20_021, 22_022])
def test_features_of_any_other_width_are_of_the_gene_alone(width):
    features = Features(np.zeros((1, width)), GENE)
    assert not features.with_contacts and features.columns.tolist() == [("own", k) for k in range(1, width + 1)]


def test_columns_of_another_model_have_its_names():
    layout = Layout(("own",), own=2, bins=1, groups=2, own_names=("a", "b"), bin_names=("DNase",))
    found = Features(np.zeros((1, 6)), GENE, layout)
    sides = [f"contacts {side}, group {number}" for number in (1, 2) for side in ("downstream", "upstream")]
    assert found.columns.tolist() == [("own", "a"), ("own", "b"), *((side, "DNase") for side in sides)]
    assert found.groups == 2 and found.columns.names == ["position", "feature"]
