"""How far long work is: a bar on a terminal, a log line now and then elsewhere; and what memory it takes."""

import contextlib
import logging
import resource
import sys
import time

from tqdm import tqdm

from spex.errors import visible

LOG_INTERVAL_SECONDS = 30
BAR_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt}{unit} [{elapsed}{postfix}]"

logger = logging.getLogger("spex")


@contextlib.contextmanager
def progress(total, unit, doing):
    """Show how far long work is: a bar on a terminal, a log line every half a minute elsewhere and in a log file.

    total: number of units, at the most, or None where it is unknown. unit: their name, plural. doing: what is done, as
    a heading.
    Yields: a function to call with the number of units just finished, in whole or in tenths, and with how many of them
    were computed where some were there already: these alone make the pace and the time left. Where the work may end
    before all units are done, also with `least`, how many are left at the least, and `note`, what it depends on.
    """
    logged = before = time.monotonic()
    done = worked = 0
    busy = 0.0
    hidden = None if logger.isEnabledFor(logging.INFO) else True  # None: where there is no terminal
    bar_of = {
        "unit": f" {unit}",
        "desc": visible(doing),
        "bar_format": BAR_FORMAT,
        "miniters": 0,
    }  # parts of a unit too
    with tqdm(total=total, disable=hidden, leave=False, **bar_of) as bar:

        def advance(count, computed=None, *, least=None, note=None):
            nonlocal done, worked, busy, logged, before
            computed = count if computed is None else computed
            now = time.monotonic()
            done, worked = done + count, worked + computed
            busy += now - before if computed else 0
            before = now
            rate = worked / busy if busy else 0
            left = f"{_left(rate, least, None if total is None else total - done)} left"
            bar.set_postfix_str(", ".join(filter(None, [_pace(rate) if rate else None, note, left])), refresh=False)
            bar.n = _amount(done)
            bar.update(0)
            if now - logged >= LOG_INTERVAL_SECONDS:
                logged = now
                most = "" if total is None else f" of {total}" if least is None else f" of at most {total}"
                said = [f"{_amount(done)}{most} {unit}", _pace(rate), note, left]
                line = ", ".join(filter(None, said))
                logger.info("%s: %s", doing, line, extra={"shown": not bar.disable})  # a bar says it on the screen

        yield advance


def headings(names, unit):
    """Say which of how many things is done, and how long those before it took.

    names: list. unit: what they are, singular. Yields: a heading for each name, made when it is that one's turn.
    """
    start = time.monotonic()
    for number, name in enumerate(names):
        mean = f", {tqdm.format_interval((time.monotonic() - start) / number)} each so far" if number else ""
        yield f"{name}, {unit} {number + 1} of {len(names)}{mean}" if len(names) > 1 else name


def _amount(done):
    """A number of units, whole or in tenths."""
    tenths = round(10 * done)
    return tenths / 10 if tenths % 10 else tenths // 10


def _pace(rate):
    return f"{rate:.3g}/s" if rate >= 1 or not rate else f"{1 / rate:.3g} s each"


def _left(rate, least, most):
    """The time that a number of units takes, or a range of it.

    least: units, None where it is as many as the most. most: None where it is unknown.
    """
    if not rate or most is None:
        return "unknown time"
    ends = [tqdm.format_interval(units / rate) for units in (min(most if least is None else least, most), most)]
    return " to ".join(dict.fromkeys(ends))


def peak_memory():
    """The most memory that this process has used so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
