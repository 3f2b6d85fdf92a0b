"""Which devices compute, and how much they take at once; CUDA itself is played."""

import pytest
import torch

from spex.commands import tensors
from spex.errors import InputError
from spex.features import compute, devices


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
