"""Get one resource file: download, unpack, verify, give it its name, and remember that it was verified."""

import gzip
import hashlib
import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from spex.errors import InputError, parameter
from spex.files.atomic import beside, open_own, write_json
from spex.files.hashes import stamp_of
from spex.progress import progress
from spex.resources.download import MEGABYTE, discard, fetch, locked, part_path

PIECE = 1 << 20
MORE = 2  # times as large as the table of files roughly says, a file may be
INDEX, RECORD = ".fai", ".verified.json"  # beside a FASTA file; beside any file that was verified

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class Resource:
    """A file to download.

    path: where it belongs, from the repository's root. address: where it comes from; unpacked when it ends in .gz.
    check: called with (path, find), where find(name) is the path of another resource; raises InputError; may leave an
    index beside the file. digest: `kind:hexadecimal` of the published file; None: the sha256 of the first download is
    recorded, and later ones are compared with it. megabytes: disk that getting it takes, roughly, None where its maker
    does not say. page: where to get it by hand, for a file that may need an account.
    """

    name: str
    path: str
    what: str
    licence: str
    address: str
    check: Callable
    digest: str | None = None
    megabytes: int | None = None
    page: str | None = None


def locate(resource, folder):
    """Where a resource is or belongs: under its own path in the folder; directly in the folder if it is there."""
    laid_out, flat = Path(folder, resource.path), Path(folder, Path(resource.path).name)
    return flat if flat.exists() and not laid_out.exists() else laid_out


def download_part(resource, path):
    """Where a resource's bytes gather while they are downloaded."""
    return part_path(path.with_name(_served_name(resource)))


def obtain(resource, find, *, mirror=None, login=None, sleep=time.sleep):
    """Put a verified file where a resource belongs; one that is there already is verified, never replaced.

    find: function from a resource's name to its path. mirror: address of a folder that serves the files by name, in
    place of their makers'. login: (user, password) for files whose makers want an account; not sent to a mirror.

    Raises:
        InputError: it cannot be had, or is not what it should be; nothing is then under its name that was not before.
    """
    path = find(resource.name)
    if path.exists():
        if not is_verified(path):
            logger.info("%s: already there, being verified", path)
            _record(path, _verify_own(resource, path, find))
        logger.info("%s: there and verified", path)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = download_part(resource, path)
    with locked(part):
        most = _most_bytes(resource, part)
        address = _download(resource, path, part, most, mirror=mirror, login=login, sleep=sleep)
        packed = _served_name(resource).endswith(".gz")
        whole = part_path(path) if packed else part
        try:
            if packed:
                _unpack(part, whole, most)
            logger.info("%s: complete, being verified", whole)
            digest = verify(resource, whole, path, find)
        except InputError as error:
            discard(part)
            discard(whole)
            beside(whole, INDEX).unlink(missing_ok=True)
            raise error.with_hint(
                f"it came from {address} and was removed; try again, or another address with {parameter('mirror')}"
            ) from error
        os.replace(whole, path)
        if beside(whole, INDEX).exists():
            os.replace(beside(whole, INDEX), beside(path, INDEX))
        _record(path, digest)
        discard(part)
    logger.info("%s: downloaded and verified", path)


def _verify_own(resource, path, find):
    try:
        return verify(resource, path, path, find)
    except InputError as error:
        raise error.with_hint("move it away and run the same command again to get the right one") from error


def _download(resource, path, part, most, *, mirror, login, sleep):
    """Complete the part; returns the address it comes from."""
    address = f"{mirror.rstrip('/')}/{_served_name(resource)}" if mirror else resource.address
    try:
        fetch(address, part, most=most, auth=login if resource.page and not mirror else None, sleep=sleep)
    except InputError as error:
        if not resource.page:
            raise
        raise error.with_hint(
            f"or by hand: log in at {resource.page} (the account is free), download the file and put it at {path}; or "
            f"give {parameter('login')} with the JSON file of your access key"
        ) from error
    return address


def _served_name(resource):
    return urlsplit(resource.address).path.rpartition("/")[2]


def _most_bytes(resource, part):
    """Bytes that a resource, or what it is packed in, may have: about what is known, and what there is room for.

    Raises InputError where there is no room for what is known.
    """
    there = part.stat().st_size if part.is_file() else 0
    free = shutil.disk_usage(part.parent).free
    needed = (resource.megabytes or 0) - there // MEGABYTE
    if needed > free // MEGABYTE:
        raise InputError(
            f"{free // MEGABYTE:,} MB free, but {resource.name} takes about {needed:,} more",
            subject=part.parent,
            hint="free some space",
        )
    return free + there if resource.megabytes is None else min(free + there, MORE * resource.megabytes * MEGABYTE)


def _unpack(part, unpacked, most):
    """Decompress a `.gz` as a stream, from its start. most: bytes that it may expand to."""
    try:
        with (
            open(part, "rb") as packed,
            gzip.open(packed) as stream,
            open_own(unpacked, "wb") as file,
            progress(part.stat().st_size // MEGABYTE, "MB", f"unpacking {part.name.removesuffix('.part')}") as advance,
        ):
            before = 0
            while chunk := stream.read(PIECE):
                if file.tell() + len(chunk) > most:
                    raise InputError(f"it expands to more than {most:,} bytes", subject=part)
                file.write(chunk)
                advance(packed.tell() // MEGABYTE - before // MEGABYTE)
                before = packed.tell()
            file.flush()
            os.fsync(file.fileno())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"cannot be unpacked ({error})", subject=part) from error


def verify(resource, candidate, path, find):
    """Check a file: by its published hash; without one by its content, and by the hash of the first download.

    candidate: the file. path: where it belongs, beside which the record is.

    Returns: its digest as `kind:hexadecimal`.

    Raises:
        InputError: it is not what it should be.
    """
    if resource.digest:
        try:
            check_digest(candidate, resource.digest)
        except InputError:
            if candidate == path:
                resource.check(path, find)  # says more about a user's own file than that two hashes differ
            raise
        return resource.digest
    resource.check(candidate, find)
    recorded = _read_record(path).get("digest")
    if not recorded:
        return f"sha256:{file_digest(candidate, 'sha256')}"
    try:
        check_digest(candidate, recorded)
    except InputError as error:
        expected = f"{error.expected} as recorded in {beside(path, RECORD)}"
        raise error.but(expected=expected, hint="delete that to accept this one") from error
    return recorded


def file_digest(path, kind):
    """A file's hash in hexadecimal; `git` is the id that git gives a file of this content."""
    of_git = partial(hashlib.sha1, b"blob %d\0" % path.stat().st_size)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, of_git if kind == "git" else kind).hexdigest()


def check_digest(path, digest):
    """Compare a file's hash with the published one. digest: `kind:hexadecimal`, kind md5, sha256 or git."""
    kind, _, expected = digest.partition(":")
    found = file_digest(path, kind)
    if found != expected:
        raise InputError(f"its {kind} hash is {found}", subject=path, expected=expected)


def is_verified(path):
    """Whether a file was verified and has not been written since."""
    return path.exists() and _read_record(path).items() >= _stamp(path).items()


def _record(path, digest):
    """Remember that a file was verified; in a folder that cannot be written to, it is verified each time."""
    if os.access(path.parent, os.W_OK):
        write_json(beside(path, RECORD), {"digest": digest, **_stamp(path)})


def _read_record(path):
    try:
        record = json.loads(beside(path, RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _stamp(path):
    return dict(zip(("size", "mtime_ns"), stamp_of(path), strict=False))
