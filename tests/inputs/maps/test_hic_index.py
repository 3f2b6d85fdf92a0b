"""Header and index of .hic files of both versions, whole and damaged; a file is written here byte by byte."""

import struct

import pytest
from conftest import CHROMSIZES, write_hic_rows

from spex.errors import InputError
from spex.inputs.maps.hic import HicMap, Index, Matrix, count_records, read_index

ROWS = [(0, 5, 3), (7, 7, 2), (0, 200, 1), (130, 140, 4)]


def text(name):
    return name.encode() + b"\0"


def made(version, **changes):
    """A .hic of two chromosomes without blocks of pixels: matrices of the first, and between both.

    changes: of footer, entries, place, size, key, blocks, width, counts, block.
    """
    wide, said = (
        "q" if version > 8 else "i",
        {"entries": 2, "blocks": 1, "width": 1000, "counts": 8.0, "key": "1_1"} | changes,
    )
    header = text("hg38") + (struct.pack("<qq", 0, 0) if version > 8 else b"")
    header += struct.pack("<i", 1) + text("software") + text("made")
    chroms = [("All", 9), ("chr1", 90_000), ("chr2", 80_000)]
    header += struct.pack("<i", len(chroms)) + b"".join(text(name) + struct.pack(f"<{wide}", n) for name, n in chroms)
    header += struct.pack("<iii", 2, 2000, 1000) + struct.pack("<i", 0)
    first = 16 + len(header)
    block = said.get("block", (0, 20, 30))
    zooms = [(2000, 1, (0, 20, 30)), (said["width"], said["blocks"], block)]
    matrix = struct.pack("<iii", 1, 1, len(zooms))
    for width, blocks, where in zooms:
        matrix += text("BP") + struct.pack("<iffff", 0, said["counts"], 0, 0, 0)
        matrix += struct.pack("<iiii", width, 9, 1, blocks) + struct.pack("<iqi", *where)
    place, size = said.get("place", first), said.get("size", len(matrix))
    index = struct.pack("<i", said["entries"]) + text(said["key"]) + struct.pack("<qi", place, size)
    index += text("1_2") + struct.pack("<qi", first, len(matrix))
    footer = struct.pack(f"<{wide}", len(index)) + index
    where = said.get("footer", first + len(matrix))
    return text("HIC") + struct.pack("<iq", version, where) + header + matrix + footer


@pytest.mark.parametrize("version", [8, 9])
def test_a_whole_index_is_read(tmp_path, version):
    (tmp_path / "map.hic").write_bytes(made(version))
    index = read_index(tmp_path / "map.hic", 1000)
    assert index.matrices == {"chr1": Matrix(8.0, (20,))} and ("chr1", "chr2") in index.between
    assert read_index(tmp_path / "map.hic", 5000).matrices == {"chr1": Matrix(0.0, ())}


def test_other_versions_are_left_to_the_library(tmp_path):
    (tmp_path / "map.hic").write_bytes(made(7))
    assert read_index(tmp_path / "map.hic", 1000) is None


DAMAGES = {
    "a writer that did not finish": ({"footer": 0}, "its index is said to be at byte 0 of"),
    "an index before the file": ({"footer": -4}, "its index is said to be at byte -4"),
    "an index behind the file": ({"footer": 1 << 40}, "its index is said to be at byte 1,099"),
    "a negative number of matrices": ({"entries": -1}, "-1 matrices in it"),
    "no matrix": ({"entries": 0}, "0 matrices in it"),
    "more matrices than pairs of chromosomes": ({"entries": 7}, "7 matrices in it"),
    "a matrix of no chromosome": ({"key": "1_3"}, "its index has a matrix 1_3 of 3 chromosomes"),
    "a matrix of another name": ({"key": "chr1"}, "its index has a matrix chr1"),
    "another chromosome's matrix": ({"key": "2_2"}, "another matrix where that of chromosome 2"),
    "a matrix behind the end": ({"place": 1 << 33}, "the matrix 1_1 is said to be at byte 8,589,934,592"),
    "a matrix of negative length": ({"size": -1}, "the matrix 1_1 is said to be at byte .*, -1 bytes long"),
    "a matrix that is longer": ({"size": 999}, "the matrix 1_1 is said to be at byte"),
    "a matrix that is shorter": ({"size": 90}, "1 blocks in it"),
    "a negative number of blocks": ({"blocks": -1}, "-1 blocks in it"),
    "no block, where one follows": ({"blocks": 0}, "another length than its index says"),
    "many blocks": ({"blocks": 2**31 - 1}, "2,147,483,647 blocks in it"),
    "bins of no width": ({"width": 0}, "bins of 0 BP"),
    "a block behind the end": ({"block": (0, 400, 9999)}, "a block of pixels ends at byte 10,399"),
    "a block of negative length": ({"block": (0, 400, -5)}, "a block of pixels ends at byte 395"),
}


