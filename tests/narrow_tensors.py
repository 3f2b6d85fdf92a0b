"""tensors.py with a narrow network in the place of the published one, for tests that need a process of their own.

With --two_devices first, the CPU serves as two devices, as two GPUs would. WRITES in the environment makes every write
of a tensor fail (full, bug) or leave a file `begun` with the process's number and never end (hang).
"""

import os
import sys
import time

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

from expecto import beluga
from spex.commands import tensors
from spex.features import write
from spex.files.atomic import whole_file

beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN  # here, so that processes of its own have it too


def write_badly(path, array, **options):
    if os.environ["WRITES"] == "full":
        raise OSError(28, "No space left on device")
    if os.environ["WRITES"] == "bug":
        raise ZeroDivisionError
    with whole_file(path.with_name("begun")) as file:
        file.write(str(os.getpid()).encode())
    time.sleep(600)


if "WRITES" in os.environ:
    write.save_array = write_badly

if __name__ == "__main__":
    if sys.argv[1] == "--two_devices":
        del sys.argv[1]
        tensors.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(tensors.main())
