"""Data folders that are done: what made their tensors, the genes and the contacts that they are of."""

from spex.contacts.rules import options_of
from spex.errors import InputError, parameter
from spex.inputs.genes import read_cached_genes
from spex.runs.contacts import load_contacts
from spex.runs.folder import DataFolder
from spex.runs.settings import read_run_settings

AGAIN = "the tensors.py command that made the folder writes it again"


def open_made(root, argument):
    """A data folder that tensors.py of this program filled.

    Returns: DataFolder; its RunSettings.

    Raises:
        InputError: no such folder, or what its tensors were made from is unknown.
    """
    folder = DataFolder(root)
    about = {"argument": argument, "subject": root}
    if not folder.root.is_dir():
        raise InputError("no such folder", **about, expected="a data folder that tensors.py filled")
    settings = read_run_settings(folder)
    if settings is None:
        raise InputError(
            "no run.json in it, so what its tensors were made from is unknown",
            **about,
            expected="a data folder that tensors.py of this program filled",
        )
    return folder, settings


def contacts_of(folder, settings, about):
    """The contacts that a folder's tensors were made with, of all its genes, in the order of `cached_genes.tsv`.

    about: argument and subject, for errors.

    Raises:
        InputError: there are none, they are damaged, or an earlier version took other windows from a bin.
    """
    rule, resolution = settings.rule, settings.hic_resolution
    if settings.windows_per_bin != options_of(rule, resolution)["windows_per_bin"]:
        raise InputError(
            f"made by an earlier version, which took one window from each bin of {resolution} bp; "
            f"this one takes {rule.tiles(resolution)} of them",
            **about,
            hint=f"make the tensors anew in another {parameter('data_folder')}",
        )
    identity = {**settings.recorded(), "genes": read_cached_genes(folder.cached_genes)["id"].tolist()}
    contacts = load_contacts(folder.contacts_npz, identity, rule, resolution)
    if contacts is None:
        raise InputError("no whole contacts.npz in it", **about, expected="the map's contacts", hint=AGAIN)
    return contacts
