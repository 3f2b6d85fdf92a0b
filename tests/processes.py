"""The scripts in processes of their own, which tests can kill, and places that only such a process sees.

`fork` starts a script within a tenth of a second, from a process that has imported the program already; `start` starts
Python anew, for tests of the start itself: of the environment that Python reads, of mounts, of other programs.
"""

import atexit
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache

from conftest import ROOT
from fork_server import HEAD

TENSORS = [sys.executable, str(ROOT / "tensors.py")]
TRAIN = [sys.executable, str(ROOT / "train.py")]
TWO_DEVICES = str(ROOT / "tests/two_devices.py")
PATHS = os.pathsep.join([str(ROOT), str(ROOT / "tests")])


def start(command, **options):
    """Start a command that finds the program's modules and the tests'."""
    environment = {**os.environ, "PYTHONPATH": PATHS, **options.pop("env", {})}
    return subprocess.Popen(command, env=environment, **options)


@cache
def _server():
    """Start the server of forks, for as long as this process lives. Returns: the path of its socket."""
    folder = tempfile.mkdtemp(prefix="spex-forks-")  # paths of sockets must be short
    path = os.path.join(folder, "s")
    server = start([sys.executable, ROOT / "tests/fork_server.py", path], stdin=subprocess.PIPE)

    def end():
        server.stdin.close()
        server.wait()
        shutil.rmtree(folder)

    atexit.register(end)
    while not os.path.exists(path):
        assert server.poll() is None
        time.sleep(0.01)
    return path


class Forked:
    """A script that the server of forks runs, with the methods of `subprocess.Popen` that tests use.

    argv: the script and its arguments. cwd, env: as `start`. stdout, stderr: subprocess.PIPE for text to be read with
    `communicate`, or None for those of this process.
    """

    def __init__(self, argv, *, cwd=None, env=(), stdout=None, stderr=None, start_new_session=False):
        self.args, self.returncode = [str(word) for word in argv], None
        request = {
            "argv": self.args,
            "folder": os.path.abspath(cwd or "."),
            "environment": {**os.environ, "PYTHONPATH": PATHS, **dict(env)},
            "new_session": start_new_session,
        }
        self.stdout, ours = self._stream(stdout, 1)
        self.stderr, theirs = self._stream(stderr, 2)
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_server())
        content = json.dumps(request).encode()
        with open(os.devnull) as nothing:
            head = str(len(content)).rjust(HEAD).encode()
            socket.send_fds(self._connection, [head], [nothing.fileno(), ours, theirs])
        for number in {ours, theirs} - {1, 2}:
            os.close(number)
        self._connection.sendall(content)
        self._answers = self._connection.makefile("rb")
        self.pid = int(self._answers.readline())

    @staticmethod
    def _stream(wanted, own):
        """Returns: what is read here or None, and the file descriptor that the script writes to."""
        if wanted is None:
            return None, own
        assert wanted == subprocess.PIPE
        read, write = os.pipe()
        return os.fdopen(read, encoding="utf-8"), write

    def poll(self):
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self):
        if self.returncode is None:
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._connection.close()
        return self.returncode

    def communicate(self):
        """Returns: what the script wrote to its stdout and stderr, None for those that are not read here."""
        texts = [None, None]

        def read(place, stream):
            texts[place] = stream.read()
            stream.close()

        streams = [(place, stream) for place, stream in enumerate((self.stdout, self.stderr)) if stream]
        readers = [threading.Thread(target=read, args=each) for each in streams]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        self.wait()
        return tuple(texts)

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def fork(command, **options):
    """Start a script, as `start` does, in a process that has imported the program. command: Python, script, words."""
    python, *argv = command
    assert python == sys.executable
    return Forked(argv, **options)


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
    """A command of tensors.py as one line of a shell script."""
    return shlex.join([*TENSORS, *map(str, argv)])
