"""The kept contacts of a run, so that a restart does not read the maps again."""

import json
from dataclasses import fields

import numpy as np

from spex.contacts.collect import Contacts
from spex.contacts.rules import EVERY_ONE
from spex.files.sealed import DamagedFileError, load_arrays, save_arrays

OTHERS = ("chromsizes", "accounts")
"""What is kept beside the arrays, as JSON."""

ARRAYS = [field.name for field in fields(Contacts) if field.type is np.ndarray]


def save_contacts(path, contacts, identity):
    """Keep contacts for a restart. identity: dict of JSON values that says what they were made from, rule included."""
    arrays = {name: getattr(contacts, name) for name in _arrays(contacts.rule)}
    texts = {"identity": identity, **{name: getattr(contacts, name) for name in OTHERS}}
    texts = {name: np.array(json.dumps(value, sort_keys=True)) for name, value in texts.items()}
    save_arrays(path, texts | arrays)


def load_contacts(path, identity, rule, resolution):
    """Contacts that `save_contacts` kept under the same identity; None when there are none, or they are damaged."""
    try:
        stored = load_arrays(path)
    except (FileNotFoundError, DamagedFileError):
        return None
    names = _arrays(rule)
    if str(stored["identity"]) != json.dumps(identity, sort_keys=True) or not {*names} <= {*stored}:
        return None
    others = {name: json.loads(str(stored[name])) for name in OTHERS if name in stored}  # earlier versions had none
    return Contacts(**{name: stored[name] for name in names}, **others, resolution=resolution, rule=rule)


def _arrays(rule):
    """Names of what is kept of contacts by a rule: weights where it has any."""
    return ARRAYS if rule.contact_weight == EVERY_ONE else [*ARRAYS, "weights"]
