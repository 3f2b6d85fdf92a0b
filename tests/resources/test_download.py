"""Downloads: what is received is kept, what is asked for is only what is missing."""

import gzip
import os
import random

import pytest
from file_server import FileServer

from spex.errors import InputError
from spex.resources.download import CHUNK_BYTES, FAILURES_IN_A_ROW, fetch, locked, part_path

CONTENT = random.Random(1410).randbytes(1_000_003)
THIRD = 20 * CHUNK_BYTES


class Waits(list):
    """Stands in for time.sleep: notes the seconds and lets none pass."""

    def __call__(self, seconds):
        self.append(seconds)


@pytest.fixture
def server():
    with FileServer({"file.bin": CONTENT}) as running:
        yield running


@pytest.fixture
def part(tmp_path):
    return part_path(tmp_path / "file.bin")


def get(server, part, *, sleep=None, **options):
    waits = Waits()
    fetch(f"{server.address}/file.bin", part, sleep=sleep or waits, **options)
    return waits


def ranges(server):
    return [asked for _, asked, _, _ in server.requests]


def test_whole_file_in_one_request(server, part):
    assert get(server, part) == []
    assert part.read_bytes() == CONTENT
    assert ranges(server) == [None]


def test_dropped_connections_cost_less_than_a_chunk(server, part):
    server.cuts = [THIRD, CHUNK_BYTES, THIRD + 100]
    waits = get(server, part)
    assert part.read_bytes() == CONTENT
    ends = [THIRD, THIRD + CHUNK_BYTES, 2 * THIRD + CHUNK_BYTES]
    assert ranges(server) == [None, *(f"bytes={end}-" for end in ends)]
    assert waits == [2, 2, 2]  # every try brought something, so the waiting time does not grow


@pytest.mark.parametrize("seed", range(10))
def test_any_pattern_of_drops_gives_the_same_bytes(server, part, seed):
    rng = random.Random(seed)
    server.cuts = [rng.choice([0, 1, CHUNK_BYTES, rng.randrange(400_000)]) for _ in range(4)]
    get(server, part)
    assert part.read_bytes() == CONTENT


def test_killed_download_goes_on_in_the_next_process(server, part):
    def killed(seconds):
        raise KeyboardInterrupt

    server.cuts = [THIRD]
    with pytest.raises(KeyboardInterrupt):
        get(server, part, sleep=killed)
    assert part.read_bytes() == CONTENT[:THIRD]
    get(server, part)
    assert part.read_bytes() == CONTENT
    assert ranges(server) == [None, f"bytes={THIRD}-"]


def test_complete_part_is_not_asked_for_again(server, part):
    get(server, part)
    get(server, part)
    assert len(server.requests) == 1


def test_complete_part_of_unknown_origin_is_recognised(server, part):
    part.write_bytes(CONTENT)
    get(server, part)
    assert part.read_bytes() == CONTENT
    assert [status for *_, status in server.requests] == [416]


def test_server_without_ranges_restarts(server, part):
    server.ranges = False
    server.cuts = [THIRD]
    get(server, part)
    assert part.read_bytes() == CONTENT
    assert [status for *_, status in server.requests] == [200, 200]


def test_server_without_ranges_that_always_drops_is_given_up(server, part):
    server.ranges = False
    server.cuts = [THIRD] * 100
    with pytest.raises(InputError, match=f"connection was dropped, 6 times in a row; the {THIRD:,} bytes received are"):
        get(server, part)
    assert part.read_bytes() == CONTENT[:THIRD]


def test_changed_file_is_not_mixed_with_the_old_one(server, part):
    server.cuts = [THIRD] + [0] * FAILURES_IN_A_ROW
    with pytest.raises(InputError):
        get(server, part)
    server.files["file.bin"] = changed = CONTENT[::-1]
    server.cuts = []
    get(server, part)
    assert part.read_bytes() == changed


@pytest.mark.parametrize("changed", [CONTENT[::2], CONTENT + b"more", CONTENT[:200_000]])
def test_file_of_another_length_is_not_mixed_where_no_etag_tells(server, part, changed):
    server.etags = False
    server.cuts = [THIRD] + [0] * FAILURES_IN_A_ROW
    with pytest.raises(InputError):
        get(server, part)
    server.files["file.bin"] = changed
    server.cuts = []
    get(server, part)
    assert part.read_bytes() == changed


