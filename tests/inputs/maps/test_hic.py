"""Contact maps of Juicer's format, written by hictkpy."""

import signal
import subprocess
import sys

import numpy as np
import pytest
from conftest import CHROMSIZES, without_zeros, write_hic, write_hic_rows, write_mcool
from numpy.testing import assert_array_equal
from refusals import files_in

from spex.contacts.collect import Contacts, collect_contacts, read_maps
from spex.contacts.rules import Corrected, Published
from spex.contacts.sheet import count_map
from spex.errors import InputError
from spex.inputs.maps import hic
from spex.inputs.maps.formats import open_maps
from spex.inputs.maps.hic import HicMap
from spex.inputs.maps.matching import agree_maps


def ignore(count):
    pass


@pytest.fixture(scope="module")
def pixels(world):
    return without_zeros(world.pixels[0])


@pytest.fixture(scope="module")
def path(pixels, tmp_path_factory):
    path = tmp_path_factory.mktemp("hic") / "map.hic"
    write_hic(path, pixels)
    return path


@pytest.fixture(scope="module")
def mcool(pixels, path):
    """The same pixels as another file."""
    write_mcool(path.with_suffix(".mcool"), pixels)
    return path.with_suffix(".mcool")


@pytest.mark.parametrize(
    ("rule", "piece", "at_once"),
    [
        (Corrected(), 50, 0),
        (Corrected(), 50, 24_000_000),
        (Published(), 50, 24_000_000),
        (Corrected(), 250_000, 0),
        (Published(), 250_000, 24_000_000),
        *(pytest.param(Published(), piece, 0, marks=pytest.mark.soak) for piece in (50, 250_000)),
        pytest.param(Corrected(), 250_000, 24_000_000, marks=pytest.mark.soak),
    ],
)
def test_the_same_pixels_give_the_same_contacts(mcool, path, genes, monkeypatch, rule, piece, at_once):
    monkeypatch.setattr(hic, "PIECE", piece)
    monkeypatch.setattr(hic, "AT_ONCE", at_once)
    found, expected = (read_maps(open_maps([each], 1000), genes, rule, 1000) for each in (path, mcool))
    assert [account["used"] for account in found.accounts] == [account["used"] for account in expected.accounts]
    for name in Contacts.__dataclass_fields__.keys() - {"accounts"}:
        assert_array_equal(getattr(found, name), getattr(expected, name))
        assert np.asarray(getattr(found, name)).dtype == np.asarray(getattr(expected, name)).dtype


