"""`python -m benchmarks.gpu` as a user runs it, with the CPU in the place of a GPU and a narrow network."""

import re
import sys
from functools import partial

import numpy as np
import pytest
import torch
from conftest import NARROW_CHANNELS, NARROW_HIDDEN, ROOT
from processes import run

from benchmarks.gpu import __main__ as command
from benchmarks.gpu import checks, parity, synthetic
from spex.errors import InputError
from spex.models.registry import MODELS

PARTS = ["machine", "parity", "speed", "several", "models", "memory"]
QUICK = ["--quick", "--compute_platform", "CPU", "--precision", "float32"]


@pytest.fixture
def only(monkeypatch):
    """A function that leaves some parts only."""

    def leave(*parts):
        monkeypatch.setattr(command, "CHECKS", {part: command.CHECKS[part] for part in parts})

    return leave


@pytest.fixture
def started(tmp_path, capsys, monkeypatch):
    """A function that runs the command. Returns: status; rows of the table, lists of cells; last line; stderr."""

    monkeypatch.setattr(synthetic, "CHROMSIZES", {"chr1": 600_000, "chr8": 300_000})
    monkeypatch.setattr(synthetic, "SIZES", (NARROW_CHANNELS, NARROW_HIDDEN))

    def run(*argv):
        file = tmp_path / "report.md"
        try:
            status = command.main([*QUICK, "--report", str(file), *map(str, argv)])
        except SystemExit as stop:
            status = stop.code
        printed = capsys.readouterr()
        if not file.exists():
            return status, [], printed.out, printed.err
        rows, last = read_report(file.read_text())
        printed_last = "" if last == "unfinished" else f"\n{last}\n"
        assert file.read_text().partition("\n\n")[2] == printed.out.removesuffix(printed_last) + f"\n{last}\n"
        return status, rows, last, printed.err

    return run


def read_report(text):
    """Rows of the table, as lists of cells, and the last line. Fails where the table has not its form."""
    command, table, last = text.split("\n\n")
    assert re.fullmatch(r"`python -m benchmarks.gpu .*`", command)
    head, line, *rows = table.splitlines()
    assert (head, line) == ("| part | what | measured | at most | result |", "| --- | --- | --- | --- | --- |")
    cells = [re.split(r"(?<!\\)\|", row) for row in rows]
    assert all(len(row) == 7 and row[0] == row[-1] == "" for row in cells)
    assert last.endswith("\n") and "\n" not in last[:-1]
    return [[cell.strip() for cell in row[1:-1]] for row in cells], last[:-1]


def results(rows, part):
    """What was looked at -> result, of one part."""
    return {what: result for its_part, what, _, _, result in rows if its_part == part}


def test_every_part_is_in_one_table_and_all_is_right(started):
    status, rows, last, _ = started()
    assert status == 0
    assert last == "all right; no GPU was checked, the CPU stood in for one"
    assert list(dict.fromkeys(row[0] for row in rows)) == PARTS
    assert {row[-1] for row in rows} == {"", "ok", "not here"}
    whats = [f"float32, {kind} windows: {of}" for of in ("features", "probabilities") for kind in ("own", "contacted")]
    absent = dict.fromkeys(("tf32", "bfloat16", "float16"), "not here")
    assert results(rows, "parity") == dict.fromkeys(whats, "ok") | absent
    assert list(results(rows, "speed")) == ["float32, own windows", "float32, with contacts"]
    assert results(rows, "several") == {"several GPUs against one": "not here"}
    assert set(results(rows, "models").values()) == {"ok"}
    assert results(rows, "memory") == {"far too many windows at once": "not here"}


@pytest.mark.soak
def test_the_speed_adds_up(started, only):
    only("speed")
    _, rows, _, _ = started()
    own, contacts = (row[2] for row in rows if row[0] == "speed")
    genes, genes_per_second, windows_per_second = map(
        float, re.match(r"(\d+) genes: (\S+) genes/s, (\S+) windows/s; ", own).groups()
    )
    assert genes == 2
    assert windows_per_second == pytest.approx(200 * genes_per_second, rel=0.01)
    for measured in (own, contacts):
        assert 0 <= float(re.search(r"waits (\S+) of the time", measured)[1]) < 1


