"""Numbers as text, the same on pages, in pictures and in text files; a dash stands where there is none."""

import math

DASH = "–"
LEFT_OUT = "left out on every chromosome"
"""In place of an interval without width: what is compared differs nowhere, as its columns were left out."""


def missing(value):
    """Whether a value is None or NaN of any kind."""
    return value is None or value != value  # noqa: PLR0124


def signed(value, digits=4):
    """A difference with its sign."""
    if missing(value) or not math.isfinite(value):
        return DASH
    text = f"{abs(value):.{digits}f}"
    sign = "+" if value > 0 else "−"
    return sign + text if float(text) else text


def interval(low, high):
    """The ends of an interval; empty where it could not be computed."""
    if low == high:
        return LEFT_OUT
    return f"{signed(low)} to {signed(high)}" if math.isfinite(low) and math.isfinite(high) else ""


def probability(value):
    """A p or q value with two significant digits."""
    if missing(value):
        return DASH
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def level(value, digits=3):
    """A correlation, or another number of its size."""
    return DASH if missing(value) else f"{value:.{digits}f}"


def whole(value):
    """A number without decimals."""
    return DASH if missing(value) else f"{value:,.0f}".replace("-", "−")


def rounded(value, digits=3):
    """A number with so many significant digits."""
    return DASH if missing(value) else f"{value:,.{digits}g}"


def change(value):
    """A difference with its sign and three significant digits."""
    return rounded(value) if missing(value) or not value else ("+" if value > 0 else "−") + rounded(abs(value))


def percent(share, form=".3g"):
    """A share in per cent, by default with three significant digits."""
    return DASH if missing(share) else f"{100 * share:{form}} %"
