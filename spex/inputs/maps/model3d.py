"""3D models of chromosomes, from text, PDB or mmCIF: the measured distance of two beads takes the place of
1/sqrt(count)."""

import logging
import math
import re
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from spex.contacts.maps import Pixels, joined
from spex.contacts.rules import Published
from spex.errors import InputError, not_installed, parameter, shown
from spex.inputs.account import Account
from spex.inputs.choices import Reading
from spex.inputs.maps.matching import MapWithoutLengths, Spellings
from spex.inputs.maps.reader import map_error
from spex.inputs.maps.text import are_numbers, numbers_of, read_layout, read_rows, read_sample, read_text
from spex.inputs.normalise import LARGEST_POSITION

PAIRS_AT_ONCE = 2_000_000

PDB, MMCIF = "a PDB file", "an mmCIF file"
MMCIF_BEGINS = re.compile(r"((#.*|\s*)\n)*data_", re.IGNORECASE)
PDB_LINE = re.compile(r"^(ATOM  |HETATM)[ \dA-Z]{5}|^(HEADER|TITLE |REMARK|CRYST1|NUMMDL|SEQRES|MODEL ) ", re.MULTILINE)
"""Lines of which a PDB file has at least one near its beginning."""

FIELDS = [(30, 38), (38, 46), (46, 54), (54, 60)]
"""Where a line of PDB has x, y, z and the occupancy, which may be missing."""

ATOM_SITE = "label_atom_id, label_alt_id, label_comp_id, label_asym_id, label_seq_id, Cartn_x, Cartn_y and Cartn_z"
LONGEST_NUMBER = 9
COLUMNS = ["chrom", "position", "x", "y", "z"]
HAPLOTYPE = re.compile(r"\((mat|pat)\)$|[-_.](mat|pat|maternal|paternal)$", re.IGNORECASE)

logger = logging.getLogger("spex")


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
    def chromsizes(self):
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
        """Name of a chromosome -> coordinates as of `_of_chromosome`; Account of the beads of each file."""
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
    coordinates, positions = beads[["x", "y", "z"]], beads["position"]
    bad, twice = ~np.isfinite(coordinates).all(axis=1), positions.duplicated()
    if bad.any():
        numbers = ", ".join(f"{value:g}" for value in coordinates.loc[bad.idxmax()])
        found = f"the bead of {shown(name)} at {positions[bad.idxmax()]:,} has the coordinates {numbers}"
        raise map_error(path, found, expected="three numbers")
    if twice.any():
        found = f"{shown(name)} has two beads at {positions[twice.idxmax()]:,}"
        raise map_error(path, found, expected="a chromosome once in each structure")
    same = coordinates.duplicated(keep=False)
    if same.any():
        alike = positions[(coordinates == coordinates.loc[same.idxmax()]).all(axis=1)]
        found = f"the beads of {shown(name)} at {' and '.join(f'{each:,}' for each in alike[:2])} lie at one place"
        raise map_error(path, found, expected="a place of its own for each")


def _max_dist(path, rule):
    """How far contacts reach by the rule, in the model's units."""
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


def molecule_kind(text):
    """Which file of molecules a text begins, PDB or MMCIF; None for neither."""
    return MMCIF if MMCIF_BEGINS.match(text) else PDB if PDB_LINE.search(text) else None


def read_structures(path, resolution):
    """Beads of every structure in a file of text (chromosome, position in bp, x, y, z), PDB or mmCIF.

    In the latter two a chain is a chromosome and the number of a residue (auth_seq_id where mmCIF has it), from 1, that
    of the bead's bin. resolution: bp per bin.

    Returns: list of DataFrame (beads): chrom, position (int64, bp), x, y, z (float64, perhaps not finite).
    """
    kind = molecule_kind(read_sample(path, resolution).text)
    structures = [_read_table(path)] if kind is None else _read_molecule(path, kind, resolution)
    if not structures or any(beads.empty for beads in structures):
        needs = f" (its _atom_site needs {ATOM_SITE})" if kind == MMCIF else ""
        raise map_error(path, f"no bead in it{needs}", expected="a 3D model")
    for beads in structures:
        spellings, last = Spellings(), beads["position"].max()
        beads["chrom"] = beads["chrom"].map({name: spellings.of(name) for name in beads["chrom"].unique()})
        if last > LARGEST_POSITION:
            raise map_error(path, f"a bead at {last:,} bp", expected="a place on a chromosome")
        if parental := next(filter(HAPLOTYPE.search, beads["chrom"].unique()), None):
            raise map_error(
                path,
                f"chromosomes of two parents, such as {shown(parental)}",
                expected="each chromosome once",
                hint="give each parent's in a file of its own, under plain names: they are two structures",
            )
    return structures


