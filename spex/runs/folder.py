"""A data folder: its paths, the shard of its genes that a job does, the contacts kept in it, and whether it is done."""

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from spex.contacts.collect import Contacts
from spex.contacts.rules import EVERY_ONE, options_of
from spex.errors import InputError, command, parameter
from spex.files.atomic import read_json, write_json, write_text
from spex.files.checks import require_folder
from spex.files.sealed import DamagedFileError, if_whole, load_arrays, load_sealed_json, save_arrays
from spex.inputs.genes import read_cached_genes
from spex.inputs.maps.reader import map_sha256, split_uri
from spex.runs.settings import read_run_settings

OTHERS = ("chromsizes", "accounts")  # what is kept of contacts beside the arrays, as JSON
ARRAYS = [field.name for field in fields(Contacts) if field.type is np.ndarray]


class DataFolder:
    """Where one run's files are: `tensors/`, `run.json`, `cached_genes.tsv`, `contacts.tsv`, `results/`.

    Raises:
        InputError: there is something else than a folder.
    """

    def __init__(self, root):
        self.root = require_folder(root, "data_folder")
        self.tensors, self.results = self.root / "tensors", self.root / "results"
        self.run_json, self.input_hashes = self.root / "run.json", self.root / "input_hashes.json"
        self.cached_genes, self.genome_index = self.root / "cached_genes.tsv", self.root / "genome.fai"
        self.contacts_tsv, self.contacts_npz = self.root / "contacts.tsv", self.root / "contacts.npz"
        self.inputs_json, self.names_json = self.root / "inputs.json", self.root / "feature_names.json"
        self.local_npz = self.root / "local.npz"

    def tensor_path(self, gene_id):
        return self.tensors / f"tensor_gene_{gene_id}.npy"

    def has_tensors(self, gene_ids):
        """Which genes have a tensor, (n,) bool."""
        names = set(os.listdir(self.tensors)) if self.tensors.is_dir() else ()
        return np.array([self.tensor_path(gene).name in names for gene in gene_ids], dtype=bool)

    def write_contacts_table(self, contacts):
        """Write `contacts.tsv`: how many bins each gene contacts on each side, and their counts. contacts: Contacts."""
        write_text(self.contacts_tsv, contacts.table().to_csv(sep="\t", index=False, lineterminator="\n"))

    def named(self, layout):
        """A Layout with the names of its features, where the folder has them.

        Raises:
            InputError: the names are of other features, or damaged.
        """
        if layout.shared or not self.names_json.exists():
            return layout
        try:
            own, bins = (tuple(map(str, load_sealed_json(self.names_json)[part])) for part in ("own", "bins"))
        except (DamagedFileError, KeyError, TypeError) as error:
            raise InputError("damaged", subject=self.names_json, hint="make the features again") from error
        return replace(layout, own_names=own, bin_names=bins)

    def remember(self, hashes, **inputs):
        """Keep where inputs are, so that later commands need no option for them; no part of what the folder is.

        hashes: KnownHashes. inputs: argument -> list of paths; files by their hashes, folders without.
        """
        before = self._remembered()
        after = before | {
            name: [{"path": str(Path(each).absolute()), "sha256": _identity(each, hashes)} for each in paths]
            for name, paths in inputs.items()
        }
        if after != before:
            write_json(self.inputs_json, after)

    def recall(self, argument, hashes):
        """Paths of an input as the folder remembers them, as long as all are there; else an empty list.

        Raises:
            InputError: a file is another one by now.
        """
        entries = self._remembered().get(argument, [])
        if not all(split_uri(each["path"])[0].exists() for each in entries):
            return []
        for each in entries:
            if each["sha256"] not in (None, _identity(each["path"], hashes)):
                raise InputError(
                    f"changed since {self.root} was made with it",
                    argument=argument,
                    subject=each["path"],
                    hint=f"put it back, or give {parameter(argument)}",
                )
        return [Path(each["path"]) for each in entries]

    def gone(self, argument):
        """Paths of an input that the folder remembers and that are no longer there: list of text."""
        paths = [each["path"] for each in self._remembered().get(argument, [])]
        return [path for path in paths if not split_uri(path)[0].exists()]

    def paths_of(self, argument, digests):
        """Where inputs of these hashes were, as the folder remembers them: list of text; empty where one is unknown."""
        known = {each["sha256"]: each["path"] for each in self._remembered().get(argument, [])}
        return [known[digest] for digest in digests] if known.keys() >= {*digests} else []

    def _remembered(self):
        """Argument -> list of dicts of path and sha256; nothing where the file is missing or damaged."""
        try:
            kept = read_json(self.inputs_json)
            return {name: [{"path": str(e["path"]), "sha256": e["sha256"]} for e in kept[name]] for name in kept}
        except (OSError, ValueError, TypeError, KeyError):
            return {}


