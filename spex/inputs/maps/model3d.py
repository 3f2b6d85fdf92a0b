"""3D models of chromosomes: beads in space, whose measured distance stands in the place of 1/sqrt(count)."""

from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from spex.contacts.maps import Pixels, joined
from spex.contacts.rules import Published
from spex.errors import parameter, shown
from spex.inputs.account import Account
from spex.inputs.maps.beads import read_structures
from spex.inputs.maps.matching import MapWithoutLengths
from spex.inputs.maps.reader import Reading, map_error

PAIRS_AT_ONCE = 2_000_000


class ModelMap(MapWithoutLengths):
    """Structures of one or several files, read as one ensemble; a bead is a bin of the resolution.

    Of two beads of a chromosome the count is 1/d^2, d being their mean distance over the structures that have both, so
    that the published 1/sqrt(count) is d; pairs at `rule.max_dist` or more are left out. With a contact radius the
    count is the number of structures in which they are nearer than it, pairs without any left out. A bead is no
    neighbour of itself. Coordinates take 24 bytes a bead and structure.

    rule: that will use the contacts.

    Raises:
        InputError: nothing says how far a contact reaches; on reading, also a file that is no model of these bins.
    """

    options = ("contact_radius",)

    def __init__(self, paths, resolution, reading=Reading(), rule=None):  # noqa: B008 (frozen)
        self.paths, self.resolution, self._radius = [Path(path) for path in paths], resolution, reading.contact_radius
        self.path, self.resolutions = self.paths[0], [resolution]
        self._reach = self._radius or _max_dist(self.path, rule)

    @property
    def ends(self):
        """Where the last bead's bin ends on each chromosome: dict of name -> bp."""
        return {name: places.shape[1] * self.resolution for name, places in self._read[0].items()}

    def pixels_of(self, chrom, tss_bins, advance):
        kept = []
        for pixels in self._neighbours(chrom, tss_bins):
            kept.append(pixels)
            advance(len(pixels[0]))
        return joined(kept)

    def parts(self, chrom, advance):
        for bin1, bin2, counts in self._neighbours(chrom, np.arange(self._of_chromosome(chrom).shape[1])):
            upper = bin1 < bin2
            yield Pixels(bin1[upper], bin2[upper], counts[upper])
            advance(int(upper.sum()))

    def accounts(self):
        """As of MapReader; of the beads of each file."""
        return self._read[1]

    def _neighbours(self, chrom, viewpoints):
        """Yield viewpoint, neighbour (int64) and count (float64) of the pairs of some viewpoints at a time."""
        places = self._of_chromosome(chrom)
        beads = places.shape[1]
        there = [np.flatnonzero(np.isfinite(structure[:, 0])) for structure in places]
        trees = [cKDTree(structure[bins]) for structure, bins in zip(places, there, strict=True)]
        viewpoints = viewpoints[viewpoints < beads]
        at_once = max(PAIRS_AT_ONCE // max(beads, 1), 1)
        for start in range(0, len(viewpoints), at_once):
            some = viewpoints[start : start + at_once]
            keys = []
            for structure, bins, tree in zip(places, there, trees, strict=True):
                mine = some[np.isfinite(structure[some, 0])]
                # a little farther, so that only the distances below decide
                near = cKDTree(structure[mine]).sparse_distance_matrix(
                    tree, self._reach * 1.000001, output_type="ndarray"
                )
                keys.append(mine[near["i"]] * beads + bins[near["j"]])
            one, other = np.divmod(np.unique(np.concatenate(keys)), beads)
            one, other = one[one != other], other[one != other]
            counts = self._counts(places, one, other)
            yield one[counts > 0], other[counts > 0], counts[counts > 0]

    def _counts(self, places, one, other):
        """Counts of pairs of beads, 0 where they are no contact. places: (structures, beads, 3)."""
        total, number, near = (np.zeros(len(one)) for _ in range(3))
        for structure in places:  # one at a time: pairs are many
            distances = np.sqrt(((structure[one] - structure[other]) ** 2).sum(axis=1))
            both = np.isfinite(distances)
            total[both] += distances[both]
            number += both
            near += distances < self._reach
        if self._radius is not None:
            return near
        means = total / number
        return np.where(means < self._reach, means**-2.0, 0)

    def _of_chromosome(self, chrom):
        """Coordinates of a chromosome's beads: float64 (structures, beads, 3), NaN where a structure has none."""
        return self._read[0].get(chrom, np.empty((0, 0, 3)))

    @cached_property
    def _read(self):
        """Name of a chromosome -> coordinates as of `_of_chromosome`; Account of each file."""
        structures, accounts = [], []
        for path in self.paths:
            accounts.append(Account(str(path), "beads"))
            for beads in read_structures(path, self.resolution):
                structures.append(self._checked(path, beads, accounts[-1]))
        sizes = {}
        for structure in structures:
            for name, (bins, _) in structure.items():
                sizes[name] = max(sizes.get(name, 0), int(bins.max()) + 1)
        coordinates = {name: np.full((len(structures), beads, 3), np.nan) for name, beads in sizes.items()}
        for number, structure in enumerate(structures):
            for name, (bins, places) in structure.items():
                coordinates[name][number, bins] = places
        return coordinates, accounts

    def _checked(self, path, beads, account):
        """Beads of one structure by chromosome: name -> bins and coordinates. beads: as of `read_structures`."""
        groups = {name: of_chrom for name, of_chrom in beads.groupby("chrom", sort=False)}
        self._check_spacing(path, beads["position"], groups)
        for name, of_chrom in groups.items():
            _check_places(path, name, of_chrom)
        reached = {name: (int(each["position"].max()) + 1, "by its last bead") for name, each in groups.items()}
        rows = {name: len(each) for name, each in groups.items()}
        used = {ours: groups[name] for ours, name in self.used(path, reached, rows, account, strict=True).items()}
        account.used += sum(map(len, used.values()))
        return {
            name: (each["position"].to_numpy() // self.resolution, each[["x", "y", "z"]].to_numpy(np.float64))
            for name, each in used.items()
        }

    def _check_spacing(self, path, positions, groups):
        """Refuse beads that are no bins of the resolution."""
        spacings = [np.diff(np.unique(of_chrom["position"])) for of_chrom in groups.values()]
        spacing = min((int(each.min()) for each in spacings if len(each)), default=self.resolution)
        odd = positions % self.resolution != 0
        if spacing == self.resolution and not odd.any():
            return
        even = (positions % spacing == 0).all()
        raise map_error(
            path,
            f"beads {spacing:,} bp apart" + (f", one of them at {positions[odd.idxmax()]:,}" if odd.any() else ""),
            expected=f"a bead for each bin, at multiples of {parameter('resolution')} {self.resolution}",
            hint=f"choose {parameter('resolution')} {spacing}" if even else "give the start of each bead's bin",
        )


def _check_places(path, name, beads):
    """Refuse two beads of one bin, two at one place in space, and coordinates that are none."""
    coordinates = beads[["x", "y", "z"]]
    bad = ~np.isfinite(coordinates).all(axis=1)
    if bad.any():
        row = bad.idxmax()
        numbers = ", ".join(f"{value:g}" for value in coordinates.loc[row])
        raise map_error(
            path,
            f"the bead of {shown(name)} at {beads['position'][row]:,} has the coordinates {numbers}",
            expected="three numbers",
        )
    twice = beads["position"].duplicated()
    if twice.any():
        raise map_error(
            path,
            f"{shown(name)} has two beads at {beads['position'][twice.idxmax()]:,}",
            expected="a chromosome once in each structure",
        )
    same = coordinates.duplicated(keep=False)
    if same.any():
        first = same.idxmax()
        alike = beads["position"][(coordinates == coordinates.loc[first]).all(axis=1)]
        raise map_error(
            path,
            f"the beads of {shown(name)} at {' and '.join(f'{each:,}' for each in alike[:2])} lie at one place",
            expected="a place of its own for each",
        )


def _max_dist(path, rule):
    """How far contacts reach by the rule, in the model's units.

    Raises:
        InputError: the rule does not say.
    """
    if not isinstance(rule, Published):
        raise map_error(
            path,
            "a 3D model has distances, no counts; nothing says which are contacts",
            hint=f"give {parameter('contact_radius')}"
            + (f", or choose {parameter('rule')} published and {parameter('max_dist')}" if rule is not None else ""),
        )
    if rule.max_dist == Published().max_dist:
        raise map_error(
            path,
            f"a 3D model has its own units, and the usual {parameter('max_dist')} of {rule.max_dist:g} is none of them",
            hint=f"give {parameter('max_dist')} in the model's units, or {parameter('contact_radius')}",
        )
    return rule.max_dist
