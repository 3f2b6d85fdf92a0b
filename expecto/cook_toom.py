"""Convolutions of width 8 with fewer multiplications, in float32 on the CPU.

The kernel is split into two halves of four taps, each a Cook-Toom convolution F(4, 4) (Winograd 1980; Lavin and Gray,
arXiv 1509.09308): four outputs take seven products of channels in place of sixteen. The inputs of the second half's
tile are those of the first half's next one, so each is transformed once. In all 14 products for 32.

Outputs of one tile are rounded together, so their bits depend on where tiles begin: on positions that are multiples of
`TILE`. Products have a fixed number of rows, so that nothing depends on how many tiles there are.
"""

import contextlib
import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import numpy as np
import torch
from torch.nn import functional

TILE = 4
"""Outputs of a tile, and taps of half a kernel."""

POINTS = (1.0, 2.0, 0.5)
"""Of the interpolation: these, with either sign, and infinity."""

AT_INFINITY = np.poly([point * point for point in POINTS])
"""What the inputs' transform for infinity takes d6, d4, d2 and d0 with: a polynomial that is 0 at the other points."""

PRODUCTS = 2 * len(POINTS) + 1
TILES_AT_ONCE, FULL_WIDTH = 128, 128
"""So many tiles stay in the cache with what is computed of them, and more of them where channels, before and after, are
fewer than so."""

BEHIND = 2 * TILE + 3
"""Inputs that a tile reads: from its first output's position on."""


class CookToom:
    """A convolution of width 8 along a sequence, without ReLU.

    weight: (channels after, channels before, 8), bias: (channels after,), float32.
    """

    def __init__(self, weight, bias):
        self.bias = bias
        taps = torch.arange(TILE, dtype=torch.float64)
        rows = [sign**taps * point**taps / _scale(point) for point in POINTS for sign in (1.0, -1.0)]
        rows.append((taps == TILE - 1).double())
        halves = weight.double().unflatten(2, (2, TILE))
        # (halves, products, channels before, channels after)
        self.weight = torch.einsum("pt,oiht->hpio", torch.stack(rows), halves).float().contiguous()
        self.at_once = TILES_AT_ONCE * max(FULL_WIDTH // max(weight.shape[:2]), 1)

    def __call__(self, x):
        """The outputs of all tiles whose inputs are there, (tiles, 4, channels after). x: (length, channels before)."""
        tiles = max((len(x) - BEHIND) // TILE + 1, 0)
        after = self.weight.shape[-1]
        y = x.new_empty((tiles, TILE, after))
        side_by_side(partial(self._some, x, y), range(0, tiles, self.at_once))
        return y

    def _some(self, x, y, first):
        """Compute `at_once` tiles from a first one on, fewer at the end, into y."""
        last = min(first + self.at_once, len(y))
        inputs = filled(x[TILE * first : TILE * (last + 2)], TILE * (self.at_once + 2)).view(-1, TILE, x.shape[1])
        transformed = self._transformed(*(inputs[:-1, i] for i in range(TILE)), *(inputs[1:, i] for i in range(3)))
        products = torch.bmm(transformed[:, :-1], self.weight[0])
        products.baddbmm_(transformed[:, 1:], self.weight[1])
        self._outputs(products[:, : last - first], y[first:last])

    @staticmethod
    def _transformed(d0, d1, d2, d3, d4, d5, d6):
        """The inputs' transform, (7, tiles + 1, channels). d0 ... d6: (tiles + 1, channels), inputs of each tile."""
        v = d0.new_empty((PRODUCTS, *d0.shape))
        for number, point in enumerate(POINTS):
            one, other = (each * each for each in POINTS if each != point)
            even = torch.add(d4, d2, alpha=-(one + other)).add_(d0, alpha=one * other)
            odd = torch.add(d5, d3, alpha=-(one + other)).add_(d1, alpha=one * other)
            torch.add(odd, even, alpha=point, out=v[2 * number])
            torch.sub(even.mul_(point), odd, out=v[2 * number + 1])
        _, c4, c2, c0 = AT_INFINITY
        torch.add(d6, d4, alpha=c4, out=v[-1]).add_(d2, alpha=c2).add_(d0, alpha=c0)
        return v

    def _outputs(self, products, y):
        """The products' transform, into y (tiles, 4, channels). products: (7, tiles, channels)."""
        pairs = products[:-1].unflatten(0, (-1, 2))
        sums, differences = pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]
        for power, parts in enumerate((sums, differences, sums, differences)):
            target = torch.add(self.bias, parts[0], alpha=POINTS[0] ** power, out=y[:, power])
            for point, part in zip(POINTS[1:], parts[1:], strict=True):
                target.add_(part, alpha=point**power)
        y[:, -1] += products[-1]


def _scale(point):
    """What a row of the inputs' transform is too large by: of the product over all other points."""
    return 2 * point * math.prod(point * point - other * other for other in POINTS if other != point)


def filled(rows, count):
    """Rows, and zeros after them up to a whole multiple of `count`. rows: (n, ...).

    BLAS chooses its way through a matrix product, and so its rounding, by the number of rows: in products of `count`
    rows each, the values of one do not depend on how many others there are.
    """
    return functional.pad(rows, (0, 0) * (rows.dim() - 1) + (0, -len(rows) % count))


def side_by_side(work, items):
    """Do work on each item, in as many threads as PyTorch computes with, each of which computes alone."""
    count = torch.get_num_threads()
    if min(count, len(items)) < 2:
        for item in items:
            work(item)
        return
    with one_thread_each():
        for _ in _threads(count, os.getpid()).map(torch.inference_mode()(work), items):
            pass


@lru_cache(1)
def _threads(count, process):
    """The threads of a process, kept from one convolution to the next."""
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))


@contextlib.contextmanager
def one_thread_each():
    """Compute in one thread; those of `side_by_side` do so anyway."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)
