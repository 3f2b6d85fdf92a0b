"""Beluga over many windows of a sequence, each convolution computed once where windows overlap.

The convolutions have no padding, so a layer's output over a stretch contains each window's output as a slice. A max
pool joins cells by fours, so windows share its output only if they sit on one grid: it is taken once for each phase of
the windows on that grid, and from there on the phases go separate ways. Windows 200 or 1000 bp apart fall into one
phase of the first pool and two of the second. Overlapping windows are merged into runs, and the runs, laid end to end,
go through a block at once; what lies across the border between two runs is computed and never read. The linear layers
see every window by itself; the first one of a gene's windows is computed in tiles, too (`expecto.gene_windows`).

In float32 on the CPU convolutions are computed in tiles (`expecto.cook_toom`). What shares a tile is rounded together,
so tiles lie on a grid of the genome, and at the ends of a run they read bases beyond its windows. There each phase of
the windows goes its own way from the first block on: what begins at a window's first cell then begins in one place.

A base that is substituted changes few cells of a layer: 20 of the last one's 106. Windows with substitutions are
predicted from the cells of those without, and from the few that are new (`expecto.patches`).
"""

from functools import cached_property

import torch
from torch.nn import functional

from expecto.beluga import CHANNELS, KERNEL, POOLS, block_widths
from expecto.cook_toom import TILE, CookToom
from expecto.gene_features import SHIFTS, STEP
from expecto.gene_windows import GENES_AT_ONCE, GeneCells, GeneWindows
from expecto.patches import Patches, add_changed_cells
from expecto.rounding import linear

WIDTHS = block_widths()
GRIDS, EXTENTS = (TILE**3, TILE**2, TILE), (WIDTHS[0] + 70, WIDTHS[1] + 18, WIDTHS[2] + 4)
"""Of the blocks, where their convolutions are computed in tiles: positions that runs of windows begin and end at, so
that a tile lies where it does in the genome; cells that a window's tiles read, from its first one on. Two convolutions
in tiles read 18 cells behind an output, those of the first block 14 behind the last of a pool."""

MARGINS = (GRIDS[0], 2 * GRIDS[0])
"""Bases before and behind windows that are read with them."""

BYTES_PER_WINDOW = 3 * WIDTHS[0] * CHANNELS[0] * 4 + (1 << 20)
"""Of a GPU's memory, for an isolated window in float32: three arrays of the first block's size, and what is smaller."""

ALIGNMENT = 8
"""Widths of linear layers that the fast matrix products of a GPU take are multiples of this. Beluga's 2003 made the
first of them take 44 % of all time in bfloat16, 30 % in TF32 (H100)."""


