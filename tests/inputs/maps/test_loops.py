"""Contacts from text: loops and triplets against loops over loops and bins, and against a map of the same pixels."""

import gzip
from collections import Counter

import numpy as np
import pytest
from conftest import CHROMSIZES

from spex.contacts.collect import collect_contacts, read_maps
from spex.contacts.rules import Corrected, Published
from spex.errors import InputError
from spex.inputs.choices import Reading
from spex.inputs.maps import loops, text
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.loops import LoopMap, TripletMap
from spex.inputs.maps.matching import Chromosomes, agree_maps

RESOLUTION = 1000
HEADER = "chrom1\tstart1\tend1\tchrom2\tstart2\tend2\tname\tcount\n"
KNOWN = Chromosomes(["chr1", "chr8", "chr9"], CHROMSIZES)


def nothing(count):
    pass


def random_loops(generator, count):
    """Loops with anchors of up to five bins, near and far, some between chromosomes, in any order."""
    rows = []
    for _ in range(count):
        chrom = str(generator.choice(list(CHROMSIZES)))
        other = chrom if generator.random() < 0.9 else "chr1"
        anchors = []
        for name in (chrom, other):
            start = int(generator.integers(0, CHROMSIZES[name] - 4001))
            anchors += [name, start, start + int(generator.integers(1, 4001))]
        rows.append((*anchors, int(generator.integers(0, 9))))
    return rows


