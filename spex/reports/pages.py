"""Pages and texts, from the templates beside this module. A page is one file that needs nothing from elsewhere.

Text is escaped where a page shows it. Only the package's own scripts may run; tables can be read without them.
jinja2 is imported where something is rendered.
"""

import base64
import hashlib
import re
from functools import cache, partial
from importlib import resources
from pathlib import Path

from spex.contacts.controls import WITHIN
from spex.contacts.sheet import GROUPS
from spex.errors import count, visible
from spex.files.atomic import whole_file
from spex.reports.figures import PALETTE
from spex.reports.numbers import DASH, change, interval, level, missing, percent, probability, rounded, signed, whole

NEAR = next(iter(WITHIN))
"""Where matched bins should be found, as settings name it."""

HEADINGS = {
    "target": "tissue",
    "words": "verdict",
    "number": "contact number",
    "any_bins": "matched bins",
    "touched": "contacted bins",
    "q_seq": "q sequence",
    "q_specific": "q sequence",
    "spearman_others": "other cells",
    "explained_base": "by sequence",
    "explained_map": "with the map",
    "removed": "own map",
    "removed_exchanged": "exchanged maps",
    "q_content": "q content",
    "q_num": "q number",
    "welch_p": "Welch p",
    "contacts": "kept contacts",
    "near": f"matched {NEAR}",
    "elsewhere": "matched elsewhere",
    "itself": "distance alone: its own",
    "tissues_sequence": "with sequence",
    "tissues_region": "with region",
    "tissues_number": "with number",
    "spearman_base": "sequence alone",
    "spearman_alone": "sequence alone",
    "spearman": "with the map",
    "like": "most like",
    "gain_of_it": "gain of that",
    "scc": "SCC",
    "jaccard": "shared contacts",
    "contacts_correlation": "contacts per gene",
    "contrast": "difference of",
    "bootstrap_error": "error over genes",
    "seeds_error": "error over seeds",
    "resolution": "resolution, bp",
    "hic_resolution": "resolution, bp",
    "min_count": "least count",
    "gain_own": "gain there",
    "gain_others": "gain elsewhere",
    "exceeded": "higher than in",
    "better_in": "higher in",
    "exchanges_below": "exchanges below",
    "with_sequence": "sequence in",
    "cis_pixels": "pixels",
    "cis_counts": "counts",
    "tss_coverage": "coverage of TSS bins",
    "genes_without_pixel_from_20_kb": "genes without",
    **{f"contacts {group}": group for group in GROUPS},
}
"""Column of a table -> its heading, where that is not its name."""

FORMS = {
    signed: "number touched any_bins map_over_numbers difference lowest highest",
    level: "spearman_base spearman_alone spearman spearman_others scc jaccard contacts_correlation",
    partial(level, digits=4): "bootstrap_error seeds_error",
    probability: "q_seq q_specific q_content q_num p p_exchange welch_p",
    percent: "cis_share",
    change: "effect effect_own effect_contact quantile",
    rounded: "effect_sd sign_agrees",
    partial(rounded, digits=6): "count",
    partial(percent, form=".2f"): "removed removed_exchanged",
    partial(percent, form=".1f"): "different explained_base explained_map",
    partial(percent, form=".0f"): "near elsewhere itself",
}
SHOWN = {column: show for show, columns in FORMS.items() for column in columns.split()}
SHOWN |= {f"contacts {group}": rounded for group in GROUPS}
"""Column of numbers -> how it is shown; others as differences where they are called gain, else as whole numbers."""

OF = {"exceeded": "other_tissues", "with_sequence": "maps", "better_in": "tissues", "exchanges_below": "exchanges"}
"""Column of numbers -> the column with what they are a number of."""


def cells(frame, columns, headings=HEADINGS):
    """A DataFrame as a table of a page.

    columns: names of its columns, in one text or a list; those that it lacks are left out. A number has its interval in
    small print where the frame has columns NAME_low and NAME_high. headings: of the columns not called as they are.

    Returns: pairs of heading and class of the cells ("text", "number"), and rows of cells: each is text, or a pair of
    text and small text below it.
    """
    names = [name for name in (columns.split() if isinstance(columns, str) else columns) if name in frame]
    heads = [(headings.get(name, name.replace("_", " ")), _kind(frame[name])) for name in names]
    return heads, [[_cell(row, name) for name in names] for row in frame.to_dict("records")]


def _kind(column):
    return "number" if column.dtype.kind in "iuf" else "text"


def _cell(row, name):
    value = row[name]
    if missing(value) or value == "":
        return DASH
    if isinstance(value, str):
        return value
    if name in OF:
        return f"{value} of {row[OF[name]]}"
    text = SHOWN.get(name, signed if name.startswith("gain") else whole)(value)
    return (text, interval(row[f"{name}_low"], row[f"{name}_high"])) if f"{name}_low" in row else text


def file_name(file):
    """The last part of a path, with the group inside the file where one is named: FILE::GROUP."""
    path, colons, group = str(file).partition("::")
    return Path(path).name + colons + group


def download(path):
    """A file's content as a link that a page contains. Returns: pair of the file's name and the link."""
    content = base64.b64encode(Path(path).read_bytes()).decode()
    return Path(path).name, f"data:text/csv;charset=utf-8;base64,{content}"


def render(template, **values):
    """A page or a text. template: name of its file, whose ending decides what is escaped. values: what it asks for."""
    return _environment().get_template(template).render(values)


@cache
def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=select_autoescape(["html"], default=True, disabled_extensions=["md", "txt"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {"embedded": _embedded, "percent": percent, "plainly": _plainly}
    made.globals |= {"palette": PALETTE, "style": _own_file("templates/page.css")}
    made.filters |= {"signed": signed, "probability": probability, "own_file": _own_file, "fingerprint": _fingerprint}
    made.globals |= {"cells": cells, "count": count, "interval": interval}
    return made


def _own_file(name):
    """A text file of this package, which is put into a page as it is."""
    from markupsafe import Markup  # noqa: PLC0415 (a part of jinja2)

    return Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8"))


def _fingerprint(name):
    """What a page's policy calls a script of this package by."""
    return base64.b64encode(hashlib.sha256(_own_file(name).encode()).digest()).decode()


def _embedded(picture):
    """A Picture's SVG as an element with its alternative text."""
    from markupsafe import Markup, escape  # noqa: PLC0415

    tag = Markup('<svg role="img" aria-labelledby="{}-alt" ').format(picture.name)
    head, rest = picture.svg.replace("<svg ", tag, 1).split(">", 1)
    return Markup(f'{head}><title id="{picture.name}-alt">{escape(picture.alt)}</title>{rest}')


def _plainly(text):
    """Free text that Markdown shows as it is; a _ between letters means nothing there."""
    return re.sub(r"([\\`*{}\[\]<>#|~&]|(?<!\w)_|_(?!\w))", r"\\\1", visible(str(text)))


def write_pictures(folder, pictures):
    """Write pictures into a folder, each as NAME.png."""
    for picture in pictures:
        with whole_file(folder / f"{picture.name}.png") as file:
            file.write(picture.png)
