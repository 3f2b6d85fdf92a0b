import sys
import types

import pytest
import requests

from spex.errors import InputError
from spex.runs import google_sheet

FIELDS = {"date": "2026-01-02", "target": "Liver", "spearman": 0.8, "penalty": None}


class SheetError(Exception):
    pass


class AuthError(Exception):
    pass


class FakeSheet:
    """A worksheet in memory that fails as often as told before it works."""

    def __init__(self, rows=(), failures=()):
        self.rows = [list(row) for row in rows]
        self.failures = list(failures)

    def row_values(self, row):
        return self.rows[row - 1] if len(self.rows) >= row else []

    def append_row(self, values, value_input_option):
        assert value_input_option == "RAW"
        if self.failures:
            raise self.failures.pop(0)
        self.rows.append(values)


@pytest.fixture
def connect(monkeypatch, tmp_path):
    """Puts a fake gspread in place that opens the given sheet; returns the log and the waits between attempts."""

    def install(sheet):
        class Client:
            def set_timeout(self, seconds):
                assert seconds > 0

            def open_by_key(self, key):
                assert key == "the-sheet"
                return types.SimpleNamespace(sheet1=sheet)

        gspread = types.ModuleType("gspread")
        gspread.exceptions = types.SimpleNamespace(GSpreadException=SheetError)
        gspread.service_account = lambda filename: Client()
        google = types.ModuleType("google.auth.exceptions")
        google.GoogleAuthError = AuthError
        monkeypatch.setitem(sys.modules, "gspread", gspread)
        monkeypatch.setitem(sys.modules, "google.auth.exceptions", google)
        (tmp_path / "key.json").write_text('{"private_key": "secret-key"}')
        return google_sheet.open_sheet_log(tmp_path / "key.json", "the-sheet"), []

    return install


def test_values_go_under_their_headings(connect):
    sheet = FakeSheet([["spearman", "ours", "target"]])
    log, waits = connect(sheet)
    log.append(FIELDS, wait=waits.append)
    assert sheet.rows[1:] == [[0.8, "", "Liver"]]
    assert waits == []


def test_an_empty_sheet_gets_headings(connect):
    sheet = FakeSheet()
    log, waits = connect(sheet)
    log.append(FIELDS, wait=waits.append)
    assert sheet.rows == [list(FIELDS), ["2026-01-02", "Liver", 0.8, ""]]


@pytest.mark.parametrize(
    "error", [SheetError("quota"), AuthError("x"), requests.ConnectionError("x"), PermissionError()]
)
def test_retries(connect, error, caplog):
    sheet = FakeSheet([["target"]], failures=[error] * 2)
    log, waits = connect(sheet)
    log.append(FIELDS, wait=waits.append)
    assert sheet.rows[1:] == [["Liver"]]
    assert waits == [2, 4]
    assert not caplog.records


def test_failure_is_told_without_secrets_and_stops_nothing(connect, caplog):
    for error, told in ((SheetError("quota"), "SheetError: quota"), (AuthError("secret-key"), "AuthError")):
        caplog.clear()
        log, waits = connect(FakeSheet([["target"]], failures=[error] * 9))
        log.append(FIELDS, wait=waits.append)
        assert waits == [2, 4, 8]
        assert told in caplog.text and "secret-key" not in caplog.text


def test_a_defect_is_not_hidden(connect):
    log, waits = connect(FakeSheet([["target"]], failures=[KeyError("defect")]))
    with pytest.raises(KeyError):
        log.append(FIELDS, wait=waits.append)


def test_options_go_together(tmp_path, monkeypatch):
    assert google_sheet.open_sheet_log(None, None) is None
    for options in (("key.json", None), (None, "the-sheet")):
        with pytest.raises(InputError, match="only one was given"):
            google_sheet.open_sheet_log(*options)
    with pytest.raises(InputError, match="no such file"):
        google_sheet.open_sheet_log(tmp_path / "none.json", "the-sheet")
    (tmp_path / "key.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "gspread", None)
    with pytest.raises(InputError, match=r"pip install 'spex-expression\[sheets\]', or leave"):
        google_sheet.open_sheet_log(tmp_path / "key.json", "the-sheet")
