"""Files of 3D models to beads."""

import sys

import gemmi
import pytest

from spex.errors import InputError
from spex.inputs.maps.model3d import read_structures

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
        InputError,
        match=r"^maps: gemmi, which reads PDB files, is not installed; get it with: .*'spex-expression\[models3d\]'$",
    ):
        read_structures(tmp_path / "model.pdb", 1000)


def atom(serial, number, *xyz, chain="1", name="CA"):
    """A line of PDB. number: eight columns from the residue's number to x."""
    return f"ATOM  {serial:5d} {name:<4} GLY {chain}{number:<8}{''.join(f'{each:8.3f}' for each in xyz)}  1.00  0.00\n"


BAD_PDB = {
    "a number of five digits": (
        [atom(1, " 999", 0, 0, 0), atom(2, "10003", 1, 0, 0)],
        "residue 10003 of chain 1 does not fit into PDB's four columns for its number; give mmCIF, or",
    ),
    "an insertion code": ([atom(1, "   1A", 0, 0, 0)], "residue 1A of chain 1 has an insertion code, A"),
    "stars for a number": ([atom(1, "****", 0, 0, 0)], "residue 0 of chain 1; expected numbers of bins, from 1 up"),
    "several atoms of a residue": (
        [atom(n, "   1", n, 0, 0, name=f"C{n}") for n in range(5)],
        "residue 1 of chain 1 has 5 atoms; expected one bead a residue",
    ),
    "a chain that comes again": (
        [atom(1, "   1", 0, 0, 0), atom(2, "   2", 1, 0, 0), atom(3, "   1", 2, 0, 0)],
        "residue 1 of chain 1 has 2 atoms",
    ),
    "a coordinate of nine columns": (
        [atom(1, "   1", 0, 0, 0), atom(2, "   2", 12345.678, 1234.567, 9.5)],
        "columns 31 to 60 of line 2 are '12345.6781234.567",
    ),
    "three coordinates of nine columns": (
        [atom(1, "   1", -1234.567, -1234.567, -1234.567)],
        "columns 31 to 60 of line 1 are",
    ),
    "a number of an atom of six digits": ([atom(100_000, "   5", 1, 2, 3)], "columns 31 to 60 of line 1 are"),
    "a coordinate that is none": (
        [atom(1, "   1", 0, 0, 0).replace("0.000", "  nan", 1)],
        "columns 31 to 60 of line 1",
    ),
}


@pytest.mark.parametrize("kind", BAD_PDB)
def test_what_does_not_fit_into_the_columns_of_pdb_is_refused(tmp_path, kind):
    lines, message = BAD_PDB[kind]
    (tmp_path / "model.pdb").write_text("".join(lines))
    with pytest.raises(InputError, match=rf"^maps .*model\.pdb: {message}"):
        read_structures(tmp_path / "model.pdb", 1000)


def test_gaps_keep_their_places(tmp_path):
    numbers = [1, 7, 9999]
    (tmp_path / "model.pdb").write_text(
        "".join(atom(n, f"{n:4d}", n, 0, 0) for n in numbers) + atom(9, "A000", 5, 5, 5)
    )
    (beads,) = read_structures(tmp_path / "model.pdb", 1000)
    assert beads["position"].tolist() == [0, 6000, 9_998_000, 9_999_000]  # A000 is 10,000 where digits do not do


ATOM_SITE = ["id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id", "Cartn_x"]
ATOM_SITE += ["Cartn_y", "Cartn_z"]


def write_mmcif(path, *columns):
    """An mmCIF file of two beads. columns: name and two values of each that is there beside the usual ones."""
    names = [*ATOM_SITE, *(name for name, *_ in columns)]
    rows = [
        ["1", "C", "CA", ".", "GLY", "1", "0", "0", "0", *(first for _, first, _ in columns)],
        ["2", "C", "CA", ".", "GLY", "1", "1", "0", "0", *(second for *_, second in columns)],
    ]
    content = "".join(f"_atom_site.{name}\n" for name in names) + "".join(" ".join(row) + "\n" for row in rows)
    path.write_text(f"data_model\nloop_\n{content}")


