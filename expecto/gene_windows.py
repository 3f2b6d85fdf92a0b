"""The first linear layer over the windows of genes: a convolution, with fewer multiplications (float32 on the CPU).

Windows of a gene are 200 bp apart, 12.5 of the last block's cells: every second one goes on 25 cells further. A
window's 106 cells are four blocks of 25 and six more, so that over the blocks the layer is a convolution of width
four: seven products of blocks do for four windows, in place of sixteen (`expecto.cook_toom`). The six are as ever.
"""

import math

import torch

from expecto.beluga import POOLS, block_widths
from expecto.cook_toom import TILE, CookToom
from expecto.gene_features import SHIFTS, STEP
from expecto.rounding import linear

CELLS, CELL = block_widths()[-1], math.prod(POOLS)
"""Of the last block: in a window, and how many bp one is after the other."""

PHASES = math.lcm(STEP, CELL) // STEP
STRIDE = PHASES * STEP // CELL
WINDOWS = len(SHIFTS) // PHASES
REST = CELLS - TILE * STRIDE
"""Phases of a gene's windows on the grid of cells; cells from one window of a phase to the next, windows of a phase,
and cells of a window behind its four blocks."""

BLOCKS = -(-(WINDOWS + TILE) // TILE) * TILE
"""Of a phase, filled up to whole tiles."""

GENES_AT_ONCE = 2
"""Genes in one product: a single one would wait for the weights, which are read once for each product."""


class GeneWindows:
    """The first linear layer, without its ReLU.

    weight: (hidden, 106 * channels), by cell, then channel. bias: (hidden,).
    """

    def __init__(self, weight, bias):
        blocks, self.rest = weight.tensor_split([TILE * STRIDE * weight.shape[1] // CELLS], dim=1)
        blocks = blocks.unflatten(1, (TILE, -1)).transpose(1, 2)  # (hidden, 25 * channels, 4)
        self._over_blocks = CookToom(blocks, bias, at_once=GENES_AT_ONCE * PHASES * BLOCKS // TILE)

    def __call__(self, cells):
        """Its outputs, (genes * 200, hidden), in the order of `cells.windows`. cells: GeneCells."""
        found = self._over_blocks(cells.blocks).unflatten(0, (-1, BLOCKS // TILE)).flatten(1, 2)[:, :WINDOWS]
        rest = cells.blocks[:-TILE].unflatten(0, (-1, BLOCKS))[:, TILE : TILE + WINDOWS, : self.rest.shape[1]]
        return found.flatten(0, 1) + linear(rest.flatten(0, 1), self.rest)


class GeneCells:
    """The last block's cells of genes' windows.

    blocks: (genes * 2 * 104 + 4, 25 * channels), of each gene and phase one after the other, zeros where no window is.
    windows: (genes * 200,) int64, which number the windows have whose cells they are.
    """

    def __init__(self, genes, channels):
        self.blocks = torch.zeros(genes * PHASES * BLOCKS + TILE, STRIDE * channels)
        self.windows = torch.empty(genes * PHASES, WINDOWS, dtype=torch.int64)
        self._taken = 0

    def take(self, x, starts, windows):
        """Take the cells of windows that lie in one phase.

        x: (length, channels). starts: (n,) int64, ascending, first cell of each window; windows: (n,) their numbers,
        200 to a gene.
        """
        by_gene = torch.argsort(windows // len(SHIFTS), stable=True).view(-1, WINDOWS)
        count = STRIDE * (WINDOWS - 1) + CELLS
        for mine in by_gene:
            first = BLOCKS * self._taken
            self.blocks[first : first + BLOCKS].view(-1, x.shape[1])[:count] = x[starts[mine[0]] :][:count]
            self.windows[self._taken] = windows[mine]
            self._taken += 1
