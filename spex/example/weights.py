"""A checkpoint of the published network's form and size with reproducible stand-in weights.

The published weights may not be passed on, so the example and the reference features of the tests use these. Each
weight is a hash of its position, made by integer arithmetic alone, so every machine gets the same ones. They are scaled
(He) so that the predictions spread over (0, 1) and differ from window to window. What they predict means nothing.
"""

import math

import numpy as np
import torch

from expecto.beluga import CHECKPOINT_LAYERS, Beluga
from spex.files.atomic import whole_file


def _weight_shapes():
    """Layer of the published checkpoint -> shape of its weights, in its order."""
    with torch.device("meta"):  # shapes alone
        network = Beluga()
    return {layer: tuple(network.get_parameter(f"{ours}.weight").shape) for layer, ours in CHECKPOINT_LAYERS.items()}


WEIGHT_SHAPES = _weight_shapes()
BIAS_BOUND = 0.1
BLOCK = 1 << 16
"""Weights made at a time: few enough for the processor's cache, in which they take a sixth of the time."""


def uniform(count, stream):
    """Numbers in [-1, 1) that depend on `stream` and their position alone: (count,) float32."""
    numbers = np.empty(count, dtype=np.float32)
    for start in range(0, count, BLOCK):
        position = np.arange(start, min(start + BLOCK, count), dtype=np.uint64) + np.uint64(stream << 40)
        top_bits = splitmix64(position) >> np.uint64(40)
        numbers[start : start + BLOCK] = top_bits.astype(np.float32) / np.float32(1 << 23) - np.float32(1)
    return numbers


def splitmix64(numbers):
    """The splitmix64 hash (Steele, Lea and Flood, 2014) of an array of uint64, which wraps around by design."""
    z = numbers * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def standin_state(seed=1):
    """A state dict with every tensor of the published checkpoint, in its order."""
    state = {}
    for layer, shape in WEIGHT_SHAPES.items():
        bounds = {"weight": (shape, math.sqrt(6 / math.prod(shape[1:]))), "bias": (shape[:1], BIAS_BOUND)}
        for kind, (size, bound) in bounds.items():
            numbers = uniform(math.prod(size), seed * 100 + len(state)) * np.float32(bound)
            state[f"{layer}.{kind}"] = torch.from_numpy(numbers.reshape(size))
    return state


def write_weights(path, seed=1):
    """Write the stand-in checkpoint; the file, 598 MB, appears whole."""
    with whole_file(path) as file:
        torch.save(standin_state(seed), file)
