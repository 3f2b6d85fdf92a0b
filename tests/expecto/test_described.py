"""A network from a file: what is refused, that nothing in it is executed, and that each window is predicted alone."""

import io
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch
from made_network import BASES, FEATURES, NAMES, WINDOW, Padded, altered, describe, export
from torch import nn

from expecto.described import WindowByWindow, load_described
from expecto.exported import Program
from expecto.network import PUBLISHED, Description, Network, read_description
from expecto.registry import entry_of, is_model, scan_of
from spex.errors import InputError
from spex.features.devices import open_model


@pytest.fixture(scope="session")
def program(padded):
    """The program of a padded network."""
    return padded.with_suffix(".pt2")


@pytest.fixture
def described(program, tmp_path):
    """Called with changes to the description: its path, beside the program."""
    path = tmp_path / "padded.pt2"
    path.write_bytes(program.read_bytes())
    return lambda **changes: describe(path, **changes)


def test_the_layers_give_predictions_and_gradients_of_the_network_itself(padded):
    windows = torch.rand(3, len(BASES), WINDOW, requires_grad=True)
    given = windows.detach().clone().requires_grad_()
    found, expected = load_described(padded).layers()(windows), Padded()(given)
    np.testing.assert_allclose(found.detach(), expected.detach(), rtol=1e-5)
    found.square().sum().backward()
    expected.square().sum().backward()
    assert given.grad.abs().sum() > 0
    np.testing.assert_allclose(windows.grad, given.grad, rtol=1e-3, atol=1e-7)


# --- descriptions ---


def test_a_description_is_read(described):
    path = described(names=NAMES)
    found = read_description(path)
    network = Network("padded", WINDOW, FEATURES, BASES)
    sha256 = json.loads(path.read_text())["sha256"]
    assert found == Description(network, path.with_suffix(".pt2"), sha256, tuple(NAMES))
    path = described()
    path.write_text(path.read_text(), encoding="utf-8-sig")  # as some editors save it
    assert read_description(path).names is None and entry_of(path).name == "a description in JSON"


