"""The proof that a restart is the same run: the settings that determine a data folder's numbers, inputs by content."""

import json
from pathlib import Path

from spex.errors import InputError
from spex.storage import DamagedFileError, file_sha256, load_sealed_json, save_sealed_json


def read_run_settings(folder):
    """The settings that made a data folder's tensors, or None where no run.json is.

    Raises:
        InputError: run.json is damaged or was edited by hand.
    """
    try:
        return load_sealed_json(folder.run_json)["settings"]
    except FileNotFoundError:
        return None
    except (DamagedFileError, KeyError) as error:
        raise InputError(
            f"{folder.run_json}: damaged or edited, so it cannot be told which settings made the tensors beside it; "
            f"expected the file as tensors.py wrote it; start again in another --data_folder"
        ) from error


def claim_run(folder, settings):
    """Tie a data folder to the settings that determine its numbers, or refuse it when others made it.

    folder: DataFolder. settings: dict of JSON values.

    Raises:
        InputError: run.json holds other settings; names the first field that differs with both values.
    """
    check_run(folder, settings)
    folder.tensors.mkdir(parents=True, exist_ok=True)
    if not folder.run_json.exists():
        save_sealed_json(folder.run_json, {"settings": settings}, once=True)
    check_run(folder, settings)  # of several first runs at once, one made the file


def check_run(folder, settings):
    """Refuse, without writing anything, a data folder that other settings made; errors as `claim_run`."""
    earlier = read_run_settings(folder)
    if earlier is None:
        return
    for field in sorted(earlier.keys() | settings.keys()):
        if earlier.get(field) != settings.get(field):
            raise InputError(
                f"{folder.run_json}: {field} was {json.dumps(earlier.get(field))} when this folder was made and is "
                f"{json.dumps(settings.get(field))} now; give the same settings to go on, or another --data_folder"
            )


class KnownHashes:
    """SHA-256 of input files, remembered by path, size and modification time.

    A restart then does not read gigabytes again. path: JSON file of the memory; where it is missing or damaged, hashes
    are computed anew.
    """

    def __init__(self, path):
        self.path = Path(path)
        try:
            self._known = load_sealed_json(self.path)
        except (OSError, DamagedFileError):
            self._known = {}
        self._new = False

    def sha256(self, path):
        """Hash of a file's content, in hexadecimal."""
        path = Path(path).resolve()
        stat = path.stat()
        stamp = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        entry = self._known.get(str(path), {})
        if {name: entry.get(name) for name in stamp} != stamp:
            entry = {**stamp, "sha256": file_sha256(path)}
            self._known[str(path)] = entry
            self._new = True
        return entry["sha256"]

    def save(self):
        """Write what was computed anew."""
        if self._new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            save_sealed_json(self.path, self._known)
            self._new = False
