"""The files that the program needs and may not ship: listed, got, checked.

    python -m spex.resources list
    python -m spex.resources get [NAME ...]
    python -m spex.resources check [NAME ...]

They are the property of their makers and must not be passed on; every user downloads them for themselves.
"""

import json
from functools import partial
from urllib.parse import urlsplit

from spex.commands.options import OneLineParser, option
from spex.commands.running import run_script
from spex.errors import InputError
from spex.files.checks import require_file
from spex.resources.download import MEGABYTE
from spex.resources.obtain import download_part, is_verified, verify
from spex.resources.table import RESOURCES, choose, finder, get

PROG = "python -m spex.resources"
ACCESS = ("mirror", "login")
"""Arguments of the library that are options here; files go by the names of the library."""


def create_parser(prog=PROG):
    parser = OneLineParser(
        prog=prog, description="The files that SpEx needs: list them, get them, check them.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{list,get,check}")
    for command, help_text in {
        "list": "what the files are, where they belong, whether they are there and verified",
        "get": "download what is missing, going on where an earlier download stopped",
        "check": "read the files through: hashes, chromosomes, rows, weights, resolutions",
    }.items():
        subparser = commands.add_parser(command, help=help_text, description=help_text, allow_abbrev=False)
        subparser.add_argument("names", nargs="*", metavar="NAME", help="files, by the names that list shows; all")
        subparser.add_argument("--folder", default=".", help="where data/ and expecto/ are (default: here)")
    add_access_options(commands.choices["get"])
    return parser


def add_access_options(parser):
    """The options that say how files are got."""
    add = parser.add_argument
    add("--mirror", metavar="URL", help="take the files, by their names, from this address instead of their makers'")
    add("--4dn_key", dest="login_file", metavar="FILE", help="your 4DN access key as JSON, for the contact map")


def spell(argument):
    """How commands with these options spell an argument of the library."""
    return option(argument) if argument in ACCESS else argument


def access(args):
    """What `add_access_options` gave, as keywords of `get`."""
    return {"mirror": checked_mirror(args.mirror), "login": read_login(args.login_file) if args.login_file else None}


def run(args, resources=RESOURCES):
    """Do what the command line says. resources: the table of files."""
    chosen = choose(resources, args.names)
    find = finder(resources, args.folder)
    if args.command == "list":
        print_list(chosen, find)
    elif args.command == "check":
        print_checks(chosen, find)
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


def print_checks(resources, find):
    """Verify each resource as it lies there and print what is found.

    Raises:
        InputError: one of them is missing or wrong.
    """
    bad = []
    for resource in resources:
        path = find(resource.name)
        try:
            require_file(path, resource.name, resource.name)
            verify(resource, path, path, find)
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
        InputError: not such a file; nothing of its content is told.
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


def main(argv=None, prog=PROG, resources=RESOURCES):
    return run_script(prog, partial(run, resources=resources), create_parser(prog).parse_args(argv), spell=spell)
