"""A page: one file with everything in it and nothing from elsewhere, for light, dark and paper."""

from importlib import resources

from spex.reports.html import Html, element
from spex.reports.palette import css_variables

ONLY_THIS_FILE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What a browser may load: nothing but the styles and pictures in the page."""


def document(title, body, style="", policy=ONLY_THIS_FILE):
    """A whole page. title: plain text. body: Html. style: CSS beside that of all pages. policy: what may be loaded."""
    return f'<!DOCTYPE html>\n<html lang="en">\n{_head(title, style, policy)}\n{body}\n</html>\n'


def _head(title, style, policy):
    css = css_variables() + read_text("page.css") + style
    return Html(
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'{element("title", title)}<link rel="icon" href="data:,"><style>\n{css}</style></head>'
    )


def read_text(name, package=__package__):
    """A text file of a package's own."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def figure_of(picture):
    """A Picture as an element of a page, with its caption."""
    svg = picture.svg.replace("<svg ", f'<svg role="img" aria-labelledby="{picture.name}-alt" ', 1)
    svg = svg.replace(">", f">{element('title', picture.alt, id_=f'{picture.name}-alt')}", 1)
    box = element("div", Html(svg), class_="picture scroll", tabindex=0, role="region", aria_label=picture.name)
    return element("figure", box, element("figcaption", picture.caption))
