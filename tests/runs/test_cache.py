"""Rows that several runs share: found again, never wrong, safe among processes."""

import errno
import multiprocessing
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex.errors import InputError
from spex.files import atomic
from spex.files.hashes import Watch
from spex.runs import cache as prediction_store
from spex.runs.cache import PredictionStore

IDENTITY = {"genome_sha256": "ab", "precision": "float32"}


def rows_of(keys, width=6):
    """Rows that tell their key."""
    return (np.asarray(keys)[:, None] + np.arange(width) / 8).astype(np.float32)


def fill(root, keys, identity=IDENTITY, dtype=np.float32):
    store = PredictionStore(root, identity, dtype)
    store.put("windows", "chr1", np.asarray(keys), rows_of(keys))
    store.flush()
    return store


def shards(root):
    return sorted(root.glob("*/windows/chr1/*.npy"))


def assert_holds(store, keys, lacks=()):
    asked = np.concatenate([keys, lacks]).astype(np.int64)
    found, rows = store.get("windows", "chr1", asked)
    assert_array_equal(found, np.isin(asked, keys))
    if len(keys):
        assert_array_equal(rows, rows_of(asked[found]))
    else:
        assert rows is None


def test_rows_come_back_in_the_order_asked_for(tmp_path):
    fill(tmp_path, [30, 10, -5])
    fill(tmp_path, [7, 20])
    assert_holds(PredictionStore(tmp_path, IDENTITY), [20, -5, 30, 7, 10], lacks=[11, 0])


def test_an_empty_store_has_nothing(tmp_path):
    assert_holds(PredictionStore(tmp_path, IDENTITY), [], lacks=[1, 2])


def test_kinds_chromosomes_and_identities_are_apart(tmp_path):
    store = fill(tmp_path, [1, 2])
    for kind, chrom in (("own", "chr1"), ("windows", "chr2")):
        assert not store.get(kind, chrom, np.array([1, 2]))[0].any()
    other = PredictionStore(tmp_path, {**IDENTITY, "precision": "bfloat16"})
    assert not other.get("windows", "chr1", np.array([1, 2]))[0].any()


def test_a_full_shard_is_written_without_waiting_for_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(prediction_store, "SHARD_BYTES", 100)
    store = PredictionStore(tmp_path, IDENTITY)
    store.put("windows", "chr1", np.arange(3), rows_of(range(3)))
    assert not shards(tmp_path)
    store.put("windows", "chr1", np.arange(3, 13), rows_of(range(3, 13)))
    store._finish_writing(0)
    assert len(shards(tmp_path)) == 3  # four rows each
    assert_holds(PredictionStore(tmp_path, IDENTITY), list(range(12)), lacks=[12])
    store.flush()
    assert_holds(PredictionStore(tmp_path, IDENTITY), list(range(13)))


def test_the_next_chromosome_s_rows_send_the_last_one_s_to_the_disk(tmp_path):
    store = PredictionStore(tmp_path, IDENTITY)
    store.put("windows", "chr1", np.arange(3), rows_of(range(3)))
    store.put("own", "chr2", np.arange(3), rows_of(range(3)))
    store._finish_writing(0)
    assert not shards(tmp_path)
    store.put("windows", "chr2", np.arange(3), rows_of(range(3)))
    store._finish_writing(0)
    assert len(shards(tmp_path)) == 1


def test_rows_put_in_lately_are_found_before_they_are_on_the_disk(tmp_path):
    store = PredictionStore(tmp_path, IDENTITY, np.float16)
    store.put("windows", "chr1", np.array([5, 2]), rows_of([5, 2]) + 1e-4)
    assert not store.get("windows", "chr1", [5])[0].any()
    found, rows = store.recent("windows", "chr1", [1, 2, 5])
    assert_array_equal(found, [False, True, True])
    assert rows.dtype == np.float32
    assert_array_equal(rows, store.stored(rows_of([2, 5]) + 1e-4))
    assert store.recent("windows", "chr1", [1])[1] is None
    store.flush()
    assert not store.recent("windows", "chr1", [2])[0].any()
    assert store.get("windows", "chr1", [2, 5])[0].all()


def test_a_full_disk_is_told_by_the_next_call(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prediction_store, "whole_file", fail)
    store = PredictionStore(tmp_path, IDENTITY)
    store.put("windows", "chr1", np.array([3]), rows_of([3]))
    with pytest.raises(OSError, match="No space left"):
        store.flush()


def test_rows_may_be_looked_up_while_the_rest_is_written(tmp_path, monkeypatch):
    """After Ctrl-C the thread that reads ahead may begin with another chromosome."""
    store, keys = PredictionStore(tmp_path, IDENTITY), np.arange(5)
    start = store._start_writing

    def look_up_too(table):
        store.get("windows", "chr2", keys)
        start(table)

    store.put("windows", "chr1", keys, rows_of(keys))
    monkeypatch.setattr(store, "_start_writing", look_up_too)
    store.flush()
    assert_holds(PredictionStore(tmp_path, IDENTITY), keys)


def test_rows_that_another_process_wrote_meanwhile_are_seen(tmp_path):
    store = PredictionStore(tmp_path, IDENTITY)
    assert_holds(store, [], lacks=[1])
    process = multiprocessing.get_context("spawn").Process(target=fill, args=(tmp_path, [1, 2]))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert_holds(store, [1, 2])


