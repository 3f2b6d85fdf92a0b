"""Between cells: whether a map predicts what is different about its cell.

For cells with a map and a tissue each, expression of a gene is that in the cell less the mean of the other cells, and
so are the sums over contacted bins, the numbers of contacts, and the sums over distance-matched bins. All maps are
downsampled to one depth first. The arms of these differences are those of any map (`spex.compare.arms`), and every map
is compared with every cell's expression: a cell's own map is read against those of other cells
(`spex.compare.between_tables`).
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property

from spex.compare.arms import DRAWS, MapArms
from spex.compare.between_tables import cell_differences, less_others, make_cell_tables
from spex.compare.inputs import prepare
from spex.compare.protocol import SHALLOWEST
from spex.compare.run import fit_maps
from spex.errors import InputError, count

logger = logging.getLogger("spex")


def compare_cells(inputs, protocol, out=None):
    """Compare the maps of cells with what is different about these.

    inputs: CompareInputs, with the one tissue of each map as its cell type. protocol: Protocol; maps are downsampled to
    the shallowest where it has no other number. out: folder under which finished parts are kept; nothing is without it.

    Returns: CellComparison.

    Raises:
        InputError: as `prepare`; fewer than two maps, or one without a tissue of its own.
    """
    if len(inputs.maps) < 2:
        raise InputError(count(len(inputs.maps), "map"), argument="map_folders", expected="maps of two cells or more")
    ready = prepare(inputs, replace(protocol, thin_to=protocol.thin_to or SHALLOWEST), out)
    columns = own_tissues(ready)
    levels = ready.observed[:, columns]
    targets = [ready.inputs.targets[column] for column in columns]
    logger.info("sums over bins of %d cells: %.1f GB of memory besides", len(columns), _block_bytes(ready) / 1e9)
    differences = _Differences(ready)
    of_cells = replace(
        ready,
        inputs=replace(ready.inputs, targets=targets),
        observed=cell_differences(levels),
        makers=[_CellMaker(differences, cell) for cell in range(len(columns))],
    )
    statistics, settings = fit_maps(of_cells)
    ready.watch.check()
    chosen = {name: getattr(protocol, name) for name in ("correction", "least_gain", "seed")}
    return make_cell_tables(statistics, targets, levels, settings=settings, **chosen)


def _block_bytes(ready):
    """Bytes of all cells' sums over bins: the map's, three draws, and one more that `MapMaker` makes with them."""
    width = sum(maker.map_folder.settings.layout.neighbours for maker in ready.makers)
    return 4 * (2 + len(DRAWS)) * len(ready.genes.table) * width


def own_tissues(ready):
    """Column of the expression that is each map's own, one each. ready: Prepared.

    Raises:
        InputError: a map without one tissue, or a tissue of two maps.
    """
    place = {index: column for column, (index, _) in enumerate(ready.inputs.targets)}
    found = {}
    for maker in ready.makers:
        about = {"argument": "cell_type", "subject": maker.name, "expected": "one tissue for each map, and its own"}
        cell, own = ready.marks.of_map.get(maker.name, ("", set()))
        if len(own) != 1:
            raise InputError(f"{cell} is {len(own)} tissues" if own else "no tissue is given", **about)
        column = place[next(iter(own))]
        if column in found:
            raise InputError(f"{cell} is the tissue of {found[column]} already", **about)
        found[column] = maker.name
    return list(found)


class _Differences:
    """Arms of all maps of some cells, from which come the arms of their differences."""

    def __init__(self, ready):
        self.makers, self.genes, self.local = ready.makers, ready.genes, ready.local

    @cached_property
    def arms(self):
        """MapArms of every map as it is, and what the settings record of it."""
        return [maker.arms(self.genes, self.local) for maker in self.makers]

    @cached_property
    def draws(self):
        """By draw, the blocks of every map."""
        return [[arms.draws(draw) for arms, _ in self.arms] for draw in range(len(DRAWS))]


@dataclass(frozen=True, eq=False)
class _CellMaker:
    """Makes the arms of one cell's differences, in the place of a MapMaker."""

    whole: _Differences
    place: int

    @property
    def name(self):
        return self.whole.makers[self.place].name

    def identity(self):
        """What the statistics follow from: all maps, and which of them is the cell's."""
        return {"between": [maker.identity() for maker in self.whole.makers], "place": self.place}

    def arms(self, genes, local):
        """As of MapMaker; genes and local are those of its maps."""
        several = self.whole.arms
        arms = MapArms(
            name=self.name,
            numbers=less_others([each.numbers for each, _ in several], self.place),
            neighbours=less_others([each.neighbours for each, _ in several], self.place),
            draws=lambda draw: less_others(self.whole.draws[draw], self.place),
        )
        return arms, several[self.place][1]