def _read_table(path):
    """The structure in a text file."""
    parts = []
    for lines, rows in read_rows(path, read_layout(path), range(5)):
        position = numbers_of(path, "the position", rows[1], lines, whole=True).astype(np.int64)
        places = [numbers_of(path, name, rows[place], lines, signed=True) for place, name in enumerate("xyz", start=2)]
        parts.append(pd.DataFrame(dict(zip(COLUMNS, [rows[0].to_numpy(), position, *places], strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _read_molecule(path, kind, resolution):
    """The structures in a PDB or mmCIF file, each a model there."""
    try:
        import gemmi  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise not_installed("gemmi", f"reads {kind.split()[1]} files", "models3d", argument="maps") from error
    text = read_text(path)
    try:
        if kind == PDB:
            _check_fields(path, text)
            structure = gemmi.read_pdb_string(text)
        else:
            block = gemmi.cif.read_string(text).sole_block()
            for name in ("auth_seq_id", "label_seq_id"):
                for number in block.find_values(f"_atom_site.{name}"):
                    if len(number) > LONGEST_NUMBER:
                        raise map_error(path, f"residue {shown(number)}", expected="numbers of bins, from 1 up")
            structure = gemmi.make_structure_from_block(block)
    except InputError:
        raise
    except (RuntimeError, ValueError) as error:
        raise map_error(path, f"not a readable {kind.split()[1]} file ({shown(error, 200)})") from error
    residues = [residue for model in structure for chain in model for residue in chain]
    if any(each.label_seq not in (None, each.seqid.num) for each in residues):
        logger.info("%s: residues are numbered by auth_seq_id, which label_seq_id differs from", path)
    return [_read_model(path, model, resolution) for model in structure]


def _read_model(path, model, resolution):
    rows = []
    for chain in model:
        for residue in chain:
            _check_residue(path, residue, chain.name)
            place = (residue.seqid.num - 1) * resolution
            rows += [(chain.name, place, *atom.pos.tolist()) for atom in residue]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"position": np.int64})


def _check_residue(path, residue, chain):
    """Refuse a residue that is no bead of a bin."""
    number, code = residue.seqid.num, residue.seqid.icode.strip()
    name = f"residue {residue.seqid} of chain {shown(chain)}"
    if code.isdigit():
        raise map_error(
            path, f"{name} does not fit into PDB's four columns for its number", hint="give mmCIF, or the model as text"
        )
    if code:
        raise map_error(path, f"{name} has an insertion code, {code}", expected="a number of its own for each bead")
    if number is None or number < 1:
        raise map_error(path, name, expected="numbers of bins, from 1 up")
    if len(residue) > 1:
        raise map_error(
            path,
            f"{name} has {len(residue)} atoms",
            expected="one bead a residue, whose number is that of its bin",
            hint="give the model as text: chromosome, position in bp, x, y, z (nuc_dynamics has residues of 1 Mb)",
        )


def _check_fields(path, text):
    """Refuse lines of PDB in which numbers have moved the columns."""
    atoms = (each for each in enumerate(text.splitlines(), start=1) if each[1].startswith(("ATOM  ", "HETATM")))
    for number, line in atoms:
        *places, occupancy = (line[start:end] for start, end in FIELDS)
        moved = occupancy.strip() and occupancy[0] != " " and len(occupancy.strip()) < len(occupancy)
        numbers = [*places, occupancy.strip() or "0"]
        if moved or not (are_numbers(*numbers) and all(math.isfinite(float(each)) for each in numbers)):
            raise map_error(
                path,
                f"columns 31 to 60 of line {number} are '{shown(line[30:60])}'",
                expected="x, y and z in eight columns each, and the occupancy in six",
                hint="give mmCIF or text where numbers do not fit into the columns of PDB",
            )
