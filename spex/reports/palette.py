"""The colours of pages and of the pictures on them, told apart by colour-blind readers too, for light and dark."""

INK, MUTED, GRID = "#1b1f24", "#59636e", "#d4d9de"
PAPER = "#fefefe"
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
"""Name -> colour on white, on a dark page. A picture is drawn for white; on the page its colours are variables."""

ON_CELLS = "#000000"
"""Marks and numbers on coloured cells, the same in both themes, as the cells' colours are."""

LOSS_TO_GAIN = (
    "#e08a3c",
    "#eaa766",
    "#f2c394",
    "#f6d9bc",
    "#f5e9de",
    "#efefef",
    "#dfe9f1",
    "#c1d9ea",
    "#9dc5e2",
    "#76aed8",
    "#4f97cc",
)
"""Steps from loss (orange) over nothing (grey) to gain (blue), all light enough for black marks on them."""

LOSS_TO_GAIN_LINES = (ORANGE, "#b4bbc2", BLUE)
"""The same for lines and bars, which have to be seen on paper where they mean little: ends and middle."""


def css_variables():
    """The palette as CSS: variables for a light page, and their dark values where the reader prefers those."""
    light, dark = (" ".join(f"--{name}: {colours[theme]};" for name, colours in PALETTE.items()) for theme in range(2))
    return f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"


def as_variables(svg):
    """An SVG drawn for white with the palette's colours replaced by the page's variables."""
    for name, (light, _) in PALETTE.items():
        svg = svg.replace(light, f"var(--{name})")
    return svg
