"""How far long work is: a bar on a terminal, a log line now and then elsewhere."""

import contextlib
import logging
import time

from tqdm import tqdm

from spex.errors import visible

LOG_INTERVAL_SECONDS = 30

logger = logging.getLogger("spex")


@contextlib.contextmanager
def progress(total, unit, doing):
    """Show how far long work is: a bar on a terminal, a log line every half a minute elsewhere.

    total: number of units. unit: their name, plural. doing: what is done, as a heading.
    Yields: a function to call with the number of units just finished.
    """
    start = last = time.monotonic()
    done = 0
    with tqdm(total=total, unit=f" {unit}", desc=visible(doing), disable=None, leave=False) as bar:

        def advance(count):
            nonlocal done, last
            done += count
            bar.update(count)
            now = time.monotonic()
            if bar.disable and now - last >= LOG_INTERVAL_SECONDS:
                last = now
                rate = done / (now - start)
                logger.info(
                    "%s: %d of %d %s, %.3g/s, %s left",
                    doing,
                    done,
                    total,
                    unit,
                    rate,
                    tqdm.format_interval((total - done) / rate) if rate else "unknown time",
                )

        yield advance
