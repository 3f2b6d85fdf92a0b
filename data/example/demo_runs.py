"""What the demos share: where they write, and commands that are shown and run."""

import subprocess
import sys
from pathlib import Path

from spex.example import WEIGHTS, lay_out

DEMO = Path("data/demo")


def run(script, *options):
    """Run a script, or a module after "-m", showing its command line. Returns: what it printed on stdout."""
    command = [*script.split(), *map(str, options)]
    print(f"\n$ python {' '.join(command)}", flush=True)
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    print(done.stdout, end="", flush=True)
    return done.stdout


def stand_in_weights():
    """Path of the demo's weights, after the example was laid out beside them."""
    if not (DEMO / WEIGHTS).exists():
        print(f"\nlaying out the example in {DEMO}, with stand-in weights (598 MB)", flush=True)
    lay_out(DEMO)
    return DEMO / WEIGHTS
