"""The network that a user gives: a checkpoint of the published one, or a JSON file that describes another."""

from expecto.network import PUBLISHED, is_description, read_description
from spex.errors import InputError
from spex.files.checks import require_file

FORM = "docs/networks.md describes the form"


def description_of(path):
    """The Description in a file; None of a checkpoint.

    Raises:
        InputError: no such file, or a description that cannot be used.
    """
    if not is_description(require_file(path, "network")):
        return None
    try:
        return read_description(path)
    except ValueError as error:
        found = str(error).removeprefix(f"{path}: ")
        raise InputError(found, argument="network", subject=path, hint=FORM) from error


def network_of(path):
    """The Network of a checkpoint or a description; errors as of `description_of`."""
    description = description_of(path)
    return PUBLISHED if description is None else description.network
