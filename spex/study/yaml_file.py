"""A YAML file as plain values that know their lines, checked against a schema; errors name the line.

YAML reads 4:00:00 as a number to the base 60, 03100 as octal, NO as false and 2024_11_30 as a number. Here a text stays
as it was written wherever text is asked for, in quotes or not, and a number is decimal digits, with a point or without.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from spex.errors import InputError, did_you_mean, not_installed, shown
from spex.files.checks import require_file
from spex.study.schema import STUDY

LARGEST_FILE = 4_000_000  # bytes; no study is as long, but files given by mistake are
MOST_VALUES = 100_000
"""Size that a file may expand to through its anchors; each of a few may contain ten of the one before."""

TAGS = {"scalar": "tag:yaml.org,2002:str", "sequence": "tag:yaml.org,2002:seq", "mapping": "tag:yaml.org,2002:map"}
"""Of the plain values; others are refused."""

NOTHING = ("", "~", "null", "Null", "NULL")  # what stands for no value where it is not in quotes
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?((0|[1-9][0-9]{0,17})(\.[0-9]{0,17})?|\.[0-9]{1,17})")
LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][0-9A-Za-z_:.+-]*|[-+]?\.(inf|nan)", re.IGNORECASE)
TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
HINTS = {
    "found undefined alias": "put a pattern that begins with * in quotes",
    "cannot start any token": "put the text in quotes",
    "mapping values are not allowed": "one key a line, and texts with a colon in quotes",
}
"""Part of what the parser says -> what to do."""

PLAIN_CHARACTERS = "write the character itself in place of an escape"
ANYTHING = {}  # the schema of what no schema describes


@dataclass(frozen=True, eq=False)
class MarkedFile:
    """A file that was read. path: of it. values: dict, as the schema has it. root: node of the parser."""

    path: Path
    values: dict
    root: object

    def line(self, place):
        """The line, from 1, of a place: keys and numbers (from 0) on the way to it. Where it is not there, the line
        of what would contain it."""
        return self._find(place)[1].line + 1

    def text(self, place):
        """The text at a place, as it was written but for quotes; None where lists, keys or nothing stand there."""
        node = self._find(place)[0]
        return node.value if isinstance(node.value, str) and node.value else None

    def _find(self, place):
        """The node at a place and its mark, or those of what would contain it."""
        node, mark = self.root, self.root.start_mark
        for step in place:
            children = node.value if isinstance(node.value, list) else []
            pairs = [pair for pair in children if isinstance(pair, tuple) and pair[0].value == step]
            if isinstance(step, int) and step < len(children):
                node, mark = children[step], children[step].start_mark
            elif pairs:
                node, mark = pairs[-1][1], pairs[-1][0].start_mark
            else:
                break
        return node, mark

    def error(self, place, found, **parts):
        """An InputError about a place. parts: as of InputError."""
        return _at(self.path, self.line(place), found, **parts)

    def about(self, place, error, **parts):
        """An error of the library with the line of the value that it is about. parts: in place of the error's own."""
        about = dict.fromkeys(str(part) for part in (_last_key(place), error.subject) if part is not None)
        parts = {"expected": error.expected, "hint": error.hint} | parts
        return self.error(place, f"{' '.join(about)}: {error.found}", **parts)


def _last_key(place):
    return next((step for step in reversed(place) if isinstance(step, str)), None)


def read_marked(path):
    """Read a study's file and check it against the schema. Returns: MarkedFile.

    Raises InputError, which names the line, where it is missing, no YAML, or not what the schema asks for.
    """
    path = require_file(path, None)
    yaml, jsonschema = _libraries()
    try:
        root = _parse(yaml, path, _text_of(path))
        file = MarkedFile(path, _Values(path).of(root, STUDY), root)
        errors = [_of_schema(file, error) for error in jsonschema.Draft202012Validator(STUDY).iter_errors(file.values)]
    except RecursionError as error:
        raise InputError("lists or keys in each other, too deep to be read", subject=path) from error
    if errors:
        raise min(errors, key=lambda each: each[:2])[2]
    return file


def _libraries():
    """yaml and jsonschema, which come with the extra."""
    try:
        import jsonschema  # noqa: PLC0415
        import yaml  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise not_installed(error.name, "reads studies", "workflow") from error
    return yaml, jsonschema


def _text_of(path):
    content = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else b"\xff"
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _at(path, line, "no text in UTF-8", expected="the YAML file of a study") from error


def _parse(yaml, path, text):
    """The node at the top."""
    loader = None
    try:
        loader = yaml.BaseLoader(text)
        root = loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _at(path, line, f"the character {text[error.position]!a}", expected="text that can be printed") from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, text, error) from error
    except (ValueError, OverflowError) as error:
        raise _at(path, loader.get_mark().line + 1, "an escape that is no character", hint=PLAIN_CHARACTERS) from error
    if root is None:
        raise InputError("nothing is in it", subject=path, expected=STUDY["description"])
    return root


def _syntax_error(path, text, error):
    """The parser's error on one line."""
    line = (error.problem_mark or error.context_mark).line + 1
    lines = text.splitlines()
    if "\t" in (lines[line - 1] if line <= len(lines) else ""):
        return _at(path, line, "a tab", expected="blanks", hint="YAML indents with blanks alone")
    hint = next((hint for part, hint in HINTS.items() if part in error.problem), None)
    begun = error.context_mark and error.context_mark.line + 1
    since = f" begun in line {begun}" if begun and begun != line else ""
    context = f" {error.context}{since}:" if error.context else ""
    return _at(path, line, f"no YAML:{context} {error.problem}", hint=hint)


