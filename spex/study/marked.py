"""A YAML file as plain values that know their lines, held against a schema: what is wrong is told with its line."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from spex.errors import InputError, shown
from spex.files.checks import require_file
from spex.study.schema import STUDY
from spex.study.values import DECIMAL, LIKE_A_NUMBER, converted

LARGEST_FILE = 4_000_000
"""Bytes; no study is as long, but files that are given by mistake are."""

MOST_VALUES = 1_000_000
"""That a file may unfold to through its names; each of a few may stand for ten of the one before."""

MERGE = "tag:yaml.org,2002:merge"
TEXT = "tag:yaml.org,2002:str"
NOTHING = ("", "~", "null", "Null", "NULL")
"""What stands for no value where it is not in quotes."""
HINTS = {
    "found undefined alias": "put a pattern that begins with * in quotes",
    "cannot start any token": "put the text in quotes",
    "mapping values are not allowed": "one key a line, and texts with a colon in quotes",
}
"""Part of what the parser says -> what to do."""

PLAIN_CHARACTERS = "write the character itself in place of an escape"


@dataclass(frozen=True, eq=False)
class MarkedFile:
    """A file that was read. path: of it. values: dict, as the schema has it. root: node of the parser."""

    path: Path
    values: dict
    root: object

    def line(self, place):
        """The line, from 1, of a place: keys and numbers (from 0) on the way to it. Where it is not there, the line
        of what would hold it."""
        return self._find(place)[1].line + 1

    def text(self, place):
        """The text at a place, as it was written but for quotes; None where lists, keys or nothing stand there."""
        node = self._find(place)[0]
        return node.value if isinstance(node.value, str) and node.value else None

    def _find(self, place):
        """The node at a place and its mark, or those of what would hold it."""
        node, mark = self.root, self.root.start_mark
        for step in place:
            if isinstance(step, int) and isinstance(node.value, list) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
                continue
            pairs = [pair for pair in node.value if pair[0].value == step] if isinstance(node.value, list) else []
            if not pairs:
                break
            key, node = pairs[-1]
            mark = key.start_mark
        return node, mark

    def error(self, place, found, **parts):
        """An InputError about a place. parts: as of InputError."""
        return InputError(found, subject=f"{self.path}, line {self.line(place)}", **parts)

    def about(self, place, error):
        """An error of the library, told with the line of the value that it is about."""
        key = next((step for step in reversed(place) if isinstance(step, str)), None)
        parts = dict.fromkeys(str(part) for part in (key, error.subject) if part is not None)
        return self.error(place, f"{' '.join(parts)}: {error.found}", expected=error.expected, hint=error.hint)


def read_marked(path):
    """Read a study's file and hold it against the schema. Returns: MarkedFile.

    Raises:
        InputError: missing, no YAML, or not what the schema asks for; names the line. Or a library is not installed.
    """
    path = require_file(path, None)
    root, values = _parse(path, _text_of(path))
    file = MarkedFile(path, values, root)
    _check(file)
    return file


def _text_of(path):
    content = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else b"\xff"
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            "no text in UTF-8", subject=f"{path}, line {line}", expected="the YAML file of a study"
        ) from error


def _parse(path, text):
    """The node at the top and its values, plain."""
    yaml, _ = _libraries()

    class Loader(yaml.SafeLoader):
        """Of texts; `<<` alone means what it means in YAML."""

    merging = [pair for pair in yaml.SafeLoader.yaml_implicit_resolvers["<"] if pair[0] == MERGE]
    Loader.yaml_implicit_resolvers = {"<": merging}
    Loader.add_constructor(TEXT, lambda loader, node: None if _is_nothing(node) else node.value)

    try:
        loader = Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise InputError("nothing is in it", subject=path, expected=STUDY["description"])
        _check_node(path, root, loader, above=[], sizes={})
        return root, converted(loader.construct_document(root), STUDY)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _at(path, line, f"the character {text[error.position]!a}", expected="text that can be printed") from error
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, text, error) from error
    except RecursionError as error:
        raise InputError("lists or keys in each other, too deep to be read", subject=path) from error
    except (ValueError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise _at(path, loader.get_mark().line + 1, "an escape that is no character", hint=PLAIN_CHARACTERS) from error


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


def _check_node(path, node, loader, above, sizes):
    """Refuse what plain values cannot be made of: cycles of names, keys twice, keys that are no names, tags.

    above: nodes on the way from the top. sizes: by id, of nodes that are known to be good, how many values they unfold
    to. Returns: the same of this one.
    """
    line, is_text = node.start_mark.line + 1, isinstance(node.value, str)
    if is_text and (bad := next((each for each in node.value if each == "\0" or "\ud800" <= each <= "\udfff"), None)):
        raise _at(path, line, f"the character {bad!a}, which is no text by itself", hint=PLAIN_CHARACTERS)
    if any(node is each for each in above):
        raise _at(path, line, "a cycle of names: what begins here holds itself", hint="write it out")
    if id(node) in sizes:
        return sizes[id(node)]
    plain = loader.resolve(type(node), node.value if is_text else None, (True, False))
    if node.tag != plain and not (is_text and node.tag == TEXT):
        raise _at(path, line, f"the tag {shown(node.tag)}", expected="a plain value")
    children = () if is_text else node.value
    if node.tag == loader.DEFAULT_MAPPING_TAG:
        _check_keys(path, [key for key, _ in children])
        children = [value for _, value in children]
    size = 1 + sum(_check_node(path, child, loader, [*above, node], sizes) for child in children)
    if size > MOST_VALUES:
        raise _at(path, line, f"names that unfold to more than {MOST_VALUES:,} values")
    sizes[id(node)] = size
    return size


def _is_nothing(node):
    """Whether a text stands for no value."""
    return node.style is None and node.value in NOTHING


def _check_keys(path, keys):
    """Refuse keys that are no names, and a key twice. keys: nodes."""
    first = {}
    for key in keys:
        line = key.start_mark.line + 1
        if key.tag not in (TEXT, MERGE) or _is_nothing(key):
            found = shown(key.value) or "nothing" if isinstance(key.value, str) else "a list or keys"
            raise _at(path, line, f"{found} as a key", expected="a name")
        if key.value in first:
            raise _at(path, line, f"{shown(key.value)} for the second time; the first is in line {first[key.value]}")
        first[key.value] = line


def _check(file):
    """Hold a file against the schema, and refuse it by the first thing that is wrong."""
    _, jsonschema = _libraries()
    errors = [_in_words(file, error) for error in jsonschema.Draft202012Validator(STUDY).iter_errors(file.values)]
    if errors:
        raise min(errors, key=lambda each: each[:2])[2]


def _in_words(file, error):
    """An error of the schema.

    Returns: whether something lacks, which may follow from a misspelt key; the line; InputError.
    """
    place, schema = [*error.absolute_path], error.schema
    if error.validator == "additionalProperties":
        unknown = next(key for key in error.instance if key not in schema["properties"])
        near = difflib.get_close_matches(unknown, schema["properties"], n=1)
        place.append(unknown)
        told = (
            {"hint": f"did you mean {near[0]}?"} if near else {"expected": f"one of {', '.join(schema['properties'])}"}
        )
        return False, file.line(place), file.error(place, f"no such key, {shown(unknown)}", **told)
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        held = f"{place[0]}, number {place[1] + 1}: " if place else ""
        return True, file.line(place), file.error(place, f"{held}{missing} is missing", expected=schema["description"])
    if isinstance(error.instance, list):
        place = next(([*each.absolute_path] for each in error.context if each.relative_path), place)  # of the bad one
    key = next((step for step in reversed(place) if isinstance(step, str)), None)
    text = file.text(place)
    found = f"found {_shown(error.instance) if text is None else _quoted(text)}"
    told = {"expected": schema["description"], "hint": _hint(error.instance, text, schema)}
    return False, file.line(place), file.error(place, f"{key}: {found}" if key else found, **told)


def _hint(value, text, schema):
    """What to do about a value that is not what the schema asks for, or None."""
    if value is None and text is not None:
        return "put it in quotes if it is a name, or leave the key out"
    number = schema.get("type") in ("integer", "number") or "number" in schema["description"]
    unclear = text and LIKE_A_NUMBER.fullmatch(text) and not DECIMAL.fullmatch(text)
    return "write it in digits, as 240 or 0.5" if number and unclear else None


def _quoted(text):
    """A text as a message quotes it; what looks like a number as it was written."""
    return shown(text) if LIKE_A_NUMBER.fullmatch(text) else shown(repr(text))


def _shown(value):
    """What is no text, as a message has it."""
    if isinstance(value, dict):
        return "keys with values" if value else "nothing"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "nothing"


def _libraries():
    """yaml and jsonschema, which come with the extra."""
    try:
        import jsonschema  # noqa: PLC0415
        import yaml  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            f"{error.name}, which reads studies, is not installed",
            hint="get it with: pip install 'pyyaml>=6' 'jsonschema>=4.18' 'snakemake>=9,<10'",
        ) from error
    return yaml, jsonschema
