"""A narrow network, random base codes, and a Scanner of the two, for tests of `expecto`."""

import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, narrow_state

from expecto.beluga import CHECKPOINT_LAYERS, Beluga
from expecto.scan import Scanner

LENGTH = 9000
CODES = torch.randint(0, 5, (LENGTH,), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))


def narrow_model():
    state = {
        f"{ours}.{kind}": narrow_state(3)[f"{theirs}.{kind}"]
        for theirs, ours in CHECKPOINT_LAYERS.items()
        for kind in ("weight", "bias")
    }
    model = Beluga(NARROW_CHANNELS, NARROW_HIDDEN)
    model.load_state_dict(state)
    return model


MODEL = narrow_model()
SCANNER = Scanner(MODEL)
