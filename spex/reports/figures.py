"""How all pictures are made: one palette, one look, and files that are the same bytes every time.

matplotlib is imported by the functions that draw: a run without pictures does without it. Names of maps and tissues
are free text: they are drawn letter by letter, never read as mathematics or LaTeX, broken into lines, and cut where
they are too long, so that no name can cost a picture.
"""

import contextlib
import io
import re
import textwrap
import warnings
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from spex.errors import visible
from spex.files.atomic import whole_file

INK, MUTED, GRID, PAPER = "#1b1f24", "#59636e", "#d4d9de", "#fefefe"
BLUE, ORANGE, GREEN, PURPLE, RED, GREY = "#0067a5", "#bf5700", "#00785c", "#8f4a86", "#b3261e", "#7d8790"
PALETTE = {
    "paper": (PAPER, "#14171a"),
    "ink": (INK, "#e8eaed"),
    "muted": (MUTED, "#a5afb9"),
    "grid": (GRID, "#3b424a"),
    "blue": (BLUE, "#6cb8f0"),
    "orange": (ORANGE, "#f2994f"),
    "green": (GREEN, "#43c8a2"),
    "purple": (PURPLE, "#d9a0d2"),
    "red": (RED, "#ff8f85"),
    "grey": (GREY, "#97a1ab"),
}
"""Name -> colour on white, on a dark page; colour-blind readers can distinguish them. A picture is drawn for white; on
a page its colours are variables of the page."""

ON_CELLS = "#000000"
"""Marks and numbers on coloured cells, the same in both themes, as the cells' colours are."""

LOSS_TO_GAIN = ("#e08a3c", "#eaa766", "#f2c394", "#f6d9bc", "#f5e9de", "#efefef")
LOSS_TO_GAIN += ("#dfe9f1", "#c1d9ea", "#9dc5e2", "#76aed8", "#4f97cc")
"""Steps from loss (orange) over nothing (grey) to gain (blue), all light enough for black marks on them."""

LOSS_TO_GAIN_LINES = (ORANGE, "#b4bbc2", BLUE)
"""The same for lines and bars, which must be visible on paper where they mean little: ends and middle."""

LABEL_LINE, LABEL_LINES = 34, 3
"""Letters of a line of a label, and lines."""
LINE_HEIGHT = 0.16
"""Inches of a line of a label."""
DPI = 120
TALLEST = 200
"""Inches; matplotlib refuses pictures of more pixels than 16 bits can count."""

_WITHOUT_FILES = ContextVar("pictures are for a page alone", default=False)


@dataclass(frozen=True)
class Picture:
    """A drawn picture. name: of its file, without ending. alt: plain text. png: bytes, none of a picture that was drawn
    `for_a_page`. svg: for the page."""

    name: str
    alt: str
    png: bytes
    svg: str


@contextlib.contextmanager
def figure(width, height, columns=1, **kwargs):
    """A figure in the look that all pictures share; it is drawn and saved inside the block.

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
    """The same without axes; `dress` each that is added. Yields: the figure."""
    from matplotlib import rc_context  # noqa: PLC0415
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


def label(text, line=LABEL_LINE, lines=LABEL_LINES):
    """Free text as pictures show it: at most `lines` lines of `line` letters; longer texts lose their middle.

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
def rows(texts, width, above, columns=1, least_lines=1, **kwargs):
    """A figure with a row for each text, from the top. above: inches of everything else. Yields: as `figure`."""
    names = [label(text) for text in texts]
    height = above + 0.5 + len(names) * (max(line_count(names), least_lines) + 0.9) * LINE_HEIGHT
    with figure(width, height, columns, **kwargs) as (drawn, all_axes):
        for axes in all_axes:
            name_rows(axes, names)
        yield drawn, all_axes


def name_rows(axes, names, **text):
    """A row for each name, from the top. text: how the names are drawn, as `set_yticks` takes it."""
    axes.set_yticks(range(len(names)), labels=names, **text)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def mark_zero(axes, ticks=4):
    """The line of no difference, in sight, and few ticks with readable labels. ticks: steps between them at most."""
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    few_ticks(axes.xaxis, ticks)


def few_ticks(axis, count=4, **how):
    """At most `count` steps between ticks, at round numbers. how: as `MaxNLocator` takes it."""
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    axis.set_major_locator(MaxNLocator(nbins=count, **{"steps": [1, 2, 5, 10]} | how))


def legend_above(drawn, **kwargs):
    """The legend of a figure, above its axes. kwargs: handles and labels, by default those of all axes."""
    drawn.legend(loc="outside upper left", ncols=2, alignment="left", **kwargs)


def part_rows(axes, count):
    """A thin line between each two of some rows."""
    for row in range(1, count):
        axes.axhline(row - 0.5, color=MUTED, linewidth=0.4)


def handle(colour, marker, text, hollow=False, width=0.8):
    """An entry of a legend: a marker, or a line of a width in points where the marker is ""."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    look = {"linestyle": "", "markerfacecolor": PAPER if hollow else colour, "markersize": 6.5}
    return Line2D([], [], color=colour, marker=marker, label=text, **look if marker else {"linewidth": width})


@contextlib.contextmanager
def for_a_page():
    """Pictures that are saved inside have no PNG, which takes half of the time."""
    token = _WITHOUT_FILES.set(True)
    try:
        yield
    finally:
        _WITHOUT_FILES.reset(token)


def save(drawn, name, alt):
    """A figure as a Picture; called inside `figure`'s block. name: keeps ids apart on a page, and has its caption."""
    png = b"" if _WITHOUT_FILES.get() else _file(drawn, "png", name, facecolor="white")
    svg = _file(drawn, "svg", name, transparent=True).decode()
    return Picture(name, alt, png, _for_page(svg, name))


def write_figure(drawn, path):
    """Write a figure as a whole file: SVG where its name ends in .svg, else PNG; called inside `figure`'s block."""
    kind = "svg" if Path(path).suffix.lower() == ".svg" else "png"
    with whole_file(path) as file:
        file.write(_file(drawn, kind, "spex", facecolor="white"))


def _file(drawn, kind, salt, **how):
    """The bytes of a PNG or SVG, without date or program. salt: what ids in an SVG are made from."""
    from matplotlib import rc_context  # noqa: PLC0415

    file, metadata = io.BytesIO(), {"svg": {"Date": None}, "png": {"Software": None}}[kind]
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": salt}):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)  # drawn as a box
        drawn.savefig(file, format=kind, metadata=metadata, **how)
    return file.getvalue()


def _for_page(svg, name):
    """An SVG file as an element of a page: without head, comments (they repeat names) and styles for all elements."""
    svg = svg[svg.index("<svg") :].strip()
    for part in (r"<!--.*?-->\s*", r"<metadata>.*?</metadata>\s*", r"<style.*?</style>\s*"):
        svg = re.sub(part, "", svg, flags=re.DOTALL)
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"scale\([^)]*\)|\d+\.\d{3,}", _rounded, svg)
    for variable, (light, _) in PALETTE.items():
        svg = svg.replace(light, f"var(--{variable})")
    return svg


def _rounded(number):
    """A length in points to two decimals; factors as they are."""
    return number[0] if number[0].startswith("scale") else f"{float(number[0]):.2f}"
