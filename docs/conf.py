"""The documents as a site: `make docs` builds it into build/site. Nothing on its pages comes from another host.

The source is the whole repository, so that links between documents are the same here and on a code host: Sphinx checks
each of them, with its anchor, and `-W` makes an error of every warning.
"""

import sys
from pathlib import Path

from docutils import nodes
from pygments.lexers.python import PythonLexer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the API page is made from the docstrings of this checkout

import spex  # noqa: E402

project = "SpEx"
author = "SpEx contributors"
copyright = author
version = release = spex.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = [
    "docs/*.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benchmarks/HISTORY.md",
    "benchmarks/RESULTS.md",
    "benchmarks/gpu/README.md",
    "data/README.md",
    "tests/README.md",
]
exclude_patterns = ["**/.*", ".venv", "build", "data/demo", "data/example", "pred_cache", "spex", "expecto", "examples"]

# headings have the anchors that code hosts give them
myst_heading_anchors = 4
suppress_warnings = ["myst.header"]  # an included README may begin where it likes
highlight_language = "sh"

# defaults as they are at run time; types beside the parameters, where there is room for them
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = False
napoleon_use_rtype = True
smartquotes_action = "D"  # dashes alone: quotes in docstrings are those of Python
default_role = "py:obj"  # a link where the name is known, plain code elsewhere

html_theme = "furo"
html_title = f"SpEx {version}"
html_extra_path = ["site"]  # index.html at the top leads to docs/index.html
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}


LONGEST_WORD = 40
RETURNED = ("Contacts", "MapSheet", "Features", "Fit", "Scores", "Comparison", "InputError")
"""Classes that users get and do not make: how they are made is of no use on the page."""


def setup(app):
    """Fences that only our tests read, and signatures."""
    app.add_lexer("signature", PythonLexer)
    app.connect("autodoc-process-signature", hide_constructor)
    app.connect("doctree-read", keep_words_whole)


def keep_words_whole(app, doctree):
    """Browsers break --an_option behind its hyphens: code without a blank is one word."""
    for node in doctree.findall(nodes.literal):
        if " " not in node.astext() and len(node.astext()) < LONGEST_WORD:
            node["classes"].append("one-word")


def hide_constructor(app, what, name, *rest):
    """No signature for classes that are returned."""
    return ("", None) if what in ("class", "exception") and name.removeprefix("spex.") in RETURNED else None
