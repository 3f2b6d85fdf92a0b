"""The kept contacts of a run, so that a restart does not read the maps again."""

import io
import json
from dataclasses import fields

import numpy as np

from spex.contacts.collect import Contacts
from spex.files.sealed import DamagedFileError, load_sealed, save_sealed

ARRAYS = [field.name for field in fields(Contacts) if field.type is np.ndarray]


def save_contacts(path, contacts, identity):
    """Keep contacts for a restart. identity: dict of JSON values that says what they were made from, rule included."""
    buffer = io.BytesIO()
    arrays = {name: getattr(contacts, name) for name in ARRAYS}
    np.savez(buffer, identity=np.array(json.dumps(identity, sort_keys=True)), **arrays)
    save_sealed(path, buffer.getbuffer())


def load_contacts(path, identity, rule, resolution):
    """Contacts that `save_contacts` kept under the same identity; None when there are none, or they are damaged."""
    try:
        content = load_sealed(path)
    except (FileNotFoundError, DamagedFileError):
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        if str(stored["identity"]) != json.dumps(identity, sort_keys=True) or not {*ARRAYS} <= {*stored}:
            return None
        return Contacts(**{name: stored[name] for name in ARRAYS}, resolution=resolution, rule=rule)
