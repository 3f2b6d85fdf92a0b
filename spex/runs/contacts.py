"""The kept contacts of a run, so that a restart does not read the maps again."""

import io
import json
from dataclasses import fields

import numpy as np

from spex.contacts.collect import Contacts
from spex.contacts.rules import EVERY_ONE
from spex.files.sealed import DamagedFileError, load_sealed, save_sealed

ARRAYS = [field.name for field in fields(Contacts) if field.type is np.ndarray]


def save_contacts(path, contacts, identity):
    """Keep contacts for a restart. identity: dict of JSON values that says what they were made from, rule included."""
    buffer = io.BytesIO()
    arrays = {name: getattr(contacts, name) for name in _arrays(contacts.rule)}
    np.savez(buffer, identity=np.array(json.dumps(identity, sort_keys=True)), **arrays)
    save_sealed(path, buffer.getbuffer())


def load_contacts(path, identity, rule, resolution):
    """Contacts that `save_contacts` kept under the same identity; None when there are none, or they are damaged."""
    try:
        content = load_sealed(path)
    except (FileNotFoundError, DamagedFileError):
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names = _arrays(rule)
        if str(stored["identity"]) != json.dumps(identity, sort_keys=True) or not {*names} <= {*stored}:
            return None
        return Contacts(**{name: stored[name] for name in names}, resolution=resolution, rule=rule)


def _arrays(rule):
    """Names of what is kept of contacts by a rule: weights where it has any."""
    return ARRAYS if rule.contact_weight == EVERY_ONE else [*ARRAYS, "weights"]
