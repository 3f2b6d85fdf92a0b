"""Download of large files that goes on where it stopped: after a dropped connection, a kill, a night."""

import contextlib
import json
import logging
import math
import os
import re
import time

import requests

from spex.errors import InputError, parameter
from spex.files.atomic import beside, open_locked, open_own, write_json
from spex.progress import progress

CHUNK_BYTES = 1 << 14  # a dropped connection loses less than this
MEGABYTE = 1_000_000
FAILURES_IN_A_ROW = 6
STATE, LARGEST_STATE = ".json", 1 << 16
TIMEOUT_SECONDS = (30, 60)  # to connect, between two pieces
PASSING_STATUSES = (408, 429, 500, 502, 503, 504)

logger = logging.getLogger("spex")


class PassingError(Exception):
    """What may be gone at the next try; the message says what it was."""


def part_path(path):
    """Where the bytes of the file `path` gather until they are complete and verified."""
    return beside(path, ".part")


def discard(part):
    """Remove a part and what is known of it."""
    part.unlink(missing_ok=True)
    beside(part, STATE).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(part):
    """Keep other processes from working on the same part; InputError where one does, or no plain file is there."""
    lock = beside(part, ".lock")
    busy = InputError("another process is downloading it", subject=part, hint="wait until that ends")
    with open_locked(lock, lambda holder: busy):
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def fetch(address, part, *, most=math.inf, auth=None, sleep=time.sleep):
    """Complete a part, asking the server only for the bytes that it lacks.

    It starts from zero only where the server does not send ranges or has another file than before (its ETag or date
    is kept beside the part), and ends at the size that the server announces, whatever follows. Failures that may
    pass are tried again, each time after twice as long.

    most: bytes that the file may have. auth: (user, password) or None; never printed, and dropped by `requests` when
    it is redirected to another host. sleep: waits for a number of seconds.

    Raises:
        InputError: the server refuses, or fails `FAILURES_IN_A_ROW` times without one new byte: the part is kept. The
            file is too large, or no plain file is in the place of the part.
    """
    failures, furthest = 0, 0
    with open_own(part, "ab") as file:
        while True:
            try:
                _receive(address, part, file, most, auth)
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


def _receive(address, part, file, most, auth):
    """One request for what is missing, appended to the part.

    Raises PassingError where less arrived than the server announced, or it may answer better the next time.
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
            _check_size(address, news["total"] or 0, most)
            write_json(beside(part, STATE), news)
            if response.status_code != 416:
                _append(response, file, part.name.removesuffix(".part"), news["total"], most)
    except requests.RequestException as error:
        # without the exception's own text: behind a redirect it contains a signed address
        raise PassingError(_in_words(error)) from None
    if news["total"] is None:
        write_json(beside(part, STATE), {**news, "total": _size(file)})
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
    found, advice = f"the server answered {response.status_code} {response.reason}", "check the address"
    if response.status_code in PASSING_STATUSES:
        raise PassingError(found)
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.status_code == 200 and is_page:
        found, advice = "the server answered with a web page", "look at it in a browser (a login, a proxy?)"
    elif response.status_code in (200, 206, 416):
        return
    hint = f"{advice}, or give another address with {parameter('mirror')}"
    raise InputError(found, subject=address, expected="the file", hint=hint)


def _validator(response):
    """What identifies the server's version of the file: a strong ETag, else its date, else None."""
    etag = response.headers.get("ETag", "")
    return etag if etag.startswith('"') else response.headers.get("Last-Modified")


def _total(response):
    """Length in bytes of the whole file, None where the server does not say."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None
    found = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _goes_on(response, size, known, news):
    """Whether a partial answer begins where the part ends, and is of the same file."""
    content_range = response.headers.get("Content-Range", "")
    versions = {known["validator"], news["validator"]} if known.get("address") == news["address"] else set()
    return (
        (content_range.startswith(f"bytes {size}-") or content_range == f"bytes */{size}")
        and known.get("total") in (None, news["total"])
        and len(versions - {None}) < 2
    )


def _check_size(address, size, most):
    if size > most:
        raise InputError(
            f"the file has {size:,} bytes or more",
            subject=address,
            expected=f"at most {most:,}",
            hint=f"check the address, free some space, or give another address with {parameter('mirror')}",
        )


def _append(response, file, name, total, most):
    """Append an answer to a part, up to the total that was announced; without one what is too large is dropped."""
    size = _size(file)
    response.raw.headers.pop("Content-Encoding", None)  # bytes are taken as they were counted, and not unfolded
    doing = f"{name}, from {size // MEGABYTE} MB on" if size >= MEGABYTE else name
    missing = None if total is None else (total - size) // MEGABYTE
    with progress(missing, "MB", doing) if missing else contextlib.nullcontext(lambda count: None) as advance:
        for chunk in response.iter_content(CHUNK_BYTES):
            chunk = chunk if total is None else chunk[: total - size]  # noqa: PLW2901
            if size + len(chunk) > most:
                file.truncate(0)
            _check_size(response.url, size + len(chunk), most)
            file.write(chunk)
            advance((size + len(chunk)) // MEGABYTE - size // MEGABYTE)
            size += len(chunk)
            if size == total:
                break
    file.flush()


def _in_words(error):
    texts = {
        requests.exceptions.SSLError: "its certificate could not be verified",
        requests.Timeout: "no answer in time",
        requests.exceptions.ChunkedEncodingError: "the connection was dropped",
        requests.ConnectionError: "no connection",
    }
    return next((text for kind, text in texts.items() if isinstance(error, kind)), type(error).__name__)


def _size(file):
    return file.seek(0, os.SEEK_END)


def _read_state(part):
    """Address, validator and total that the part's bytes came with; empty when that is not known."""
    try:
        with open_own(beside(part, STATE), "rb") as file:
            state = json.loads(file.read(LARGEST_STATE))
        return {name: state[name] for name in ("address", "validator", "total")}
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError):
        return {}
