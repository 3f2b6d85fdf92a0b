"""Which tissues are a map's own: the cell type that it was made from, among the tissues that are compared."""

import fnmatch
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from spex.errors import InputError, listed, shown
from spex.inputs.text_tables import places_of, read_table


@dataclass(frozen=True)
class CellTypes:
    """Cell types of maps as they were given: map folder or map's name -> tissue's name or shell pattern."""

    given: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path):
        """From a tab-separated table with the columns map and cell_type."""
        about = {"argument": "cell_type", "expected": "a tab-separated table with map and cell_type"}
        columns = partial(places_of, wanted=("map", "cell_type"), about=about | {"subject": path}, separator="\t")
        content = read_table(Path(path), separator="\t", columns=columns, **about)
        return cls({row[0]: row[1] for row in content.rows if row[1]})

    def of(self, folders, targets):
        """The marks of maps. folders: by path as given, the MapFolder. targets: pairs of index and tissue's name.

        Raises:
            InputError: no such map, or no such tissue among those compared.
        """
        marks = {}
        names = {str(Path(path)): each.name for path, each in folders.items()} | {
            each.name: each.name for each in folders.values()
        }
        for where, cell in self.given.items():
            if str(Path(where)) not in names:
                raise InputError(
                    "no such map is compared",
                    argument="cell_type",
                    subject=shown(where),
                    expected=f"one of {listed(folders)}",
                )
            lowered = cell.lower()
            own = {index for index, name in targets if fnmatch.fnmatchcase(name.lower(), lowered) or name == cell}
            if not own:
                raise InputError(
                    f"no such tissue among the {len(targets)} that are compared",
                    argument="cell_type",
                    subject=shown(cell),
                    expected=f"one of {listed(name for _, name in targets)}",
                )
            marks[names[str(Path(where))]] = (cell, own)
        return Marks(marks)


@dataclass(frozen=True)
class Marks:
    """By map's name its cell type, and the indices of the tissues that are its own."""

    of_map: dict[str, tuple[str, set[int]]]

    def mark(self, comparison):
        """The comparison with columns cell_type and own_cell_type in its results, where cell types were given."""
        if not self.of_map:
            return comparison
        results = comparison.results.copy()
        pairs = list(zip(results["map"], results["target_index"], strict=True))
        results["cell_type"] = [self.of_map.get(name, ("", set()))[0] for name, _ in pairs]
        own = [index in self.of_map.get(name, ("", set()))[1] for name, index in pairs]
        results["own_cell_type"] = np.array(own, dtype=bool)
        settings = comparison.settings | {"cell_types": {name: cell for name, (cell, _) in self.of_map.items()}}
        return replace(comparison, results=results, settings=settings)
