"""Files of 3D models to beads: text, PDB and mmCIF."""

import re

import numpy as np
import pandas as pd

from spex.errors import InputError, shown
from spex.inputs.maps.layout import map_error
from spex.inputs.maps.text import MMCIF, PDB, numbers_of, read_layout, read_rows, read_text, text_kind

COLUMNS = ["chrom", "position", "x", "y", "z"]
HAPLOTYPE = re.compile(r"\((mat|pat)\)$|[-_.](mat|pat|maternal|paternal)$", re.IGNORECASE)


def read_structures(path, resolution):
    """Beads of every structure in a file.

    path: of text (chromosome, position in bp, x, y, z), PDB or mmCIF; in the latter a chain is a chromosome and the
    number of a residue, from 1, that of the bead's bin. resolution: bp per bin.

    Returns: list of DataFrame (beads): chrom, position (int64, bp), x, y, z (float64, perhaps not finite).

    Raises:
        InputError: the file is not as its format has it; gemmi, which reads PDB and mmCIF, is not installed.
    """
    kind = text_kind(path)
    structures = _read_molecule(path, kind, resolution) if kind in (PDB, MMCIF) else [_read_table(path)]
    if not structures or any(beads.empty for beads in structures):
        raise map_error(path, "no bead in it", expected="a 3D model")
    for beads in structures:
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
    layout = read_layout(path)
    parts = []
    for lines, rows in read_rows(path, layout, range(5)):
        position = numbers_of(path, "the position", rows[1], lines, whole=True).astype(np.int64)
        values = [_coordinates(path, name, rows[place], lines) for place, name in ((2, "x"), (3, "y"), (4, "z"))]
        parts.append(pd.DataFrame(dict(zip(COLUMNS, [rows[0].to_numpy(), position, *values], strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)


def _coordinates(path, name, texts, lines):
    values = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        place = int(np.argmax(bad))
        raise map_error(
            path, f"{name} on line {lines[place]} is '{shown(texts.iloc[place])}'", expected="a coordinate, a number"
        )
    return values


def _read_molecule(path, kind, resolution):
    """The structures in a PDB or mmCIF file, each a model there."""
    gemmi = _import_gemmi(kind)
    text = read_text(path)
    try:
        if kind == PDB:
            structure = gemmi.read_pdb_string(text)
        else:
            structure = gemmi.make_structure_from_block(gemmi.cif.read_string(text).sole_block())
    except (RuntimeError, ValueError) as error:
        raise map_error(path, f"not a readable {kind.split()[1]} file ({shown(error, 200)})") from error
    return [_read_model(path, model, resolution) for model in structure]


def _read_model(path, model, resolution):
    rows = []
    for chain in model:
        for residue in chain:
            number = residue.seqid.num
            if number is None or number < 1:
                raise map_error(
                    path,
                    f"residue {residue.seqid} of chain {shown(chain.name)}",
                    expected="numbers of bins, from 1 up",
                )
            rows += [(chain.name, (number - 1) * resolution, *atom.pos.tolist()) for atom in residue]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"position": np.int64})


def _import_gemmi(kind):
    try:
        import gemmi  # noqa: PLC0415 (an extra)
    except ModuleNotFoundError as error:
        raise InputError(
            f"gemmi, which reads {kind.split()[1]} files, is not installed",
            argument="maps",
            hint="get it with: pip install 'gemmi>=0.7,<0.8'",
        ) from error
    return gemmi