def test_half_precision_is_half_the_size_and_says_what_it_will_give_back(tmp_path):
    rows = np.random.default_rng(0).random((50, 2002), dtype=np.float32)
    sizes = {}
    for dtype in (np.float32, np.float16):
        store = PredictionStore(tmp_path / np.dtype(dtype).name, IDENTITY, dtype)
        store.put("windows", "chr1", np.arange(50), rows)
        store.flush()
        assert_array_equal(store.get("windows", "chr1", np.arange(50))[1], store.stored(rows))
        sizes[dtype] = store.size()
    assert_array_equal(PredictionStore(tmp_path, IDENTITY).stored(rows), rows)
    assert sizes[np.float16] / sizes[np.float32] == pytest.approx(0.5, abs=0.01)


def test_a_flipped_byte_anywhere_never_gives_a_wrong_row(tmp_path):
    fill(tmp_path, [5, 9])
    (path,) = shards(tmp_path)
    content = path.read_bytes()
    remade = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        store = PredictionStore(tmp_path, IDENTITY)
        found, rows = store.get("windows", "chr1", np.array([5, 9]))
        if found.any():
            assert_array_equal(rows, rows_of(np.array([5, 9])[found]))
        remade += not found.all()
    assert remade > 60  # keys, checksums and rows at least


@pytest.mark.parametrize("kept", [0, 10, 200, -1])
def test_a_shard_cut_short_is_dropped_and_its_rows_are_missing(tmp_path, kept):
    fill(tmp_path, [5, 9])
    fill(tmp_path, [6])
    path = next(path for path in shards(tmp_path) if path.name.startswith("5-9"))
    path.write_bytes(path.read_bytes()[:kept])
    assert_holds(PredictionStore(tmp_path, IDENTITY), [6], lacks=[5, 9])
    assert not path.exists()


def test_without_permission_to_write_rows_are_read_and_none_are_kept(tmp_path, monkeypatch, caplog):
    fill(tmp_path, [1, 2])

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(prediction_store, "whole_file", refuse)
    store = PredictionStore(tmp_path, IDENTITY)
    store.put("windows", "chr1", np.array([3]), rows_of([3]))
    store.flush()
    assert_holds(store, [1, 2], lacks=[3])
    assert caplog.text.count("no permission to write") == 1


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux tells what a mapping holds in memory")
def test_what_was_read_does_not_stay_in_this_process_s_memory(tmp_path):
    keys = np.arange(1000)
    fill(tmp_path, keys)
    store = PredictionStore(tmp_path, IDENTITY)
    assert store.get("windows", "chr1", keys)[0].all()
    (path,) = shards(tmp_path)
    assert str(path) not in Path("/proc/self/maps").read_text()
    assert_holds(store, keys)


def test_more_shards_than_files_that_may_be_open_are_all_found(tmp_path):
    for key in range(90):
        fill(tmp_path, [key])
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 40, allowed[1]))
    try:
        store = PredictionStore(tmp_path, IDENTITY)
        assert_holds(store, list(range(90)), lacks=[90])
        assert len(os.listdir("/dev/fd")) < 60 + 40
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, allowed)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO, errno.ESTALE])
def test_a_shard_that_cannot_be_opened_is_no_missing_one(tmp_path, monkeypatch, number):
    fill(tmp_path, [1, 2])

    def fail(path, *given):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(prediction_store, "open", fail, raising=False)
    with pytest.raises(OSError) as raised:
        PredictionStore(tmp_path, IDENTITY).get("windows", "chr1", np.array([1]))
    assert raised.value.errno == number


def test_a_shard_that_is_gone_is_a_missing_one(tmp_path):
    fill(tmp_path, [1, 2])
    fill(tmp_path, [3])
    store = PredictionStore(tmp_path, IDENTITY)
    assert store.has("windows", "chr1", np.array([1, 3])).all()
    next(path for path in shards(tmp_path) if path.name.startswith("1-2")).unlink()
    assert_holds(store, [3], lacks=[1, 2])


def test_what_a_killed_writer_left_goes_though_nobody_writes_there_again(tmp_path, monkeypatch):
    (shard,) = shards(fill(tmp_path, [1]).folder.parent)
    mine = atomic.temporary_path(shard)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: 2**22 + 5)  # above the kernel's limit: nobody has this number
        dead = atomic.temporary_path(shard)
    for path in (mine, dead):
        path.touch()
    PredictionStore(tmp_path, IDENTITY).remove_abandoned()
    assert set(shard.parent.iterdir()) == {shard, mine}
    PredictionStore(tmp_path / "nowhere", IDENTITY).remove_abandoned()
    assert not (tmp_path / "nowhere").exists()


def test_no_shard_of_inputs_that_changed_is_written(tmp_path):
    genome = tmp_path / "genome.fa"
    genome.write_text("ACGT")
    store = PredictionStore(tmp_path / "cache", IDENTITY, watch=Watch(genome=genome))
    store.put("windows", "chr1", np.array([1]), rows_of([1]))
    store.flush()
    store.put("windows", "chr1", np.array([2]), rows_of([2]))
    genome.write_text("ACGA")
    with pytest.raises(InputError, match=r"^genome .*genome.fa: changed since this run began"):
        store.flush()
    assert_holds(PredictionStore(tmp_path / "cache", IDENTITY), [1], lacks=[2])
