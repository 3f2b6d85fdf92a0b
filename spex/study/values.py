"""Texts of a study's file as the values that the schema asks for at their places, by rules of our own.

YAML reads 4:00:00 as a number to the base 60, 03100 as octal, NO as false and 2024_11_30 as a number. Here a text stays
as it was written wherever text is asked for, in quotes or not, and a number is decimal digits, with a point or without.
"""

import re

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?((0|[1-9][0-9]{0,17})(\.[0-9]{0,17})?|\.[0-9]{1,17})")
LIKE_A_NUMBER = re.compile(r"[-+.]?[0-9][0-9A-Za-z_:.+-]*|[-+]?\.(inf|nan)", re.IGNORECASE)
TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def converted(value, schema):
    """Plain values of texts with numbers and truths where a schema asks for them; what is none stays text.

    value: text, None, or lists and dicts of them.
    """
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {key: converted(each, properties.get(key, {})) for key, each in value.items()}
    if isinstance(value, list):
        item = next((each["items"] for each in _alternatives(schema) if "items" in each), {})
        return [converted(each, item) for each in value]
    if isinstance(value, str):
        kinds = [each.get("type") for each in _alternatives(schema)]
        return next((CONVERTERS[kind](value) for kind in kinds if kind in CONVERTERS), value)
    return value


def _alternatives(schema):
    """The schemas that a value may be of, those in each other too."""
    return [each for one in schema.get("anyOf", ()) for each in _alternatives(one)] or [schema]


def _whole(text):
    return int(text) if WHOLE.fullmatch(text) else text


def _decimal(text):
    """A number as int where it is whole, else float."""
    return float(text) if DECIMAL.fullmatch(text) and not WHOLE.fullmatch(text) else _whole(text)


def _truth(text):
    return TRUTHS.get(text.lower(), text)


CONVERTERS = {"integer": _whole, "number": _decimal, "boolean": _truth}
"""By the schema's type."""
