"""`python -m benchmarks.gpu` with the CPU as two devices, in a process of its own."""

import sys

from benchmarks.gpu import __main__ as command

if __name__ == "__main__":
    command.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(command.main())
