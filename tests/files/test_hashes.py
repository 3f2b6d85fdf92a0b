"""Inputs are known by their content, and watched while a run goes on."""

import os
import pickle
import time

import pytest

from spex.errors import InputError
from spex.files import hashes
from spex.files.hashes import KnownHashes, Watch, stamp_of


def test_hashes_are_remembered_until_a_file_changes(tmp_path, monkeypatch):
    file, memory = tmp_path / "genome.fa", tmp_path / "data" / "hashes.json"
    file.write_text("abc")
    known = hashes.KnownHashes(memory)
    digest = known.sha256(file)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    known.save()
    monkeypatch.setattr(hashes, "file_sha256", None)  # reading the file again would fail now
    assert hashes.KnownHashes(memory).sha256(file) == digest
    monkeypatch.undo()
    file.write_text("abcd")
    assert hashes.KnownHashes(memory).sha256(file) != digest


def test_a_damaged_memory_of_hashes_is_no_obstacle(tmp_path):
    file, memory = tmp_path / "genome.fa", tmp_path / "hashes.json"
    file.write_text("abc")
    known = hashes.KnownHashes(memory)
    digest = known.sha256(file)
    known.save()
    content = memory.read_text()
    for damaged in (content.replace(digest, "0" * 64), content[:-9], "", "[1]", "{}"):
        memory.write_text(damaged)
        assert hashes.KnownHashes(memory).sha256(file) == digest


def rewrite_in_place(path):
    """Other content of the same length, under the old time of modification."""
    before = os.stat(path)
    with open(path, "r+b") as file:
        file.write(b"TTTT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path):
    before = os.stat(path)
    other = path.with_name("other")
    other.write_bytes(b"TTTT")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)


CHANGES = {
    "longer": lambda path: path.write_bytes(b"ACGTA"),
    "as long": lambda path: path.write_bytes(b"TTTT"),
    "in place, with its old time": rewrite_in_place,
    "another file under its name": replace,
}


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_noticed(tmp_path, kind):
    path, other = tmp_path / "genome.fa", tmp_path / "weights.pth"
    path.write_bytes(b"ACGT")
    other.write_bytes(b"w")
    watch = Watch(genome=path, network=[str(other)])
    watch.check()
    CHANGES[kind](path)
    for each in (watch, pickle.loads(pickle.dumps(watch))):
        with pytest.raises(InputError, match=r"^genome .*genome.fa: changed since this run began; expected the same"):
            each.check()


def test_a_change_at_once_after_the_stamp_is_noticed(tmp_path):
    """File systems tell the time in steps: a stamp is taken when the step of the last change is over."""
    for _ in range(20):
        path = tmp_path / "genome.fa"
        path.write_bytes(b"ACGT")
        watch = Watch(genome=path)
        path.write_bytes(b"TTTT")
        with pytest.raises(InputError, match="changed"):
            watch.check()


def test_a_file_that_is_gone_and_one_that_comes(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(b"ACGT")
    watch = Watch(genome=path)
    path.unlink()
    with pytest.raises(InputError, match=r"genome.fa: gone since this run began"):
        watch.check()
    assert stamp_of(path) is None and stamp_of(tmp_path / "none" / "x") is None
    with pytest.raises(InputError, match="changed"), Watch(genome=path):
        path.write_bytes(b"ACGT")


def test_what_passes_is_checked_at_the_end_alone(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_bytes(b"ACGT")
    time.sleep(0.03)
    passing = Watch(genome=path).passing([1, 2])
    assert next(passing) == 1
    path.write_bytes(b"TTTT")
    assert next(passing) == 2
    with pytest.raises(InputError, match="changed"):
        next(passing)
    with pytest.raises(ZeroDivisionError), Watch(genome=path):  # an error is not hidden by another one
        path.write_bytes(b"AAAA")
        1 / 0  # noqa: B018


def test_a_file_that_changes_while_it_is_hashed_has_no_hash(tmp_path, monkeypatch):
    path = tmp_path / "genome.fa"
    path.write_bytes(b"ACGT")

    def changing(path):
        path.write_bytes(b"TTTT")
        return "0"

    monkeypatch.setattr("spex.files.hashes.file_sha256", changing)
    with pytest.raises(InputError, match=r"genome.fa: changed while it was read; wait until no program writes it"):
        KnownHashes().sha256(path)
