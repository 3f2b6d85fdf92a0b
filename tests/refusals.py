"""What a command line must do with input that cannot be used."""

import re


def refuse(capsys, main, argv, message):
    """Run a script, which must end with status 2 and one line that fits `message`."""
    try:
        status = main(argv)
    except SystemExit as end:
        status = end.code
    captured = capsys.readouterr()
    assert status == 2, captured.err
    assert captured.out == ""
    *before, last = captured.err.splitlines()
    assert re.search(message, last), last
    assert re.match(r"(tensors.py|train.py|spex [a-z]+( [a-z]+)?): error: ", last)
    assert not [line for line in before if "error" in line or "Traceback" in line or "Warning" in line]


def files_in(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Touch:
    """Pickles to a call that would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")
