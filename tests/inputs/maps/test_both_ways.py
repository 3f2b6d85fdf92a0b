"""Pairs that a table lists in both directions, against loops over rows."""

import numpy as np
import pytest

from spex.inputs.maps.loops import ROW, LoopMap, TripletMap, count_once
from spex.inputs.maps.matching import Chromosomes

HEADER = "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tcount\n"


def nothing(count):
    pass


def turned(row):
    chrom1, start1, end1, chrom2, start2, end2, count = row
    return chrom2, start2, end2, chrom1, start1, end1, count


def made_loops(generator, count):
    """Loops of different pairs of stretches, some of a stretch with itself, in either direction."""
    rows = {}
    while len(rows) < count:
        chrom, starts = f"chr{generator.integers(1, 3)}", generator.integers(0, 90, 2).tolist()
        one, other = ((start * 1000, start * 1000 + 900) for start in starts)
        rows[chrom, frozenset((one, other))] = (chrom, *one, chrom, *other, int(generator.integers(1, 4)))
    return list(rows.values())


def read(path, rows):
    path.write_text(HEADER + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    map_ = LoopMap(path, 1000)
    found = {}
    for chrom in ("chr1", "chr2"):
        for part in map_.parts(chrom, nothing):
            for one, other, number in zip(part.bin1, part.bin2, part.counts, strict=True):
                found[chrom, one, other] = found.get((chrom, one, other), 0) + number
    return found, map_.accounts()[0]


def test_a_table_that_lists_all_in_both_directions_counts_each_once(tmp_path):
    generator = np.random.default_rng(4)
    once = made_loops(generator, 80)
    apart = [row for row in once if row[1] != row[4]]
    both = [*once, *map(turned, apart)]
    expected, _ = read(tmp_path / "once", once)
    found, account = read(tmp_path / "both", [both[place] for place in generator.permutation(len(both))])
    assert found == expected and len(apart) < len(once)
    assert (account.used, list(account.left_out.values())) == (len(once), [len(apart)])
    assert "count once" in account.line()


@pytest.mark.parametrize("missing, once", [(2, True), (30, False)])
def test_the_share_of_the_pairs_decides(tmp_path, missing, once):
    rows = [row for row in made_loops(np.random.default_rng(4), 80) if row[1] != row[4]]
    expected, _ = read(tmp_path / "once", rows)
    alone, twice = rows[:missing], rows[missing:]
    found, account = read(tmp_path / "both", [*rows, *map(turned, twice)])
    if once:
        assert found == expected and account.used == len(rows)
    else:
        kept = {(row[0], *sorted((row[1] // 1000, row[4] // 1000))) for row in alone}
        assert found == {pair: count * (1 if pair in kept else 2) for pair, count in expected.items()}
        assert account.notes == [f"{len(twice)} pairs stand in both directions, their counts are added"]


def test_other_counts_in_the_other_direction_are_added(tmp_path):
    rows = [row for row in made_loops(np.random.default_rng(4), 40) if row[1] != row[4]]
    found, account = read(tmp_path / "both", [*rows, *((*turned(row)[:6], row[6] + 1) for row in rows)])
    expected, _ = read(tmp_path / "once", rows)
    assert found == {pair: 2 * count + 1 for pair, count in expected.items()}
    assert account.left_out == {} and account.notes[0].startswith(f"{len(rows)} pairs stand in both directions")


def test_different_stretches_of_the_same_bins_are_different_pairs(tmp_path):
    rows = [("chr1", 0, 400, "chr1", 5000, 5400, 1), ("chr1", 5500, 5900, "chr1", 500, 900, 1)]
    assert read(tmp_path / "loops", rows)[0] == {("chr1", 0, 5): 2}


def test_triplets_of_a_whole_matrix_count_once(tmp_path):
    pixels = {(0, 30): 4, (2, 2): 5, (7, 90): 1, (30, 7): 2}
    whole = pixels | {(other, one): count for (one, other), count in pixels.items()}
    (tmp_path / "triplets").write_text("".join(f"chr1\t{a}000\t{b}000\t{count}\n" for (a, b), count in whole.items()))
    map_ = TripletMap(tmp_path / "triplets", 1000)
    map_.fit(Chromosomes(["chr1"]))
    assert map_.depth(["chr1"], nothing) == sum(pixels.values())
    assert map_.accounts()[0].used == len(pixels)


def test_nothing_is_no_pair():
    empty, alone = np.empty(0, ROW), np.array([(5, 5, 5, 5, 3.0)] * 2, ROW)
    for table in (empty, alone):
        kept, again, both = count_once({"chr1": table})
        assert (len(kept["chr1"]), again, both) == (len(table), 0, 0)
    assert count_once({}) == ({}, 0, 0)
