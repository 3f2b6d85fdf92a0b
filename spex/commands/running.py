"""How every command runs: logging, signals, and how it ends, in one line and an exit status."""

import contextlib
import errno
import logging
import os
import signal
import sys

from spex.errors import InputError, visible

DISK_ERRORS = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.EROFS: "choose a folder that can be written to",
    errno.EIO: "check the disk",
    errno.ESTALE: "check the network drive",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOENT: "check the path, and that no other program removes it meanwhile",
    errno.ENOTDIR: "choose another folder",
    errno.EISDIR: "move the folder away",
    errno.ELOOP: "its symbolic links form a loop; correct them",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "this machine has too many open files; wait for other programs",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f), or choose another file system",
    errno.ENOMEM: "give it more memory, or less at once with --block_size and --batch_size",
    errno.EAGAIN: "this machine or its limits (ulimit -u) allow no more now; wait for other programs",
    errno.ENOLCK: "this file system has no locks; choose a folder on another one",
    errno.EBUSY: "wait for the program that uses it",
    errno.ETXTBSY: "wait for the program that uses it",
    errno.ENOTCONN: "mount the network drive again",
    errno.ETIMEDOUT: "check the network drive",
    errno.ENOTSUP: "this file system cannot do that; choose a folder on another one",
    errno.ENOSYS: "this file system cannot do that; choose a folder on another one",
    errno.EINVAL: "this file system takes no such name or size; choose a folder on another one",
    errno.EILSEQ: "this file system takes no such name; choose a folder on another one",
}
OTHER_DISK_ERROR = "check the disk and the limits of this machine (ulimit -a)"
BUGS = (errno.EBADF, errno.EFAULT)
"""What the system says only of a wrong program."""

NO_MEMORY = ("DefaultCPUAllocator", "can't start new thread")
"""Texts of RuntimeErrors about a limit: PyTorch lacks memory, Python lacks threads."""

RAISED_AGAIN_SECONDS = 0.05

logger = logging.getLogger("spex")

for _stream in ("stdout", "stderr"):
    if getattr(sys, _stream) is None:  # closed by who started us; libraries write to it when they are imported
        setattr(sys, _stream, open(os.devnull, "w"))  # noqa: SIM115 (for as long as the process lives)


class TerminatedError(BaseException):
    """SIGTERM arrived: the end of a time limit, a preemption, a shutdown."""


def run_script(prog, run, args, spell="--{}".format, resumes=True):
    """Run a script's `run(args)` and translate how it ends into an exit status.

    spell: from the library's name of an argument to the script's. resumes: whether a stopped run goes on where it was.

    Returns: what `run` returns, 0 for None; 2 unusable input, disk or limit, reported in one line on stderr; 130
    Ctrl-C; 141 the reader of the output is gone; 143 SIGTERM.
    """
    handler = _start_logging()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # the encoding may lack a letter of a tissue's name
    try:
        with _stopped_by_signals():
            status = run(args)
            sys.stdout.flush()
    except InputError as error:
        return _fail(prog, error.line(spell))
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        if error.errno is None or error.errno in BUGS:
            raise
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes | os.PathLike) else ""
        advice = DISK_ERRORS.get(error.errno, OTHER_DISK_ERROR)
        return _fail(prog, f"{place}{error.strerror}; {advice}, then run the same command again")
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in NO_MEMORY):
            raise
        return _fail(prog, f"out of memory or threads; {DISK_ERRORS[errno.ENOMEM]}, then run the same command again")
    except (KeyboardInterrupt, TerminatedError) as stop:
        again = "goes on from there" if resumes else "starts over"
        print(f"{prog}: stopped; what is finished is kept, the same command {again}", file=sys.stderr)
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    finally:
        logger.removeHandler(handler)
    return status or 0


@contextlib.contextmanager
def _stopped_by_signals():
    """A block that SIGTERM ends as Ctrl-C does, by an exception, wherever it arrives.

    What is raised inside a destructor or a weakref's callback goes no further than that; Python then calls
    `sys.unraisablehook`, and it is raised once more a moment later.
    """

    def on_terminate(signum, frame):
        raise TerminatedError

    def on_alarm(signum, frame):
        raise swallowed.pop()

    def on_unraisable(unraisable):
        if issubclass(unraisable.exc_type, TerminatedError | KeyboardInterrupt):
            swallowed[:] = [unraisable.exc_type]
            signal.setitimer(signal.ITIMER_REAL, RAISED_AGAIN_SECONDS)
        else:
            hook(unraisable)

    swallowed, hook = [], sys.unraisablehook
    before = {signal.SIGTERM: on_terminate, signal.SIGALRM: on_alarm}
    before = {number: signal.signal(number, handle) for number, handle in before.items()}
    sys.unraisablehook = on_unraisable
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = hook
        for number, handle in before.items():
            signal.signal(number, handle)


def _fail(prog, message):
    print(f"{prog}: error: {visible(message)}", file=sys.stderr)
    return 2


class _VisibleFormatter(logging.Formatter):
    """Log lines in which free text from files can neither break the line nor move the terminal's cursor."""

    def formatMessage(self, record):
        record.message = visible(record.message)
        return super().formatMessage(record)


def _start_logging():
    """Log to stderr with a time stamp, and the node's name inside a SLURM job. Returns: the handler."""
    node = os.environ.get("SLURMD_NODENAME", "")
    handler = logging.StreamHandler(sys.stderr)
    place = f"{node} " if node else ""
    handler.setFormatter(_VisibleFormatter(f"%(asctime)s {place}%(message)s", "%Y-%m-%d %H:%M:%S"))
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return handler
