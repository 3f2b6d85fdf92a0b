"""Files of 3D models to beads: text, PDB and mmCIF."""

import logging
import math
import re

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.maps.matching import Spellings
from spex.inputs.maps.reader import LARGEST_POSITION, map_error
from spex.inputs.maps.text import are_numbers, numbers_of, read_layout, read_rows, read_sample, read_text

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


def molecule_kind(text):
    """Which file of molecules a text begins, PDB or MMCIF; None for neither."""
    if MMCIF_BEGINS.match(text):
        return MMCIF
    return PDB if PDB_LINE.search(text) else None


def read_structures(path, resolution):
    """Beads of every structure in a file.

    path: of text (chromosome, position in bp, x, y, z), PDB or mmCIF; in the latter a chain is a chromosome and the
    number of a residue (auth_seq_id where mmCIF has it), from 1, that of the bead's bin. resolution: bp per bin.

    Returns: list of DataFrame (beads): chrom, position (int64, bp), x, y, z (float64, perhaps not finite).

    Raises:
        InputError: the file is not as its format has it; gemmi, which reads PDB and mmCIF, is not installed.
    """
    kind = molecule_kind(read_sample(path, resolution).text)
    structures = [_read_table(path)] if kind is None else _read_molecule(path, kind, resolution)
    if not structures or any(beads.empty for beads in structures):
        needs = f" (its _atom_site needs {ATOM_SITE})" if kind == MMCIF else ""
        raise map_error(path, f"no bead in it{needs}", expected="a 3D model")
    for beads in structures:
        spellings = Spellings()
        beads["chrom"] = beads["chrom"].map({name: spellings.of(name) for name in beads["chrom"].unique()})
        if beads["position"].max() > LARGEST_POSITION:
            raise map_error(path, f"a bead at {beads['position'].max():,} bp", expected="a place on a chromosome")
        for name in beads["chrom"].unique():
            if HAPLOTYPE.search(name):
                raise map_error(
                    path,
                    f"chromosomes of two parents, such as {shown(name)}",
                    expected="each chromosome once",
                    hint="give each parent's in a file of its own, under plain names: they are two structures",
                )
    return structures


def _read_table(path):
    """The structure in a text file."""
    parts = [pd.DataFrame(columns=COLUMNS)]
    for lines, rows in read_rows(path, read_layout(path), range(5)):
        position = numbers_of(path, "the position", rows[1], lines, whole=True).astype(np.int64)
        places = [numbers_of(path, name, rows[place], lines, signed=True) for place, name in enumerate("xyz", start=2)]
        parts.append(pd.DataFrame(dict(zip(COLUMNS, [rows[0].to_numpy(), position, *places], strict=True))))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _read_molecule(path, kind, resolution):
    """The structures in a PDB or mmCIF file, each a model there."""
    try:
        import gemmi  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise InputError(
            f"gemmi, which reads {kind.split()[1]} files, is not installed",
            argument="maps",
            hint="get it with: pip install 'gemmi>=0.7,<0.8'",
        ) from error
    text = read_text(path)
    if kind == PDB:
        _check_fields(path, text)
    try:
        if kind == PDB:
            structure = gemmi.read_pdb_string(text)
        else:
            block = gemmi.cif.read_string(text).sole_block()
            _check_numbers(path, block)
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
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith(("ATOM  ", "HETATM")):
            continue
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


def _check_numbers(path, block):
    """Refuse numbers of residues that are larger than their reader takes."""
    for name in ("auth_seq_id", "label_seq_id"):
        long = next((each for each in block.find_values(f"_atom_site.{name}") if len(each) > LONGEST_NUMBER), None)
        if long is not None:
            raise map_error(path, f"residue {shown(long)}", expected="numbers of bins, from 1 up")