def test_lower_precisions_keep_their_bounds(started, only):
    only("parity")
    status, rows, _, _ = started("--precision", "bfloat16", "float16")
    assert status == 0
    parity = results(rows, "parity")
    assert [parity[f"{name}, own windows: features"] for name in ("bfloat16", "float16")] == ["ok", "ok"]
    assert parity["float32"] == "not here"


class OnePercentOff:
    """A scanner whose probabilities are 1 % too large."""

    def __init__(self, scanner):
        self.scanner = scanner

    def __getattr__(self, name):
        return getattr(self.scanner, name)

    def predict(self, codes, starts):
        return 1.01 * self.scanner.predict(codes, starts)


def replace_scanner(monkeypatch, replacement):
    """Give every FeatureComputer but the first, which is the CPU's for comparison, another scanner."""
    real, opened = checks.open_computer, []

    def open_computer(**given):
        computer = real(**given)
        if opened:
            computer.scanner = replacement(computer.scanner)
        opened.append(computer)
        return computer

    monkeypatch.setattr(checks, "open_computer", open_computer)


def test_a_device_that_is_one_percent_off_fails(started, only, monkeypatch):
    only("parity", "models")
    replace_scanner(monkeypatch, OnePercentOff)
    status, rows, last, _ = started()
    assert status == 1
    failed = {what for what, result in results(rows, "parity").items() if result == "FAILED"}
    assert len(failed) == 4
    assert last.startswith("FAILED: parity: float32, own windows: features; parity: ")
    assert "median 0.01, largest 0.01" in next(row for row in rows if row[1] in failed)[2]
    assert set(results(rows, "models").values()) == {"ok"}


def test_a_part_that_breaks_fails_alone(started, only, monkeypatch):
    only("speed", "memory")

    def break_down(subject):
        yield "before", "1", "", "ok"
        raise RuntimeError("CUDA error: an illegal | access\nmore of it")

    monkeypatch.setitem(command.CHECKS, "speed", break_down)
    status, rows, last, log = started()
    assert status == 1
    assert ["speed", "ended early", r"RuntimeError: CUDA error: an illegal \| access", "", "FAILED"] in rows
    assert last == "FAILED: speed: ended early"
    assert "more of it" in log
    assert results(rows, "memory")


def test_a_full_disk_is_no_fault_of_the_device(started, only, monkeypatch):
    only("parity", "speed")

    def fill_disk(subject):
        raise OSError(28, "No space left on device")
        yield

    monkeypatch.setitem(command.CHECKS, "speed", fill_disk)
    status, rows, last, log = started()
    assert (status, last) == (2, "unfinished")
    assert log.splitlines()[-1].startswith("benchmarks.gpu: error: No space left")
    assert results(rows, "parity")


def test_what_was_found_before_a_stop_is_kept(started, only, monkeypatch):
    only("parity", "models")

    def stop(subject):
        raise KeyboardInterrupt
        yield

    monkeypatch.setitem(command.CHECKS, "models", stop)
    status, rows, last, log = started()
    assert (status, last) == (130, "unfinished")
    assert "the same command starts over" in log
    assert results(rows, "parity")


def test_given_files_are_used(started, only, world):
    only("parity", "speed")
    files = ["--genes_filename", world.genes, "--genome_filename", world.genome, "--mcool_filename", *world.maps]
    status, rows, _, _ = started(*files, "--beluga_model_filename", world.checkpoint)
    assert status == 0
    assert results(rows, "parity")["float32, contacted windows: probabilities"] == "ok"