@pytest.mark.parametrize(
    "columns, expected, told",
    [
        ([("label_seq_id", "1", "2")], [0, 1000], 0),
        ([("label_seq_id", "1", "2"), ("auth_seq_id", "5", "12000")], [4000, 11_999_000], 1),
        ([("label_seq_id", ".", "."), ("auth_seq_id", "5", "9")], [4000, 8000], 0),
    ],
)
def test_residues_of_mmcif_have_the_numbers_of_their_author(tmp_path, caplog, columns, expected, told):
    write_mmcif(tmp_path / "model.cif", *columns)
    with caplog.at_level("INFO", logger="spex"):
        (beads,) = read_structures(tmp_path / "model.cif", 1000)
    assert beads["position"].tolist() == expected
    assert [message for message in caplog.messages if "auth_seq_id" in message] == caplog.messages
    assert len(caplog.messages) == told


@pytest.mark.parametrize(
    "columns, message",
    [
        ([("auth_seq_id", "1", "4294967297")], "residue 4294967297; expected numbers of bins"),
        ([("auth_seq_id", "1", "2999999999")], "residue 2999999999; expected numbers of bins"),
        ([("auth_seq_id", "1", "299999999")], "a bead at 299,999,998,000 bp"),
        ([("auth_seq_id", "1", "1.5")], "not a readable mmCIF file"),
        ([("auth_seq_id", "1", "1")], "residue 1 of chain 1 has 2 atoms"),
        (
            [("auth_seq_id", "1", "1"), ("pdbx_PDB_ins_code", "A", "B")],
            "residue 1A of chain 1 has an insertion code, A",
        ),
        ([("label_seq_id", ".", "?")], r"residue \? of chain 1; expected numbers"),
    ],
)
def test_residues_that_are_no_bins_are_refused(tmp_path, columns, message):
    write_mmcif(tmp_path / "model.cif", *columns)
    with pytest.raises(InputError, match=rf"^maps .*model\.cif: {message}"):
        read_structures(tmp_path / "model.cif", 1000)


def test_mmcif_without_a_column_that_its_reader_needs_says_which_there_must_be(tmp_path):
    write_mmcif(tmp_path / "model.cif", ("auth_seq_id", "1", "2"))
    content = (tmp_path / "model.cif").read_text()
    (tmp_path / "model.cif").write_text(content.replace("_atom_site.label_alt_id\n", "").replace(" . GLY", " GLY"))
    with pytest.raises(InputError, match=r"no bead in it \(its _atom_site needs label_atom_id, label_alt_id, "):
        read_structures(tmp_path / "model.cif", 1000)


@pytest.mark.parametrize(
    "begin", [atom(1, "   1", 0, 0, 0), "data_model\nloop_\n_atom_site.id\n"], ids=["PDB", "mmCIF"]
)
def test_a_letter_that_is_cut_ends_in_one_line(tmp_path, begin):
    (tmp_path / "model").write_bytes(f"{begin}# café".encode()[:-1])
    with pytest.raises(InputError, match=r"^maps .*model: not UTF-8 text \(byte 0xc3 in it\)"):
        read_structures(tmp_path / "model", 1000)


def test_a_chromosome_in_two_spellings_is_one(tmp_path):
    (tmp_path / "model").write_text("1\t0\t0\t0\t0\nchr1\t1000\t1\t0\t0\nchr8 \t0\t1\t1\t0\n")
    (beads,) = read_structures(tmp_path / "model", 1000)
    assert beads["chrom"].tolist() == ["1", "1", "chr8"]


def test_a_bead_past_every_chromosome_is_refused(tmp_path):
    (tmp_path / "model").write_text("chr1\t0\t0\t0\t0\nchr1\t3000000000\t1\t0\t0\n")
    with pytest.raises(InputError, match="a bead at 3,000,000,000 bp; expected a place on a chromosome"):
        read_structures(tmp_path / "model", 1000)
