"""Elements of a page as text in which whatever is not an element already is escaped."""

from html import escape


class Html(str):
    """Text that is HTML; all other text is escaped where it is put into an element."""

    __slots__ = ()


def element(tag, *content, **attributes):
    """An element. content: Html, or text of any kind. attributes: of a name that Python knows, with _ behind it."""
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for name, value in attributes.items()
    )
    return Html(f"<{tag}{given}>{joined(content)}</{tag}>")


def joined(parts):
    """Html of several parts."""
    return Html("".join(part if isinstance(part, Html) else escape(str(part)) for part in parts))


def table(caption, columns, rows, name="", **attributes):
    """A table in a box of its own that scrolls where the page is too narrow.

    columns: pairs of heading and class of its cells. rows: lists of cells; the first of a row is its heading.
    name: what the box is called, by default as its caption. attributes: of the table, as of `element`.
    """
    head = element("tr", *(element("th", heading, scope="col", class_=kind) for heading, kind in columns))
    body = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=kind) for cell, (_, kind) in zip(row[1:], columns[1:], strict=True)),
        )
        for row in rows
    ]
    whole = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", head),
        element("tbody", *body),
        **attributes,
    )
    return element("div", whole, class_="scroll", tabindex=0, role="region", aria_label=name or caption)