def _identity(path, hashes):
    """Hash of a file or a contact map; None of a folder."""
    return map_sha256(path, hashes) if split_uri(path)[0].is_file() else None


def select_shard(genes, divisor=None, remainder=None):
    """The genes whose original row number leaves `remainder` when divided by `divisor`; all without a divisor."""
    return genes if divisor is None else genes[genes.index % divisor == remainder]


def open_made(root, argument):
    """A data folder that tensors.py of this program filled. Returns: DataFolder; its RunSettings.

    Raises:
        InputError: no such folder, or what its tensors were made from is unknown.
    """
    folder = DataFolder(root)
    settings = read_run_settings(folder)
    if settings is None:
        unknown = "no run.json in it, so what its tensors were made from is unknown"
        raise InputError(
            unknown if folder.root.is_dir() else "no such folder",
            argument=argument,
            subject=root,
            expected=f"a data folder that {command('tensors')} filled",
        )
    return folder, settings


def contacts_of(folder, settings, about):
    """The contacts that a folder's tensors were made with, of all its genes, in the order of `cached_genes.tsv`.

    about: argument and subject, for errors.

    Raises:
        InputError: there are none, they are damaged, or an earlier version took other windows from a bin.
    """
    rule, resolution = settings.rule, settings.hic_resolution
    if settings.windows_per_bin != options_of(rule, resolution, settings.window)["windows_per_bin"]:
        raise InputError(
            f"made by an earlier version, which took one window from each bin of {resolution} bp; "
            f"this one takes {rule.tiles(resolution, settings.window)} of them",
            **about,
            hint=f"compute the tensors again in another {parameter('data_folder')}",
        )
    identity = contacts_identity(settings, read_cached_genes(folder.cached_genes))
    contacts = load_contacts(folder.contacts_npz, identity, rule, resolution, settings.window)
    if contacts is None:
        raise InputError(
            "no whole contacts.npz in it",
            **about,
            expected="the map's contacts",
            hint=f"the {command('tensors')} command that made the folder writes it again",
        )
    return contacts


def contacts_identity(settings, genes):
    """What a run's contacts are made from. settings: RunSettings. genes: DataFrame with id. Returns: dict, as JSON."""
    return {**settings.recorded(), "genes": genes["id"].tolist()}


def save_contacts(path, contacts, identity):
    """Keep contacts for a restart. identity: dict of JSON values that says what they were made from, rule included."""
    arrays = {name: getattr(contacts, name) for name in _arrays(contacts.rule)}
    texts = {"identity": identity, **{name: getattr(contacts, name) for name in OTHERS}}
    texts = {name: np.array(json.dumps(value, sort_keys=True)) for name, value in texts.items()}
    save_arrays(path, texts | arrays)


def load_contacts(path, identity, rule, resolution, window):
    """Contacts that `save_contacts` kept under the same identity; None when there are none, or they are damaged."""
    stored, names = if_whole(load_arrays, path), _arrays(rule)
    if stored is None or str(stored["identity"]) != json.dumps(identity, sort_keys=True) or not {*names} <= {*stored}:
        return None
    others = {name: json.loads(str(stored[name])) for name in OTHERS if name in stored}  # earlier versions had none
    arrays = {name: stored[name] for name in names}
    return Contacts(**arrays, **others, resolution=resolution, rule=rule, window=window)


def _arrays(rule):
    """Names of what is kept of contacts by a rule: weights where it has any."""
    return ARRAYS if rule.contact_weight == EVERY_ONE else [*ARRAYS, "weights"]
