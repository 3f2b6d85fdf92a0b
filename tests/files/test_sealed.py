"""Files that tell when they were damaged."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from spex.files import sealed


@pytest.mark.parametrize(
    "array", [np.arange(5, dtype=np.float32), np.ones((2, 3)), np.asfortranarray(np.eye(3)), np.empty(0)]
)
def test_arrays_come_back_and_numpy_reads_them_too(tmp_path, array):
    sealed.save_array(tmp_path / "a.npy", array)
    for read in (sealed.load_array, np.load):
        assert_array_equal(read(tmp_path / "a.npy"), array)
        assert read(tmp_path / "a.npy").dtype == array.dtype


def test_arrays_of_plain_numpy_are_read(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(7.0))
    assert_array_equal(sealed.load_array(tmp_path / "a.npy"), np.arange(7.0))


def test_every_flipped_byte_and_every_shortening_is_found(tmp_path):
    path = tmp_path / "a.npy"
    sealed.save_array(path, np.arange(10, dtype=np.float32))
    content = path.read_bytes()
    whole_without_seal = len(content) - sealed.SEAL.size
    for place in range(len(content)):
        for bit in (1, 2, 16):
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            with pytest.raises(sealed.DamagedFileError):
                sealed.load_array(path)
        if place != whole_without_seal:  # what is left then is a plain .npy file, and its numbers are right
            path.write_bytes(content[:place])
            with pytest.raises(sealed.DamagedFileError):
                sealed.load_array(path)


def test_whole_arrays_are_told_from_others(tmp_path):
    path = tmp_path / "a.npy"
    sealed.save_array(path, np.arange(10, dtype=np.float32))
    content = path.read_bytes()
    assert sealed.is_whole_array(path, (10,), np.float32)
    assert not sealed.is_whole_array(path, (11,), np.float32)
    assert not sealed.is_whole_array(path, (10,), np.int32)
    for damaged in (content[:-1], content[:-5], content + b"x", content[:90] + b"?" + content[91:], b""):
        path.write_bytes(damaged)
        assert not sealed.is_whole_array(path, (10,), np.float32)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        sealed.is_whole_array(path, (10,), np.float32)


def test_pickled_objects_are_never_loaded(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(sealed.DamagedFileError, match="never loaded"):
        sealed.load_array(tmp_path / "a.npy")


def test_sealed_json_comes_back_and_every_change_is_noticed(tmp_path):
    path, value = tmp_path / "a.json", {"name": "Brain β", "numbers": [1, 2.5, None]}
    sealed.save_sealed_json(path, value)
    assert sealed.load_sealed_json(path) == value
    content = path.read_bytes()
    changed = [content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] for place in range(len(content))]
    for damaged in (*changed, content[:-1], content + b" ", b"", b"[1]", b"{}", b"\xff", b"[" * 100_000):
        path.write_bytes(damaged)
        with pytest.raises(sealed.DamagedFileError):
            sealed.load_sealed_json(path)


def test_headers_are_parsed_by_one_thread_at_a_time(tmp_path, monkeypatch):
    """NumPy's parser of headers fails now and then in Python 3.11 when two threads are in it."""
    sealed.save_array(tmp_path / "a.npy", np.arange(3.0))
    parse, inside, most = np.lib.format.read_array_header_1_0, [], []

    def watched(buffer):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return parse(buffer)

    monkeypatch.setattr(np.lib.format, "read_array_header_1_0", watched)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(sealed.load_array, [tmp_path / "a.npy"] * 8))
    assert len(most) == 8 and max(most) == 1


@pytest.mark.parametrize(
    "kind, shape",
    [
        ("<f4", "(4611686018427387904, 4)"),
        ("<f4", "(9223372036854775808,)"),
        ("<f4", "(-5,)"),
        ("<f4", "(-2, -5)"),
        ("|V0", "(10,)"),
        ("|S0", "(10,)"),
        ("<f4", "(True, 10)"),
        ("<f4", "10"),
    ],
)
def test_shapes_and_types_that_no_array_has_are_refused(tmp_path, kind, shape):
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(40)
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(sealed.DamagedFileError, match=r"^\S+a\.npy: (not a readable|\S+ of shape|168 bytes)"):
        sealed.load_array(tmp_path / "a.npy")