def test_counts_are_those_of_the_file_at_every_resolution(path, pixels):
    map_ = HicMap(path, 2000)
    assert map_.chromsizes == CHROMSIZES and map_.resolutions == [1000, 2000]
    assert map_.depth(["chr1", "chr9"], ignore) == sum(count for c in ("chr1", "chr9") for _, _, count in pixels[c])
    coarse = {}
    for one, other, count in pixels["chr8"]:
        coarse[one // 2, other // 2] = coarse.get((one // 2, other // 2), 0) + count
    part, others = map_.all_parts("chr8", ignore)
    assert (others.trans_pixels, others.trans_counts, len(others.bin1)) == (None, 0.0, 0)
    assert dict(zip(zip(part.bin1, part.bin2, strict=True), part.counts, strict=True)) == coarse


def test_counts_between_chromosomes_are_told(tmp_path):
    rows = [(0, 200, 1), (3, 270, 2), (130, 250, 4), (5, 9, 8)]
    write_hic_rows(tmp_path / "map.hic", rows, [1000, 50_000], CHROMSIZES)
    map_ = HicMap(tmp_path / "map.hic", 1000)
    trans = [[part.trans_counts for part in map_.all_parts(chrom, ignore)][-1] for chrom in CHROMSIZES]
    assert trans == [3.0, 4.0, 0.0] and map_.depth(list(CHROMSIZES), ignore) == 8.0


def test_what_was_read_is_told(path, pixels):
    reported = []
    map_ = HicMap(path, 1000)
    map_.pixels_of("chr8", np.array([3]), reported.append)
    assert map_.pixel_count(["chr8"]) is None and sum(reported) == len(pixels["chr8"])


def test_a_missing_resolution_names_those_there_are(path):
    with pytest.raises(InputError, match=r"map.hic: no resolution 5000 \(it has 1000, 2000\); choose resolution among"):
        open_maps([path], 5000)


@pytest.mark.parametrize("factor", [0.37, -1.0])
def test_what_is_no_raw_count_is_refused(pixels, genes, tmp_path, factor):
    write_hic(tmp_path / "map.hic", {chrom: [(a, b, n * factor) for a, b, n in rows] for chrom, rows in pixels.items()})
    with pytest.raises(InputError, match=r"map.hic: found a count of .*; expected raw counts, whole numbers from 0 up"):
        collect_contacts([HicMap(tmp_path / "map.hic", 1000)], genes, Published(), 1000, ignore)


def test_a_map_of_another_build_is_refused(pixels, genes, tmp_path):
    write_hic(tmp_path / "map.hic", pixels, chromsizes={**CHROMSIZES, "chr9": 61_001})
    with pytest.raises(InputError, match="chr9 is 61,001 bp long there and 61,000 bp in the genome"):
        agree_maps([HicMap(tmp_path / "map.hic", 1000)], genes, CHROMSIZES)


def changed(content, place):
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


BAD = {
    "nothing but its first letters": lambda content: content[:4],
    "cut short in front": lambda content: content[:200],
    "cut short at the end": lambda content: content[:-2000],
    "zeros": lambda content: b"HIC\0\x08\0\0\0" + bytes(999),
    "of a version that nobody reads": lambda content: b"HIC\0\x05\0\0\0" + content[8:],
    "changed in a block": lambda content: changed(content, 200),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_damaged_file_is_refused_in_one_line(path, genes, tmp_path, kind):
    bad = tmp_path / "bad.hic"
    bad.write_bytes(BAD[kind](path.read_bytes()))
    before = files_in(tmp_path)
    with pytest.raises(
        InputError, match=r"^maps .*bad\.hic: damaged or cut short \(.*\); fetch or copy it again$"
    ) as refused:
        collect_contacts([HicMap(bad, 1000)], genes, Published(), 1000, ignore)
    assert "\n" not in str(refused.value) and files_in(tmp_path) == before


@pytest.mark.parametrize("name", ["map.mcool", "map.txt"])
def test_a_file_is_told_by_its_content(path, tmp_path, name):
    (tmp_path / name).write_bytes(path.read_bytes())
    (map_,) = open_maps([tmp_path / name], 1000)
    assert isinstance(map_, HicMap)


def test_without_the_library_the_error_says_how_to_get_it(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "hictkpy", None)
    with pytest.raises(InputError, match=r"not installed; get it with: pip install 'spex-expression\[hic\]'$"):
        open_maps([path], 1000)


@pytest.fixture
def started(monkeypatch):
    """The processes that are started."""
    started = []

    class Process(hic._Process):
        def __init__(self, path):
            super().__init__(path)
            started.append(self._process)

    monkeypatch.setattr(hic, "_Process", Process)
    return started


@pytest.mark.parametrize("at_once", [0, 24_000_000])
def test_one_process_a_file_which_ends_when_all_is_read(path, genes, started, monkeypatch, at_once):
    monkeypatch.setattr(hic, "AT_ONCE", at_once)
    map_ = HicMap(path, 1000)
    count_map(map_, genes, 1000, ignore)
    collect_contacts([map_], genes, Corrected(contact_weight="expected"), 1000, ignore)
    assert [process.poll() for process in started] == [None]
    read_maps([map_], genes, Corrected(), 1000)
    assert [process.poll() for process in started] == [-signal.SIGKILL]


def test_the_process_ends_with_the_map(path, started):
    map_ = HicMap(path, 1000)
    assert started[0].poll() is None
    del map_
    assert started[0].poll() == -signal.SIGKILL


def test_what_is_not_read_to_its_end_is_read_anew(path, pixels, started, monkeypatch):
    monkeypatch.setattr(hic, "PIECE", 10)
    map_, sums = HicMap(path, 1000), {chrom: sum(count for *_, count in rows) for chrom, rows in pixels.items()}
    begun = map_.parts("chr1", ignore)
    next(begun)
    assert map_.depth(["chr8"], ignore) == sums["chr8"]  # by a second process, while the first one waits
    begun.close()
    assert map_.depth(["chr1"], ignore) == sums["chr1"] and len(started) == 2
    assert sorted(process.poll() is None for process in started) == [False, True]


def test_a_reader_that_is_killed_means_a_want_of_memory(path, started):
    map_ = HicMap(path, 1000)
    started[0].kill()
    started[0].wait()
    with pytest.raises(MemoryError):
        map_.depth(["chr1"], ignore)
    assert map_.depth(["chr1"], ignore) > 0 and len(started) == 2


def test_a_reader_that_is_killed_within_an_answer_means_the_same(path, tmp_path, monkeypatch):
    (tmp_path / "killed.py").write_text("import os; print(end='abc', flush=True); os.kill(os.getpid(), 9)")
    monkeypatch.setattr(hic, "SCRIPT", tmp_path / "killed.py")
    with pytest.raises(MemoryError):
        HicMap(path, 1000)


def test_an_interrupt_is_for_the_process_that_asks(path, started):
    map_ = HicMap(path, 1000)
    started[0].send_signal(signal.SIGINT)
    assert map_.depth(["chr1"], ignore) > 0 and len(started) == 1


def test_a_reader_outlives_nobody(path):
    """Its stdin ends with the process that asks, however that ends."""
    ended = subprocess.run(
        [sys.executable, hic.SCRIPT, path], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    assert ended.stdout == ended.stderr == b""


def test_the_library_has_no_thread_of_its_own():
    """Which would keep a core busy. A thread that has ended is gone from /proc a moment later."""
    program = (
        "import os, time, numpy, hic_process\n"
        "threads = lambda: len(os.listdir('/proc/self/task'))\n"
        "before = threads(); assert hic_process.load().__name__ == 'hictkpy'\n"
        "for _ in range(100): threads() > before and time.sleep(0.01)\n"
        "print(threads() - before)"
    )
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, cwd=hic.SCRIPT.parent, capture_output=True, check=True).stdout == b"0\n"


def test_the_library_stays_out_of_this_process(path):
    map_ = HicMap(path, 1000)
    assert map_.depth(["chr1"], ignore) > 0
    assert "hictkpy" not in sys.modules


@pytest.mark.parametrize(
    "body, message",
    [
        ("raise MemoryError", "MemoryError"),  # as std::bad_alloc is
        ("import os; os.abort()", "its reader crashed"),
    ],
)
def test_whatever_the_library_raises_ends_in_one_line(path, tmp_path, monkeypatch, body, message):
    begin = "    def pixels(self, "
    script = hic.SCRIPT.read_text().replace(
        begin, f"{begin}*words):\n        {body}\n        yield\n\n    def other(self, "
    )
    (tmp_path / "reader.py").write_text(script)
    monkeypatch.setattr(hic, "SCRIPT", tmp_path / "reader.py")
    map_ = HicMap(path, 1000)
    with pytest.raises(
        InputError, match=rf"^maps .*map\.hic: damaged or cut short \({message}\); fetch or copy it again$"
    ):
        map_.depth(["chr1"], ignore)


def test_the_account_says_what_is_not_counted(path, genes, pixels):
    map_ = HicMap(path, 1000)
    assert read_maps([map_], genes[genes["chrom"] == "chr9"], Published(), 1000).accounts == [
        {
            "file": str(path),
            "unit": "pixels",
            "used": len(pixels["chr9"]),
            "left_out": {},
            "notes": [
                "pixels on 2 chromosomes without genes (chr1, chr8) are left out",
                "pixels between chromosomes are not counted",
            ],
        }
    ]
