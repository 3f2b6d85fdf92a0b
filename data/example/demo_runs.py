"""What the demos share: where they write, and commands that are shown and run."""

import contextlib
import io
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in spex.commands.train, before torch is loaded

from spex.commands.main import main, start
from spex.example import WEIGHTS, lay_out

DEMO = Path("data/demo")


def run(script, *options):
    """Run a script, or a module after "-m", showing its command line.

    It runs in this process: a command of its own would load torch, pandas and cooler again, which takes four seconds.

    Returns: what it printed on stdout.
    """
    words = [*script.split(), *map(str, options)]
    print(f"\n$ python {' '.join(words)}", flush=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(words[2:]) if words[:2] == ["-m", "spex"] else start(Path(words[0]).stem, words[1:])
    print(printed.getvalue(), end="", flush=True)
    if status:
        sys.exit(status)
    return printed.getvalue()


def end(main):
    """Run a demo as the program: its status is what `main` returns, 130 after Ctrl-C."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # the command that was running has said what is kept


def stand_in_weights():
    """Path of the demo's weights, after the example was laid out beside them."""
    if not (DEMO / WEIGHTS).exists():
        print(f"\nlaying out the example in {DEMO}, with stand-in weights (598 MB)", flush=True)
    lay_out(DEMO)
    return DEMO / WEIGHTS
