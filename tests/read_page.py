"""A page as its elements, with a check that every one is closed where it should be."""

import re
from html.parser import HTMLParser

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """elements: pairs of tag and attributes. text: all of the page but styles and scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._open = [], "", []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open and self._open[-1] not in ("style", "script"):
            self.text += data

    def of(self, tag):
        return [attributes for each, attributes in self.elements if each == tag]


def assert_needs_nothing_else(text):
    """A page loads nothing, and no attribute runs a script."""
    page = Page(text)
    assert not page.of("img") and not page.of("iframe")
    assert [link["href"] for link in page.of("link")] == ["data:,"]
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    for _, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("href", "xlink:href", "src"):
                assert value.startswith(("#", "data:"))


def assert_readable(text):
    """A page can be read aloud and by key: language, headings, captions, descriptions, links that lead somewhere."""
    page = Page(text)
    assert page.of("html") == [{"lang": "en"}]
    assert len(page.of("h1")) == 1 and len(page.of("main")) == 1
    assert len(page.of("caption")) == len(page.of("table"))
    assert all(cell["scope"] in ("col", "row") for cell in page.of("th"))
    assert len(page.of("svg")) == len(page.of("figcaption"))
    assert not re.search(r"<figcaption>\s*</figcaption>", text)
    assert all(svg["role"] == "img" and svg["aria-labelledby"] for svg in page.of("svg"))
    assert page.of("a")[0]["href"] == "#results"
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("href", "xlink:href", "aria-labelledby"):
            target = attributes.get(name, "data:")
            assert target.startswith("data:") or target.removeprefix("#") in ids
        for target in re.findall(r"url\(#([^)]+)\)", attributes.get("clip-path", "")):
            assert target in ids
