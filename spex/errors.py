"""The one exception that means: the user's input is at fault, not the program. And how its messages quote a file."""

import difflib
import re

DISTRIBUTION = "spex-expression"
SHOWN_LENGTH = 60
NAMED_AT_ONCE = 20
PARTS = ("found", "argument", "subject", "expected", "hint")
MENTION = re.compile("\x02([\\w -]+)\x03")


class InputError(ValueError):
    """Something the user gave cannot be used; any other exception is a defect of ours.

    The message is one line: which argument and file it is about, what was found, what was expected, what to do. It
    calls arguments by the names that the library has for them; a command puts its options in their place.

    found: what was found. argument: name of the argument that it is about. subject: the file or value that was given.
    expected: what would do. hint: what to do.
    """

    def __init__(self, found, *, argument=None, subject=None, expected=None, hint=None):
        super().__init__(found)
        self.found, self.argument, self.subject, self.expected, self.hint = found, argument, subject, expected, hint

    def line(self, spell=str):
        """The message. spell: function from the name of an argument to what the reader knows it by."""
        about = [str(part) for part in (self.argument and spell(self.argument), self.subject) if part is not None]
        parts = [
            f"{' '.join(about)}: {self.found}" if about else self.found,
            self.expected and f"expected {self.expected}",
            self.hint,
        ]
        return MENTION.sub(lambda mention: spell(mention[1]), "; ".join(part for part in parts if part))

    def __str__(self):
        return self.line()

    def but(self, **parts):
        """The same error with other parts."""
        return InputError(**{name: getattr(self, name) for name in PARTS} | parts)

    def with_hint(self, hint):
        """The same error with one hint more."""
        return self.but(hint="; ".join(filter(None, [self.hint, hint])))


def not_installed(library, does, extra, *, hint="", **about):
    """The InputError of a library that comes with one of our extras. does: what it does, as text. hint: what else would
    do. about: as of InputError."""
    found = f"{library}, which {does}, is not installed"
    return InputError(found, hint=f"get it with: pip install '{DISTRIBUTION}[{extra}]'{hint}", **about)


def parameter(name):
    """How the text of an `InputError` speaks of an argument other than the one it is about."""
    return f"\x02{name}\x03"


def command(words):
    """How the text of an `InputError` speaks of a command of the program, from its name on: users of the published
    scripts see how they call it."""
    return parameter(f"spex {words}")


def nearest(word, known, most=1, cutoff=0.6):
    """Those of some known words that a word is most like, whatever its letters' case, the likest first: list."""
    lowered = {str(each).lower(): each for each in known}
    return [lowered[near] for near in difflib.get_close_matches(str(word).lower(), lowered, most, cutoff)]


def did_you_mean(word, known, most=1):
    """A hint: what a mistyped word was meant to be; None where it is like none of the known words."""
    near = nearest(word, known, most)
    return f"did you mean {' or '.join(map(shown, near))}?" if near else None


def visible(text):
    """Text in which control characters, line ends and what else no terminal shows stand as their escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def in_words(value):
    """The value of an option as a command line has it: several in a row, floats without zeros after the point."""
    if isinstance(value, list | tuple):
        return " ".join(map(in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def count(number, noun):
    """A number of things: "1 map", "1,200 maps"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names, most=NAMED_AT_ONCE):
    """The first `most` of some names as messages show them, and how many more there are."""
    names = list(names)
    more = len(names) - most
    return ", ".join(map(shown, names[:most])) + (f" and {more:,} more" if more > 0 else "") or "none"


def shown(text, length=SHOWN_LENGTH):
    """A piece of a file as a message quotes it: visible, and cut to `length` characters."""
    text = str(text)
    return visible(text[:length]) + ("..." if len(text) > length else "")
