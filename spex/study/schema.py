"""What study.yaml may contain, as a JSON schema made from the options: keys, kinds of values, what is expected."""

from spex.compare.protocol import Protocol
from spex.contacts.rules import RULES
from spex.inputs.choices import GeneChoice, Reading, SampleChoice
from spex.models.choices import Fitting
from spex.options import PATH, PATHS, TRUTH, one_of, options_in, several, text, whole

STEPS = ("tensors", "train", "compare", "report")
"""What a study is made in, each with resources of its own."""

KEYS = {"maps": "files", "network": "weights", "targets": "tissues", "parameters": "params"}
"""What the file calls arguments of the library that have another name there."""

OF_MAPS = (*RULES.values(), Reading)
"""Options classes whose options a map of the file can have."""

RESERVED = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)"
"""Names of files that Windows reserves, with any extension."""

NAME = text(
    "letters, digits, _, . and -, which make the name of a folder: no . at its end, and no name that Windows keeps for "
    "itself, as aux and con",
    pattern=rf"^(?!{RESERVED})[A-Za-z0-9_][A-Za-z0-9_.-]{{0,99}}(?<!\.)\Z",
)


def spell(argument):
    """How a study's file spells an argument of the library."""
    return KEYS.get(argument, argument)


def _options(*owners):
    """The options of Options classes, key -> schema."""
    return {spell(name): said.kind.described for owner in owners for name, (said, _) in options_in(owner).items()}


def _mapping(expected, required=(), **properties):
    """Keys and values, no others than these. expected: as text, for errors. properties: Kinds or schemas."""
    return {
        "type": "object",
        "properties": {key: each if isinstance(each, dict) else each.described for key, each in properties.items()},
        "additionalProperties": False,
        "required": list(required),
        "description": expected,
    }


def _entries(item, expected):
    """A list of mappings, one or more."""
    return {"type": "array", "items": item, "minItems": 1, "description": expected}


MAP = _mapping(
    "a map: name, files and what else is known of it",
    ("name", "files"),
    name=NAME,
    files=PATHS,
    resolution=whole(1),
    rule=one_of(RULES),
    **_options(*OF_MAPS),
    cell_type=text("a tissue by name or pattern"),
    experiment=text(),
    factor=text(),
)
FIT = _mapping("a fit: name, model and its options", ("name", "model"), name=NAME, **_options(Fitting))
_PROTOCOL = {name: schema for name, schema in _options(Protocol).items() if name != "pseudocount"}
COMPARISON = _mapping("options of the comparison", **_PROTOCOL, show_published=TRUTH)
RESOURCES = _mapping(
    "threads, memory_mb, minutes and gpus of a job",
    threads=whole(1),
    memory_mb=whole(1, unit="megabytes"),
    minutes=whole(1, unit="minutes"),
    gpus=whole(0),
)
STUDY = _mapping(
    "keys and values, as spex study init writes them",
    ("genes", "genome", "weights", "expression", "maps"),
    out=PATH,
    genes=PATH,
    genome=PATH,
    weights=PATH,
    expression=PATHS,
    **_options(SampleChoice, GeneChoice),
    tissues=several(text("a tissue"), "tissues by name, pattern or number, one or a list, or all"),
    maps=_entries(MAP, "a list of maps, each with name and files"),
    fits=_entries(FIT, "a list of fits, each with name and model"),
    comparison=COMPARISON,
    between=several(text("a map's name"), "a list of maps, one of each cell"),
    shards=whole(1),
    resources=_mapping(f"resources of {', '.join(STEPS)}", **dict.fromkeys(STEPS, RESOURCES)),
)
