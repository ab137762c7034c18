"""Sphinx looks through these pages (`python3 dev.py test docs`), or builds them (`python3 dev.py test html`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docutils.nodes import literal_block
from sphinx.highlighting import PygmentsBridge

from placement import __version__

if TYPE_CHECKING:
    from docutils.nodes import document
    from sphinx.application import Sphinx

project = "placement"
author = "the placement contributors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "none"  # the docstrings give types, with shapes and units
napoleon_google_docstring = False
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"placement {release}"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4  # a link may point at any heading down to ####
# Prices are full of dollar signs: $25.25 is money, and only $x$ without inner spaces is a formula.
myst_dmath_allow_digits = False
myst_dmath_allow_space = False


def describe(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Our `name : what it is` of a parameter, as napoleon reads it: the name, and what it is indented below."""
    found: list[str] = []
    for line in lines:
        parameter = re.match(r"(\w+(?:, \w+)*) : (.+)", line)
        found += [parameter[1], f"    {parameter[2]}"] if parameter else [line]
    lines[:] = found


def colour(app: Sphinx, page: document, _name: str) -> None:
    """Pages that are not built have no colours, so nothing would say that a block of code is not of its language."""
    if app.builder.name != "dummy":
        return
    bridge = PygmentsBridge()
    for block in page.findall(literal_block):
        if block.rawsource == block.astext():
            bridge.highlight_block(block.rawsource, block.get("language", "default"), location=block)


def setup(app: Sphinx) -> None:
    """Before napoleon, which has priority 500."""
    app.connect("autodoc-process-docstring", describe, priority=400)
    app.connect("doctree-resolved", colour)