class Scanner:
    """A Beluga network made ready for long sequences on one device in one precision: an `expecto.registry.Scan`.

    model: Beluga, float32; it is not changed. device: of torch. dtype: torch.float32, bfloat16 or float16, of weights
    and activations; the sigmoid is always computed in float64.
    """

    bytes_per_window = BYTES_PER_WINDOW

    def __init__(self, model, device="cpu", dtype=torch.float32):
        self.network = model.network
        self.device = torch.device(device)
        self.on_gpu = self.device.type == "cuda"
        self.dtype = dtype
        self.substitutes = dtype == torch.float32  # at less, what is rounded would count as a change
        place = {"device": self.device, "dtype": dtype}
        first, *others = model.convolutions
        # the first convolution as a table of 8 bases x channels: a matrix product beats a convolution of 4 channels
        self.first_weight = first.weight.detach()[:, :, 0].permute(2, 1, 0).reshape(-1, first.out_channels).to(**place)
        self.first_bias = first.bias.detach().to(**place)
        self.one_hot = torch.eye(len(self.network.bases) + 1, len(self.network.bases), **place)
        self.in_tiles = dtype == torch.float32 and self.device.type == "cpu"
        self.convolutions = [
            (c.weight.detach().to(**place).to(memory_format=torch.channels_last), c.bias.detach().to(**place))
            for c in others
        ]
        # inputs of the first linear layer in the order in which a slice of cells lies in memory: cell, then channel
        hidden = model.hidden.weight.detach().unflatten(1, (-1, WIDTHS[-1])).transpose(1, 2).flatten(1)
        hidden = (hidden.to(**place), model.hidden.bias.detach().to(**place))
        output = (model.output.weight.detach().to(**place), model.output.bias.detach().to(**place))
        self.hidden, self.output = aligned(hidden, output) if self.on_gpu else (hidden, output)

    @property
    def genes_at_once(self):
        return GENES_AT_ONCE if self.in_tiles else 0

    @torch.inference_mode()
    def predict(self, codes, starts):
        """Probabilities for the windows of a sequence.

        codes, starts: as of `expecto.registry.Scan`.
        Returns: (n, 2002) float32 on the scanner's device. A window has the same bits whatever is predicted with it,
        on the CPU, if it starts at the same place but for multiples of 64, between the same `MARGINS`; so has a gene's
        window, which may have others than the same window of no gene.
        """
        by_gene, starts = starts, starts.flatten()
        if len(starts) and not 0 <= int(starts.min()) <= int(starts.max()) <= len(codes) - self.network.window:
            raise ValueError(f"windows must lie within the sequence of {len(codes)} bases")
        if by_gene.dim() == 1 or not self.in_tiles:
            return self._probabilities(self._linear(self.hidden, self._cells(codes, starts)))
        if by_gene.shape[1] != len(SHIFTS) or bool((by_gene.sort(1).values.diff(dim=1) != STEP).any()):
            raise ValueError(f"windows of a gene must be {len(SHIFTS)}, {STEP} bp apart")
        cells = GeneCells(len(by_gene), len(self.convolutions[-1][1]))
        self._collect(codes, starts, cells.take)
        hidden = torch.empty(len(starts), len(self.hidden[1]))
        hidden[cells.windows.flatten()] = self._gene_windows(cells)
        return self._probabilities(hidden)

    @torch.inference_mode()
    def predict_substituted(self, codes, starts, windows, places, bases):
        """Probabilities for windows as they are, and for some of them with bases substituted.

        codes, starts: as of `predict`. windows: (p,) int64, numbers of the windows to substitute in, one a row.
        places: (p,) int64, where the first base that changes lies in `codes`; bases may reach past either end of a
        window. bases: (p, k) uint8, the new codes. All on the CPU.
        Returns: without (n, 2002) and with (p, 2002) substitutions, float32 on the scanner's device: with, as from the
        changed sequence, but for rounding. The same bits whatever else is computed with them.
        """
        order = torch.argsort(starts, stable=True)
        rank = torch.argsort(order)
        found = []
        patches = Patches.of(rank[windows], places, bases, self.one_hot)
        hidden = self._linear(self.hidden, self._cells(codes, starts, patches, found))
        changed = hidden[windows.to(self.device)]
        add_changed_cells(changed, found, self.hidden[0].unflatten(1, (WIDTHS[-1], -1)), self.on_gpu)
        return self._probabilities(hidden), self._probabilities(changed)

    def _cells(self, codes, starts, patches=None, found=None):
        """The last block's cells of windows, (n, 106 * 640).

        patches: of the windows in ascending order, None without any. found: list to which those of the last block are
        added.
        """
        cells = torch.empty((len(starts), self.hidden[0].shape[1]), device=self.device, dtype=self.dtype)

        def take(x, starts, windows):
            slices = x.flatten().unfold(0, cells.shape[1], x.shape[1])  # (positions, 106 * 640), views
            cells[windows.to(self.device)] = slices[starts.to(self.device)]

        self._collect(codes, starts, take, patches, found)
        return cells

    def _collect(self, codes, starts, take, patches=None, found=None):
        """Call `take` with the last block's cells, (length, channels), first cells of windows among them, ascending,
        and the numbers of these windows, one or several times. patches, found: as of `_cells`."""
        order = torch.argsort(starts, stable=True)
        codes = functional.pad(codes.to(self.device), MARGINS, value=self.network.unknown)
        starts = starts[order] + MARGINS[0]
        phases = starts % (TILE if self.in_tiles else 1)
        for phase in phases.unique().tolist():
            mine = phases == phase
            run, run_starts = self._lay_out(0, codes[phase:], starts[mine] - phase)
            of_phase = patches and patches.of_windows(mine)
            of_phase = of_phase and of_phase.moved(run_starts - starts[mine] + MARGINS[0])
            self._scan(0, self.one_hot[run.long()], run_starts, order[mine], take, of_phase, found)

    def _linear(self, layer, rows):
        """A linear layer, without its ReLU."""
        return functional.linear(rows, *layer) if self.on_gpu else linear(rows, *layer)

    def _probabilities(self, hidden):
        """Probabilities, (n, 2002) float32. hidden: the first linear layer without its ReLU, (n, 2003)."""
        logits = self._linear(self.output, functional.relu(hidden))
        # in float64, because the last bit of a float32 sigmoid depends on where in memory a number lies
        return torch.sigmoid(logits[:, : self.network.features].double()).float()

    def _scan(self, block, x, starts, windows, take, patches=None, found=None):
        """Take the windows at `starts` (ascending) of x through this block and the next.

        x: (length, channels). windows: (n,) int64, their numbers. take, patches, found: as of `_collect`.
        """
        before, middle, x = x, *self._convolve(block, x)
        if patches:
            first, second = self._patch_layers[2 * block : 2 * block + 2]
            patches = patches.convolved(before, *first, self.on_gpu).rectified()
            patches = patches.convolved(middle, *second, self.on_gpu)
        del before, middle
        if block == len(POOLS) - 1:
            take(x.relu_(), starts, windows)
            if patches:
                found.append(patches.rectified().less(x, starts))
            return
        pool = POOLS[block]
        phases = starts % pool
        for phase in phases.unique().tolist():
            mine = phases == phase
            pooled = x[phase:][: (len(x) - phase) // pool * pool].unflatten(0, (-1, pool)).amax(1)
            pooled.relu_()  # after the maximum, with which it commutes: a quarter of the work
            run, run_starts = self._lay_out(block + 1, pooled, starts[mine] // pool)
            of_phase = patches and patches.of_windows(mine)
            if of_phase:
                of_phase = of_phase.pooled(x, pool, phase).rectified().moved(run_starts - starts[mine] // pool)
            self._scan(block + 1, run, run_starts, windows[mine], take, of_phase, found)

    @cached_property
    def _patch_layers(self):
        """Each convolution as a matrix (8 * channels before, channels after) and its bias."""
        as_matrices = [(weight[:, :, 0].permute(2, 1, 0).flatten(0, 1), bias) for weight, bias in self.convolutions]
        return [(self.first_weight, self.first_bias), *as_matrices]

    def _lay_out(self, block, x, starts):
        """Cut the runs of overlapping windows out of x and lay them end to end, with zeros after them on a GPU.

        x: (length, ...), what the block reads. starts: (n,) int64, ascending.
        Returns: the runs, (total, ...); the windows' starts in them, (n,).
        """
        grid, extent = (GRIDS[block], EXTENTS[block]) if self.in_tiles else (1, WIDTHS[block])
        edges, moved = merge_windows(starts, WIDTHS[block], extent=extent, grid=grid)
        runs = [x[first:end] for first, end in edges]
        total = sum(map(len, runs))
        if self.on_gpu and round_up(total) > total:
            runs.append(x.new_zeros((round_up(total) - total, *x.shape[1:])))
        return (runs[0] if len(runs) == 1 else torch.cat(runs)), moved

    def _convolve(self, block, x):
        """The two convolutions of a block: (length - 7, channels), and (length - 14, channels) without its ReLU.

        In tiles as many of these as there are whole tiles.
        """
        if block == 0:
            eights = x.flatten().unfold(0, KERNEL * x.shape[1], x.shape[1])  # (length - 7, 32)
            x = torch.addmm(self.first_bias, eights, self.first_weight)
        else:
            x = self._convolution(2 * block - 1, x)
        return x.relu_(), self._convolution(2 * block, x)

    def _convolution(self, number, x):
        """A convolution along a sequence, without its ReLU. number: in `convolutions`. x: (length, channels), dense."""
        if self.in_tiles:
            return self._tiled[number](x).flatten(0, 1)
        y = functional.conv2d(x.T[None, :, None, :], *self.convolutions[number])  # a channels-last view: no copy
        return y[0, :, 0, :].T

    @cached_property
    def _gene_windows(self):
        return GeneWindows(*self.hidden)

    @cached_property
    def _tiled(self):
        """The convolutions as CookToom."""
        return [CookToom(weight[:, :, 0], bias) for weight, bias in self.convolutions]


def second_convolution(dtype):
    """A function that takes the second convolution over 200 positions in a type of numbers, to see how long it does."""
    cells = torch.ones(1, CHANNELS[0], 1, 200).to(dtype, memory_format=torch.channels_last)
    weight = torch.ones(CHANNELS[0], CHANNELS[0], 1, KERNEL).to(dtype, memory_format=torch.channels_last)
    return lambda: functional.conv2d(cells, weight)


def round_up(length):
    """The next of 16 lengths between powers of two: cuDNN takes tens of milliseconds for every new one."""
    step = max(1 << length.bit_length() >> 5, 1)
    return -(-length // step) * step


def aligned(hidden, output):
    """Both linear layers with zeros added until their widths are multiples of `ALIGNMENT`; what is added stays 0.

    hidden, output: weight (width after, width before) and bias of a layer. Returns: the two, filled up.
    """
    rows, columns = (-len(layer[1]) % ALIGNMENT for layer in (output, hidden))
    filled = functional.pad(hidden[0], (0, 0, 0, columns)), functional.pad(hidden[1], (0, columns))
    return filled, (functional.pad(output[0], (0, columns, 0, rows)), functional.pad(output[1], (0, rows)))


def merge_windows(starts, width, *, margins=(0, 0), extent=None, grid=1):
    """Merge overlapping windows into runs.

    starts: (n,) int64 tensor, ascending, n > 0. width: of every window. margins: positions that a run has before and
    behind its windows. extent: positions that a run has from its last window's start on, in the place of the width.
    grid: positions of which runs begin and end at multiples; what is added serves as margin.
    Returns: first position of each run and the one after it, list of pairs; the windows' starts, (n,) int64, when the
    runs are laid end to end.
    """
    new_run = torch.ones_like(starts, dtype=torch.bool)
    new_run[1:] = starts[1:] - starts[:-1] >= width
    first = (starts[new_run] - margins[0]) // grid * grid
    # a window ends its run when the next one, cyclically, begins a run
    end = starts[torch.roll(new_run, -1)] + (extent or width) + margins[1]
    end = -(-end // grid) * grid
    lengths = end - first
    moved = starts + (torch.cumsum(lengths, 0) - lengths - first)[torch.cumsum(new_run, 0) - 1]
    return list(zip(first.tolist(), end.tolist(), strict=True)), moved