@pytest.mark.parametrize(
    "argv, message",
    [
        (["--genes_filename", "x.csv"], "--genes: needs --genome, and the other way round"),
        (["--genome_filename", "x.fa"], "--genes: needs --genome, and the other way round"),
        (
            ["--mcool_filename", "x.mcool"],
            "--maps: synthetic genes have synthetic contacts; give --genes too",
        ),
        (["--hic_resolution", "2000"], "--resolution 2000: says how a contact map is used, but none is given"),
        (["--precision", "tf32"], "--precision tf32: only CUDA devices have it"),
        (["--gpus", "0"], "--gpus: of no use with --device CPU"),
        (["--beluga_model_filename", "none.pth"], "--network none.pth: no such file; check the path"),
        (["--precision", "int8"], "--precision: invalid choice: 'int8'"),
    ],
)
def test_what_cannot_be_used_is_refused_on_one_line(started, argv, message):
    status, rows, out, err = started(*argv)
    assert (status, rows, out) == (2, [], "")
    assert err.count("\n") == 1 and err.startswith("benchmarks.gpu: error: ") and message in err


def test_the_report_tells_no_folder_and_may_go_to_a_new_one(started, only, world, tmp_path):
    only("memory")
    file = tmp_path / "new" / "folder" / "report.md"
    assert started("--beluga_model_filename", world.checkpoint, "--report", file)[0] == 0
    assert file.read_text().startswith("`python -m benchmarks.gpu --quick ")
    assert str(world.folder.parent) not in file.read_text()


def test_cuda_without_a_gpu_is_refused(started, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    status, _, _, err = started("--compute_platform", "CUDA")
    assert status == 2 and "PyTorch finds no CUDA device here" in err


def test_a_model_that_cannot_be_fitted_on_the_gpu_says_so(monkeypatch):
    subject = checks.Subject(["cuda:0"], [], None, None, None, None, None, checks.SIZES["cpu", "quick"])
    for model in ("gbtree", "ridge"):
        told = partial("no GPU for {}".format, model)
        monkeypatch.setattr(MODELS[model], "cuda_problem", told)
    rows = list(checks.check_models(subject))
    assert [row[-1] for row in rows] == ["not here", "not here"]
    assert rows[0][1].startswith("no GPU for gbtree; ") and rows[1][1].startswith("no GPU for ridge; ")


def test_a_model_that_predicts_something_else_fails(monkeypatch):
    subject = checks.Subject(["cpu"], [], None, None, None, None, None, checks.SIZES["cpu", "quick"])
    powers = iter([1, 2, 1, 1.01])
    monkeypatch.setattr(checks, "fit_and_predict", lambda *given: (np.arange(200.0) ** next(powers), 1.0))
    assert [row[-1] for row in checks.check_models(subject)] == ["FAILED", "FAILED"]


@pytest.mark.parametrize(
    "error, same, expected",
    [(True, True, ["ok", "ok"]), (False, True, ["FAILED", "ok"]), (True, False, ["ok", "FAILED"])],
)
def test_full_memory_must_end_in_one_line_and_do_no_harm(monkeypatch, error, same, expected):
    told = InputError("its memory is full", subject="cuda:0") if error else None
    monkeypatch.setattr(parity, "fill_memory", lambda *given: (told, same))
    subject = checks.Subject(["cuda:0"], [], None, None, None, None, None, None)
    rows = list(checks.check_memory(subject))
    assert [row[-1] for row in rows] == expected
    assert rows[0][1] == ("cuda:0: its memory is full" if error else "all of them fitted")


@pytest.mark.soak  # of tensors.py itself, tests/commands/test_tensors.py shows it
def test_several_devices_write_the_same_bytes_as_one(world, tmp_path):
    file = tmp_path / "report.md"
    command = [sys.executable, ROOT / "tests/two_cpus.py", *QUICK, "--report", file]
    command += ["--beluga_model_filename", world.checkpoint]
    done = run(command)
    assert done.returncode == 0, done.stderr
    rows, _ = read_report(file.read_text())
    assert [row[1:] for row in rows if row[0] == "several"] == [
        ["float32, 2 devices against one", "0 of 2 genes with other bytes", "0 genes", "ok"]
    ]
