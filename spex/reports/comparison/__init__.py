"""A comparison of contact maps as words, tables, pictures and one page; nothing here computes a statistic.

What is handed in as `comparison` has the tables `results` (a row a map and tissue), `maps` (a row a map) and `groups`
(a row a map, view, group of genes and tissue), and the dict `settings`.
"""

from spex.reports.comparison.report import write_report

__all__ = ["write_report"]