def test_another_address_goes_on_with_the_part(server, part):
    """ETags of two servers say nothing about each other, so a mirror does not start from zero."""
    server.cuts = [THIRD] + [0] * FAILURES_IN_A_ROW
    with pytest.raises(InputError):
        get(server, part)
    with FileServer({"file.bin": CONTENT}) as mirror:
        get(mirror, part)
        assert ranges(mirror) == [f"bytes={THIRD}-"]
    assert part.read_bytes() == CONTENT


def test_length_that_the_server_does_not_tell(server, part):
    server.lengths = False
    get(server, part)
    get(server, part)
    assert part.read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_passing_errors_are_waited_out_longer_and_longer(server, part):
    server.errors = [503, 429, 500]
    assert get(server, part) == [2, 4, 8]
    assert part.read_bytes() == CONTENT


def test_lasting_error_is_told_after_six_tries(server, part):
    server.errors = [503] * 100
    with pytest.raises(InputError, match="503 Service Unavailable, 6 times in a row"):
        get(server, part)
    assert len(server.requests) == FAILURES_IN_A_ROW


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_refusal_is_told_at_once(server, part, status):
    server.errors = [status]
    with pytest.raises(InputError, match=f"answered {status}"):
        get(server, part)
    assert len(server.requests) == 1


def test_web_page_in_place_of_the_file_leaves_the_part_alone(server, part):
    server.cuts = [THIRD] + [0] * FAILURES_IN_A_ROW
    with pytest.raises(InputError):
        get(server, part)
    server.page = True
    with pytest.raises(InputError, match="answered with a web page; expected the file"):
        get(server, part)
    assert part.read_bytes() == CONTENT[:THIRD]


def test_nobody_there(part):
    with FileServer({}) as gone:
        pass
    with pytest.raises(InputError, match="no connection, 6 times in a row"):
        get(gone, part)


def test_second_process_on_the_same_part_is_refused(part):
    with locked(part), pytest.raises(InputError, match="another process is downloading it"), locked(part):
        pass


def test_what_comes_behind_the_announced_size_is_not_taken(server, part):
    """Of a part of a file the whole length is known from Content-Range alone."""
    part.write_bytes(CONTENT[:THIRD])
    server.lengths, server.surplus = False, bytes(1_000_000)
    get(server, part)
    assert part.read_bytes() == CONTENT
    assert ranges(server) == [f"bytes={THIRD}-"]


def test_a_body_of_unknown_length_ends_at_what_the_file_may_have(server, part):
    server.lengths, server.surplus = False, bytes(1_000_000)
    with pytest.raises(InputError, match=r"file.bin: the file has 1,\d{3},\d{3} bytes or more; expected at most"):
        get(server, part, most=1_100_000)
    assert part.read_bytes() == b""
    server.surplus = b""
    get(server, part, most=1_100_000)
    assert part.read_bytes() == CONTENT


def test_an_announced_size_that_is_too_large_is_refused_at_once(server, part):
    with pytest.raises(InputError, match=r"has 1,000,003 bytes or more; expected at most 1,000,002; check the address"):
        get(server, part, most=1_000_002)
    assert part.read_bytes() == b""
    get(server, part, most=1_000_003)


def test_bytes_are_taken_as_they_come(server, part):
    """A server that calls a .gz an encoding does not have it unfolded on the way."""
    server.files["file.bin"] = packed = gzip.compress(bytes(1_000_000))
    server.more = {"Content-Encoding": "gzip"}
    get(server, part)
    assert part.read_bytes() == packed


@pytest.mark.parametrize("name", ["file.bin.part", "file.bin.part.lock", "file.bin.part.json"])
@pytest.mark.parametrize("kind", ["link", "nowhere", "pipe"])
def test_what_is_no_plain_file_is_left_alone(server, part, tmp_path, name, kind):
    target = tmp_path / "thesis.txt"
    if kind != "nowhere":
        target.write_text("all of it")
    if kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        (tmp_path / name).symlink_to(target)
    found = "a pipe or a device" if kind == "pipe" else "a symbolic link"
    message = f"/{name}: {found}; expected a file of this program, or none; take it away"
    with pytest.raises(InputError, match=message), locked(part):
        get(server, part)
    assert kind == "nowhere" or target.read_text() == "all of it"
    assert target.exists() == (kind != "nowhere")
