"""Where every command starts: `spex`, `python -m spex`, tensors.py and train.py.

Loads nothing but the standard library's signals before Ctrl-C is taken care of: while libraries are loaded, which takes
seconds, it would end in a long traceback.
"""

import os
import signal
import sys


def leave(number, frame):
    """Handle a signal before anything was done: one line, and exit status 130."""
    os.write(2, f"{os.path.basename(sys.argv[0])}: stopped before it began\n".encode())
    os._exit(130)


def keep():
    """From here on, Ctrl-C ends a command in its own way, which keeps what is finished."""
    if signal.getsignal(signal.SIGINT) is leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def main(name=None):
    """Run the command of a name, or the one that the command line names. Returns: exit status."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody wants it ignored, like nohup
        signal.signal(signal.SIGINT, leave)
    from spex.commands.main import main, start  # noqa: PLC0415

    return start(name, loaded=keep) if name else main(loaded=keep)


if __name__ == "__main__":
    raise SystemExit(main())
