"""Endurance: kills at random moments, many processes at once. Minutes long, so `make soak` runs them alone.

README.md beside this file has the figures of a run. SOAK_KILLS=10 tries it with fewer kills.
"""

import os
import random
import re
import shutil
import signal
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import train_inputs
from processes import TENSORS, TRAIN, start, start_tensors

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
PROCESSES = 8
STATUS = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143, signal.SIGINT: 130}

pytestmark = pytest.mark.soak


def content(folder):
    """Every file's bytes, the memory of hashes aside: it holds the inputs' times."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "input_hashes.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@dataclass
class Work:
    """A command and what it leaves: `first` to begin with, in the end `count` files of the pattern `last` beside it."""

    command: list
    first: Path
    last: str
    count: int

    def finished(self):
        return len(list(self.first.parent.glob(self.last)))

    def seconds(self):
        """Run the command undisturbed. Returns: seconds from its first file to its last."""
        process = start(self.command)
        begin = wait_for(self.first.exists)
        end = wait_for(lambda: self.finished() == self.count)
        assert process.wait() == 0
        return end - begin

    def stop_at_random(self, stop, moments, seconds):
        """Start the command and send a signal at a random moment, SIGKILL one time in ten before the first file.

        seconds: of work. Returns: whether it came before the end.
        """
        process = start(self.command)
        if stop != signal.SIGKILL or moments.random() < 0.9:
            wait_for(lambda: self.first.exists() or process.poll() is not None)
        time.sleep(moments.uniform(0, 1) * seconds)
        process.send_signal(stop)
        status = process.wait()
        # a command that has done its work no longer listens
        assert status in (0, STATUS[stop]) or (status == -stop and self.finished() == self.count)
        return status != 0


def wait_for(condition):
    while not condition():
        time.sleep(0.001)
    return time.monotonic()


@pytest.mark.parametrize("stop", list(STATUS), ids=lambda stop: stop.name)
def test_tensors_stopped_at_any_moment_resume_to_the_same_bytes(tensors_argv, tmp_path, stop, capfd):
    command = [*TENSORS, *tensors_argv("--block_size", 1, maps=[0, 1])]
    work = Work(command, tmp_path / "data" / "run.json", "tensors/tensor*.npy", 9)
    seconds = work.seconds()
    expected = content(tmp_path / "data")
    moments, done_by_then = random.Random(6), Counter()
    kills = KILLS if stop == signal.SIGKILL else KILLS // 5
    for _ in range(kills):
        shutil.rmtree(tmp_path / "data")
        shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        if work.stop_at_random(stop, moments, seconds):
            done_by_then[work.finished()] += 1
        assert start(command).wait() == 0
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
    work = Work(command, results, "results/*/metrics.json", 8)
    seconds = work.seconds()
    expected = content(results)
    moments, done_by_then = random.Random(7), Counter()
    kills = KILLS // 5
    for _ in range(kills):
        shutil.rmtree(results)
        if work.stop_at_random(stop, moments, seconds):
            done_by_then[work.finished()] += 1
        assert start(command).wait() == 0
        assert content(results) == expected
    assert "Traceback" not in capfd.readouterr().err
    with capfd.disabled():
        print(f"\n{kills} times {stop.name}: fits finished by then: {dict(sorted(done_by_then.items()))}")
    assert done_by_then.total() > kills / 2


def windows_computed(log):
    return sum(map(int, re.findall(r"(\d+) windows computed", log)))


def test_many_processes_on_one_folder_and_cache(tensors_argv, world, tmp_path, capfd):
    assert start_tensors(tensors_argv(data="reference", maps=[0, 1])).wait() == 0
    shutil.rmtree(tmp_path / "cache")
    expected = content(tmp_path / "reference")
    here, there = (str(path).encode() for path in (tmp_path / "genome.fa", world.genome))
    assert expected["inputs.json"].count(there) == 1
    expected["inputs.json"] = expected["inputs.json"].replace(there, here)  # all the same but where the genome is
    alone = windows_computed(capfd.readouterr().err)
    rounds, together = max(KILLS // 20, 1), 0
    for _ in range(rounds):
        shutil.copy(world.genome, tmp_path / "genome.fa")  # its index does not exist yet
        shards = [["--divisor", 4, "--reminder", index % 4] for index in range(PROCESSES - 2)] + [[], []]
        shared = ["--genome_filename", tmp_path / "genome.fa", "--block_size", 1]
        processes = [start_tensors(tensors_argv(*shared, *shard, maps=[0, 1])) for shard in shards]
        assert [process.wait() for process in processes] == [0] * PROCESSES
        assert content(tmp_path / "data") == expected
        log = capfd.readouterr().err
        assert "Traceback" not in log
        together += windows_computed(log) / rounds
        shutil.rmtree(tmp_path / "data")
        shutil.rmtree(tmp_path / "cache")
        (tmp_path / "genome.fa.fai").unlink()
    with capfd.disabled():
        print(
            f"\n{PROCESSES} processes that ask for each gene 3.5 times: {together / alone:.2f} times the windows of one"
        )
    assert together < 3 * alone