def _at(path, line, found, **parts):
    return InputError(found, subject=f"{path}, line {line}", **parts)


class _Values:
    """The plain values of a file's nodes. Refuses cycles of names, keys twice, keys that are no names, and tags."""

    def __init__(self, path):
        self._path, self._count = path, 0

    def of(self, node, schema, above=()):
        """The value of a node, with numbers and truths where its schema asks for them; what is none stays text.

        above: nodes on the way from the top.
        """
        if any(node is each for each in above):
            raise self._error(node, "a cycle of names: what begins here contains itself", hint="write it out")
        if node.tag != TAGS[node.id]:
            raise self._error(node, f"the tag {shown(node.tag)}", expected="a plain value")
        above, self._count = (*above, node), self._count + 1
        if self._count > MOST_VALUES:
            raise self._error(above[:2][-1], f"names that expand to more than {MOST_VALUES:,} values")
        return getattr(self, f"_{node.id}")(node, schema, above)

    def _scalar(self, node, schema, above):
        bad = next((each for each in node.value if each == "\0" or "\ud800" <= each <= "\udfff"), None)
        if bad is not None:
            raise self._error(node, f"the character {bad!a}, which is no text by itself", hint=PLAIN_CHARACTERS)
        kinds = [each.get("type") for each in _alternatives(schema)]
        value = next((CONVERTERS[kind](node.value) for kind in kinds if kind in CONVERTERS), node.value)
        return None if _is_nothing(node) else value

    def _sequence(self, node, schema, above):
        item = next((each["items"] for each in _alternatives(schema) if "items" in each), ANYTHING)
        return [self.of(child, item, above) for child in node.value]

    def _mapping(self, node, schema, above):
        """Keys and values. `<<` alone means what it means in YAML: the keys of others that are not its own."""
        own, merged, lines = {}, {}, {}
        for key, child in node.value:
            self._check_key(key, lines)
            if key.value != "<<" or key.style is not None:
                own[key.value] = self.of(child, schema.get("properties", ANYTHING).get(key.value, ANYTHING), above)
                continue
            for each in child.value if child.id == "sequence" else [child]:
                value = self.of(each, schema, above)
                if not isinstance(value, dict):
                    raise self._error(each, "no keys to take over", expected="keys with values after <<")
                merged = value | merged
        return merged | own

    def _check_key(self, key, lines):
        """Refuse a key that is no name, or there already. lines: of the keys before, added to."""
        if key.tag != TAGS["scalar"] or _is_nothing(key):
            found = shown(key.value) or "nothing" if isinstance(key.value, str) else "a list or keys"
            raise self._error(key, f"{found} as a key", expected="a name")
        if key.value in lines:
            first = lines[key.value]
            raise self._error(key, f"{shown(key.value)} for the second time; the first is in line {first}")
        lines[key.value] = key.start_mark.line + 1

    def _error(self, node, found, **parts):
        return _at(self._path, node.start_mark.line + 1, found, **parts)


def _is_nothing(node):
    """Whether a text means no value."""
    return node.style is None and node.value in NOTHING


def _alternatives(schema):
    """The schemas that a value may be of, those in each other too."""
    return [each for one in schema.get("anyOf", ()) for each in _alternatives(one)] or [schema]


def _number(text):
    """A number as int where it is whole, else float; what is none stays text."""
    return int(text) if WHOLE.fullmatch(text) else float(text) if DECIMAL.fullmatch(text) else text


CONVERTERS = {
    "integer": lambda text: int(text) if WHOLE.fullmatch(text) else text,
    "number": _number,
    "boolean": lambda text: TRUTHS.get(text.lower(), text),
}


def _of_schema(file, error):
    """An error of the schema as whether something lacks, which may follow from a misspelt key; its line; InputError."""
    place, schema = [*error.absolute_path], error.schema
    if error.validator == "additionalProperties":
        unknown = next(key for key in error.instance if key not in schema["properties"])
        place.append(unknown)
        known = f"one of {', '.join(schema['properties'])}"
        hint = did_you_mean(unknown, schema["properties"])
        advice = {"hint": hint} if hint else {"expected": known}
        return False, file.line(place), file.error(place, f"no such key, {shown(unknown)}", **advice)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        part = f"{place[0]}, number {place[1] + 1}: " if place else ""
        return True, file.line(place), file.error(place, f"{part}{missing} is missing", expected=schema["description"])
    if isinstance(error.instance, list):
        place = next(([*each.absolute_path] for each in error.context if each.relative_path), place)  # of the bad one
    key, text = _last_key(place), file.text(place)
    found = f"found {_shown(error.instance, text)}"
    advice = {"expected": schema["description"], "hint": _hint(error.instance, text, schema)}
    return False, file.line(place), file.error(place, f"{key}: {found}" if key else found, **advice)


def _hint(value, text, schema):
    if value is None and text is not None:
        return "put it in quotes if it is a name, or leave the key out"
    number = schema.get("type") in ("integer", "number") or "number" in schema["description"]
    unclear = text and LIKE_A_NUMBER.fullmatch(text) and not DECIMAL.fullmatch(text)
    if number and unclear:
        return "write it in digits, as 240 or 0.5"
    return did_you_mean(text or "", [choice for each in _alternatives(schema) for choice in each.get("enum", ())])


def _shown(value, text):
    """A value as a message has it. text: of it, or None; what looks like a number is shown as it was written."""
    if text is not None:
        return shown(text) if LIKE_A_NUMBER.fullmatch(text) else shown(repr(text))
    kind = {dict: "keys with values", list: "a list"}.get(type(value), "nothing")
    return "an empty list" if value == [] else kind if value else "nothing"
