"""The report of a whole study: one page, self-contained, and its tables; drawn from what the study left on the disk."""

from spex.reports.study.report import write_study_report

__all__ = ["write_study_report"]
