"""Whatever is done to an input file or an option: the program takes it, or tells in one InputError what is wrong.

Examples are drawn by hypothesis, the same ones every time. The functions under test are those that the scripts read
their inputs with; any other exception would be a traceback on a user's screen.
"""

import contextlib
import csv
import io
import json
import math
import os
from dataclasses import asdict
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
import train_inputs
from conftest import example_genes, narrow_state, write_mcool
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from expecto.beluga import CHECKPOINT_LAYERS, load_beluga
from expecto.network import BELUGA
from spex.commands import train
from spex.commands.main import parser_of, start
from spex.errors import InputError
from spex.files.hashes import file_sha256
from spex.files.sealed import DamagedFileError, load_array, load_sealed_json, save_array, save_sealed_json
from spex.inputs.agree import check_on_genome
from spex.inputs.expression import open_expression, read_expression, select_targets
from spex.inputs.genes import keep_genes, read_gene_table
from spex.inputs.genome import Genome
from spex.inputs.maps.cool import CoolMap
from spex.models.registry import MODELS
from spex.models.scores import score
from spex.runs.folder import DataFolder
from spex.runs.settings import RunSettings, claim_run

SHARE = 1 if "FUZZ_ALL" in os.environ else 3
"""Of the examples that `make soak` draws, one in so many is drawn by `make test`."""

fuzz = settings(
    max_examples=150 // SHARE,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "nan", "inf", "-inf", "-1", "0", "1e400", "1,5", "0x10", "١٢", "True", "=1+1", '"', "\0"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.text(max_size=12),
)


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["flip", "overwrite", "cut out", "double", "cut off"]),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from([1, 1, 2, 8, 200]),
        st.binary(min_size=1, max_size=9),
    ),
    min_size=1,
    max_size=3,
)
"""What, where in the file as a share of its length, over how many bytes, with what."""


def damage(whole, edits):
    """The content with a few places changed, cut out or doubled, or with its end cut off."""
    content = bytearray(whole)
    for kind, share, length, new in edits:
        place = int(share * len(content))
        end = place + length
        if kind == "flip" and content:
            content[place] ^= 1 << new[0] % 8
        elif kind == "overwrite":
            content[place : place + len(new)] = new
        elif kind == "cut out":
            del content[place:end]
        elif kind == "double":
            content[place:place] = content[place:end]
        elif kind == "cut off":
            del content[place:]
    return bytes(content)


def damaged(whole):
    return st.builds(damage, st.just(whole), EDITS)


@st.composite
def edited_tables(draw, table):
    """A table as CSV with a few cells replaced, rows doubled and columns renamed, moved or dropped."""
    table = table.astype(object).copy()
    for _ in range(draw(st.integers(1, 4))):
        row, column = draw(st.integers(0, len(table) - 1)), draw(st.integers(0, table.shape[1] - 1))
        match draw(st.sampled_from(["cell", "cell", "cell", "row", "name", "column"])):
            case "cell":
                table.iat[row, column] = draw(CELLS)
            case "row":
                table.iloc[row] = table.iloc[draw(st.integers(0, len(table) - 1))]
            case "name":
                table.columns = [draw(CELLS) if n == column else name for n, name in enumerate(table.columns)]
            case "column" if table.shape[1] > 1:
                table = table.iloc[:, [n for n in range(table.shape[1]) if n != column]]
    return table.to_csv(index=False).encode(errors="surrogatepass")


# --- tables ---

GENES = example_genes()


@given(st.one_of(damaged(GENES.to_csv(index=False).encode()), edited_tables(GENES)))
@fuzz
def test_genes_table(tmp_path, content):
    (tmp_path / "genes.csv").write_bytes(content)
    try:
        genes = keep_genes(read_gene_table(tmp_path / "genes.csv"))
        check_on_genome(genes, {"chr1": 120_400, "chr8": 90_000, "chr9": 61_000})
    except InputError:
        return
    assert genes["id"].is_unique and not genes["id"].str.contains("[/\\\\\x00-\x1f]").any()
    assert genes["strand"].isin(["+", "-"]).all()
    assert genes["tss"].between(1, 120_400).all()