def pixels_by_hand(rows, chrom):
    """Counter of (lower bin, higher bin) -> count: every pair of bins that a loop's anchors overlap, once."""
    found = Counter()
    for chrom1, start1, end1, chrom2, start2, end2, count in rows:
        if chrom1 != chrom or chrom2 != chrom:
            continue
        bins = range(CHROMSIZES[chrom] // RESOLUTION + 1)
        one, other = (
            {number for number in bins if number * RESOLUTION < end and start < (number + 1) * RESOLUTION}
            for start, end in ((start1, end1), (start2, end2))
        )
        for pair in {tuple(sorted((a, b))) for a in one for b in other}:
            found[pair] += count
    return found


def write_loops(path, rows, header=HEADER):
    path.write_text(header + "".join("\t".join(map(str, (*row[:6], ".", row[6]))) + "\n" for row in rows))


def seen(map_, chrom, tss_bins):
    """What `pixels_of` gives as a dict of (TSS bin, other bin) -> count; each pair must be there once."""
    columns = map_.pixels_of(chrom, np.array(tss_bins, np.int64), nothing)
    assert [column.dtype for column in columns] == [np.int64, np.int64, np.float64]
    seen = {(one, other): count for one, other, count in zip(*(column.tolist() for column in columns), strict=True)}
    assert len(seen) == len(columns[0])
    return seen


@pytest.mark.parametrize("at_once", [4_000_000, 40])
def test_loops_are_binned_as_by_hand(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr(loops, "PAIRS_AT_ONCE", at_once)
    monkeypatch.setattr(text, "LINES_AT_ONCE", 70)
    rows = random_loops(np.random.default_rng(3), 300)
    write_loops(tmp_path / "loops", rows)
    map_ = LoopMap(tmp_path / "loops", RESOLUTION)
    map_.fit(KNOWN)
    for chrom in CHROMSIZES:
        expected = pixels_by_hand(rows, chrom)
        tss_bins = [0, 7, 8, 31, 60, 200]
        by_hand = {(a, b): n for pair, n in expected.items() for a, b in {pair, pair[::-1]} if a in tss_bins}
        assert seen(map_, chrom, tss_bins) == by_hand
        parts = Counter()
        for part in map_.parts(chrom, nothing):
            for *pair, count in zip(part.bin1.tolist(), part.bin2.tolist(), part.counts.tolist(), strict=True):
                parts[tuple(pair)] += count
        assert parts == expected
    assert map_.depth(["chr1"], nothing) == sum(pixels_by_hand(rows, "chr1").values())


@pytest.mark.parametrize(
    "anchors, pixels",
    [
        ((5000, 6000, 30_000, 31_000), {(5, 30): 3}),
        ((5999, 6001, 30_000, 31_000), {(5, 30): 3, (6, 30): 3}),
        ((30_000, 31_000, 5000, 6000), {(5, 30): 3}),
        ((5000, 5400, 5500, 6000), {(5, 5): 3}),
        ((5000, 7000, 5000, 7000), {(5, 5): 3, (5, 6): 3, (6, 6): 3}),
        ((5000, 7000, 6000, 8000), {(5, 6): 3, (5, 7): 3, (6, 6): 3, (6, 7): 3}),
        ((5000, 5000, 9000, 9000), {(5, 9): 3}),
    ],
)
def test_a_loop_worked_by_hand(tmp_path, anchors, pixels):
    one, other = anchors[:2], anchors[2:]
    write_loops(tmp_path / "loops", [("chr1", *one, "chr1", *other, 3)])
    map_ = LoopMap(tmp_path / "loops", RESOLUTION)
    map_.fit(KNOWN)
    (part,) = map_.parts("chr1", nothing)
    found = dict(zip(zip(part.bin1.tolist(), part.bin2.tolist(), strict=True), part.counts, strict=True))
    assert found == pixels


def as_triplets(pixels):
    return "".join(
        f"{chrom}\t{b * RESOLUTION}\t{a * RESOLUTION}\t{count:g}\n" for chrom in pixels for a, b, count in pixels[chrom]
    )


def as_loops(pixels):
    return HEADER + "".join(
        f"{chrom}\t{a * RESOLUTION}\t{min((a + 1) * RESOLUTION, CHROMSIZES[chrom])}\t"
        f"{chrom}\t{b * RESOLUTION}\t{min((b + 1) * RESOLUTION, CHROMSIZES[chrom])}\t.\t{count:g}\n"
        for chrom in pixels
        for a, b, count in pixels[chrom]
    )


def as_fithichip(pixels):
    rows = as_loops(pixels).replace("\t.\t", "\t").splitlines()[1:]
    return "chr1\ts1\te1\tchr2\ts2\te2\tcc\tQ-Value_Bias\n" + "".join(f"{row}\t0.01\n" for row in rows)


WRITERS = {
    "triplets": as_triplets,
    "triplets with a header": lambda pixels: "chrom\tstart1\tstart2\tcount\n" + as_triplets(pixels),
    "triplets and blanks": lambda pixels: as_triplets(pixels).replace("\t", "  "),
    "BEDPE": as_loops,
    "HiCCUPS": lambda pixels: "#" + as_loops(pixels).replace("count\n", "observed\n# juicer_tools 1.2\n", 1),
    "FitHiChIP": as_fithichip,
    "without chr": lambda pixels: (
        as_loops(pixels).replace("chr1\t", "1\t").replace("chr8\t", "8\t").replace("chr9\t", "9\t")
    ),
}


@pytest.mark.parametrize("rule", [Published(), Corrected()])
@pytest.mark.parametrize("form", WRITERS)
def test_the_same_pixels_give_the_same_contacts_whatever_the_form(world, genes, tmp_path, form, rule):
    content = WRITERS[form](world.pixels[0]).encode()
    (tmp_path / "text").write_bytes(gzip.compress(content) if form == "BEDPE" else content)
    both = []
    for path in (world.maps[0], tmp_path / "text"):
        maps = open_maps([path, world.maps[1]], RESOLUTION)
        agree_maps(maps, genes, CHROMSIZES)
        both.append(collect_contacts(maps, genes, rule, RESOLUTION, nothing))
    for name in ("genes", "has_pixels", "offsets", "bins", "counts", "downstream"):
        first, second = (getattr(contacts, name) for contacts in both)
        assert first.dtype == second.dtype and first.tobytes() == second.tobytes(), name


BARE = "chr1\t0\t1000\tchr1\t50000\t51000\tpeak_1\t3\t0.25\n"


@pytest.mark.parametrize("column, count", [(8, 3), (9, 0.25)])
def test_the_column_of_the_count_can_be_chosen(tmp_path, column, count):
    (tmp_path / "loops").write_text(BARE)
    (map_,) = open_maps([tmp_path / "loops"], RESOLUTION, Reading(count_column=column))
    map_.fit(KNOWN)
    assert seen(map_, "chr1", [0]) == {(0, 50): count}


def test_a_name_of_two_columns_chooses_none(tmp_path):
    (tmp_path / "loops").write_text(HEADER.replace("name", "count") + loop())
    with pytest.raises(
        InputError, match="count_column count: 2 columns of its header are called that; give the number"
    ):
        LoopMap(tmp_path / "loops", RESOLUTION, Reading(count_column="count"))
    assert LoopMap(tmp_path / "loops", RESOLUTION, Reading(count_column=8)).accounts()[0].used == 1


def test_a_column_can_be_chosen_by_name(tmp_path):
    (tmp_path / "loops").write_text("a\tb\tc\td\te\tf\tname\tcount\tscore\n" + BARE)
    for reading, count in ((Reading(), 3), (Reading(count_column="score"), 0.25)):
        map_ = LoopMap(tmp_path / "loops", RESOLUTION, reading)
        map_.fit(KNOWN)
        assert seen(map_, "chr1", [0]) == {(0, 50): count}


FIRST = "the first row is 1 chr1, 2 0, 3 1000, 4 chr1, 5 50000, 6 51000, 7 peak_1, 8 3, 9 0.25"
AMBIGUOUS = [
    ("", None, f"no header names its count; {FIRST}; expected count_column with the number"),
    ("a\tb\tc\td\te\tf\tname\tscore\tvalue\n", None, f"no header names its count; {FIRST}"),
    ("a\tb\tc\td\te\tf\tname\tcount\tPET Count\n", None, f"its header names 2 columns of counts; {FIRST}"),
    ("", 10, "count_column 10: it has 9 columns"),
    ("", 2, f"count_column 2: that column says where a contact lies; {FIRST}"),
    ("", "count", "count_column count: it has no header"),
    ("a\tb\tc\td\te\tf\tname\tscore\tvalue\n", "count", "count_column count: its header has a, b, c, d, e, f, name"),
    ("a\tb\tc\td\te\tf\tcount\n", None, "7 columns in its header, 9 in its first row"),
]


@pytest.mark.parametrize("header, column, message", AMBIGUOUS)
def test_a_count_that_nobody_names_is_asked_for(tmp_path, header, column, message):
    (tmp_path / "loops").write_text(header + BARE)
    with pytest.raises(InputError, match=rf"^maps .*loops: {message}"):
        LoopMap(tmp_path / "loops", RESOLUTION, Reading(count_column=column))


GOOD = "chr1\t0\t1000\tchr1\t50000\t51000\t.\t3\n"


def loop(start1=0, end1=1000, start2=50_000, end2=51_000, count="3", chrom="chr1"):
    return f"{chrom}\t{start1}\t{end1}\t{chrom}\t{start2}\t{end2}\t.\t{count}\n"


BAD_LOOPS = {
    "a negative count": (loop(count="-1"), "the count, column 8, on line 3 is '-1'; expected a whole number from 0"),
    "NaN": (loop(count="nan"), "the count, column 8, on line 3 is 'nan'"),
    "a fraction": (loop(count="0.5"), "the count, column 8, on line 3 is '0.5'; expected a whole number from 0 up"),
    "no number": (loop(count="."), "the count, column 8, on line 3 is '.'"),
    "a start that is none": (loop(start2="x"), "start2, column 5, on line 3 is 'x'"),
    "a negative start": (loop(start1=-5), "start1, column 2, on line 3 is '-5'"),
    "a start without end": (loop(end2=49_999), "an anchor on line 3 goes from 50000 to 49999; expected its start"),
    "past the end": (loop(end2=120_401), r"chr1 reaches to 120,401 bp on line 3 and is 120,400 bp long in the genome"),
    "past every end": (loop(end2=3_000_000_000), "end2 on line 3 is 3,000,000,000; expected a position in bp"),
    "few columns": ("chr1\t0\t1000\tchr1\t50000\t51000\t3\n", "7 columns on line 3, 8 on the first row"),
}


@pytest.mark.parametrize("kind", BAD_LOOPS)
def test_a_loop_that_cannot_be_is_refused(genes, tmp_path, kind):
    row, message = BAD_LOOPS[kind]
    (tmp_path / "loops").write_text(HEADER + GOOD + row)
    maps = open_maps([tmp_path / "loops"], RESOLUTION)
    agree_maps(maps, genes, CHROMSIZES)
    with pytest.raises(InputError, match=rf"^maps .*loops: {message}"):
        collect_contacts(maps, genes, Published(), RESOLUTION, nothing)


@pytest.mark.parametrize(
    "rows, message",
    [
        ("", "no contact within a chromosome in it"),
        (
            "chr1\t0\t1000\tchr8\t50000\t51000\t.\t3\n.\t-1\t-1\t.\t-1\t-1\t.\t3\n",
            "no contact within a chromosome in it",
        ),
        (loop(chrom="II"), "none of the genes lies on a chromosome of it: it has II, the genes chr"),
    ],
)
def test_loops_without_any_contact_of_the_genes_are_refused(genes, tmp_path, rows, message):
    (tmp_path / "loops").write_text(HEADER + rows)
    maps = open_maps([tmp_path / "loops"], RESOLUTION)
    agree_maps(maps, genes, CHROMSIZES)
    with pytest.raises(InputError, match=rf"^maps .*loops: {message}"):
        collect_contacts(maps, genes, Published(), RESOLUTION, nothing)


@pytest.mark.parametrize(
    "row, message",
    [
        ("chr1\t500\t5000\t3\n", "a bin on line 2 starts at 500; expected a multiple of resolution 1000"),
        ("chr1\t0\t121000\t3\n", "chr1 reaches to 121,001 bp on line 2"),
        ("chr1\t0\t5000\t-3\n", "the count, column 4, on line 2 is '-3'"),
        ("chr1\t0\t5000\n", "3 columns on line 2, 4 on the first row"),
    ],
)
def test_a_triplet_that_cannot_be_is_refused(tmp_path, row, message):
    (tmp_path / "triplets").write_text(f"chr1\t0\t5000\t3\n{row}")
    map_ = TripletMap(tmp_path / "triplets", RESOLUTION)
    map_.fit(KNOWN)
    with pytest.raises(InputError, match=rf"^maps .*triplets: {message}"):
        seen(map_, "chr1", [0])


def triplets_of(width, bins=24):
    return "".join(f"chr1\t{a * width}\t{b * width}\t3\n" for a in range(bins) for b in range(a, bins, 5))


def test_triplets_of_wider_bins_are_refused(tmp_path, genes):
    """Which would be read as contacts of the beginning of each wide bin, and none of the rest."""
    (tmp_path / "wide").write_text(triplets_of(5000))
    message = "all its bins start at multiples of 5,000 bp; expected bins of resolution 1000; choose resolution 5000"
    with pytest.raises(InputError, match=f"^maps .*wide: {message}, or give the bins as the anchors of loops"):
        read_maps(
            agree_maps(open_maps([tmp_path / "wide"], RESOLUTION), genes, CHROMSIZES), genes, Published(), RESOLUTION
        )
    (tmp_path / "few").write_text(triplets_of(5000, 19))
    (tmp_path / "one").write_text(triplets_of(5000) + "chr8\t0\t51000\t3\n")
    for name, resolution in (("wide", 5000), ("few", RESOLUTION), ("one", RESOLUTION)):
        assert TripletMap(tmp_path / name, resolution).accounts()[0].used > 40


def test_a_chromosome_without_loops_has_no_pixels(tmp_path):
    (tmp_path / "loops").write_text(HEADER + GOOD)
    map_ = LoopMap(tmp_path / "loops", RESOLUTION)
    map_.fit(KNOWN)
    assert seen(map_, "chr8", [0, 1]) == {} and list(map_.parts("chr8", nothing)) == []
    assert seen(map_, "chr1", []) == {}


@pytest.mark.parametrize(
    "anchors",
    [("1", "1"), ("chr1", "1"), ("1", "chr1"), ("chr1 ", "chr1"), (" chr1", "1 ")],
    ids=["without chr", "either", "the other way", "a blank", "blanks"],
)
def test_a_chromosome_in_several_spellings_is_one(tmp_path, genes, anchors):
    one, other = anchors
    (tmp_path / "loops").write_text(
        HEADER + f"{one}\t60000\t61000\t{other}\t90000\t91000\t.\t3\n" + GOOD.replace("chr1", "chr8") + GOOD
    )
    (map_,) = open_maps([tmp_path / "loops"], RESOLUTION)
    map_.fit(KNOWN)
    assert seen(map_, "chr1", [60, 0]) == {(60, 90): 3, (0, 50): 3} and seen(map_, "chr8", [0]) == {(0, 50): 3}
    assert map_.accounts()[0].summary()["left_out"] == {}


def test_every_row_is_accounted_for_once_a_run(tmp_path, genes, caplog):
    rows = [
        GOOD * 3,
        loop(count="0"),
        loop(chrom="chr8"),
        loop(chrom="chrX") * 2,
        loop(chrom="chrUn_1") + loop(chrom="chrUn_2"),
        GOOD.replace("chr1", "chr9", 1),
        ".\t-1\t-1\t.\t-1\t-1\t.\t3\n" * 4,
    ]
    (tmp_path / "loops").write_text(HEADER + "".join(rows))
    sizes = {**CHROMSIZES, "chrX": 120_000}
    maps = agree_maps(open_maps([tmp_path / "loops"], RESOLUTION), genes, sizes)
    with caplog.at_level("INFO", logger="spex"):
        contacts = read_maps(maps, genes, Published(), RESOLUTION)
    (account,) = contacts.accounts
    assert account == {
        "file": str(tmp_path / "loops"),
        "unit": "rows",
        "used": 5,
        "left_out": {
            "between chromosomes": 1,
            "with an anchor that is not known": 4,
            "on chromosomes without genes": 2,
            "on chromosomes that the genome lacks": 2,
        },
        "notes": ["1 of the rows used have a count of 0"],
    }
    assert account["used"] + sum(account["left_out"].values()) == 14
    told = [record.message for record in caplog.records if "rows used" in record.message]
    assert len(told) == 1 and told[0].startswith(f"{tmp_path / 'loops'}: 5 rows used; left out: ")
    assert "2 on chromosomes that the genome lacks (chrUn_1, chrUn_2)" in told[0]


def test_an_end_that_is_rounded_up_to_whole_bins_is_no_other_build(tmp_path):
    (tmp_path / "loops").write_text(HEADER + loop(start2=120_000, end2=121_000))
    map_ = LoopMap(tmp_path / "loops", RESOLUTION)
    map_.fit(KNOWN)
    assert seen(map_, "chr1", [0]) == {(0, 120): 3}


def test_loops_of_other_chromosomes_than_the_genes_are_refused(tmp_path):
    (tmp_path / "loops").write_text(HEADER + loop(chrom="chrX"))
    map_ = LoopMap(tmp_path / "loops", RESOLUTION)
    map_.fit(Chromosomes(["chr1"], {"chr1": 120_400, "chrX": 100_000}))
    with pytest.raises(InputError, match="none of the genes lies on a chromosome of it: it has chrX, the genes chr1"):
        map_.chromsizes  # noqa: B018 (reads)


def test_loops_between_chromosomes_alone_are_counted_in_the_message(tmp_path):
    (tmp_path / "loops").write_text(HEADER + GOOD.replace("chr1", "chr9", 1) * 3)
    with pytest.raises(InputError, match="no contact within a chromosome in it: 3 between chromosomes; expected"):
        LoopMap(tmp_path / "loops", RESOLUTION).accounts()
