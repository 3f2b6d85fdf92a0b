"""How a command ends when it is stopped, wherever in the program the signal arrives."""

import argparse
import logging
import os
import signal
import sys
import time
import weakref

import pandas as pd
import pytest
from threadpoolctl import threadpool_info

from spex.commands.running import run_script
from spex.errors import InputError
from spex.progress import progress

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


def run_with(run, **options):
    return run_script("tensors.py", lambda args: run(), argparse.Namespace(**options))


def at_every_level():
    logger = logging.getLogger("spex")
    for level in ("debug", "info", "warning"):
        getattr(logger, level)("of level %s", level)


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, ["info", "warning"]),
        ({"quiet": True}, ["warning"]),
        ({"verbose": True}, ["debug", "info", "warning"]),
    ],
)
def test_how_much_is_logged(capsys, options, expected):
    assert run_with(at_every_level, **options) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "of level" in line]
    assert [line.split()[-1] for line in lines] == expected


def test_more_and_less_at_once_is_refused(capsys):
    assert run_with(lambda: 1 / 0, quiet=True, verbose=True) == 2
    assert capsys.readouterr().err == "tensors.py: error: --verbose: is given with --quiet; give one of them\n"


def test_a_log_file_has_the_log_and_how_the_run_ended(capsys, tmp_path):
    file = tmp_path / "logs" / "run.log"

    def refused():
        at_every_level()
        raise InputError("no such file", argument="genes", subject="x.csv")

    assert run_with(at_every_level, log_file=file) == 0
    assert run_with(refused, log_file=file, quiet=True) == 2
    shown = capsys.readouterr().err
    assert shown.splitlines()[-1] == "tensors.py: error: --genes x.csv: no such file"
    texts = [line.split(maxsplit=2)[2] for line in file.read_text().splitlines()]
    assert texts == ["of level info", "of level warning", "of level warning", shown.splitlines()[-1]]


def test_a_log_file_has_the_traceback_of_a_defect_which_the_screen_has_once(capsys, tmp_path):
    with pytest.raises(ZeroDivisionError):
        run_with(lambda: 1 / 0, log_file=tmp_path / "run.log")
    assert (tmp_path / "run.log").read_text().splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert capsys.readouterr().err == ""  # Python shows it when the process ends


def test_a_log_file_that_cannot_be_written_is_refused(capsys, tmp_path):
    assert run_with(lambda: 1 / 0, log_file=tmp_path) == 2
    line = capsys.readouterr().err
    assert line.startswith(f"tensors.py: error: {tmp_path}: Is a directory; ") and line.count("\n") == 1


def test_progress_is_in_a_log_file_beside_a_bar_and_nowhere_in_silence(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("spex.progress.LOG_INTERVAL_SECONDS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    def work():
        with progress(2, "genes", "tensors") as advance:
            advance(1)

    assert run_with(work, log_file=tmp_path / "a.log") == 0
    shown = capsys.readouterr().err
    assert "0/2 genes" in shown and "1 of 2 genes" not in shown
    assert " tensors: 1 of 2 genes, " in (tmp_path / "a.log").read_text()
    assert run_with(work, log_file=tmp_path / "b.log", quiet=True) == 0
    assert capsys.readouterr().err == (tmp_path / "b.log").read_text() == ""


def test_threads(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    seen = []

    def look():
        seen.extend([os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]])
        seen.extend(each["num_threads"] for each in threadpool_info())

    assert run_with(look, threads=1) == 0
    assert seen[:2] == ["1", "1"] and set(seen[2:]) == {1}
    assert "OMP_NUM_THREADS" not in os.environ and os.environ["MKL_NUM_THREADS"] == "7"


def test_tables_have_texts_of_any_bytes_in_a_command_wherever_it_runs():
    """With pyarrow, pandas would refuse a tissue's name that is not UTF-8."""
    kept = []

    def run():
        kept.append(pd.Series(["\udcff"]).astype("str").array.dtype.storage)

    before = pd.get_option("mode.string_storage")
    assert run_with(run) == 0
    assert kept == ["python"] and pd.get_option("mode.string_storage") == before
