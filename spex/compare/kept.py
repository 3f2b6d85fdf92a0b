"""What a comparison keeps for a restart: arrays in files named by a hash of all that they follow from."""

import logging

from spex.files.hashes import json_digest
from spex.files.sealed import DamagedFileError, load_arrays, save_arrays

logger = logging.getLogger("spex")


class Kept:
    """A folder of finished parts. folder: made where it is missing; None keeps nothing."""

    def __init__(self, folder):
        self.folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def path(self, kind, identity, suffix):
        """Where a part is. kind: beginning of its name. identity: JSON value, all that the part follows from."""
        return self.folder / f"{kind}_{json_digest(identity, 16)}{suffix}"

    def load(self, kind, identity):
        """Arrays by name, as `save` was given them; None where there are none, or they are damaged."""
        if self.folder is None:
            return None
        try:
            return load_arrays(self.path(kind, identity, ".npz"))
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            logger.warning("%s; it is computed again", error)
            return None

    def save(self, kind, identity, arrays):
        if self.folder is not None:
            save_arrays(self.path(kind, identity, ".npz"), arrays)
