"""The table of chromatin features."""

import numpy as np
import pandas as pd
import pytest
from chromatin_table import write_features

from spex.errors import InputError
from spex.inputs.chromatin import read_chromatin_features


@pytest.mark.parametrize(
    "columns", [("Cell Type", "Assay", "Treatment", "x"), ("cell_type", "ASSAY", "treatment", "x"), tuple("abcd")]
)
def test_columns_are_found_by_name_or_place(tmp_path, columns):
    table = read_chromatin_features(write_features(tmp_path / "f.tsv", columns))
    assert list(table.columns) == ["cell type", "assay", "treatment"]
    assert list(table.iloc[4]) == ["GM12878", "CTCF", "None"]


def test_tables_that_are_not_belugas(tmp_path):
    with pytest.raises(InputError, match="resources get features"):
        read_chromatin_features(tmp_path / "deepsea_beluga_2002_features.tsv")
    with pytest.raises(InputError, match="2001 rows of 4 columns"):
        read_chromatin_features(write_features(tmp_path / "f.tsv", rows=2001))
    (tmp_path / "f.tsv").write_text("")
    with pytest.raises(InputError, match=r"no readable table header \(an empty file"):
        read_chromatin_features(tmp_path / "f.tsv")


@pytest.mark.parametrize(
    "content", [b"", b"a\tb\n1\t2\n", b"\xff" * 99, b"Cell Type\tAssay\tTreatment\nK562\tDNase\tNone\n"]
)
def test_what_is_no_such_table_is_refused(tmp_path, content):
    (tmp_path / "f.tsv").write_bytes(content)
    with pytest.raises(InputError, match=r"^chromatin_features .*f\.tsv: "):
        read_chromatin_features(tmp_path / "f.tsv")


@pytest.mark.parametrize(
    "columns", [("V1", "V2", "V3", "V4"), ("", "V1", "V2", "V3"), ("X", "index", "V1", "x"), ("x", "y", "Assay", "z")]
)
def test_names_of_features_are_no_row_labels_whatever_their_heading(tmp_path, columns):
    names = pd.DataFrame({"cell": "K562", "assay": [f"a{n}" for n in range(2002)], "treatment": "None", "x": "x"})
    names = names[["cell", "treatment", "assay", "x"]] if "Assay" in columns else names
    if columns[0] == "":
        names = names.drop(columns="x").reset_index()
    names.to_csv(tmp_path / "f.tsv", sep="\t", index=False, header=list(columns))
    found = read_chromatin_features(tmp_path / "f.tsv")
    assert found.iloc[7].tolist() == ["K562", "a7", "None"]


def test_row_numbers_in_front_are_proved(tmp_path):
    names = pd.DataFrame({"cell type": "K562", "assay": [f"a{n}" for n in range(2002)], "treatment": "None"})
    names.to_csv(tmp_path / "f.tsv", sep="\t")
    assert list(read_chromatin_features(tmp_path / "f.tsv")["assay"]) == list(names["assay"])
    names.iloc[np.arange(2002)[::-1]].to_csv(tmp_path / "f.tsv", sep="\t")
    with pytest.raises(InputError, match="its row numbers are not in order"):
        read_chromatin_features(tmp_path / "f.tsv")
