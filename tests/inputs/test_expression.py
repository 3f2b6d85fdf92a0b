"""Expression files in every form that labs hand around."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest
import train_inputs
from numpy.testing import assert_allclose

from spex.errors import InputError
from spex.inputs.expression import open_expression, read_expression
from spex.inputs.normalise import PAR_Y, unversioned

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
    ids = {
        "ENSG00000223972.5": "ENSG00000223972",
        "ENSMUSG00000000001.4": "ENSMUSG00000000001",
        "AC012.3": "AC012.3",
        "ENSG00000223972.5_2": "ENSG00000223972",  # lifted to GRCh37 by GENCODE
        "ENSG00000182378.13_PAR_Y": "ENSG00000182378_PAR_Y",
        "ENSG00000182378.15_7_PAR_Y": "ENSG00000182378_PAR_Y",
        "ENSG00000182378.15_PAR_Y_7": "ENSG00000182378_PAR_Y",
        "ENSGR0000182378.10": "ENSGR0000182378",
        "ENSG00000223972": "ENSG00000223972",
        "ENST00000456328.2": "ENST00000456328.2",
    }
    assert list(unversioned(pd.Series(list(ids)))) == list(ids.values())
    assert [bool(PAR_Y.fullmatch(name)) for name in ids] == [4 <= number <= 7 for number in range(len(ids))]


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
    assert "no such file; check the path" in refusal(open_expression, path)
    assert "spex resources get expression" in refusal(open_expression, tmp_path / "geneanno.exp.csv")
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
    assert "e.csv.gz: damaged or cut short" in refusal(read, tmp_path / "e.csv.gz", [1], genes)
    (tmp_path / "e.gct").write_text("#1.2\n1\t1\nid\tLiver\nENSG1\t3\n")
    assert "no columns Name and Description" in refusal(open_expression, tmp_path / "e.gct")


@pytest.fixture
def file(tmp_path):
    with_ids().to_csv(tmp_path / "e.csv", index=False)
    return open_expression(tmp_path / "e.csv")


def cell(value):
    """Change the expression of gene 7 (line 9) in the first tissue."""
    return lambda table: table.astype(object).where(
        ~((np.arange(len(table)) == 7)[:, None] & (np.arange(table.shape[1]) == 0)), value
    )


def by_id(change):
    def with_ids(table):
        table = table.copy()
        table.insert(0, "id", train_inputs.gene_table()["id"])
        return change(table)

    return with_ids


def as_csv(change, **settings):
    return lambda table: change(table).to_csv(**settings).encode()


EXPRESSION = {
    "empty": (lambda table: b"", "no readable table header"),
    "bytes": (lambda table: bytes(range(256)), "not UTF-8 text .byte 0x80 in it"),
    "compressed under a plain name": (lambda table: gzip.compress(b"a,b"), "neither an id column nor the published"),
    "a row short": (as_csv(lambda table: table[:-1]), "59 rows, but the genes table has 60"),
    "a row more": (as_csv(lambda table: table.reindex(range(61), fill_value=1)), "61 rows, but the genes table has 60"),
    "an empty cell": (as_csv(cell(None)), r"gene ENSG00000000007 \(line 9\) is ''; expected a number from 0 up"),
    "a negative value": (as_csv(cell(-1)), r"gene ENSG00000000007 \(line 9\) is '-1'; expected a number from 0 up"),
    "infinity": (as_csv(cell("inf")), r"gene ENSG00000000007 \(line 9\) is 'inf'; expected a number from 0 up"),
    "a word": (as_csv(cell("low")), r"gene ENSG00000000007 \(line 9\) is 'low'; expected a number from 0 up"),
    "a decimal comma": (as_csv(cell("1;5")), r"gene ENSG00000000007 \(line 9\) is '1;5'; expected a number"),
    "no row numbers": (as_csv(lambda table: table, index=False), "neither an id column nor the published form's"),
    "no tissue": (as_csv(lambda table: table.iloc[:, :0]), "no column of expression"),
    "a short line": (lambda table: table.to_csv().replace("\n5,", "\n"[:1] + "5,x,", 1).encode(), "fields on line 7"),
    "an id twice": (as_csv(by_id(lambda table: table.replace("ENSG00000000003", "ENSG00000000002"))), "occurs twice"),
    "few ids": (as_csv(by_id(lambda table: table[:20])), "of the 47 genes are in its id column"),
    "other ids": (as_csv(by_id(lambda table: table.assign(id=table["id"] + "x"))), "0 of the 47 genes are in its id"),
}


@pytest.mark.parametrize("kind", EXPRESSION)
def test_a_file_that_cannot_be_used_is_refused(tmp_path, lab, kind):
    content, message = EXPRESSION[kind]
    (tmp_path / "expression.csv").write_bytes(content(lab.expression))
    told = refusal(lab.read, tmp_path / "expression.csv")
    assert re.search(rf"^expression .*expression\.csv: .*({message})", told), told


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("e.csv.gz", b"not compressed", "neither an id column nor the published form's"),
        ("e.csv.gz", gzip.compress(b",a\n" * 999)[:-9], "damaged or cut short .*fetch or copy it again"),
        ("e.gct", b"#1.2\n2\t1\nid\tLiver\nG1\t1\n", "no columns Name and Description on line 3"),
        ("e.gct", b"#1.2\n", "no readable table header"),
    ],
    ids=["not compressed", "cut short", "other columns", "a line alone"],  # gzip writes the time into its bytes
)
def test_a_file_in_another_form_that_cannot_be_used_is_refused(tmp_path, lab, name, content, message):
    (tmp_path / name).write_bytes(content)
    told = refusal(lab.read, tmp_path / name)
    assert re.search(message, told), told


def test_what_ties_rows_to_no_gene_is_refused(tmp_path, lab):
    table, genes = lab.expression, train_inputs.gene_table()
    shuffled = np.random.default_rng(0).permutation(len(table))
    sorted_and_reset = table.iloc[shuffled].reset_index(names="Unnamed: 0")
    odd = list(range(60))
    odd[20] = 7
    for written, message in (
        (table.set_axis(genes["symbol"].to_numpy()).to_csv(), "contains G0, G1, G2, ...; .*needs the heading id"),
        (table.set_axis(odd).to_csv(), "contains 7 on line 22, which is out of order"),
        (table.set_axis(range(5, 65)).to_csv(), "contains 5 on line 2, which is out of order"),
        (
            table.iloc[shuffled].to_csv(),
            f"another order than .* line 2 has {shuffled[0]} .counted from 0.; expected 0;",
        ),
        (
            table.set_axis(range(1, 61)).iloc[shuffled].to_csv(),
            f"line 2 has {shuffled[0]} .counted from 0.; expected 0;",
        ),
        (sorted_and_reset.to_csv(), f"line 2 has {shuffled[0]} .counted from 0.; expected 0;"),
        (table.iloc[:-1].to_csv(), "59 rows, but the genes table has 60"),
    ):
        (tmp_path / "e.csv").write_text(written)
        told = refusal(lab.read, tmp_path / "e.csv")
        assert re.search(message, told), told


def test_genes_that_differ_in_their_version_alone_are_refused(tmp_path, lab):
    genes = lab.genes.copy()
    genes.loc[5, "id"] = genes["id"][6] + ".2"
    lab.expression.set_axis(train_inputs.gene_table()["id"].to_numpy()).to_csv(tmp_path / "e.csv")
    file = open_expression(tmp_path / "e.csv")
    told = refusal(read_expression, file, [1], lab.table, genes)
    assert "one gene but for its version" in told


@pytest.mark.parametrize(
    "first, size, message",
    [
        ("#1.2", "60\t4", None),
        ("#1.2", "61\t4", "line 2 says '61.t4' rows and samples, there are 60 and 4"),
        ("#1.2", "60\t5", "line 2 says '60.t5' rows and samples, there are 60 and 4"),
        ("#1.3", "60\t4\t0\t0", "line 1 is '#1.3'; expected #1.2"),
    ],
)
def test_the_size_that_a_gct_file_tells_is_proved(tmp_path, lab, first, size, message):
    table = lab.expression.copy()
    table.insert(0, "Description", "x")
    table.insert(0, "Name", train_inputs.gene_table()["id"])
    (tmp_path / "e.gct").write_text(f"{first}\n{size}\n" + table.to_csv(sep="\t", index=False))
    if message is None:
        assert_allclose(lab.read(tmp_path / "e.gct")[1], lab.expression.iloc[lab.genes.index, 0], rtol=1e-12)
    else:
        assert re.search(message, refusal(lab.read, tmp_path / "e.gct"))


RSEM = "gene_id transcript_id(s) length effective_length expected_count TPM FPKM"
ENCODE = (
    f"{RSEM} posterior_mean_count posterior_standard_deviation_of_count pme_TPM pme_FPKM TPM_ci_lower_bound "
    "TPM_ci_upper_bound TPM_coefficient_of_quartile_variation FPKM_ci_lower_bound FPKM_ci_upper_bound "
    "FPKM_coefficient_of_quartile_variation"
)


@pytest.mark.parametrize(
    "header, tissues",
    [
        (RSEM, ["TPM", "FPKM"]),
        (ENCODE, ["TPM", "FPKM", "pme_TPM", "pme_FPKM"]),
        ("gene_id transcript_ids TPM", ["TPM"]),
    ],
)
def test_columns_of_quantifications_that_are_no_expression(tmp_path, genes, header, tissues):
    names = header.split()
    rows = [[f"{gene}.7", "T1,T2", *range(number, number + len(names) - 2)] for number, gene in enumerate(IDS)]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "e.tsv", sep="\t", index=False)
    assert list(open_expression(tmp_path / "e.tsv").tissues) == tissues
    found = read(tmp_path / "e.tsv", [1], genes)
    assert_allclose(found[1], genes.index + names.index("TPM") - 2)


LABELLED = {
    "R, two genes": ('"","V1","V2"\n"{0}",1,12\n"{1}",2,22\n', {"V1": [1, 2], "V2": [12, 22]}),
    "R, one sample": ('"","V1"\n"{0}",11\n"{1}",21\n', {"V1": [11, 21]}),
    "behind an id": (
        "gene_id,X,index,V1\n{0},11,12,13\n{1},21,22,23\n",
        {"X": [11, 21], "index": [12, 22], "V1": [13, 23]},
    ),
    "before an id": ("V1,X,id\n5,7,{0}\n6,9,{1}\n", {"V1": [5, 6], "X": [7, 9]}),
    "ids without a heading behind row numbers": ("V1,X,Liver\n1,{0},7\n2,{1},8\n", {"Liver": [7, 8]}),
    "row numbers before an id": ("index,id,Liver\n0,{0},7\n1,{1},8\n", {"Liver": [7, 8]}),
    "no heading": (",id,Liver,\n5,{0},7,\n9,{1},8,\n", {"Liver": [7, 8]}),
}


@pytest.mark.parametrize("kind", LABELLED)
def test_only_what_contains_row_labels_is_no_sample(tmp_path, kind):
    content, samples = LABELLED[kind]
    (tmp_path / "e.csv").write_text(content.format(*IDS))
    file, genes = open_expression(tmp_path / "e.csv"), pd.DataFrame({"id": IDS[:2]})
    assert file.tissues == tuple(samples)
    values = read_expression(file, range(1, len(samples) + 1), None, genes).values
    assert values.T.to_numpy().tolist() == list(samples.values())


@pytest.mark.parametrize("name", ["index", "X", "V1", "level_0"])
def test_row_numbers_of_many_rows_are_known_behind_ids_too(tmp_path, name):
    rng, ids = np.random.default_rng(2), [f"ENSG{number:011d}" for number in range(30)]
    frame = pd.DataFrame({"id": ids, name: np.arange(30) * 2 + 5, "Liver": 1.5})  # of a table with rows taken away
    for numbers, is_sample in (
        (frame[name], False),
        (rng.permutation(30), False),
        (rng.integers(0, 100, 30), True),
        (rng.exponential(9, 30), True),
    ):
        frame.assign(**{name: numbers}).to_csv(tmp_path / "e.csv", index=False)
        assert open_expression(tmp_path / "e.csv").tissues == ((name, "Liver") if is_sample else ("Liver",))


def test_the_account_has_every_row(tmp_path, genes):
    ids = [*IDS[:10], "", "", "other", "other", IDS[0]]  # what is there twice is of no gene that is asked for
    pd.DataFrame({"id": ids, "symbol": "x", "Liver": range(15)}).to_csv(tmp_path / "e.csv", index=False)
    expression = read_expression(open_expression(tmp_path / "e.csv"), [1], table(), genes)
    assert expression.account.summary() == {
        "file": str(tmp_path / "e.csv"),
        "unit": "rows",
        "used": 8,
        "left_out": {"without an id": 2, "of genes that are not used": 5},
        "notes": [
            "tied to the genes table by its column of gene ids",
            "2 genes are not in it",
            "columns ignored: symbol",
        ],
    }
    assert expression.values[1].to_dict() == {row: row for row in (1, *range(3, 10))}


def test_lifted_versions_are_versions(tmp_path, genes):
    with_ids([f"{gene}.5_2" for gene in IDS]).to_csv(tmp_path / "e.csv", index=False)
    assert_allclose(read(tmp_path / "e.csv", [2], genes)[2], VALUES[genes.index, 1])


def test_a_few_genes_that_are_there_twice_are_left_out_with_their_ids(tmp_path):
    ids = [f"ENSG{number:011d}" for number in range(200)]
    genes = pd.DataFrame({"id": ids})
    for again, is_refused in (([ids[5], ids[9]], False), (ids[5:8], True)):
        frame = pd.DataFrame({"id": [*ids, *(f"{each}.2" for each in again)]})
        frame.assign(Liver=range(len(frame))).to_csv(tmp_path / "e.csv", index=False)
        file = open_expression(tmp_path / "e.csv")
        if is_refused:
            assert f"'{ids[5]}' occurs twice" in refusal(read_expression, file, [1], genes, genes)
            continue
        expression = read_expression(file, [1], genes, genes)
        assert sorted(set(genes.index) - set(expression.values.index)) == [5, 9]
        assert f"left out: 4 of genes that are there twice ({ids[5]}, {ids[9]})" in expression.account.line()
