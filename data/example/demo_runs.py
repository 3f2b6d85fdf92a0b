"""What the demos share: where they write, the example's files, and commands that are shown and run."""

import subprocess
import sys
from pathlib import Path

from data.example.make_weights import write_weights

EXAMPLE = Path("data/example")
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
    """Path of the demo's checkpoint, which is made where it is missing."""
    weights = DEMO / "stand_in_weights.pth"
    if not weights.exists():
        print(f"\nwriting stand-in weights to {weights} (598 MB)", flush=True)
        write_weights(weights)
    return weights
