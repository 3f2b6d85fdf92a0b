"""Files that appear whole, detect damage, and tie a folder to its run."""

import json
import os
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex import storage
from spex.errors import InputError

SETTINGS = {"contact_rule": "published", "max_dist": 1.15, "maps_sha256": ["ab"]}


@pytest.mark.parametrize(
    "array", [np.arange(5, dtype=np.float32), np.ones((2, 3)), np.asfortranarray(np.eye(3)), np.empty(0)]
)
def test_arrays_come_back_and_numpy_reads_them_too(tmp_path, array):
    storage.save_array(tmp_path / "a.npy", array)
    for read in (storage.load_array, np.load):
        assert_array_equal(read(tmp_path / "a.npy"), array)
        assert read(tmp_path / "a.npy").dtype == array.dtype


def test_arrays_of_plain_numpy_are_read(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(7.0))
    assert_array_equal(storage.load_array(tmp_path / "a.npy"), np.arange(7.0))


def test_every_flipped_byte_and_every_shortening_is_found(tmp_path):
    path = tmp_path / "a.npy"
    storage.save_array(path, np.arange(10, dtype=np.float32))
    content = path.read_bytes()
    whole_without_seal = len(content) - storage.SEAL.size
    for place in range(len(content)):
        for bit in (1, 2, 16):
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            with pytest.raises(storage.DamagedFileError):
                storage.load_array(path)
        if place != whole_without_seal:  # what is left then is a plain .npy file, and its numbers are right
            path.write_bytes(content[:place])
            with pytest.raises(storage.DamagedFileError):
                storage.load_array(path)


def test_whole_arrays_are_told_from_others(tmp_path):
    path = tmp_path / "a.npy"
    storage.save_array(path, np.arange(10, dtype=np.float32))
    content = path.read_bytes()
    assert storage.is_whole_array(path, (10,), np.float32)
    assert not storage.is_whole_array(path, (11,), np.float32)
    assert not storage.is_whole_array(path, (10,), np.int32)
    for damaged in (content[:-1], content[:-5], content + b"x", content[:90] + b"?" + content[91:], b""):
        path.write_bytes(damaged)
        assert not storage.is_whole_array(path, (10,), np.float32)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        storage.is_whole_array(path, (10,), np.float32)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(storage.DamagedFileError, match="never loaded"):
        storage.load_array(tmp_path / "a.npy")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    storage.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(KeyboardInterrupt), storage.whole_file(tmp_path / "a.txt") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


def test_files_get_the_rights_of_the_users_umask(tmp_path):
    before = os.umask(0o027)
    try:
        storage.write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_temporary_names_cannot_be_foretold(tmp_path):
    assert storage.temporary_path(tmp_path / "a") != storage.temporary_path(tmp_path / "a")


def test_temporary_files_of_dead_processes_are_removed_and_others_stay(tmp_path, monkeypatch):
    mine = storage.temporary_path(tmp_path / "mine.npy")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 2**22 + 5)  # above the kernel's limit: nobody has this number
        dead = storage.temporary_path(tmp_path / "dead.npy")
        patch.setattr(storage.socket, "gethostname", lambda: "node.far.away")
        far, old = (storage.temporary_path(tmp_path / name) for name in ("far.npy", "old.npy"))
    for path in (mine, dead, far, old):
        path.touch()
    os.utime(old, (1, 1))
    (tmp_path / "tensor.npy").touch()
    storage.remove_abandoned(tmp_path)
    assert set(tmp_path.iterdir()) == {mine, far, tmp_path / "tensor.npy"}


def test_a_run_is_claimed_once_and_goes_on_with_the_same_settings(tmp_path):
    folder = storage.DataFolder(tmp_path / "data")
    assert storage.read_run_settings(folder) is None
    storage.claim_run(folder, SETTINGS)
    content = folder.run_json.read_bytes()
    storage.claim_run(folder, dict(reversed(SETTINGS.items())))
    assert folder.run_json.read_bytes() == content
    assert storage.read_run_settings(folder) == SETTINGS


def test_other_settings_are_refused_with_field_and_both_values(tmp_path):
    folder = storage.DataFolder(tmp_path)
    storage.claim_run(folder, SETTINGS)
    with pytest.raises(InputError, match=r"max_dist was 1\.15 when this folder was made and is 1\.2 now"):
        storage.claim_run(folder, {**SETTINGS, "max_dist": 1.2})
    with pytest.raises(InputError, match="precision was null"):
        storage.claim_run(folder, {**SETTINGS, "precision": "tf32"})


def test_of_many_first_runs_at_once_one_wins(tmp_path):
    folder = storage.DataFolder(tmp_path / "data")
    outcomes = []

    def claim(number):
        try:
            storage.claim_run(folder, {"number": number})
            outcomes.append(number)
        except InputError:
            outcomes.append(None)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [outcome for outcome in outcomes if outcome is not None]
    assert len(outcomes) == 16
    assert winners == [storage.read_run_settings(folder)["number"]]


def test_every_flipped_byte_of_run_json_is_refused_by_name(tmp_path):
    folder = storage.DataFolder(tmp_path)
    storage.claim_run(folder, SETTINGS)
    content = folder.run_json.read_bytes()
    for place in range(len(content)):
        folder.run_json.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(InputError, match=r"run\.json: damaged or edited"):
            storage.read_run_settings(folder)


def test_hashes_are_remembered_until_a_file_changes(tmp_path, monkeypatch):
    file, memory = tmp_path / "genome.fa", tmp_path / "data" / "hashes.json"
    file.write_text("abc")
    known = storage.KnownHashes(memory)
    digest = known.sha256(file)
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    known.save()
    monkeypatch.setattr(storage.hashlib, "file_digest", None)  # reading the file again would fail now
    assert storage.KnownHashes(memory).sha256(file) == digest
    monkeypatch.undo()
    file.write_text("abcd")
    assert storage.KnownHashes(memory).sha256(file) != digest


@pytest.mark.parametrize("content", ["", "[1]", "{}", json.dumps({"x": 3}), "\x00"])
def test_an_unreadable_memory_of_hashes_is_no_obstacle(tmp_path, content):
    (tmp_path / "hashes.json").write_text(content)
    assert len(storage.KnownHashes(tmp_path / "hashes.json").sha256(tmp_path / "hashes.json")) == 64


@pytest.mark.parametrize("kind, message", [("missing", "no such file; get it with: python -m"), ("folder", "a folder")])
def test_a_missing_file_is_named_with_the_way_to_get_it(tmp_path, kind, message):
    path = tmp_path / "genes.csv"
    if kind == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=f"--genes_filename .*genes.csv: .*{message}"):
        storage.require_file(path, "--genes_filename", "genes")
