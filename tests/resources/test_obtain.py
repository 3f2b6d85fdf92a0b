"""Getting files: nothing has its final name unless it was verified."""

import base64
import dataclasses
import gzip
import hashlib
import json

import pytest
import small_resources
from file_server import FileServer
from small_resources import TABLE, fetch_into, served_files, small_table
from stand_ins import LENGTHS, write_genome, write_map

from spex.errors import InputError


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    return write_genome(tmp_path_factory.mktemp("genome") / "hg38.fa", LENGTHS)


@pytest.fixture(scope="module")
def contacts(tmp_path_factory):
    return write_map(tmp_path_factory.mktemp("map") / "map.mcool", 1000, 5000)


@pytest.fixture
def server(genome, contacts):
    with FileServer(served_files(genome, contacts)) as running:
        yield running


@pytest.fixture
def table(server):
    return small_table(server)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_everything_in_its_place(server, table, genome, tmp_path):
    fetch_into(tmp_path, table)
    assert (tmp_path / "expecto/features.tsv").read_bytes() == TABLE
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome
    assert (tmp_path / "data/map.mcool").read_bytes() == server.files["map.mcool"]
    assert names_in(tmp_path / "expecto") == ["features.tsv", "features.tsv.verified.json"]
    assert names_in(tmp_path / "data") == [
        "hg38.fa",
        "hg38.fa.fai",
        "hg38.fa.verified.json",
        "map.mcool",
        "map.mcool.verified.json",
    ]
    assert (tmp_path / "data/hg38.fa.fai").read_text().startswith("chr1\t101\t6\t60\t61\n")
    assert (tmp_path / "data/hg38.fa.fai").stat().st_mtime_ns >= (tmp_path / "data/hg38.fa").stat().st_mtime_ns


def test_second_call_asks_for_nothing(server, table, tmp_path):
    fetch_into(tmp_path, table)
    asked = len(server.requests)
    fetch_into(tmp_path, table)
    assert len(server.requests) == asked


def test_dropped_connection_is_resumed(server, table, genome, tmp_path):
    server.cuts = [100, 1000]
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome


def test_wrong_file_is_refused_and_removed(server, table, tmp_path):
    server.files["features.tsv"] = TABLE[:-1] + b"?"
    with pytest.raises(InputError, match=r"features.tsv.part: its sha256 hash is .*; expected .* and was removed"):
        fetch_into(tmp_path, table, "features")
    assert names_in(tmp_path / "expecto") == []


def test_map_without_the_resolution_is_refused_and_removed(server, table, tmp_path):
    server.files["map.mcool"] = write_map(tmp_path / "coarse.mcool", 5000)
    with pytest.raises(InputError, match=r"no resolution 1000 \(it has 5000\).*; it came from http.* and was removed"):
        fetch_into(tmp_path, table, "contacts")
    assert names_in(tmp_path / "data") == []


@pytest.mark.parametrize(
    "case",
    [
        (lambda genome: b"not gzip", "cannot be unpacked"),
        (lambda genome: gzip.compress(genome)[:-20], "cannot be unpacked"),
        (lambda genome: gzip.compress(genome)[:-8] + b"12345678", "cannot be unpacked"),
        (lambda genome: gzip.compress(b"no genome"), "expected FASTA"),
        (lambda genome: gzip.compress(genome.replace(b">chr", b">")), "no sequence chr1; it calls it 1"),
        (lambda genome: gzip.compress(genome[:-30]), "chr22 is 9"),
    ],
)
def test_wrong_genome_is_refused_and_removed(server, table, genome, tmp_path, case):
    damage, problem = case
    server.files["hg38.fa.gz"] = damage(genome)
    with pytest.raises(InputError, match=f"{problem}.* and was removed"):
        fetch_into(tmp_path, table, "genome")
    assert names_in(tmp_path / "data") == []


def test_error_page_leaves_nothing_under_the_name(server, table, tmp_path):
    server.page = True
    with pytest.raises(InputError, match="a web page; expected the file"):
        fetch_into(tmp_path, table, "features")
    assert names_in(tmp_path / "expecto") == ["features.tsv.part"]
    server.page = False
    fetch_into(tmp_path, table, "features")
    assert (tmp_path / "expecto/features.tsv").read_bytes() == TABLE


