"""What a reader used of a file, and what it left out for which reason: counted, logged in one line, kept for Python."""

import logging
from dataclasses import dataclass, field

from spex.errors import listed

NAMED_AT_ONCE = 3

FEW = 0.01
"""Share of odd rows of a file up to which readers leave them out and count them; more are refused."""

logger = logging.getLogger("spex")


@dataclass
class Account:
    """Rows of a file: how many are used, and how many are left out for which reason.

    path: of the file, as messages call it. used: rows that count. left_out: reason, a phrase that follows a number ->
    rows. names: reason -> what it is about, such as chromosomes; the first ones are named. notes: what else was done to
    the rows, as text. unit: what a row is, plural.
    """

    path: str
    unit: str = "rows"
    used: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, reason, rows=1, names=()):
        """Count rows that are left out; none is no reason. names: what they are about, each once."""
        if rows:
            self.left_out[reason] = self.left_out.get(reason, 0) + int(rows)
            known = self.names.setdefault(reason, [])
            known.extend(name for name in names if name not in known)

    def line(self):
        """All of it in one line: `loops.bedpe: 812 rows used; left out: 9 between chromosomes`."""
        parts = [f"{self.path}: {self.used:,} {self.unit} used"]
        if self.left_out:
            parts.append("left out: " + ", ".join(self._reason(reason, rows) for reason, rows in self.left_out.items()))
        return "; ".join([*parts, *self.notes])

    def summary(self):
        """All of it as JSON values: file, unit, used, left_out, notes."""
        return {
            "file": str(self.path),
            "unit": self.unit,
            "used": int(self.used),
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
        }

    def report(self):
        """Log the line."""
        logger.info("%s", self.line())

    def _reason(self, reason, rows):
        names = self.names.get(reason)
        return f"{rows:,} {reason} ({listed(names, NAMED_AT_ONCE)})" if names else f"{rows:,} {reason}"
