"""Pages: each one file with everything in it and nothing from elsewhere, made from the templates beside this module.

Text is escaped where a template shows it. Only the script that sorts tables may run; a page works without it. jinja2 is
imported where a page is made.
"""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from spex.files.atomic import whole_file
from spex.reports.figures import PALETTE
from spex.reports.numbers import DASH, interval, missing, percent, signed

STYLE, SCRIPT = "page.css", "sort.js"


@dataclass(frozen=True)
class Table:
    """A table of a page.

    name: of its box, unlike all others of the page. columns: pairs of heading and class of the cells: "words",
    "number", "hash", or "". rows: lists of cells, each text or a pair of text and small text below it; the first of a
    row is its heading. sortable: whether headings sort it.
    """

    name: str
    caption: str
    columns: list
    rows: list
    sortable: bool = True


def table_of(frame, name, caption, columns):
    """A Table with a row for each of a DataFrame's.

    columns: heading, function that gives the cell, and the frame's columns that the function takes. A cell of `text`
    is text, any other a number.
    """
    kinds = ["", *("words" if show is text else "number" for _, show, *_ in columns[1:])]
    heads = [(heading, kind) for (heading, *_), kind in zip(columns, kinds, strict=True)]
    rows = [[show(*(row[each] for each in taken)) for _, show, *taken in columns] for row in frame.to_dict("records")]
    return Table(name, caption, heads, rows)


def text(value):
    """A cell of text; a dash where there is none."""
    return DASH if missing(value) or value == "" else str(value)


def within(value, low, high):
    """A cell with a difference and, below it, its interval."""
    return signed(value), interval(low, high)


def download(path):
    """A file's content as a link that a page contains. Returns: pair of the file's name and the link."""
    content = base64.b64encode(Path(path).read_bytes()).decode()
    return Path(path).name, f"data:text/csv;charset=utf-8;base64,{content}"


def render(template, **values):
    """A page as HTML. template: name of its file. values: what the template asks for."""
    return _environment().get_template(template).render(values)


@cache
def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"embedded": _embedded, "percent": percent}
    made.globals |= {"palette": PALETTE, "style": _own_file(STYLE), "script": _own_file(SCRIPT)}
    made.globals["fingerprint"] = base64.b64encode(hashlib.sha256(made.globals["script"].encode()).digest()).decode()
    return made


def _own_file(name):
    """A text file beside the templates, which is put into a page as it is."""
    from markupsafe import Markup  # noqa: PLC0415 (a part of jinja2)

    return Markup(resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8"))


def _embedded(picture):
    """A Picture's SVG as an element with its alternative text."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    tag = Markup('<svg role="img" aria-labelledby="{}-alt" ').format(picture.name)
    head, rest = picture.svg.replace("<svg ", tag, 1).split(">", 1)
    return Markup(f'{head}><title id="{picture.name}-alt">{escape(picture.alt)}</title>{rest}')


def write_pictures(folder, pictures):
    """Write pictures into a folder, each as NAME.png."""
    for picture in pictures:
        with whole_file(folder / f"{picture.name}.png") as file:
            file.write(picture.png)
