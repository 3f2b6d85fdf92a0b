"""What substituted bases change in each layer: a few cells, laid over those of the reference.

A convolution of width 8 carries a change seven cells to the left, so that k bases change k + 14 cells of the first
block, and for one base 20 of the 106 of the last one. All else of a window is the reference's.
"""

from dataclasses import dataclass, replace

import torch

from expecto.beluga import KERNEL
from expecto.rounding import filled

AT_ONCE = 16
"""Patches whose cells go through one matrix product on the CPU, filled up with zeros."""

ROWS_AT_ONCE = 64
"""Rows of the first linear layer that one of their cells is added to in one product, likewise."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Changed cells of a layer, and the windows that they belong to.

    cells: (e, n, channels), values of n cells that follow each other in each of e patches. at: (e,) int64 on the CPU,
    position of the first of them in the layer's reference; it may lie before its beginning, and the last one past its
    end. rows: (p,) int64, what a row of the caller's is of; windows: (p,), position of its window among those that the
    reference was laid out for; patches: (p,), its patch.
    """

    cells: torch.Tensor
    at: torch.Tensor
    rows: torch.Tensor
    windows: torch.Tensor
    patches: torch.Tensor

    @classmethod
    def of(cls, windows, places, codes, one_hot):
        """Patches of substituted bases, None without any; the same bases at the same place are one.

        windows, places: (p,) int64. codes: (p, k) uint8, of bases. one_hot: (5, 4), their channels.
        """
        if not len(windows):
            return None
        changes = torch.cat([places[:, None], codes.long()], dim=1)
        changes, patches = torch.unique(changes, dim=0, return_inverse=True)
        cells = one_hot[changes[:, 1:].to(one_hot.device)]
        return cls(cells, changes[:, 0], torch.arange(len(windows)), windows, patches)

    def of_windows(self, chosen):
        """Those of some windows, which are counted anew; None where there are none. chosen: (windows,) bool."""
        mine = chosen[self.windows]
        if not mine.any():
            return None
        number = torch.cumsum(chosen, 0) - 1
        return replace(
            self, rows=self.rows[mine], windows=number[self.windows[mine]], patches=self.patches[mine]
        )._without_unused()

    def moved(self, by):
        """When the reference's windows are moved. by: (windows,) int64. Patches that are the same then are one."""
        places = torch.stack([self.patches, by[self.windows]])
        (sources, moves), patches = torch.unique(places, dim=1, return_inverse=True)
        cells = self.cells[sources.to(self.cells.device)]
        return replace(self, cells=cells, at=self.at[sources] + moves, patches=patches)

    def convolved(self, reference, weight, bias, at_once):
        """Through a convolution, without ReLU.

        reference: (length, channels), of its input. weight: (8 * channels, channels after). at_once: in one product.
        """
        reach, count = KERNEL - 1, self.cells.shape[1]
        length = count + reach
        parts = []
        for at, cells in self._portions(at_once):
            around = _stretches(reference, at - reach, length + reach)
            around[: len(cells), reach:length] = cells
            eights = around.unfold(1, KERNEL, 1).transpose(2, 3)  # (e, length, 8, channels)
            parts.append(torch.addmm(bias, eights.reshape(-1, len(weight)), weight).unflatten(0, (-1, length)))
        return replace(self, cells=torch.cat(parts)[: len(self.at)], at=self.at - reach)

    def rectified(self):
        """Through a ReLU; the cells are changed in place."""
        self.cells.relu_()
        return self

    def pooled(self, reference, pool, phase):
        """Through a max pooling whose cells begin at `phase`. reference: (length, channels), of its input."""
        count = self.cells.shape[1]
        first = torch.div(self.at - phase, pool, rounding_mode="floor")
        after = (count + pool - 2) // pool + 1  # as many as they can reach into, wherever they begin
        around = _stretches(reference, first * pool + phase, after * pool)
        places = (self.at - first * pool - phase)[:, None] + torch.arange(count)
        around[torch.arange(len(around))[:, None], places.to(around.device)] = self.cells
        return replace(self, cells=around.unflatten(1, (after, pool)).amax(2), at=first)

    def less(self, reference, starts):
        """Differences from the reference, and how far from its window's start each row's patch begins.

        reference: (length, channels). starts: (windows,) int64 of the windows in it. Returns: cells (e, n, channels);
        rows (p,), their patches (p,), and the distances (p,), int64.
        """
        changes = self.cells - _stretches(reference, self.at, self.cells.shape[1])
        return changes, self.rows, self.patches, self.at[self.patches] - starts[self.windows]

    def _without_unused(self):
        used, patches = torch.unique(self.patches, return_inverse=True)
        return replace(self, cells=self.cells[used.to(self.cells.device)], at=self.at[used], patches=patches)

    def _portions(self, at_once):
        """Positions and cells of `AT_ONCE` patches after another, positions filled up; of all of them `at_once`."""
        if at_once:
            return [(self.at, self.cells)]
        return zip(filled(self.at, AT_ONCE).split(AT_ONCE), self.cells.split(AT_ONCE), strict=True)


def _stretches(reference, at, length):
    """Stretches of a layer, (e, length, channels); past its ends, where no window reads, its end cells.

    reference: (positions, channels). at: (e,) int64 on the CPU, first position of each.
    """
    places = (at[:, None] + torch.arange(length)).clamp_(0, len(reference) - 1)
    return reference[places.to(reference.device)]


def add_changed_cells(hidden, found, weight, at_once):
    """Add to rows of the first linear layer what changed cells of the last block do to them.

    hidden: (rows, 2003), changed in place. found: list of what `Patches.less` returns. weight: (2003, 106, 640).
    at_once: the rows that a cell changes in one product.
    """
    if not found:
        return
    first = torch.tensor([0, *(len(changes) for changes, *_ in found[:-1])]).cumsum(0).tolist()
    changes = torch.cat([changes for changes, *_ in found])
    rows = torch.cat([rows for _, rows, *_ in found])
    patches = torch.cat([patches + before for before, (*_, patches, _) in zip(first, found, strict=True)])
    begins = torch.cat([begins for *_, begins in found])
    for cell in range(weight.shape[1]):
        mine = ((begins <= cell) & (cell < begins + changes.shape[1])).nonzero()[:, 0]
        places = (patches[mine], cell - begins[mine])
        of_cell = changes[tuple(place.to(changes.device) for place in places)]  # (m, 640)
        mine = rows[mine].to(hidden.device)
        if at_once:
            hidden[mine] += of_cell @ weight[:, cell].T
            continue
        for some, values in zip(mine.split(ROWS_AT_ONCE), of_cell.split(ROWS_AT_ONCE), strict=True):
            hidden[some] += (filled(values, ROWS_AT_ONCE) @ weight[:, cell].T)[: len(some)]