EXPRESSION = train_inputs.expression_table(np.random.default_rng(0), np.ones(12))
BY_ID = EXPRESSION.assign(id=[f"G{number}" for number in range(12)])


@given(
    st.one_of(
        damaged(EXPRESSION.to_csv().encode()),
        damaged(BY_ID.to_csv(index=False).encode()),
        edited_tables(EXPRESSION.reset_index(names="")),
        edited_tables(BY_ID),
    ),
    st.sampled_from(["e.csv", "e.csv.gz", "e.tsv", "e.gct"]),
)
@fuzz
def test_expression(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    GENES.to_csv(tmp_path / "genes.csv", index=False)
    table = read_gene_table(tmp_path / "genes.csv")
    try:
        file = open_expression(tmp_path / name)
        values = read_expression(file, select_targets(file, ["all"]), table, keep_genes(table)).values
    except InputError:
        return
    assert np.isfinite(values.to_numpy()).all() and (values.to_numpy() >= 0).all()
    assert len(values) > len(keep_genes(table)) / 2


# --- tables that say the same in another form ---

TABLE = train_inputs.gene_table()
TIES = ("row numbers", "R's row numbers", "gene ids in front", "an id column", "a gene_id column", "GTEx's .gct")
HEADINGS = ("", "Unnamed: 0", "index", "X", "row_names")
PREDICTED = pd.Series(np.random.default_rng(3).normal(size=len(TABLE)), index=TABLE["id"])
"""Stands for a model's predictions: what is scored is tied to genes by nothing but the program."""


def as_typed(values, kind):
    """Columns of floats as text that stands for the very same numbers."""
    write = {
        "shortest": repr,
        "many digits": "{:.17g}".format,
        "scientific": "{:.17e}".format,
        "signed": "{:+.17g}".format,
    }
    return values.map(write[kind])


def as_text(table, draw, separator):
    """A table of text as bytes, as pandas, R and spreadsheets write it, whole or with one of their defects."""
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    line_end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = table.to_csv(sep=separator, index=False, quoting=quoting, lineterminator=line_end)
    lines = text.split(line_end)[:-1]
    match draw(
        st.sampled_from(["", "", "", "", "trailing", "all trailing", "bare row names", "blank", "a field less"])
    ):
        case "trailing":
            lines[1:] = [line + separator for line in lines[1:]]
        case "all trailing":
            lines = [line + separator for line in lines]
        case "bare row names":
            lines[1:] = [f"{number}{separator}{line}" for number, line in enumerate(lines[1:], start=1)]
        case "blank":
            lines.insert(draw(st.integers(1, len(lines))), "")
        case "a field less":
            number = draw(st.integers(1, len(lines) - 1))
            lines[number] = lines[number].rpartition(separator)[0]
    mark = draw(st.sampled_from(["", "", "\ufeff"]))
    return (mark + line_end.join([*lines, ""])).encode()


TARGETS = st.sampled_from(["1", "2", "3", "4"])
ORDERS = st.one_of(st.just(range(len(TABLE))), st.permutations(range(len(TABLE)))).map(np.array)


@st.composite
def expression_in_another_form(draw, expression, order_of_genes):
    """A name and the bytes of a file that holds the expression of the same genes in another order, form and type.

    Row numbers that were made anew after only one of the two tables was sorted are what nobody can tell; everything
    else is drawn.
    """
    order = draw(ORDERS)
    tie = draw(st.sampled_from(TIES))
    table = as_typed(expression, draw(st.sampled_from(["shortest", "many digits", "scientific", "signed"])))
    ids = TABLE["id"] + (".7" if draw(st.booleans()) else "")
    described = TABLE["symbol"].where(
        TABLE.index % 7 != 3, draw(st.sampled_from(["", '"open', "NA", "5' 3\"", "a, b"]))
    )
    if "numbers" in tie:
        numbers = pd.Series(range(len(TABLE))) + (tie == "R's row numbers")
        if (np.diff(order_of_genes) != 1).any():  # both were sorted together, and perhaps numbered anew
            order = order_of_genes
            numbers = numbers.iloc[np.argsort(order)].reset_index(drop=True) if draw(st.booleans()) else numbers
        numbers = numbers.astype(draw(st.sampled_from([int, float]))).astype(str)
        for _ in range(draw(st.integers(1, 2))):  # saved, read as it is, and saved again
            table.insert(0, f"{draw(st.sampled_from(HEADINGS))}", numbers, allow_duplicates=True)
    else:
        table.insert(0, "symbol" if tie != "GTEx's .gct" else "Description", described)
        headings = {"gene ids in front": "", "an id column": "id", "a gene_id column": "gene_id", "GTEx's .gct": "Name"}
        if tie == "gene ids in front":
            del table["symbol"]
        table.insert(0, headings[tie], ids)
    if tie == "GTEx's .gct":
        size = f"#1.2\n{len(table)}\t{expression.shape[1]}\n"
        return "e.gct", size.encode() + as_text(table.iloc[order], draw, "\t").removeprefix(b"\xef\xbb\xbf")
    name, separator = draw(st.sampled_from([("e.csv", ","), ("e.tsv", "\t"), ("e.txt", "\t")]))
    return name, as_text(table.iloc[order], draw, separator)


@st.composite
def genes_in_another_form(draw, order):
    """The bytes of a genes table that holds the same rows in another order, form and type."""
    table = TABLE.astype(object)
    for column in ("TSS", "CAGE_representative_TSS"):
        write = draw(st.sampled_from([str, "{:.0f}".format, "{:e}".format]))
        missing = draw(st.sampled_from(["", "NA", "nan"]))
        table[column] = [missing if np.isnan(value) else write(value) for value in TABLE[column]]
    table["symbol"] = table["symbol"].where(
        TABLE.index % 9 != 4, draw(st.sampled_from(["NA", "None", "null", "nan", '"']))
    )
    if draw(st.booleans()):
        table.insert(
            0, draw(st.sampled_from(["", "X", "Unnamed: 0"])), [str(number) for number in range(1, len(table) + 1)]
        )
    return as_text(table.iloc[order][list(draw(st.permutations(list(table.columns))))], draw, ",")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Options of train.py on a small data folder, the expression table, and what is printed for each tissue."""
    root = tmp_path_factory.mktemp("trained")
    options = train_inputs.write_inputs(root)
    DataFolder(options["--data_folder"]).results.mkdir()
    printed = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "fit_all", scores_of_stand_in)
        for target in ("1", "2", "3", "4"):
            with contextlib.redirect_stdout(io.StringIO()) as out:
                assert train.main(train_inputs.argv(options | {"--target_index": target})) == 0
            printed[target] = out.getvalue()
    assert len(set(printed.values())) == 4
    return options, pd.read_csv(root / "expression.csv", index_col=0), printed


def scores_of_stand_in(study, splits, seeds, **kwargs):
    """Stands for `fit_all`: scores PREDICTED on the test genes of each target, in the order of their ids."""
    genes = study.genes.iloc[splits[0].test]
    order = np.argsort(genes["id"].to_numpy())
    predicted = PREDICTED[genes["id"]].to_numpy()[order]
    observed = study.observed[splits[0].test][order]
    return [
        {"scores": asdict(score(observed[:, target], predicted)), "settings": {}, "name": name}
        for target, (_, name) in enumerate(study.targets)
    ]


def write_in_another_form(folder, expression, data):
    """Write both tables into a folder, in a form that is drawn. Returns: paths of genes and of expression."""
    order = data.draw(ORDERS)
    name, content = data.draw(expression_in_another_form(expression, order))
    (folder / name).write_bytes(content)
    (folder / "genes.csv").write_bytes(data.draw(genes_in_another_form(order)))
    return folder / "genes.csv", folder / name


def what_is_fitted(genes, expression, target):
    """What training reads of both tables: position and expression of each gene, by its id."""
    table = read_gene_table(genes)
    kept, file = keep_genes(table), open_expression(expression, None, lambda: table["id"])
    values = read_expression(file, select_targets(file, [target]), table, kept).values
    read = kept.loc[values.index, ["id", "chrom", "strand", "tss"]].assign(
        expression=values.to_numpy(np.float32)[
            :, 0
        ]  # as fits have it; how text is written moves the last bit of float64
    )
    return read.set_index("id").sort_index()


@given(data=st.data())
@settings(fuzz, max_examples=150 // SHARE)
def test_the_same_tables_in_another_form_are_read_the_same(trained, tmp_path, data):
    options, expression, _ = trained
    plain, target = [options["--genes_filename"], options["--gene_expression_filename"]], data.draw(TARGETS)
    paths = write_in_another_form(tmp_path, expression, data)
    try:
        found = what_is_fitted(*paths, target)
    except InputError:
        event("refused")
        return
    event("the same")
    pd.testing.assert_frame_equal(found, what_is_fitted(*plain, target), check_exact=True)


@given(data=st.data())
@settings(fuzz, max_examples=25 // SHARE)
def test_the_same_tables_in_another_form_give_the_same_scores(trained, tmp_path, capsys, monkeypatch, data):
    """By the command, for some of these forms."""
    options, expression, printed = trained
    monkeypatch.setattr(train, "fit_all", scores_of_stand_in)
    target = data.draw(TARGETS)
    folder = tmp_path / "data"
    (folder / "results").mkdir(parents=True, exist_ok=True)
    (folder / "tensors").unlink(missing_ok=True)
    (folder / "tensors").symlink_to(DataFolder(options["--data_folder"]).tensors)
    genes, written = write_in_another_form(tmp_path, expression, data)
    (folder / "run.json").unlink(missing_ok=True)
    claim_run(DataFolder(folder), RunSettings(**train_inputs.RUN_SETTINGS, genes_sha256=file_sha256(genes)))
    changed = {
        "--target_index": target,
        "--data_folder": str(folder),
        "--genes_filename": str(genes),
        "--gene_expression_filename": str(written),
    }
    status = train.main(train_inputs.argv(options | changed))
    captured = capsys.readouterr()
    event("refused" if status else "the same scores")
    if status == 0:
        assert captured.out == printed[target]
    else:
        assert status == 2 and captured.out == "" and captured.err.count("\n") == 1, captured.err


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=4,
)
NAMES = st.one_of(
    st.sampled_from(sorted({name for known in MODELS.values() for name in known.defaults})), st.text(max_size=9)
)


@given(st.dictionaries(NAMES, JSON_VALUES, max_size=3), st.sampled_from(list(MODELS)))
@settings(fuzz, max_examples=60 // SHARE)
def test_parameters(tmp_path, parameters, model):
    (tmp_path / "p.json").write_text(json.dumps(parameters))
    try:
        taken = MODELS[model].read_parameters(tmp_path / "p.json")
    except InputError:
        return
    numbers = [value for value in taken.values() if isinstance(value, float)]
    assert all(map(math.isfinite, numbers))


# --- the genome ---

SEQUENCES = b">chr1 first\nACGTN\nacgtr\nAC\n>chr2\nGGGTT\nTTCAA\n\n>chr3\nA\n"


@given(st.one_of(damaged(SEQUENCES), st.binary(max_size=99).map(lambda text: b">" + text)))
@example(SEQUENCES.replace(b"\n", b"\r\n"))
@fuzz
def test_genome(tmp_path, content):
    path = tmp_path / "genome.fa"
    path.write_bytes(content)
    for index in (path.with_name("genome.fa.fai"), tmp_path / "spare.fai"):
        index.unlink(missing_ok=True)
    try:
        genome = Genome(path, tmp_path / "spare.fai")
    except InputError:
        return
    for chrom, length in genome.chromsizes.items():
        codes = genome.codes(chrom, -3, length + 3)
        assert (codes <= BELUGA.unknown).all()
        assert_array_equal(codes[[0, 1, 2, -3, -2, -1]], BELUGA.unknown)
    genome.close()


@given(damaged(b"chr1\t12\t12\t5\t6\nchr2\t10\t33\t5\t6\nchr3\t1\t52\t5\t6\n"))
@fuzz
def test_index_of_a_genome(tmp_path, content):
    path = tmp_path / "genome.fa"
    path.write_bytes(SEQUENCES)
    path.with_name("genome.fa.fai").write_bytes(content)
    genome = Genome(path, tmp_path / "spare.fai")
    assert genome.chromsizes == {"chr1": 12, "chr2": 10, "chr3": 1}
    assert_array_equal(genome.codes("chr2", 0, 10), [1, 1, 1, 3, 3, 3, 3, 2, 0, 0])
    genome.close()


# --- files of arrays ---


@pytest.fixture(scope="module")
def sealed_array(tmp_path_factory):
    path = tmp_path_factory.mktemp("array") / "a.npy"
    array = np.random.default_rng(0).random(50, dtype=np.float32)
    save_array(path, array)
    return path, array


@given(EDITS)
@fuzz
def test_bytes_of_a_tensor(tmp_path, sealed_array, edits):
    whole, array = sealed_array
    (tmp_path / "a.npy").write_bytes(damage(whole.read_bytes(), edits))
    try:
        found = load_array(tmp_path / "a.npy")
    except DamagedFileError:
        return
    assert_array_equal(found, array)


@given(EDITS)
@fuzz
def test_bytes_of_a_record(tmp_path, edits):
    value = {"settings": {"seed": 1410, "tissue": "β"}, "scores": [0.5, None]}
    save_sealed_json(tmp_path / "a.json", value)
    (tmp_path / "a.json").write_bytes(damage((tmp_path / "a.json").read_bytes(), edits))
    try:
        found = load_sealed_json(tmp_path / "a.json")
    except DamagedFileError:
        return
    assert found == value


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "narrow.pth"
    torch.save(narrow_state(), path)
    return path


@given(EDITS)
@settings(fuzz, max_examples=80 // SHARE)
@pytest.mark.usefixtures("narrow")
def test_bytes_of_a_checkpoint(tmp_path, checkpoint, edits):
    (tmp_path / "narrow.pth").write_bytes(damage(checkpoint.read_bytes(), edits))
    try:
        model = load_beluga(tmp_path / "narrow.pth")
    except ValueError:
        return
    whole = narrow_state()
    for theirs, ours in CHECKPOINT_LAYERS.items():
        for kind in ("weight", "bias"):
            assert torch.equal(model.get_parameter(f"{ours}.{kind}"), whole[f"{theirs}.{kind}"])


@pytest.fixture(scope="module")
def small_map(tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "map.mcool"
    write_mcool(path, {"chr1": [(60, other, 1.0 + other % 3) for other in range(61, 120)]}, others=())
    return path


@given(EDITS)
@settings(fuzz, max_examples=250 // SHARE)
def test_bytes_of_a_contact_map(tmp_path, small_map, edits):
    path = tmp_path / "map.mcool"
    path.write_bytes(damage(small_map.read_bytes(), edits))
    try:
        map_ = CoolMap(path, 1000)
        for chrom in map_.chromsizes:
            viewpoints, others, counts = map_.pixels_of(chrom, np.array([60, 61]), lambda count: None)
    except InputError:
        return
    assert np.isfinite(counts).all() and (counts >= 0).all()
    assert np.isin(viewpoints, [60, 61]).all() and (others >= 0).all()


# --- options ---

WORDS = st.one_of(CELLS, st.sampled_from(["chr8", "all", "22", "1-3", "CPU", "nan"]))


@cache
def known(name):
    """What a command calls itself, and its options, but for help."""
    parser = parser_of(name)
    flags = {flag for action in parser._actions for flag in action.option_strings}
    return parser.prog, sorted(flags - {"-h", "--help", "--help_all"})


@pytest.mark.parametrize("name", ["tensors", "train", "compare"])
@given(data=st.data())
@settings(fuzz, max_examples=200 // SHARE)
def test_options(name, data, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a log file may be written
    prog, flags = known(name)
    argv = data.draw(st.lists(st.one_of(st.sampled_from(flags), WORDS), max_size=6))
    if name == "compare":
        argv = ["base", "map", "--out", "nowhere", *argv]
    try:
        status = start(name, ["--genes_filename", "nowhere.csv", "--gene_expression_filename", "nowhere.csv", *argv])
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2, captured.err
    *log, last = captured.err.splitlines()
    assert f"{prog}: error: " in last and (not log or "--verbose" in argv), captured.err
