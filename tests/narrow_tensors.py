"""tensors.py with a narrow network in the place of the published one, for tests that need a process of their own."""

import sys

from conftest import NARROW_CHANNELS, NARROW_HIDDEN

import tensors
from expecto import beluga

if __name__ == "__main__":
    beluga.CHANNELS, beluga.HIDDEN = NARROW_CHANNELS, NARROW_HIDDEN
    sys.exit(tensors.main())
