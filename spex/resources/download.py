"""Download of large files that goes on where it stopped: after a dropped connection, a kill, a night."""

import contextlib
import fcntl
import json
import logging
import os
import re
import time

import requests

from spex.errors import InputError, parameter
from spex.files.atomic import write_json
from spex.progress import progress

CHUNK_BYTES = 1 << 14  # a dropped connection loses less than this
MEGABYTE = 1_000_000
FAILURES_IN_A_ROW = 6
TIMEOUT_SECONDS = (30, 60)  # to connect, between two pieces
PASSING_STATUSES = (408, 429, 500, 502, 503, 504)

logger = logging.getLogger("spex")


class PassingError(Exception):
    """What may be gone at the next try; the message says what it was."""


def part_path(path):
    """Where the bytes of the file `path` gather until they are complete and verified."""
    return path.with_name(f"{path.name}.part")


def discard(part):
    """Remove a part and what is known of it."""
    part.unlink(missing_ok=True)
    _state_path(part).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(part):
    """Keep other processes from working on the same part.

    Raises:
        InputError: another one does.
    """
    lock = part.with_name(f"{part.name}.lock")
    with open(lock, "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("another process is downloading it", subject=part, hint="wait until that ends") from None
        except OSError as error:
            logger.warning("%s: this file system has no locks (%s); start one download at a time", part, error.strerror)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def fetch(address, part, *, auth=None, sleep=time.sleep):
    """Complete a part, asking the server only for the bytes that it lacks.

    It starts from zero only where the server does not send ranges or has another file than before (its ETag or date
    is kept beside the part). Failures that may pass are tried again, each time after twice as long.

    auth: (user, password) or None; never printed, and dropped by `requests` when it is redirected to another host.
    sleep: function that waits for a number of seconds.

    Raises:
        InputError: the server refuses, or fails `FAILURES_IN_A_ROW` times without one new byte; the part is kept.
    """
    failures, furthest = 0, 0
    with open(part, "ab") as file:
        while True:
            try:
                _receive(address, part, file, auth)
                break
            except PassingError as error:
                size = _size(file)
                failures = 1 if size > furthest else failures + 1
                furthest = max(furthest, size)
                problem = str(error)
            if failures == FAILURES_IN_A_ROW:
                raise InputError(
                    f"{problem}, {failures} times in a row; the {size:,} bytes received are kept",
                    subject=address,
                    hint=f"run the same command again later, or give another address with {parameter('mirror')}",
                )
            logger.warning("%s: %s; trying again in %d s", address, problem, 2**failures)
            sleep(2**failures)
        os.fsync(file.fileno())


def _receive(address, part, file, auth):
    """One request for what is missing, appended to the part.

    Raises:
        PassingError: less arrived than the server announced, or it may answer better the next time.
        InputError: the server refuses, or answers with a web page.
    """
    known = _read_state(part)
    size = _size(file)
    if size and size == known.get("total"):
        return
    try:
        with requests.get(
            address, headers=_headers(address, size, known), auth=auth, stream=True, timeout=TIMEOUT_SECONDS
        ) as response:
            _refuse_errors(address, response)
            news = {"address": address, "validator": _validator(response), "total": _total(response)}
            if response.status_code == 200:
                file.truncate(0)
            elif not _goes_on(response, size, known, news):
                file.truncate(0)
                raise PassingError("the server has another file than before, so it starts again from zero")
            write_json(_state_path(part), news)
            if response.status_code != 416:
                _append(response, file, part.name.removesuffix(".part"), news["total"])
    except requests.RequestException as error:
        # without the exception's own text: behind a redirect it holds a signed address
        raise PassingError(_in_words(error)) from None
    if news["total"] is None:
        write_json(_state_path(part), {**news, "total": _size(file)})
    elif _size(file) != news["total"]:
        raise PassingError("the connection was dropped")


def _headers(address, size, known):
    headers = {"Accept-Encoding": "identity"}
    if size:
        headers["Range"] = f"bytes={size}-"
        if known.get("validator") and known.get("address") == address:
            headers["If-Range"] = known["validator"]
    return headers


def _refuse_errors(address, response):
    status = f"the server answered {response.status_code} {response.reason}"
    if response.status_code in PASSING_STATUSES:
        raise PassingError(status)
    if response.status_code not in (200, 206, 416):
        raise InputError(
            status,
            subject=address,
            expected="the file",
            hint=f"check the address, or give another with {parameter('mirror')}",
        )
    if response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
        raise InputError(
            "the server answered with a web page",
            subject=address,
            expected="the file",
            hint=f"look at it in a browser (a login, a proxy?), or give another address with {parameter('mirror')}",
        )


def _validator(response):
    """What identifies the server's version of the file: a strong ETag, else its date, else None."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _total(response):
    """Length in bytes of the whole file, None where the server does not tell."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    found = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _goes_on(response, size, known, news):
    """Whether a partial answer begins where the part ends, and is of the same file."""
    content_range = response.headers.get("Content-Range", "")
    same_server = known.get("address") == news["address"]
    return (
        (content_range.startswith(f"bytes {size}-") or content_range == f"bytes */{size}")
        and known.get("total") in (None, news["total"])
        and not (same_server and known["validator"] and news["validator"] and known["validator"] != news["validator"])
    )


def _append(response, file, name, total):
    size = _size(file)
    doing = f"{name}, from {size // MEGABYTE} MB on" if size >= MEGABYTE else name
    missing = None if total is None else (total - size) // MEGABYTE
    with progress(missing, "MB", doing) if missing else contextlib.nullcontext(lambda count: None) as advance:
        for chunk in response.iter_content(CHUNK_BYTES):
            file.write(chunk)
            advance((size + len(chunk)) // MEGABYTE - size // MEGABYTE)
            size += len(chunk)
    file.flush()


def _in_words(error):
    words = {
        requests.exceptions.SSLError: "its certificate could not be verified",
        requests.Timeout: "no answer in time",
        requests.exceptions.ChunkedEncodingError: "the connection was dropped",
        requests.ConnectionError: "no connection",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), type(error).__name__)


def _size(file):
    return file.seek(0, os.SEEK_END)


def _state_path(part):
    return part.with_name(f"{part.name}.json")


def _read_state(part):
    """Address, validator and total that the part's bytes came with; empty when that is not known."""
    try:
        state = json.loads(_state_path(part).read_text())
        return {name: state[name] for name in ("address", "validator", "total")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
