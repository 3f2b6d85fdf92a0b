"""The scripts in processes of their own, which tests can kill, and places that only such a process sees.

`fork` starts a script within a tenth of a second, from a process that has imported the program already; `start` starts
Python anew, for tests of the start itself: of the locale that Python reads, of other programs.
"""

import atexit
import fcntl
import os
import shlex
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from conftest import ROOT
from forked import Forked

TENSORS = [sys.executable, str(ROOT / "tensors.py")]
TRAIN = [sys.executable, str(ROOT / "train.py")]
TWO_DEVICES = str(ROOT / "tests/two_devices.py")
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])


def start(command, **options):
    """Start a command that finds the program's modules and the tests'."""
    environment = {**os.environ, "PYTHONPATH": PATHS, **options.pop("env", {})}
    return subprocess.Popen(command, env=environment, **options)


@cache
def fork_server():
    """Start the server of forks, or find the one that another worker of this run of pytest has started.

    It lives as long as one of them: each holds an end of the pipe that is its stdin.

    Returns: the path of its socket.
    """
    of_workers = os.environ.get("PYTEST_XDIST_TESTRUNUID")  # the same in all of them, and new each time
    if of_workers:
        folder = Path(tempfile.gettempdir(), f"spex-forks-{of_workers}")  # paths of sockets must be short
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="spex-forks-"))
    path, pipe = folder / "s", folder / "pipe"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # closed with this process
        else:
            os.mkfifo(pipe)
            with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)) as stdin:
                end = os.open(pipe, os.O_WRONLY)
                server = start([sys.executable, ROOT / "tests/fork_server.py", path], stdin=stdin)
            atexit.register(server.wait)
            atexit.register(os.close, end)  # before that
            while not path.exists():
                assert server.poll() is None
                time.sleep(0.01)
    return str(path)


def fork(command, **options):
    """Start a script, as `start` does, in a process that has imported the program. command: Python, script, words."""
    python, *argv = command
    assert python == sys.executable
    environment = {**os.environ, "PYTHONPATH": PATHS, **options.pop("env", {})}
    return Forked(fork_server(), argv, env=environment, **options)


def run(command, **options):
    """Fork a script and wait for its end. Returns: CompletedProcess with what it wrote."""
    process = fork(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start_tensors(argv, **options):
    """Start tensors.py in a process that has imported the program."""
    return fork([*TENSORS, *argv], **options)


def start_on_two_devices(name, argv, **options):
    """Start the command of this name with the CPU as two devices, as two GPUs would be."""
    return fork([sys.executable, TWO_DEVICES, name, *argv], **options)


def in_own_mounts(script, *folders):
    """Run a shell script that may mount what nobody else sees. folders: become $1, $2 ...

    Returns: CompletedProcess, or None where this system does not let us.
    """
    for unshare in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        try:
            probe = [*unshare, "sh", "-ec", 'mount -t tmpfs -o size=64k tmpfs "$1"; mount -o remount,ro "$1"', "sh"]
            allowed = subprocess.run([*probe, str(folders[0])], capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return None
        if allowed:
            command = [*unshare, "sh", "-c", script, "sh", *map(str, folders)]
            return start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return None


def quoted(argv):
    """A command of tensors.py as one line of a shell script, run by the server of forks."""
    return shlex.join(map(str, [sys.executable, "-S", ROOT / "tests/forked.py", fork_server(), *TENSORS[1:], *argv]))
