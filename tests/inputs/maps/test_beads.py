"""Files of 3D models to beads."""

import sys

import gemmi
import pytest

from spex.errors import InputError
from spex.inputs.maps.beads import read_structures

ROWS = [("chr1", 0, 0.5, -1.25, 2), ("chr1", 1000, 1.5, 0, 2), ("chr8", 2000, 1e-3, 0, -3e2)]
MOLECULE = [(chrom.removeprefix("chr"), *others) for chrom, *others in ROWS]


def write_table(path, rows, header="", separator="\t"):
    path.write_text(header + "".join(separator.join(map(str, row)) + "\n" for row in rows))


def write_molecule(path, structures, numbered=lambda position: position // 1000 + 1):
    """A PDB or mmCIF file of structures, each rows of chain, position and coordinates."""
    molecule = gemmi.Structure()
    for number, rows in enumerate(structures, start=1):
        model = gemmi.Model(number)
        for name in dict.fromkeys(row[0] for row in rows):
            chain = gemmi.Chain(name)
            for _, position, *xyz in (row for row in rows if row[0] == name):
                residue, atom = gemmi.Residue(), gemmi.Atom()
                residue.name, residue.seqid = "BEA", gemmi.SeqId(numbered(position), " ")
                atom.name, atom.pos = "CA", gemmi.Position(*xyz)
                residue.add_atom(atom)
                chain.add_residue(residue)
            model.add_chain(chain)
        molecule.add_model(model)
    molecule.setup_entities()
    if path.suffix == ".pdb":
        molecule.write_pdb(str(path))
    else:
        molecule.make_mmcif_document().write_file(str(path))


@pytest.mark.parametrize("header", ["", "chr pos x y z\n", "#chr pos x y z\n"])
@pytest.mark.parametrize("separator", ["\t", " "])
def test_text(tmp_path, header, separator):
    write_table(tmp_path / "model.3dg", ROWS, header.replace(" ", separator), separator)
    (beads,) = read_structures(tmp_path / "model.3dg", 1000)
    assert list(beads.itertuples(index=False, name=None)) == ROWS


@pytest.mark.parametrize("name", ["model.pdb", "model.cif"])
def test_a_chain_is_a_chromosome_and_a_residue_a_bin(tmp_path, name):
    other = [(chrom, position, x + 1, y, z) for chrom, position, x, y, z in MOLECULE]
    write_molecule(tmp_path / name, [MOLECULE, other])
    found = [list(beads.itertuples(index=False, name=None)) for beads in read_structures(tmp_path / name, 1000)]
    assert found == [[(*row[:2], *map(pytest.approx, row[2:])) for row in structure] for structure in (MOLECULE, other)]


BAD_TEXT = {
    "NaN": ("chr1\t1000\t0\tnan\t0\n", "y on line 2 is 'nan'; expected a coordinate, a number"),
    "no number": ("chr1\t1000\t0\t0\tz\n", "z on line 2 is 'z'"),
    "a column less": ("chr1\t1000\t0\t0\n", "4 columns on line 2, 5 on the first row"),
    "no position": ("chr1\t-1000\t0\t0\t0\n", "the position on line 2 is '-1000'"),
    "two parents": ("chr1(mat)\t1000\t0\t0\t0\n", r"chromosomes of two parents, such as chr1\(mat\); .*two structures"),
}


@pytest.mark.parametrize("kind", BAD_TEXT)
def test_text_that_is_no_model_is_refused(tmp_path, kind):
    row, message = BAD_TEXT[kind]
    (tmp_path / "model").write_text(f"chr1\t0\t0\t0\t0\n{row}")
    with pytest.raises(InputError, match=rf"^maps .*model: {message}"):
        read_structures(tmp_path / "model", 1000)


def test_molecules_that_are_no_models_are_refused(tmp_path):
    write_molecule(tmp_path / "model.pdb", [MOLECULE], numbered=lambda position: position // 1000)
    with pytest.raises(InputError, match=r"^maps .*model.pdb: residue 0 of chain 1; expected numbers of bins, from 1"):
        read_structures(tmp_path / "model.pdb", 1000)
    (tmp_path / "model.pdb").write_text("REMARK   1 nothing\n")
    with pytest.raises(InputError, match=r"^maps .*model.pdb: no bead in it"):
        read_structures(tmp_path / "model.pdb", 1000)
    write_molecule(tmp_path / "model.cif", [ROWS])
    whole = (tmp_path / "model.cif").read_text()
    (tmp_path / "model.cif").write_text(whole[: whole.index("BEA", whole.index("_atom_site.")) + 9])
    with pytest.raises(InputError, match=r"^maps .*model.cif: not a readable mmCIF file"):
        read_structures(tmp_path / "model.cif", 1000)


def test_without_gemmi_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    write_molecule(tmp_path / "model.pdb", [MOLECULE])
    monkeypatch.setitem(sys.modules, "gemmi", None)
    with pytest.raises(
        InputError, match=r"^maps: gemmi, which reads PDB files, is not installed; get it with: pip install"
    ):
        read_structures(tmp_path / "model.pdb", 1000)
