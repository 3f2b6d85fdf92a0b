"""Files with one sample each: RSEM's gene quantifications, as ENCODE gives them."""

import gzip

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression

IDS = [f"ENSG{number:011d}" for number in range(8)]
GENES = pd.DataFrame({"id": IDS}, index=range(10, 18)).drop(13)
VALUES = np.random.default_rng(3).random((3, 2, 8)).round(3)
NAMES = ("brain", "liver", "lung")


def rsem(values, ids=None):
    """A table as RSEM writes it, in another order than the genes', with versions. values: TPM and FPKM."""
    table = pd.DataFrame({"gene_id": [f"{each}.{n}" for n, each in enumerate(ids or IDS)], "transcript_id(s)": "T1,T2"})
    table["length"], table["effective_length"], table["expected_count"] = 900.0, 800.5, 12.0
    table["TPM"], table["FPKM"] = values
    table["posterior_mean_count"] = 1.0
    return table.iloc[::-1]


@pytest.fixture
def files(tmp_path):
    """Three files, one of them compressed, one with RSEM's own name."""
    paths = [tmp_path / "quantified" / name for name in ("brain.tsv", "liver.tsv.gz", "lung.genes.results")]
    paths[0].parent.mkdir()
    for path, values in zip(paths, VALUES, strict=True):
        rsem(values).to_csv(path, sep="\t", index=False)
    (paths[0].parent / "readme.md").write_text("not expression")
    return paths


def read(paths, value=None, targets=(1, 2, 3)):
    file = open_expression(paths, value)
    assert file.has_id_column
    return file, read_expression(file, list(targets), None, GENES)


@pytest.mark.parametrize("value, place", [(None, 0), ("TPM", 0), ("FPKM", 1)])
def test_files_and_a_folder_are_columns_named_by_them(files, value, place):
    for given in (files, [files[0].parent], files[0].parent):
        file, expression = read(given, value)
        assert file.tissues == NAMES and file.paths == files
        assert list(expression.values.columns) == [1, 2, 3] and expression.has_ids
        assert_array_equal(expression.values.index, GENES.index)
        for row, name in GENES["id"].items():
            assert expression.values.loc[row].tolist() == VALUES[:, place, IDS.index(name)].tolist()


def test_order_is_that_of_the_command_line_and_only_what_is_asked_for_is_read(files):
    file, expression = read(files[::-1], targets=[2])
    assert file.tissues == NAMES[::-1]
    assert expression.values[2].tolist() == VALUES[1, 0, [IDS.index(name) for name in GENES["id"]]].tolist()


def test_files_of_one_name_are_named_by_their_folders(files, tmp_path):
    paths = []
    for path, name in zip(files, NAMES, strict=True):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name / "quant.genes.results")
        paths[-1].write_bytes(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    file, expression = read(paths)
    assert file.tissues == NAMES
    assert_array_equal(expression.values, read(files)[1].values)


def test_the_account_is_of_all_files(files):
    rsem(VALUES[0][:, :6], IDS[:6]).to_csv(files[0], sep="\t", index=False)
    account = read(files)[1].account
    assert account.used == 3 * 5
    assert account.left_out == {"of genes that are not used": 3, "of genes that another file lacks": 4}
    assert account.used + sum(account.left_out.values()) == 6 + 8 + 8
    assert "2 genes are not in it" in account.notes


def test_one_file_alone_is_a_table_unless_its_value_is_named(files):
    assert open_expression(files[0]).tissues == ("TPM", "FPKM")
    assert read([files[0]], "FPKM", [1])[0].tissues == ("brain",)


def test_genes_are_those_of_all_chosen_files(files):
    rsem(VALUES[0][:, :6], IDS[:6]).to_csv(files[0], sep="\t", index=False)
    assert read(files)[1].values.index.tolist() == [10, 11, 12, 14, 15]
    assert len(read(files, targets=[2])[1].values) == 7


def test_a_single_column_serves_under_any_name(tmp_path):
    for name in ("a.csv", "b.csv"):
        pd.DataFrame({"id": IDS, "counts per million": VALUES[0, 0]}).to_csv(tmp_path / name, index=False)
    assert read(tmp_path, targets=[1, 2])[0].tissues == ("a", "b")


def test_what_cannot_be_used_is_refused(files, tmp_path):
    def refused(paths, message, value=None):
        with pytest.raises(InputError, match=message) as refusal:
            read(paths, value)
        assert len(str(refusal.value).splitlines()) == 1

    other = tmp_path / "other"
    (other / "empty").mkdir(parents=True)
    files_of_samples = "expected a .tsv, .csv, .txt or .genes.results of one sample"
    refused(other / "empty", rf"no expression file in it \(its subfolders are not searched\); {files_of_samples}")
    refused([*files, other / "none.tsv"], "none.tsv: no such file")
    (other / "b.tsv").write_text("gene_id\tchr\tstrand\ttss\nA\tchr1\t+\t5\n")
    (other / "a.tsv").write_bytes(files[0].read_bytes())
    for paths in ([files[0], other / "b.tsv"], other):
        refused(paths, "b.tsv: a table of genes; expected .*; a table of genes goes to genes")
    (other / "b.tsv").unlink()
    (other / "a.tsv").unlink()
    (other / "brain.txt").write_bytes(files[0].read_bytes())
    refused([files[0], other / "brain.txt"], "named as the sample of .*brain.tsv, brain; expected different names")
    rsem(VALUES[0]).drop(columns="TPM").assign(other=1).to_csv(other / "fpkm.tsv", sep="\t", index=False)
    refused([files[0], other / "fpkm.tsv"], "fpkm.tsv: no columns TPM; found FPKM, other; expected one in each file")
    refused([files[0]], "value: found 'counts'; expected one of TPM, FPKM", "counts")
    rsem(VALUES[0]).drop(columns="gene_id").to_csv(other / "no_ids.tsv", sep="\t", index=False)
    refused([files[0], other / "no_ids.tsv"], "no_ids.tsv: neither an id column nor the published form's")
    lines = files[0].read_text().splitlines()
    (other / "short.tsv").write_text("\n".join([*lines[:5], lines[5].rpartition("\t")[0], *lines[6:]]))
    refused([files[1], files[2], other / "short.tsv"], "short.tsv: 7 fields on line 6, 8 in the header")
    (other / "cut.tsv.gz").write_bytes(files[1].read_bytes()[:-30])
    refused([files[0], other / "cut.tsv.gz", files[2]], "cut.tsv.gz: damaged or cut short")
    (other / "bad.tsv").write_text(files[0].read_text().replace(str(VALUES[0, 0, 2]), "-1", 1))
    refused(
        [other / "bad.tsv", *files[1:]], "TPM of gene ENSG00000000002 .line 7. is '-1'; expected a number from 0 up"
    )
