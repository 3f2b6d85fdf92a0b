"""Data sheets of contact maps as text, JSON, and one page of pictures; what they hold was counted before."""

from spex.reports.map_sheet.page import write_sheets
from spex.reports.map_sheet.words import sheet_text

__all__ = ["sheet_text", "write_sheets"]
