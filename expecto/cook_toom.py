"""Convolutions with fewer multiplications, in float32 on the CPU.

The kernel is cut into parts of four taps, each a Cook-Toom convolution F(4, 4) (Winograd 1980; Lavin and Gray, arXiv
1509.09308): four outputs take seven products of channels in place of sixteen. The inputs of a part's tile are those of
the next tile of the part before, so each is transformed once. A kernel of eight taps takes 14 products for 32.

Outputs of one tile are rounded together, so their bits depend on where tiles begin: on positions that are multiples of
`TILE`. Products have a fixed number of rows, so that nothing depends on how many tiles there are.
"""

from functools import partial

import numpy as np
import torch

from expecto.rounding import filled, side_by_side

TILE = 4
"""Outputs of a tile, and taps of a part of the kernel."""

POINTS = (1.0, 2.0, 0.5)
"""Of the interpolation: these, with either sign, and infinity."""

PRODUCTS = 2 * len(POINTS) + 1
"""Of a tile and a part of the kernel, and inputs that they are made of."""

TILES_AT_ONCE, FULL_WIDTH = 128, 128
"""So many tiles stay in the cache with what is computed of them, and more of them where channels, before and after, are
fewer than so."""

WEIGHTS_AT_ONCE = 1 << 22
"""So many numbers of a kernel are in float64 at a time."""


def transforms():
    """Of inputs (7, 7), of taps (7, 4) and of products (4, 7), float64: a row for each number that comes out.

    With d seven inputs, g four taps: the outputs are products @ ((inputs @ d) * (taps @ g)).
    """
    inputs, taps, products = np.zeros((PRODUCTS, PRODUCTS)), np.zeros((PRODUCTS, TILE)), np.zeros((TILE, PRODUCTS))
    squares, powers = np.square(POINTS), np.arange(TILE)
    for number, (point, square) in enumerate(zip(POINTS, squares, strict=True)):
        others = np.poly(squares[squares != square])  # a polynomial that is 0 at the other points
        scale = 2 * point * np.prod(square - squares[squares != square])
        for row, sign in ((2 * number, 1), (2 * number + 1, -1)):
            inputs[row, 4::-2], inputs[row, 5::-2] = point * others, sign * others
            taps[row] = products[:, row] = (sign * point) ** powers
            taps[row] /= scale
    inputs[-1, 6::-2] = np.poly(squares)
    taps[-1, -1] = products[-1, -1] = 1
    return inputs, taps, products


INPUTS, TAPS, OUTPUTS = map(torch.from_numpy, transforms())


class CookToom:
    """A convolution along a sequence, without ReLU.

    weight: (channels after, channels before, taps), bias: (channels after,), float32; taps a multiple of 4. at_once:
    tiles in one product, on which all threads work; without it each thread takes as many as stay in its cache.
    """

    def __init__(self, weight, bias, at_once=None):
        self.bias, self.side_by_side = bias, at_once is None
        after, before, taps = weight.shape
        self.parts, self.at_once = taps // TILE, at_once or TILES_AT_ONCE * max(FULL_WIDTH // max(after, before), 1)
        # (parts, products, channels before, channels after)
        self.weight = weight.new_empty(self.parts, PRODUCTS, before, after)
        step = max(WEIGHTS_AT_ONCE // (after * taps), 1)
        for first in range(0, before, step):
            some = weight[:, first : first + step].permute(2, 1, 0).contiguous().double()  # (taps, before, after)
            for part, four in enumerate(some.split(TILE)):
                self.weight[part, :, first : first + step] = torch.matmul(TAPS, four.flatten(1)).view(
                    -1, *some.shape[1:]
                )
        self._inputs, self._outputs = INPUTS.float(), OUTPUTS.float()  # powers of two and their sums: exact

    def __call__(self, x):
        """The outputs of all tiles whose inputs are there, (tiles, 4, channels after). x: (length, channels before)."""
        reads = TILE * (self.parts + 1) - 1
        y = x.new_empty((max((len(x) - reads) // TILE + 1, 0), TILE, len(self.bias)))
        work, firsts = partial(self._some, x, y), range(0, len(y), self.at_once)
        if self.side_by_side:
            side_by_side(work, firsts)
        else:
            for first in firsts:
                work(first)
        return y

    def _some(self, x, y, first):
        """Compute `at_once` tiles from a first one on, fewer at the end, into y."""
        last, channels = min(first + self.at_once, len(y)), x.shape[1]
        inputs = filled(x[TILE * first : TILE * (last + self.parts)], TILE * (self.at_once + self.parts)).contiguous()
        tiles = inputs.as_strided((self.at_once + self.parts - 1, PRODUCTS, channels), (TILE * channels, channels, 1))
        transformed = torch.matmul(self._inputs, tiles)  # (tiles, 7, channels)
        products = x.new_empty((PRODUCTS, self.at_once, len(self.bias)))
        for part, weights in enumerate(self.weight):
            for number, weight in enumerate(weights):
                of_part = transformed[part : part + self.at_once, number]
                torch.addmm(products[number], of_part, weight, beta=min(part, 1), out=products[number])
        outputs = torch.matmul(self._outputs, products.flatten(1)).unflatten(1, products.shape[1:])
        torch.add(outputs.transpose(0, 1)[: last - first], self.bias, out=y[first:last])