@pytest.mark.parametrize("version", [8, 9])
@pytest.mark.parametrize("kind", DAMAGES)
def test_an_index_that_leads_nowhere_is_refused(tmp_path, kind, version):
    changes, message = DAMAGES[kind]
    (tmp_path / "map.hic").write_bytes(made(version, **changes))
    with pytest.raises(InputError, match=message):
        read_index(tmp_path / "map.hic", 1000)


@pytest.mark.parametrize("version", [8, 9])
def test_a_file_that_ends_early_is_refused_wherever_it_ends(tmp_path, version):
    whole = made(version)
    for length in range(4, len(whole)):
        (tmp_path / "map.hic").write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_index(tmp_path / "map.hic", 1000)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("hic") / "map.hic"
    write_hic_rows(path, ROWS, [1000], CHROMSIZES)
    return path.read_bytes()


def test_the_index_of_a_file_that_the_library_wrote(written, tmp_path):
    (tmp_path / "map.hic").write_bytes(written)
    index = read_index(tmp_path / "map.hic", 1000)
    found = {
        chrom: (each.counts, len(each.blocks), count_records(tmp_path / "map.hic", each.blocks))
        for chrom, each in index.matrices.items()
    }
    assert found == {"chr1": (5.0, 1, 2), "chr8": (4.0, 1, 1)}
    assert ("chr1", "chr8") in index.between and ("chr8", "chr9") not in index.between


@pytest.mark.parametrize("begin", [bytes(9), b""])
def test_a_block_that_cannot_be_unpacked_is_refused(tmp_path, begin):
    (tmp_path / "map.hic").write_bytes(b"HIC\0" + begin)
    with pytest.raises(InputError, match=r"damaged or cut short \(the block of pixels at byte 4 cannot be unpacked\)"):
        count_records(tmp_path / "map.hic", (4,))


@pytest.mark.parametrize("number", [struct.pack("<q", 0), struct.pack("<q", -1)])
def test_no_damaged_file_is_an_empty_map(written, tmp_path, number):
    (tmp_path / "map.hic").write_bytes(written[:8] + number + written[16:])
    with pytest.raises(
        InputError, match=r"^maps .*map\.hic: damaged or cut short \(its index is said .*copy it again$"
    ):
        HicMap(tmp_path / "map.hic", 1000)


def test_what_is_read_adds_up_with_the_index(written, tmp_path, monkeypatch, caplog):
    (tmp_path / "map.hic").write_bytes(written)
    map_ = HicMap(tmp_path / "map.hic", 1000)
    blocks = map_._index.matrices["chr1"].blocks
    for counts in (5.0, 8.0):  # of the pixels; of the symmetric matrix, as Juicer has it: 2 * 5 - 2
        map_._index = Index({"chr1": Matrix(counts, blocks)}, set())
        assert map_.depth(["chr1"], lambda count: None) == 5
    assert caplog.messages == []
    map_._index = Index({"chr1": Matrix(6.0, blocks), "chr9": Matrix(6.0, blocks)}, set())
    map_.depth(["chr1"], lambda count: None)
    assert len(caplog.messages) == 1 and "counts of chr1 add up to 5, its index says 6" in caplog.messages[0]
    with pytest.raises(InputError, match=r"damaged or cut short \(no pixel of chr9, where its index has counts of 6\)"):
        map_.depth(["chr9"], lambda count: None)
