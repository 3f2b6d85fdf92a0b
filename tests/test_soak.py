"""Endurance: kills at random moments, many processes at once. Minutes long, so `make soak` runs them alone.

README.md beside this file has the figures of a run. SOAK_KILLS=10 tries it with fewer kills.
"""

import os
import random
import shutil
import signal
import time
from collections import Counter

import pytest
import train_inputs
from processes import TRAIN, start, start_tensors

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
PROCESSES = 8
STATUS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}

pytestmark = pytest.mark.soak


@pytest.fixture(autouse=True)
def listen_to_ctrl_c():
    """Processes started from a script in the background would inherit that SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def content(folder):
    """Every file's bytes, the memory of hashes aside: it holds the inputs' times."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "input_hashes.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def timed(process, first, last, count):
    """Wait for a process that succeeds. first: file that it begins with. last: pattern of the `count` it ends with.

    Returns: seconds from the one to the others.
    """
    begin = wait_for(first.exists)
    end = wait_for(lambda: len(list(first.parent.glob(last))) == count)
    assert process.wait() == 0
    return end - begin


def wait_for(condition):
    while not condition():
        time.sleep(0.001)
    return time.monotonic()


def stop_at_random(process, stop, moments, first, seconds):
    """Send a signal at a random moment of a process's work, SIGKILL one time in ten while it is still starting.

    first, seconds: see `timed`. Returns: whether it came before the end.
    """
    if stop != signal.SIGKILL or moments.random() < 0.9:
        wait_for(lambda: first.exists() or process.poll() is not None)
    time.sleep(moments.uniform(0, 1) * seconds)
    process.send_signal(stop)
    status = process.wait()
    assert status in (0, STATUS[stop])
    return status != 0


@pytest.mark.parametrize("stop", list(STATUS), ids=lambda stop: stop.name)
def test_tensors_stopped_at_any_moment_resume_to_the_same_bytes(tensors_argv, tmp_path, stop, capfd):
    argv = tensors_argv("--block_size", 1, maps=[0, 1])
    first = tmp_path / "data" / "run.json"
    seconds = timed(start_tensors(argv), first, "tensors/tensor*.npy", 9)
    expected = content(tmp_path / "data")
    moments, done_by_then = random.Random(6), Counter()
    kills = KILLS if stop == signal.SIGKILL else KILLS // 5
    for _ in range(kills):
        shutil.rmtree(tmp_path / "data")
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        if stop_at_random(start_tensors(argv), stop, moments, first, seconds):
            done_by_then[len(list(tmp_path.glob("data/tensors/tensor*.npy")))] += 1
        assert start_tensors(argv).wait() == 0
        assert content(tmp_path / "data") == expected
        assert not list((tmp_path / "cache").glob("**/.*.tmp"))
    assert "Traceback" not in capfd.readouterr().err
    with capfd.disabled():
        print(f"\n{kills} times {stop.name}: tensors finished by then: {dict(sorted(done_by_then.items()))}")
    assert done_by_then.total() > kills / 2


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM], ids=lambda stop: stop.name)
def test_training_stopped_at_any_moment_resumes_to_the_same_results(tmp_path, stop, capfd):
    options = train_inputs.write_inputs(tmp_path) | {"--target_index": "all", "--params": str(tmp_path / "fast.json")}
    command = [*TRAIN, *train_inputs.argv(options, "--repeats", "2")]
    results = tmp_path / "data" / "results"
    seconds = timed(start(command), results, "results/*/metrics.json", 8)
    expected = content(results)
    moments, done_by_then = random.Random(7), Counter()
    kills = KILLS // 5
    for _ in range(kills):
        shutil.rmtree(results)
        if stop_at_random(start(command), stop, moments, results, seconds):
            done_by_then[len(list(results.glob("*/metrics.json")))] += 1
        assert start(command).wait() == 0
        assert content(results) == expected
    assert "Traceback" not in capfd.readouterr().err
    with capfd.disabled():
        print(f"\n{kills} times {stop.name}: fits finished by then: {dict(sorted(done_by_then.items()))}")
    assert done_by_then.total() > kills / 2


def test_many_processes_on_one_folder_and_cache(tensors_argv, world, tmp_path, capfd):
    assert start_tensors(tensors_argv(data="reference", maps=[0, 1])).wait() == 0
    shutil.rmtree(tmp_path / "cache")
    for _ in range(max(KILLS // 20, 1)):
        shutil.copy(world.genome, tmp_path / "genome.fa")  # its index does not exist yet
        shards = [["--divisor", 4, "--reminder", index % 4] for index in range(PROCESSES - 2)] + [[], []]
        argvs = [tensors_argv("--genome_filename", tmp_path / "genome.fa", *shard, maps=[0, 1]) for shard in shards]
        processes = [start_tensors(argv) for argv in argvs]
        assert [process.wait() for process in processes] == [0] * PROCESSES
        assert content(tmp_path / "data") == content(tmp_path / "reference")
        assert "Traceback" not in capfd.readouterr().err
        shutil.rmtree(tmp_path / "data")
        shutil.rmtree(tmp_path / "cache")
        (tmp_path / "genome.fa.fai").unlink()
