"""tensors.py with a narrow network in the place of the published one, for tests that need a process of their own.

With --two_devices first, the CPU serves as two devices, as two GPUs would. FAILING_WRITES=full or =bug in the
environment makes every write of a tensor fail.
"""

import os
import sys
from unittest.mock import Mock

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

import tensors
from expecto import beluga
from spex import pipeline

beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN  # here, so that processes of its own have it too
if "FAILING_WRITES" in os.environ:
    failure = OSError(28, "No space left on device") if os.environ["FAILING_WRITES"] == "full" else ZeroDivisionError()
    pipeline.save_array = Mock(side_effect=failure)

if __name__ == "__main__":
    if sys.argv[1] == "--two_devices":
        del sys.argv[1]
        tensors.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(tensors.main())