WRONG = {
    "no name": ({"name": None}, "no name in it; expected what the network is called"),
    "an empty name": ({"name": " "}, 'name is " "; expected what'),
    "no file": ({"file": None}, "no file in it"),
    "no hash": ({"sha256": None}, "no sha256 in it; expected the SHA-256 of that file, 64"),
    "a short hash": ({"sha256": "ab"}, 'sha256 is "ab"; expected'),
    "a text for a number": ({"window": "1024"}, 'window is "1024"; expected an even number'),
    "true for a number": ({"features": True}, "features is true; expected how many"),
    "an odd window": ({"window": 1023}, "window is 1023; expected an even number of bp, so that a window has a centre"),
    "a narrow window": ({"window": 198}, "window is 198; expected .* at least 200, the step between windows"),
    "no features": ({"features": 0}, "features is 0; expected how many numbers"),
    "other bases": ({"bases": "ACGU"}, 'bases is "ACGU"; expected the letters A, C, G, T in the order'),
    "a base too many": ({"bases": "ACGTN"}, "bases is .*; expected the letters"),
    "names that are a text": ({"names": "abc"}, 'names is "abc"; expected a list'),
    "a name twice": ({"names": ["a"] * 7}, "two features have one name"),
    "too few names": ({"names": ["a"]}, "1 names of 7 features; expected one each"),
    "an unknown field": ({"widow": 3}, 'no field is called "widow"; there are name, file,'),
    "another hash": ({"sha256": "0" * 64}, "sha256 is 0{64}, and that of .*padded.pt2 is [0-9a-f]{64}"),
    "no such file": ({"file": "other.pt2"}, "there is no file .*other.pt2"),
    "another window": ({"window": 1022}, "its input is 1 x 4 x 1024; expected 1 x 4 x 1022, one window"),
    "another width": ({"features": 8}, r"its output is 1 x 7 of torch.float32; expected 1 x 8 of float32"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_description_is_refused_in_one_line(described, case):
    changes, message = WRONG[case]
    with pytest.raises(InputError, match=rf"^network .*padded\.json: .*{message}") as refusal:
        open_model(described(**changes))
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith("; docs/networks.md describes the form")


@pytest.mark.parametrize(
    "content, message",
    [("{", "not JSON"), ("{}", "no name in it"), (" {1: 2}", "not JSON"), ("{" * 9999, "not JSON")],
)
def test_what_only_begins_as_json_is_refused(tmp_path, content, message):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match=message):
        open_model(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(ValueError, match="found a list, expected an object"):
        read_description(tmp_path / "a.json")


def test_another_precision_than_float32_is_refused(described):
    with pytest.raises(InputError, match=r"^precision bfloat16: a network from a description computes in float32"):
        open_model(described(), "bfloat16")
    with pytest.raises(ValueError, match="float32"):
        scan_of(open_model(described(), "tf32"), "cpu", torch.float16)


# --- programs ---


def model_changed(change):
    """A change of records that changes the program's JSON. change: called with it, changes it."""

    def of_record(name, content):
        if not name.endswith("models/model.json"):
            return content
        value = json.loads(content)
        change(value)
        return json.dumps(value).encode()

    return of_record


def weights_changed(change):
    """The same of its list of weights."""

    def of_record(name, content):
        if not name.endswith("model_weights_config.json"):
            return content
        value = json.loads(content)
        change(next(iter(value["config"].values())))
        return json.dumps(value).encode()

    return of_record


def first_node(value):
    return value["graph_module"]["graph"]["nodes"][0]


def change_size(value):
    """Of the input: how many windows it has."""
    graph, signature = value["graph_module"]["graph"], value["graph_module"]["signature"]
    (given,) = [spec["user_input"] for spec in signature["input_specs"] if "user_input" in spec]
    graph["tensor_values"][given["arg"]["as_tensor"]["name"]]["sizes"][0] = {"as_expr": {"expr_str": "s0"}}


def nan_of(name, content):
    return np.full(len(content) // 4, np.nan, "<f4").tobytes() if name.endswith("weights/weight_0") else content


BROKEN = {
    "another form": (model_changed(lambda value: value["schema_version"].update(major=9)), "its form has version 9"),
    "an operator that reads files": (
        model_changed(lambda value: first_node(value).update(target="torch.ops.aten.from_file.default")),
        "it uses torch.ops.aten.from_file.default, which is not of PyTorch's core",
    ),
    "a function of Python": (
        model_changed(lambda value: first_node(value).update(target="torch.os.system")),
        "it uses torch.os.system, which is not",
    ),
    "a function by another way": (
        model_changed(lambda value: first_node(value).update(target="torch.ops.aten.__class__.__init__")),
        "it uses .*, which is not",
    ),
    "a size that changes": (model_changed(change_size), "its input has a size that may change"),
    "an argument that is an expression": (
        model_changed(lambda value: first_node(value)["inputs"][0].update(arg={"as_sym_int": {"as_name": "s0"}})),
        "an argument of a kind that is not read here .as_name.",
    ),
    "a pickled weight": (weights_changed(lambda weight: weight.update(use_pickle=True)), "is a Python object; exp"),
    "weights past their end": (
        weights_changed(lambda weight: weight["tensor_meta"]["storage_offset"].update(as_int=1 << 20)),
        "not a program that can be run here .RuntimeError: .*out of bounds",
    ),
    "weights of another shape": (
        weights_changed(lambda weight: weight["tensor_meta"]["sizes"][0].update(as_int=3)),
        "not a program that can be run here .RuntimeError",
    ),
    "weights that are no numbers": (nan_of, "it predicts what is no number"),
    "JSON of another form": (lambda name, content: b"[]" if name.endswith("model.json") else content, "TypeError"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_program_that_cannot_be_used_is_refused_in_one_line(program, tmp_path, case):
    change, message = BROKEN[case]
    path = describe(altered(program, tmp_path / "padded.pt2", change))
    with pytest.raises(InputError, match=rf"^network .*padded\.json: .*padded\.pt2: .*{message}") as refusal:
        open_model(path)
    assert "\n" not in str(refusal.value)


FILES = {
    "empty": (b"", "not a whole file of torch.export.save"),
    "text": (b"<html>", "not a whole file"),
    "another archive": (b"PK\x05\x06" + bytes(18), "0 records models/model.json in it"),
}


@pytest.mark.parametrize("case", FILES)
def test_what_is_no_program_is_refused(tmp_path, case):
    content, message = FILES[case]
    (tmp_path / "padded.pt2").write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_model(describe(tmp_path / "padded.pt2"))


def test_every_cut_and_a_flipped_bit_are_refused(program):
    content = program.read_bytes()
    for length in range(0, len(content), len(content) // 23):
        with pytest.raises(ValueError):
            Program(content[:length])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        name = next(name for name in archive.namelist() if name.endswith("weight_0"))
        place = content.index(archive.read(name)) + 1
    with pytest.raises(ValueError, match=r"checksum|CRC"):
        Program(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])


class Uncertain(nn.Module):
    def forward(self, windows):
        return (windows.sum(2) + torch.rand(1, 4)).repeat(1, 2)[:, :FEATURES]


@pytest.mark.parametrize(
    "module, rows, message",
    [
        (Uncertain(), 1, r"it predicts something else when it is asked again; call eval\(\) before"),
        (Padded().train(), 1, r"its output is buffer_mutation; call eval\(\) before"),
        (Padded(), 16, "its input is 16 x 4 x 1024; expected 1 x 4 x 1024, one window"),
    ],
)
def test_networks_that_depend_on_chance_or_on_other_windows_are_refused(tmp_path, module, rows, message):
    export(module, tmp_path / "a.pt2", rows)
    with pytest.raises(InputError, match=message):
        open_model(describe(tmp_path / "a.pt2"))


class Touch:
    """Unpickled, it makes a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_what_pytorch_would_execute_in_a_file_is_not(program, tmp_path):
    """The examples in it are a pickle that makes a folder: PyTorch's own loader runs that, and ours never reads it."""
    called = tmp_path / "called"

    def change(name, content):
        return pickle.dumps(Touch(called)) if "sample_inputs" in name else content

    path = altered(program, tmp_path / "padded.pt2", change)
    assert open_model(describe(path)).network.features == FEATURES
    assert not called.exists()
    with warnings.catch_warnings(action="ignore"), pytest.raises(Exception):  # noqa: B017 - whatever it says of it
        torch.export.load(path)
    assert called.exists()


class Writes(nn.Module):
    """A TorchScript module that makes a file when it is loaded."""

    def __init__(self, path):
        super().__init__()
        self.path, self.weight = str(path), torch.ones(1)

    @torch.jit.export
    def __getstate__(self) -> tuple[str, torch.Tensor, bool]:
        return self.path, self.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, torch.Tensor, bool]) -> None:
        self.path, self.weight, self.training = state[0], state[1], state[2]
        self.weight = self.weight + torch.from_file(self.path, True, 16).sum()

    def forward(self, windows):
        return windows * self.weight


def test_torchscript_is_refused_because_it_runs_code_when_it_is_loaded(tmp_path):
    written, path = tmp_path / "written", tmp_path / "a.pt2"
    with warnings.catch_warnings(action="ignore"):
        torch.jit.script(Writes(written)).save(path)
    with pytest.raises(InputError, match=r"a\.pt2: 0 records models/model\.json in it; expected one"):
        open_model(describe(path))
    with pytest.raises(InputError, match="a program of PyTorch, not weights"):
        open_model(path)
    assert not written.exists()
    with warnings.catch_warnings(action="ignore"):
        torch.jit.load(path)
    assert written.exists()


def test_a_program_in_the_place_of_its_description_is_sent_there(program):
    with pytest.raises(InputError, match=r"a program of PyTorch, not weights; expected .*; describe it in a JSON file"):
        open_model(program)


# --- predictions ---


def letters_of(codes):
    return "".join("AGCTN"[code] for code in codes.tolist())


def alone(module, letters):
    """What the network predicts for one window, letter by letter."""
    window = torch.zeros(1, 4, WINDOW)
    for column, letter in enumerate(letters):
        if letter in BASES:
            window[0, BASES.index(letter), column] = 1
    with torch.no_grad():
        return module(window)[0].numpy()


LENGTH = 5000
CODES = torch.randint(0, 5, (LENGTH,), dtype=torch.uint8, generator=torch.Generator().manual_seed(4))
STARTS = torch.tensor([3976, 0, 17, 200, 201, 1024, 3976, *range(300, 3900, 190)])


@pytest.fixture(scope="module")
def scan(program, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "padded.pt2"
    path.write_bytes(program.read_bytes())
    return WindowByWindow(load_described(describe(path)))


def test_each_window_is_predicted_as_the_network_does_alone(scan):
    found = scan.predict(CODES, STARTS)
    assert found.shape == (len(STARTS), FEATURES) and found.dtype == torch.float32
    for start, predicted in zip(STARTS.tolist(), found.numpy(), strict=True):
        expected = alone(Padded(), letters_of(CODES[start : start + WINDOW]))
        np.testing.assert_allclose(predicted, expected, rtol=2e-6)
    assert found.std(0).min() > 1e-3  # they differ from window to window


def test_no_other_window_and_no_thread_changes_a_bit(scan):
    found = scan.predict(CODES, STARTS)
    for count in (2, 3, 1):
        torch.set_num_threads(count)
        assert torch.equal(scan.predict(CODES, STARTS), found)
        assert torch.equal(scan.predict(CODES, STARTS[:1]), found[:1])
    order = torch.randperm(len(STARTS), generator=torch.Generator().manual_seed(1))
    assert torch.equal(scan.predict(CODES, STARTS[order]), found[order])
    for number in range(len(STARTS)):
        assert torch.equal(scan.predict(CODES, STARTS[number : number + 1]), found[number : number + 1])
    assert scan.predict(CODES, STARTS[:0]).shape == (0, FEATURES)


@pytest.mark.parametrize("start", [-1, LENGTH - WINDOW + 1])
def test_windows_past_the_sequence_are_refused(scan, start):
    with pytest.raises(ValueError, match="within the sequence"):
        scan.predict(CODES, torch.tensor([start]))


class Various(nn.Module):
    """Operators that networks of sequence are made of: dilation, normalisation, attention, padding, positions."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(4, 16, 15, stride=8, padding=7)
        self.dilated = nn.Conv1d(16, 16, 3, dilation=2, padding="same")
        self.norm = nn.LayerNorm(16)
        self.attention = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.1)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(16, FEATURES), nn.Softplus())
        self.register_buffer("scale", torch.tensor([2.0]))

    def forward(self, windows):
        x = nn.functional.avg_pool1d(nn.functional.gelu(self.stem(windows)), 2)
        x = x + torch.relu(self.dilated(nn.functional.pad(x, (1, 1)))[:, :, 1:-1])
        x = self.norm(x.transpose(1, 2)) + torch.arange(x.shape[2])[:, None] / 100
        x = self.attention(x)
        return self.head(x[:, 16:-16].mean(1)) * self.scale


def test_operators_of_other_networks_are_read(tmp_path):
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(5)
        module = Various().eval().requires_grad_(False)
    export(module, tmp_path / "various.pt2")
    scan = WindowByWindow(load_described(describe(tmp_path / "various.pt2")))
    for start, predicted in zip((0, 700), scan.predict(CODES, torch.tensor([0, 700])).numpy(), strict=True):
        np.testing.assert_allclose(predicted, alone(module, letters_of(CODES[start : start + WINDOW])), rtol=1e-5)


# --- the registry ---


def test_the_registry_knows_each_network_by_its_file(described, world, narrow):
    entries = [entry_of(path) for path in (described(), world.checkpoint)]
    assert [entry.name for entry in entries] == ["a description in JSON", "a checkpoint of Beluga"]
    for entry, path in zip(entries, (described(), world.checkpoint), strict=True):
        model = entry.load(path)
        scan = scan_of(model, "cpu", torch.float32)
        assert is_model(model) and isinstance(scan, entry.scan) and scan.network == model.network
        codes = torch.full((scan.network.window,), 4, dtype=torch.uint8)
        assert scan.predict(codes, torch.tensor([0])).shape == (1, scan.network.features)
        assert hasattr(scan, "predict_substituted") == scan.substitutes
    assert entries[1].load(world.checkpoint).network is PUBLISHED and not is_model("a path")
