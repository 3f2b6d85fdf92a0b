"""Every option once: its name, what values it takes, its default and its help.

An option is a field of an `Options` dataclass. From the field come the check of the Python API, the argument of the
command line (`spex.commands.parser`), the schema and the template of a study (`spex.study`).

    class Protocol(Options):
        rotations: int = option(19, whole(2), "circular shifts of the residuals")

    Protocol(rotations=1)  # InputError: rotations: found '1'; expected a whole number from 2 up
"""

import inspect
import math
import numbers
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self, TypeVar

from spex.errors import InputError, did_you_mean, shown

LARGEST_SEED = 2**31 - 1
Function = TypeVar("Function", bound=Callable)


@dataclass(frozen=True)
class Kind:
    """What values an option takes.

    expected: as text. fits: whether a value is one. read: text of a command line -> value; may raise ValueError.
    schema: in a study's JSON schema. item: of a list, the kind of each. choices: the only values, where they have
    names. normal: value that fits -> value as the program uses it.
    """

    expected: str
    fits: Callable[[Any], bool]
    schema: dict[str, Any]
    read: Callable[[str], Any] = str
    item: "Kind | None" = None
    choices: tuple[str, ...] | None = None
    normal: Callable[[Any], Any] = lambda value: value

    def check(self, value: Any, argument: str) -> Any:
        """The value as the program uses it.

        Raises:
            InputError: it is none of this kind.
        """
        if self.item is not None and isinstance(value, Iterator):
            value = list(value)  # it is gone over more than once
        if not self.fits(value):
            if self.item is not None and not isinstance(value, str) and isinstance(value, Iterable):
                for each in value:
                    self.item.check(each, argument)
            hint = did_you_mean(value, self.choices or ())
            raise InputError(f"found {shown(repr(value))}", argument=argument, expected=self.expected, hint=hint)
        return self.normal(value)

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            ValueError: it stands for none; the message says what was found and expected.
        """
        if not text and not self.fits(text):
            raise ValueError(f"found nothing, expected {self.expected}; is a variable of the shell not set?")
        try:
            value = self.read(text)
        except ValueError:
            value = None
        if value is None or not self.fits(value):
            hint = did_you_mean(text, self.choices or ())
            raise ValueError(f"found {text!r}, expected {self.expected}{f'; {hint}' if hint else ''}")
        return value

    @property
    def described(self) -> dict[str, Any]:
        """The schema with what is expected as its description."""
        return {**self.schema, "description": self.expected}


def whole(least: int, most: int | None = None, unit: str = "") -> Kind:
    """Whole numbers from `least` to `most`, or up without end. unit: what is counted, as text."""
    end = "up" if most is None else f"to {most}"
    limits = {"minimum": least} | ({} if most is None else {"maximum": most})

    def fits(value):
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        return is_whole and not value < least and (most is None or value <= most)

    expected = f"{unit and f'{unit}, '}a whole number from {least} {end}"
    return Kind(expected, fits, {"type": "integer", **limits}, read=int, normal=int)


def _is_positive(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value < math.inf and not value <= 0


NUMBER = Kind("a number above 0", _is_positive, {"type": "number", "exclusiveMinimum": 0}, read=float)
TRUTH = Kind("true or false", lambda value: isinstance(value, bool), {"type": "boolean"})
PATH = Kind(
    "a path",
    lambda value: isinstance(value, str | Path) and str(value) != "" and "\0" not in str(value),
    {"type": "string", "minLength": 1},
    normal=lambda value: Path(value).expanduser(),
)
ANYTHING = Kind("text", lambda value: isinstance(value, str), {"type": "string"})
SEED = whole(0, LARGEST_SEED)


def text(expected: str = "text", **schema: Any) -> Kind:
    """Texts that are not empty. expected: as text. schema: what else a study's schema asks for."""
    is_text = lambda value: isinstance(value, str) and value != ""  # noqa: E731
    return Kind(expected, is_text, {"type": "string", "minLength": 1, **schema})


