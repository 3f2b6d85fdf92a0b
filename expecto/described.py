"""A network that a JSON file describes, window by window.

Convolutions with padding, pooling of any width and attention see where a window ends, so overlapping windows share no
work. Nor do windows share a pass: vectors and matrix products round by where in memory a number lies, and with it by
the row of a batch. Windows are computed side by side instead, each in one thread, so that its bits depend on nothing
else.
"""

import contextlib
import hashlib

import torch

from expecto.exported import Program
from expecto.network import BASES, UNKNOWN, read_description
from expecto.rounding import one_thread_each, side_by_side


class DescribedNetwork:
    """A network that was read from its description: `network`, and its `program`."""

    def __init__(self, network, program):
        self.network, self.program = network, program

    def layers(self):
        """The network as a module of torch, (n, 4, bp) one-hot bases to (n, features), each window by itself."""
        return _Windows(self.program)


class _Windows(torch.nn.Module):
    """A program over several windows, of which gradients can be taken. program: Program."""

    def __init__(self, program):
        super().__init__()
        self._program, self._device = program, torch.device("cpu")

    def forward(self, windows):
        if windows.device != self._device:
            self._program, self._device = self._program.on(windows.device), windows.device
        return torch.cat([self._program.run(window[None].contiguous()) for window in windows])


class WindowByWindow:
    """A described network made ready on one device: an `expecto.registry.Scan`.

    model: DescribedNetwork; it is not changed. device, dtype: of torch; float32 alone.
    """

    substitutes, bytes_per_window, genes_at_once = False, None, 0

    def __init__(self, model, device="cpu", dtype=torch.float32):
        if dtype != torch.float32:
            raise ValueError(f"a described network computes in float32, not in {dtype}")
        self.network, self.device, self.dtype = model.network, torch.device(device), dtype
        self._program = model.program.on(self.device)
        channels = [self.network.bases.index(base) for base in BASES]
        one_hot = torch.eye(len(BASES) + 1, len(BASES))  # of N, zeros
        self._one_hot = torch.cat([one_hot[:-1][channels], one_hot[-1:]]).to(self.device)

    @torch.inference_mode()
    def predict(self, codes, starts):
        """As of `expecto.registry.Scan`. On the CPU a window has the same bits whatever is predicted with it."""
        window = self.network.window
        if len(starts) and not 0 <= int(starts.min()) <= int(starts.max()) <= len(codes) - window:
            raise ValueError(f"windows must lie within the sequence of {len(codes)} bases")
        codes, places = codes.to(self.device), starts.tolist()
        predicted = torch.empty((len(places), self.network.features), device=self.device)

        def predict_one(number):
            predicted[number] = self.predict_window(codes[places[number] : places[number] + window])[0]

        if self.device.type != "cpu":
            for number in range(len(places)):
                predict_one(number)
        else:
            with one_thread_each() if len(places) == 1 else contextlib.nullcontext():
                side_by_side(predict_one, range(len(places)))
        return predicted

    @torch.inference_mode()
    def predict_window(self, codes):
        """One pass. codes: (window,) base codes. Returns: (1, features)."""
        return self._program(self._one_hot[codes.long()].T[None].contiguous())


def load_described(path):
    """The network that a JSON file describes, on the CPU, tried once.

    Raises:
        ValueError: what is wrong with the description, or with the network: another file than its hash says, other
            shapes than described, predictions that are not finite, or that depend on chance.
    """
    description = read_description(path)
    network, file = description.network, description.file
    if not file.is_file():
        raise ValueError(f"{path}: there is no file {file}")
    content = file.read_bytes()  # what is hashed is what is read
    if (found := hashlib.sha256(content).hexdigest()) != description.sha256:
        raise ValueError(f"{path}: sha256 is {description.sha256}, and that of {file} is {found}")
    try:
        model = DescribedNetwork(network, Program(content))
        sizes, expected = model.program.sizes, (1, len(network.bases), network.window)
        if sizes != expected:
            raise ValueError(f"its input is {_by(sizes)}; expected {_by(expected)}, one window of what is described")
        _try(model)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error
    except Exception as error:  # of JSON of another form, and of PyTorch, which fails on wrong values in as many ways
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            raise
        reason = f"{type(error).__name__}: {str(error).strip()[:200]}".split("\n", 1)[0]
        raise ValueError(f"{file}: not a program that can be run here ({reason})") from error
    return model


def _by(sizes):
    return " x ".join(map(str, sizes))


def _try(model):
    """Predict a window of N, and a random one twice.

    Raises:
        ValueError: what is predicted cannot be used.
    """
    network, scan = model.network, WindowByWindow(model)
    window = torch.randint(len(BASES), (network.window,), generator=torch.Generator().manual_seed(0))
    with one_thread_each():
        nothing = scan.predict_window(torch.full_like(window, UNKNOWN))
        once, again = scan.predict_window(window), scan.predict_window(window)
    for predicted in (nothing, once):
        if predicted.shape != (1, network.features) or not predicted.is_floating_point():
            raise ValueError(
                f"its output is {_by(predicted.shape)} of {predicted.dtype}; expected 1 x {network.features} of "
                "float32, as described"
            )
        if not bool(torch.isfinite(predicted).all()):
            raise ValueError("it predicts what is no number for a window of N or a random one")
    if not torch.equal(once, again):
        raise ValueError("it predicts something else when it is asked again; call eval() before it is exported")
