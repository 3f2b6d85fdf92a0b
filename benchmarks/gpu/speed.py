"""How fast a device goes through genes, how near to its matrix product, and how long it waits for the host."""

import tempfile
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu.synthetic import empty_folder
from spex.features.compute import FeatureComputer
from spex.features.devices import BLOCK_SIZE, DTYPES
from spex.features.write import write_tensors
from spex.files.hashes import Watch

PRODUCTS_PER_ROUND = {"cpu": 1, "cuda": 10}
ROUNDS = 3


@dataclass(frozen=True)
class Speed:
    """How long genes took.

    whole: seconds from FASTA to tensor files. network: seconds of the network's arithmetic by itself.
    genes, windows: their numbers. operations: of the network, multiplications and additions.
    """

    genes: int
    windows: int
    whole: float
    network: float
    operations: int

    @property
    def genes_per_second(self):
        return self.genes / self.whole

    @property
    def windows_per_second(self):
        return self.windows / self.whole

    @property
    def operations_per_second(self):
        """Of the network by itself."""
        return self.operations / self.network

    @property
    def waiting(self):
        """Share of the time in which the network computes nothing; 0 where that is lost in the noise."""
        return max(1 - self.network / self.whole, 0.0)


class _Recorder:
    """A scanner that keeps what it was asked for, in `calls`: base codes and starts of each pass."""

    def __init__(self, scanner):
        self._scanner, self.calls = scanner, []

    def __getattr__(self, name):
        return getattr(self._scanner, name)

    def predict(self, codes, starts):
        self.calls.append((codes.clone(), starts.clone()))
        return self._scanner.predict(codes, starts)


def measure_speed(computer, contacts, genes):
    """Time genes from FASTA to tensor files, and the very passes of the network that this takes once more alone.

    computer: FeatureComputer, without a store, within `devices.computing`. contacts: Contacts, or None for own windows
    only. genes: DataFrame with id, chrom, strand, tss. Returns: Speed.
    """
    recorder = _Recorder(computer.scanner)
    _time_whole(computer, recorder, contacts, genes)  # a first time, in which memory is claimed and ways are chosen
    with FlopCounterMode(display=False) as counter:
        _time_network(computer.scanner, recorder.calls)
    return Speed(
        genes=len(genes),
        windows=sum(starts.numel() for _, starts in recorder.calls),
        whole=_time_whole(computer, computer.scanner, contacts, genes),
        network=_time_network(computer.scanner, recorder.calls),
        operations=counter.get_total_flops(),
    )


def _time_whole(computer, scanner, contacts, genes):
    """Seconds from FASTA to tensor files."""
    mine = FeatureComputer(
        genome=computer.genome,
        scanner=scanner,
        store=None,
        contacts=contacts,
        windows_per_pass=computer.windows_per_pass,
    )
    with tempfile.TemporaryDirectory() as place:
        folder = empty_folder(place)
        start = time.perf_counter()
        write_tensors(mine, folder, genes, BLOCK_SIZE[scanner.device.type], lambda *done: None, Watch())
        return time.perf_counter() - start


def _time_network(scanner, calls):
    """Seconds that the network takes for some passes, results left on the device."""
    calls = [(codes.to(scanner.device), starts) for codes, starts in calls]
    _wait(scanner.device)
    start = time.perf_counter()
    for codes, starts in calls:
        scanner.predict(codes, starts)
    _wait(scanner.device)
    return time.perf_counter() - start


def matrix_product_speed(device, precision, size):
    """Operations a second of a product of square matrices, the best of some rounds, within `devices.computing`."""
    device = torch.device(device)
    square = torch.randn(size, size, device=device).to(getattr(torch, DTYPES[precision]))
    products, best = PRODUCTS_PER_ROUND[device.type], float("inf")
    torch.matmul(square, square)
    for _ in range(ROUNDS):
        _wait(device)
        start = time.perf_counter()
        for _ in range(products):
            torch.matmul(square, square)
        _wait(device)
        best = min(best, (time.perf_counter() - start) / products)
    return 2 * size**3 / best


def _wait(device):
    """Wait until a device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
