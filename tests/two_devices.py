"""A command with the CPU as two devices, as two GPUs would be, in a process of its own.

    python tests/two_devices.py tensors|variants [OPTION ...]

WRITES in the environment makes every write of a tensor fail (full, bug) or leave a file `begun` with the process's
number and never end (hang).
"""

import os
import sys
import time

from spex.features import write
from spex.files.atomic import whole_file


def write_badly(path, array, **options):
    if os.environ["WRITES"] == "full":
        raise OSError(28, "No space left on device")
    if os.environ["WRITES"] == "bug":
        raise ZeroDivisionError
    with whole_file(path.with_name("begun")) as file:
        file.write(str(os.getpid()).encode())
    time.sleep(600)


if "WRITES" in os.environ:  # here, so that the processes of the devices have it too
    write.save_array = write_badly

if __name__ == "__main__":
    from spex.commands import effect_inputs, tensors, variants
    from spex.features import run

    command = {"tensors": tensors, "variants": variants}[sys.argv.pop(1)]
    for module in (run, effect_inputs):
        module.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(command.main())
