"""Expression files in every form that labs hand around."""

import gzip

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression, unversioned

IDS = [f"ENSG{number:011d}" for number in range(12)]

TISSUES = ["Adipose - Subcutaneous", "Brain - Cortex", "Brain - Cerebellum", "Liver"]

VALUES = np.arange(48.0).reshape(12, 4) / 7


@pytest.fixture
def genes():
    """Rows 1, 3, 4, ... of a table of twelve: what a filter leaves."""
    return pd.DataFrame({"id": IDS}).drop([0, 2])


def table():
    return pd.DataFrame({"id": IDS, "number": range(12)})


def with_ids(ids=IDS, order=None):
    frame = pd.DataFrame(VALUES, columns=TISSUES)
    frame.insert(0, "id", ids)
    return frame if order is None else frame.iloc[order]


def read(path, targets, genes):
    return read_expression(open_expression(path), targets, table(), genes).values


def refusal(action, *args):
    with pytest.raises(InputError) as refused:
        action(*args)
    return str(refused.value)


@pytest.mark.parametrize("first", ["", "Unnamed: 0"])
def test_published_form_is_matched_by_row_number(tmp_path, genes, first):
    frame = pd.DataFrame(VALUES, columns=TISSUES)
    frame.to_csv(tmp_path / "e.csv", index_label=first)
    found = read(tmp_path / "e.csv", [1, 4], genes)
    assert list(found.columns) == [1, 4]
    assert list(found.index) == list(genes.index)
    assert_allclose(found.to_numpy(), VALUES[genes.index][:, [0, 3]], rtol=1e-15)


@pytest.mark.parametrize("name", ["e.csv", "e.csv.gz", "e.tsv", "e.tsv.gz", "e.txt"])
def test_ids_are_matched_in_any_order_and_form(tmp_path, genes, name):
    path = tmp_path / name
    frame = with_ids(order=np.random.default_rng(1).permutation(12)).assign(symbol="x")
    frame.to_csv(path, sep="," if ".csv" in name else "\t", index=False)
    file = open_expression(path)
    assert list(file.tissues) == TISSUES
    found = read_expression(file, [2], table(), genes).values
    assert_allclose(found[2], VALUES[genes.index, 1], rtol=1e-15)


@pytest.mark.parametrize("leading", [[], ["id"]])
def test_gct_as_gtex_gives_it(tmp_path, genes, leading):
    versioned = [f"{gene}.{number + 1}" for number, gene in enumerate(IDS)]
    versioned[2] = "ENSG00000000003.4_PAR_Y"  # the copy on chrY of a gene that is there too
    header = [*leading, "Name", "Description", *TISSUES]
    lines = ["#1.2", "12\t4", "\t".join(header)]
    for row in range(12):
        lines.append("\t".join([*(["7"] * len(leading)), versioned[row], f"G{row}", *map(repr, VALUES[row].tolist())]))
    (tmp_path / "e.gct.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    file = open_expression(tmp_path / "e.gct.gz")
    assert list(file.tissues) == TISSUES
    assert_allclose(read_expression(file, [3], table(), genes).values[3], VALUES[genes.index, 2], rtol=1e-15)


def test_genes_that_the_file_lacks_are_left_out(tmp_path, genes):
    with_ids().iloc[2:].to_csv(tmp_path / "e.csv", index=False)
    assert list(read(tmp_path / "e.csv", [1], genes).index) == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    with_ids().iloc[8:].to_csv(tmp_path / "e.csv", index=False)
    assert "4 of the 10 genes are in its id column" in refusal(read, tmp_path / "e.csv", [1], genes)


def test_ids_that_occur_twice(tmp_path, genes):
    with_ids([*IDS[:-1], IDS[3] + ".2"]).to_csv(tmp_path / "e.csv", index=False)
    assert f"{IDS[3]!r} occurs twice" in refusal(read, tmp_path / "e.csv", [1], genes)


def test_versions_of_ensembl_ids_only():
    ids = pd.Series(["ENSG00000223972.5", "ENSMUSG00000000001.4", "AC012.3", "ENSG00000182378.13_PAR_Y"])
    assert list(unversioned(ids)) == ["ENSG00000223972", "ENSMUSG00000000001", "AC012.3", ids[3]]


@pytest.mark.parametrize("value", ["", "-0.5", "inf", "low"])
def test_values_that_are_no_expression(tmp_path, genes, value):
    frame = with_ids().astype({"Liver": object})
    frame.loc[5, "Liver"] = value
    frame.to_csv(tmp_path / "e.csv", index=False)
    assert f"Liver of gene {IDS[5]} (line 7) is" in refusal(read, tmp_path / "e.csv", [4], genes)
    assert len(read(tmp_path / "e.csv", [1, 2, 3], genes)) == len(genes)
    frame.loc[2, "Liver"], frame.loc[5, "Liver"] = value, 1.0  # a gene that nobody asked for
    frame.to_csv(tmp_path / "e.csv", index=False)
    assert len(read(tmp_path / "e.csv", [4], genes)) == len(genes)


def test_files_that_are_no_expression(tmp_path, genes):
    path = tmp_path / "e.csv"
    assert "python -m spex.resources get expression" in refusal(open_expression, path)
    path.write_text("")
    assert "no readable table header" in refusal(open_expression, path)
    path.write_text("Adipose,Liver\n1,2\n")
    assert "neither an id column nor" in refusal(open_expression, path)
    path.write_text("id,symbol\nENSG1,x\n")
    assert "no column of expression" in refusal(open_expression, path)
    path.write_text(",Adipose\n0,1\n1,2,3,4\n")
    assert "4 fields on line 3, 2 in the header" in refusal(read, path, [1], genes)
    whole = gzip.compress(with_ids().to_csv(index=False).encode())
    (tmp_path / "e.csv.gz").write_bytes(whole[:-20])
    assert "e.csv.gz: not a readable table" in refusal(read, tmp_path / "e.csv.gz", [1], genes)
    (tmp_path / "e.gct").write_text("#1.2\n1\t1\nid\tLiver\nENSG1\t3\n")
    assert "no columns Name and Description" in refusal(open_expression, tmp_path / "e.gct")


@pytest.fixture
def file(tmp_path):
    with_ids().to_csv(tmp_path / "e.csv", index=False)
    return open_expression(tmp_path / "e.csv")
