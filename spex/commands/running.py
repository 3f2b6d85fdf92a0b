"""How every command runs: logging, signals, and how it ends, in one line and an exit status."""

import contextlib
import errno
import importlib.metadata
import logging
import os
import platform
import shlex
import signal
import sys
import time

import spex
from spex.commands.choices import Running
from spex.commands.parser import chosen
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
LIBRARIES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "xgboost", "xgboost-cpu", "cooler")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""What libraries read when they are loaded."""

SHOWN = {"shown": True}
"""For `extra=` of a log record: what is on the screen already, and goes to a log file alone."""

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
    logger.handlers[:] = [_on_screen()]
    logger.propagate = False
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # the encoding may lack a letter of a tissue's name
    try:
        with _stopped_by_signals(), _as_chosen(chosen(Running, args)), _texts_of_any_bytes():
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
        _report(f"{prog}: stopped; what is finished is kept, the same command {again}")
        return 130 if isinstance(stop, KeyboardInterrupt) else 143
    except BaseException:
        logger.exception("a defect of the program", extra=SHOWN)  # the traceback goes to the screen by itself
        raise
    finally:
        for handler in logger.handlers:
            handler.close()
        logger.handlers.clear()
    return status or 0


@contextlib.contextmanager
def _texts_of_any_bytes():
    """A block in which tables may have texts that are not UTF-8, such as a tissue's name: pandas keeps texts in pyarrow
    where that is installed, which has no others. A command that makes tables has loaded pandas; others need not."""
    pandas = sys.modules.get("pandas")
    with pandas.option_context("mode.string_storage", "python") if pandas else contextlib.nullcontext():
        yield


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
    _report(f"{prog}: error: {visible(message)}")
    return 2


def _report(line):
    """Show the last line of a command, and write it to its log file."""
    print(line, file=sys.stderr)
    logger.error(line, extra=SHOWN)


class _VisibleFormatter(logging.Formatter):
    """Log lines in which free text from files can neither break the line nor move the terminal's cursor."""

    def formatMessage(self, record):
        record.message = visible(record.message)
        return super().formatMessage(record)


def _on_screen():
    """A handler for stderr, of what is not shown there in another way."""
    handler = _with_time(logging.StreamHandler(sys.stderr))
    handler.addFilter(lambda record: not getattr(record, "shown", False))
    return handler


def _with_time(handler):
    """The handler, with a time stamp on each line, and the node's name inside a SLURM job."""
    node = os.environ.get("SLURMD_NODENAME", "")
    place = f"{node} " if node else ""
    handler.setFormatter(_VisibleFormatter(f"%(asctime)s {place}%(message)s", "%Y-%m-%d %H:%M:%S"))
    return handler


@contextlib.contextmanager
def _as_chosen(running):
    """A block that logs and counts threads as the Running options say."""
    logger.setLevel(logging.WARNING if running.quiet else logging.DEBUG if running.verbose else logging.INFO)
    if running.log_file:
        running.log_file.parent.mkdir(parents=True, exist_ok=True)
        logger.addHandler(_with_time(logging.FileHandler(running.log_file, encoding="utf-8")))
    start = time.monotonic()
    if logger.isEnabledFor(logging.DEBUG):  # looking the versions up takes longer than a short command
        logger.debug("%s", _what_runs())
    logger.debug("command: %s", shlex.join(sys.argv))
    with _limited(running.threads):
        yield
    from spex.progress import peak_memory  # noqa: PLC0415 (brings tqdm, which a short command does without)

    logger.debug("done in %.1f s, with at most %.1f GB of memory", time.monotonic() - start, peak_memory() / 1e9)


def versions():
    """Name -> version of Python and of the libraries that numbers depend on, as far as they are installed."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _what_runs():
    """One line on what runs here."""
    known = {"SpEx": spex.__version__} | versions()
    place = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return ", ".join([*(" ".join(each) for each in known.items()), place])


@contextlib.contextmanager
def _limited(threads):
    """A block in which numerical libraries take no more threads than that, None for as many as they like.

    Those that are loaded already are limited by their own functions, others and other processes by what they read when
    they start.
    """
    if threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    try:
        with threadpool_limits(threads):
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
