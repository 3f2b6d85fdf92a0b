"""The proof that a restart is the same run: the settings that determine a data folder's numbers, inputs by content."""

import json
from functools import partial
from pathlib import Path

from spex.errors import InputError
from spex.files.storage import DamagedFileError, file_sha256, load_sealed_json, require_file, save_sealed_json
from spex.inputs.kinds import require_map

RECORDED_INPUTS = {
    "genes_filename": "genes_sha256",
    "genome_filename": "genome_sha256",
    "beluga_model_filename": "beluga_sha256",
    "mcool_filename": "maps_sha256",
}
"""Options that name files -> the field of run.json that holds their hash."""

HASH_SHOWN = 12


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


def check_made_with(folder, given, hashes, defaults):
    """Refuse inputs and thresholds, named for once more, that a data folder's tensors were not made with.

    folder: DataFolder. given: option -> path, list of paths, or number, as far as the user named them; those that
    run.json does not record are passed over. hashes: KnownHashes. defaults: option -> number that says nothing where
    the tensors were made without such a threshold.

    Raises:
        InputError: the tensors were made with another one; names option, run.json and both.
    """
    settings = read_run_settings(folder)
    for option, value in given.items():
        found = _identity(option, value, hashes)
        field = RECORDED_INPUTS.get(option, option)
        if settings is None or field not in settings:
            continue
        made = settings[field]
        if made == found or (made is None and found == defaults.get(option)):
            continue
        named = value[0] if isinstance(value, list) else value
        raise InputError(
            f"--{option} {named}: the tensors in {folder.root} were made with "
            f"{_in_words(field, made, found, settings)}, says {folder.run_json}; give the --data_folder that "
            "tensors.py filled with this, or what that one was made with"
        )


def _identity(option, value, hashes):
    """What run.json has of an option's value: a number as it is, files by their hashes."""
    if option not in RECORDED_INPUTS:
        return value
    paths = value if isinstance(value, list) else [value]
    find = require_map if option == "mcool_filename" else partial(require_file, option=f"--{option}")
    digests = sorted(hashes.sha256(find(path)) for path in paths)
    check_different(paths, hashes)
    return digests if isinstance(value, list) else digests[0]


def check_different(paths, hashes):
    """Refuse a contact map that is given twice: its counts would be added to themselves."""
    first = {}
    for path in paths:
        digest = hashes.sha256(path)
        if digest in first:
            raise InputError(f"--mcool_filename {path}: the same map as {first[digest]}; expected each map once")
        first[digest] = path


def _in_words(field, made, found, settings):
    """What tensors were made with instead of what was given."""
    if field == "maps_sha256":
        return f"{len(made)} other contact maps" if made else "sequence alone"
    if field in RECORDED_INPUTS.values():
        return f"another file ({field} {made[:HASH_SHOWN]}..., this one has {found[:HASH_SHOWN]}...)"
    if made is not None:
        return f"{field} {made}"
    return f"the {settings['contact_rule']} rule, which has none" if settings["maps_sha256"] else "sequence alone"


class KnownHashes:
    """SHA-256 of input files, remembered by path, size and times of modification and change.

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
        stamp = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns}
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
