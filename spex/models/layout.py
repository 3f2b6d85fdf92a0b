"""How the numbers of a gene's tensor are laid out: features of its own sequence, then sums over contacted bins."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from expecto.gene_features import OWN_SUMS, POSITIONS, groups_in, positions
from expecto.network import PUBLISHED


@dataclass(frozen=True)
class Layout:
    """Columns of features, position by position.

    own_positions: what the gene's own features are taken at. own: features at each of them. bins: features of a
    contacted bin; summed downstream of the gene, then upstream, in each group of contacts. groups: of contacts, 0
    without them. shared: whether own features and those of bins are the same, of one network. own_names, bin_names: of
    the features; their numbers from 1 where there are none.
    """

    own_positions: tuple[str, ...]
    own: int
    bins: int = 0
    groups: int = 0
    shared: bool = False
    own_names: tuple[str, ...] = ()
    bin_names: tuple[str, ...] = ()

    @classmethod
    def of_network(cls, network, groups):
        """Of features that a network predicts. groups: of contacts, 0 without them."""
        return cls(POSITIONS[:OWN_SUMS], network.features, network.features, groups, shared=True)

    @property
    def own_width(self):
        """Numbers of a gene's own features."""
        return len(self.own_positions) * self.own

    @property
    def neighbours(self):
        """Numbers of the sums over contacted bins, the last ones; 0 without contacts."""
        return 2 * self.groups * self.bins

    @property
    def width(self):
        """Numbers of a tensor."""
        return self.own_width + self.neighbours

    @cached_property
    def blocks(self):
        """Names of positions and of features, for each part of the columns that is a grid of the two."""
        contacts = positions(self.groups)[OWN_SUMS:]
        if self.shared:
            return [(self.own_positions + contacts, self.own_names or _numbers(self.own))]
        own = (self.own_positions, self.own_names or _numbers(self.own))
        return [own, (contacts, self.bin_names or _numbers(self.bins))] if self.groups else [own]

    @property
    def columns(self):
        """pandas.MultiIndex (width) of position and feature: a name, or a number from 1."""
        pairs = [(position, name) for places, names in self.blocks for position in places for name in names]
        return pd.MultiIndex.from_tuples(pairs, names=["position", self.feature_column])

    @property
    def feature_column(self):
        """What the column of features is called in tables."""
        return "chromatin_feature" if self.shared else "feature"

    def grids(self, values):
        """Values of all columns as a table for each block. values: (width,). Returns: list of DataFrame (features,
        positions), indexed by the features' names."""
        tables, first = [], 0
        for places, names in self.blocks:
            grid = values[first : first + len(places) * len(names)].reshape(len(places), len(names))
            tables.append(pd.DataFrame(grid.T, columns=list(places), index=pd.Index(names, name=self.feature_column)))
            first += grid.size
        return tables


def _numbers(count):
    return tuple(range(1, count + 1))


def published_layout(width):
    """The Layout of tensors of the published program, by their width; None where it has none of that width."""
    groups = groups_in(width, PUBLISHED)
    return None if groups is None else Layout.of_network(PUBLISHED, groups)
