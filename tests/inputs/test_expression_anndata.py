"""AnnData files, samples by genes and the other way."""

import sys

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression

IDS = [f"ENSG{number:011d}" for number in range(6)]
TISSUES = ["brain", "liver", "lung"]
VALUES = np.random.default_rng(3).poisson(1.0, (3, 6)).astype(np.float32)  # samples, genes
GENES = pd.DataFrame({"id": IDS}, index=range(20, 26)).drop(22)


def write(path, ids=IDS, values=VALUES, genes_in_rows=False, sparse=False):
    values = values.T if genes_in_rows else values
    names = (ids, TISSUES) if genes_in_rows else (TISSUES, ids)
    frames = [pd.DataFrame(index=pd.Index(side, dtype=object)) for side in names]
    AnnData(csr_matrix(values) if sparse else values, *frames).write_h5ad(path)
    return path


@pytest.mark.parametrize("name", ["e.h5ad", "e.tsv"])
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("genes_in_rows", [False, True])
@pytest.mark.parametrize("ids", [IDS, [f"{each}.4" for each in IDS]])
def test_either_way_gives_the_values_of_the_genes(tmp_path, name, sparse, genes_in_rows, ids):
    file = open_expression(write(tmp_path / name, ids, genes_in_rows=genes_in_rows, sparse=sparse))
    assert file.tissues == tuple(TISSUES) and file.has_id_column
    expression = read_expression(file, [1, 3], None, GENES)
    assert_array_equal(expression.values.index, GENES.index)
    for row, gene in GENES["id"].items():
        assert expression.values.loc[row].tolist() == VALUES[[0, 2], IDS.index(gene)].tolist()
    assert expression.values.dtypes.eq(np.float64).all()


@pytest.mark.parametrize("genes_in_rows", [False, True])
def test_other_ids_are_told_by_the_genes_table(tmp_path, genes_in_rows):
    path = write(tmp_path / "e.h5ad", list("abcdef"), genes_in_rows=genes_in_rows)
    assert open_expression(path, known_ids=lambda: ["c", "d", None]).tissues == tuple(TISSUES)
    with pytest.raises(InputError, match=r"neither obs nor var is named by gene ids .obs: .*; expected ids of genes"):
        open_expression(path, known_ids=lambda: ["z"])


TPM = np.random.default_rng(5).exponential(100, (3, 6)).round(2)


def write_with(path, values, **others):
    frames = [pd.DataFrame(index=pd.Index(side, dtype=object)) for side in (TISSUES, IDS)]
    data = AnnData(csr_matrix(values), *frames)
    data.uns.update(others.pop("uns", {}))
    for name, layer in others.items():
        data.layers[name] = layer
    data.write_h5ad(path)
    return path


def read_all(path):
    return read_expression(open_expression(path), [1, 2, 3], None, GENES)


@pytest.mark.parametrize("noted, base", [({}, np.e), ({"base": None}, np.e), ({"base": 2}, 2), ({"base": 10.0}, 10)])
def test_logarithms_that_the_file_notes_are_taken_back(tmp_path, noted, base, caplog):
    path = write_with(tmp_path / "e.h5ad", np.log1p(TPM) / np.log(base), uns={"log1p": noted})
    expression = read_all(path)
    assert_allclose(expression.values, TPM.T[[IDS.index(name) for name in GENES["id"]]], rtol=1e-12)
    assert f"log(x + 1) to base {base:.4g} is converted back, as uns['log1p'] records" in expression.account.line()
    assert not caplog.messages


@pytest.mark.parametrize("values", [TPM, np.rint(TPM / 20)])
def test_what_was_put_into_x_after_the_note_is_linear(tmp_path, values, caplog):
    expression = read_all(write_with(tmp_path / "e.h5ad", values, uns={"log1p": {"base": None}}))
    assert_allclose(expression.values, values.T[[IDS.index(name) for name in GENES["id"]]], rtol=1e-12)
    assert "uns['log1p'] means logarithms, but X has whole numbers, or larger ones" in caplog.text
    assert caplog.messages[0].partition(": ")[2] in expression.account.line()


@pytest.mark.parametrize("base", ["e", 1, 0.5, np.nan])
def test_a_base_that_is_none_is_refused(tmp_path, base):
    path = write_with(tmp_path / "e.h5ad", np.log1p(TPM), uns={"log1p": {"base": base}})
    with pytest.raises(InputError, match=r"uns\['log1p'\] has base .*; expected a number above 1; X: give linear"):
        read_all(path)


def test_logarithms_without_a_note_and_scaled_values(tmp_path, caplog):
    expression = read_all(write_with(tmp_path / "e.h5ad", np.log1p(TPM), counts=TPM))
    assert "3 columns look like logarithms (brain, liver, lung)" in expression.account.line()
    assert "X is read, not counts" in expression.account.line()
    assert "no value of brain, liver, lung is above 25" in caplog.text
    scaled = (TPM - TPM.mean(axis=0)) / TPM.std(axis=0)
    with pytest.raises(InputError, match=r"of 18 values are negative, as scaled .*; X is read, not counts"):
        read_all(write_with(tmp_path / "scaled.h5ad", scaled, uns={"log1p": {}}, counts=TPM))


def test_strings_of_pandas_3_are_read(tmp_path):
    with pd.option_context("mode.string_storage", "python"):  # anndata writes no others
        frames = [pd.DataFrame({"note": "x"}, index=pd.Index(side, dtype="str")) for side in (TISSUES, IDS)]
    with anndata.settings.override(allow_write_nullable_strings=True):
        AnnData(VALUES, *frames).write_h5ad(tmp_path / "e.h5ad")
    file = open_expression(tmp_path / "e.h5ad")
    assert file.tissues == tuple(TISSUES)
    assert read_all(tmp_path / "e.h5ad").values.loc[21].tolist() == VALUES[:, 1].tolist()


def test_what_cannot_be_used_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "e.h5ad")

    def refused(message, given=path, value=None):
        with pytest.raises(InputError, match=message) as refusal:
            read_expression(open_expression(given, value), [1, 2, 3], None, GENES)
        assert len(str(refusal.value).splitlines()) == 1

    refused("an HDF5 file, with value or among several; expected one .h5ad alone", [path, path])
    refused("an HDF5 file, with value or among several", path, "TPM")
    values = VALUES.copy()
    values[1, 3] = np.nan
    refused(
        "liver of gene ENSG00000000003 is nan; expected a number from 0 up", write(tmp_path / "nan.h5ad", values=values)
    )
    refused("gene id 'ENSG00000000000' occurs twice", write(tmp_path / "twice.h5ad", [*IDS[:5], f"{IDS[0]}.1"]))
    refused("0 of the 5 genes are in its id column", write(tmp_path / "o.h5ad", [f"ENSMUSG{n:011d}" for n in range(6)]))
    (tmp_path / "cut.h5ad").write_bytes(path.read_bytes()[:3000])
    refused("cut.h5ad: not readable as AnnData", tmp_path / "cut.h5ad")
    AnnData(
        obs=pd.DataFrame(index=pd.Index(TISSUES, dtype=object)), var=pd.DataFrame(index=pd.Index(IDS, dtype=object))
    ).write_h5ad(tmp_path / "no_x.h5ad")
    refused("no X, the matrix of expression", tmp_path / "no_x.h5ad")
    monkeypatch.setitem(sys.modules, "anndata", None)
    refused("anndata, which reads it, is not installed; get it with: pip install 'spex-expression\\[anndata\\]'")