def test_killed_while_unpacking_unpacks_again_without_a_download(server, table, genome, tmp_path, monkeypatch):
    def killed(path, lengths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(small_resources, "check_genome", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch_into(tmp_path, table, "genome")
    assert names_in(tmp_path / "data") == ["hg38.fa.gz.part", "hg38.fa.gz.part.json", "hg38.fa.part"]
    (tmp_path / "data/hg38.fa.part").write_bytes(genome + b"of an earlier, longer try")
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").read_bytes() == genome
    assert len(server.requests) == 1


def test_first_genome_is_recorded_and_later_ones_compared(server, table, genome, tmp_path):
    fetch_into(tmp_path, table, "genome")
    record = tmp_path / "data/hg38.fa.verified.json"
    assert json.loads(record.read_text())["digest"] == f"sha256:{hashlib.sha256(genome).hexdigest()}"
    (tmp_path / "data/hg38.fa").unlink()
    server.files["hg38.fa.gz"] = gzip.compress(genome.replace(b"ACGTN", b"acgtn"))
    with pytest.raises(InputError, match=r"expected .* as recorded in .*hg38.fa.verified.json; delete that to accept"):
        fetch_into(tmp_path, table, "genome")
    assert not (tmp_path / "data/hg38.fa").exists()
    record.unlink()
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "data/hg38.fa").exists()


def test_file_that_is_there_is_verified_and_never_replaced(server, table, tmp_path):
    (tmp_path / "features.tsv").write_bytes(TABLE)
    fetch_into(tmp_path, table, "features")
    assert server.requests == []
    (tmp_path / "features.tsv").write_bytes(TABLE.upper())
    with pytest.raises(InputError, match=r"its sha256 hash is .*; move it away and run the same command again"):
        fetch_into(tmp_path, table, "features")
    assert (tmp_path / "features.tsv").read_bytes() == TABLE.upper()


def test_genome_that_is_there_gets_its_index(table, genome, tmp_path):
    (tmp_path / "hg38.fa").write_bytes(genome)
    fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "hg38.fa.fai").read_text().startswith("chr1\t101\t6\t60\t61\n")


def test_too_little_disk_is_told_before_the_download(server, table, tmp_path):
    huge = [dataclasses.replace(resource, megabytes=10**9) for resource in table]
    with pytest.raises(InputError, match="MB free, but genome takes about 1,000,000,000 more"):
        fetch_into(tmp_path, huge, "genome")
    assert server.requests == []


def test_login_goes_to_the_maker_alone(server, table, tmp_path):
    login = ("AKEY", "s3cr3t-of-mine")
    fetch_into(tmp_path, table, "contacts", "features", login=login)
    expected = "Basic " + base64.b64encode(b"AKEY:s3cr3t-of-mine").decode()
    assert {name: header for name, _, header, _ in server.requests} == {"map.mcool": expected, "features.tsv": None}
    with FileServer(server.files) as mirror:
        fetch_into(tmp_path / "other", table, "contacts", login=login, mirror=f"{mirror.address}/")
        assert [(name, header) for name, _, header, _ in mirror.requests] == [("map.mcool", None)]


def test_a_file_that_unfolds_without_bounds_is_refused_and_removed(server, table, genome, tmp_path):
    server.files["hg38.fa.gz"] = gzip.compress(genome + bytes(3_000_000))
    with pytest.raises(InputError, match=r"it expands to more than 2,000,000 bytes; it came from .* and was removed"):
        fetch_into(tmp_path, table, "genome")
    assert names_in(tmp_path / "data") == []


def test_a_file_much_larger_than_the_table_says_is_refused(server, table, tmp_path):
    server.files["features.tsv"] = bytes(2_000_001)
    with pytest.raises(InputError, match=r"the file has 2,000,001 bytes or more; expected at most 2,000,000"):
        fetch_into(tmp_path, table, "features")


def test_a_link_in_the_place_of_what_is_unpacked_is_left_alone(server, table, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "thesis.txt").write_text("all of it")
    (tmp_path / "data/hg38.fa.part").symlink_to(tmp_path / "thesis.txt")
    with pytest.raises(InputError, match=r"hg38.fa.part: a symbolic link; expected a file of this program"):
        fetch_into(tmp_path, table, "genome")
    assert (tmp_path / "thesis.txt").read_text() == "all of it"
