"""`spex check-gpu` with a narrow network and the CPU as two devices, in a process of its own: its own processes have
the narrow network too."""

import sys

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

from expecto import beluga
from spex.commands import check_gpu

beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN

if __name__ == "__main__":
    check_gpu.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(check_gpu.main())
