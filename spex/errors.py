"""The one exception that means: the user's input is at fault, not the program. And how its messages quote a file."""

SHOWN_LENGTH = 60


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the file or option, what was found, what was expected and what to do. The
    scripts print it and exit with status 2; any other exception is a defect and keeps its traceback.
    """


def visible(text):
    """Text in which control characters, line ends and what else no terminal shows stand as their escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown(text, length=SHOWN_LENGTH):
    """A piece of a file as a message quotes it: visible, and cut to `length` characters."""
    text = str(text)
    return visible(text[:length]) + ("..." if len(text) > length else "")
