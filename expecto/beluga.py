"""The Beluga network and its checkpoint.

Zhou et al., Nat Genet 50:1171 (2018), Methods. Six convolutions of width 8 in three blocks, two linear layers, a
sigmoid per chromatin feature; no padding, stride 1. Dropout is left out: the network is only ever evaluated.
"""

import errno
import itertools
import pickle
import warnings
import zipfile

import torch
from torch import nn
from torch.nn import functional

from expecto.network import BELUGA

CHANNELS = (320, 480, 640)
HIDDEN = 2003
KERNEL = 8
PUBLISHED_SIZES = (*CHANNELS, HIDDEN)
POOLS = (4, 4, 1)
"""Width of the max pooling that ends each block; the last block has none."""

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
"""Types of weights that can be read."""

UNREADABLE = (errno.ENOENT, errno.EACCES, errno.EIO, errno.ESTALE, errno.EISDIR)

CHECKPOINT_LAYERS = {
    "model.0.0": "convolutions.0",
    "model.0.2": "convolutions.1",
    "model.0.6": "convolutions.2",
    "model.0.8": "convolutions.3",
    "model.0.12": "convolutions.4",
    "model.0.14": "convolutions.5",
    "model.1.2.1": "hidden",
    "model.1.4.1": "output",
}
"""Layer names of the published checkpoint and ours."""


SIZED_LAYERS = ("model.0.0", "model.0.6", "model.0.12", "model.1.2.1")
"""Layers of the checkpoint whose outputs set the sizes of all."""


def block_widths():
    """Cells of one window before each block and after the last: (2000, 496, 120, 106)."""
    widths = [BELUGA.window]
    for pool in POOLS:
        widths.append((widths[-1] - 2 * (KERNEL - 1)) // pool)
    return tuple(widths)


class Beluga(nn.Module):
    """The network, window by window: the reference for every faster way through it.

    channels: of the three blocks. hidden: width of the first linear layer. The published sizes are the defaults.
    """

    network = BELUGA

    def __init__(self, channels=CHANNELS, hidden=HIDDEN):
        super().__init__()
        self.sizes = (*channels, hidden)
        sizes = [len(BELUGA.bases)] + [size for size in channels for _ in range(2)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, (1, KERNEL)) for before, after in itertools.pairwise(sizes)
        )
        self.hidden = nn.Linear(channels[-1] * block_widths()[-1], hidden)
        self.output = nn.Linear(hidden, BELUGA.features)
        self.eval().requires_grad_(False)

    @property
    def remark(self):
        """What a user should know of a network whose layers have other sizes than the published one's, or None."""
        if self.sizes == PUBLISHED_SIZES:
            return None
        ours, published = (", ".join(map(str, sizes)) for sizes in (self.sizes, PUBLISHED_SIZES))
        return f"not the published network: its layers have {ours} channels, the published one's {published}"

    def forward(self, windows):
        """Probabilities of the chromatin features.

        windows: (n, 4, 1, 2000) one-hot bases, channels A, G, C, T. Returns: (n, 2002), 0 to 1, of the same dtype.
        """
        x = windows
        for block, pool in enumerate(POOLS):
            for convolution in self.convolutions[2 * block : 2 * block + 2]:
                x = functional.relu(convolution(x))
            x = functional.max_pool2d(x, (1, pool))  # (n, channels, 1, cells)
        x = functional.relu(self.hidden(x.flatten(1)))  # channel-major: channel * 106 + cell
        return torch.sigmoid(self.output(x))

    def layers(self):
        """The same network, and weights, as layers of torch in a row, for what puts hooks on them.

        Returns: nn.Sequential, (n, 4, 2000) one-hot bases to (n, 2002).
        """
        found = []
        for block, pool in enumerate(POOLS):
            for convolution in self.convolutions[2 * block : 2 * block + 2]:
                with torch.device("meta"):
                    layer = nn.Conv1d(convolution.in_channels, convolution.out_channels, KERNEL)
                layer.weight, layer.bias = nn.Parameter(convolution.weight[:, :, 0]), convolution.bias
                found += [layer, nn.ReLU()]
            found += [nn.MaxPool1d(pool)] if pool > 1 else []
        found += [nn.Flatten(), self.hidden, nn.ReLU(), self.output, nn.Sigmoid()]
        return nn.Sequential(*found).eval().requires_grad_(False)


