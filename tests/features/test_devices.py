"""Which devices compute, and how much they take at once; CUDA itself is played."""

import pickle
import queue
import zipfile
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from conftest import narrow_state
from refusals import Touch, files_in

from spex.commands import tensors
from spex.errors import InputError
from spex.features import compute, devices
from spex.features.choices import DTYPES


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.parametrize(
    "platform, gpus, chosen",
    [
        (None, None, ["cuda:0", "cuda:1"]),
        ("CUDA", None, ["cuda:0", "cuda:1"]),
        ("CUDA", [1, 1], ["cuda:1"]),
        (None, [1, 0], ["cuda:0", "cuda:1"]),
        ("CPU", None, ["cpu"]),
    ],
)
@pytest.mark.usefixtures("two_gpus")
def test_every_gpu_is_used_unless_some_are_chosen(platform, gpus, chosen):
    assert devices.choose_devices(platform, gpus) == chosen


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="gpus 2: there are 2 GPUs here, numbered from 0"):
        devices.choose_devices(None, [0, 2])


def test_the_default_precision_is_what_the_published_program_gets_there():
    assert devices.choose_precision(["cpu"], None) == "float32"
    assert devices.choose_precision(["cuda:0"], None) == "tf32"
    assert devices.choose_precision(["cuda:0"], "bfloat16") == "bfloat16"


@pytest.mark.parametrize(
    "precision, device, seconds, warned",
    [
        ("bfloat16", "cpu", 40.4, "bfloat16 takes 40 times as long as float32 on this processor"),
        ("float16", "cpu", 2, "float16 takes 2 times as long as float32 on this processor"),
        ("bfloat16", "cpu", 0.5, None),
        ("bfloat16", "cuda:1", 40, None),
        ("tf32", "cuda:0", 40, None),
        ("float32", "cpu", 40, None),
    ],
)
def test_a_precision_that_a_processor_lacks_is_warned_of(monkeypatch, caplog, precision, device, seconds, warned):
    taken = {"float32": 1, DTYPES[precision]: seconds} | {"float32": 1}
    monkeypatch.setattr(devices, "seconds_of_layer", taken.__getitem__)
    with devices.computing(device, precision):
        pass
    assert [record.getMessage()[: len(warned or "")] for record in caplog.records] == ([warned] if warned else [])


def test_the_layer_takes_time_in_every_precision_of_a_processor():
    assert all(devices.seconds_of_layer(dtype) > 0 for dtype in ("float32", "bfloat16", "float16"))


@pytest.mark.parametrize("free_gb, windows", [(0.5, 200), (16, 1283), (80, 6400)])
def test_a_pass_fits_the_memory_that_is_free(monkeypatch, free_gb, windows):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (int(free_gb * 1e9), int(80e9)))
    assert devices.windows_per_pass("cuda:1") == windows
    assert devices.windows_per_pass("cpu") == 200


def test_full_memory_is_told_in_one_line(narrow, tensors_argv, monkeypatch, capsys):
    def fail(*args):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")

    monkeypatch.setattr(compute.FeatureComputer, "_predict", fail)
    assert tensors.main(tensors_argv()) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "cpu: its memory is full (CUDA out of memory)" in last
    assert "choose another with --gpus" in last


def changed_state(**changes):
    return lambda path: torch.save({**narrow_state(), **changes}, path)


def flip_a_weight(path):
    torch.save(narrow_state(), path)
    content = bytearray(path.read_bytes())
    content[content.index(narrow_state()["model.0.0.weight"].numpy().tobytes()) + 2] ^= 1
    path.write_bytes(content)


def old_form_with_a_call(path):
    path.write_bytes(pickle.dumps(Touch(path.with_name("called"))))


def zip_with_a_call(path):
    torch.save({"model.0.0.weight": Touch(path.with_name("called"))}, path)


FIRST = "model.0.0.weight"


CHECKPOINTS = {
    "empty": (lambda path: path.touch(), "not a whole PyTorch file"),
    "text": (lambda path: path.write_text("<html>Not found</html>"), "not a (whole )?PyTorch file"),
    "cut short": (
        lambda path: (flip_a_weight(path), path.write_bytes(path.read_bytes()[:-999])),
        "not a whole PyTorch",
    ),
    "a flipped bit": (flip_a_weight, "not a whole PyTorch file of weights .the checksum of .* does not fit"),
    "another archive": (lambda path: zipfile.ZipFile(path, "w").close(), "not a PyTorch file of weights"),
    "a call in a pickle": (old_form_with_a_call, "anything else in it is never loaded"),
    "a call in an archive": (zip_with_a_call, "anything else in it is never loaded"),
    "a list": (lambda path: torch.save([1], path), "found a list, expected a state dict"),
    "a tensor is missing": (
        lambda path: torch.save(dict(list(narrow_state().items())[1:]), path),
        "1 of its 16 tensors",
    ),
    "a tensor too many": (changed_state(extra=torch.zeros(1)), "1 are not its own .extra"),
    "another shape": (changed_state(**{FIRST: torch.zeros(2)}), r"model.0.0.weight has shape \(2,\)"),
    "no tensor": (changed_state(**{FIRST: 3.0}), "model.0.0.weight is a float"),
    "whole numbers": (changed_state(**{FIRST: narrow_state()[FIRST].int()}), "model.0.0.weight contains torch.int32"),
    "NaN": (changed_state(**{FIRST: narrow_state()[FIRST] * float("nan")}), "not finite numbers"),
    "infinity": (changed_state(**{FIRST: narrow_state()[FIRST] / 0}), "not finite numbers"),
}


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_a_checkpoint_that_cannot_be_used_is_refused(narrow, tmp_path, kind):
    write, message = CHECKPOINTS[kind]
    path = tmp_path / "weights.pth"
    write(path)
    again = "; get it again with: spex resources get beluga"
    with pytest.raises(InputError, match=rf"^network .*weights\.pth: .*({message}).*{again}"):
        devices.open_model(path)
    assert set(files_in(tmp_path)) == {path}


def ended(status):
    return SimpleNamespace(exitcode=status, join=lambda seconds: None)


def test_counts_of_processes_that_have_ended_are_collected():
    messages, advanced = queue.Queue(), []
    for message in ((1, 0), Counter(genes=1), (1, 1), Counter(genes=2)):
        messages.put(message)
    total = devices._follow([ended(0), ended(0)], messages, lambda *done: advanced.append(done))
    assert total == {"genes": 3} and advanced == [(1, 0), (1, 1)]


@pytest.mark.parametrize(("status", "error"), [(0, "ended without their counts"), (3, "ended with status 3")])
def test_processes_that_end_without_their_counts_are_not_waited_for(status, error):
    messages = queue.Queue()
    messages.put(Counter(genes=1))
    with pytest.raises(RuntimeError, match=error):
        devices._follow([ended(0), ended(status)], messages, None)
