"""Endurance: kills at random moments, many processes at once. Minutes long, so `make soak` runs them alone."""

import os
import random
import shutil
import subprocess
import sys
import time

import pytest
from conftest import ROOT

KILLS = int(os.environ.get("SOAK_KILLS", "100"))
PROCESSES = 8

pytestmark = pytest.mark.soak


def start(argv):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    return subprocess.Popen([sys.executable, str(ROOT / "tests" / "narrow_tensors.py"), *argv], env=environment)


def content(folder):
    """Every file's bytes, the memory of hashes aside: it holds the inputs' times."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "input_hashes.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def reference(tensors_argv, tmp_path):
    """Files of a run that nobody disturbs, and how long it takes."""
    begin = time.monotonic()
    assert start(tensors_argv("--block_size", 1, data="reference", maps=[0, 1])).wait() == 0
    elapsed = time.monotonic() - begin
    shutil.rmtree(tmp_path / "cache")
    return content(tmp_path / "reference"), elapsed


def test_killed_at_any_moment_a_run_resumes_to_the_same_bytes(reference, tensors_argv, tmp_path):
    expected, elapsed = reference
    moments = random.Random(6)
    unfinished = 0
    for number in range(KILLS):
        argv = tensors_argv("--block_size", 1, data=f"data{number}", maps=[0, 1])
        process = start(argv)
        time.sleep(moments.uniform(0.2, 1) * elapsed)
        process.kill()
        process.wait()
        tensors = tmp_path / f"data{number}" / "tensors"
        unfinished += not tensors.exists() or len(list(tensors.glob("tensor*.npy"))) < 9
        assert start(argv).wait() == 0
        assert content(tmp_path / f"data{number}") == expected
        assert not list((tmp_path / "cache").glob("**/.*.tmp"))
        shutil.rmtree(tmp_path / f"data{number}")
        shutil.rmtree(tmp_path / "cache")
    print(f"{KILLS} kills, {unfinished} of them before the last tensor")
    assert unfinished > KILLS / 2


def test_many_processes_on_one_folder_and_cache(reference, tensors_argv, world, tmp_path, capfd):
    expected, _ = reference
    shutil.copy(world.genome, tmp_path / "genome.fa")  # its index does not exist yet
    shards = [["--divisor", 4, "--reminder", index % 4] for index in range(PROCESSES - 2)] + [[], []]
    argvs = [tensors_argv("--genome_filename", tmp_path / "genome.fa", *shard, maps=[0, 1]) for shard in shards]
    processes = [start(argv) for argv in argvs]
    assert [process.wait() for process in processes] == [0] * PROCESSES
    assert content(tmp_path / "data") == expected
    assert "Traceback" not in capfd.readouterr().err