def load_beluga(path):
    """The network with the weights of a checkpoint in the published form, in evaluation mode, float32, on the CPU.

    How many channels its layers have is read off the checkpoint: networks of the same form that are narrower, or were
    retrained, can be read too. `Beluga.sizes` has them.

    Raises:
        ValueError: not a PyTorch checkpoint, cut short, other layers or shapes, or weights that are not finite.
    """
    try:
        _check_archive(path)
        with warnings.catch_warnings(action="ignore"):  # of pickle protocols; what cannot be read is an error
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:  # PyTorch's own text suggests to load it all the same
        raise ValueError(f"{path}: not a PyTorch file of weights alone; anything else in it is never loaded") from error
    except Exception as error:  # of zip, pickle and PyTorch, which fail on damaged bytes in as many ways
        out_of_memory = isinstance(error, MemoryError) or "allocate memory" in str(error)
        if out_of_memory or getattr(error, "errno", None) in UNREADABLE:
            raise
        reason = str(error).split("\n", 1)[0]
        raise ValueError(f"{path}: not a whole PyTorch file of weights ({reason})") from error
    with torch.device("meta"):
        model = Beluga(*_sizes_of(state))
    expected = {
        f"{theirs}.{kind}": (f"{ours}.{kind}", model.get_parameter(f"{ours}.{kind}").shape)
        for theirs, ours in CHECKPOINT_LAYERS.items()
        for kind in ("weight", "bias")
    }
    _check_checkpoint(path, state, {name: shape for name, (_, shape) in expected.items()})
    model.load_state_dict({ours: state[theirs].float() for theirs, (ours, _) in expected.items()}, assign=True)
    return model.requires_grad_(False)


def _sizes_of(state):
    """Channels of the three blocks, and width of the first linear layer, of a state dict; else the published ones."""
    try:
        *channels, hidden = (len(state[f"{layer}.bias"]) for layer in SIZED_LAYERS)
    except (LookupError, TypeError):
        return CHANNELS, HIDDEN
    return (tuple(channels), hidden) if all((*channels, hidden)) else (CHANNELS, HIDDEN)


def _check_archive(path):
    """Compare the checksums within a checkpoint, which PyTorch passes over; the older, unzipped form has none."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"the checksum of {damaged} does not fit")


def _check_checkpoint(path, state, shapes):
    if not isinstance(state, dict):
        raise ValueError(f"{path}: found a {type(state).__name__}, expected a state dict of Beluga's weights")
    missing, extra = sorted(shapes.keys() - state.keys()), sorted(map(str, state.keys() - shapes.keys()))
    if missing or extra:
        examples = ", ".join(missing[:1] + extra[:1])
        raise ValueError(
            f"{path}: not Beluga's weights: {len(missing)} of its {len(shapes)} tensors are missing and {len(extra)} "
            f"are not its own ({examples})"
        )
    for name, shape in shapes.items():
        values = state[name]
        if not isinstance(values, torch.Tensor):
            raise ValueError(f"{path}: {name} is a {type(values).__name__}, Beluga's has shape {tuple(shape)}")
        if values.is_nested or values.layout != torch.strided or values.device.type != "cpu":
            kind = "nested" if values.is_nested else values.layout if values.layout != torch.strided else values.device
            raise ValueError(f"{path}: {name} is a tensor of another kind ({kind}), Beluga's are plain arrays")
        if values.shape != shape:
            raise ValueError(
                f"{path}: {name} has shape {tuple(values.shape)}, in a network of its other sizes it is {tuple(shape)}"
            )
        if values.dtype not in FLOATS:
            raise ValueError(f"{path}: {name} contains {values.dtype}, Beluga's weights are {FLOATS[0]}")
        extremes = torch.stack(torch.aminmax(values.float()))  # NaN if there is one; a sixtieth of the time of isfinite
        if not bool(torch.isfinite(extremes).all()):
            raise ValueError(f"{path}: {name} contains values that are not finite numbers")
