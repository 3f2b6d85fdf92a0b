"""What a network is to the rest of the program: what it reads, how many features it predicts, and how it is described.

A network is Beluga, whose numbers are here and whose layers are in `expecto.beluga`, or one that a JSON file describes.
`expecto.registry` opens both.
"""

import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path

from expecto.gene_features import STEP

LETTERS = "ACGT"


@dataclass(frozen=True)
class Network:
    """A sequence model, as far as anything but its layers depends on it. The checkpoint fixes all of it.

    name: for records. window: length in bp of the sequence that one prediction sees. features: chromatin features
    predicted for each window. bases: order of the input channels.
    """

    name: str
    window: int
    features: int
    bases: str

    @property
    def unknown(self):
        """Base code of N, of IUPAC letters and of what lies past a chromosome's end: zeros in every channel."""
        return len(self.bases)


BELUGA = Network(name="beluga", window=2000, features=2002, bases="AGCT")
"""Zhou et al. (2018)."""

PUBLISHED = BELUGA
"""The network of the published program, and of whatever names no other."""

BASES, UNKNOWN = PUBLISHED.bases, PUBLISHED.unknown
"""What base codes stand for in the whole program: the letters that codes from 0 are positions of, and the code of
anything else. A network with another order of channels puts them in order itself."""


@dataclass(frozen=True)
class Description:
    """A network that a JSON file describes.

    file: path of the network, a program of torch.export. sha256: of the file, in hexadecimal. names: of the features,
    in order; None where they have none.
    """

    network: Network
    file: Path
    sha256: str
    names: tuple[str, ...] | None = None


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _is_count(value):
    return type(value) is int and value > 0


FIELDS = {
    "name": (_is_text, "what the network is called"),
    "file": (_is_text, "the path of its program (.pt2), from the folder of this file on"),
    "sha256": (
        lambda value: isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{64}", value) is not None,
        "the SHA-256 of that file, 64 hexadecimal digits",
    ),
    "window": (
        lambda value: _is_count(value) and value >= STEP and value % 2 == 0,
        f"an even number of bp, so that a window has a centre between two bases, and at least {STEP}, the step between "
        "windows, so that they leave no base out",
    ),
    "features": (_is_count, "how many numbers it predicts for a window, 1 or more"),
    "bases": (
        lambda value: isinstance(value, str) and sorted(value) == list(LETTERS),
        f"the letters {', '.join(LETTERS)} in the order of the input's channels",
    ),
    "names": (lambda value: isinstance(value, list) and all(map(_is_text, value)), "a list with a text a feature"),
}
"""Of a description: what each may be, and that in words. All but the last must be there."""


def is_description(path):
    """Whether a file begins as JSON does."""
    with open(path, "rb") as file:
        return file.read(64).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{")


def read_description(path):
    """Read a description of a network: Description. docs/networks.md has its form.

    Raises:
        ValueError: not such a file; names the field.
    """
    try:
        given = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({error})") from error
    if not isinstance(given, dict):
        raise ValueError(f"{path}: found a {type(given).__name__}, expected an object with {', '.join(FIELDS)}")
    for name, (fits, expected) in FIELDS.items():
        if name not in given and name != "names":
            raise ValueError(f"{path}: no {name} in it; expected {expected}")
        if name in given and not fits(given[name]):
            raise ValueError(f"{path}: {name} is {json.dumps(given[name])[:60]}; expected {expected}")
    if strange := sorted(given.keys() - FIELDS.keys()):
        raise ValueError(f"{path}: no field is called {json.dumps(strange[0])}; there are {', '.join(FIELDS)}")
    names = given.get("names")
    if names is not None and len(names) != given["features"]:
        raise ValueError(f"{path}: {len(names)} names of {given['features']} features; expected one each")
    if names is not None and len(set(names)) < len(names):
        raise ValueError(f"{path}: two features have one name; expected names that differ")
    network = Network(**{name: given[name] for name in ("name", "window", "features", "bases")})
    file = Path(path).parent / given["file"]
    return Description(network, file, given["sha256"].lower(), None if names is None else tuple(names))