def one_of(choices: Iterable[str]) -> Kind:
    """One of some names."""
    choices = tuple(choices)
    fits = lambda value: isinstance(value, str) and value in choices  # noqa: E731
    return Kind(f"one of {', '.join(choices)}", fits, {"enum": list(choices)}, choices=choices)


def word(only: str) -> Kind:
    """One word and no other, beside numbers."""
    return Kind(only, lambda value: value == only, {"const": only})


def either(*kinds: Kind) -> Kind:
    """A value of one of some kinds; a text is read as the first that it fits."""

    def read(words):
        for kind in kinds:
            try:
                return kind.parse(words)
            except ValueError:
                continue
        raise ValueError

    return Kind(
        " or ".join(kind.expected for kind in kinds),
        lambda value: any(kind.fits(value) for kind in kinds),
        {"anyOf": [kind.schema for kind in kinds]},
        read=read,
        normal=lambda value: next(kind for kind in kinds if kind.fits(value)).normal(value),
    )


def several(kind: Kind, expected: str) -> Kind:
    """One value of a kind, or a sequence of them, which becomes a tuple. expected: as text."""

    def fits(value):
        is_list = isinstance(value, Iterable) and not isinstance(value, str)
        return kind.fits(value) or (is_list and all(kind.fits(each) for each in value))

    def normal(value):
        return tuple(kind.normal(each) for each in ([value] if kind.fits(value) else value))

    schema = {"anyOf": [kind.schema, {"type": "array", "items": kind.schema, "minItems": 1}]}
    return Kind(expected, fits, schema, read=kind.read, item=kind, choices=kind.choices, normal=normal)


PATHS = several(PATH, "a path or a list of paths")


@dataclass(frozen=True)
class Said:
    """What is said of an option beside its name and default. help: one line for
    command lines. metavar: what stands for a value there. example: for a study's template, where the default says
    nothing. rare: whether only the long help shows it."""

    kind: Kind
    help: str = ""
    metavar: str | None = None
    example: str | None = None
    rare: bool = False


def option(default: Any, kind: Kind, help: str = "", **said: Any) -> Any:
    """A field of an `Options` dataclass. default: None where leaving it out means something else. said: as of Said."""
    return field(default=default, metadata={"option": Said(kind, help, **said)})


@dataclass(frozen=True)
class Options:
    """A frozen dataclass whose fields are options, each checked when one is made."""

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Of what a caller gave, in any form that the options take."""
        return cls(**values)

    def __post_init__(self) -> None:
        for name, (said, default) in options_in(type(self)).items():
            value = getattr(self, name)
            if value is not None or default is not None:
                object.__setattr__(self, name, said.kind.check(value, name))

    def given(self) -> dict[str, Any]:
        """The options that are not left to their defaults, name -> value."""
        values = {name: (getattr(self, name), default) for name, (_, default) in options_in(type(self)).items()}
        return {name: value for name, (value, default) in values.items() if value != default}


def takes(owner: "type[Options]") -> Callable[[Function], Function]:
    """A decorator: the signature shows the options of an Options class in the place of the function's last parameter,
    which takes them as `**options`."""

    def decorate(function: Function) -> Function:
        signature = inspect.signature(function)
        mine = [*signature.parameters.values()][:-1]
        kind = inspect.Parameter.KEYWORD_ONLY
        theirs = [inspect.Parameter(name, kind, default=default) for name, (_, default) in options_in(owner).items()]
        function.__signature__ = signature.replace(parameters=[*mine, *theirs])
        return function

    return decorate


def options_in(owner: type[Options]) -> dict[str, tuple[Said, Any]]:
    """The options of an Options class, in order: name -> Said and default."""
    return {each.name: (each.metadata["option"], each.default) for each in fields(owner) if "option" in each.metadata}
