"""How a command ends when it is stopped, wherever in the program the signal arrives."""

import os
import signal
import sys
import time
import weakref

import pytest

from spex.commands.running import run_script

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130)]


class Thing:
    pass


def send(number):
    os.kill(os.getpid(), number)
    for _ in range(1000):  # the handler runs within the next bytecodes, here
        pass


def in_a_destructor(number):
    class Dying:
        def __del__(self):
            send(number)

    Dying()


def in_a_callback(number):
    thing = Thing()
    reference = weakref.ref(thing, lambda _: send(number))
    del thing
    assert reference() is None


def twice(number):
    in_a_destructor(number)
    in_a_callback(number)


@pytest.mark.parametrize("where", [send, in_a_destructor, in_a_callback, twice])
@pytest.mark.parametrize("number, expected", SIGNALS)
def test_a_signal_ends_the_run_wherever_it_arrives(capsys, where, number, expected):
    done, hook = [], sys.unraisablehook

    def run(args):
        where(number)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.01)
        done.append(True)

    assert run_script("tensors.py", run, None) == expected
    assert not done
    stopped = "tensors.py: stopped; what is finished is kept, the same command goes on from there\n"
    assert capsys.readouterr().err == stopped
    assert sys.unraisablehook is hook and signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_other_errors_of_destructors_are_shown_as_ever(capsys):
    seen = []

    class Broken:
        def __del__(self):
            raise ValueError("of a destructor")

    before, sys.unraisablehook = sys.unraisablehook, seen.append
    try:
        assert run_script("tensors.py", lambda args: Broken() and None, None) == 0
    finally:
        sys.unraisablehook = before
    assert [each.exc_type for each in seen] == [ValueError]
