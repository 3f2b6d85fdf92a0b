"""What may stand in study.yaml, as a JSON schema: keys, kinds of values, and in words what is expected of each."""

from spex.compare.inputs import SHALLOWEST
from spex.compare.statistics import CORRECTIONS
from spex.contacts.rules import RULES, WEIGHTS
from spex.inputs.annotation import TSS_RULES
from spex.inputs.expression import VALUES
from spex.inputs.genes import GENE_TYPES
from spex.models.registry import MODELS

STEPS = ("tensors", "train", "compare", "report")
"""What a study is made in, each with resources of its own."""

LARGEST_SEED = 2**31 - 1


def text(expected, **more):
    """A text that is not empty. expected: in words, for errors."""
    return {"type": "string", "minLength": 1, "description": expected, **more}


def whole(least, most=None, unit=None):
    """A whole number from `least` to `most`, or up without end. unit: in words."""
    end = "up" if most is None else f"to {most}"
    limit = {} if most is None else {"maximum": most}
    return {
        "type": "integer",
        "minimum": least,
        **limit,
        "description": f"{f'{unit}, ' if unit else ''}a whole number from {least} {end}",
    }


def one_of(choices):
    """One of some words."""
    return {"enum": list(choices), "description": f"one of {', '.join(choices)}"}


def several(item, expected):
    """One item, or a list of them. expected: in words."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}], "description": expected}


def mapping(properties, expected, required=()):
    """Keys and values, no others than these."""
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "required": list(required),
        "description": expected,
    }


def entries(item, expected):
    """A list of mappings, one or more."""
    return {"type": "array", "items": item, "minItems": 1, "description": expected}


NUMBER = {"type": "number", "exclusiveMinimum": 0, "description": "a number above 0"}
TRUTH = {"type": "boolean", "description": "true or false"}
RESERVED = r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\Z)"
"""Names of files that Windows keeps for itself, whatever follows behind a point."""

NAME = text(
    "letters, digits, _, . and -, which make the name of a folder: no . at its end, and no name that Windows keeps for "
    "itself, as aux and con",
    pattern=rf"^(?!{RESERVED})[A-Za-z0-9_][A-Za-z0-9_.-]{{0,99}}(?<!\.)\Z",
)
PATH = text("a path")
TEXT = text("text")
CHROMOSOMES = several(text("a chromosome's name"), "chromosomes by name, one or a list")

MAP = mapping(
    {
        "name": NAME,
        "files": several(PATH, "a path or a list of paths"),
        "resolution": whole(1),
        "rule": one_of(RULES),
        "min_count": NUMBER,
        "max_dist": NUMBER,
        "distance_edges": several(NUMBER, "numbers above 0, one or a list"),
        "contact_weight": one_of(WEIGHTS),
        "value_column": TEXT,
        "count_column": {"anyOf": [whole(1), TEXT], "description": "a column's number from 1 up, or its name"},
        "contact_radius": NUMBER,
        "cell_type": text("a tissue by name or pattern"),
        "experiment": TEXT,
        "factor": TEXT,
    },
    "a map: name, files and what else is known of it",
    required=("name", "files"),
)

FIT = mapping(
    {
        "name": NAME,
        "model": one_of(MODELS),
        "params": PATH,
        "seed": whole(0, LARGEST_SEED),
        "repeats": whole(1),
        "cv": one_of(["chromosomes"]),
        "cv_groups": whole(3),
        "test_chroms": CHROMOSOMES,
        "validation_chroms": CHROMOSOMES,
        "neighbour_penalties": several(
            {"anyOf": [NUMBER, {"const": "none"}]}, "numbers above 0 or none, one or a list"
        ),
    },
    "a fit: name, model and its options",
    required=("name", "model"),
)

COMPARISON = mapping(
    {
        "thin_to": {
            "anyOf": [whole(1), {"const": SHALLOWEST}],
            "description": f"a whole number from 1 up, or {SHALLOWEST}",
        },
        "narrow_draw": TRUTH,
        "genes_with_contacts": TRUTH,
        "show_published": TRUTH,
        "correction": one_of(CORRECTIONS),
        "least_gain": NUMBER,
        "seed": whole(0, LARGEST_SEED),
        "rotations": whole(2),
    },
    "options of the comparison",
)

RESOURCES = mapping(
    {
        "threads": whole(1),
        "memory_mb": whole(1, unit="megabytes"),
        "minutes": whole(1, unit="minutes"),
        "gpus": whole(0),
    },
    "threads, memory_mb, minutes and gpus of a job",
)

STUDY = mapping(
    {
        "out": PATH,
        "genes": PATH,
        "gene_type": one_of(GENE_TYPES),
        "tss_rule": one_of(TSS_RULES),
        "exclude_chroms": CHROMOSOMES,
        "genome": PATH,
        "weights": PATH,
        "expression": several(PATH, "a path or a list of paths"),
        "value": one_of(VALUES),
        "tissues": several(text("a tissue"), "tissues by name, pattern or number, one or a list, or all"),
        "maps": entries(MAP, "a list of maps, each with name and files"),
        "fits": entries(FIT, "a list of fits, each with name and model"),
        "comparison": COMPARISON,
        "shards": whole(1),
        "resources": mapping(dict.fromkeys(STEPS, RESOURCES), f"resources of {', '.join(STEPS)}"),
    },
    "keys and values, as spex study init writes them",
    required=("genes", "genome", "weights", "expression", "maps"),
)
