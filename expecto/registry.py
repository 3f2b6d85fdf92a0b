"""The networks that can be opened: how a file of each is recognised, read, and made ready to scan a sequence."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch

from expecto.beluga import Beluga, load_beluga
from expecto.described import DescribedNetwork, WindowByWindow, load_described
from expecto.network import Network, is_description
from expecto.scan import Scanner


class Scan(Protocol):
    """A network made ready on one device: what features are computed with, whichever network it is.

    network: what it reads and predicts. device, dtype: of torch. substitutes: whether `predict_substituted` is there;
    else windows with substituted bases are predicted whole. bytes_per_window: of a GPU's memory; None where windows are
    computed one by one. genes_at_once: genes whose windows are best predicted together; 0 where any windows are.
    """

    network: Network
    device: torch.device
    dtype: torch.dtype
    substitutes: bool

    @property
    def genes_at_once(self) -> int: ...

    @property
    def bytes_per_window(self) -> int | None: ...

    def predict(self, codes: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
        """Predictions for the windows of a sequence.

        codes: (length,) uint8 base codes: positions in `expecto.network.BASES`, or `UNKNOWN`. starts: (n,) int64 on
        the CPU, 0-based first base of each window, in any order; every window lies within the codes. Where
        `genes_at_once` is not 0, they may be all windows of genes, (genes, 200), as `expecto.gene_features.own_windows`
        lays them. Returns: (n, features) float32 on the device, of genes (genes * 200, features).
        """
        ...


class Entry(NamedTuple):
    """A kind of network.

    name: of its files, as text. sign: whether the file at a path is one. load: from that path to the model, an object
    of `model`. scan: makes a `Scan` of model, device and dtype.
    """

    name: str
    sign: Callable[[Any], bool]
    load: Callable[[Any], Any]
    model: type
    scan: Callable[..., Scan]


ENTRIES = (
    Entry("a description in JSON", is_description, load_described, DescribedNetwork, WindowByWindow),
    Entry("a checkpoint of Beluga", lambda path: True, load_beluga, Beluga, Scanner),
)


Model = Beluga | DescribedNetwork


def entry_of(path):
    """The entry of a file; whatever no other one knows counts as a checkpoint."""
    return next(entry for entry in ENTRIES if entry.sign(path))


def is_model(value):
    """Whether this is a network that an entry loaded."""
    return isinstance(value, tuple(entry.model for entry in ENTRIES))


def scan_of(model, device, dtype):
    """A network made ready on one device in one precision. Returns: Scan."""
    return next(entry for entry in ENTRIES if isinstance(model, entry.model)).scan(model, device, dtype)
