"""How the pictures of pages are made: one drawing as PNG for a file and as SVG for the page, always the same bytes.

matplotlib is imported by the function that starts a picture. Names of maps and tissues are free text: drawn letter by
letter, never read as mathematics or LaTeX, broken into lines and cut where they are too long.
"""

import contextlib
import io
import re
import textwrap
import warnings
from dataclasses import dataclass

from spex.errors import visible
from spex.reports.palette import GRID, INK, MUTED, as_variables

LABEL_LINE, LABEL_LINES = 34, 3
LINE_HEIGHT = 0.16
"""Inches of a line of a label."""
DPI = 120
TALLEST = 200
"""Inches; pictures of more pixels than 16 bits can count are refused by matplotlib."""


@dataclass(frozen=True)
class Picture:
    """A drawn picture. name: of its file, without ending. caption, alt: plain text. png: bytes. svg: for the page."""

    name: str
    caption: str
    alt: str
    png: bytes
    svg: str


def label(text, line=LABEL_LINE, lines=LABEL_LINES):
    """Free text as pictures show it: at most `lines` lines of `line` letters; longer ones lose their middle.

    Names of maps often differ in their last letters alone.
    """
    text = visible(str(text))
    for kept in range(min(len(text), line * lines), 1, -1):
        cut = text if kept == len(text) else f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 + 1 :]}"
        wrapped = textwrap.wrap(cut, line)
        if len(wrapped) <= lines:
            return "\n".join(wrapped)
    return text


def line_count(labels):
    """Number of lines of the longest of some labels."""
    return max((text.count("\n") + 1 for text in labels), default=1)


@contextlib.contextmanager
def figure(width, height, columns=1, **kwargs):
    """A figure in the look that all pictures share; what is drawn and saved belongs into the block.

    width, height: inches. columns: axes side by side. kwargs: as `Figure.subplots` takes them.
    Yields: the figure and its axes.
    """
    with empty_figure(width, height) as drawn:
        all_axes = drawn.subplots(1, columns, squeeze=False, **kwargs)[0]
        for axes in all_axes:
            dress(axes)
        yield drawn, all_axes


@contextlib.contextmanager
def empty_figure(width, height):
    """The same without axes; each that is added to it is to be dressed. Yields: the figure."""
    from matplotlib import rc_context  # noqa: PLC0415 -- a run without pictures does without it
    from matplotlib.figure import Figure  # noqa: PLC0415

    look = {"text.usetex": False, "text.parse_math": False, "font.size": 9, "axes.titlesize": 10}
    look |= {"axes.titlelocation": "left", "legend.frameon": False, "svg.fonttype": "path"}
    look |= dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor"), INK)
    look |= {"ytick.labelcolor": INK, "axes.edgecolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED}
    with rc_context(look):
        yield Figure(figsize=(width, min(height, TALLEST)), dpi=DPI, layout="constrained")


def dress(axes):
    """Give axes the look that all pictures share."""
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def height_of_rows(names, least_lines, above):
    """Inches of a picture with a row a name. above: inches of everything else."""
    return above + 0.5 + len(names) * (max(line_count(names), least_lines) + 0.9) * LINE_HEIGHT


def name_rows(axes, names):
    """A row each name, from the top."""
    axes.set_yticks(range(len(names)), labels=names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def mark_zero(axes):
    """The line of no difference, in sight, and room for few ticks with readable labels."""
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    few_ticks(axes)


def few_ticks(axes):
    """Few ticks along the values, with readable labels."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))


def save(drawn, name, caption, alt):
    """A figure as a Picture; called inside `figure`'s block. name: also keeps ids apart on the page."""
    from matplotlib import rc_context  # noqa: PLC0415

    png, svg = io.BytesIO(), io.BytesIO()
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": name}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)  # drawn as a box
        drawn.savefig(png, format="png", facecolor="white", metadata={"Software": None})
        drawn.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    return Picture(name, caption, alt, png.getvalue(), _for_page(svg.getvalue().decode(), name))


def _for_page(svg, name):
    """An SVG file as an element of a page: without head, comments (they repeat names) and styles for all elements."""
    svg = svg[svg.index("<svg") :].strip()
    for part in (r"<!--.*?-->\s*", r"<metadata>.*?</metadata>\s*", r"<style.*?</style>\s*"):
        svg = re.sub(part, "", svg, flags=re.DOTALL)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"scale\([^)]*\)|\d+\.\d{3,}", _rounded, svg)
    return as_variables(svg)


def _rounded(number):
    """A length in points to two decimals; factors as they are."""
    return number[0] if number[0].startswith("scale") else f"{float(number[0]):.2f}"
