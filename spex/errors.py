"""The one exception that means: the user's input is at fault, not the program."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the file or option, what was found, what was expected and what to do. The
    scripts print it and exit with status 2; any other exception is a defect and keeps its traceback.
    """
