"""The folder of data sheets: one page with everything in it, the pictures apart, and the numbers as JSON."""

from pathlib import Path

from spex.files.atomic import whole_file, write_json, write_text
from spex.reports.html import element, joined, table
from spex.reports.map_sheet.pictures import draw_sheets
from spex.reports.map_sheet.words import facts
from spex.reports.page import document, figure_of

TITLE = "What these contact maps hold"
PAGE, NUMBERS = "map_sheet.html", "map_sheet.json"


def write_sheets(folder, sheets):
    """Write data sheets into a folder, which is made where it is missing. The same sheets give the same bytes.

    sheets: list of MapSheet. Returns: path of the page.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / NUMBERS, [sheet.summary() for sheet in sheets])
    pictures = draw_sheets(sheets)
    for picture in pictures:
        with whole_file(folder / f"{picture.name}.png") as file:
            file.write(picture.png)
    write_text(folder / PAGE, _page(sheets, pictures))
    return folder / PAGE


def _page(sheets, pictures):
    """The page as HTML."""
    main = element("main", *map(_table, sheets), *map(figure_of, pictures))
    body = element("body", element("header", element("h1", TITLE)), main)
    return document(TITLE, body)


def _table(sheet):
    rows = [[what, told] for what, told in facts(sheet).items()]
    return joined(
        [element("h2", sheet.path), table("In one pass over the map.", [("", ""), ("", "")], rows, sheet.path)]
    )
