"""The files that the program needs and may not ship: listed, got, checked.

    python -m spex.resources list
    python -m spex.resources get [NAME ...]
    python -m spex.resources check [NAME ...]

They are the property of their makers and must not be passed on; every user downloads them for themselves.
"""

import json
from functools import partial
from urllib.parse import urlsplit

from spex.commands.main import start
from spex.errors import InputError, command
from spex.files.checks import require_file
from spex.resources.download import MEGABYTE
from spex.resources.obtain import download_part, is_verified, verify
from spex.resources.table import RESOURCES, choose, finder, get

PROG = "python -m spex.resources"


def access(args):
    """How files are downloaded, as keywords of `get`."""
    return {"mirror": checked_mirror(args.mirror), "login": read_login(args.login) if args.login else None}


def run(args, resources=RESOURCES):
    """Do what the command line says. resources: the table of files."""
    chosen = choose(resources, args.names)
    find = finder(resources, args.folder)
    if args.command == "list":
        print_list(chosen, find)
    elif args.command == "check":
        print_checks(chosen, find, args.parser.spell)
    else:
        get(chosen, find, **access(args))


def print_list(resources, find):
    for resource in resources:
        path = find(resource.name)
        print(f"{resource.name:<12}{path!s:<42}{_size_text(resource, path):>15}  {_state_text(resource, path)}")
        print(f"{'':<12}{resource.what}\n{'':<12}licence: {resource.licence}")


def _size_text(resource, path):
    if path.exists():
        return f"{max(1, round(path.stat().st_size / MEGABYTE)):,} MB"
    return f"about {resource.megabytes:,} MB" if resource.megabytes else "not stated"


def _state_text(resource, path):
    part = download_part(resource, path)
    if path.exists():
        return "verified" if is_verified(path) else "there, not verified"
    return f"{part.stat().st_size // MEGABYTE:,} MB received" if part.exists() and part.stat().st_size else "missing"


def print_checks(resources, find, spell):
    """Verify each resource as it lies there and print what is found. spell: as of `InputError.line`.

    Raises:
        InputError: one of them is missing or wrong.
    """
    bad = []
    for resource in resources:
        path = find(resource.name)
        try:
            if not path.exists():
                hint = f"get it with: {command('resources')} get {resource.name}"
                raise InputError("no such file", argument=resource.name, subject=path, hint=hint)
            verify(resource, require_file(path, resource.name), path, find)
        except InputError as error:
            bad.append(resource.name)
            print(f"{'wrong' if path.exists() else 'missing':<9}{' '.join(error.line(spell).split())}", flush=True)
        else:
            print(f"{'right':<9}{path}", flush=True)
    if bad:
        raise InputError(
            f"{len(bad)} of {len(resources)} files missing or wrong, see above; move wrong ones away, then get what is "
            f"missing with: {PROG} get {' '.join(bad)}"
        )


def checked_mirror(mirror):
    """The address of a mirror, or None.

    Raises:
        InputError: not an http address, or one with a password in it, which would be logged.
    """
    if mirror is None:
        return None
    address = urlsplit(mirror)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise InputError(
            "no such address", argument="mirror", subject=mirror, expected="one that starts with http:// or https://"
        )
    if "@" in address.netloc:
        raise InputError(
            "found a password in the address", argument="mirror", hint="put it into ~/.netrc, where it is read from"
        )
    return mirror


def read_login(path):
    """User and password from a 4DN access key file: {"default": {"key": ..., "secret": ...}}.

    Raises:
        InputError: not such a file; the message shows nothing of its content.
    """
    path = require_file(path, "login")
    try:
        keys = json.loads(path.read_text())
        keys = keys.get("default", keys)
        return str(keys["key"]), str(keys["secret"])
    except (ValueError, KeyError, AttributeError, TypeError):
        raise InputError(
            "no access key in it",
            argument="login",
            subject=path,
            expected='JSON of the form {"default": {"key": "...", "secret": "..."}}, as 4DN\'s pages describe for '
            "access keys",
        ) from None


main = partial(start, "resources")
