"""Predicted maps: loci and their matrices, coolers of any numbers, and the counts that they get."""

import cooler
import numpy as np
import pandas as pd
import pytest
from conftest import CHROMSIZES, write_mcool
from inputs.check_reader import Made, ReaderEntry, Reading, check_reader
from numpy.testing import assert_allclose

from spex.errors import InputError
from spex.inputs.choices import Reading as Choice
from spex.inputs.maps.cool import CoolMap, write_cool
from spex.inputs.maps.formats import FORMATS, open_maps
from spex.inputs.maps.loci import LociMap
from spex.inputs.maps.matching import Chromosomes
from spex.inputs.maps.text import read_sample
from spex.inputs.maps.values import open_predicted, open_values

BINS = {chrom: -(-length // 1000) for chrom, length in CHROMSIZES.items()}


def counts_of(map_):
    found = {}
    for chrom in map_.chromsizes:
        for part in map_.parts(chrom, lambda count: None):
            found |= {
                (chrom, int(one), int(other)): value
                for one, other, value in zip(part.bin1, part.bin2, part.counts, strict=True)
            }
    return found


def write_loci(folder, *loci, name="loci.tsv"):
    """A table of loci. loci: chrom, first bin, matrix."""
    folder.mkdir(exist_ok=True)
    lines = []
    for number, (chrom, first, matrix) in enumerate(loci):
        np.save(folder / f"{number}.npy", matrix)
        lines.append(f"{chrom}\t{first * 1000}\t{(first + len(matrix)) * 1000}\t{number}.npy\n")
    (folder / name).write_text("".join(lines))
    return folder / name


def write_floats(path, rows, column="count"):
    """A .cool of any numbers. rows: chrom, bin1, bin2, value."""
    sizes = pd.Series(CHROMSIZES)
    bins = cooler.binnify(sizes, 1000)
    first = {chrom: int(bins.index[bins["chrom"] == chrom][0]) for chrom in sizes.index}
    table = pd.DataFrame(
        sorted((first[chrom] + one, first[chrom] + other, value) for chrom, one, other, value in rows),
        columns=["bin1_id", "bin2_id", column],
    )
    options = {"columns": [column], "dtypes": {column: "float64"}}
    cooler.create_cooler(str(path), bins, table.assign(count=1), ordered=True, **options)
    return path


def symmetric(bins, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(bins, bins))
    return matrix + matrix.T


# --- the table of loci ---


def test_a_locus_gives_its_upper_triangle_at_its_place(tmp_path):
    one, other = symmetric(5), symmetric(3, seed=1)
    one[1, 3] = one[3, 1] = np.nan
    map_ = LociMap(write_loci(tmp_path, ("chr1", 10, one), ("chr8", 0, other)), 1000)
    assert map_.chromsizes == {"chr1": 15_000, "chr8": 3_000} and not map_.has_counts
    expected = {("chr1", 10 + i, 10 + j): one[i, j] for i in range(5) for j in range(i, 5) if (i, j) != (1, 3)}
    expected |= {("chr8", i, j): other[i, j] for i in range(3) for j in range(i, 3)}
    assert counts_of(map_) == expected
    (account,) = map_.accounts()
    assert (account.used, sum(account.left_out.values())) == (2, 0)


def test_loci_on_chromosomes_that_are_unknown_are_left_out_and_counted(tmp_path):
    map_ = LociMap(write_loci(tmp_path, ("1", 0, symmetric(2)), ("chrUn", 0, symmetric(2))), 1000)
    map_.fit(Chromosomes(["chr1"], {"chr1": 50_000}, "the reference"))
    assert {chrom for chrom, *_ in counts_of(map_)} == {"chr1"}
    (account,) = map_.accounts()
    assert (account.used, dict(account.left_out)) == (1, {"on chromosomes that the reference lacks": 1})


@pytest.mark.parametrize("rows", [9, 60])
def test_the_reader_bears_every_file_that_readers_must(tmp_path, rows):
    def make(count):
        for number in range(count):
            np.save(tmp_path / "files" / f"m{number}.npy", np.full((2, 2), float(number)))
        lines = [f"chr{1 + row % 3}\t{row * 2000}\t{row * 2000 + 2000}\tm{row}.npy\n" for row in range(count)]
        return "loci.tsv", Made(b"", [line.encode() for line in lines], b"\t")

    def read(path):
        map_ = open_predicted(path, 1000, Choice())
        values = {(chrom.removeprefix("chr"), *place): value for (chrom, *place), value in counts_of(map_).items()}
        (account,) = map_.accounts()
        return Reading(values, account.used, sum(account.left_out.values()))

    (tmp_path / "files").mkdir()
    entry = ReaderEntry(
        next(each for each in FORMATS if each.reader is LociMap), FORMATS, lambda path: read_sample(path, 1000), read
    )
    check_reader(entry, make, tmp_path / "files", sizes=(rows,))


@pytest.mark.parametrize(
    "line, message",
    [
        (
            "chr1\t0\t2500\t0.npy",
            r"0 to 2,500 and '0.npy' on line 2; expected start before end, both multiples",
        ),
        ("chr1\t3000\t1000\t0.npy", "3,000 to 1,000"),
        ("chr1\t0\t2000\tother.txt", "'other.txt' on line 2"),
        ("chr1\t0\t3000\t0.npy", r"0.npy on line 2 is float64 of shape \(2, 2\); expected numbers of shape \(3, 3\)"),
        ("chr1\t0\t2000\tabsent.npy", "absent.npy on line 2: .*No such file.*; expected a NumPy file"),
        ("chr1\t0\t2000\ttext.npy", "text.npy on line 2: .*; expected a NumPy file"),
        ("chr1\t0\t2000\tobjects.npy", "objects.npy on line 2: .*; expected a NumPy file"),
        ("chr1\t0\t2000\twords.npy", "words.npy on line 2 is <U1 of shape"),
        ("chr1\t0\t2000\tendless.npy", "endless.npy on line 2 contains infinity"),
        ("chr1\t0\tx\t0.npy", "the end on line 2 is 'x'"),
    ],
)
def test_what_is_no_locus_is_refused_by_its_line(tmp_path, line, message):
    path = write_loci(tmp_path, ("chr1", 0, symmetric(2)))
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([[1, None], [2, "a"]], object), allow_pickle=True)
    np.save(tmp_path / "words.npy", np.full((2, 2), "a"))
    np.save(tmp_path / "endless.npy", np.full((2, 2), np.inf))
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(InputError, match=message) as refused:
        counts_of(LociMap(path, 1000))
    assert str(path) in str(refused.value)


def test_values_are_no_counts_for_anything_else(tmp_path):
    path = write_loci(tmp_path, ("chr1", 0, symmetric(2)))
    hint = r"predicted values, which are no counts; expected raw counts; spex map gives them the counts of a map"
    with pytest.raises(InputError, match=hint):
        open_maps([path], 1000)


# --- with the counts of a reference ---


def by_distance(counts):
    found = {}
    for (chrom, one, other), count in counts.items():
        found.setdefault((chrom, other - one), []).append(count)
    return {key: sorted(each) for key, each in found.items()}


def test_a_cooler_of_numbers_gets_the_counts_of_the_reference(world, tmp_path):
    reference = counts_of(CoolMap(world.maps[0], 1000))
    reference = {key: count for key, count in reference.items() if count}
    random = np.random.default_rng(0)
    every = [(chrom, one, other) for chrom, bins in BINS.items() for one in range(bins) for other in range(one, bins)]
    values = {key: random.normal() - 3 for key in every}
    path = write_floats(tmp_path / "predicted.cool", [(*key, value) for key, value in values.items()], "score")
    map_ = open_values(path, world.maps[0], 1000, Choice(value_column="score"))
    found = counts_of(map_)
    assert by_distance(found) == by_distance(reference) and found != reference
    for (chrom, distance), counts in by_distance(reference).items():
        at = [key for key in every if key[0] == chrom and key[2] - key[1] == distance]
        best = sorted(at, key=lambda key: -values[key])[: len(counts)]
        assert [found[key] for key in best] == counts[::-1]
    copy = write_floats(
        tmp_path / "copy.cool", [(*key, np.log(count) - 5) for key, count in reference.items()], "score"
    )
    assert counts_of(open_values(copy, world.maps[0], 1000, Choice(value_column="score"))) == reference


def test_loci_get_the_counts_that_the_reference_has_within_them(world, tmp_path):
    matrix = symmetric(40)
    path = write_loci(tmp_path, ("chr1", 30, matrix), ("chr8", 0, symmetric(2)))
    reference = {key: count for key, count in counts_of(CoolMap(world.maps[0], 1000)).items() if count}
    inside = {
        key: count
        for key, count in reference.items()
        if (key[0] == "chr1" and key[1] >= 30 and key[2] < 70) or (key[0] == "chr8" and key[2] < 2)
    }
    assert len(inside) > 5
    assert by_distance(counts_of(open_values(path, world.maps[0], 1000, Choice()))) == by_distance(inside)


def test_a_locus_may_reach_the_end_of_its_chromosome(world, tmp_path):
    """Of 120,400 bp, within the last bin; the ends of loci are multiples of the bins."""
    last = BINS["chr1"] - 1
    path = write_loci(tmp_path, ("chr1", last - 39, symmetric(40)))
    reference = {key: count for key, count in counts_of(CoolMap(world.maps[0], 1000)).items() if count}
    inside = {key: count for key, count in reference.items() if key[0] == "chr1" and key[1] >= last - 39}
    assert any(other == last for _, _, other in inside)
    assert by_distance(counts_of(open_values(path, world.maps[0], 1000, Choice()))) == by_distance(inside)


def test_a_map_of_counts_is_written_whole_and_read_the_same(world, tmp_path):
    path = write_loci(tmp_path, ("1", 30, symmetric(40)))
    map_, checked = open_values(path, world.maps[0], 1000, Choice()), []
    write_cool(tmp_path / "counts.cool", map_, lambda: checked.append((tmp_path / "counts.cool").exists()))
    assert checked == [False]
    (written,) = open_maps([tmp_path / "counts.cool"], 1000)
    assert counts_of(written) == counts_of(map_) and written.chromsizes == CHROMSIZES
    before = (tmp_path / "counts.cool").read_bytes()

    def refuse():
        raise InputError("changed meanwhile")

    with pytest.raises(InputError, match="changed meanwhile"):
        write_cool(tmp_path / "counts.cool", map_, refuse)
    assert (tmp_path / "counts.cool").read_bytes() == before
    assert [each.name for each in tmp_path.glob(".*")] == []


def test_what_has_no_values_or_another_genome_is_refused(world, tmp_path):
    (tmp_path / "loops.bedpe").write_text("chr1\t0\t1000\tchr1\t5000\t6000\t3\n")
    with pytest.raises(InputError, match=r"loops.bedpe: .*; expected predicted values: a .cool or .mcool, or a table"):
        open_values(tmp_path / "loops.bedpe", world.maps[0], 1000, Choice())
    (tmp_path / "bytes").write_bytes(b"\0\1")
    with pytest.raises(InputError, match="of no known format"):
        open_values(tmp_path / "bytes", world.maps[0], 1000, Choice())
    write_mcool(tmp_path / "short.mcool", {}, chromsizes={"chr1": 60_000})
    with pytest.raises(InputError, match=r"chr1 is 60,000 bp long there and .*; expected maps of the same genome"):
        open_values(tmp_path / "short.mcool", world.maps[0], 1000, Choice())
    write_mcool(tmp_path / "other.mcool", {}, chromsizes={"II": 60_000})
    with pytest.raises(InputError, match=r"other.mcool"):
        open_values(tmp_path / "other.mcool", world.maps[0], 1000, Choice())
    far = write_loci(tmp_path / "far", ("chr1", 10_000, symmetric(3)))
    with pytest.raises(InputError, match=r"reaches to .* on line 1 and is .* bp long in the reference"):
        counts_of(open_values(far, world.maps[0], 1000, Choice()))
    endless = write_floats(tmp_path / "endless.cool", [("chr1", 0, 3, np.inf)], "score")
    with pytest.raises(InputError, match="infinity in its column score; expected finite numbers"):
        counts_of(open_values(endless, world.maps[0], 1000, Choice(value_column="score")))


def test_a_reference_of_loops_has_no_lengths_and_is_taken_all_the_same(tmp_path):
    starts = 1000 * np.arange(9)
    loops = "".join(f"chr1\t{at}\t{at + 1000}\tchr1\t{at + 5000}\t{at + 6000}\t4\n" for at in starts)
    (tmp_path / "loops.bedpe").write_text(loops)
    path = write_loci(tmp_path, ("chr1", 0, symmetric(20)))
    with pytest.raises(InputError, match="count_column"):
        open_values(path, tmp_path / "loops.bedpe", 1000, Choice())
    found = counts_of(open_values(path, tmp_path / "loops.bedpe", 1000, Choice(count_column=7)))
    assert by_distance(found) == {("chr1", 5): [4.0] * 9}
    assert_allclose(sum(found.values()), 36)
