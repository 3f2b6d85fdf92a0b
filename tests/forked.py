"""Scripts that the server of forks runs, seen from where they are started: from tests, or by a command of its own.

    python -S tests/forked.py SOCKET SCRIPT [ARGUMENT ...]

The command stands for `python SCRIPT ...` where a program or a shell starts it: it runs until the script ends, and ends
with its status. The script sees the mounts that the command sees.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading

from fork_server import HEAD


class Forked:
    """A script that the server of forks runs, with the methods of `subprocess.Popen` that tests use.

    server: path of its socket. argv: the script and its arguments. cwd, env: of the script. stdout, stderr:
    subprocess.PIPE for text to be read with `communicate`, or None for those of this process. options: more of what
    the server is asked for.
    """

    def __init__(
        self, server, argv, *, cwd=None, env=os.environ, stdout=None, stderr=None, start_new_session=False, **options
    ):
        self.args, self.returncode = [str(word) for word in argv], None
        request = {
            "argv": self.args,
            "folder": os.path.abspath(cwd or "."),
            "environment": dict(env),
            "new_session": start_new_session,
            **options,
        }
        self.stdout, ours = self._stream(stdout, 1)
        self.stderr, theirs = self._stream(stderr, 2)
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(server)
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


if __name__ == "__main__":
    sys.exit(Forked(sys.argv[1], sys.argv[2:], namespaces=f"/proc/{os.getpid()}/ns").wait() & 0xFF)
