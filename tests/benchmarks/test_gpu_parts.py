"""What is measured of a GPU, where CUDA is played."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN

from benchmarks.gpu import machine, parity, speed, synthetic
from expecto.gene_features import own_features, transform_weights
from expecto.scan import Scanner
from spex.contacts.rules import Published
from spex.features import devices
from spex.inputs.genome import Genome


@pytest.fixture
def small_genome(monkeypatch, tmp_path):
    monkeypatch.setattr(synthetic, "CHROMSIZES", {"chr1": 600_000, "chr8": 300_000})
    monkeypatch.setattr(synthetic, "SIZES", (NARROW_CHANNELS, NARROW_HIDDEN))
    monkeypatch.setattr(synthetic, "UNKNOWN_STRETCH", slice(1000, 2000))
    synthetic.write_genome(tmp_path / "genome.fa")
    return Genome(tmp_path / "genome.fa", tmp_path / "genome.fai")


@pytest.fixture
def computer(small_genome):
    """A FeatureComputer of three made genes, with made contacts."""
    genes = synthetic.make_genes(3)
    contacts = synthetic.make_contacts(genes, small_genome.chromsizes, Published(), 1000, 6)
    computer = devices.open_computer(
        genome=small_genome,
        model=synthetic.make_network(),
        device="cpu",
        precision="float32",
        store=None,
        contacts=contacts,
    )
    return SimpleNamespace(computer=computer, genes=genes, contacts=contacts)


def test_difference_by_hand():
    found, expected = np.float32([1, 0, 2.02, 3]), np.float32([1, 0, 2, 4])
    median, largest = parity.relative_difference(found, expected)
    assert (median, largest) == (pytest.approx(0.01, rel=1e-5), pytest.approx(0.25))
    assert parity.relative_difference(np.zeros(2, np.float32), np.zeros(2, np.float32)) == (0, 0)
    assert parity.relative_difference(np.float32([1e-9, 1]), np.float32([0, 1]))[1] == np.inf


def test_nan_keeps_no_bound():
    measured = parity.relative_difference(np.float32([np.nan, 1, 1]), np.ones(3, np.float32))
    assert not any(figure <= most for figure, most in zip(measured, parity.SAME_PRECISION, strict=True))


def test_every_precision_has_bounds_and_sums_are_held_to_less_than_single_windows():
    for precision in devices.DTYPES:
        own = parity.allowed_difference(precision, "own", "features")
        single = parity.allowed_difference(precision, "contacted", "features")
        assert single == parity.allowed_difference(precision, "own", "probabilities")
        assert 0 < own[0] <= single[0] < single[1] and own[1] <= single[1]


def test_features_are_sums_of_the_probabilities_that_are_compared(computer):
    found = parity.predictions(computer.computer, computer.genes)
    shapes = {key: array.shape for key, array in found.items()}
    bins = len(computer.contacts.bins)
    assert bins > 5 and not computer.contacts.has_pixels[2]
    assert shapes == {
        ("own", "features"): (3, 10, 2002),
        ("contacted", "features"): (3, 2, 2002),
        ("own", "probabilities"): (600, 2002),
        ("contacted", "probabilities"): (bins, 2002),
    }
    order = computer.genes.sort_values(["chrom", "tss", "id"]).index.to_numpy()  # of the features
    own = own_features(found["own", "probabilities"].reshape(3, 200, 2002), transform_weights())
    np.testing.assert_allclose(found["own", "features"], own[order], rtol=1e-5)
    first = slice(*computer.contacts.offsets[:2])
    contacted = found["contacted", "probabilities"][first][computer.contacts.downstream[first]].sum(0)
    weight = Published().weight(1000, 2000)
    place = int(np.flatnonzero(order == 0)[0])
    np.testing.assert_allclose(found["contacted", "features"][place, 0], weight * contacted, rtol=1e-5)


@pytest.mark.parametrize(
    "capability, precisions",
    [((6, 1), "float32"), ((7, 5), "float32 float16"), ((9, 0), "float32 tf32 bfloat16 float16")],
)
def test_precisions_follow_what_the_device_is_made_for(monkeypatch, capability, precisions):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert parity.supported_precisions("cuda:0") == precisions.split()
    assert "float32" in parity.supported_precisions("cpu") and "tf32" not in parity.supported_precisions("cpu")


@pytest.mark.parametrize("windows_that_fit", [20, 10_000])
def test_memory_is_filled_and_then_used_again(small_genome, monkeypatch, windows_that_fit):
    real = Scanner.predict

    def predict(self, codes, starts):
        if len(starts) > windows_that_fit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return real(self, codes, starts[:20])

    monkeypatch.setattr(Scanner, "predict", predict)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100_000_000, 200_000_000))
    error, same = parity.fill_memory("cpu", small_genome, synthetic.make_network(), "float32")
    assert same
    assert (error is None) == (windows_that_fit == 10_000)
    assert error is None or error.line().startswith("cpu: its memory is full (CUDA out of memory); give it less")


def test_what_is_made_is_the_same_each_time(small_genome, tmp_path):
    synthetic.write_genome(tmp_path / "again.fa")
    assert (tmp_path / "again.fa").read_bytes() == (tmp_path / "genome.fa").read_bytes()
    assert synthetic.make_genes(5).equals(synthetic.make_genes(5))
    first, second = synthetic.make_network(), synthetic.make_network()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    synthetic.save_network(first, tmp_path / "network.pth")
    read = devices.open_model(tmp_path / "network.pth")
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), read.parameters(), strict=True))


def test_the_made_genome_has_every_base_and_a_stretch_of_n(small_genome):
    assert small_genome.chromsizes == synthetic.CHROMSIZES
    codes = small_genome.codes("chr8", 0, 300_000)
    assert np.array_equal(np.flatnonzero(codes == 4), np.arange(1000, 2000))
    assert np.bincount(codes, minlength=5)[:4].min() > 70_000


def test_made_contacts_are_as_the_rule_would_have_them(small_genome):
    genes = synthetic.make_genes(16)
    contacts = synthetic.make_contacts(genes, small_genome.chromsizes, Published(), 1000, 24)
    pairs = contacts.pairs().merge(genes, on="id")
    assert (np.abs(pairs["start"] - pairs["tss"]) >= 19_500).all()
    assert (
        (pairs["start"] >= pairs["tss"] - 500) == ((pairs["side"] == "downstream") == (pairs["strand"] == "+"))
    ).all()
    assert (contacts.table()["has_pixels"] == 0).sum() >= 2
    assert (contacts.table()["downstream_bins"] + contacts.table()["upstream_bins"]).max() <= 24


def test_speed_by_hand():
    it = speed.Speed(genes=4, windows=800, whole=2.0, network=0.5, operations=10**12)
    assert (it.genes_per_second, it.windows_per_second, it.operations_per_second) == (2, 400, 2e12)
    assert it.waiting == 0.75
    assert speed.Speed(genes=1, windows=1, whole=1.0, network=1.1, operations=1).waiting == 0


def test_speed_counts_the_windows_that_genes_take(computer):
    own = speed.measure_speed(computer.computer, None, computer.genes)
    contacts = speed.measure_speed(computer.computer, computer.contacts, computer.genes)
    assert own.windows == 600
    assert 600 < contacts.windows <= 600 + len(computer.contacts.bins)
    assert contacts.operations > own.operations > 0
    assert min(own.whole, own.network) > 0


DRIVER = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder)\nGCC version:"
)


@pytest.mark.parametrize("told, version", [(DRIVER, "570.86.15"), ("", "unknown"), (None, "unknown")])
def test_the_machine_is_described_without_its_name(monkeypatch, tmp_path, told, version):
    if told is not None:
        (tmp_path / "version").write_text(told)
    monkeypatch.setattr(machine, "DRIVER", tmp_path / "version")
    gpu = SimpleNamespace(name="NVIDIA Model", major=9, minor=0, multi_processor_count=132)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: gpu)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (70 * 10**9, 80 * 10**9))
    facts = machine.describe_machine(["cuda:1"])
    assert facts["GPU cuda:1"] == "NVIDIA Model, 80 GB, 70 GB free, compute capability 9.0, 132 multiprocessors"
    assert facts["driver"] == version
    assert facts.keys() == {
        *("processor", "instructions", "memory", "Python", "torch", "GPU cuda:1", "driver", "CUDA, cuDNN of torch")
    }
