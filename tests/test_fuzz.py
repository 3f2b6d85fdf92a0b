"""Whatever is done to an input file or an option: the program takes it, or tells in one InputError what is wrong.

Examples are drawn by hypothesis, the same ones every time. The functions under test are those that the scripts read
their inputs with; any other exception would be a traceback on a user's screen.
"""

import json
import math

import numpy as np
import pytest
import torch
import train_inputs
from conftest import example_genes, narrow_state, write_mcool
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

import tensors
import train
from expecto import UNKNOWN_BASE
from expecto.beluga import CHECKPOINT_LAYERS, load_beluga
from spex.contact_map import ContactMap
from spex.errors import InputError
from spex.expression import open_expression, read_expression, select_targets
from spex.genes import check_on_genome, keep_genes, read_gene_table
from spex.genome import Genome
from spex.models import PARAMETERS, read_parameters
from spex.storage import DamagedFileError, load_array, load_sealed_json, save_array, save_sealed_json

MAX_EXAMPLES = 150
fuzz = settings(
    max_examples=MAX_EXAMPLES,
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


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=9), inner, max_size=3)),
    max_leaves=4,
)
NAMES = st.one_of(
    st.sampled_from(sorted({name for known in PARAMETERS.values() for name in known})), st.text(max_size=9)
)


@given(st.dictionaries(NAMES, JSON_VALUES, max_size=3), st.sampled_from(list(PARAMETERS)))
@settings(fuzz, max_examples=60)
def test_parameters(tmp_path, parameters, model):
    (tmp_path / "p.json").write_text(json.dumps(parameters))
    try:
        taken = read_parameters(tmp_path / "p.json", model)
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
        assert (codes <= UNKNOWN_BASE).all()
        assert_array_equal(codes[[0, 1, 2, -3, -2, -1]], UNKNOWN_BASE)
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
@settings(fuzz, max_examples=80)
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
@settings(fuzz, max_examples=250)
def test_bytes_of_a_contact_map(tmp_path, small_map, edits):
    path = tmp_path / "map.mcool"
    path.write_bytes(damage(small_map.read_bytes(), edits))
    try:
        map_ = ContactMap(path, 1000)
        for chrom in map_.chromsizes:
            viewpoints, others, counts = map_.pixels_of(chrom, np.array([60, 61]), lambda count: None)
    except InputError:
        return
    assert np.isfinite(counts).all() and (counts >= 0).all()
    assert np.isin(viewpoints, [60, 61]).all() and (others >= 0).all()


# --- options ---

WORDS = st.one_of(CELLS, st.sampled_from(["chr8", "all", "22", "1-3", "CPU", "nan"]))


def flags(script):
    actions = script.create_parser()._actions
    return sorted({flag for action in actions for flag in action.option_strings} - {"-h", "--help"})


@pytest.mark.parametrize("script", [tensors, train])
@given(data=st.data())
@settings(fuzz, max_examples=200)
def test_options(script, data, capsys):
    argv = data.draw(st.lists(st.one_of(st.sampled_from(flags(script)), WORDS), max_size=6))
    try:
        status = script.main(["--genes_filename", "nowhere.csv", "--gene_expression_filename", "nowhere.csv", *argv])
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2, captured.err
    assert captured.err.count("\n") == 1 and f"{script.PROG}: error: " in captured.err
