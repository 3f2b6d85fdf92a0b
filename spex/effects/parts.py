"""What a run over variants keeps as it goes: a part for each block of the file, whole or not there."""

from dataclasses import dataclass

import numpy as np

from spex.effects.alleles import Effects
from spex.errors import InputError, parameter
from spex.files.sealed import (
    DamagedFileError,
    load_arrays,
    load_sealed,
    load_sealed_json,
    save_arrays,
    save_sealed_json,
)

FORMAT = 2
"""Version of the numbers: a change that alters any raises it, and folders made before are then refused."""

ARRAYS = ("alleles", "genes", "through_own", "own", "contact")
"""Fields of Effects that are kept as they are."""


@dataclass(frozen=True, eq=False)
class ScoredBlock:
    """What was found out of a block of alleles. statuses: (n,) text of each, as of `Allele`. starts: (n,) int64,
    0-based, of the first base that changes, as far to the left as it can lie; -1 of those that are not scored. effects:
    Effects of those that reach a gene."""

    statuses: np.ndarray
    starts: np.ndarray
    effects: Effects


class Parts:
    """The parts of a run in its folder.

    root: Path. identity: dict of JSON values that says what effects depend on.
    """

    def __init__(self, root, identity):
        self.root, self.folder = root, root / "parts"
        self._identity = {"format": FORMAT, **identity}

    def claim(self):
        """Tie the folder to what it is made from.

        Raises:
            InputError: it was made from something else, or its record is damaged.
        """
        self.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._record.exists():
            save_sealed_json(self._record, self._identity, once=True)
        self.check()  # of several first runs at once, one made the file

    def check(self):
        """Refuse a folder that was made from something else, without writing anything."""
        try:
            made = load_sealed_json(self._record)
        except FileNotFoundError:
            return
        except DamagedFileError as error:
            found = "damaged, so it cannot be told what the parts beside it were made from"
            raise InputError(found, subject=self._record, hint=f"give another {parameter('out')}") from error
        for name in sorted({*made, *self._identity}):
            if made.get(name) != self._identity.get(name):
                raise InputError(
                    f"{name.replace('_', ' ')} differ from those that this folder was made from",
                    subject=self._record,
                    hint=f"give the same to go on, or another {parameter('out')}",
                )

    def has(self, number):
        """Whether a part is there and whole."""
        try:
            load_sealed(self._path(number))
        except (FileNotFoundError, DamagedFileError):
            return False
        return True

    def load(self, number):
        """ScoredBlock of a part; None where it is not there, or damaged."""
        try:
            stored = load_arrays(self._path(number))
        except (FileNotFoundError, DamagedFileError):
            return None
        contacts = np.split(stored["contacts"], stored["offsets"][1:-1])[: len(stored["alleles"])]
        effects = Effects(**{name: stored[name] for name in ARRAYS}, contacts=contacts)
        return ScoredBlock(stored["statuses"], stored["starts"], effects)

    def save(self, number, block):
        """Write the part of a ScoredBlock."""
        effects = block.effects
        lengths = [len(each) for each in effects.contacts]
        arrays = {
            "statuses": block.statuses,
            "starts": block.starts,
            **{name: getattr(effects, name) for name in ARRAYS},
            "contacts": np.concatenate([np.empty(0, np.int64), *effects.contacts]),
            "offsets": np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        }
        save_arrays(self._path(number), arrays)

    @property
    def _record(self):
        return self.root / "effects.json"

    def _path(self, number):
        return self.folder / f"{number:07d}.npz"
