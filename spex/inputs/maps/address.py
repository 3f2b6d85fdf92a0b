"""Where a contact map lies: a file, or a cooler URI that names a group in one."""

import hashlib
import re
from pathlib import Path

from spex.errors import InputError
from spex.files.checks import require_file

PUBLISHED_MAP = "4DNFIARR7LP4.mcool"
OWN_GROUPS = re.compile(r"(resolutions/[0-9]+)?")
"""Groups that are found by the resolution alone, so that naming them names the same map."""


def split_uri(path):
    """The file and the group of `FILE::GROUP`. Returns: Path, and the group, or None where the path is a file's."""
    file, sign, group = str(path).rpartition("::")
    if not sign or Path(path).exists():
        return Path(path), None
    return Path(file), group.strip("/")


def require_map(path):
    """The path or URI, when a readable file is there; where the published map is missing, the error says how to get it.

    Raises:
        InputError: no such file.
    """
    file, _ = split_uri(path)
    try:
        require_file(file, "maps", "contacts" if file.name == PUBLISHED_MAP else None)
    except InputError as error:
        error.subject = path
        raise
    return path


def map_sha256(path, hashes):
    """What identifies a map: the hash of its file, and of the group too where the resolution does not say it.

    hashes: KnownHashes. Returns: 64 hexadecimal digits.
    """
    file, group = split_uri(path)
    digest = hashes.sha256(file)
    if group is None or OWN_GROUPS.fullmatch(group):
        return digest
    return hashlib.sha256(f"{digest}::{group}".encode()).hexdigest()
