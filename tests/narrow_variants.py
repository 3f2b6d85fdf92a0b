"""spex variants with a narrow network in the place of the published one, for tests that need a process of their own.

With --two_devices first, the CPU serves as two devices, as two GPUs would.
"""

import sys

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

from expecto import beluga
from spex.commands import effect_inputs, variants

beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN  # here, so that processes of its own have it too

if __name__ == "__main__":
    if sys.argv[1] == "--two_devices":
        del sys.argv[1]
        effect_inputs.choose_devices = lambda platform, gpus: ["cpu", "cpu"]
    sys.exit(variants.main())
