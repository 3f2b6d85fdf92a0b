"""Files of ours under names that anyone can foresee, such as locks and parts of downloads, opened as what they are."""

import errno
import os
import stat

from spex.errors import InputError


def open_own(path, mode):
    """Open a file of ours, made where it is missing; never what a symbolic link there leads to. mode: as of `open`.

    Raises:
        InputError: a symbolic link, a pipe or a device is there.
    """
    try:
        return open(path, mode, opener=_open_plain)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENXIO):
            raise
        raise _no_plain_file(path, "a symbolic link" if os.path.islink(path) else "a pipe or a device") from error


def _open_plain(path, flags):
    number = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise _no_plain_file(path, "a pipe or a device")
    return number


def _no_plain_file(path, found):
    return InputError(found, subject=path, expected="a file of this program, or none", hint="take it away")
