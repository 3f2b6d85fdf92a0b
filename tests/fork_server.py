"""A process that has imported the program, and forks itself for each command that a test starts.

    python tests/fork_server.py SOCKET

Importing torch, cooler and pandas takes five seconds of a core. What a test starts through here has imported them
already and has done nothing else: the server imports, and runs nothing of what it has imported. It ends with its
stdin, and takes SOCKET's folder away. A client connects to SOCKET (`Forked` in forked.py) and sends a request of one
JSON object with its length in front, and its three standard streams. It gets the pid of the command, then its exit
status, as a line each.

Processes that a command spawns by multiprocessing are forks too, unless SPAWN is `anew` in its environment.
"""

import ctypes
import gc
import json
import os
import resource
import runpy
import select
import shutil
import signal
import socket
import sys
import traceback
from importlib import import_module
from itertools import pairwise
from multiprocessing import spawn, util
from types import ModuleType

MODULES = (
    *("spex.commands.tensors", "spex.commands.train", "spex.commands.variants"),
    *("spex.commands.draw", "spex.commands.reproduce", "matplotlib.backends.backend_agg"),
)
HEAD = 8
"""Bytes of a request's length, in front of it."""


def serve(path):
    """Wait for requests. Returns: one of them in each process that is to become its command; None at the end."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen(64)
    os.rename(f"{path}.new", path)  # there when it listens
    for name in MODULES:
        import_module(name)
    gc.freeze()  # what is here now is shared by all
    while True:
        ready, _, _ = select.select([listener, 0], [], [])
        if 0 in ready:
            return None
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _supervise(connection)
        connection.close()
        _bury_the_dead()


def _supervise(connection):
    """Fork once more, and report on the second process until it ends. Returns: the request, in the second process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    head, streams, _, _ = socket.recv_fds(connection, HEAD, 3)
    size = int(head)
    request = b""
    while len(request) < size:
        request += connection.recv(size - len(request))
    pid = os.fork()
    if pid == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return json.loads(request)
    for stream in (0, 1, 2, *streams):
        os.close(stream)
    connection.sendall(b"%d\n" % pid)
    _, status = os.waitpid(pid, 0)
    connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def _bury_the_dead():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def become(request):
    """Run the script of a request as if Python had been started with it."""
    if request["new_session"]:
        os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"])
    if "namespaces" in request:
        _enter(request["namespaces"])
    if "file_size" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_size"],) * 2)
    os.chdir(request["folder"])
    _open_streams()
    if os.environ.get("SPAWN") != "anew":
        util.spawnv_passfds = _spawn_by_fork
    sys.argv = request["argv"]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")


def _enter(namespaces):
    """See the mounts that another process sees. namespaces: its folder ns in /proc."""
    for kind in ("user", "mnt"):
        if not os.path.samefile(f"{namespaces}/{kind}", f"/proc/self/ns/{kind}"):
            with open(f"{namespaces}/{kind}") as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0):
                    raise OSError(ctypes.get_errno(), f"cannot enter {file.name}")


def _spawn_by_fork(path, words, kept, start_anew=util.spawnv_passfds):
    """In the place of `util.spawnv_passfds`: a fork that does all that a spawned process does, but for importing what
    has been imported. It has the same open files, and gets what it works on as pickled bytes."""
    if "spawn_main" not in words[-2]:  # the process that looks after what processes share
        return start_anew(path, words, kept)
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        edges = [2, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
        for before, after in pairwise(edges):
            os.closerange(before + 1, after)
        sys.argv, sys.modules["__main__"] = ["-c", *words[-1:]], ModuleType("__main__")
        exec(words[-2], {"spawn_main": spawn.spawn_main})
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        util._exit_function()  # from Python 3.13 on an exit does it: what waits in queues is sent
        sys.stdout.flush()
        os._exit(status)


def _open_streams():
    """Open the standard streams anew, as Python does at its start: those of the server were of other kinds."""
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding=encoding, errors="backslashreplace", closefd=False)


if __name__ == "__main__":
    os.fsync = lambda number: None  # as in conftest.py
    accepted = serve(sys.argv[1])
    if accepted:
        become(accepted)
    else:
        shutil.rmtree(os.path.dirname(sys.argv[1]))
