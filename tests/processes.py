"""The scripts in processes of their own, which tests can kill, and places that only such a process sees."""

import os
import shlex
import subprocess
import sys

from conftest import ROOT

NARROW_TENSORS = [sys.executable, str(ROOT / "tests" / "narrow_tensors.py")]
TRAIN = [sys.executable, str(ROOT / "train.py")]


def start(command, **options):
    """Start a command that finds the program's modules and the tests'."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, **options.pop("env", {})}
    return subprocess.Popen(command, env=environment, **options)


def start_tensors(argv, **options):
    """Start tensors.py with the narrow network."""
    return start([*NARROW_TENSORS, *argv], **options)


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
    """A command of tensors.py with the narrow network as one line of a shell script."""
    return shlex.join([*NARROW_TENSORS, *map(str, argv)])
