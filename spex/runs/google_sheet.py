"""A row per fit in a Google sheet, for groups that keep their log of runs there (extra `sheets`)."""

import importlib
import logging
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from spex.errors import InputError, not_installed, parameter
from spex.files.checks import require_file

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 2
TIMEOUT_SECONDS = 30

logger = logging.getLogger("spex")


@dataclass(frozen=True)
class SheetLog:
    """Appends rows to the first worksheet of a Google sheet. A failure is logged and never stops a run."""

    credentials: Path
    spreadsheet_id: str

    def append(self, fields, wait=time.sleep):
        """Add one row: each field under the column that has its name as heading, in whatever order they stand.

        fields: dict of name to value; nothing else is sent. An empty sheet gets the names as headings. Fields without
        a column are left out, columns without a field stay empty. wait: called with the seconds between attempts.
        """
        gspread = importlib.import_module("gspread")
        google = importlib.import_module("google.auth.exceptions")
        speaking = (gspread.exceptions.GSpreadException, requests.RequestException)
        silent = (google.GoogleAuthError, OSError, ValueError)  # may quote the key file: only their kind is shown
        for attempt in range(ATTEMPTS):
            try:
                return self._append_once(gspread, fields)
            except (*speaking, *silent) as error:
                problem = type(error).__name__ + (f": {error}" if isinstance(error, speaking) else "")
                if attempt + 1 < ATTEMPTS:
                    wait(FIRST_WAIT_SECONDS * 2**attempt)
        logger.warning("the Google sheet did not get its row (%s); it is in results.csv all the same", problem)

    def _append_once(self, gspread, fields):
        client = gspread.service_account(filename=self.credentials)
        client.set_timeout(TIMEOUT_SECONDS)
        worksheet = client.open_by_key(self.spreadsheet_id).sheet1
        headings = worksheet.row_values(1)
        if not headings:
            headings = list(fields)
            worksheet.append_row(headings, value_input_option="RAW")
        values = [fields.get(heading) for heading in headings]
        worksheet.append_row(["" if value is None else value for value in values], value_input_option="RAW")


def open_sheet_log(credentials, spreadsheet_id):
    """A SheetLog, or None when neither argument was given. credentials: key file of a service account.

    Raises:
        InputError: only one was given, the key file is missing, or gspread is not installed.
    """
    if credentials is None and spreadsheet_id is None:
        return None
    if credentials is None or spreadsheet_id is None:
        raise InputError(
            f"{parameter('credentials')} and {parameter('spreadsheet_id')}: only one was given; the sheet needs both"
        )
    path = require_file(credentials, "credentials")
    try:
        importlib.import_module("gspread")
    except ModuleNotFoundError as error:
        less = f", or leave {parameter('spreadsheet_id')} out"
        about = {"argument": "spreadsheet_id", "hint": less}
        raise not_installed("gspread", "writes into Google sheets", "sheets", **about) from error
    return SheetLog(path, spreadsheet_id)
